"""Fixtures: an emulator of AWS, a stage deployed to it, and the zip that was made for that."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.aws.emulator import Emulator, emulating
from tests.journeys.aws.stages import NAME, Deployed, a_tree


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """AWS, for as long as the tests run; whoever uses it has buckets and tables of its own."""
    with emulating(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture(scope="session")
def deployed_stage(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """The stage dev after ``make deploy``."""
    tree = a_tree(tmp_path_factory.mktemp("tree"), emulator)
    outcome = tree.make("deploy", STAGE=NAME)
    assert outcome.code == 0, f"{outcome}\n{emulator.log.read_text(errors='replace')}"
    return Deployed(tree, outcome)


@pytest.fixture(scope="session")
def zip_file(deployed_stage: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip that Lambda runs."""
    kept = tmp_path_factory.mktemp("zip") / deployed_stage.tree.zip.name
    shutil.copy2(deployed_stage.tree.zip, kept)
    return kept
