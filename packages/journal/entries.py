"""Entries of the journal: written with the change that they tell of, and read."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast

from packages.access import Actor
from packages.models import BLOCK, SERIAL, Counter, Item, JournalEntry
from packages.store import Change, Condition, Key, Put, store

T = TypeVar("T")

LONGEST_AGENT = 200
# How many serials are read at once by who goes back from the newest one.
STEP = 100


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a change comes from: who, when, and from which address by which program."""

    actor: Actor
    time: datetime
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, kw_only=True)
class Note:
    """What an entry says of a change: ``publish``, ``yank``, … of what; ``details`` must be JSON."""

    action: str
    project: str = ""
    target: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


Decide = Callable[[int, list[Item | None]], tuple[Sequence[Change], Note | None, T]]


def amend(keys: Sequence[Key], decide: Decide[T], by: Origin) -> T:
    """Change items as the store's ``amend`` does, and note it in the same transaction.

    ``decide`` is also given the serial that the change will have. Changes without a note are
    refused (ValueError); a note without changes is an entry all the same.
    """

    def numbered(items: list[Item | None]) -> tuple[Sequence[Change], T]:
        counter = cast("Counter | None", items[0]) or Counter(*Counter.key(SERIAL))
        serial = int(counter.value) + 1
        changes, note, result = decide(serial, items[1:])
        if note is None:
            if changes:
                raise ValueError("every change has its entry in the journal")
            return [], result
        counter.value = serial
        entry = Put(item=_entry(serial, note, by), condition=Condition.ABSENT)
        return [Put(item=counter), entry, *changes], result

    return store().amend([Counter.key(SERIAL), *keys], numbered)


def record(note: Note, by: Origin) -> None:
    """Note what changed no item of ours. Raises Unavailable."""
    amend([], lambda serial, items: ([], note, None), by)


def newest() -> int:
    """The serial of the last entry; 0 if there is none."""
    counter = store().get(Counter.key(SERIAL))
    return int(counter.value) if isinstance(counter, Counter) else 0


def entries(*, after: int = 0, until: int | None = None) -> Iterator[JournalEntry]:
    """Entries in the order of their serials, those above ``after``, read as they are asked for."""
    last = newest() if until is None else until
    for block in range((after + 1) // BLOCK, last // BLOCK + 1):
        for entry in store().query(JournalEntry.partition(block)):
            # What is no entry, ``verify`` tells of.
            if isinstance(entry, JournalEntry) and after < entry.serial <= last:
                yield entry


def backwards(*, before: int, after: int = 0) -> Iterator[JournalEntry]:
    """Entries in the opposite order of their serials, those between the two, read as they are asked for."""
    for step in range((before - 1) // STEP, (after + 1) // STEP - 1, -1):
        partition = JournalEntry.partition(step * STEP // BLOCK)
        # A serial's last two digits are what differs within a step.
        within = [entry for entry in store().query(partition, f"{step:010}") if isinstance(entry, JournalEntry)]
        yield from (entry for entry in reversed(within) if after < entry.serial < before)


def first_since(moment: datetime) -> int:
    """About where the entries of a moment and later begin: a serial, found by few reads.

    Serials are given in the order of the changes, times are those at which their requests came: an
    entry may lie some minutes away from where its time belongs.
    """
    low, high = 1, newest() + 1
    while low < high:
        middle = (low + high) // 2
        entry = store().get(JournalEntry.key(middle))
        # An index that is older than its journal has no entries of its first changes.
        if not isinstance(entry, JournalEntry) or entry.time < moment:
            low = middle + 1
        else:
            high = middle
    return low


def latest(count: int) -> list[JournalEntry]:
    """The last entries, oldest first."""
    last, found = newest(), list[JournalEntry]()
    block = last // BLOCK
    while block >= 0 and len(found) < count:
        within = [entry for entry in store().query(JournalEntry.partition(block)) if isinstance(entry, JournalEntry)]
        found = [entry for entry in within if entry.serial <= last] + found
        block -= 1
    return found[-count:] if count else []


def as_json(entry: JournalEntry) -> dict[str, Any]:
    """An entry as it is shown and exported."""
    return {
        "serial": int(entry.serial),
        "time": entry.time.isoformat().replace("+00:00", "Z"),
        "actor": entry.actor,
        "credential": entry.credential,
        "address": entry.address,
        "agent": entry.agent,
        "action": entry.action,
        "project": entry.project,
        "target": entry.target,
        "details": json.loads(entry.details) if entry.details else {},
    }


def _entry(serial: int, note: Note, by: Origin) -> JournalEntry:
    return JournalEntry(
        *JournalEntry.key(serial),
        serial=serial,
        time=by.time,
        actor=by.actor.name,
        credential=by.actor.credential,
        address=by.address,
        agent=printable(by.agent, LONGEST_AGENT),
        action=note.action,
        project=note.project,
        target=note.target,
        details=json.dumps(note.details, ensure_ascii=False, sort_keys=True) if note.details else "",
    )


def printable(text: str, longest: int) -> str:
    """A client's text, as far as it can be shown in one line."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:longest])
