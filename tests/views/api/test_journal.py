"""The journal by the JSON API: what was done with it is in it."""

import json
from typing import Any

import pytest

from packages import journal
from tests.builders import an_origin
from tests.views.api.conftest import Caller, by_password


def entries(admin: Caller, query: str = "") -> list[Any]:
    return list(admin.do("GET", f"journal{query}")["entries"])


def test_says_who_did_what_from_where(admin: Caller, dave: Caller) -> None:
    dave.upload()
    dave.send("POST", "projects/demo-pkg/releases/1.0/yank", {"reason": "why not"}, headers={"user-agent": "curl/8"})
    entry = entries(admin)[-1]
    assert {**entry, "time": ""} == {
        "serial": 3,
        "time": "",
        "actor": "dave",
        "credential": "password",
        "address": "127.0.0.1",
        "agent": "curl/8",
        "action": "yank",
        "project": "demo-pkg",
        "target": "demo_pkg-1.0-py3-none-any.whl",
        "details": {
            "reason": "why not",
            "files": ["demo_pkg-1.0-py3-none-any.whl"],
            "versions": ["1.0"],
        },
    }


def test_has_an_entry_of_every_change(admin: Caller, dave: Caller) -> None:
    dave.upload()
    token = dave.do("POST", "tokens", {"scopes": ["read"]}, expect=201)
    dave.do("DELETE", f"tokens/{token['id']}", expect=204)
    dave.do("DELETE", "projects/demo-pkg/files/demo_pkg-1.0-py3-none-any.whl")
    dave.do("POST", "projects/demo-pkg/releases/1.0/restore")
    dave.do("PUT", "projects/demo-pkg/status", {"status": "archived"})
    dave.do("DELETE", "projects/demo-pkg")
    dave.do("POST", "projects/demo-pkg/purge", expect=204)
    admin.do("PATCH", "accounts/dave", {"role": "reader"})
    admin.do("PUT", "accounts/dave/password")
    by_password("dave", "a wrong one").refused("GET", "me", status=401)
    admin.do("DELETE", "accounts/dave", expect=204)
    found = entries(admin)
    assert [entry["action"] for entry in found] == [
        "account-create",
        "publish",
        "token-create",
        "token-revoke",
        "remove",
        "restore",
        "status",
        "remove",
        "remove-project",
        "purge",
        "purge-project",
        "account-change",
        "account-password",
        "login-failure",
        "account-delete",
    ]
    assert [entry["serial"] for entry in found] == list(range(1, len(found) + 1))
    # No secret is in it.
    assert token["token"] not in json.dumps(found)
    changed = found[11]
    assert (changed["actor"], changed["target"]) == ("alice", "dave")
    assert changed["details"]["before"] == {"role": "publisher", "disabled": False}
    assert changed["details"]["after"] == {"role": "reader", "disabled": False}


def test_notes_nothing_of_what_is_refused_or_changes_nothing(admin: Caller, dave: Caller) -> None:
    dave.upload()
    before = len(entries(admin))
    dave.refused("PATCH", "accounts/dave", {"role": "admin"}, status=403)
    dave.refused("POST", "projects/demo-pkg/purge", status=409)
    admin.do("PATCH", "accounts/dave", {"role": "publisher"})
    admin.do("PUT", "projects/demo-pkg/status", {"status": "active"})
    assert len(entries(admin)) == before


def test_names_the_token_that_was_used(admin: Caller, dave: Caller) -> None:
    token = dave.do("POST", "tokens", {"scopes": ["publish"]}, expect=201)
    assert Caller(f"Bearer {token['token']}").upload() == 200
    assert entries(admin)[-1]["credential"] == f"token {token['id']}"


def test_is_read_page_by_page(admin: Caller) -> None:
    for number in range(5):
        journal.record(journal.Note(action="test", target=str(number)), an_origin())
    seen, after = [], 0
    while True:
        page = admin.do("GET", f"journal?after={after}&limit=2")
        seen += [entry["target"] for entry in page["entries"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == ["0", "1", "2", "3", "4"]
    assert [entry["target"] for entry in entries(admin, "?latest=2")] == ["3", "4"]
    assert entries(admin, f"?after={10**15}") == []


def test_comes_as_json_lines(admin: Caller, dave: Caller) -> None:
    response = admin.send("GET", "journal", headers={"accept": "application/x-ndjson"})
    assert response["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line) for line in response.content.decode().splitlines()] == entries(admin)
    assert admin.send("GET", "journal", headers={"accept": "*/*"})["Content-Type"] == "application/json"


def test_is_sealed_by_reading(admin: Caller, dave: Caller) -> None:
    assert journal.head() is None
    seal = admin.do("GET", "journal")["seal"]
    head = journal.head()
    assert head is not None
    assert seal == {"serial": 1, "digest": head.digest}
    assert list(journal.verify({seal["serial"]: seal["digest"]})) == []


def test_of_an_empty_index_is_empty(admin: Caller) -> None:
    assert admin.do("GET", "journal") == {"entries": [], "next": None, "seal": None}


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=ten",
        "after=-1",
        "after=1e3",
        f"after={10**30}",
        "limit=1&limit=2",
        "latest=0",
        "a=b",
    ],
)
def test_refuses_what_is_no_page(admin: Caller, query: str) -> None:
    admin.refused("GET", f"journal?{query}", status=400)


def test_is_for_administrators(dave: Caller, nobody: Caller) -> None:
    assert "only administrators may" in dave.refused("GET", "journal", status=403)
    nobody.refused("GET", "journal", status=401)
