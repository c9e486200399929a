"""Fixtures: a running index, alone or shared by the tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.clients import a_virtualenv
from tests.journeys.server import Index, serving


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An empty index, for this test alone."""
    with serving(tmp_path) as running:
        yield running


@pytest.fixture
def virtualenv(tmp_path: Path) -> Path:
    """The Python of an empty virtual environment."""
    return a_virtualenv(tmp_path / "venv")
