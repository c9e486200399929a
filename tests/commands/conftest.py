"""Fixtures: a command is run, and what it says is read."""

import io
import sys
from collections.abc import Callable

import pytest
from django.core.management import call_command

Run = Callable[..., str]


@pytest.fixture
def run(home: str, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on both homes; gives what it wrote to the standard output."""

    def run_command(*arguments: str) -> str:
        capsys.readouterr()
        call_command(*arguments)
        return capsys.readouterr().out

    return run_command


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Give the next command something on its standard input."""

    def give(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give
