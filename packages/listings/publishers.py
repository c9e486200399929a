"""The list of trusted publishers: read from their items, and what changes them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import cast

from packaging.utils import NormalizedName

from packages.listings.rows import PublisherRow
from packages.listings.source import ABOUT_FILES, Entry, Groups, Source, named
from packages.models import Publisher, project_partition
from packages.store import store


def _every_publisher() -> dict[str, tuple[PublisherRow, ...]]:
    rows = defaultdict[str, list[PublisherRow]](list)
    for item in store().every(Publisher):
        row = _publisher(cast("Publisher", item))
        rows[row.project].append(row)
    return {name: tuple(sorted(found, key=lambda row: row.id)) for name, found in rows.items()}


def _read_publishers(names: Sequence[str]) -> Groups[PublisherRow]:
    found = dict[str, tuple[PublisherRow, ...]]()
    for name in names:
        items = store().query(project_partition(NormalizedName(name)), Publisher.PREFIX)
        # In the order of their ids, by which they lie.
        found[name] = tuple(_publisher(item) for item in items if isinstance(item, Publisher))
    return found


def _touched_publishers(entry: Entry, groups: Groups[PublisherRow]) -> list[str]:
    if entry.action in ABOUT_FILES | {"role", "token-mint"}:
        return []
    if entry.action == "publish" and "created_for" not in entry.details:
        # Only where it created the project is a publisher not pending any more.
        return []
    return named(entry.project)


def _publisher(publisher: Publisher) -> PublisherRow:
    return PublisherRow(
        project=publisher.project,
        id=publisher.id,
        provider=publisher.provider,
        issuer=publisher.issuer,
        subject=publisher.subject,
        claims=publisher.claims,
        registered_by=publisher.registered_by,
        created=publisher.created,
        pending=publisher.pending,
    )


PUBLISHERS = Source(
    kind="publishers",
    record=PublisherRow,
    key=lambda row: row.project,
    every=_every_publisher,
    read=_read_publishers,
    touched=_touched_publishers,
)
