"""The index as a process of its own, as a developer starts it: ``manage.py serve``."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from pypi_simple import NoSuchProjectError, PyPISimple

ROOT = Path(__file__).resolve().parents[2]

STARTING_SECONDS = 60.0
ENDING_SECONDS = 20.0

# What a process needs of the machine; everything else of the developer's shell stays outside.
_OF_THE_MACHINE = ("PATH", "LANG", "LC_ALL", "TMPDIR")


@dataclass(frozen=True)
class Index:
    """A running index, and how to reach it."""

    root: str
    username: str
    password: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    log: Path

    def at(self, path: str) -> str:
        return f"{self.root}/{path}"

    def with_credentials(self, path: str) -> str:
        """The address as people write it into a command line."""
        scheme, _, rest = self.at(path).partition("://")
        return f"{scheme}://{quote(self.username, safe='')}:{quote(self.password, safe='')}@{rest}"

    @property
    def auth(self) -> tuple[str, str]:
        return self.username, self.password

    def reader(self, **options: Any) -> PyPISimple:
        """A reader of the Simple API that we did not write."""
        return PyPISimple(self.at("simple/"), auth=self.auth, **options)

    def listed(self, project: str) -> dict[str, str]:
        """The sha256 digests of a project's files, by filename; none if there is no such project."""
        with self.reader() as reader:
            try:
                packages = reader.get_project_page(project).packages
            except NoSuchProjectError:
                packages = []
        return {package.filename: package.digests["sha256"] for package in packages}

    def manage(self, *arguments: str) -> None:
        """Run one of the operator's commands beside the server, on the same index."""
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, timeout=STARTING_SECONDS)


def environment_of_the_machine() -> dict[str, str]:
    return {name: os.environ[name] for name in _OF_THE_MACHINE if name in os.environ}


@contextmanager
def serving(
    folder: Path,
    *,
    username: str = "carol",
    password: str = "correct:horse@battery/staple",
    **variables: str,
) -> Iterator[Index]:
    """Start the server on a free port with its data in ``folder``, wait until it answers, and end it."""
    environment = {
        **environment_of_the_machine(),
        "PORT": "0",
        "DATA_DIR": str(folder / "data"),
        **({"USERNAME": username, "PASSWORD": password} if password else {}),
        "PYTHONUNBUFFERED": "1",
        **variables,
    }
    log = folder / "server.log"
    with a_process([sys.executable, "manage.py", "serve"], env=environment, log=log, cwd=ROOT) as process:
        root = _wait_until_it_answers(process, log)
        yield Index(root, username, password, environment, process, log)


@contextmanager
def a_process(
    command: Sequence[str | Path], *, env: Mapping[str, str], log: Path, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a session of its own, with what it writes in ``log``, and end it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            end(process)


def _wait_until_it_answers(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        said = re.search(r"serves (http://\S+?)/? ", log.read_text(errors="replace"))
        if said:
            try:
                if requests.get(f"{said[1]}/health/", timeout=STARTING_SECONDS).ok:
                    return said[1]
            except requests.ConnectionError:
                pass
        time.sleep(0.05)
    raise AssertionError(f"The server did not start:\n{log.read_text(errors='replace')}")


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started in a session of its own."""
    if process.poll() is not None:
        return
    # The group was made for this process, and holds its workers too.
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(ENDING_SECONDS)
