"""Tokens: made, used, ended; and everything by which one is less than its account."""

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from django.test import Client
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import accounts, journal, publishing
from packages.access import ANONYMOUS, OPERATOR, Actor, Limits, Role, Scope
from packages.accounts import secret
from packages.accounts.memory import memory
from packages.errors import Conflict, InvalidRequest, NotAllowed, NotAuthenticated, NotFound, Unavailable
from packages.journal import Origin
from packages.models import Account, Item, Publisher, Spent, Token, TokenEntry, account_partition
from packages.store import Condition, ConditionFailed, Delete, Put, Store, store
from pypi_project.settings import FixedAccount
from tests.accounts.conftest import ADMIN, PASSWORD, VISITOR
from tests.builders import NOON, a_wheel, an_origin
from tests.conftest import basic
from tests.counting import counting

pytestmark = pytest.mark.usefixtures("home")

DEMO, OTHER = NormalizedName("demo-pkg"), NormalizedName("other-pkg")
CAROL = an_origin("carol", "publisher")
EVERY_SCOPE = frozenset(Scope)
HOUR = timedelta(hours=1)


def at(time: datetime) -> Origin:
    """A visitor, some time."""
    return replace(VISITOR, time=time)


def opens(text: str, time: datetime = NOON) -> bool:
    try:
        return accounts.authenticate(text, at(time)).credential.startswith("token ")
    except NotAuthenticated:
        return False


def stored(token_id: str) -> Token:
    token = store().get(Token.key(token_id))
    assert isinstance(token, Token)
    return token


@pytest.fixture(params=["carol", "alice"])
def owner(carol: str, request: pytest.FixtureRequest) -> str:
    """An account of the index, and one of the settings."""
    return str(request.param)


class TestIssue:
    def test_gives_a_secret_and_what_it_is(self, owner: str) -> None:
        text, info = accounts.issue(
            owner,
            scopes=[Scope.READ, Scope.PUBLISH],
            by=ADMIN,
            description="Für die Maschine",
            projects=[DEMO, OTHER],
            expires=NOON + HOUR,
        )
        assert secret.is_whole(text)
        assert info.id == secret.digest(text)[:16]
        assert (info.account, info.description, info.created) == (owner, "Für die Maschine", NOON)
        assert (info.scopes, info.projects) == ({Scope.READ, Scope.PUBLISH}, {DEMO, OTHER})
        # Whole seconds are kept, and never more than was asked for.
        assert info.expires == (NOON + HOUR).replace(microsecond=0)
        assert info.last_used is None
        assert list(accounts.tokens_of(owner, ADMIN.actor)) == [info]

    @pytest.mark.parametrize("scopes", [some for size in (1, 2, 3) for some in combinations(Scope, size)])
    @pytest.mark.parametrize("projects", [None, {DEMO}])
    @pytest.mark.parametrize("expires", [None, NOON + HOUR])
    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_acts_for_its_account_within_its_limits(
        self, carol: str, scopes: tuple[Scope, ...], projects: set[NormalizedName] | None, expires: datetime | None
    ) -> None:
        text, info = accounts.issue(carol, scopes=scopes, projects=projects, expires=expires, by=CAROL)
        expected = Actor(
            name=carol,
            role=Role.PUBLISHER,
            credential=f"token {info.id}",
            limits=Limits(
                scopes=frozenset(scopes),
                projects=None if projects is None else frozenset(projects),
                expires=expires is not None,
            ),
        )
        # Cold, and warm.
        assert accounts.authenticate(text, VISITOR) == expected
        assert accounts.authenticate(text, VISITOR) == expected

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ({"scopes": []}, r"needs a scope, or several: read, publish, manage\."),
            ({"projects": []}, "is for 1 to 100 projects"),
            ({"projects": [NormalizedName(f"p{number}") for number in range(101)]}, "is for 1 to 100 projects"),
            ({"expires": NOON}, "expires in the future"),
            ({"expires": NOON - HOUR}, "expires in the future"),
            ({"expires": NOON + timedelta(days=3661)}, "within ten years"),
            ({"description": "x" * 201}, "one line of up to 200 characters"),
            ({"description": "two\nlines"}, "one line"),
            ({"description": "\x1b[31m"}, "one line"),
            ({"description": "\ud800"}, "one line"),
            ({"description": "\u202e"}, "one line"),
        ],
    )
    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_refuses_what_no_token_can_be(self, carol: str, wrong: dict[str, Any], sentence: str) -> None:
        before = journal.newest()
        with pytest.raises(InvalidRequest, match=sentence):
            accounts.issue(carol, by=CAROL, **{"scopes": [Scope.READ], **wrong})
        assert list(accounts.tokens_of(carol, CAROL.actor)) == []
        assert journal.newest() == before

    def test_makes_none_for_nobody(self, carol: str) -> None:
        for name in ("nobody", "", "Carol", f"{carol}#"):
            with pytest.raises(NotFound):
                accounts.issue(name, scopes={Scope.READ}, by=ADMIN)

    def test_makes_none_for_one_that_is_just_being_deleted(self, carol: str, monkeypatch: pytest.MonkeyPatch) -> None:
        person = accounts.lookup(carol)
        accounts.delete(carol, by=ADMIN)
        # As it was when the token was asked for.
        monkeypatch.setattr("packages.accounts.tokens.lookup", lambda name: person)
        with pytest.raises(NotFound):
            accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
        assert list(store().query(account_partition(carol))) == []


class TestWhoMay:
    """Make, see and end tokens."""

    EVERYTHING = Limits(scopes=EVERY_SCOPE)
    LESS = [
        *(Limits(scopes=frozenset(some)) for size in (1, 2) for some in combinations(Scope, size)),
        replace(EVERYTHING, expires=True),
        replace(EVERYTHING, projects=frozenset({DEMO})),
    ]

    @pytest.mark.parametrize("role", Role)
    def test_everybody_their_own(self, carol: str, role: Role) -> None:
        accounts.change(carol, role=role, by=ADMIN)
        for limits in (None, self.EVERYTHING):
            by = an_origin(carol, role.value, limits=limits)
            _, info = accounts.issue(carol, scopes=EVERY_SCOPE, by=by)
            assert list(accounts.tokens_of(carol, by.actor)) == [info]
            accounts.revoke(info.id, by=by)
            assert list(accounts.tokens_of(carol, by.actor)) == []

    @pytest.mark.parametrize("limits", LESS)
    @pytest.mark.parametrize("role", ["publisher", "admin"])
    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_not_with_a_token_that_is_for_less(self, carol: str, limits: Limits, role: str) -> None:
        """Else it would make more of itself, or outlive its end."""
        _, info = accounts.issue(carol, scopes=EVERY_SCOPE, by=ADMIN)
        by = an_origin(carol, role, limits=limits, credential=f"token {info.id}")
        for act in (
            lambda: accounts.issue(carol, scopes={Scope.READ}, by=by),
            lambda: list(accounts.tokens_of(carol, by.actor)),
            lambda: accounts.revoke(info.id, by=by),
        ):
            with pytest.raises(NotAllowed):
                act()
        assert [token.id for token in accounts.tokens_of(carol, ADMIN.actor)] == [info.id]

    def test_others_only_administrators(self, carol: str) -> None:
        _, info = accounts.issue("alice", scopes=EVERY_SCOPE, by=ADMIN)
        _, own = accounts.issue(carol, scopes=EVERY_SCOPE, by=replace(ADMIN, actor=OPERATOR))
        for actor in (CAROL.actor, an_origin("dave", "reader").actor, Actor(name="carol", publisher="p1")):
            by = replace(CAROL, actor=actor)
            with pytest.raises(NotAllowed):
                accounts.issue("alice", scopes={Scope.READ}, by=by)
            with pytest.raises(NotAllowed):
                list(accounts.tokens_of("alice", actor))
            with pytest.raises(NotAllowed):
                accounts.revoke(info.id, by=by)
            if actor != CAROL.actor:
                with pytest.raises(NotAllowed):
                    accounts.revoke(own.id, by=by)
        for name in ("carol", "anonymous"):
            nobody = replace(VISITOR, actor=replace(ANONYMOUS, name=name))
            with pytest.raises(NotAuthenticated):
                accounts.issue(carol, scopes={Scope.READ}, by=nobody)
            with pytest.raises(NotAuthenticated):
                accounts.revoke(own.id, by=nobody)
        accounts.revoke(info.id, by=ADMIN)
        accounts.revoke(own.id, by=ADMIN)

    def test_nobody_learns_whether_there_is_a_token_of_others(self, carol: str) -> None:
        _, info = accounts.issue("alice", scopes=EVERY_SCOPE, by=ADMIN)
        sentences = set()
        for token_id in (info.id, "0" * 16, "", "x" * 3000):
            with pytest.raises(NotAllowed) as caught:
                accounts.revoke(token_id, by=CAROL)
            sentences.add(str(caught.value))
        assert len(sentences) == 1
        with pytest.raises(NotFound, match="no token '0000000000000000'"):
            accounts.revoke("0" * 16, by=ADMIN)


class TestATokenEnds:
    def test_when_it_expires(self, owner: str) -> None:
        text, info = accounts.issue(owner, scopes={Scope.READ}, expires=NOON + HOUR, by=ADMIN)
        end = info.expires
        assert end is not None
        assert opens(text, end - timedelta(microseconds=1))
        # Warm and cold, the moment counts.
        for time in (end, end + HOUR):
            for _ in range(2):
                with pytest.raises(NotAuthenticated, match=rf"^The token {info.id} expired on 2026-11-23 at 13:00 UTC"):
                    accounts.authenticate(text, at(time))
                memory.clear()

    def test_though_the_table_has_not_deleted_it_and_when_it_has(self, owner: str, items: Store, home: str) -> None:
        text, info = accounts.issue(owner, scopes={Scope.READ}, expires=NOON + HOUR, by=ADMIN)
        assert not opens(text, NOON + 2 * HOUR)
        items.forget_expired((NOON + 2 * HOUR).timestamp())
        if home == "machine":
            assert items.get(Token.key(info.id)) is None
            assert list(accounts.tokens_of(owner, ADMIN.actor)) == []
        assert not opens(text, NOON + 2 * HOUR)

    def test_that_has_no_end_is_never_forgotten(self, owner: str, items: Store) -> None:
        text, _ = accounts.issue(owner, scopes={Scope.READ}, by=ADMIN)
        items.forget_expired((NOON + timedelta(days=36600)).timestamp())
        assert opens(text, NOON + timedelta(days=36600))

    def test_when_it_is_revoked_warm_or_cold(self, owner: str) -> None:
        for warm in (False, True):
            text, info = accounts.issue(owner, scopes={Scope.READ}, by=ADMIN)
            if warm:
                assert opens(text)
            accounts.revoke(info.id, by=ADMIN)
            assert not opens(text)
            assert store().get(TokenEntry.key(owner, info.id)) is None
            with pytest.raises(NotFound):
                accounts.revoke(info.id, by=ADMIN)

    def test_when_its_account_is_no_longer_in_the_settings(self, settings: Settings) -> None:
        text, info = accounts.issue("bob", scopes={Scope.READ}, by=ADMIN)
        settings.ACCOUNTS = {"alice": FixedAccount("correct horse")}
        assert not opens(text)
        # One of the index of this name is made when nothing is left of it, which administrators see.
        later = replace(ADMIN, time=NOON + HOUR)
        with pytest.raises(Conflict, match=f"'bob', .* has left the tokens {info.id}: revoke them first"):
            accounts.create("bob", role=Role.ADMIN, by=later)
        with pytest.raises(NotAllowed):
            list(accounts.tokens_of("bob", CAROL.actor))
        assert list(accounts.tokens_of("bob", ADMIN.actor)) == [info]
        accounts.revoke(info.id, by=ADMIN)
        with pytest.raises(NotFound):
            list(accounts.tokens_of("bob", ADMIN.actor))
        accounts.create("bob", role=Role.ADMIN, by=later)
        assert not opens(text, NOON + HOUR)

    def test_when_the_settings_name_another_account_like_its_own(self, carol: str, settings: Settings) -> None:
        text, info = accounts.issue(carol, scopes=EVERY_SCOPE, by=ADMIN)
        settings.ACCOUNTS = {**settings.ACCOUNTS, carol: FixedAccount("of the settings", "admin")}
        with pytest.raises(NotAuthenticated, match=f"^The token {info.id} was made for another account of the name"):
            accounts.authenticate(text, VISITOR)
        own, _ = accounts.issue(carol, scopes=EVERY_SCOPE, by=ADMIN)
        assert accounts.authenticate(own, VISITOR).role is Role.ADMIN
        # And the other way round, when it goes before that of the index no more.
        memory.clear()
        settings.ACCOUNTS = {"alice": settings.ACCOUNTS["alice"]}
        assert accounts.authenticate(text, VISITOR).role is Role.PUBLISHER
        with pytest.raises(NotAuthenticated, match="was made for another account of the name 'carol'"):
            accounts.authenticate(own, VISITOR)

    def test_when_the_password_of_its_settings_account_is_another(self, settings: Settings) -> None:
        text, _ = accounts.issue("bob", scopes=EVERY_SCOPE, by=ADMIN)
        before = settings.ACCOUNTS
        for password, good in (("with:colon2", False), ("with:colon", True)):
            memory.clear()
            settings.ACCOUNTS = {**before, "bob": FixedAccount(password)}
            assert opens(text) is good
        # A name that was away does not bring old tokens back for whoever has it then.
        memory.clear()
        settings.ACCOUNTS = {**before, "bob": FixedAccount("another", "admin")}
        with pytest.raises(NotAuthenticated, match=r"or before its password in the settings was changed; make a new"):
            accounts.authenticate(text, VISITOR)

    def test_of_a_settings_account_is_good_where_the_secret_key_is_another(self, settings: Settings) -> None:
        text, _ = accounts.issue("bob", scopes=EVERY_SCOPE, by=ADMIN)
        settings.SECRET_KEY = "another one, as of a machine where commands are run"
        assert opens(text)

    def test_from_before_it_was_kept_whose_it_is_acts_for_accounts_of_the_index_alone(
        self, owner: str, items: Store
    ) -> None:
        text, info = accounts.issue(owner, scopes={Scope.READ}, by=ADMIN)
        token = stored(info.id)
        token.fixed = None
        items.write(Put(item=token))
        assert opens(text) is (owner == "carol")

    def test_when_its_account_is_disabled_and_says_so(self, carol: str) -> None:
        text, _ = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
        assert opens(text)
        accounts.change(carol, disabled=True, by=ADMIN)
        with pytest.raises(NotAuthenticated, match=r"The account 'carol' of this token is disabled"):
            accounts.authenticate(text, VISITOR)
        accounts.change(carol, disabled=False, by=ADMIN)
        assert opens(text)

    def test_with_what_its_account_may_do(self, carol: str) -> None:
        text, _ = accounts.issue(carol, scopes=EVERY_SCOPE, by=ADMIN)
        for role in (Role.READER, Role.ADMIN, Role.PUBLISHER):
            assert opens(text)
            accounts.change(carol, role=role, by=ADMIN)
            assert accounts.authenticate(text, VISITOR).role is role

    def test_of_a_settings_account_has_the_role_that_the_settings_give_now(self, settings: Settings) -> None:
        text, _ = accounts.issue("bob", scopes=EVERY_SCOPE, by=ADMIN)
        settings.ACCOUNTS = {"bob": FixedAccount("with:colon", "reader")}
        assert accounts.authenticate(text, VISITOR).role is Role.READER


class TestWhatIsNoToken:
    @pytest.mark.parametrize(
        "spoil",
        [
            pytest.param(lambda text: text[:-1], id="cut off at the end"),
            pytest.param(lambda text: text[:30], id="cut off in the middle"),
            pytest.param(lambda text: text[6:], id="without its prefix"),
            pytest.param(lambda text: text + text, id="twice"),
            pytest.param(str.swapcase, id="other letters"),
            pytest.param(lambda text: text + " x", id="more behind"),
            pytest.param(lambda text: "", id="nothing"),
            pytest.param(lambda text: "x" * 1_000_000, id="a megabyte"),
            pytest.param(lambda text: secret.digest(text), id="what is kept of it"),
            pytest.param(lambda text: secret.digest(text)[:16], id="its id"),
        ],
    )
    @pytest.mark.parametrize("home", ["aws"], indirect=True)
    def test_is_refused_without_asking_the_index(
        self, carol: str, spoil: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text, _ = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
        monkeypatch.setattr(BaseClient, "_make_api_call", lambda *arguments: pytest.fail("it asked"))
        with pytest.raises(NotAuthenticated, match="not a whole token of this index") as caught:
            accounts.authenticate(spoil(text), VISITOR)
        assert spoil(text) not in str(caught.value) or not spoil(text)

    def test_is_what_nobody_made(self) -> None:
        with pytest.raises(NotAuthenticated, match="Invalid or non-existent"):
            accounts.authenticate(secret.new(), VISITOR)

    def test_is_one_whose_id_is_anothers(self, carol: str, items: Store) -> None:
        """Sixteen hex digits can be found again; the whole digest cannot."""
        text, info = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
        token = stored(info.id)
        token.sha256 = info.id + "0" * 48
        items.write(Put(item=token))
        with pytest.raises(NotAuthenticated):
            accounts.authenticate(text, VISITOR)

    def test_is_a_password_or_a_token_in_the_wrong_place(self, carol: str) -> None:
        text, _ = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
        for header in (
            basic("carol", text),
            basic("alice", text),
            basic("__token__", PASSWORD),
            basic("__TOKEN__", text),
            basic("", text),
            basic(text, "__token__"),
            basic(text, ""),
            f"Bearer {PASSWORD}",
            f"Bearer __token__:{text}",
        ):
            assert Client(headers={"authorization": header}).get("/simple/").status_code == 401, header


class TestLastUse:
    def test_is_noted_at_most_once_an_hour(self, owner: str) -> None:
        text, info = accounts.issue(owner, scopes={Scope.READ}, by=ADMIN)
        noted = []
        for minutes in (0, 1, 59, 60, 61, 119, 125, 24 * 60):
            memory.clear()
            assert opens(text, NOON + timedelta(minutes=minutes))
            last_used = stored(info.id).last_used
            assert last_used is not None
            noted.append((last_used - NOON) / timedelta(minutes=1))
        assert noted == [0, 0, 0, 60, 60, 60, 125, 24 * 60]
        (shown,) = accounts.tokens_of(owner, ADMIN.actor)
        assert shown.last_used == NOON + timedelta(days=1)

    def test_is_no_change_of_the_index(self, carol: str) -> None:
        text, _ = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
        before = journal.newest()
        assert opens(text)
        assert journal.newest() == before

    def test_is_not_needed_to_read(self, carol: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Who may only read a full disk may still read."""
        text, info = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)

        def refuse(*arguments: object) -> None:
            raise Unavailable("The disk is full.")

        monkeypatch.setattr(type(store()), "write", refuse)
        client = Client(headers={"authorization": f"Bearer {text}"})
        assert [client.get("/simple/").status_code for _ in range(3)] == [200] * 3
        assert stored(info.id).last_used is None

    @pytest.mark.parametrize("home", ["aws"], indirect=True)
    def test_that_cannot_be_noted_does_not_cool_the_token(self, carol: str, monkeypatch: pytest.MonkeyPatch) -> None:
        text, _ = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
        calls: list[str] = []
        make_api_call = BaseClient._make_api_call

        def read_only(client: BaseClient, operation: str, arguments: Any) -> Any:
            calls.append(operation)
            if operation in {"PutItem", "TransactWriteItems"}:
                error = {"Error": {"Code": "AccessDeniedException", "Message": "read only"}}
                raise client.exceptions.ClientError(error, operation)
            return make_api_call(client, operation, arguments)

        monkeypatch.setattr(BaseClient, "_make_api_call", read_only)
        assert opens(text)
        calls.clear()
        assert opens(text)
        assert calls == ["BatchGetItem"]

    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_on_a_disk_that_can_only_be_read(self, carol: str, machine: Path) -> None:
        text, info = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
        with sqlite3.connect(machine / "index.sqlite3", isolation_level=None) as other:
            # Somebody else writes, for longer than anybody waits.
            other.execute("BEGIN IMMEDIATE")
            store()._connection().execute("PRAGMA busy_timeout = 0")  # type: ignore[attr-defined]
            assert opens(text)
            assert opens(text)
            other.execute("ROLLBACK")
        other.close()
        assert stored(info.id).last_used is None

    def test_does_not_bring_back_what_was_revoked_meanwhile(self, owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
        text, info = accounts.issue(owner, scopes={Scope.READ}, by=ADMIN)
        write = type(store()).write

        def late(engine: Store, change: Put) -> None:
            if isinstance(change.item, Token) and change.condition is Condition.UNCHANGED:
                accounts.revoke(info.id, by=ADMIN)
            write(engine, change)

        monkeypatch.setattr(type(store()), "write", late)
        opens(text)
        assert store().get(Token.key(info.id)) is None
        assert not opens(text)


@pytest.mark.parametrize("home", ["aws"], indirect=True)
def test_a_warm_token_costs_one_read(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, _ = accounts.issue(owner, scopes={Scope.READ}, expires=NOON + HOUR, by=ADMIN)
    calls = counting(monkeypatch)
    assert opens(text)
    assert calls == ["GetItem", *(["GetItem"] if owner == "carol" else []), "PutItem"]
    calls.clear()
    assert opens(text)
    assert calls == ["BatchGetItem"]
    calls.clear()
    # The first one in another process, within the hour.
    memory.clear()
    assert opens(text)
    assert "PutItem" not in calls


class TestATrustedPublishersToken:
    ORIGIN = replace(VISITOR, actor=Actor(name="github:octo/demo", credential="oidc", publisher="p1"))

    @pytest.fixture
    def publisher(self, items: Store) -> Publisher:
        publishing.publish(a_wheel().received(), by=ADMIN, overwrite=False)
        item = Publisher(
            *Publisher.key(DEMO, "p1"),
            id="p1",
            project=DEMO,
            provider="github",
            issuer="https://issuer.example",
            subject="octo/demo",
            claims="{}",
            registered_by="alice",
            created=NOON,
        )
        items.write(Put(item=item))
        return item

    def spent(self, jti: str) -> Put:
        item = Spent(*Spent.key("https://issuer.example", jti), expires_at=int(NOON.timestamp()) + 900)
        return Put(item=item, condition=Condition.ABSENT)

    def issued(self, jti: str = "1") -> tuple[str, accounts.TokenInfo]:
        claims = {"sub": "octo/demo"}
        return accounts.issue_for_publisher({DEMO: "p1"}, by=self.ORIGIN, claims=claims, also=[self.spent(jti)])

    def test_publishes_to_its_project_for_a_quarter_of_an_hour(self, publisher: Publisher) -> None:
        text, info = self.issued()
        assert (info.account, info.projects, info.scopes) == ("", {DEMO}, {Scope.PUBLISH})
        actor = accounts.authenticate(text, VISITOR)
        assert (actor.name, actor.role, actor.credential) == ("github:octo/demo", None, f"token {info.id}")
        by = replace(VISITOR, actor=actor)
        publishing.publish(a_wheel(version="2.0").received(), by=by, overwrite=False)
        with pytest.raises(NotAllowed):
            publishing.publish(a_wheel("other-pkg").received(), by=by, overwrite=False)
        assert not opens(text, NOON + timedelta(minutes=15))

    def test_ends_with_its_publisher_warm_or_cold(self, publisher: Publisher, items: Store) -> None:
        warm, _ = self.issued("1")
        cold, _ = self.issued("2")
        assert opens(warm)
        items.write(Delete(item=publisher))
        for text in (warm, cold):
            with pytest.raises(NotAuthenticated, match="no longer registered"):
                accounts.authenticate(text, VISITOR)

    def test_is_made_once_of_one_identity_token(self, publisher: Publisher) -> None:
        self.issued("1")
        before = journal.newest()
        with pytest.raises(ConditionFailed):
            self.issued("1")
        assert journal.newest() == before
        self.issued("2")

    def test_is_burnt_by_who_has_it_and_once(self, publisher: Publisher) -> None:
        text, info = self.issued()
        assert opens(text)
        for wrong in (text[:-1], info.id, "", secret.new(), "é", "\ud800"):
            assert not accounts.burn(wrong, by=VISITOR)
        assert accounts.burn(text, by=VISITOR)
        assert not opens(text)
        assert not accounts.burn(text, by=VISITOR)
        (entry,) = journal.latest(1)
        assert (entry.action, entry.actor, entry.target) == ("token-burn", "github:octo/demo", info.id)

    def test_of_an_account_is_not_burnt(self, carol: str) -> None:
        text, _ = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
        assert not accounts.burn(text, by=VISITOR)
        assert opens(text)


class TestNoSecret:
    """Is written down anywhere."""

    @pytest.fixture
    def secrets(self, carol: str, caplog: pytest.LogCaptureFixture) -> list[str]:
        """Every secret there was, after everything has happened to them."""
        caplog.set_level(logging.DEBUG)
        text, _ = accounts.issue(carol, scopes=EVERY_SCOPE, description="for tests", by=ADMIN)
        ended, ended_info = accounts.issue("alice", scopes=EVERY_SCOPE, by=ADMIN)
        made = accounts.set_password(carol, None, by=ADMIN)
        assert made is not None
        for header in (
            basic(carol, made),
            f"Bearer {text}",
            basic("__token__", ended),
            basic("alice", "correct horse"),
        ):
            client = Client(headers={"authorization": header})
            assert client.get("/simple/").status_code == 200
            client.post("/legacy/", a_wheel().upload())
        # Wrong ones too: they are often right elsewhere.
        guesses = ["my bank's password", text[:-1] + "_", ended + "0"]
        for guess in guesses:
            assert Client(headers={"authorization": basic(carol, guess)}).get("/simple/").status_code == 401
            assert Client(headers={"authorization": basic("__token__", guess)}).get("/simple/").status_code == 401
            # The password in place of the name.
            assert Client(headers={"authorization": basic(guess, "")}).get("/simple/").status_code == 401
            assert Client(headers={"authorization": basic(guess, "x")}).get("/simple/").status_code == 401
        accounts.revoke(ended_info.id, by=ADMIN)
        with pytest.raises(NotAllowed):
            accounts.revoke(text, by=CAROL)
        assert opens(text)
        return [text, ended, made, PASSWORD, "correct horse", *guesses]

    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_in_the_files_of_the_index(self, secrets: list[str], machine: Path) -> None:
        store.cache_clear()
        contents = [path.read_bytes() for path in machine.rglob("*") if path.is_file()]
        assert any(b"token-create" in content for content in contents)
        for one in secrets:
            assert not any(one.encode() in content for content in contents), one

    @pytest.mark.parametrize("home", ["aws"], indirect=True)
    def test_in_the_table(self, secrets: list[str]) -> None:
        whole = [str(item.to_dynamodb_dict()) for item in Item.scan(consistent_read=True)]
        assert any("token-create" in item for item in whole)
        for one in secrets:
            assert not any(one in item for item in whole), one

    def test_in_the_journal_or_the_log(self, secrets: list[str], caplog: pytest.LogCaptureFixture) -> None:
        entries = [str(journal.as_json(entry)) for entry in journal.entries()]
        assert any("login-failure" in entry for entry in entries)
        for one in secrets:
            assert not any(one in entry for entry in entries), one
            # What goes over the wire to AWS, botocore logs when it is told to; that has been looked at above.
            ours = [record.getMessage() for record in caplog.records if not record.name.startswith("boto")]
            assert not any(one in message for message in ours), one

    def test_in_what_is_kept_of_a_token(self, carol: str) -> None:
        text, info = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
        token = stored(info.id)
        assert token.sha256 == secret.digest(text)
        assert text not in str(token.to_dynamodb_dict())
        assert text not in repr(info)
        assert text not in repr(accounts.authenticate(text, VISITOR))


def test_an_account_that_is_older_than_its_tokens_may_lack_the_time_it_was_made(carol: str, items: Store) -> None:
    text, _ = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
    account = items.get(Account.key(carol))
    assert isinstance(account, Account)
    account.created = None
    items.write(Put(item=account))
    assert opens(text)
