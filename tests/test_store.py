"""The store's contract: every test runs over both engines."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from packaging.utils import NormalizedName

from packages.errors import NotFound, Unavailable
from packages.models import Counter, Failures, Item, Project, ProjectEntry, Unreadable
from packages.patience import patience
from packages.store import Change, Condition, ConditionFailed, Delete, Put, Store, store
from tests.threads import all_at_once


def entry(name: str, serial: int = 0) -> ProjectEntry:
    return ProjectEntry(ProjectEntry.PARTITION, name, name=name, serial=serial)


def a_counter(value: int) -> Counter:
    return Counter(*Counter.key("tests"), value=value)


def counter_value(item: Item | None) -> int:
    return int(item.value) if isinstance(item, Counter) else 0


def test_gives_back_what_was_put(items: Store) -> None:
    items.write(Put(item=entry("demo", serial=7)))
    stored = items.get((ProjectEntry.PARTITION, "demo"))
    assert isinstance(stored, ProjectEntry)
    assert (stored.name, stored.serial) == ("demo", 7)


def test_gives_none_for_what_is_absent(items: Store) -> None:
    assert items.get(("no", "where")) is None


def test_reads_many_in_the_order_of_their_keys(items: Store) -> None:
    items.write(Put(item=entry("b")))
    items.write(Put(item=entry("a")))
    found = items.get_many([("no", "where"), (ProjectEntry.PARTITION, "b"), (ProjectEntry.PARTITION, "a")])
    assert [item and item.sk for item in found] == [None, "b", "a"]


def test_fills_in_the_defaults_of_what_was_left_out(items: Store) -> None:
    items.write(Put(item=Project("project#demo", "#", name="demo")))
    stored = items.get(("project#demo", "#"))
    assert isinstance(stored, Project)
    assert (stored.name, stored.serial, stored.status, stored.removed) == ("demo", 0, "active", False)


def test_queries_a_partition_in_order_and_by_prefix(items: Store) -> None:
    for name in ("file#b", "file#a", "file#é", "fild", "filf", "other"):
        items.write(Put(item=ProjectEntry("here", name, name=name)))
    items.write(Put(item=ProjectEntry("elsewhere", "file#c", name="c")))
    assert [item.sk for item in items.query("here", "file#")] == ["file#a", "file#b", "file#é"]
    assert len(list(items.query("here"))) == 6


def test_queries_to_the_end_of_a_long_partition(items: Store, home: str) -> None:
    # Two pages and a bit of either engine: 1,000 rows of SQLite, 1 MB of DynamoDB.
    count, size = {"machine": (2100, 10), "aws": (25, 100_000)}[home]
    names = [f"project-{number:05}" for number in range(count)]
    for name in names:
        items.write(Put(item=ProjectEntry(ProjectEntry.PARTITION, name, name="x" * size)))
    assert [item.sk for item in items.query(ProjectEntry.PARTITION)] == names


def test_reads_every_item_of_some_kinds(items: Store) -> None:
    for name in ("a", "é", "z#"):
        items.write(Put(item=entry(name)))
        items.write(Put(item=Project(f"project#{name}", "#", name=name)))
    items.write(Put(item=ProjectEntry("elsewhere", "x", name="x")))
    items.write(Put(item=a_counter(1)))
    assert sorted((item.pk, item.sk) for item in items.every(ProjectEntry)) == [
        (ProjectEntry.PARTITION, "a"),
        (ProjectEntry.PARTITION, "z#"),
        (ProjectEntry.PARTITION, "é"),
        ("elsewhere", "x"),
    ]
    assert {type(item) for item in items.every(ProjectEntry, Project)} == {ProjectEntry, Project}
    assert len(list(items.every(ProjectEntry, Project))) == 7
    assert list(items.every(Failures)) == []


def test_reads_every_item_of_a_long_table(items: Store, home: str) -> None:
    # Two pages and a bit of either engine, and between the items others that are not asked for.
    count, size = {"machine": (2100, 10), "aws": (25, 100_000)}[home]
    for number in range(count):
        items.write(Put(item=ProjectEntry(f"here-{number % 7}", f"{number:05}", name="x" * size)))
        if number % 3 == 0:
            items.write(Put(item=Counter(f"here-{number % 7}", f"{number:05}#", value=number)))
    found = [item.sk for item in items.every(ProjectEntry)]
    assert sorted(found) == [f"{number:05}" for number in range(count)]
    assert len(list(items.every(Counter))) == (count + 2) // 3


def test_reads_every_item_as_it_is_now(items: Store) -> None:
    items.write(Put(item=entry("a", serial=1)))
    items.write(Put(item=entry("a", serial=2)))
    items.write(Put(item=entry("b")))
    items.write(Delete(item=entry("b")))
    (found,) = items.every(ProjectEntry)
    assert isinstance(found, ProjectEntry)
    assert (found.name, found.serial) == ("a", 2)


def test_reads_revisions_alone(items: Store) -> None:
    items.write(Put(item=entry("a")))
    keys = [("no", "where"), ProjectEntry.key(NormalizedName("a"))]
    nothing, first = items.revisions(keys)
    stored = items.get(keys[1])
    assert stored is not None
    assert (nothing, first) == (None, stored.revision)
    items.write(Put(item=stored))
    assert items.revisions(keys)[1] not in {None, first}


def test_forgets_what_has_expired(items: Store, home: str) -> None:
    for number, ends in enumerate((99, 100, 101)):
        items.write(Put(item=Failures(*Failures.key(str(number)), expires_at=ends)))
    items.write(Put(item=entry("a")))
    # DynamoDB does it by itself, in its own time; moto does not.
    assert items.forget_expired(100) == (1 if home == "machine" else 0)
    left = [items.get(Failures.key(str(number))) is not None for number in range(3)]
    assert left == [home == "aws", True, True]
    assert items.get(ProjectEntry.key(NormalizedName("a"))) is not None


def test_refuses_an_item_that_lacks_an_attribute(items: Store) -> None:
    with pytest.raises(ValueError, match="name"):
        items.write(Put(item=ProjectEntry("here", "one")))
    assert items.get(("here", "one")) is None


class TestConditions:
    def test_absent_lets_one_in(self, items: Store) -> None:
        items.write(Put(item=entry("demo", serial=1), condition=Condition.ABSENT))
        with pytest.raises(ConditionFailed):
            items.write(Put(item=entry("demo", serial=2), condition=Condition.ABSENT))
        stored = items.get((ProjectEntry.PARTITION, "demo"))
        assert isinstance(stored, ProjectEntry)
        assert stored.serial == 1

    @pytest.mark.parametrize("make", [Put, Delete])
    def test_present_wants_something_there(self, items: Store, make: Callable[..., Put | Delete]) -> None:
        with pytest.raises(ConditionFailed):
            items.write(make(item=entry("demo"), condition=Condition.PRESENT))
        items.write(Put(item=entry("demo")))
        items.write(make(item=entry("demo"), condition=Condition.PRESENT))

    @pytest.mark.parametrize("make", [Put, Delete])
    def test_unchanged_notices_every_write_in_between(self, items: Store, make: Callable[..., Put | Delete]) -> None:
        items.write(Put(item=entry("demo", serial=1)))
        mine = items.get((ProjectEntry.PARTITION, "demo"))
        assert mine is not None
        # The same values, written again, are a change too.
        items.write(Put(item=entry("demo", serial=1)))
        with pytest.raises(ConditionFailed):
            items.write(make(item=mine, condition=Condition.UNCHANGED))
        mine = items.get((ProjectEntry.PARTITION, "demo"))
        assert mine is not None
        items.write(make(item=mine, condition=Condition.UNCHANGED))

    def test_unchanged_notices_a_deletion(self, items: Store) -> None:
        items.write(Put(item=entry("demo")))
        mine = items.get((ProjectEntry.PARTITION, "demo"))
        assert mine is not None
        items.write(Delete(item=mine))
        with pytest.raises(ConditionFailed):
            items.write(Put(item=mine, condition=Condition.UNCHANGED))

    def test_an_item_can_be_written_again_after_its_own_write(self, items: Store) -> None:
        mine = entry("demo")
        items.write(Put(item=mine, condition=Condition.ABSENT))
        mine.serial = 5
        items.write(Put(item=mine, condition=Condition.UNCHANGED))
        stored = items.get((ProjectEntry.PARTITION, "demo"))
        assert isinstance(stored, ProjectEntry)
        assert stored.serial == 5


class TestAmendments:
    KEYS = (Counter.key("tests"), (ProjectEntry.PARTITION, "demo"), (ProjectEntry.PARTITION, "other"))

    def test_give_what_is_there_in_the_order_of_the_keys(self, items: Store) -> None:
        items.write(Put(item=entry("other")))
        seen = items.amend(self.KEYS, lambda found: ([], [item and item.sk for item in found]))
        assert seen == [None, None, "other"]

    def test_make_and_change_and_delete_at_once(self, items: Store) -> None:
        items.write(Put(item=entry("other", serial=1)))
        items.write(Put(item=entry("third")))

        def decide(found: list[Item | None]) -> tuple[list[Change], str]:
            return [Put(item=entry("demo", serial=3)), Delete(item=entry("other"))], "done"

        assert items.amend(self.KEYS, decide) == "done"
        found = {item.sk: item.serial for item in items.query(ProjectEntry.PARTITION) if isinstance(item, ProjectEntry)}
        assert found == {"demo": 3, "third": 0}

    def test_may_delete_what_is_absent(self, items: Store) -> None:
        items.amend(self.KEYS, lambda found: ([Delete(item=entry("demo"))], None))
        assert items.get(self.KEYS[1]) is None

    def test_write_nothing_when_nothing_is_decided_or_something_is_raised(self, items: Store) -> None:
        items.write(Put(item=entry("demo", serial=1)))
        before = items.get(self.KEYS[1])

        def refuse(found: list[Item | None]) -> tuple[list[Change], None]:
            raise NotFound("no")

        with pytest.raises(NotFound):
            items.amend(self.KEYS, refuse)
        items.amend(self.KEYS, lambda found: ([], None))
        after = items.get(self.KEYS[1])
        assert before is not None
        assert after is not None
        assert before.revision == after.revision

    def test_add_what_is_new_without_having_read_it(self, items: Store) -> None:
        new = Put(item=entry("new"), condition=Condition.ABSENT)
        items.amend([Counter.key("tests")], lambda _: ([Put(item=a_counter(1)), new], None))
        assert items.get(ProjectEntry.key(NormalizedName("new"))) is not None

    def test_change_only_what_they_have_read(self, items: Store) -> None:
        with pytest.raises(ValueError, match="only what it has read"):
            items.amend(self.KEYS[:1], lambda found: ([Put(item=entry("demo"))], None))
        assert items.get(self.KEYS[1]) is None

    def test_are_noticed_by_who_read_before(self, items: Store) -> None:
        items.write(Put(item=entry("demo")))
        mine = items.get(self.KEYS[1])
        assert mine is not None
        items.amend(self.KEYS, lambda found: ([Put(item=found[1] or entry("demo"))], None))
        with pytest.raises(ConditionFailed):
            items.write(Put(item=mine, condition=Condition.UNCHANGED))

    def test_are_begun_again_when_somebody_else_was_faster(self, items: Store, home: str) -> None:
        seen: list[int] = []

        def decide(found: list[Item | None]) -> tuple[list[Change], None]:
            number = counter_value(found[0])
            seen.append(number)
            if home == "aws" and len(seen) == 1:
                # Between our reading and our writing; SQLite lets nobody in there.
                items.write(Put(item=a_counter(7)))
            return [Put(item=a_counter(number + 1))], None

        items.amend(self.KEYS[:1], decide)
        assert seen == ([0, 7] if home == "aws" else [0])
        assert counter_value(items.get(self.KEYS[0])) == seen[-1] + 1

    def test_lose_nothing_among_many(self, items: Store) -> None:
        def count(number: int) -> None:
            items.amend(
                [Counter.key("tests"), (ProjectEntry.PARTITION, f"{number}")],
                lambda found: (
                    [Put(item=a_counter(counter_value(found[0]) + 1)), Put(item=entry(f"{number}"))],
                    None,
                ),
            )

        all_at_once(count, 12)
        assert counter_value(items.get(Counter.key("tests"))) == 12
        assert len(list(items.query(ProjectEntry.PARTITION))) == 12


@pytest.mark.parametrize("home", ["aws"], indirect=True)
def test_asks_again_for_what_a_busy_table_left_out(items: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [("p", str(number)) for number in range(4)]
    for key in keys:
        items.write(Put(item=Counter(*key, value=int(key[1]))))
    asked: list[int] = []
    make_api_call = BaseClient._make_api_call

    def leaving_out(client: BaseClient, operation: str, arguments: Any) -> Any:
        (table,) = arguments["RequestItems"]
        wanted = arguments["RequestItems"][table]["Keys"]
        asked.append(len(wanted))
        arguments["RequestItems"][table]["Keys"] = wanted[:1]
        answer = make_api_call(client, operation, arguments)
        answer["UnprocessedKeys"] = {table: {"Keys": wanted[1:]}} if wanted[1:] else {}
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", leaving_out)
    assert [item and item.sk for item in items.get_many(keys)] == ["0", "1", "2", "3"]
    assert asked == [4, 3, 2, 1]
    with patience(0), pytest.raises(Unavailable, match="asked for too much at once"):
        items.get_many(keys)
    assert len(asked) == 5


def test_one_of_many_writers_wins(items: Store) -> None:
    winners: list[int] = []

    def compete(number: int) -> None:
        try:
            items.write(Put(item=entry("prize", serial=number), condition=Condition.ABSENT))
        except ConditionFailed:
            return
        winners.append(number)

    all_at_once(compete, 16)
    stored = items.get((ProjectEntry.PARTITION, "prize"))
    assert isinstance(stored, ProjectEntry)
    assert winners == [stored.serial]


class TestTheFile:
    """What only the engine of one machine has: a file, and people beside it."""

    def test_is_for_its_owner_alone(self, machine: Path) -> None:
        store().write(Put(item=Project("project#mine", "#", name="mine")))
        for path in machine.glob("index.sqlite3*"):
            assert path.stat().st_mode & 0o077 == 0, path

    def test_that_holds_what_is_no_item_says_which(self, machine: Path) -> None:
        store().write(Put(item=Project("project#mine", "#", name="mine")))
        with closing(sqlite3.connect(machine / "index.sqlite3")) as connection, connection:
            connection.execute("UPDATE item SET body = 'none'")
        key = Project.key(NormalizedName("mine"))
        with pytest.raises(Unavailable, match="'project#mine' '#' cannot be read; take it from a backup"):
            store().get(key)
        with pytest.raises(Unavailable, match="cannot be read"):
            store().get_many([key])
        assert [type(item) for item in store().query(key[0])] == [Unreadable]
