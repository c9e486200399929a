"""Say what happens, and run the programs that make it happen."""

import os
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

# What a program needs of the machine to reach AWS; everything else of the shell stays outside.
_OF_THE_MACHINE = {
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LC_ALL",
    "NO_PROXY",
    "PATH",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
}


class Failed(Exception):
    """A step did not succeed. The message is a sentence for who deploys; ``shown`` is what a program said about it."""

    def __init__(self, message: str, shown: str = "") -> None:
        super().__init__(message)
        self.shown = shown


def say(text: str, *, indent: int = 4) -> None:
    """Write lines at once, so that they stand before what a program writes next."""
    for line in text.splitlines():
        print(" " * indent + line if line else "", flush=True)


def run(
    command: Sequence[str | Path],
    *,
    doing: str,
    environment: Mapping[str, str],
    folder: Path | None = None,
    aloud: bool = False,
    secrets: Collection[str] = (),
) -> str:
    """Run a program; gives what it wrote. ``aloud`` shows it as it comes. Raises Failed."""
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        written = []
        try:
            for line in process.stdout:
                for secret in secrets:
                    line = line.replace(secret, "***")
                written.append(line)
                if aloud:
                    say(line)
        except BaseException:
            # Whoever ends this run does not want the rest of it either.
            process.terminate()
            raise
    if process.returncode:
        raise Failed(f"{doing} failed.", "" if aloud else "".join(written))
    return "".join(written)


def tools_environment(**variables: str) -> dict[str, str]:
    """The environment of pip and Zappa: the caller's, but nothing that changes which Python code runs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", **variables}


def index_environment(**variables: str) -> dict[str, str]:
    """The environment of the index's own commands: the function's variables, not the caller's settings."""
    kept = {
        name: value for name, value in os.environ.items() if name.upper() in _OF_THE_MACHINE or name.startswith("AWS_")
    }
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", **variables}
