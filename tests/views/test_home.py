"""Health, and what every address has in common."""

import shutil
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from tests.builders import a_wheel
from tests.conftest import BUCKET


@pytest.mark.parametrize("address", ["/health", "/health/"])
def test_health_is_open_and_asks_storage_and_index(home: str, address: str) -> None:
    response = Client().get(address)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response["Cache-Control"] == "no-store"


def test_health_says_when_storage_does_not_answer(machine: Path) -> None:
    shutil.rmtree(machine / "storage", ignore_errors=True)
    (machine / "storage").write_text("in the way")
    response = Client().get("/health/")
    assert response.status_code == 503
    assert "The file storage cannot be used right now" in response.content.decode()


def test_health_says_when_the_bucket_is_gone(aws: None, settings: Settings) -> None:
    options = {"bucket_name": f"{BUCKET}-that-is-not-there"}
    settings.STORAGES = {"default": {"BACKEND": "packages.storage.bucket.BucketStorage", "OPTIONS": options}}
    response = Client().get("/health/")
    assert (response.status_code, response.reason_phrase) == (
        503,
        "The file storage cannot be used right now (404); try again in a moment.",
    )


def test_health_says_when_the_index_does_not_answer(machine: Path) -> None:
    (machine / "index.sqlite3").write_text("this is not a database, and long enough to be looked at as one " * 9)
    response = Client().get("/health/")
    assert response.status_code == 503
    assert "The index file cannot be used right now" in response.content.decode()


def test_unknown_addresses_say_where_the_index_is(home: str) -> None:
    response = Client().get("/nothing/here")
    assert response.status_code == 404
    assert "The index itself is at /simple/" in response.content.decode()


@pytest.mark.parametrize(
    ("host", "by_address", "known"),
    [
        ("testserver", True, True),
        ("testserver:8000", True, True),
        ("packages.example.org", True, True),
        ("192.0.2.7:8000", True, True),
        ("[2001:db8::7]:8000", True, True),
        # Where the operator has named the hosts, only these count.
        ("192.0.2.7:8000", False, False),
        ("evil.invalid", True, False),
        ("127.0.0.1.evil.invalid", True, False),
        ("not a host", True, False),
    ],
)
def test_answers_to_known_hosts_only(
    machine: Path, settings: Settings, host: str, by_address: bool, known: bool
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.KNOWN_BY_ADDRESS = by_address
    response = Client().get("/simple/", headers={"host": host})
    assert response.status_code == (401 if known else 400)
    assert known or "can add it to ALLOWED_HOSTS" in response.content.decode()
    assert Client().get("/health/", headers={"host": host}).status_code == 200


def test_a_fault_of_ours_shows_no_inside(machine: Path, settings: Settings) -> None:
    settings.STORAGES = {"default": {"BACKEND": "tests.views.test_home.Faulty"}}
    response = Client(raise_request_exception=False).get("/health/")
    assert response.status_code == 500
    assert response.content.decode().startswith("The index made a mistake.")


class Faulty:
    """A storage with a fault that nobody foresaw."""

    def check(self) -> None:
        raise ZeroDivisionError("the inside")


def test_every_answer_says_how_long_it_is(alice: Client) -> None:
    for address in ("/", "/health/", "/simple/", "/nothing"):
        response = alice.get(address)
        assert response["Content-Length"] == str(len(response.content))


class TestWhatAnotherSiteSends:
    """A browser brings along the password that its user once gave for this index."""

    @pytest.mark.parametrize(
        ("headers", "taken"),
        [
            ({}, True),
            ({"origin": "http://testserver"}, True),
            ({"origin": "https://TestServer"}, True),
            ({"origin": "http://evil.invalid"}, False),
            ({"origin": "http://testserver.evil.invalid"}, False),
            ({"origin": "http://evil.invalid/testserver"}, False),
            ({"origin": "http://["}, False),
            ({"origin": "null"}, False),
            ({"origin": ""}, False),
            ({"sec-fetch-site": "same-origin", "origin": "http://testserver"}, True),
            ({"sec-fetch-site": "none"}, True),
            ({"sec-fetch-site": "same-site"}, False),
            ({"sec-fetch-site": "cross-site", "origin": "http://testserver"}, False),
        ],
    )
    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_changes_nothing(self, alice: Client, headers: dict[str, str], taken: bool) -> None:
        built = a_wheel()
        response = alice.post("/legacy/", built.upload(), headers=headers)
        assert response.status_code == (200 if taken else 403)
        archived = alice.put(
            "/api/projects/demo-pkg/status", '{"status": "archived"}', "application/json", headers=headers
        )
        assert archived.status_code == (200 if taken else 403)
        assert taken or "a page of another site" in archived.json()["message"]
        # What only reads is anybody's to send, and nobody's to see the answer of.
        assert alice.get("/simple/", headers=headers).status_code == 200

    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_is_told_by_the_address_that_a_proxy_is_reached_by(self, alice: Client, settings: Settings) -> None:
        settings.PUBLIC_URL = "https://packages.example/pypi/"
        headers = {"origin": "https://packages.example"}
        assert alice.post("/legacy/", a_wheel().upload(), headers=headers).status_code == 200
