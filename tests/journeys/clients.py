"""Real clients: installed as their users install them, and run as programs of their own."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from tests.journeys.server import ROOT, environment_of_the_machine

CACHE = ROOT / ".cache"
HERE = Path(sys.executable).parent

# Generous: another job may have the processor for a while.
PATIENCE_SECONDS = 180.0

# A developer's own settings, which would send a client somewhere else than the test says.
_SETTINGS_OF_THE_INDEX = {"BUCKET", "TABLE", "DATA_DIR", "HOST", "PORT", "USERS", "USERNAME", "PASSWORD", "SECRET_KEY"}
_PREFIXES_OF_TOOLS = ("TWINE_", "POETRY_", "PDM_", "HATCH_", "FLIT_", "PYTHON")
_MORE_SOURCES = {"PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_EXTRA_INDEX_URL", "UV_INDEX"}
_HABITS = {
    "NO_COLOR": "1",
    "COLUMNS": "500",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PDM_CHECK_UPDATE": "0",
    "POETRY_VIRTUALENVS_CREATE": "false",
    "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    # A build gives the same bytes each time.
    "SOURCE_DATE_EPOCH": "1700000000",
}


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it showed; white space is as narrow as can be, because clients wrap lines."""

    command: tuple[str, ...]
    code: int
    shown: str


def alone(home: Path) -> dict[str, str]:
    """The environment of a command that can consult nothing but what its command line names."""
    home.mkdir(parents=True, exist_ok=True)
    return {
        **environment_of_the_machine(),
        **_HABITS,
        "HOME": str(home),
        "PIP_CONFIG_FILE": os.devnull,
        "UV_NO_CONFIG": "1",
    }


def with_registry() -> dict[str, str]:
    """The environment of a command that uses the public registry, with what this machine needs to reach it."""
    unwanted = _SETTINGS_OF_THE_INDEX | _MORE_SOURCES | {"VIRTUAL_ENV"}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in unwanted and not name.startswith(_PREFIXES_OF_TOOLS)
    }
    return {**kept, **_HABITS}


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stdin: str = "",
) -> Outcome:
    completed = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=dict(env),
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=PATIENCE_SECONDS,
    )
    return Outcome(tuple(completed.args), completed.returncode, " ".join(completed.stdout.split()))


def succeed(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stdin: str = "",
) -> str:
    """Run a command that must end well; gives what it showed."""
    outcome = run(command, env=env, cwd=cwd, stdin=stdin)
    assert outcome.code == 0, outcome
    return outcome.shown


def program(client: str, name: str | None = None) -> Path:
    """A client's program, installed from its pins unless that was done before."""
    pins = ROOT / "clients" / f"{client}.txt"
    folder = CACHE / "clients" / client
    made_of = folder / "made-of"
    wanted = f"{sys.version}\n{pins.read_text()}"
    with alone_at(folder):
        if not made_of.exists() or made_of.read_text() != wanted:
            a_virtualenv(folder)
            python = folder / "bin" / "python"
            succeed([HERE / "uv", "pip", "install", "--quiet", f"--python={python}", "-r", pins], env=with_registry())
            made_of.write_text(wanted)
    return folder / "bin" / (name or client)


@contextmanager
def alone_at(path: Path) -> Iterator[None]:
    """Work on what is kept between runs, while no other process of the tests does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def a_virtualenv(folder: Path) -> Path:
    """An empty virtual environment; gives its Python."""
    succeed([HERE / "uv", "venv", "--quiet", "--clear", "--python", sys.executable, folder], env=with_registry())
    return folder / "bin" / "python"


def installed(python: Path) -> dict[str, str]:
    """The versions of what a virtual environment holds, by normalised name."""
    code = "from importlib.metadata import distributions as d; print(*(x.name + '==' + x.version for x in d()))"
    pins = (pin.split("==") for pin in succeed([python, "-I", "-c", code], env=alone(python.parent)).split())
    return {canonicalize_name(name): version for name, version in pins}
