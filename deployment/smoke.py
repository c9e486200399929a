"""Ask the deployed index whether it answers as it should."""

import os
import time
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit, urlunsplit

import requests

from deployment.commands import Failed
from deployment.stage import Stage

# A cold start, and permissions that are not known everywhere at once.
PATIENCE_SECONDS = 90.0
_ANSWER_SECONDS = 35.0
_PAUSE_SECONDS = 2.0

Account = tuple[str, str]


def ask(stage: Stage, address: str, variables: Mapping[str, str], account: Account | None) -> list[str]:
    """Ask for what every client asks for; gives a line about each answer. Raises Failed."""
    stranger = {401, 200} if variables.get("PUBLIC_READ") else {401}
    lines = [
        _expect(stage, address, "health/", None, {200}),
        _expect(stage, address, "simple/", None, stranger) + " to a stranger",
    ]
    if account:
        lines.append(_expect(stage, address, "simple/", account, {200}) + f" to {account[0]}")
    return lines


def _expect(stage: Stage, address: str, path: str, account: Account | None, wanted: Collection[int]) -> str:
    """Ask until the answer is right, or it has taken too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = _ask(address + path, account)
        if answer in wanted:
            return f"{path} answers {answer}"
        if time.monotonic() >= deadline:
            expected = " or ".join(map(str, sorted(wanted)))
            raise Failed(
                f"{address}{path} should answer {expected}, but there came: {answer}. The function's log may say "
                f"why: .venv/bin/zappa tail {stage.name} --since 10m"
            )
        time.sleep(_PAUSE_SECONDS)


def _ask(url: str, account: Account | None) -> int | str:
    """The status of the answer, or what came instead of one."""
    where, host = _reached_at(url)
    try:
        with requests.get(
            where, auth=account, headers=host, timeout=_ANSWER_SECONDS, allow_redirects=False
        ) as response:
            return response.status_code
    except requests.RequestException as error:
        return f"nothing ({type(error).__name__})"


def _reached_at(url: str) -> tuple[str, dict[str, str]]:
    """Where to connect to for an address, and the headers that say which one is meant."""
    # An emulator's addresses resolve nowhere.
    emulator = os.environ.get("AWS_ENDPOINT_URL_LAMBDA") or os.environ.get("AWS_ENDPOINT_URL")
    if not emulator:
        return url, {}
    scheme, place, *_ = urlsplit(emulator)
    _, host, path, query, _ = urlsplit(url)
    return urlunsplit((scheme, place, path, query, "")), {"Host": host}
