"""Trusted publishers in a project's management."""

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from packages import trusted
from packages.trusted import PublisherInfo
from packages.trusted.claims import PROVIDERS
from packages.views.web.project.claims import in_words
from packages.views.web.project.forms import PROVIDER_WORDS
from tests.builders import a_wheel, an_origin
from tests.issuer import GITHUB_FIELDS
from tests.views.web.conftest import As
from tests.views.web.projects import NAME, PUBLISHERS, buttons, dave, erin, follow, text, upload

__all__ = ["dave", "erin"]


def register(client: Client, provider: str, **fields: str) -> Any:
    return client.post(f"{PUBLISHERS}?provider={provider}", {"change": "register", "provider": provider, **fields})


def registered() -> list[PublisherInfo]:
    return trusted.publishers_of(NAME, an_origin().actor)


def test_an_owner_registers_and_removes_one(dave: Client) -> None:
    shown = text(dave.get(PUBLISHERS))
    assert "No trusted publishers" in shown
    assert "GitHub Actions GitLab CI/CD Google Cloud" in shown
    assert "Register" not in " ".join(buttons(dave.get(PUBLISHERS)))
    form = text(dave.get(f"{PUBLISHERS}?provider=github"))
    assert "Workflow file The name of the workflow's file in .github/workflows, as in release.yml." in form
    assert "id-token: write" in form
    assert "uv publish --trusted-publishing always --publish-url http://testserver/legacy/" in form
    said = follow(dave, register(dave, "github", **GITHUB_FIELDS, environment="pypi"))
    assert "Registered: the workflow release.yml of octo-org/demo in the environment pypi may publish now." in said
    (info,) = registered()
    assert info.fields == {**GITHUB_FIELDS, "environment": "pypi"}
    assert info.registered_by == "dave"
    said = text(dave.get(PUBLISHERS))
    assert "The workflow release.yml of octo-org/demo in the environment pypi (owner's number 583231)" in said
    assert "id-token: write" in said
    asked = dave.post(PUBLISHERS, {"change": "remove", "publisher": info.id})
    assert buttons(asked) == ["Remove the publisher"]
    assert len(registered()) == 1
    done = dave.post(PUBLISHERS, {"change": "remove", "publisher": info.id, "confirmed": "yes"})
    assert "may not publish any more." in follow(dave, done)
    assert registered() == []
    assert "any more" in text(dave.post(PUBLISHERS, {"change": "remove", "publisher": info.id}), 404)


@pytest.mark.parametrize(
    ("provider", "fields", "words"),
    [
        ("github", GITHUB_FIELDS, "the workflow release.yml of octo-org/demo"),
        (
            "gitlab",
            {"namespace": "group/sub", "project": "demo", "workflow_filepath": ".gitlab-ci.yml", "environment": "live"},
            "the pipeline .gitlab-ci.yml of group/sub/demo in the environment live",
        ),
        ("google", {"email": "a@b.example"}, "the service account a@b.example"),
        ("google", {"email": "a@b.example", "sub": "7"}, "the service account a@b.example with the subject 7"),
        ("oidc", {"sub": "job"}, "the subject job"),
        ("oidc", {"sub": "job", "team": "x", "branch": "main"}, "the subject job with branch = main, team = x"),
    ],
)
def test_says_in_words_what_they_are(provider: str, fields: dict[str, str], words: str) -> None:
    assert in_words(provider, fields) == words
    assert set(PROVIDERS) == set(PROVIDER_WORDS)


@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_asks_for_further_claims_and_the_issuer(dave: Client, settings: Settings) -> None:
    assert "Another issuer" not in text(dave.get(PUBLISHERS))
    assert "choose one of the providers" in text(register(dave, "oidc", sub="job"), 400)
    one, other = "https://one.example", "https://two.example"
    settings.TRUSTED_ISSUERS = {**settings.TRUSTED_ISSUERS, one: "oidc", other: "oidc"}
    assert "Another issuer" in text(dave.get(PUBLISHERS))
    page = text(dave.get(f"{PUBLISHERS}?provider=oidc"))
    assert f"{one} {other}" in page
    assert "The identity token's audience is elastic-pypi" in page
    for claims in ("branch", "a=1\na=2", "sub=other"):
        assert "is not one more claim" in text(register(dave, "oidc", sub="job", issuer=other, claims=claims), 400)
    assert "cannot be a claim to register" in text(register(dave, "oidc", sub="job", issuer=one, claims="iss=x"), 400)
    follow(dave, register(dave, "oidc", sub="job", issuer=other, claims="branch = main\r\n\r\nquery=a=b"))
    (info,) = registered()
    assert (info.issuer, info.fields) == (other, {"sub": "job", "branch": "main", "query": "a=b"})
    assert register(dave, "oidc", sub="job", issuer="https://evil.example").status_code == 400
    assert register(dave, "oidc", sub="job").status_code == 400


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "This field is required."),
        ({**GITHUB_FIELDS, "workflow_filename": "release.txt"}, "'workflow_filename' is 'release.txt', and must be"),
        ({**GITHUB_FIELDS, "workflow_filename": " a.yml"}, "must not begin or end with a space"),
        ({**GITHUB_FIELDS, "repository": "<script>"}, "'repository' is '<script>', and must be"),
        ({**GITHUB_FIELDS, "environment": "x" * 256}, "at most 255 characters"),
    ],
)
def test_refuses_what_does_not_fit(dave: Client, fields: dict[str, str], sentence: str) -> None:
    response = register(dave, "github", **fields)
    assert sentence in text(response, 400)
    page = response.content.decode()
    assert "<script>" not in page.partition("<main")[2]
    # It stands at the field that it is about.
    assert re.search(r'class="error" id="id_\w+_error"', page)
    assert registered() == []


@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_refuses_odd_forms(dave: Client) -> None:
    for fields in ({}, {"change": "odd"}, {"change": "register"}, {"change": "register", "provider": "<b>"}):
        assert "Say " in text(dave.post(PUBLISHERS, fields), 400)
    for publisher in ("", "x", "0" * 16):
        fields = {"change": "remove", "publisher": publisher, "confirmed": "yes"}
        assert dave.post(PUBLISHERS, fields).status_code == 404
    assert dave.get(f"{PUBLISHERS}?provider=<b>").status_code == 200


def test_is_for_owners(erin: Client, browser: Client) -> None:
    assert "may not manage the trusted publishers" in text(register(erin, "github", **GITHUB_FIELDS), 403)
    assert registered() == []
    follow(browser, register(browser, "github", **GITHUB_FIELDS))
    (info,) = registered()
    fields = {"change": "remove", "publisher": info.id, "confirmed": "yes"}
    assert erin.post(PUBLISHERS, fields).status_code == 403
    assert "is registered already" in text(register(browser, "github", **GITHUB_FIELDS), 409)


def test_one_that_came_before_the_project_is_registered_again(as_: As) -> None:
    as_("gina")
    trusted.register(NAME, "github", GITHUB_FIELDS, by=an_origin("gina", "publisher"))
    dave = as_("dave")
    upload("dave", a_wheel())
    assert "Register it again to let it." in text(dave.get(PUBLISHERS))
    follow(dave, register(dave, "github", **GITHUB_FIELDS))
    assert [info.pending for info in registered()] == [False]


@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_says_when_it_is_switched_off(dave: Client, settings: Settings) -> None:
    settings.TRUSTED_PUBLISHING = False
    assert "Trusted publishing is switched off in this index" in text(dave.get(PUBLISHERS))
