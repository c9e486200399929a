"""A list as it is now: one item says whether it has changed, the journal says where."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar, cast

from packages import journal
from packages.listings import keeping
from packages.listings.source import Entry, Groups, Snapshot, Source
from packages.models import BLOCK, JournalEntry
from packages.store import store

R = TypeVar("R")
L = TypeVar("L")

# What makes it cheaper to read everything than what was touched: so many entries, so many groups.
MOST_BEHIND = 2000
MOST_TOUCHED = 300
# A list is kept anew when it is so many entries ahead of the kept one.
KEEP_EVERY = 200

# Gives what is shown of a snapshot, and the moment from which on that is something else, if any.
# It may take from what was shown before.
Show = Callable[[Snapshot[R], datetime, L | None], tuple[L, datetime | None]]


@dataclass(frozen=True)
class _View(Generic[R, L]):
    snapshot: Snapshot[R]
    listing: L
    since: datetime
    until: datetime | None

    def is_current(self, serial: int, basis: str, now: datetime) -> bool:
        current = self.snapshot.serial == serial and self.snapshot.basis == basis
        return current and (self.until is None or self.since <= now < self.until)


class Current(Generic[R, L]):
    """A list in this process. Several threads may ask at once: one of them brings it up to date, the others wait."""

    def __init__(self, source: Source[R], show: Show[R, L]) -> None:
        self._source, self._show = source, show
        self._lock = threading.Lock()
        self._view: _View[R, L] | None = None
        # The serial of the list that is kept, as far as this process knows.
        self._kept = 0

    def get(self, now: datetime) -> L:
        """The list, with every change that was answered before. Raises Unavailable."""
        serial, basis = journal.newest(), self._source.basis()
        view = self._view
        if view is not None and view.is_current(serial, basis, now):
            return view.listing
        with self._lock:
            view = self._view
            if view is not None and view.snapshot.serial > serial:
                # Another thread has gone on meanwhile; or the index was put back to what it was once.
                serial = journal.newest()
            if view is not None and view.is_current(serial, basis, now):
                return view.listing
            snapshot = self._brought_up(view.snapshot if view else None, serial, basis, now)
            listing, until = self._show(snapshot, now, view.listing if view else None)
            self._view = _View(snapshot, listing, now, until)
            return listing

    def _brought_up(self, known: Snapshot[R] | None, serial: int, basis: str, now: datetime) -> Snapshot[R]:
        snapshot = None if known is None or known.basis != basis else self._patched(known, serial, now)
        if snapshot is None:
            # Another process may have kept one that is nearer.
            kept = keeping.load(self._source, serial)
            if kept is not None:
                self._kept = kept.serial
                snapshot = self._patched(kept, serial, now)
        if snapshot is None:
            # What is written while it is read has a serial above this one, and so is read once more.
            snapshot = Snapshot(serial, basis, self._without_over(self._source.every(), now))
            self._kept = keeping.save(self._source, snapshot)
        elif serial - self._kept >= KEEP_EVERY:
            self._kept = keeping.save(self._source, snapshot, unless_since=serial - KEEP_EVERY + 1)
        return snapshot

    def _patched(self, snapshot: Snapshot[R], serial: int, now: datetime) -> Snapshot[R] | None:
        """The list as it is at a serial; None if it is to be made anew."""
        if serial == snapshot.serial:
            return snapshot
        if not 0 < serial - snapshot.serial <= MOST_BEHIND:
            return None
        touched = self._touched(snapshot, serial)
        if touched is None:
            return None
        groups = dict(snapshot.groups)
        for key, group in self._source.read(sorted(touched)).items():
            if group:
                groups[key] = group
            else:
                groups.pop(key, None)
        return Snapshot(serial, snapshot.basis, self._without_over(groups, now))

    def _touched(self, snapshot: Snapshot[R], serial: int) -> set[str] | None:
        """What may have changed until a serial; None if it is too much, or if nobody can say."""
        expected, touched = snapshot.serial, set[str]()
        for item in _entries(snapshot.serial, serial):
            expected += 1
            try:
                details = dict(json.loads(item.details)) if item.details else {}
            except (TypeError, ValueError):
                return None
            entry = Entry(item.action, item.project, item.target, details)
            touched.update(self._source.touched(entry, snapshot.groups))
            if item.serial != expected or len(touched) > MOST_TOUCHED:
                return None
        # Without one of its entries, as after a repair by hand, the journal does not tell it all.
        return touched if expected == serial else None

    def _without_over(self, groups: Groups[R], now: datetime) -> dict[str, tuple[R, ...]]:
        over = self._source.over
        if over is None:
            return dict(groups)
        return {key: group for key, group in groups.items() if not all(over(record, now) for record in group)}


def _entries(after: int, until: int) -> list[JournalEntry]:
    """The entries of the serials above ``after``: a query for each partition, of what lies near them."""
    found = list[JournalEntry]()
    for block in range((after + 1) // BLOCK, until // BLOCK + 1):
        first, last = max(after + 1, block * BLOCK), min(until, block * BLOCK + BLOCK - 1)
        pk, prefix = JournalEntry.partition(block), _common(JournalEntry.key(first)[1], JournalEntry.key(last)[1])
        entries = (cast("JournalEntry", item) for item in store().query(pk, prefix))
        found += [entry for entry in entries if first <= entry.serial <= last]
    return found


def _common(one: str, other: str) -> str:
    """What two sort keys of one length begin with."""
    same = 0
    while same < len(one) and one[same] == other[same]:
        same += 1
    return one[:same]
