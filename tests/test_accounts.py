"""Accounts: the settings' ones, and the first one of one machine."""

import json
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from packages import accounts


@pytest.fixture
def nobody(machine: Path, settings: Settings) -> Path:
    """An index without any account."""
    settings.ACCOUNTS = {}
    return machine


@pytest.mark.parametrize(
    ("username", "password", "known"),
    [
        ("alice", "correct horse", True),
        ("bob", "with:colon", True),
        ("alice", "with:colon", False),
        ("alice", "", False),
        ("alice", "correct hörse", False),
        ("Alice", "correct horse", False),
        ("", "", False),
        ("nobody", "correct horse", False),
    ],
)
def test_knows_the_accounts_of_the_settings(machine: Path, username: str, password: str, known: bool) -> None:
    assert accounts.verify(username, password) is known


def test_nobody_gets_in_where_there_is_no_account(nobody: Path) -> None:
    assert not accounts.verify("admin", "")
    assert not accounts.verify("admin", "admin")


def test_makes_the_first_account_once(nobody: Path) -> None:
    made = accounts.make_first()
    assert made is not None
    assert accounts.verify(*made)
    assert not accounts.verify(made[0], made[1] + "x")
    assert accounts.make_first() is None
    # Another process finds it too.
    accounts.digests.cache_clear()
    assert accounts.verify(*made)


def test_keeps_no_password_and_keeps_the_digest_to_itself(nobody: Path) -> None:
    made = accounts.make_first()
    assert made is not None
    path = nobody / "first-account.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text()).keys() == {"username", "password_sha256"}
    assert made[1] not in path.read_text()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"username": "admin"}', "not json"])
def test_says_what_to_do_about_a_broken_file(nobody: Path, content: str) -> None:
    (nobody / "first-account.json").write_text(content)
    with pytest.raises(ImproperlyConfigured, match=r"first-account\.json cannot be read; delete it"):
        accounts.make_first()


def test_makes_none_beside_those_of_the_settings(machine: Path) -> None:
    assert accounts.make_first() is None
    assert not (machine / "first-account.json").exists()
