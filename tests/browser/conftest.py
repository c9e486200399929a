"""Fixtures: Chromium, a running index with accounts, and windows in which somebody has logged in."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, StorageState

from tests.browser.actions import log_in
from tests.browser.chromium import Window, chromium
from tests.builders import Built
from tests.journeys.server import Index, serving

# The settings name carol, who is an administrator.
ADMIN, PUBLISHER, READER = "carol", "pia", "rita"
PASSWORD = "correct:horse@battery/staple"
TIMEOUT = 60.0

Open = Callable[..., Window]
Visit = Callable[[str], Window]
State = Callable[[str], StorageState | None]


def make_account(index: Index, name: str, role: str) -> None:
    """Make an account with the password of all."""
    body = {"name": name, "role": role, "password": PASSWORD}
    response = requests.post(index.at("api/accounts"), json=body, auth=index.auth, timeout=TIMEOUT)
    assert response.status_code == 201, response.text


def publish(index: Index, *files: Built) -> None:
    """Publish files as a tool does."""
    for built in files:
        sent = {"content": (built.filename, built.content)}
        response = requests.post(index.at("legacy/"), files=sent, auth=index.auth, timeout=TIMEOUT)
        assert response.status_code == 200, response.text


def disable(index: Index, name: str, disabled: bool) -> None:
    """Disable an account, or enable it again."""
    response = requests.patch(
        index.at(f"api/accounts/{name}"), json={"disabled": disabled}, auth=index.auth, timeout=TIMEOUT
    )
    assert response.status_code == 200, response.text


# No longer than for this package: while it runs, its event loop runs in the thread of all tests.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, for all tests in a browser."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index where a publisher and a reader have accounts beside its administrator."""
    with serving(tmp_path_factory.mktemp("index"), username=ADMIN, password=PASSWORD) as running:
        make_account(running, PUBLISHER, "publisher")
        make_account(running, READER, "reader")
        yield running


@pytest.fixture(scope="module")
def state_of(browser: Browser, index: Index) -> State:
    """The cookies of somebody who has logged in, which they do once; those of nobody are none."""
    known: dict[str, StorageState | None] = {"": None}

    def find(name: str) -> StorageState | None:
        if name not in known:
            window = Window(browser, base_url=index.at(""))
            window.page.goto("login/")
            log_in(window.page, name, PASSWORD)
            known[name] = window.context.storage_state()
            window.close()
        return known[name]

    return find


@pytest.fixture
def open_window(browser: Browser, index: Index, state_of: State) -> Iterator[Open]:
    """Open a window, as somebody who has logged in or as nobody; what goes wrong in one fails the test."""
    with ExitStack() as windows:

        def open_one(name: str = "", **options: Any) -> Window:
            window = Window(browser, **{"base_url": index.at(""), "storage_state": state_of(name), **options})
            windows.callback(window.close)
            return window

        yield open_one


@pytest.fixture(scope="module")
def known_windows(browser: Browser) -> Iterator[dict[str, Window]]:
    """The windows that tests only look through."""
    windows: dict[str, Window] = {}
    yield windows
    for window in windows.values():
        window.context.close()


@pytest.fixture
def visit(browser: Browser, index: Index, state_of: State, known_windows: dict[str, Window]) -> Iterator[Visit]:
    """The window of somebody; to look at many pages, which change nothing, it is the same for all tests of a module."""
    used: list[Window] = []

    def find(name: str) -> Window:
        if name not in known_windows:
            known_windows[name] = Window(browser, base_url=index.at(""), storage_state=state_of(name))
        used.append(known_windows[name])
        return used[-1]

    yield find
    for window in used:
        window.watch.settle()
