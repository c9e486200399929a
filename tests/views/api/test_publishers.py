"""Trusted publishers by the JSON API: registered and withdrawn; what they then do is tried elsewhere."""

from typing import Any

import pytest
from django.utils import timezone

from packages import accounts
from packages.access import ANONYMOUS
from packages.distributions import normalized_or_none
from packages.journal import Origin
from tests.builders import a_wheel
from tests.issuer import GITHUB_FIELDS
from tests.views.api.conftest import Caller, a_person, by_token

PUBLISHERS = "projects/demo-pkg/publishers"
GITHUB = {"provider": "github", "fields": GITHUB_FIELDS}


@pytest.fixture
def demo(dave: Caller) -> Caller:
    """The owner of a project."""
    assert dave.upload() == 200
    return dave


def test_an_owner_registers_and_withdraws_one(demo: Caller) -> None:
    made = demo.do("POST", PUBLISHERS, GITHUB, expect=201)
    assert {**made, "id": "", "created": ""} == {
        "id": "",
        "project": "demo-pkg",
        "provider": "github",
        "issuer": "https://token.actions.githubusercontent.com",
        "fields": GITHUB_FIELDS,
        "registered_by": "dave",
        "created": "",
        "pending": False,
    }
    assert demo.do("GET", "projects/Demo.Pkg/publishers") == {"publishers": [made]}
    assert "registered already" in demo.refused("POST", PUBLISHERS, GITHUB, status=409)
    demo.do("DELETE", f"{PUBLISHERS}/{made['id']}", expect=204)
    assert demo.do("GET", PUBLISHERS) == {"publishers": []}
    demo.refused("DELETE", f"{PUBLISHERS}/{made['id']}", status=404)


def test_registers_one_for_a_name_that_nobody_has(admin: Caller, dave: Caller) -> None:
    assert dave.do("POST", PUBLISHERS, GITHUB, expect=201)["pending"] is True
    made = admin.do("POST", "projects/other/publishers", {**GITHUB, "owner": "dave"}, expect=201)
    assert (made["pending"], made["registered_by"]) == (True, "dave")
    assert len(dave.do("GET", "projects/other/publishers")["publishers"]) == 1
    assert a_person("erin").do("GET", "projects/other/publishers") == {"publishers": []}


def test_its_tokens_publish_and_do_nothing_else(demo: Caller) -> None:
    made = demo.do("POST", PUBLISHERS, GITHUB, expect=201)
    name = normalized_or_none("demo-pkg")
    assert name is not None
    by = Origin(actor=ANONYMOUS, time=timezone.now())
    # As if it had shown an identity token.
    secret, info = accounts.issue_for_publisher({name: made["id"]}, by=by, claims={})
    job = by_token(secret)
    me = job.do("GET", "me")
    assert (me["role"], me["credential"], me["projects"]) == (None, f"token {info.id}", [])
    assert job.upload(a_wheel(version="2.0")) == 200
    for method, path, body in (
        ("GET", "projects", None),
        ("GET", "projects/demo-pkg", None),
        ("DELETE", "projects/demo-pkg", None),
        ("GET", "tokens", None),
        ("POST", "tokens", {"scopes": ["publish"]}),
        ("GET", PUBLISHERS, None),
        ("GET", "accounts", None),
        ("GET", "journal", None),
    ):
        job.refused(method, path, body, status=403)
    demo.do("DELETE", f"{PUBLISHERS}/{made['id']}", expect=204)
    job.refused("GET", "me", status=401)


def test_is_for_owners(demo: Caller, admin: Caller) -> None:
    erin = a_person("erin")
    demo.do("PUT", "projects/demo-pkg/roles/erin", {"role": "maintainer"})
    made = demo.do("POST", PUBLISHERS, GITHUB, expect=201)
    erin.refused("GET", PUBLISHERS, status=403)
    erin.refused("POST", PUBLISHERS, GITHUB, status=403)
    erin.refused("DELETE", f"{PUBLISHERS}/{made['id']}", status=403)
    admin.do("DELETE", f"{PUBLISHERS}/{made['id']}", expect=204)


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"provider": "github"}, "lacks 'fields'"),
        ({"provider": "circleci", "fields": {}}, "must be one of 'github', 'gitlab', 'google', 'oidc'"),
        ({"provider": "github", "fields": {"repository": 7}}, "'fields[repository]' in the body must be of the type"),
        ({"provider": "github", "fields": {"repository": "demo"}}, "'repository_owner' is '', and must be"),
        ({**GITHUB, "fields": {**GITHUB_FIELDS, "branch": "main"}}, "it has no field 'branch'"),
        ({**GITHUB, "issuer": "https://issuer.example"}, "is not among the issuers"),
        ({**GITHUB, "owner": "erin"}, "an owner is not to be named"),
    ],
)
def test_refuses_what_is_no_publisher(demo: Caller, body: dict[str, Any], sentence: str) -> None:
    assert sentence in demo.refused("POST", PUBLISHERS, body, status=400)
