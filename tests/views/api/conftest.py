"""People who call the JSON API."""

import json
from typing import Any

import pytest
from pytest_django import Settings

from packages.access import Role
from packages.accounts import create
from tests.builders import Built, a_wheel, an_origin
from tests.conftest import Reader, basic

PASSWORD = "correct horse battery staple"


class Caller:
    """Somebody with credentials, or without."""

    def __init__(self, authorization: str = "") -> None:
        self.client = Reader(headers={"authorization": authorization} if authorization else {})

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The whole response; a body goes as JSON, bytes go as they are."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        content_type = more.pop("content_type", "application/json" if data else "")
        return self.client.generic(method, f"/api/{path}", data, content_type, **more)

    def do(self, method: str, path: str, body: Any = None, *, expect: int = 200) -> Any:
        """What the API answers, which must have this status."""
        response = self.send(method, path, body)
        assert response.status_code == expect, response.content
        assert response["Cache-Control"] == "no-store"
        if response.status_code == 204:
            assert response.content == b""
            return None
        assert response["Content-Type"] == "application/json"
        return response.json()

    def refused(self, method: str, path: str, body: Any = None, *, status: int) -> str:
        """The sentence of a refusal."""
        answer = self.do(method, path, body, expect=status)
        assert answer["code"] == f"{status} {answer['message']}"
        sentence = str(answer["message"])
        assert sentence.isascii()
        return sentence

    def upload(self, built: Built | None = None) -> int:
        """Publish a distribution; gives the status."""
        return int(self.client.post("/legacy/", (built or a_wheel()).upload()).status_code)

    def listed(self, project: str = "demo-pkg") -> dict[str, bool | str]:
        """Whether each file of a project is yanked, as installers see it."""
        accept = {"accept": "application/vnd.pypi.simple.v1+json"}
        response = self.client.get(f"/simple/{project}/", headers=accept)
        return {file["filename"]: file["yanked"] for file in response.json().get("files", [])}


def by_password(name: str, password: str = PASSWORD) -> Caller:
    return Caller(basic(name, password))


def by_token(secret: str) -> Caller:
    return Caller(f"Bearer {secret}")


def a_person(name: str, role: str = "publisher") -> Caller:
    """Somebody with an account of the index, which is made."""
    create(name, role=Role(role), password=PASSWORD, by=an_origin())
    return by_password(name)


@pytest.fixture
def admin(home: str) -> Caller:
    """An administrator whom the settings name, on both homes."""
    return by_password("alice", "correct horse")


@pytest.fixture
def dave(home: str) -> Caller:
    """A publisher, on both homes."""
    return a_person("dave")


@pytest.fixture
def nobody(home: str) -> Caller:
    """Somebody without credentials, on both homes."""
    return Caller()


@pytest.fixture(autouse=True)
def _hash_quickly(settings: Settings) -> None:
    """How slow a password's hash is, tests/test_accounts.py looks at."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
