"""Looking through the journal: backwards from the newest entry, no further than a page needs or a request can."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from django.http import QueryDict

from packages import journal
from packages.distributions import normalized_or_none
from packages.models import JournalEntry

# Entries are numbered in the order of changes, and timed by when their requests came: so far may the two differ.
SLACK = timedelta(hours=1)
LONGEST_TEXT = 255
_FIELDS = ("action", "actor", "project", "from", "to")


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which entries are looked for. ``low`` and ``high`` are serials, between which they lie."""

    action: str
    actor: str
    project: str
    since: datetime | None
    until: datetime | None
    low: int
    high: int | None
    # What was written into the fields, and what is wrong with it.
    written: dict[str, str]
    faults: dict[str, str]

    @property
    def narrow(self) -> bool:
        """Whether not every entry is looked for."""
        return any(self.written.values())

    def takes(self, entry: JournalEntry) -> bool:
        """Whether an entry is one of them."""
        return (
            (not self.action or entry.action == self.action)
            and (not self.actor or entry.actor == self.actor)
            and (not self.project or entry.project == self.project)
            and (self.since is None or entry.time >= self.since)
            and (self.until is None or entry.time < self.until)
        )


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was found, newest first; ``further`` is where to go on looking back, None at the beginning of it all."""

    found: list[JournalEntry]
    looked_at: int
    further: int | None


def question(asked: QueryDict) -> Question:
    """What an address asks for: from and to are days (UTC) or serials, as people write them."""
    written = {
        name: asked.get(name, "").strip()[:LONGEST_TEXT] for name in ("action", "actor", "project", "from", "to")
    }
    faults: dict[str, str] = {}
    low, since = _end(written["from"], "from", faults)
    high, until = _end(written["to"], "to", faults)
    return Question(
        action=written["action"],
        actor=written["actor"],
        project=normalized_or_none(written["project"]) or written["project"],
        since=since,
        # The day that is written is the last one.
        until=None if until is None else until + timedelta(days=1),
        low=1 if low is None else low,
        high=high,
        written=written,
        faults=faults,
    )


def look_back(wanted: Question, *, before: int | None, count: int, most: int) -> Look:
    """The newest entries below a serial that are looked for: so many, or as many as are among ``most`` entries."""
    # There is nothing behind the newest one, however far somebody wants to begin.
    start = _start(wanted) if before is None else min(before, journal.newest() + 1)
    if wanted.high is not None:
        start = min(start, wanted.high + 1)
    found, looked_at, last = list[JournalEntry](), 0, start
    for entry in islice(journal.backwards(before=start, after=wanted.low - 1), most):
        if wanted.since is not None and entry.time < wanted.since - SLACK:
            return Look(found=found, looked_at=looked_at, further=None)
        looked_at, last = looked_at + 1, int(entry.serial)
        if wanted.takes(entry):
            found.append(entry)
            if len(found) == count:
                break
    ended = last <= wanted.low or (len(found) < count and looked_at < most)
    return Look(found=found, looked_at=looked_at, further=None if ended else last)


def look_on(wanted: Question, *, after: int, count: int, most: int) -> list[JournalEntry]:
    """The entries next above a serial, newest first."""
    last = journal.newest() if wanted.high is None else min(wanted.high, journal.newest())
    entries = islice(journal.entries(after=max(after, wanted.low - 1), until=last), most)
    return list(islice((entry for entry in entries if wanted.takes(entry)), count))[::-1]


def _start(wanted: Question) -> int:
    """The serial above the first that is to be looked at."""
    if wanted.until is None:
        return journal.newest() + 1
    return journal.first_since(wanted.until + SLACK)


def _end(text: str, name: str, faults: dict[str, str]) -> tuple[int | None, datetime | None]:
    """A serial, or the beginning of a day."""
    if not text:
        return None, None
    if text.isascii() and text.isdigit() and len(text) <= 12:
        return int(text), None
    try:
        day = date.fromisoformat(text)
        if 1970 <= day.year <= 9000:
            return None, datetime.combine(day, datetime.min.time(), tzinfo=UTC)
    except ValueError:
        # No day at all.
        pass
    faults[name] = "Write a day, as in 2026-11-25, or the number of an entry."
    return None, None
