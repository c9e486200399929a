"""Seals on the journal: digests that chain its entries, and what they show of a journal that was changed."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, cast

from packages.journal.entries import as_json, entries, newest
from packages.models import BLOCK, Item, JournalEntry, Seal
from packages.store import Change, Condition, Put, store

# Hex digits of an entry's digest that a seal keeps, to say which entry was edited.
MARK = 12
NOTHING_SEALED = "0" * 64


def head() -> Seal | None:
    """The last seal; its serial and digest, kept elsewhere, show later that nothing before was changed."""
    return cast("Seal | None", store().get(Seal.HEAD))


def seal(now: datetime) -> Seal | None:
    """Seal what is not sealed yet, and give the last seal; None if the journal is empty. Raises Unavailable."""
    last = newest()
    while True:
        before = head()
        sealed = 0 if before is None else int(before.last)
        batch = list(islice(entries(after=sealed, until=last), BLOCK))
        if not batch:
            return before
        _seal(batch, before, now)


def _seal(batch: Sequence[JournalEntry], before: Seal | None, now: datetime) -> None:
    digest, marks = NOTHING_SEALED if before is None else before.digest, ""
    for entry in batch:
        own = _digest(entry)
        digest, marks = _chained(digest, own), marks + own[:MARK]
    values: dict[str, Any] = {
        "first": int(batch[0].serial),
        "last": int(batch[-1].serial),
        "digest": digest,
        "marks": marks,
        "time": now,
    }

    def decide(items: list[Item | None]) -> tuple[Sequence[Change], None]:
        (current,) = cast("list[Seal | None]", items)
        if (None if current is None else current.digest) != (None if before is None else before.digest):
            # Somebody else has sealed them meanwhile.
            return [], None
        new = Seal(*Seal.key(values["last"]), **values)
        return [Put(item=new, condition=Condition.ABSENT), Put(item=Seal(*Seal.HEAD, **values))], None

    store().amend([Seal.HEAD], decide)


def verify(known: Mapping[int, str] | None = None) -> Iterator[str]:
    """A sentence about everything in the journal that is not as it was sealed, or not whole.

    ``known`` are digests by their serials, as earlier seals had them and as they were kept
    elsewhere: whoever can write to the index could make all the seals anew.
    """
    wanted, sealed, digest = dict(known or {}), 0, NOTHING_SEALED
    # Looked at before the seals and after them: meanwhile somebody may seal what was written meanwhile.
    before = head()
    for item in store().query(Seal.PARTITION):
        if not isinstance(item, Seal):
            yield f"What lies among the seals as {item.sk!a} is no seal."
            continue
        first, last = int(item.first), int(item.last)
        if (item.pk, item.sk) != Seal.key(last) or not sealed < first <= last < first + BLOCK:
            yield f"The seal on the entries {first} to {last} is none that this journal has made."
            continue
        faults, digest = _verify_batch(item, sealed, digest)
        yield from faults
        if last in wanted and wanted.pop(last) != item.digest:
            yield f"The seal on entry {last} is not the one that was kept elsewhere."
        if before is not None and int(before.last) == last and before.digest != item.digest:
            yield f"The seal on entry {last} differs from its own copy, by which the next one goes on."
        # Go on from what the seal says: one fault is not to be told again of every batch behind it.
        sealed, digest = last, item.digest
    for serial in sorted(wanted):
        yield f"There is no seal that ends with entry {serial}, which was kept elsewhere."
    after = head()
    least, most = (0 if end is None else int(end.last) for end in (before, after))
    if not least <= sealed <= most:
        yield f"The last seal ends with entry {sealed}, and should end with entry {most}."
    yield from _verify_rest(sealed)


def seals() -> dict[int, str]:
    """The digests that the index has sealed its entries with, each by the serial of the last one it covers."""
    found = {}
    for item in store().query(Seal.PARTITION):
        if isinstance(item, Seal):
            found[int(item.last)] = item.digest
    return found


def verify_exported(
    exported: Iterable[Mapping[str, Any]], known: Mapping[int, str], *, until: int = 0
) -> Iterator[str]:
    """A sentence about everything in exported entries that does not fit the digests ``known``, by their serials.

    Entries that do not begin with the first one begin behind one whose digest is known. ``until``
    is the serial of an entry that they must reach.
    """
    digest, vouched, previous = NOTHING_SEALED, 0, 0
    for entry in exported:
        serial = int(entry["serial"])
        if previous == 0 and serial > 1:
            if serial - 1 not in known:
                yield f"It begins with entry {serial}, and the digest of the one before is not known."
                return
            digest, vouched, previous = known[serial - 1], serial - 1, serial - 1
        if serial != previous + 1:
            yield f"After entry {previous} comes entry {serial}."
        digest, previous = _chained(digest, _digest_of(entry)), serial
        if serial in known:
            if digest != known[serial]:
                yield f"The entries {vouched + 1} to {serial} are not those that were sealed."
            # Go on from what the seal says: one fault is not to be told again of every batch behind it.
            digest, vouched = known[serial], serial
    if previous != vouched:
        yield f"No digest is known for the entries {vouched + 1} to {previous}, with which it ends."
    if previous == 0 or previous < until:
        yield f"It ends with entry {previous}, before entry {until}." if previous else "It holds no entry."


def _verify_batch(item: Seal, sealed: int, digest: str) -> tuple[list[str], str]:
    """What is wrong with the entries of a seal, and those that lie between it and the entry that was ``sealed``."""
    first, last = int(item.first), int(item.last)
    faults: list[str] = []
    found: dict[int, Item] = {}
    for entry in _lying(sealed, last):
        place = _place(entry)
        if place is None:
            faults.append(f"{_told(entry)} was inserted.")
        else:
            found[place] = entry
    # An index that is older than its journal has no entries of its first changes.
    if first != sealed + 1 and (sealed or min(found, default=first) < first):
        faults.append(f"The seal on the entries {sealed + 1} to {first - 1} is missing.")
    for serial in range(first, last + 1):
        if serial not in found:
            faults.append(f"Entry {serial} is missing.")
            continue
        own = _digest_as_stored(found[serial])
        digest = _chained(digest, own)
        start = (serial - first) * MARK
        if own[:MARK] != item.marks[start : start + MARK]:
            faults.append(f"{_told(found[serial])} was edited.")
    if digest != item.digest and not faults:
        faults.append(f"The seal on the entries {first} to {last} does not fit them, or the seal before.")
    return faults, digest


def _verify_rest(sealed: int) -> Iterator[str]:
    """What is not sealed yet has at least no gaps."""
    last, previous = newest(), sealed
    for entry in _lying(sealed, None):
        place = _place(entry)
        if not isinstance(entry, JournalEntry):
            yield f"{_told(entry)} was {'inserted' if place is None else 'edited'}."
        elif place is None or entry.serial != place:
            yield f"{_told(entry)} was inserted."
        elif place > last and place > newest():
            yield f"{_told(entry)} was inserted: the journal ends with {last}."
        elif previous and place != previous + 1:
            yield f"After entry {previous} comes entry {place}."
        previous = previous if place is None else place
    # An index that is older than its journal may have had no change since.
    if previous and previous < last:
        yield f"The journal ends with entry {previous}, and should end with entry {last}."


def _lying(after: int, last: int | None) -> Iterator[Item]:
    """What lies behind where one entry lies, up to where another one does, whatever it says of itself.

    Of each partition it is all, if its first or last entry is among them: so nothing lies in none of them.
    """
    end = newest() + 1 if last is None else last
    for block in range((after + 1) // BLOCK, end // BLOCK + 1):
        for entry in store().query(JournalEntry.partition(block)):
            behind = after == 0 or block > after // BLOCK or entry.sk >= f"{after + 1:012}"
            before = last is None or block < (last + 1) // BLOCK or entry.sk < f"{last + 1:012}"
            if behind and before:
                yield entry


def _place(entry: Item) -> int | None:
    """The serial of the entry that lies where this one does, if one can lie there."""
    serial = int(entry.sk) if re.fullmatch("[0-9]{12}", entry.sk) else 0
    return serial if serial > 0 and (entry.pk, entry.sk) == JournalEntry.key(serial) else None


def _told(entry: Item) -> str:
    place = _place(entry)
    if not isinstance(entry, JournalEntry):
        return f"Entry {f'at {entry.sk!a}' if place is None else place}, which cannot be read,"
    return f"Entry {entry.serial if place is None else place} ({entry.action!s} by {entry.actor!a})"


def _digest_as_stored(entry: Item) -> str:
    try:
        return _digest(cast("JournalEntry", entry))
    except (AttributeError, TypeError, ValueError):
        # Nothing that this program has written, as details that are no JSON.
        return ""


def _digest(entry: JournalEntry) -> str:
    return _digest_of(as_json(entry))


def _digest_of(shown: Mapping[str, Any]) -> str:
    text = json.dumps(shown, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _chained(digest: str, own: str) -> str:
    return hashlib.sha256(f"{digest}{own}".encode()).hexdigest()
