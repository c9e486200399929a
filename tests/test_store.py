"""The store's contract: every test runs over both engines."""

import threading
from collections.abc import Callable

import pytest

from packages.models import Counter, Project, ProjectEntry
from packages.store import Condition, ConditionFailed, Delete, Put, Store, Update


def entry(name: str, serial: int = 0) -> ProjectEntry:
    return ProjectEntry(ProjectEntry.PARTITION, name, name=name, serial=serial)


def counter(items: Store, name: str = "tests") -> int:
    stored = items.get(Counter.key(name))
    return int(stored.value) if isinstance(stored, Counter) else 0


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


def test_fills_in_the_defaults_of_what_an_update_made(items: Store) -> None:
    items.write(Update(model=Project, key=("project#demo", "#"), assign={"name": "demo"}))
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

    def test_an_update_may_want_something_there(self, items: Store) -> None:
        update = Update(
            model=ProjectEntry,
            key=(ProjectEntry.PARTITION, "demo"),
            assign={"name": "demo"},
            condition=Condition.PRESENT,
        )
        with pytest.raises(ConditionFailed):
            items.write(update)
        items.write(Put(item=entry("demo")))
        items.write(update)

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

    def test_unchanged_notices_an_update_and_a_deletion(self, items: Store) -> None:
        items.write(Put(item=entry("demo")))
        mine = items.get((ProjectEntry.PARTITION, "demo"))
        assert mine is not None
        items.write(Update(model=ProjectEntry, key=(mine.pk, mine.sk), assign={"name": "demo"}))
        with pytest.raises(ConditionFailed):
            items.write(Put(item=mine, condition=Condition.UNCHANGED))
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

    def test_a_raise_takes_no_condition(self) -> None:
        with pytest.raises(ValueError, match="conditional"):
            Update(model=ProjectEntry, key=("a", "b"), raise_to={"serial": 1}, condition=Condition.PRESENT)


class TestUpdates:
    def test_add_counts_from_nothing(self, items: Store) -> None:
        for expected in (1, 2):
            counted = items.write(Update(model=Counter, key=Counter.key("tests"), add={"value": 1}))
            assert isinstance(counted, Counter)
            assert counted.value == expected
        assert counter(items) == 2

    def test_assigning_none_takes_the_attribute_away(self, items: Store) -> None:
        key = ("project#demo", "#")
        items.write(Update(model=Project, key=key, assign={"name": "demo", "display_name": "Demo"}))
        items.write(Update(model=Project, key=key, assign={"display_name": None}))
        stored = items.get(key)
        assert isinstance(stored, Project)
        assert stored.display_name is None

    def test_raise_to_never_lowers_and_never_fails(self, items: Store) -> None:
        key = (ProjectEntry.PARTITION, "demo")
        for number, name in ((5, "five"), (3, "three"), (5, "again"), (8, "eight")):
            items.write(Update(model=ProjectEntry, key=key, assign={"name": name}, raise_to={"serial": number}))
        stored = items.get(key)
        assert isinstance(stored, ProjectEntry)
        # What else the update asked for was done each time.
        assert (stored.serial, stored.name) == (8, "eight")
        items.write(Update(model=ProjectEntry, key=key, assign={"name": "late"}, raise_to={"serial": 2}))
        stored = items.get(key)
        assert isinstance(stored, ProjectEntry)
        assert (stored.serial, stored.name) == (8, "late")


class TestTransactions:
    def test_all_or_none(self, items: Store) -> None:
        items.write(Put(item=entry("there")))
        with pytest.raises(ConditionFailed):
            items.transact(
                [
                    Update(model=Counter, key=Counter.key("tests"), add={"value": 1}),
                    Put(item=entry("new")),
                    Put(item=entry("there"), condition=Condition.ABSENT),
                ]
            )
        assert counter(items) == 0
        assert items.get((ProjectEntry.PARTITION, "new")) is None

    def test_makes_every_kind_of_change(self, items: Store) -> None:
        items.write(Put(item=entry("old")))
        items.transact(
            [
                Update(model=Counter, key=Counter.key("tests"), add={"value": 2}),
                Put(item=entry("new"), condition=Condition.ABSENT),
                Delete(item=entry("old"), condition=Condition.PRESENT),
            ]
        )
        assert counter(items) == 2
        assert [item.sk for item in items.query(ProjectEntry.PARTITION)] == ["new"]

    def test_a_number_that_is_high_enough_holds_nothing_up(self, items: Store) -> None:
        items.write(Put(item=entry("fast", serial=9)))

        def raise_both(number: int) -> None:
            items.transact(
                [
                    Update(
                        model=ProjectEntry,
                        key=(ProjectEntry.PARTITION, name),
                        assign={"name": name},
                        raise_to={"serial": number},
                    )
                    for name in ("fast", "slow")
                ]
            )

        raise_both(4)
        found = {item.sk: item.serial for item in items.query(ProjectEntry.PARTITION) if isinstance(item, ProjectEntry)}
        assert found == {"fast": 9, "slow": 4}
        raise_both(3)
        assert counter(items) == 0
        only_raise = Update(model=ProjectEntry, key=(ProjectEntry.PARTITION, "fast"), raise_to={"serial": 1})
        items.transact([only_raise])
        items.write(only_raise)
        assert items.get((ProjectEntry.PARTITION, "fast")) is not None


def test_one_of_many_writers_wins_and_none_is_lost(items: Store) -> None:
    winners: list[int] = []

    def compete(number: int) -> None:
        items.write(Update(model=Counter, key=Counter.key("tests"), add={"value": 1}))
        try:
            items.write(Put(item=entry("prize", serial=number), condition=Condition.ABSENT))
        except ConditionFailed:
            return
        winners.append(number)

    threads = [threading.Thread(target=compete, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter(items) == 16
    stored = items.get((ProjectEntry.PARTITION, "prize"))
    assert isinstance(stored, ProjectEntry)
    assert winners == [stored.serial]
