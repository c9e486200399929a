"""The index and other servers, as processes that are measured."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def index(folder: Path, projects: int, **variables: str) -> Iterator[tuple[int, int]]:
    """Run the index with so many projects; gives its port and its process."""
    environment = {"DATA_DIR": str(folder), "USERS": "", "PORT": "0", **variables}
    subprocess.run(
        [sys.executable, "-m", "benchmarks.corpus", str(projects)], env={**os.environ, **environment}, check=True
    )
    with server([sys.executable, "manage.py", "serve"], environment) as running:
        yield running


@contextmanager
def server(command: list[str], environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Run a server that says where it is first; gives its port and its process."""
    with subprocess.Popen(
        command,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            port = re.search(r"serves http://127\.0\.0\.1:(\d+)/", said)
            assert port, f"the server says where it is, not {said!r}"
            yield int(port[1]), process.pid
        finally:
            process.terminate()
