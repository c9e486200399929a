"""People with a browser."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as current
from django.test import Client
from pytest_django import Settings

from packages import accounts
from packages.access import Role
from tests.builders import an_origin
from tests.conftest import Reader
from tests.counting import Calls, counting

PASSWORD = "correct horse battery staple"

As = Callable[..., Client]


class Browser(Reader):
    """A client that asks for pages as browsers do."""

    def __init__(self, **options: Any) -> None:
        headers = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
        super().__init__(**{"headers": headers, **options})


@pytest.fixture(autouse=True)
def _hash_quickly(settings: Settings) -> None:
    """How slow a password's hash is, tests/accounts looks at."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def as_(home: str) -> As:
    """The browser of somebody who has logged in, on both homes.

    The settings name alice and bob, who are administrators; any other account is made, with a role
    (``publisher`` unless said otherwise). Options go to the client, such as ``enforce_csrf_checks``.
    """

    def log_in(name: str, role: str = "publisher", **options: Any) -> Client:
        fixed = current.ACCOUNTS.get(name)
        if fixed is None and accounts.lookup(name) is None:
            accounts.create(name, role=Role(role), password=PASSWORD, by=an_origin())
        browser = Browser()
        response = browser.post("/login/", {"name": name, "password": fixed.password if fixed else PASSWORD})
        assert response.status_code == 302, response.content
        client = Browser(**options)
        client.cookies = browser.cookies
        return client

    return log_in


@pytest.fixture
def browser(as_: As) -> Client:
    """The browser of an administrator whom the settings name, on both homes."""
    return as_("alice")


@pytest.fixture
def visitor(home: str) -> Client:
    """A browser in which nobody has logged in, on both homes."""
    return Browser()


@pytest.fixture
def calls(browser: Client, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What goes to AWS from now on; for tests of that home."""
    return counting(monkeypatch)
