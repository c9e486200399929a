"""The journal: every change is in it, whole; and nothing that is sealed changes without being seen."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.client import BaseClient
from packaging.utils import NormalizedName

from packages import accounts, journal, publishing
from packages.access import ANONYMOUS, BUCKET, OPERATOR, Actor, ProjectRole, Role, Scope
from packages.errors import Conflict, FileAlreadyExists, NotAllowed, NotAuthenticated, NotFound, Unavailable
from packages.journal import Note, Origin, sealing
from packages.models import BLOCK, SERIAL, Counter, Item, JournalEntry, Seal
from packages.store import Delete, Put, Store, store
from packages.store import sqlite as engine
from tests.builders import NOON, a_wheel, an_origin
from tests.threads import all_at_once

pytestmark = pytest.mark.usefixtures("home")
# What does not depend on the engine.
ON_ONE_HOME = pytest.mark.parametrize("home", ["machine"], indirect=True)

DEMO = NormalizedName("demo-pkg")
ADMIN = an_origin()
CAROL = an_origin("carol", "publisher", credential="token 0123456789abcdef")
VISITOR = Origin(actor=ANONYMOUS, time=NOON, address="198.51.100.7", agent="pip/26.0")
WHEEL = "demo_pkg-1.0-py3-none-any.whl"
PASSWORD = "a long enough secret"


def publish(version: str = "1.0", *, by: Origin = CAROL, **files: bytes) -> None:
    publishing.publish(a_wheel(version=version, files=files).received(), by=by, overwrite=bool(files))


def wrong_password() -> None:
    with pytest.raises(NotAuthenticated):
        accounts.identify("carol", "wrong", VISITOR)


def a_token() -> str:
    """The id of a token that there is."""
    (info,) = accounts.tokens_of("carol", ADMIN.actor)
    return info.id


def token(**changes: Any) -> None:
    accounts.issue("carol", by=ADMIN, **{"scopes": [Scope.READ], **changes})


def removed() -> None:
    publish()
    publishing.remove(DEMO, "1.0", by=CAROL)


def yanked() -> None:
    publish()
    publishing.yank(DEMO, "1.0", by=CAROL)


def with_bob() -> None:
    publish()
    publishing.grant_role(DEMO, "bob", ProjectRole.MAINTAINER, by=CAROL)


def snapshot(home: str) -> dict[tuple[str, str], str]:
    """Everything that is in the index."""
    if home == "aws":
        return {(item.pk, item.sk): str(item.to_dynamodb_dict()) for item in Item.scan(consistent_read=True)}
    rows = cast("engine.SQLiteStore", store())._connection().execute("SELECT pk, sk, body FROM item")
    return {(pk, sk): body for pk, sk, body in rows}


@pytest.fixture
def carol(home: str) -> None:
    accounts.create("carol", role=Role.PUBLISHER, password=PASSWORD, by=ADMIN)


Act = Callable[[], object]
# What makes ready for a change, the change, and what its entry says: action, project, target, details.
CHANGES: dict[str, tuple[Act, Act, tuple[str, str, str, object]]] = {
    "publish": (
        lambda: None,
        publish,
        (
            "publish",
            DEMO,
            WHEEL,
            {"version": "1.0", "size": len(a_wheel().content), "sha256": a_wheel().sha256, "created_for": "carol"},
        ),
    ),
    "publish once more": (
        publish,
        lambda: publish("2.0"),
        (
            "publish",
            DEMO,
            "demo_pkg-2.0-py3-none-any.whl",
            {
                "version": "2.0",
                "size": len(a_wheel(version="2.0").content),
                "sha256": a_wheel(version="2.0").sha256,
            },
        ),
    ),
    "overwrite": (
        publish,
        lambda: publish(more=b"#"),
        (
            "publish",
            DEMO,
            WHEEL,
            {
                "version": "1.0",
                "size": len(a_wheel(files={"more": b"#"}).content),
                "sha256": a_wheel(files={"more": b"#"}).sha256,
                "before": {"sha256": a_wheel().sha256, "removal": ""},
            },
        ),
    ),
    "yank": (
        publish,
        lambda: publishing.yank(DEMO, "1.0", reason="bröken", by=CAROL),
        ("yank", DEMO, WHEEL, {"reason": "bröken", "files": [WHEEL], "versions": ["1.0"]}),
    ),
    "unyank": (
        yanked,
        lambda: publishing.unyank(DEMO, "1.0", by=CAROL),
        ("unyank", DEMO, WHEEL, {"files": [WHEEL], "versions": ["1.0"]}),
    ),
    "remove": (
        publish,
        lambda: publishing.remove(DEMO, "1.0", by=CAROL),
        ("remove", DEMO, WHEEL, {"files": [WHEEL], "versions": ["1.0"]}),
    ),
    "restore": (
        removed,
        lambda: publishing.restore(DEMO, "1.0", by=CAROL),
        ("restore", DEMO, WHEEL, {"files": [WHEEL], "versions": ["1.0"]}),
    ),
    "purge": (
        removed,
        lambda: publishing.purge(DEMO, "1.0", by=CAROL),
        ("purge", DEMO, WHEEL, {"files": [WHEEL], "versions": ["1.0"]}),
    ),
    "status": (
        publish,
        lambda: publishing.set_status(DEMO, "archived", reason="done", by=CAROL),
        (
            "status",
            DEMO,
            DEMO,
            {"before": {"status": "active", "reason": ""}, "after": {"status": "archived", "reason": "done"}},
        ),
    ),
    "grant": (
        publish,
        lambda: publishing.grant_role(DEMO, "bob", ProjectRole.MAINTAINER, by=CAROL),
        ("role", DEMO, "bob", {"before": None, "after": "maintainer"}),
    ),
    "grant another": (
        with_bob,
        lambda: publishing.grant_role(DEMO, "bob", ProjectRole.OWNER, by=CAROL),
        ("role", DEMO, "bob", {"before": "maintainer", "after": "owner"}),
    ),
    "revoke": (
        with_bob,
        lambda: publishing.revoke_role(DEMO, "bob", by=CAROL),
        ("role", DEMO, "bob", {"before": "maintainer", "after": None}),
    ),
    "account": (
        lambda: None,
        lambda: accounts.create("dave", role=Role.READER, by=ADMIN),
        ("account-create", "", "dave", {"after": {"role": "reader"}}),
    ),
    "account's role": (
        lambda: None,
        lambda: accounts.change("carol", role=Role.ADMIN, disabled=True, by=ADMIN),
        (
            "account-change",
            "",
            "carol",
            {"before": {"role": "publisher", "disabled": False}, "after": {"role": "admin", "disabled": True}},
        ),
    ),
    "account's password": (
        lambda: None,
        lambda: accounts.set_password("carol", None, by=ADMIN),
        ("account-password", "", "carol", {}),
    ),
    "account's end": (
        lambda: None,
        lambda: accounts.delete("carol", by=ADMIN),
        ("account-delete", "", "carol", {"before": {"role": "publisher"}}),
    ),
    "token": (
        lambda: None,
        lambda: token(description="für CI", projects=[DEMO], expires=NOON + timedelta(hours=1)),
        (
            "token-create",
            "",
            "its id",
            {
                "account": "carol",
                "description": "für CI",
                "scopes": ["read"],
                "projects": [DEMO],
                "expires": "2026-11-23T13:00:00+00:00",
            },
        ),
    ),
    "token's end": (
        token,
        lambda: accounts.revoke(a_token(), by=ADMIN),
        ("token-revoke", "", "its id", {"account": "carol", "scopes": ["read"]}),
    ),
    "wrong password": (
        lambda: None,
        wrong_password,
        ("login-failure", "", "carol", {"why": "wrong password", "failures": 1}),
    ),
}
BY = {"account": ADMIN, "token": ADMIN, "login": VISITOR}


@pytest.mark.usefixtures("carol")
class TestEveryChange:
    @pytest.mark.parametrize("change", CHANGES)
    @ON_ONE_HOME
    def test_is_one_entry(self, change: str) -> None:
        ready, act, (action, project, target, details) = CHANGES[change]
        ready()
        before = journal.newest()
        act()
        assert journal.newest() == before + 1
        (entry,) = journal.entries(after=before)
        by = BY.get(action.partition("-")[0], CAROL)
        shown = journal.as_json(entry)
        if target == "its id":
            assert len(shown["target"]) == 16
            shown["target"] = target
        assert shown == {
            "serial": before + 1,
            "time": "2026-11-23T12:00:00.250000Z",
            "actor": by.actor.name,
            "credential": by.actor.credential,
            "address": by.address,
            "agent": by.agent,
            "action": action,
            "project": project,
            "target": target,
            "details": details,
        }

    @pytest.mark.parametrize("change", CHANGES)
    @ON_ONE_HOME
    def test_is_there_with_its_entry_or_neither_is(self, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
        ready, act, _ = CHANGES[change]
        ready()
        before, write = snapshot("machine"), engine._apply
        for survived in count():
            calls = count()

            def failing(connection: sqlite3.Connection, change: Any) -> None:
                # A disk that is full after so many changes.
                if next(calls) == survived:  # noqa: B023
                    raise sqlite3.OperationalError("database or disk is full")
                write(connection, change)

            with monkeypatch.context() as patched:
                patched.setattr(engine, "_apply", failing)
                try:
                    act()
                except Unavailable:
                    assert snapshot("machine") == before
                    continue
            break
        # At least the counter, the entry, and what changed.
        assert survived >= 3

    @pytest.mark.parametrize("change", CHANGES)
    @pytest.mark.parametrize("home", ["aws"], indirect=True)
    def test_is_one_transaction_with_its_entry(self, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
        ready, act, _ = CHANGES[change]
        ready()
        before, make_api_call, changed = snapshot("aws"), BaseClient._make_api_call, list[set[str]]()

        def refusing(client: BaseClient, operation: str, arguments: Any) -> Any:
            if operation == "TransactWriteItems":
                steps = [step for change in arguments["TransactItems"] for step in change.values()]
                keys = [step.get("Item") or step["Key"] for step in steps]
                changed.append({key["pk"]["S"].partition("#")[0] for key in keys})
                error = {"Error": {"Code": "ValidationException", "Message": "no"}}
                raise client.exceptions.ClientError(error, operation)
            assert operation not in {"PutItem", "DeleteItem", "UpdateItem"}, "a change without its entry"
            return make_api_call(client, operation, arguments)

        with monkeypatch.context() as patched:
            patched.setattr(BaseClient, "_make_api_call", refusing)
            with pytest.raises(Unavailable):
                act()
        (kinds,) = changed
        assert {"counter", "journal"} < kinds
        assert snapshot("aws") == before
        serial = journal.newest()
        act()
        assert serials(journal.entries(after=serial)) == [serial + 1]

    def test_of_a_project_that_goes_is_its_files_and_then_the_project(self) -> None:
        publish("1.0")
        publish("2.0")
        before = journal.newest()
        publishing.remove(DEMO, by=CAROL)
        publishing.restore(DEMO, by=CAROL)
        publishing.remove(DEMO, by=CAROL)
        publishing.purge(DEMO, by=CAROL)
        entries = [(entry.action, entry.target) for entry in journal.entries(after=before)]
        assert entries == [
            ("remove", "demo-pkg 1.0, 2.0"),
            ("remove-project", "demo-pkg"),
            ("restore", "demo-pkg 1.0, 2.0"),
            ("remove", "demo-pkg 1.0, 2.0"),
            ("remove-project", "demo-pkg"),
            ("purge", "demo-pkg 1.0, 2.0"),
            ("purge-project", "demo-pkg"),
        ]
        (last,) = journal.latest(1)
        assert journal.as_json(last)["details"] == {"before": {"carol": "owner"}}

    def test_that_is_refused_is_none(self, home: str) -> None:
        publish()
        before = snapshot(home)
        stranger = an_origin("dave", "publisher")
        for act, error in (
            (
                lambda: publishing.publish(a_wheel(files={"x": b""}).received(), by=CAROL, overwrite=False),
                FileAlreadyExists,
            ),
            (lambda: publish("2.0", by=stranger), NotAllowed),
            (lambda: publish("2.0", by=VISITOR), NotAuthenticated),
            (lambda: publishing.yank(DEMO, "1.0", by=stranger), NotAllowed),
            (lambda: publishing.yank(DEMO, "9.0", by=CAROL), NotFound),
            (lambda: publishing.remove(DEMO, by=stranger), NotAllowed),
            (lambda: publishing.remove(DEMO, "1.0", by=stranger), NotAllowed),
            (lambda: publishing.restore(DEMO, by=CAROL), Conflict),
            (lambda: publishing.purge(DEMO, by=CAROL), Conflict),
            (lambda: publishing.set_status(DEMO, "quarantined", by=CAROL), NotAllowed),
            (lambda: publishing.grant_role(DEMO, "dave", ProjectRole.OWNER, by=stranger), NotAllowed),
            (lambda: publishing.grant_role(DEMO, "nobody", ProjectRole.OWNER, by=CAROL), NotFound),
            (lambda: publishing.revoke_role(DEMO, "carol", by=CAROL), Conflict),
            (lambda: accounts.create("dave", role=Role.READER, by=CAROL), NotAllowed),
            (lambda: accounts.create("carol", role=Role.READER, by=ADMIN), Conflict),
            (lambda: accounts.delete("carol", by=ADMIN), Conflict),
            (lambda: accounts.issue("carol", scopes=[Scope.READ], by=stranger), NotAllowed),
            (lambda: accounts.revoke("0" * 16, by=ADMIN), NotFound),
        ):
            with pytest.raises(error):
                act()
            assert snapshot(home) == before

    def test_that_changes_nothing_is_none(self, home: str) -> None:
        publish()
        publishing.yank(DEMO, "1.0", reason="why", by=CAROL)
        before = snapshot(home)
        for act in (
            publish,
            lambda: publishing.yank(DEMO, "1.0", reason="why", by=CAROL),
            lambda: publishing.set_status(DEMO, "active", by=CAROL),
            lambda: publishing.grant_role(DEMO, "carol", ProjectRole.OWNER, by=CAROL),
            lambda: accounts.change("carol", role=Role.PUBLISHER, by=ADMIN),
        ):
            act()
            assert snapshot(home) == before

    def test_of_many_at_once_takes_the_next_number(self) -> None:
        before = journal.newest()

        def act(number: int) -> None:
            if number % 3 == 0:
                publish(f"{number}.0")
            elif number % 3 == 1:
                accounts.create(f"account-{number}", role=Role.READER, password=PASSWORD, by=ADMIN)
            else:
                journal.record(Note(action="test", target=str(number)), ADMIN)

        all_at_once(act, 12)
        serials = [int(entry.serial) for entry in journal.entries(after=before)]
        assert serials == list(range(before + 1, before + 13))
        assert list(journal.verify()) == []


def test_is_written_only_with_a_note(items: Store) -> None:
    change = Put(item=Counter(*Counter.key("tests"), value=1))
    with pytest.raises(ValueError, match="every change has its entry"):
        journal.amend([Counter.key("tests")], lambda serial, found: ([change], None, None), ADMIN)
    assert items.get(Counter.key("tests")) is None
    assert journal.newest() == 0


@ON_ONE_HOME
@pytest.mark.parametrize(
    ("by", "actor", "credential", "agent"),
    [
        (Origin(actor=OPERATOR, time=NOON), "operator", "command", ""),
        (Origin(actor=BUCKET, time=NOON, agent="AWS:AID"), "bucket", "bucket", "AWS:AID"),
        (
            replace(ADMIN, actor=Actor(name="github:o/r", publisher="p", credential="token 1")),
            "github:o/r",
            "token 1",
            None,
        ),
        (replace(ADMIN, agent="two\nlines\x1b[2J\x00 and ü\u202e"), "alice", "password", "two?lines?[2J? and ü?"),
        (replace(ADMIN, agent="x" * 100_000), "alice", "password", "x" * 200),
    ],
)
def test_names_whoever_it_was(by: Origin, actor: str, credential: str, agent: str | None) -> None:
    journal.record(Note(action="test", target="é\u2028", details={"ü": [1, None, "\x1b"]}), by)
    (entry,) = journal.latest(1)
    assert (entry.actor, entry.credential, entry.agent) == (actor, credential, by.agent if agent is None else agent)
    shown = journal.as_json(entry)
    assert (shown["target"], shown["details"]) == ("é\u2028", {"ü": [1, None, "\x1b"]})
    assert "\n" not in json.dumps(shown)


# Reading it, over the ends of its partitions.


def note(*targets: object, by: Origin = ADMIN) -> None:
    for target in targets:
        journal.record(Note(action="test", target=str(target)), by)


def begin_at(serial: int) -> None:
    """The next entry is this one, as if there had been that many changes before there was a journal."""
    store().write(Put(item=Counter(*Counter.key(SERIAL), value=serial - 1)))


def serials(entries: Any) -> list[int]:
    return [int(entry.serial) for entry in entries]


class TestReading:
    def test_nothing_of_an_empty_one(self) -> None:
        assert journal.newest() == 0
        assert list(journal.entries()) == []
        assert journal.latest(5) == []
        assert (journal.head(), journal.seals()) == (None, {})
        assert journal.seal(NOON) is None
        assert list(journal.verify()) == []

    @pytest.mark.parametrize("first", [1, BLOCK - 3, 3 * BLOCK - 1, BLOCK, BLOCK + 1])
    def test_in_the_order_of_the_serials(self, first: int) -> None:
        begin_at(first)
        note(*range(6))
        everything = list(range(first, first + 6))
        last = everything[-1]
        assert serials(journal.entries()) == everything
        for cut in range(7):
            assert serials(journal.entries(after=first - 1 + cut)) == everything[cut:]
            assert serials(journal.entries(until=first - 1 + cut)) == everything[:cut]
            assert serials(journal.latest(cut)) == (everything[-cut:] if cut else [])
        assert serials(journal.entries(after=first + 1, until=last - 1)) == everything[2:-1]
        assert serials(journal.latest(100)) == everything
        assert serials(journal.entries(after=last)) == serials(journal.entries(after=10 * last)) == []
        journal.seal(NOON)
        assert list(journal.verify()) == []
        assert journal.seals().keys() == {last}

    def test_does_not_run_into_what_is_being_written(self) -> None:
        note(1, 2, 3)
        seen = []
        for entry in journal.entries():
            seen.append(int(entry.serial))
            if len(seen) < 10:
                note("more")
        assert seen == [1, 2, 3]


# Sealing.


class TestSealing:
    def test_chains_what_is_not_sealed_yet(self) -> None:
        note(1, 2, 3)
        first = journal.seal(NOON)
        assert first is not None
        assert (first.first, first.last, len(first.marks), first.time) == (1, 3, 3 * sealing.MARK, NOON)
        again = journal.seal(NOON + timedelta(hours=1))
        assert again is not None
        assert (again.digest, again.time) == (first.digest, NOON)
        note(4)
        second = journal.seal(NOON)
        assert second is not None
        assert (second.first, second.last) == (4, 4)
        assert journal.seals() == {3: first.digest, 4: second.digest}
        head = journal.head()
        assert head is not None
        assert head.digest == second.digest

    def test_digests_as_the_documents_say(self) -> None:
        """So that somebody else can compute it, from an export, years later."""
        note("é")
        note("two")
        seal = journal.seal(NOON)
        digest = "0" * 64
        for entry in journal.entries():
            text = json.dumps(journal.as_json(entry), sort_keys=True, separators=(",", ":"))
            assert text.isascii()
            own = hashlib.sha256(text.encode()).hexdigest()
            digest = hashlib.sha256((digest + own).encode()).hexdigest()
        assert seal is not None
        assert seal.digest == digest

    def test_takes_some_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for room in ("packages.models.journal", "packages.journal.entries", "packages.journal.sealing"):
            # By its module: of the same name as "entries" is a function that the package shows.
            monkeypatch.setattr(import_module(room), "BLOCK", 4)
        note(*range(10))
        journal.seal(NOON)
        assert list(journal.seals()) == [4, 8, 10]
        assert list(journal.verify()) == []

    def test_by_several_at_once_while_others_publish(self) -> None:
        note(*range(5))

        def act(number: int) -> None:
            if number % 2:
                for _ in range(3):
                    journal.seal(NOON)
                    assert list(journal.verify()) == []
            else:
                note(*range(4))

        all_at_once(act, 8)
        journal.seal(NOON)
        assert journal.newest() == 21
        assert max(journal.seals()) == 21
        assert list(journal.verify()) == []

    def test_that_is_cut_off_leaves_nothing_half(self, home: str, monkeypatch: pytest.MonkeyPatch) -> None:
        note(1, 2)
        before = snapshot(home)

        def no_answer(*arguments: object) -> None:
            raise Unavailable("no")

        with monkeypatch.context() as patched:
            patched.setattr(type(store()), "amend", no_answer)
            with pytest.raises(Unavailable):
                journal.seal(NOON)
        assert snapshot(home) == before

    def test_does_not_change_what_is_sealed_when_accounts_and_projects_are_gone(self) -> None:
        accounts.create("carol", role=Role.PUBLISHER, by=ADMIN)
        publish()
        journal.seal(NOON)
        publishing.remove(DEMO, by=CAROL)
        publishing.purge(DEMO, by=CAROL)
        accounts.delete("carol", by=ADMIN)
        assert list(journal.verify()) == []


# Verifying. Three seals, on the entries 1 to 3, 4 to 6 and 7 to 9; 10 and 11 are not sealed.


@pytest.fixture
def sealed(items: Store) -> Store:
    for start in (1, 4, 7):
        note(*range(start, start + 3))
        journal.seal(NOON)
    note(10, 11)
    return items


def entry_at(serial: int) -> JournalEntry:
    return cast("JournalEntry", store().get(JournalEntry.key(serial)))


def seal_at(last: int) -> Seal:
    return cast("Seal", store().get(Seal.key(last)))


def put(item: Item, **changes: Any) -> None:
    """Store an item with other values, behind the journal's back."""
    for name, value in changes.items():
        setattr(item, name, value)
    store().write(Put(item=item))


def delete(*wanted: Item) -> None:
    for item in wanted:
        store().write(Delete(item=item))


def reseal(*lasts: int) -> None:
    """What whoever can write to the index could do: make seals anew, that fit."""
    delete(*(seal_at(last) for last in journal.seals()), Seal(*Seal.HEAD))
    for last in lasts:
        counter = cast("Counter", store().get(Counter.key(SERIAL)))
        value, counter.value = counter.value, last
        put(counter)
        journal.seal(NOON)
        put(counter, value=value)


def exchange(one: int, other: int, *, serials_too: bool) -> None:
    first, second = entry_at(one), entry_at(other)
    first.sk, second.sk = second.sk, first.sk
    if serials_too:
        first.serial, second.serial = second.serial, first.serial
    put(first)
    put(second)


def edited(*serials: int) -> list[str]:
    return [f"Entry {serial} (test by 'alice') was edited." for serial in serials]


def missing(*serials: int) -> list[str]:
    return [f"Entry {serial} is missing." for serial in serials]


@pytest.mark.usefixtures("sealed")
class TestVerify:
    def kept(self) -> dict[int, str]:
        """What was noted on paper."""
        return journal.seals()

    def test_finds_nothing_in_an_honest_journal(self) -> None:
        assert list(journal.verify()) == []
        assert list(journal.verify(self.kept())) == []
        assert list(journal.verify({6: self.kept()[6]})) == []

    @pytest.mark.parametrize("serial", [1, 5, 9])
    @pytest.mark.parametrize(
        ("attribute", "value"),
        [
            ("serial", 7),
            ("serial", 4),
            ("serial", 10_000),
            ("time", NOON + timedelta(microseconds=1)),
            ("actor", "alice "),
            ("actor", ""),
            ("credential", "token 1"),
            ("address", "192.0.2.2"),
            ("agent", ""),
            ("action", "tes"),
            ("project", "demo-pkg"),
            ("target", "another"),
            ("details", '{"a": 1}'),
            ("details", "no JSON"),
        ],
    )
    @ON_ONE_HOME
    def test_finds_an_edited_entry(self, serial: int, attribute: str, value: object) -> None:
        put(entry_at(serial), **{attribute: value})
        (fault,) = journal.verify()
        assert fault.startswith(f"Entry {serial} (")
        assert fault.endswith(") was edited.")

    def test_finds_values_that_moved_from_one_attribute_to_the_next(self) -> None:
        put(entry_at(5), address="", agent="192.0.2.1tests/1.0")
        assert list(journal.verify()) == edited(5)

    @ON_ONE_HOME
    @pytest.mark.parametrize("serial", [1, 2, 3, 4, 6, 9])
    def test_finds_a_missing_entry(self, serial: int) -> None:
        delete(entry_at(serial))
        assert list(journal.verify()) == missing(serial)

    def test_finds_everything_missing(self) -> None:
        delete(*(entry_at(serial) for serial in range(1, 12)))
        assert list(journal.verify()) == [
            *missing(*range(1, 10)),
            "The journal ends with entry 9, and should end with entry 11.",
        ]

    @ON_ONE_HOME
    @pytest.mark.parametrize("serials_too", [True, False])
    @pytest.mark.parametrize(("one", "other"), [(1, 2), (3, 4), (1, 9), (6, 7)])
    def test_finds_exchanged_entries(self, one: int, other: int, serials_too: bool) -> None:
        exchange(one, other, serials_too=serials_too)
        assert list(journal.verify()) == edited(one, other)

    @ON_ONE_HOME
    @pytest.mark.parametrize(
        "place",
        [
            pytest.param(f"{2:012}~", id="behind one within a seal"),
            pytest.param(f"{2:012} ", id="just behind it"),
            pytest.param(f"{3:012}~", id="behind the last one of a seal"),
            pytest.param(f"{3:012}~~", id="far behind it"),
            pytest.param(f"{6:012}\U0010ffff", id="as far behind it as can be"),
            pytest.param(f"{9:012}~~", id="behind everything that is sealed"),
            pytest.param(f"{11:012}~~", id="behind everything"),
            pytest.param("0", id="before everything"),
            pytest.param(f"{0:012}", id="as the entry before the first"),
            pytest.param("zzz", id="at the end of the partition"),
            pytest.param(f"{BLOCK + 2:012}", id="in another's partition"),
            pytest.param("\N{ARABIC-INDIC DIGIT ONE}" * 12, id="in other digits"),
        ],
    )
    @pytest.mark.parametrize("serial", [2, 11])
    def test_finds_an_inserted_entry_wherever_it_lies(self, place: str, serial: int) -> None:
        """For whoever lists the journal sees it."""
        put(entry_at(serial), sk=place, actor="mallory")
        assert "mallory" in [entry.actor for entry in journal.entries()]
        faults = list(journal.verify())
        assert faults
        assert any("inserted" in fault or "missing" in fault or "comes entry" in fault for fault in faults), faults

    def test_finds_an_entry_that_took_anothers_place(self) -> None:
        delete(entry_at(5))
        put(entry_at(2), sk=f"{5:012}")
        assert list(journal.verify()) == ["Entry 5 (test by 'alice') was edited."]

    @ON_ONE_HOME
    @pytest.mark.parametrize("serial", [12, 13, 500, BLOCK - 1])
    def test_finds_an_entry_beyond_the_end(self, serial: int) -> None:
        put(entry_at(11), sk=f"{serial:012}", serial=serial)
        assert list(journal.verify()) == [f"Entry {serial} (test by 'alice') was inserted: the journal ends with 11."]

    @pytest.mark.parametrize(
        ("statement", "fault"),
        [
            ("INSERT INTO item SELECT pk, '000000000001z', body FROM item WHERE {}", "was inserted."),
            ("INSERT INTO item SELECT pk, '000000000001z', 'none' FROM item WHERE {}", "cannot be read, was inserted."),
            ("UPDATE item SET body = 'none' WHERE {}", "cannot be read, was edited."),
            ("UPDATE item SET body = replace(body, '\"journal-entry\"', '\"no-kind\"') WHERE {}", "was edited."),
            ("UPDATE item SET body = replace(body, '\"journal-entry\"', '\"account\"') WHERE {}", "was edited."),
            ("UPDATE item SET body = replace(body, 'alice', 'eve') WHERE {}", "(test by 'eve') was edited."),
        ],
    )
    @ON_ONE_HOME
    def test_finds_what_was_done_to_the_file_itself(self, machine: Path, statement: str, fault: str) -> None:
        """Where a row lies counts, not where its text says that it lies; and no text ends the search."""
        with closing(sqlite3.connect(machine / "index.sqlite3")) as connection, connection:
            connection.execute(statement.format("pk = 'journal#000000000' AND sk = '000000000002'"))
        (told,) = journal.verify()
        assert told.endswith(fault), told
        assert {entry.serial for entry in journal.entries()} >= {1, *range(3, 12)}

    @ON_ONE_HOME
    def test_finds_what_is_no_seal_among_the_seals(self, machine: Path) -> None:
        with closing(sqlite3.connect(machine / "index.sqlite3")) as connection, connection:
            connection.execute("INSERT INTO item VALUES (?, 'x', 'none')", [Seal.PARTITION])
        assert list(journal.verify()) == ["What lies among the seals as 'x' is no seal."]
        assert list(journal.seals()) == [3, 6, 9]

    def test_finds_a_gap_in_what_is_not_sealed(self) -> None:
        delete(entry_at(10))
        assert list(journal.verify()) == ["After entry 9 comes entry 11."]

    def test_finds_an_end_that_is_missing(self) -> None:
        delete(entry_at(11))
        assert list(journal.verify()) == ["The journal ends with entry 10, and should end with entry 11."]

    @ON_ONE_HOME
    @pytest.mark.parametrize("last", [3, 6, 9])
    def test_finds_a_digest_of_a_seal_that_was_edited(self, last: int) -> None:
        put(seal_at(last), digest="f" * 64)
        faults = list(journal.verify())
        assert f"The seal on the entries {last - 2} to {last} does not fit them, or the seal before." in faults

    @ON_ONE_HOME
    @pytest.mark.parametrize("last", [3, 6, 9])
    def test_finds_marks_that_were_edited(self, last: int) -> None:
        put(seal_at(last), marks="f" * 3 * sealing.MARK)
        assert list(journal.verify()) == edited(last - 2, last - 1, last)

    @ON_ONE_HOME
    @pytest.mark.parametrize(
        "bounds", [{"first": 5}, {"first": 3}, {"last": 7}, {"last": 10**11}, {"first": -5}, {"first": 6, "last": 5}]
    )
    def test_finds_bounds_of_a_seal_that_were_edited(self, bounds: dict[str, int]) -> None:
        put(seal_at(6), **bounds)
        assert list(journal.verify()) != []

    def test_finds_an_edited_entry_whose_mark_was_edited_too(self) -> None:
        put(entry_at(5), actor="mallory")
        own = sealing._digest(entry_at(5))[: sealing.MARK]
        seal = seal_at(6)
        put(seal, marks=seal.marks[: sealing.MARK] + own + seal.marks[2 * sealing.MARK :])
        assert list(journal.verify()) == ["The seal on the entries 4 to 6 does not fit them, or the seal before."]

    @pytest.mark.parametrize(
        ("lasts", "sentence"),
        [
            ([3], "The seal on the entries 1 to 3 is missing."),
            ([6], "The seal on the entries 4 to 6 is missing."),
            ([3, 6], "The seal on the entries 1 to 6 is missing."),
            ([9], "The last seal ends with entry 6, and should end with entry 9."),
            ([6, 9], "The last seal ends with entry 3, and should end with entry 9."),
            ([3, 6, 9], "The last seal ends with entry 0, and should end with entry 9."),
        ],
    )
    def test_finds_that_a_seal_was_removed(self, lasts: Sequence[int], sentence: str) -> None:
        delete(*map(seal_at, lasts))
        assert sentence in list(journal.verify())

    def test_finds_that_the_copy_of_the_last_seal_was_changed(self) -> None:
        """The next seal would go on from it, and it is what is kept elsewhere."""
        head = journal.head()
        assert head is not None
        put(head, digest="f" * 64)
        (fault,) = journal.verify()
        assert fault == "The seal on entry 9 differs from its own copy, by which the next one goes on."

    @ON_ONE_HOME
    @pytest.mark.parametrize("last", [3, 6, 12])
    def test_finds_that_the_copy_of_the_last_seal_is_another(self, last: int) -> None:
        head = journal.head()
        assert head is not None
        put(head, last=last)
        assert f"The last seal ends with entry 9, and should end with entry {last}." in list(journal.verify())

    def test_finds_that_the_copy_of_the_last_seal_is_gone(self) -> None:
        delete(Seal(*Seal.HEAD))
        assert list(journal.verify()) == ["The last seal ends with entry 9, and should end with entry 0."]

    @ON_ONE_HOME
    @pytest.mark.parametrize("lasts", [(3, 6, 9), (6, 9), (9,), (11,)])
    def test_finds_seals_that_were_made_anew_by_those_that_were_kept(self, lasts: tuple[int, ...]) -> None:
        kept = self.kept()
        put(entry_at(2), actor="mallory")
        reseal(*lasts)
        # All by itself it fits again: that is why one is kept elsewhere.
        assert list(journal.verify()) == []
        faults = list(journal.verify({9: kept[9]}))
        if 9 in lasts:
            assert faults == ["The seal on entry 9 is not the one that was kept elsewhere."]
        else:
            assert faults == ["There is no seal that ends with entry 9, which was kept elsewhere."]
        assert list(journal.verify(kept)) != []

    def test_finds_that_the_end_was_cut_off_by_a_seal_that_was_kept(self) -> None:
        kept = self.kept()
        delete(*(entry_at(serial) for serial in range(7, 12)), seal_at(9))
        put(cast("Counter", store().get(Counter.key(SERIAL))), value=6)
        head = seal_at(6)
        head.pk, head.sk = Seal.HEAD
        put(head)
        assert list(journal.verify()) == []
        faults = list(journal.verify(kept))
        assert faults == ["There is no seal that ends with entry 9, which was kept elsewhere."]

    def test_tells_several_faults_each_once(self) -> None:
        put(entry_at(1), actor="mallory")
        delete(entry_at(5))
        put(entry_at(9), target="x")
        faults = list(journal.verify())
        assert faults == ["Entry 1 (test by 'mallory') was edited.", *missing(5), *edited(9)]

    def test_is_not_led_astray_by_signs_for_a_terminal(self) -> None:
        put(entry_at(1), actor="\x1b[2J\u202e")
        (fault,) = journal.verify()
        assert fault.isascii()
        assert fault.isprintable()

    def test_finds_nothing_while_somebody_seals(self, monkeypatch: pytest.MonkeyPatch) -> None:
        verify_batch = sealing._verify_batch

        def meanwhile(*arguments: Any) -> Any:
            note("one more")
            journal.seal(NOON)
            return verify_batch(*arguments)

        monkeypatch.setattr(sealing, "_verify_batch", meanwhile)
        assert list(journal.verify()) == []

    def test_finds_nothing_while_others_write(self) -> None:
        faults: list[str] = []

        def act(number: int) -> None:
            if number < 3:
                note(*range(5))
            else:
                for _ in range(5):
                    faults.extend(journal.verify())

        all_at_once(act, 6)
        assert faults == []


class TestOverTheEndOfAPartition:
    """The entries 997 to 1003 lie in two."""

    @pytest.fixture(autouse=True)
    def _entries(self, items: Store) -> None:
        begin_at(997)
        note(*range(7))

    @pytest.mark.parametrize("lasts", [(1003,), (999, 1003), (1000, 1003), (997, 998, 1001)])
    def test_finds_what_was_done_to_each_entry(self, lasts: tuple[int, ...]) -> None:
        reseal(*lasts)
        assert list(journal.verify()) == []
        for serial in range(998, lasts[-1] + 1):
            good = entry_at(serial)
            delete(good)
            assert list(journal.verify()) == missing(serial)
            put(good)
            put(entry_at(serial), target="another")
            assert list(journal.verify()) == edited(serial)
            put(entry_at(serial), target=str(serial - 997))
            assert list(journal.verify()) == []

    @pytest.mark.parametrize("lasts", [(1003,), (999, 1003), (1000, 1003), (1001,)])
    @pytest.mark.parametrize(
        ("block", "place"),
        [
            (0, f"{999:012}~~"),
            (0, "zzz"),
            (0, "0"),
            (0, f"{1000:012}"),
            (1, "0"),
            (1, f"{999:012}"),
            (1, f"{1000:012}~~"),
            (1, f"{1003:012}~~"),
            (1, "zzz"),
        ],
    )
    @ON_ONE_HOME
    def test_finds_an_inserted_entry_wherever_it_lies(self, lasts: tuple[int, ...], block: int, place: str) -> None:
        reseal(*lasts)
        put(entry_at(1001), pk=JournalEntry.partition(block), sk=place, actor="mallory")
        assert "mallory" in [entry.actor for entry in journal.entries()]
        assert list(journal.verify()) == ["Entry 1001 (test by 'mallory') was inserted."]


def test_a_journal_that_began_later_than_its_index_is_whole(items: Store) -> None:
    begin_at(57)
    assert list(journal.verify()) == []
    assert journal.seal(NOON) is None
    note(1, 2)
    assert list(journal.verify()) == []
    journal.seal(NOON)
    assert list(journal.verify()) == []
    delete(entry_at(57))
    assert list(journal.verify()) == missing(57)
