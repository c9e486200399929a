"""Tokens by the JSON API: what they narrow, when they end, who sees them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import a_wheel
from tests.views.api.conftest import Caller, a_person, by_token

ALL = ["read", "publish", "manage"]


def a_token(of: Caller, **body: Any) -> Any:
    return of.do("POST", "tokens", body, expect=201)


def test_shows_its_secret_once(dave: Caller) -> None:
    made = a_token(dave, scopes=["read", "publish"], description="CI of demo")
    assert made["token"].startswith("epypi_")
    (listed,) = dave.do("GET", "tokens")["tokens"]
    assert listed == {key: value for key, value in made.items() if key != "token"}
    assert (listed["account"], listed["scopes"], listed["projects"]) == ("dave", ["publish", "read"], None)
    assert listed["expires"] is None


def test_says_what_it_is(dave: Caller) -> None:
    dave.upload()
    dave.upload(a_wheel("other"))
    made = a_token(dave, scopes=["read"], projects=["Demo.Pkg"], expires_in_days=1)
    token = by_token(made["token"])
    me = token.do("GET", "me")
    assert me["credential"] == f"token {made['id']}"
    assert me["token"]["projects"] == ["demo-pkg"]
    assert me["token"]["expires"] == made["expires"]
    assert me["projects"] == [{"project": "demo-pkg", "role": "owner"}]
    assert token.do("GET", "accounts/dave")["projects"] == me["projects"]


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize(
    ("scopes", "reads", "publishes", "manages"),
    [
        (["read"], 200, 403, 403),
        (["publish"], 403, 200, 403),
        (["manage"], 403, 403, 200),
        (ALL, 200, 200, 200),
    ],
)
def test_its_scopes_narrow_its_account(
    dave: Caller, scopes: list[str], reads: int, publishes: int, manages: int
) -> None:
    dave.upload()
    token = by_token(a_token(dave, scopes=scopes)["token"])
    assert token.send("GET", "projects/demo-pkg").status_code == reads
    assert token.upload(a_wheel(version="2.0")) == publishes
    assert token.send("POST", "projects/demo-pkg/releases/1.0/yank").status_code == manages


def test_its_projects_narrow_its_account(dave: Caller) -> None:
    dave.upload()
    dave.upload(a_wheel("other"))
    token = by_token(a_token(dave, scopes=ALL, projects=["demo-pkg"])["token"])
    token.do("POST", "projects/demo-pkg/releases/1.0/yank")
    assert "the token is for 'demo-pkg' only" in token.refused("POST", "projects/other/releases/1.0/yank", status=403)
    token.refused("GET", "projects/other", status=403)
    token.refused("GET", "projects", status=403)


def test_never_does_more_than_its_account(admin: Caller, dave: Caller) -> None:
    dave.upload()
    token = by_token(a_token(dave, scopes=ALL)["token"])
    admin.do("PATCH", "accounts/dave", {"role": "reader"})
    token.refused("POST", "projects/demo-pkg/releases/1.0/yank", status=403)
    admin.do("PATCH", "accounts/dave", {"disabled": True})
    token.refused("GET", "me", status=401)


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize("less", [{"scopes": ["manage"]}, {"projects": ["demo-pkg"]}, {"expires_in_days": 1}])
def test_one_that_is_less_than_its_account_makes_none(dave: Caller, less: dict[str, Any]) -> None:
    token = by_token(a_token(dave, **{"scopes": ALL, **less})["token"])
    token.refused("POST", "tokens", {"scopes": ["read"]}, status=403)
    token.refused("GET", "tokens", status=403)


def test_ends_at_once(dave: Caller) -> None:
    made = a_token(dave, scopes=["read"])
    token = by_token(made["token"])
    token.do("GET", "me")
    dave.do("DELETE", f"tokens/{made['id']}", expect=204)
    token.refused("GET", "me", status=401)
    assert dave.do("GET", "tokens")["tokens"] == []
    # Whether there is one, only administrators are told.
    dave.refused("DELETE", f"tokens/{made['id']}", status=403)


def test_others_neither_see_nor_end_it(admin: Caller, dave: Caller) -> None:
    made = a_token(dave, scopes=["read"])
    erin = a_person("erin")
    assert erin.do("GET", "tokens")["tokens"] == []
    there = erin.refused("DELETE", f"tokens/{made['id']}", status=403)
    assert there == erin.refused("DELETE", f"tokens/{'0' * 16}", status=403)
    assert [token["id"] for token in admin.do("GET", "tokens?account=dave")["tokens"]] == [made["id"]]
    admin.do("DELETE", f"tokens/{made['id']}", expect=204)
    admin.refused("DELETE", f"tokens/{made['id']}", status=404)


def test_an_administrator_makes_one_for_another_account(admin: Caller, dave: Caller) -> None:
    made = a_token(admin, scopes=["read"], account="dave")
    assert by_token(made["token"]).do("GET", "me")["name"] == "dave"
    assert admin.refused("POST", "tokens", {"scopes": ["read"], "account": "erin"}, status=404) == (
        "There is no account 'erin'."
    )


def test_ends_when_it_was_told_to(dave: Caller) -> None:
    made = a_token(dave, scopes=["read"], expires="2031-01-31T12:00:00+01:00")
    assert made["expires"] == "2031-01-31T11:00:00Z"
    made = a_token(dave, scopes=["read"], expires_in_days=30)
    life = datetime.fromisoformat(made["expires"]) - datetime.fromisoformat(made["created"])
    assert timedelta(days=29, hours=23) < life <= timedelta(days=30)


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "lacks 'scopes'"),
        ({"scopes": []}, "must have 1 or more"),
        ({"scopes": ["read", "read"]}, "has an item twice"),
        ({"scopes": ["write"]}, "'scopes[0]' in the body must be one of 'read', 'publish', 'manage'"),
        ({"scopes": ["read"], "expires": "2020-01-01T00:00:00Z"}, "expires in the future"),
        ({"scopes": ["read"], "expires": "tomorrow"}, "must be a time such as 2027-01-31T12:00:00Z"),
        ({"scopes": ["read"], "expires": "2031-02-30T00:00:00Z"}, "must be a time"),
        ({"scopes": ["read"], "expires": "2031-01-31T12:00:00"}, "must be a time"),
        ({"scopes": ["read"], "expires": "0001-01-01T00:00:00+23:59"}, "in the future"),
        ({"scopes": ["read"], "expires": "9999-12-31T23:59:59-23:59"}, "within ten years"),
        ({"scopes": ["read"], "expires": "2031-01-31T12:00:00Z", "expires_in_days": 3}, "exclude each other"),
        ({"scopes": ["read"], "expires_in_days": 0}, "is 0; 1 is the least"),
        ({"scopes": ["read"], "expires_in_days": 10**30}, "is the most"),
        ({"scopes": ["read"], "expires_in_days": True}, "must be of the type integer"),
        ({"scopes": ["read"], "projects": []}, "must have 1 or more"),
        ({"scopes": ["read"], "projects": ["-"]}, "'projects[0]' in the body does not fit"),
        ({"scopes": ["read"], "description": "two\nlines"}, "in one line"),
        ({"scopes": ["read"], "description": "x" * 201}, "has 201 characters; 200 are the most"),
        ({"scopes": ["read"], "description": "e\u202eve"}, "one line"),
    ],
)
def test_refuses_what_no_token_can_be(dave: Caller, body: dict[str, Any], sentence: str) -> None:
    assert sentence in dave.refused("POST", "tokens", body, status=400)
