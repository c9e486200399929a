"""Accounts: the settings' ones, and the first one, which the index keeps."""

import hashlib
from pathlib import Path

import pytest
from pytest_django import Settings

from packages import accounts
from packages.models import Account
from packages.store import Store


@pytest.fixture
def nobody(home: str, settings: Settings) -> str:
    """An index without any account, on both homes."""
    settings.ACCOUNTS = {}
    return home


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


def test_nobody_gets_in_where_there_is_no_account(nobody: str) -> None:
    assert not accounts.verify("admin", "")
    assert not accounts.verify("admin", "admin")


def test_makes_the_first_account_once(nobody: str) -> None:
    made = accounts.make_first()
    assert made is not None
    assert accounts.verify(*made)
    assert not accounts.verify(made[0], made[1] + "x")
    assert accounts.make_first() is None
    assert accounts.verify(*made)


def test_keeps_a_digest_and_no_password(nobody: str, items: Store) -> None:
    made = accounts.make_first()
    assert made is not None
    (account,) = items.query(f"account#{made[0]}")
    assert isinstance(account, Account)
    assert account.password_sha256 == hashlib.sha256(made[1].encode()).hexdigest()
    assert made[1] not in str(account.to_dynamodb_dict())


def test_gives_the_first_account_a_new_password(nobody: str) -> None:
    first, second = accounts.make_first(), accounts.make_first(reset=True)
    assert first is not None
    assert second is not None
    assert not accounts.verify(*first)
    assert accounts.verify(*second)


def test_no_account_has_a_name_that_the_index_could_not_hold(nobody: str) -> None:
    assert not accounts.verify("x" * 3000, "secret")


def test_makes_none_beside_those_of_the_settings(home: str, items: Store) -> None:
    assert accounts.make_first() is None
    assert accounts.make_first(reset=True) is None
    assert list(items.query("account#admin")) == []
