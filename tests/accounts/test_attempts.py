"""How often a wrong password may be tried, and by whom."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.test import Client

from packages import accounts, journal
from packages.access import Role, Scope
from packages.accounts import attempts
from packages.accounts.memory import memory
from packages.errors import NotAuthenticated, TooManyAttempts, Unavailable
from packages.journal import Origin
from packages.models import BRIEF, Failures
from packages.store import Store, store
from tests.accounts.conftest import ADMIN, PASSWORD, VISITOR, Hashes
from tests.builders import NOON
from tests.conftest import basic
from tests.threads import all_at_once

pytestmark = pytest.mark.usefixtures("home")

# NOON is a quarter of a second after twelve; a window ends with a whole second.
AFTER = NOON.replace(microsecond=0) + timedelta(seconds=attempts.WINDOW + 1)
LONG_AFTER = AFTER + timedelta(days=1)


def origin(address: str = "198.51.100.7", time: datetime = NOON) -> Origin:
    return replace(VISITOR, address=address, time=time)


def fail(name: str, by: Origin, times: int = 1) -> None:
    """Try wrong passwords, which are looked at."""
    for number in range(times):
        with pytest.raises(NotAuthenticated):
            accounts.identify(name, f"wrong {number}", by)


def seconds_to_wait(name: str, by: Origin, password: str = PASSWORD) -> int:
    """How long a password is not looked at; 0 if it is, whatever it is."""
    memory.clear()
    try:
        accounts.identify(name, password, by)
    except TooManyAttempts as refusal:
        return refusal.seconds
    except NotAuthenticated:
        pass
    return 0


@pytest.fixture
def low(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that are reached sooner: 2 for both, 5 from an address, 4 for an account."""
    monkeypatch.setattr(attempts, "_LIMITS", (2, 5, 4))


def test_the_limits_are_wide_enough_for_a_mistake_and_no_dictionary() -> None:
    assert (attempts.MOST_FOR_BOTH, attempts.MOST_FROM_ADDRESS, attempts.MOST_FOR_ACCOUNT) == (10, 100, 100)
    assert attempts._LIMITS == (10, 100, 100)
    assert attempts.WINDOW == 300


class TestForAnAccountFromAnAddress:
    def test_the_right_password_is_not_looked_at_either(self, carol: str, hashes: Hashes) -> None:
        fail(carol, origin(), attempts.MOST_FOR_BOTH - 1)
        assert seconds_to_wait(carol, origin()) == 0
        fail(carol, origin(), attempts.MOST_FOR_BOTH)
        hashes.since()
        before = journal.newest()
        assert seconds_to_wait(carol, origin()) == attempts.WINDOW + 1
        with pytest.raises(TooManyAttempts, match=r"none is looked at for 301 seconds\. Tokens are not affected\.$"):
            accounts.identify(carol, "wrong", origin())
        # Neither does it cost anything.
        assert (hashes.since(), journal.newest()) == (0, before)

    @pytest.mark.parametrize("name", ["alice", "nobody", "Carol", "x" * 255, "\x00", "zoë"])
    def test_it_is_the_same_for_those_of_the_settings_and_for_nobody(self, low: None, name: str) -> None:
        fail(name, origin(), 2)
        assert seconds_to_wait(name, origin()) > 0

    def test_others_are_let_in_from_there_and_it_is_from_elsewhere(self, carol: str, low: None) -> None:
        fail(carol, origin(), 2)
        assert seconds_to_wait(carol, origin()) > 0
        assert accounts.identify("alice", "correct horse", origin()).name == "alice"
        assert accounts.identify(carol, PASSWORD, origin("198.51.100.8")).name == carol

    def test_it_ends_with_the_window(self, carol: str, low: None) -> None:
        fail(carol, origin(), 1)
        # The window begins with the first one.
        fail(carol, origin(time=NOON + timedelta(seconds=200)), 1)
        waits = {
            seconds: seconds_to_wait(carol, origin(time=NOON.replace(microsecond=0) + timedelta(seconds=seconds)))
            for seconds in (200, 299, 300)
        }
        assert waits == {200: 101, 299: 2, 300: 1}
        assert seconds_to_wait(carol, origin(time=AFTER)) == 0

    def test_a_new_window_begins_to_count_anew(self, carol: str, low: None) -> None:
        fail(carol, origin(), 2)
        fail(carol, origin(time=AFTER), 1)
        assert seconds_to_wait(carol, origin(time=AFTER), "wrong") == 0
        assert seconds_to_wait(carol, origin(time=AFTER), "wrong") == attempts.WINDOW

    def test_a_right_password_begins_anew(self, carol: str, low: None) -> None:
        for _ in range(2):
            fail(carol, origin(), 1)
            assert accounts.identify(carol, PASSWORD, origin()).name == carol
            memory.clear()
        assert counts(carol, origin()) == [0, 2, 2]

    def test_the_right_password_for_another_account_begins_nothing_anew(self, carol: str, low: None) -> None:
        fail(carol, origin(), 1)
        accounts.identify("alice", "correct horse", origin())
        assert counts(carol, origin()) == [1, 1, 1]

    def test_a_warm_password_is_not_kept_out_by_whoever_guesses(self, carol: str, low: None) -> None:
        accounts.identify(carol, PASSWORD, origin())
        fail(carol, origin(), 2)
        assert accounts.identify(carol, PASSWORD, origin()).name == carol


class TestFromAnAddress:
    def test_no_account_is_tried_any_more(self, carol: str, low: None) -> None:
        for number in range(5):
            fail(f"guess-{number}", origin())
        assert seconds_to_wait(carol, origin()) > 0
        assert seconds_to_wait("alice", origin(), "correct horse") > 0
        assert seconds_to_wait(carol, origin("198.51.100.8")) == 0
        assert seconds_to_wait(carol, origin(time=AFTER)) == 0

    def test_one_job_with_an_old_password_keeps_nobody_else_out(self, carol: str, low: None) -> None:
        fail(carol, origin(), 2)
        for _ in range(20):
            assert seconds_to_wait(carol, origin(), "the old one") > 0
        assert seconds_to_wait("alice", origin(), "correct horse") == 0

    def test_a_right_password_does_not_make_up_for_others(self, low: None) -> None:
        for number in range(4):
            fail(f"guess-{number}", origin())
            accounts.identify("alice", "correct horse", origin())
            memory.clear()
        fail("guess-4", origin())
        assert seconds_to_wait("alice", origin(), "correct horse") > 0

    @pytest.mark.parametrize(
        ("first", "second", "same"),
        [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
            ("2001:db8:1:2::1", "2001:DB8:1:2:0:0:0:1", True),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
            ("::ffff:192.0.2.1", "192.0.2.1", True),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
            ("192.0.2.1", "192.0.2.2", False),
            ("fe80::1%eth0", "fe80::2%eth0", True),
            ("", "", True),
            ("unknown", "unknown", True),
            ("unknown", "192.0.2.1", False),
        ],
    )
    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_a_network_of_64_bits_is_one_address(self, low: None, first: str, second: str, same: bool) -> None:
        fail("carol", origin(first), 2)
        assert (seconds_to_wait("carol", origin(second)) > 0) is same
        assert (accounts.address_block(first) == accounts.address_block(second)) is same


class TestForAnAccount:
    def test_no_address_is_listened_to_any_more(self, carol: str, low: None) -> None:
        for number in range(4):
            fail(carol, origin(f"192.0.2.{number}"))
        assert seconds_to_wait(carol, origin("203.0.113.1")) > 0
        assert seconds_to_wait("alice", origin("203.0.113.1"), "correct horse") == 0
        assert seconds_to_wait(carol, origin("203.0.113.1", AFTER)) == 0

    def test_a_right_password_from_elsewhere_does_not_help_who_guesses(self, carol: str, low: None) -> None:
        for number in range(3):
            fail(carol, origin(f"192.0.2.{number}"))
        assert seconds_to_wait(carol, origin("203.0.113.1")) == 0
        fail(carol, origin("192.0.2.9"))
        assert seconds_to_wait(carol, origin("192.0.2.10")) > 0


class TestWhatIsNotAffected:
    def test_tokens_work_while_passwords_are_not_looked_at(self, carol: str, low: None) -> None:
        cold, _ = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
        for number in range(4):
            fail(carol, origin(f"192.0.2.{number}"))
        fail("nobody", origin(), 2)
        fail("nobody-else", origin(), 2)
        fail("nobody-at-all", origin(), 1)
        assert seconds_to_wait(carol, origin()) > 0
        assert accounts.authenticate(cold, origin()).name == carol
        client = Client(headers={"authorization": basic("__token__", cold)}, REMOTE_ADDR=VISITOR.address)
        assert client.get("/simple/").status_code == 200

    def test_wrong_tokens_count_for_nobody(self, carol: str) -> None:
        text, info = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
        accounts.revoke(info.id, by=ADMIN)
        before = journal.newest()
        for wrong in [text, text[:-1], "epypi_" + "0" * 49, ""] * 10:
            with pytest.raises(NotAuthenticated):
                accounts.authenticate(wrong, origin())
        assert journal.newest() == before
        assert counts(carol, origin()) == [0, 0, 0]

    def test_the_index_without_an_answer_is_no_wrong_password(
        self, carol: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_answer(*arguments: object) -> None:
            raise Unavailable("no")

        with monkeypatch.context() as patched:
            patched.setattr(type(store()), "get_many", no_answer)
            with pytest.raises(Unavailable):
                accounts.identify(carol, "wrong", origin())
        assert counts(carol, origin()) == [0, 0, 0]

    def test_a_wrong_password_that_cannot_be_counted_is_not_called_wrong(
        self, carol: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else whoever can make the index too busy to write could guess for ever."""

        def no_answer(*arguments: object) -> None:
            raise Unavailable("no")

        monkeypatch.setattr(type(store()), "amend", no_answer)
        with pytest.raises(Unavailable):
            accounts.identify(carol, "wrong", origin())
        assert accounts.identify(carol, PASSWORD, origin()).name == carol


@pytest.mark.parametrize("account", ["carol", "nobody"])
def test_none_of_many_at_once_is_lost(carol: str, account: str) -> None:
    def guess(number: int) -> None:
        # Each from an address of its own, so that only the account's own limit could be reached.
        fail(account, origin(f"192.0.2.{number}"))

    all_at_once(guess, 12)
    assert counts(account, origin("192.0.2.3")) == [1, 1, 12]


def test_none_of_many_accounts_at_once_is_lost(carol: str) -> None:
    all_at_once(lambda number: fail(f"guess-{number}", origin()), 12)
    assert counts("guess-3", origin()) == [1, 12, 1]


def test_many_at_once_from_one_address_get_no_more_tries_than_one_by_one(carol: str, hashes: Hashes) -> None:
    refused: list[int] = []

    def guess(number: int) -> None:
        try:
            accounts.identify(carol, f"wrong {number}", origin())
        except TooManyAttempts as refusal:
            refused.append(refusal.seconds)
        except NotAuthenticated:
            pass

    all_at_once(guess, 16)
    assert (hashes.since(), len(refused)) == (attempts.MOST_FOR_BOTH, 16 - attempts.MOST_FOR_BOTH)


class TestTheJournal:
    @pytest.mark.parametrize(
        ("name", "target", "why"),
        [
            ("carol", "carol", "wrong password"),
            ("alice", "alice", "wrong password"),
            # Somebody may have typed the password where the name goes.
            ("my secret password", "", "no such account"),
            ("Carol", "", "no such account"),
            ("\x1b[31m", "", "no such account"),
        ],
    )
    def test_says_who_was_tried_from_where(self, carol: str, name: str, target: str, why: str) -> None:
        before = journal.newest()
        fail(name, replace(origin(), agent="pip/26.0\n\x1b[2J"), 2)
        first, second = journal.latest(2)
        assert (first.serial, second.serial) == (before + 1, before + 2)
        assert journal.as_json(second) == {
            "serial": before + 2,
            "time": "2026-11-23T12:00:00.250000Z",
            "actor": "anonymous",
            "credential": "none",
            "address": "198.51.100.7",
            "agent": "pip/26.0??[2J",
            "action": "login-failure",
            "project": "",
            "target": target,
            "details": {"why": why, "failures": 2},
        }

    def test_says_nothing_of_a_right_password(self, carol: str) -> None:
        before = journal.newest()
        accounts.identify(carol, PASSWORD, origin())
        assert journal.newest() == before

    def test_is_not_filled_by_who_goes_on_guessing(self, carol: str, low: None) -> None:
        before = journal.newest()
        fail(carol, origin(), 2)
        for _ in range(30):
            seconds_to_wait(carol, origin(), "wrong")
        assert journal.newest() == before + 2


def test_says_in_the_answer_how_long_to_wait(carol: str, low: None) -> None:
    client = Client(headers={"authorization": basic(carol, "wrong")}, REMOTE_ADDR="203.0.113.5")
    answers = [client.get("/simple/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= attempts.WINDOW + 1
    assert "none is looked at for" in answers[2].reason_phrase
    assert "WWW-Authenticate" not in answers[2]
    (entry,) = journal.latest(1)
    assert (entry.address, entry.target) == ("203.0.113.5", carol)


def test_counts_are_forgotten_after_a_while(carol: str, items: Store, home: str) -> None:
    fail(carol, origin())
    keys = attempts.keys(carol, VISITOR.address)
    for pk, _ in keys:
        # Where the table's own expiry, and forget_expired, look.
        assert pk.startswith(BRIEF)
    for item in items.get_many(keys):
        assert isinstance(item, Failures)
        assert item.to_dynamodb_dict()["expires_at"]["N"] == str(int(AFTER.timestamp()))
    forgotten = items.forget_expired(LONG_AFTER.timestamp())
    if home == "machine":
        assert forgotten == 3
        assert items.get_many(keys) == [None] * 3


def test_an_account_that_got_a_name_anew_is_no_way_around(carol: str, low: None) -> None:
    fail(carol, origin(), 2)
    accounts.delete(carol, by=ADMIN)
    accounts.create(carol, role=Role.READER, password=PASSWORD, by=ADMIN)
    assert seconds_to_wait(carol, origin()) > 0


def counts(name: str, by: Origin) -> list[int]:
    """The failures of both, from the address, and for the account."""
    found = store().get_many(attempts.keys(name, by.address))
    return [int(item.number) if isinstance(item, Failures) else 0 for item in found]
