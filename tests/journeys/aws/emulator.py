"""AWS on this machine: ministack as a process of its own, whose data end with it."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import requests

from tests.journeys.clients import program
from tests.journeys.server import STARTING_SECONDS, a_process, environment_of_the_machine

REGION = "eu-central-1"
# With any others its signed addresses are refused.
CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@dataclass(frozen=True)
class Emulator:
    """A running emulator, and how to reach it."""

    endpoint: str
    log: Path

    @property
    def environment(self) -> dict[str, str]:
        """What an AWS tool needs to use it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            **{name.upper(): value for name, value in CREDENTIALS.items()},
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION, aws_session_token=None, **CREDENTIALS
        )


@contextmanager
def emulating(folder: Path) -> Iterator[Emulator]:
    """Start it on a free port, wait until it answers, and end it; what it writes goes to ``folder``."""
    port = a_free_port()
    emulator = Emulator(f"http://127.0.0.1:{port}", folder / "emulator.log")
    environment = {
        **environment_of_the_machine(),
        **emulator.environment,
        # Left to itself, it would serve the whole network.
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "HOME": str(folder),
        "TMPDIR": str(folder),
    }
    with a_process([program("ministack")], env=environment, log=emulator.log, cwd=folder) as process:
        _wait_until_it_answers(process, emulator)
        yield emulator


def a_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", emulator: Emulator) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{emulator.endpoint}/_ministack/health", timeout=STARTING_SECONDS).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"The emulator did not start:\n{emulator.log.read_text(errors='replace')}")
