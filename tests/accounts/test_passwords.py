"""Who has a password: what opens an account, what does not, and what each try costs."""

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import get_hasher, make_password
from django.test import Client
from pytest_django import Settings

from packages import accounts, journal
from packages.access import ANONYMOUS, Actor, Role
from packages.accounts import attempts, passwords
from packages.accounts.memory import Memory, memory
from packages.auth import actor_from
from packages.errors import InvalidRequest, NotAuthenticated, TooManyAttempts, Unavailable
from packages.models import Account
from packages.store import Put, Store, store
from pypi_project.settings import FixedAccount
from tests.accounts.conftest import ADMIN, PASSWORD, VISITOR, Hashes
from tests.builders import NOON, an_origin
from tests.conftest import basic
from tests.counting import counting
from tests.threads import all_at_once

pytestmark = pytest.mark.usefixtures("home")
# What does not depend on the engine.
ON_ONE_HOME = pytest.mark.parametrize("home", ["machine"], indirect=True)


def knows(name: str, password: str) -> bool:
    """Whether somebody is let in with these; each time from another address, so that no limit is reached."""
    knows.count += 1  # type: ignore[attr-defined]
    visitor = replace(VISITOR, address=f"2001:db8:{knows.count:x}::1")  # type: ignore[attr-defined]
    try:
        return accounts.identify(name, password, visitor).name == name
    except NotAuthenticated:
        return False


knows.count = 0  # type: ignore[attr-defined]


@ON_ONE_HOME
class TestTheSettingsAccounts:
    @pytest.mark.parametrize(
        ("name", "password", "known"),
        [
            ("alice", "correct horse", True),
            ("bob", "with:colon", True),
            ("alice", "with:colon", False),
            ("alice", "", False),
            ("alice", "correct hörse", False),
            ("alice", "correct horse ", False),
            ("alice", "correct\u00a0horse", False),
            ("Alice", "correct horse", False),
            ("alice ", "correct horse", False),
            ("", "", False),
            ("nobody", "correct horse", False),
        ],
    )
    def test_are_known_by_their_passwords(self, name: str, password: str, known: bool) -> None:
        assert knows(name, password) is known

    @pytest.mark.parametrize("role", Role)
    def test_have_the_role_that_the_settings_give(self, settings: Settings, role: Role) -> None:
        settings.ACCOUNTS = {"dave": FixedAccount("secret", role.value)}
        assert accounts.identify("dave", "secret", VISITOR) == Actor(name="dave", role=role)

    def test_stand_before_one_of_the_index_of_the_same_name(self, carol: str, settings: Settings) -> None:
        assert knows(carol, PASSWORD)
        settings.ACCOUNTS = {carol: FixedAccount("another", "reader")}
        memory.clear()
        assert not knows(carol, PASSWORD)
        assert accounts.identify(carol, "another", VISITOR).role is Role.READER


class TestTheIndexsAccounts:
    @ON_ONE_HOME
    @pytest.mark.parametrize(
        "password",
        [
            "with:colons::and more:",
            ":begins with one",
            "ends with one:",
            "pässwörd für Zoë",
            "пароль длинный",
            "\N{LOCK}" * 12,
            " spaces around it ",
            "tab\tand\nline break",
            "nul\x00in the middle",
            "x" * passwords.LONGEST_PASSWORD,
            "\N{LOCK}" * passwords.LONGEST_PASSWORD,
            "$md5$looks$like$a$hash",
        ],
    )
    def test_take_every_password_that_is_long_enough(self, password: str) -> None:
        accounts.create("carol", role=Role.READER, password=password, by=ADMIN)
        assert actor_from(basic("carol", password), VISITOR) == Actor(name="carol", role=Role.READER)
        memory.clear()
        assert not knows("carol", password[:-1])
        assert not knows("carol", password + "x")

    def test_know_a_password_as_it_is_written_and_not_as_it_looks(self) -> None:
        accounts.create("carol", role=Role.READER, password="caf\u00e9 caf\u00e9 caf\u00e9", by=ADMIN)
        assert knows("carol", "caf\u00e9 caf\u00e9 caf\u00e9")
        assert not knows("carol", "cafe\u0301 cafe\u0301 cafe\u0301")

    @ON_ONE_HOME
    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("Carol", id="a capital"),
            pytest.param("CAROL", id="capitals"),
            pytest.param("carol ", id="a space behind"),
            pytest.param(" carol", id="a space before"),
            pytest.param("carol\n", id="a line break behind"),
            pytest.param("carol\x00", id="NUL behind"),
            pytest.param("\uff43\uff41\uff52\uff4f\uff4c", id="fullwidth"),
            pytest.param("\u0441arol", id="a Cyrillic letter"),
            pytest.param("car\u03bfl", id="a Greek letter"),
            pytest.param("caro\u217c", id="a Roman numeral that is l after NFKC"),
            pytest.param("\u24d2arol", id="a letter in a circle"),
            pytest.param("carol\u200b", id="a space without width"),
            pytest.param("carol\u0301", id="a combining accent"),
            pytest.param("\u202ecarol", id="from right to left"),
            pytest.param("ca\u00adrol", id="a soft hyphen"),
            pytest.param("carol#", id="as if it were a key"),
            pytest.param("carol#token#1", id="as if it were another's key"),
            pytest.param("CARO\u0130", id="a dotted capital I"),
        ],
    )
    def test_have_no_names_that_look_like_others(self, carol: str, name: str) -> None:
        assert not knows(name, PASSWORD)
        with pytest.raises(InvalidRequest, match="cannot be the name of an account"):
            accounts.create(name, role=Role.READER, by=ADMIN)
        assert accounts.lookup(name) is None
        assert knows(carol, PASSWORD)

    @ON_ONE_HOME
    @pytest.mark.parametrize("name", ["__token__", "anonymous", "operator", "bucket", "", "x" * 65, "x" * 3000])
    def test_have_no_names_that_mean_something_else(self, name: str) -> None:
        with pytest.raises(InvalidRequest):
            accounts.create(name, role=Role.ADMIN, by=ADMIN)
        assert not knows(name, PASSWORD)

    @ON_ONE_HOME
    @pytest.mark.parametrize("name", ["c", "carol.smith@example.com", "0", "a" * 64, "ci+release_1-x"])
    def test_may_be_called_so(self, name: str) -> None:
        accounts.create(name, role=Role.READER, password=PASSWORD, by=ADMIN)
        assert knows(name, PASSWORD)

    @ON_ONE_HOME
    @pytest.mark.parametrize("password", ["", "short", "password1234", "123456789012", "x" * 1025, "x" * 1_000_000])
    def test_take_no_password_that_is_easily_found_or_never_ends(self, carol: str, password: str) -> None:
        for change in (
            lambda: accounts.set_password(carol, password, by=ADMIN),
            lambda: accounts.create("dave", role=Role.READER, password=password, by=ADMIN),
        ):
            with pytest.raises(InvalidRequest, match=r"^The password (will not do|is too long)"):
                change()
        assert accounts.lookup("dave") is None
        assert knows(carol, PASSWORD)

    def test_take_no_password_that_is_the_name(self) -> None:
        with pytest.raises(InvalidRequest, match="the account's name"):
            accounts.create("carol.the.first", role=Role.READER, password="Carol.The.First", by=ADMIN)

    def test_refuse_without_a_look_what_no_account_can_have(self, carol: str, hashes: Hashes, home: str) -> None:
        before = journal.newest()
        for name, password in (
            (carol, ""),
            (carol, "x" * 1025),
            (carol, "x" * 1_000_000),
            ("", PASSWORD),
            ("x" * 256, PASSWORD),
            ("x" * 1_000_000, PASSWORD),
        ):
            assert not knows(name, password)
        assert (hashes.since(), journal.newest()) == (0, before)

    def test_are_kept_with_a_slow_hash_of_a_salt_of_their_own(self, settings: Settings) -> None:
        from pypi_project import settings as product

        settings.PASSWORD_HASHERS = product.PASSWORD_HASHERS
        for name in ("carol", "dave"):
            accounts.create(name, role=Role.READER, password=PASSWORD, by=ADMIN)
        kept = [stored.password for stored in map(account, ("carol", "dave"))]
        assert all(password.startswith("scrypt$") for password in kept)
        assert len(set(kept)) == 2
        assert knows("carol", PASSWORD)
        assert not knows("dave", "another password")

    def test_can_have_an_older_kind_of_hash(self, settings: Settings, carol: str) -> None:
        pbkdf2 = "django.contrib.auth.hashers.PBKDF2PasswordHasher"
        settings.PASSWORD_HASHERS = [*settings.PASSWORD_HASHERS, pbkdf2]
        old = account(carol)
        old.password = make_password(PASSWORD, hasher="pbkdf2_sha256")
        store().write(Put(item=old))
        assert knows(carol, PASSWORD)
        assert not knows(carol, "another password")

    def test_without_a_password_are_opened_by_none(self, carol: str, items: Store) -> None:
        closed = account(carol)
        for nothing in ("", "!", "!unusable", make_password(None)):
            closed.password = nothing
            items.write(Put(item=closed))
            assert not knows(carol, PASSWORD)
            assert not knows(carol, nothing or "x")

    def test_of_the_first_days_have_a_plain_digest_and_no_role(self, items: Store, settings: Settings) -> None:
        settings.ACCOUNTS = {}
        # As the first release wrote it: nothing but a name and a digest.
        digest = hashlib.sha256(b"made of 190 random bits").hexdigest()
        items.write(Put(item=Account(*Account.key("admin"), name="admin", password_sha256=digest)))
        assert accounts.identify("admin", "made of 190 random bits", VISITOR) == Actor(name="admin", role=Role.ADMIN)
        assert not knows("admin", digest)
        assert not knows("admin", "")
        assert accounts.make_first(by=VISITOR) is None
        accounts.set_password("admin", PASSWORD, by=an_origin("admin"))
        assert account("admin").password_sha256 is None
        assert knows("admin", PASSWORD)
        assert not knows("admin", "made of 190 random bits")


def account(name: str) -> Account:
    """An account as it is stored."""
    stored = store().get(Account.key(name))
    assert isinstance(stored, Account)
    return stored


@ON_ONE_HOME
class TestAHeader:
    @pytest.mark.parametrize(
        "header",
        [
            "Basic",
            "Basic :",
            "Basic Og==",
            "Basic " + base64.b64encode(b"carol").decode(),
            "Basic " + base64.b64encode(b"carol:").decode(),
            "Basic " + base64.b64encode(b":" + PASSWORD.encode()).decode(),
            "Basic " + base64.b64encode(f"carol:{PASSWORD}".encode("utf-16")).decode(),
            "Basic " + base64.b64encode(f"carol:{PASSWORD}".encode()).decode()[:-1],
            "Basic " + base64.b64encode(f"carol:{PASSWORD}".encode()).decode() + "=",
            "Basic\u00a0" + base64.b64encode(f"carol:{PASSWORD}".encode()).decode(),
            "Basic " + base64.b64encode(b"carol:\xff\xfe" + PASSWORD.encode()).decode(),
            "Basic " + base64.b64encode(f"carol:{PASSWORD}".encode()).decode().replace("=", "é"),
            "Basic " + "A" * 1_000_001,
            "Basic " + base64.b64encode(b"carol:" + b"x" * 1_000_000).decode(),
            f"Basic carol:{PASSWORD}",
            f"carol:{PASSWORD}",
            "Bearer",
            f"Bearer carol:{PASSWORD}",
            f"Token {PASSWORD}",
            "Digest username=carol",
            "\x00",
            "é",
        ],
    )
    def test_that_cannot_be_read_opens_nothing_and_costs_nothing(self, carol: str, hashes: Hashes, header: str) -> None:
        before = journal.newest()
        with pytest.raises(NotAuthenticated) as caught:
            actor_from(header, VISITOR)
        assert str(caught.value).isascii()
        assert str(caught.value).endswith(".")
        assert (hashes.since(), journal.newest()) == (0, before)

    @pytest.mark.parametrize("header", ["", " ", "\t"])
    def test_that_is_empty_is_nobodys(self, header: str) -> None:
        assert actor_from(header, VISITOR) == ANONYMOUS

    @pytest.mark.parametrize("scheme", ["Basic ", "basic ", "BASIC   "])
    def test_is_read_however_its_scheme_is_written(self, carol: str, scheme: str) -> None:
        credentials = base64.b64encode(f"carol:{PASSWORD}".encode()).decode()
        assert actor_from(f" {scheme}{credentials} ", VISITOR).name == carol

    @pytest.mark.parametrize("header", ["Basic YWxpY2U=", "Basic é", "Basic " + "A" * 100_001, "Digest x"])
    def test_that_cannot_be_read_is_answered_with_how_it_should_be(self, header: str) -> None:
        response = Client().get("/simple/", HTTP_AUTHORIZATION=header)
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Basic realm=")


class TestWhatItCosts:
    """Counted in computations of a password's hash: who measures times finds the same."""

    KINDS = ("of the settings", "of the index", "without a password", "of the first days", "nobody's", "disabled")

    @pytest.fixture
    def names(self, carol: str, items: Store) -> dict[str, str]:
        for name in ("dave", "erin", "frank"):
            accounts.create(name, role=Role.READER, password=PASSWORD, by=ADMIN)
        closed = account("dave")
        closed.password = ""
        items.write(Put(item=closed))
        old = account("erin")
        old.password, old.password_sha256 = "", hashlib.sha256(b"old").hexdigest()
        items.write(Put(item=old))
        accounts.change("frank", disabled=True, by=ADMIN)
        return dict(zip(self.KINDS, ("alice", carol, "dave", "erin", "nobody", "frank"), strict=True))

    @ON_ONE_HOME
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_wrong_password_costs_one_hash_whosever_it_is(
        self, names: dict[str, str], hashes: Hashes, kind: str
    ) -> None:
        hashes.since()
        for password in ("wrong", "wrong again", "x" * passwords.LONGEST_PASSWORD):
            with pytest.raises(NotAuthenticated, match=f"^{passwords.INVALID}$"):
                accounts.identify(names[kind], password, VISITOR)
            assert hashes.since() == 1

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("home", ["aws"], indirect=True)
    def test_a_wrong_password_costs_the_same_calls_whosever_it_is(
        self, names: dict[str, str], kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls = counting(monkeypatch)
        with pytest.raises(NotAuthenticated):
            accounts.identify(names[kind], "wrong", VISITOR)
        # The account with its counts; then the counts again, to count.
        assert calls == ["BatchGetItem", "BatchGetItem", "TransactWriteItems"]

    def test_the_products_hasher_costs_one_hash_too(
        self, carol: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from pypi_project import settings as product

        settings.PASSWORD_HASHERS = product.PASSWORD_HASHERS
        accounts.set_password(carol, PASSWORD, by=ADMIN)
        computed: list[tuple[object, ...]] = []
        scrypt: Any = type(get_hasher("scrypt"))
        encode = scrypt.encode

        def counting(hasher: object, password: str, salt: str, *parameters: int) -> str:
            encoded: str = encode(hasher, password, salt, *parameters)
            computed.append(tuple(encoded.split("$")[:2]) + tuple(encoded.split("$")[3:5]))
            return encoded

        monkeypatch.setattr(scrypt, "encode", counting)
        for name in (carol, "nobody", "alice"):
            assert not knows(name, "wrong")
        # With the same parameters, so that each takes as long as the others.
        assert len(computed) == 3
        assert len(set(computed)) == 1

    def test_one_that_is_right_costs_one_hash_the_first_time_and_none_while_it_is_warm(
        self, carol: str, hashes: Hashes
    ) -> None:
        for _ in range(5):
            accounts.identify(carol, PASSWORD, VISITOR)
        assert hashes.since() == 1
        # From elsewhere too, and with a request.
        accounts.identify(carol, PASSWORD, replace(VISITOR, address="192.0.2.200"))
        assert Client(headers={"authorization": basic(carol, PASSWORD)}).get("/simple/").status_code == 200
        assert hashes.since() == 0

    def test_a_wrong_one_beside_a_warm_one_is_not_warm(self, carol: str, hashes: Hashes) -> None:
        accounts.identify(carol, PASSWORD, VISITOR)
        hashes.since()
        assert not knows(carol, PASSWORD + "x")
        assert not knows("dave", PASSWORD)
        assert hashes.since() == 2
        accounts.identify(carol, PASSWORD, VISITOR)
        assert hashes.since() == 0

    def test_many_at_once_cost_one_hash(self, carol: str, hashes: Hashes) -> None:
        all_at_once(lambda number: accounts.identify(carol, PASSWORD, VISITOR), 8)
        assert hashes.since() == 1

    @pytest.mark.parametrize("home", ["aws"], indirect=True)
    def test_a_warm_one_costs_one_read_and_one_of_the_settings_none(
        self, carol: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        accounts.identify(carol, PASSWORD, VISITOR)
        accounts.identify("alice", "correct horse", VISITOR)
        calls = counting(monkeypatch)
        accounts.identify("alice", "correct horse", VISITOR)
        assert calls == []
        accounts.identify(carol, PASSWORD, VISITOR)
        assert len(calls) == 1
        assert calls[0] in {"GetItem", "BatchGetItem"}


class TestMemory:
    """What is known of a good password is worth no more than the account."""

    def test_is_dropped_when_the_password_changes(self, carol: str, hashes: Hashes) -> None:
        accounts.identify(carol, PASSWORD, VISITOR)
        made = accounts.set_password(carol, None, by=ADMIN)
        assert made is not None
        assert not knows(carol, PASSWORD)
        assert knows(carol, made)
        # Back to the old one: it is looked at anew.
        accounts.set_password(carol, PASSWORD, by=ADMIN)
        hashes.since()
        assert knows(carol, PASSWORD)
        assert not knows(carol, made)
        assert hashes.since() == 2

    @pytest.mark.parametrize(
        "act",
        [
            pytest.param(lambda: accounts.change("carol", disabled=True, by=ADMIN), id="disabled"),
            pytest.param(lambda: accounts.delete("carol", by=ADMIN), id="deleted"),
            pytest.param(lambda: make_anew("carol"), id="made anew"),
        ],
    )
    def test_lets_nobody_in_whose_account_has_ended(self, carol: str, act: Callable[[], object]) -> None:
        assert knows(carol, PASSWORD)
        act()
        assert not knows(carol, PASSWORD)
        with pytest.raises(NotAuthenticated):
            actor_from(basic(carol, PASSWORD), VISITOR)

    def test_says_that_an_account_is_disabled_only_to_who_knows_its_password(self, carol: str) -> None:
        accounts.change(carol, disabled=True, by=ADMIN)
        with pytest.raises(NotAuthenticated, match="'carol' is disabled"):
            accounts.identify(carol, PASSWORD, VISITOR)
        with pytest.raises(NotAuthenticated, match=f"^{passwords.INVALID}$"):
            accounts.identify(carol, "wrong", VISITOR)
        accounts.change(carol, disabled=False, by=ADMIN)
        assert knows(carol, PASSWORD)

    @pytest.mark.parametrize("role", [Role.READER, Role.ADMIN])
    def test_gives_the_role_as_it_is_now(self, carol: str, role: Role) -> None:
        assert accounts.identify(carol, PASSWORD, VISITOR).role is Role.PUBLISHER
        accounts.change(carol, role=role, by=ADMIN)
        assert accounts.identify(carol, PASSWORD, VISITOR).role is role

    def test_does_not_hide_that_the_index_does_not_answer(self, carol: str, monkeypatch: pytest.MonkeyPatch) -> None:
        accounts.identify(carol, PASSWORD, VISITOR)

        def fail(*arguments: object) -> None:
            raise Unavailable("no")

        for method in ("get", "get_many", "revisions"):
            monkeypatch.setattr(type(store()), method, fail)
        with pytest.raises(Unavailable):
            accounts.identify(carol, PASSWORD, VISITOR)

    def test_ends_after_a_while(self, carol: str, hashes: Hashes, monkeypatch: pytest.MonkeyPatch) -> None:
        accounts.identify(carol, PASSWORD, VISITOR)
        accounts.identify("alice", "correct horse", VISITOR)
        hashes.since()
        moment = time.monotonic() + memory._seconds + 1
        monkeypatch.setattr("time.monotonic", lambda: moment)
        accounts.identify(carol, PASSWORD, VISITOR)
        assert hashes.since() == 1
        assert memory.recall(NOON, "password", "alice", "correct horse") is None

    def test_is_bounded(self) -> None:
        small = Memory(most=3, seconds=60)
        for number in range(10):
            small.keep(ANONYMOUS, "password", "carol", f"secret {number}")
        known = [number for number in range(10) if small.recall(NOON, "password", "carol", f"secret {number}")]
        assert known == [7, 8, 9]
        assert len(small._findings) == 3
        small.clear()
        assert small.recall(NOON, "password", "carol", "secret 9") is None

    def test_ends_when_what_it_was_told_ends(self) -> None:
        some = Memory()
        some.keep(ANONYMOUS, "token", "x", ends=NOON)
        assert some.recall(NOON - timedelta(microseconds=1), "token", "x") == ANONYMOUS
        assert some.recall(NOON, "token", "x") is None

    def test_tells_credentials_apart_by_their_parts(self) -> None:
        some = Memory()
        some.keep(ANONYMOUS, "password", "ab", "c")
        for credentials in (("password", "a", "bc"), ("password", "abc"), ("passwordab", "c"), ("token", "ab", "c")):
            assert some.recall(NOON, *credentials) is None
        assert some.recall(NOON, "password", "ab", "c") == ANONYMOUS

    def test_holds_no_password_and_no_digest_that_another_process_could_compute(self) -> None:
        one, two = Memory(), Memory()
        for some in (one, two):
            some.keep(Actor(name="carol", role=Role.READER), "password", "carol", PASSWORD)
        assert PASSWORD not in repr(vars(one))
        assert set(one._findings).isdisjoint(two._findings)
        (key,) = one._findings
        assert hashlib.sha256(PASSWORD.encode()).digest() not in key
        assert len(key) == 32


def make_anew(name: str) -> None:
    """Delete an account and give its name to somebody else."""
    accounts.delete(name, by=ADMIN)
    accounts.create(name, role=Role.ADMIN, by=replace(ADMIN, time=NOON + timedelta(hours=1)))


def test_a_wrong_password_is_told_apart_from_too_many(carol: str) -> None:
    for _ in range(attempts.MOST_FOR_BOTH):
        with pytest.raises(NotAuthenticated):
            accounts.identify(carol, "wrong", VISITOR)
    with pytest.raises(TooManyAttempts):
        accounts.identify(carol, "wrong", VISITOR)
