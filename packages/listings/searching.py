"""The list of projects, with what is computed of it once; and how it is searched."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nlargest
from typing import cast

from packaging.utils import canonicalize_name

from packages.listings.rows import Listing, ProjectRow, Totals
from packages.listings.source import Snapshot
from packages.simple_api import OFFERS_FILES

# Nobody types more; what is longer is cut.
LONGEST_QUERY = 200
MOST_RECENT = 20


@dataclass(frozen=True, slots=True)
class Searchable:
    """Rows, by name, and of each of them the text that words are looked for in."""

    rows: tuple[ProjectRow, ...]
    texts: tuple[str, ...]

    def find(self, query: str) -> Sequence[ProjectRow]:
        """What matches, best first, else by name; everything if nothing is asked for.

        A name counts in whatever spelling: all of it, its beginning, the beginning of a word of
        it, any part of it. Then comes what has every word of the query in its display name or summary.
        """
        words = _folded(query[:LONGEST_QUERY]).split()
        if not words:
            return self.rows
        wanted = canonicalize_name("-".join(words)).strip("-")
        rows, texts = self.rows, self.texts
        named = [number for number, row in enumerate(rows) if wanted in row.name] if wanted else []
        named.sort(key=lambda number: _rank(rows[number].name, wanted))
        told: Sequence[int] = range(len(rows))
        for word in dict.fromkeys(words):
            told = [number for number in told if word in texts[number]]
        already = set(named)
        return [rows[number] for number in [*named, *(number for number in told if number not in already)]]


@dataclass(frozen=True, slots=True)
class ProjectListing(Listing[ProjectRow]):
    """Every project: ``rows`` for administration; ``public`` leaves out removed and quarantined ones.

    ``totals`` and ``recent``, those with the newest uploads, are of the public ones.
    """

    public: Sequence[ProjectRow]
    totals: Totals
    recent: Sequence[ProjectRow]
    _there: Searchable = field(repr=False)
    _public: Searchable = field(repr=False)

    def search(
        self, query: str, *, limit: int, offset: int = 0, quarantined_too: bool = False
    ) -> tuple[Sequence[ProjectRow], int]:
        """Some of the projects that match, best first, and how many there are; removed ones are never found."""
        found = (self._there if quarantined_too else self._public).find(query)
        offset = max(offset, 0)
        return found[offset : offset + max(limit, 0)], len(found)


def shown_projects(
    snapshot: Snapshot[ProjectRow], now: datetime, before: ProjectListing | None
) -> tuple[ProjectListing, None]:
    """The list with all that is computed of it; what has not changed is taken from the list before."""
    rows = snapshot.records()
    known = {} if before is None else _texts(before._there)
    there = tuple(row for row in rows if not row.removed)
    # The rows themselves are the same ones, unless they were read anew.
    texts = tuple(known.get(id(row)) or _text(row) for row in there)
    listed = [(row, text) for row, text in zip(there, texts, strict=True) if row.status in OFFERS_FILES]
    public = tuple(row for row, _ in listed)
    totals = Totals(
        projects=len(public),
        releases=sum(row.releases for row in public),
        files=sum(row.files for row in public),
        size=sum(row.size for row in public),
    )
    uploaded = (row for row in public if row.changed is not None)
    recent = nlargest(MOST_RECENT, uploaded, key=lambda row: (cast("datetime", row.changed), row.serial))
    listing = ProjectListing(
        serial=snapshot.serial,
        rows=rows,
        public=public,
        totals=totals,
        recent=tuple(recent),
        _there=Searchable(there, texts),
        _public=Searchable(public, tuple(text for _, text in listed)),
    )
    return listing, None


def _texts(searchable: Searchable) -> dict[int, str]:
    return {id(row): text for row, text in zip(searchable.rows, searchable.texts, strict=True)}


def _rank(name: str, wanted: str) -> int:
    if name == wanted:
        return 0
    if name.startswith(wanted):
        return 1
    return 2 if f"-{wanted}" in name else 3


def _text(row: ProjectRow) -> str:
    return _folded(f"{row.display_name}\n{row.summary}")


def _folded(text: str) -> str:
    """Text as it is compared: without the differences between capitals, or between ways to write one letter."""
    return unicodedata.normalize("NFKC", text).casefold()
