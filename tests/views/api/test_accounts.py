"""Accounts by the JSON API: made, changed, disabled and deleted, each at once."""

from typing import Any

import pytest

from tests.builders import a_wheel
from tests.views.api.conftest import PASSWORD, Caller, a_person, by_password

NEW = "another fine password"


def test_a_new_account_logs_in_with_the_password_that_was_made(admin: Caller) -> None:
    made = admin.do("POST", "accounts", {"name": "erin", "role": "reader"}, expect=201)
    assert {**made, "password": "", "created": ""} == {
        "name": "erin",
        "role": "reader",
        "disabled": False,
        "fixed": False,
        "created": "",
        "password": "",
    }
    erin = by_password("erin", made["password"])
    assert erin.do("GET", "me") == {
        "name": "erin",
        "role": "reader",
        "credential": "password",
        "token": None,
        "projects": [],
    }
    assert erin.upload() == 403


def test_a_password_that_was_given_is_not_repeated(admin: Caller) -> None:
    made = admin.do("POST", "accounts", {"name": "erin", "role": "reader", "password": PASSWORD}, expect=201)
    assert "password" not in made
    assert by_password("erin").do("GET", "me")["name"] == "erin"


def test_a_lowered_role_acts_at_once(admin: Caller, dave: Caller) -> None:
    assert dave.upload() == 200
    assert admin.do("PATCH", "accounts/dave", {"role": "reader"})["role"] == "reader"
    assert dave.upload(a_wheel(version="2.0")) == 403
    assert dave.refused("POST", "projects/demo-pkg/releases/1.0/yank", status=403) == (
        "User 'dave' may not yank, remove or restore files of project 'demo-pkg': its role is 'reader'."
    )
    admin.do("PATCH", "accounts/dave", {"role": "publisher"})
    assert dave.upload(a_wheel(version="2.0")) == 200


def test_a_disabled_account_is_refused_at_once(admin: Caller, dave: Caller) -> None:
    dave.do("GET", "me")
    assert admin.do("PATCH", "accounts/dave", {"disabled": True})["disabled"] is True
    assert "is disabled" in dave.refused("GET", "me", status=401)
    assert admin.do("GET", "accounts/dave")["disabled"] is True
    admin.do("PATCH", "accounts/dave", {"disabled": False})
    dave.do("GET", "me")


def test_a_deleted_account_is_gone(admin: Caller, dave: Caller) -> None:
    admin.do("DELETE", "accounts/dave", expect=204)
    dave.refused("GET", "me", status=401)
    assert admin.refused("GET", "accounts/dave", status=404) == "There is no account 'dave'."
    assert "dave" not in [account["name"] for account in admin.do("GET", "accounts")["accounts"]]


def test_an_account_with_a_role_in_a_project_is_not_deleted(admin: Caller, dave: Caller) -> None:
    dave.upload()
    assert "still has a role in demo-pkg" in admin.refused("DELETE", "accounts/dave", status=409)
    admin.do("DELETE", "projects/demo-pkg/roles/dave?leave_ownerless=true")
    admin.do("DELETE", "accounts/dave", expect=204)


def test_lists_every_account(admin: Caller, dave: Caller) -> None:
    accounts = admin.do("GET", "accounts")["accounts"]
    assert [(account["name"], account["role"], account["fixed"]) for account in accounts] == [
        ("alice", "admin", True),
        ("bob", "admin", True),
        ("dave", "publisher", False),
    ]


def test_an_account_shows_its_projects(admin: Caller, dave: Caller) -> None:
    dave.upload()
    owned = [{"project": "demo-pkg", "role": "owner"}]
    assert admin.do("GET", "accounts/dave")["projects"] == owned
    assert dave.do("GET", "accounts/dave")["projects"] == owned
    assert dave.do("GET", "me")["projects"] == owned


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("POST", "accounts", {"name": "dave", "role": "reader"}, "There is an account 'dave' already"),
        ("POST", "accounts", {"name": "bob", "role": "reader"}, "the settings name it"),
        ("PATCH", "accounts/bob", {"role": "reader"}, "one of the settings'"),
        ("DELETE", "accounts/bob", None, "one of the settings'"),
        ("PUT", "accounts/bob/password", {}, "one of the settings'"),
        ("PATCH", "accounts/alice", {"disabled": True}, "Nobody changes their own role"),
        ("DELETE", "accounts/alice", None, "Nobody deletes their own account"),
    ],
)
def test_refuses_what_contradicts_what_is_there(
    admin: Caller, dave: Caller, method: str, path: str, body: Any, sentence: str
) -> None:
    assert sentence in admin.refused(method, path, body, status=409)


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize(
    "name",
    # Look-alikes, and what others stand under in the journal.
    ["Dave", "d\u0430ve", "da:ve", "", "-dave", "x" * 65, "da ve", "dave\n", "anonymous", "operator"],
)
def test_refuses_names_that_could_be_taken_for_others(admin: Caller, name: str) -> None:
    admin.refused("POST", "accounts", {"name": name, "role": "reader"}, status=400)


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize(
    "password",
    ["", "short", "0123456789", "password123", "x" * 1025, "erin.erin.erin"],
    ids=["empty", "short", "digits", "common", "long", "name"],
)
def test_refuses_passwords_that_are_guessed(admin: Caller, password: str) -> None:
    body = {"name": "erin.erin.erin", "role": "reader", "password": password}
    assert "password" in admin.refused("POST", "accounts", body, status=400)


class TestPasswords:
    def test_whoever_changes_their_own_sends_the_one_they_have(self, dave: Caller) -> None:
        path = "accounts/dave/password"
        assert "current_password" in dave.refused("PUT", path, {"password": NEW}, status=403)
        wrong = {"password": NEW, "current_password": "not it"}
        assert dave.refused("PUT", path, wrong, status=403) == "The current password is wrong."
        assert "password" not in dave.do("PUT", path, {"password": NEW, "current_password": PASSWORD})
        dave.refused("GET", "me", status=401)
        assert by_password("dave", NEW).do("GET", "me")["name"] == "dave"

    def test_wrong_current_passwords_are_counted(self, dave: Caller) -> None:
        wrong = {"password": NEW, "current_password": "not it"}
        for _ in range(10):
            dave.refused("PUT", "accounts/dave/password", wrong, status=403)
        response = dave.send("PUT", "accounts/dave/password", wrong)
        assert response.status_code == 429
        assert 0 < int(response["Retry-After"]) <= 15 * 60

    def test_an_administrator_has_one_made(self, admin: Caller, dave: Caller) -> None:
        made = admin.do("PUT", "accounts/dave/password")["password"]
        dave.refused("GET", "me", status=401)
        assert by_password("dave", made).do("GET", "me")["name"] == "dave"

    def test_a_token_is_not_enough(self, admin: Caller, dave: Caller) -> None:
        secret = dave.do("POST", "tokens", {"scopes": ["read", "publish", "manage"]}, expect=201)["token"]
        token = Caller(f"Bearer {secret}")
        token.refused("PUT", "accounts/dave/password", {"password": NEW}, status=403)
        token.refused("PUT", "accounts/dave/password", {"password": NEW, "current_password": PASSWORD}, status=403)
        dave.do("GET", "me")


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "accounts/{}", None),
        ("PATCH", "accounts/{}", {"role": "admin"}),
        ("DELETE", "accounts/{}", None),
        ("PUT", "accounts/{}/password", {"password": NEW}),
        ("GET", "tokens?account={}", None),
        ("POST", "tokens", {"scopes": ["read"], "account": "{}"}),
        ("POST", "accounts", {"name": "{}", "role": "reader"}),
        ("PUT", "projects/demo-pkg/roles/{}", {"role": "owner"}),
        ("DELETE", "projects/demo-pkg/roles/{}", None),
    ],
)
def test_whoever_administers_nothing_learns_of_no_other_account(
    admin: Caller, dave: Caller, method: str, path: str, body: Any
) -> None:
    dave.upload()
    erin = a_person("erin")

    def asked(name: str) -> str:
        filled = body and {key: name if value == "{}" else value for key, value in body.items()}
        return erin.refused(method, path.format(name), filled, status=403).replace(name, "NAME")

    # One that is, one of the settings' and one that is not: no difference.
    assert asked("frank") == asked("bob")
    if "roles" not in path:
        assert asked("frank") == asked("dave")


def test_lists_no_account_to_a_publisher(dave: Caller) -> None:
    assert "only administrators may" in dave.refused("GET", "accounts", status=403)


def test_an_account_of_the_index_administers_too(admin: Caller) -> None:
    erin = a_person("erin", "admin")
    erin.do("POST", "accounts", {"name": "frank", "role": "reader"}, expect=201)
    admin.do("PATCH", "accounts/erin", {"role": "publisher"})
    erin.refused("PATCH", "accounts/frank", {"disabled": True}, status=403)
