"""Trusted publishers, as far as they are an account's: the pending ones that it has registered.

They lie beside projects; what lies beside the account says which there may be.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

from packaging.utils import NormalizedName

from packages import journal
from packages.journal import Note, Origin
from packages.models import Item, PendingEntry, Publisher, PublisherEntry, account_partition
from packages.store import Change, Condition, ConditionFailed, Delete, store

READ_AT_ONCE = 100


def pending_of(account: str) -> list[Publisher]:
    """The pending publishers that an account has registered; what creates its projects."""
    entries = _entries(account)
    return [cast("Publisher", item) for item in _read(entries) if _is_pending(item, account)]


def tidy_pending(account: str) -> None:
    """Take entries away whose publishers have created their projects, or are gone."""
    entries = _entries(account)
    for entry, publisher in zip(entries, _read(entries), strict=True):
        if not _is_pending(publisher, account):
            # Unless it was registered once more meanwhile.
            with suppress(ConditionFailed):
                store().write(Delete(item=entry, condition=Condition.UNCHANGED))


def end_pending(account: str, by: Origin) -> None:
    """End every pending publisher of an account, each with its entry in the journal."""
    for entry in _entries(account):
        _end(account, entry, by)
    tidy_pending(account)


def described(publisher: Publisher) -> dict[str, object]:
    """What a publisher is, to be noted."""
    details: dict[str, object] = {
        "provider": publisher.provider,
        "issuer": publisher.issuer,
        "fields": json.loads(publisher.claims),
    }
    return {**details, "pending": True, "creates_for": publisher.registered_by} if publisher.pending else details


def _end(account: str, entry: PendingEntry, by: Origin) -> None:
    project = NormalizedName(entry.project)
    found = store().get(Publisher.key(project, entry.id))
    keys = [PendingEntry.key(account, project, entry.id), Publisher.key(project, entry.id)]
    if isinstance(found, Publisher):
        # Its id says which issuer and subject: they never change.
        keys.append(PublisherEntry.key(found.issuer, found.subject, project, entry.id))

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note | None, None]:
        if not _is_pending(items[1], account):
            return [], None, None
        details = described(cast("Publisher", items[1]))
        note = Note(action="publisher-withdraw", project=project, target=entry.id, details=details)
        return [Delete(item=item) for item in items if item is not None], note, None

    journal.amend(keys, decide, by)


def _entries(account: str) -> list[PendingEntry]:
    return [cast("PendingEntry", item) for item in store().query(account_partition(account), PendingEntry.PREFIX)]


def _read(entries: Sequence[PendingEntry]) -> list[Item | None]:
    keys = [Publisher.key(NormalizedName(entry.project), entry.id) for entry in entries]
    batches = [keys[start : start + READ_AT_ONCE] for start in range(0, len(keys), READ_AT_ONCE)]
    return [item for batch in batches for item in store().get_many(batch)]


def _is_pending(item: Item | None, account: str) -> bool:
    return isinstance(item, Publisher) and item.pending and item.registered_by == account
