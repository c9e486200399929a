"""Trusted publishing on the wire, as PyPI's clients speak it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import trusted
from packages.trusted.issuers import issuers
from tests.builders import a_wheel, an_origin
from tests.conftest import Publish, basic
from tests.issuer import GITHUB_FIELDS, OwnIssuer, issuing

DEMO = NormalizedName("demo-pkg")


@pytest.fixture
def issuer(settings: Settings) -> Iterator[OwnIssuer]:
    with issuing() as running:
        settings.TRUSTED_ISSUERS = {running.address: "github"}
        issuers.clear()
        yield running
        issuers.clear()


@pytest.fixture
def demo(issuer: OwnIssuer, publish: Publish) -> trusted.PublisherInfo:
    """A project, and who may publish to it without an account."""
    publish()
    return trusted.register(DEMO, "github", GITHUB_FIELDS, by=an_origin())


def post(path: str, body: Any, **headers: str) -> HttpResponse:
    content = body if isinstance(body, bytes) else json.dumps(body)
    response = Client().post(path, content, content_type="application/json", headers=headers)
    assert isinstance(response, HttpResponse)
    return response


def mint(issuer: OwnIssuer, **changes: object) -> HttpResponse:
    return post("/_/oidc/mint-token", {"token": issuer.token(timezone.now(), **changes)})


def errors_in(response: HttpResponse) -> list[str]:
    """The codes of a refusal, which must be whole."""
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    answer = json.loads(response.content)
    assert answer["message"] == answer["title"] == "Token request failed"
    assert answer["status"] == response.status_code
    (error,) = answer["errors"]
    assert error["description"] == answer["detail"]
    return [error["code"]]


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_job_gets_a_token_publishes_and_burns_it(issuer: OwnIssuer, demo: trusted.PublisherInfo, slash: str) -> None:
    asked = Client().get(f"/_/oidc/audience{slash}")
    assert (asked.status_code, asked.json()) == (200, {"audience": "elastic-pypi"})
    body = {"token": issuer.token(timezone.now(), aud=asked.json()["audience"])}
    before = int(timezone.now().timestamp())
    answer = post(f"/_/oidc/mint-token{slash}", body)
    assert answer.status_code == 200
    minted = json.loads(answer.content)
    assert minted.keys() == {"success", "token", "expires"}
    assert minted["success"] is True
    assert before + 900 <= minted["expires"] <= before + 902

    job = Client(headers={"authorization": basic("__token__", minted["token"])})
    assert job.post("/legacy/", a_wheel(version="2.0").upload()).status_code == 200
    assert job.post("/legacy/", a_wheel("other-pkg").upload()).status_code == 403
    assert job.get("/simple/demo-pkg/").status_code == 403

    for _ in range(2):
        burnt = post(f"/_/oidc/burn-token{slash}", {"token": minted["token"]})
        assert (burnt.status_code, burnt.content) == (202, b"")
    assert job.post("/legacy/", a_wheel(version="3.0").upload()).status_code == 401


def test_a_new_project_is_created(issuer: OwnIssuer, alice: Client) -> None:
    trusted.register(NormalizedName("new-pkg"), "github", GITHUB_FIELDS, by=an_origin())
    token = json.loads(mint(issuer).content)["token"]
    job = Client(headers={"authorization": f"Bearer {token}"})
    for version in ("1.0", "2.0"):
        assert job.post("/legacy/", a_wheel("new-pkg", version).upload()).status_code == 200
    assert alice.get("/simple/new-pkg/").status_code == 200


@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_refuses_with_pypis_words(issuer: OwnIssuer, demo: trusted.PublisherInfo, settings: Settings) -> None:
    cases: list[tuple[dict[str, object], str]] = [
        ({"repository": "octo-org/other"}, "invalid-publisher"),
        ({"aud": "pypi"}, "invalid-token"),
        ({"iss": "https://evil.example"}, "invalid-payload"),
        ({"jti": "once"}, ""),
        ({"jti": "once"}, "invalid-reuse-token"),
    ]
    for changes, code in cases:
        answer = mint(issuer, **changes)
        if code:
            assert answer.status_code == 422
            assert errors_in(answer) == [code]
        else:
            assert answer.status_code == 200


@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_says_that_an_issuers_keys_cannot_be_had(issuer: OwnIssuer, demo: trusted.PublisherInfo) -> None:
    issuer.status = 500
    answer = mint(issuer)
    assert (answer.status_code, errors_in(answer)) == (503, ["unavailable"])
    assert answer["Retry-After"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"7",
        b"[" * 60_000,
        b"{}",
        b'{"token": 7}',
        b'{"token": null}',
        b'{"token": ["a"]}',
        b'{"token": ""}',
        b'{"token": "\\ud800"}',
        b'{"token": "a.b.c"}',
        b'{"token": "' + b"a" * 1024**2 + b'"}',
        b" " * 1024**2 + b"{}",
    ],
    ids=lambda body: f"{body[:16]!a}-{len(body)}",
)
@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_refuses_what_holds_no_token(home: str, body: bytes) -> None:
    answer = post("/_/oidc/mint-token", body)
    assert (answer.status_code, errors_in(answer)) == (422, ["invalid-payload"])
    assert post("/_/oidc/burn-token", body).status_code == 202


@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_takes_no_notice_of_lengths_that_are_none(home: str) -> None:
    answer = Client().generic("POST", "/_/oidc/mint-token", b"{}", CONTENT_LENGTH="many")
    assert answer.status_code == 422


@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_can_be_turned_off(issuer: OwnIssuer, demo: trusted.PublisherInfo, settings: Settings) -> None:
    minted = json.loads(mint(issuer).content)["token"]
    settings.TRUSTED_PUBLISHING = False
    asked = Client().get("/_/oidc/audience")
    assert (asked.status_code, asked.json().keys()) == (403, {"message"})
    answer = mint(issuer)
    assert (answer.status_code, errors_in(answer)) == (422, ["not-enabled"])
    assert Client().get("/.well-known/pytp?discover=/legacy/").status_code == 404
    assert post("/_/oidc/burn-token", {"token": minted}).status_code == 202


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/_/oidc/audience"), ("GET", "/_/oidc/mint-token"), ("GET", "/_/oidc/burn-token")],
)
@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_takes_one_method_each(home: str, method: str, path: str) -> None:
    assert Client().generic(method, path).status_code == 405


@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_needs_no_cookie_and_no_form(issuer: OwnIssuer, demo: trusted.PublisherInfo) -> None:
    token = issuer.token(timezone.now())
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/_/oidc/mint-token", json.dumps({"token": token}), content_type="text/plain")
    assert answer.status_code == 200


@pytest.mark.parametrize("discovered", ["%2Flegacy%2F", "/legacy", "/simple/", "/", ""])
@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_says_where_it_is(home: str, discovered: str) -> None:
    accept = {"accept": "application/vnd.pypi.pytp.v1+json"}
    answer = Client(headers=accept).get(f"/.well-known/pytp?discover={discovered}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == accept["accept"]
    assert json.loads(answer.content) == {
        "audience-endpoint": "https://testserver/_/oidc/audience",
        "token-mint-endpoint": "https://testserver/_/oidc/mint-token",
    }


@pytest.mark.parametrize(
    ("query", "accept", "status"),
    [
        ("?discover=/legacy/", "application/json", 406),
        ("?discover=/legacy/", "*/*", 200),
        ("?discover=/other/", "*/*", 404),
        ("", "*/*", 404),
    ],
)
@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_says_it_for_upload_addresses_to_those_who_read_it(home: str, query: str, accept: str, status: int) -> None:
    assert Client(headers={"accept": accept}).get(f"/.well-known/pytp{query}").status_code == status
