"""Sessions of people who logged in by a browser: what ends them, and that it ends them at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from pytest_django import Settings

from packages import accounts, journal
from packages.access import OPERATOR, Actor, Limits, Role, Scope
from packages.errors import NotAllowed, NotAuthenticated, NotFound, TooManyAttempts
from packages.journal import as_json
from pypi_project.settings import FixedAccount
from tests.accounts.conftest import ADMIN, PASSWORD, VISITOR, Hashes
from tests.builders import an_origin

pytestmark = pytest.mark.usefixtures("home")

LATER = replace(ADMIN, time=ADMIN.time + timedelta(minutes=1))
CAROL = an_origin("carol", "publisher")


def key_of(name: str, password: str = PASSWORD) -> str:
    """The key of a session that begins."""
    return accounts.log_in(name, password, VISITOR)[1]


def role_of(name: str, key: str) -> Role | None:
    """Whom a session stands for, as far as their role says it; None if it is over."""
    actor = accounts.resume(name, key)
    return None if actor is None else actor.role


class TestWhoLogsIn:
    def test_is_who_the_session_stands_for(self, carol: str) -> None:
        actor, key = accounts.log_in(carol, PASSWORD, VISITOR)
        assert actor == Actor(name="carol", role=Role.PUBLISHER)
        assert accounts.resume(carol, key) == Actor(name="carol", role=Role.PUBLISHER, credential="session")

    def test_may_be_an_account_of_the_settings(self) -> None:
        assert role_of("alice", key_of("alice", "correct horse")) is Role.ADMIN

    @pytest.mark.parametrize("name", ["carol", "nobody", "", "x" * 256, "carol\0", " carol", "Carol", "a#b"])
    def test_is_not_who_has_a_wrong_name_or_password(self, carol: str, name: str) -> None:
        with pytest.raises(NotAuthenticated):
            accounts.log_in(name, "wrong", VISITOR)

    def test_is_limited_like_everybody_with_a_password(self, carol: str, hashes: Hashes) -> None:
        for _ in range(10):
            with pytest.raises(NotAuthenticated):
                accounts.log_in(carol, "wrong", VISITOR)
        with pytest.raises(TooManyAttempts) as refusal:
            accounts.log_in(carol, PASSWORD, VISITOR)
        assert refusal.value.seconds > 0

    def test_is_not_a_disabled_account(self, carol: str) -> None:
        accounts.change(carol, disabled=True, by=ADMIN)
        with pytest.raises(NotAuthenticated, match="disabled"):
            accounts.log_in(carol, PASSWORD, VISITOR)

    def test_has_a_key_that_says_nothing_of_the_password_and_opens_nothing_else(self, carol: str) -> None:
        key = key_of(carol)
        assert PASSWORD not in key
        assert len(key) == 64
        assert accounts.resume("alice", key) is None
        assert accounts.resume("nobody", key) is None
        for wrong in ("", key[:-1], key.upper(), key + " ", "é", "\0"):
            assert accounts.resume(carol, wrong) is None

    def test_is_nobody_with_the_key_of_another_index(self, carol: str, settings: Settings) -> None:
        key = key_of(carol)
        settings.SECRET_KEY = "another key, which is also long enough"
        assert role_of(carol, key) is None

    def test_hashes_no_password_while_the_session_goes_on(self, carol: str, hashes: Hashes) -> None:
        key = key_of(carol)
        hashes.since()
        assert role_of(carol, key)
        assert hashes.since() == 0


def _make_anew(name: str) -> None:
    accounts.delete(name, by=ADMIN)
    accounts.create(name, role=Role.PUBLISHER, password=PASSWORD, by=LATER)


class TestASessionEnds:
    @pytest.mark.parametrize(
        "end",
        [
            lambda: accounts.change("carol", disabled=True, by=ADMIN),
            lambda: accounts.delete("carol", by=ADMIN),
            lambda: _make_anew("carol"),
            lambda: accounts.set_password("carol", None, by=ADMIN),
            lambda: accounts.set_password("carol", "another long secret", by=CAROL),
            lambda: accounts.set_password("carol", PASSWORD, by=ADMIN),
            lambda: accounts.end_sessions("carol", by=CAROL),
            lambda: accounts.end_sessions("carol", by=ADMIN),
        ],
        ids=["disabled", "deleted", "made anew", "reset", "changed", "set to the same", "by oneself", "by an admin"],
    )
    def test_at_once(self, carol: str, end: Callable[[], object]) -> None:
        key = key_of(carol)
        end()
        assert accounts.resume(carol, key) is None

    def test_and_does_not_begin_again_when_the_account_is_enabled(self, carol: str) -> None:
        key = key_of(carol)
        accounts.change(carol, disabled=True, by=ADMIN)
        accounts.change(carol, disabled=False, by=ADMIN)
        assert accounts.resume(carol, key) is None
        assert role_of(carol, key_of(carol)) is Role.PUBLISHER

    def test_when_the_first_account_is_reset(self, settings: Settings) -> None:
        settings.ACCOUNTS = {}
        made = accounts.make_first(by=ADMIN)
        assert made
        key = key_of(*made)
        accounts.make_first(reset=True, by=ADMIN)
        assert accounts.resume(made[0], key) is None

    def test_not_when_the_role_changes_which_acts_at_once(self, carol: str) -> None:
        key = key_of(carol)
        accounts.change(carol, role=Role.READER, by=ADMIN)
        assert role_of(carol, key) is Role.READER
        accounts.change(carol, role=Role.ADMIN, by=ADMIN)
        assert role_of(carol, key) is Role.ADMIN

    def test_not_when_something_else_of_the_account_changes(self, carol: str) -> None:
        key = key_of(carol)
        accounts.issue(carol, scopes={Scope.READ}, by=CAROL)
        assert role_of(carol, key)

    def test_when_the_settings_get_another_password(self, settings: Settings) -> None:
        key = key_of("alice", "correct horse")
        settings.ACCOUNTS = {"alice": FixedAccount("another", "admin")}
        assert accounts.resume("alice", key) is None

    def test_when_the_settings_drop_the_account(self, settings: Settings) -> None:
        key = key_of("alice", "correct horse")
        settings.ACCOUNTS = {}
        assert accounts.resume("alice", key) is None
        # Nor has one of the index, of the same name, anything to do with it.
        accounts.create("alice", role=Role.READER, password=PASSWORD, by=ADMIN)
        assert accounts.resume("alice", key) is None

    def test_when_the_settings_take_over_the_name(self, carol: str, settings: Settings) -> None:
        key = key_of(carol)
        settings.ACCOUNTS = {"carol": FixedAccount(PASSWORD, "admin")}
        assert accounts.resume(carol, key) is None

    def test_not_when_the_settings_change_the_role_which_acts_at_once(self, settings: Settings) -> None:
        key = key_of("alice", "correct horse")
        settings.ACCOUNTS = {"alice": FixedAccount("correct horse", "reader")}
        assert role_of("alice", key) is Role.READER

    def test_that_began_while_the_password_was_changed(self, carol: str, monkeypatch: pytest.MonkeyPatch) -> None:
        identify = accounts.identify

        def slow(*arguments: object) -> Actor:
            actor = identify(*arguments)  # type: ignore[arg-type]
            accounts.set_password(carol, "another long secret", by=ADMIN)
            return actor

        monkeypatch.setattr("packages.accounts.sessions.identify", slow)
        assert accounts.resume(carol, key_of(carol)) is None


class TestLoggingOutEverywhere:
    @pytest.mark.parametrize(("name", "password"), [("carol", PASSWORD), ("alice", "correct horse")])
    def test_ends_every_session_each_time_and_new_ones_begin(self, carol: str, name: str, password: str) -> None:
        before = [key_of(name, password)]
        for _ in range(2):
            accounts.end_sessions(name, by=ADMIN)
            before.append(key_of(name, password))
            assert [accounts.resume(name, key) is not None for key in before] == [False] * (len(before) - 1) + [True]
        assert len(set(before)) == len(before)

    def test_ends_nobody_elses(self, carol: str) -> None:
        accounts.create("dave", role=Role.READER, password=PASSWORD, by=ADMIN)
        keys = {name: key_of(name, word) for name, word in (("dave", PASSWORD), ("bob", "with:colon"))}
        accounts.end_sessions(carol, by=CAROL)
        accounts.end_sessions("alice", by=ADMIN)
        assert all(accounts.resume(name, key) for name, key in keys.items())

    def test_is_noted(self, carol: str) -> None:
        accounts.end_sessions(carol, by=replace(CAROL, actor=replace(CAROL.actor, credential="session")))
        (entry,) = journal.latest(1)
        shown = as_json(entry)
        assert (shown["action"], shown["target"], shown["actor"]) == ("account-sessions", "carol", "carol")
        assert (shown["credential"], shown["details"]) == ("session", {})

    def test_keeps_passwords_and_tokens(self, carol: str) -> None:
        secret, _ = accounts.issue(carol, scopes={Scope.READ}, by=CAROL)
        accounts.end_sessions(carol, by=CAROL)
        assert accounts.authenticate(secret, VISITOR).name == "carol"
        assert accounts.identify(carol, PASSWORD, VISITOR).name == "carol"

    def test_is_for_oneself_and_administrators(self, carol: str) -> None:
        key = key_of("alice", "correct horse")
        for actor in (
            CAROL.actor,
            Actor(name="alice", publisher="p1"),
            Actor(name="alice", role=Role.READER, limits=Limits(scopes=frozenset({Scope.READ}))),
            Actor(name="bob", role=Role.ADMIN, limits=Limits(scopes=frozenset({Scope.PUBLISH, Scope.READ}))),
        ):
            with pytest.raises(NotAllowed):
                accounts.end_sessions("alice", by=replace(CAROL, actor=actor))
        assert accounts.resume("alice", key)
        accounts.end_sessions("alice", by=replace(CAROL, actor=OPERATOR))
        assert accounts.resume("alice", key) is None

    def test_says_so_when_there_is_no_such_account(self) -> None:
        with pytest.raises(NotFound, match="There is no account 'nobody'"):
            accounts.end_sessions("nobody", by=ADMIN)
