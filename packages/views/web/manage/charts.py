"""What the pages draw: how much each project stores, and how often something was released."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from packages.listings import FileRow
from packages.models import HIDDEN
from packages.views.web.timeline import HEIGHT, WIDTH, Bar, Chart

WEEKS = 26
_GAP = 2


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a project stores, in bytes; ``kept`` is deleted, and can be restored still."""

    project: str
    files: int
    size: int
    kept_files: int
    kept: int

    @property
    def whole(self) -> int:
        """All of it."""
        return self.size + self.kept


@dataclass(frozen=True, kw_only=True)
class Row:
    """A bar of a chart that is a table too: ``percent`` of the longest one, ``part`` of all."""

    label: str
    size: int
    percent: float
    part: float
    project: str = ""


@dataclass(frozen=True, kw_only=True)
class Week:
    """A week, by its Monday, and how many releases were published in it."""

    monday: date
    releases: int


def shares(files: Iterable[FileRow]) -> list[Share]:
    """What each project stores, by name."""
    sums: dict[str, list[int]] = {}
    for row in files:
        if row.removal not in {"", HIDDEN}:
            continue
        one = sums.setdefault(row.project, [0, 0, 0, 0])
        place = 2 if row.removal else 0
        one[place] += 1
        one[place + 1] += row.size
    return [
        Share(project=name, files=one[0], size=one[1], kept_files=one[2], kept=one[3])
        for name, one in sorted(sums.items())
    ]


def bars(found: Sequence[Share], most: int) -> list[Row]:
    """The largest ones, and all others together."""
    largest = sorted(found, key=lambda share: share.whole, reverse=True)
    total = sum(share.whole for share in largest)
    if not total:
        return []
    named = [(share.project, share.whole, share.project) for share in largest[:most]]
    others = largest[most:]
    if others:
        label = "1 other project" if len(others) == 1 else f"{len(others):,} other projects"
        named.append((label, sum(share.whole for share in others), ""))
    longest = max(size for _, size, _ in named)
    return [
        Row(
            label=label,
            size=size,
            percent=round(100 * size / longest, 2),
            part=round(100 * size / total, 1),
            project=project,
        )
        for label, size, project in named
    ]


def weeks(files: Iterable[FileRow], now: datetime) -> list[Week]:
    """How many releases were published in each of the last weeks, oldest first; by the first file of each."""
    first: dict[tuple[str, str], datetime] = {}
    for row in files:
        if not row.removal:
            release = (row.project, row.version)
            first[release] = min(first.get(release, row.upload_time), row.upload_time)
    counts = Counter(_monday(moment) for moment in first.values())
    last = _monday(now)
    mondays = [last - timedelta(weeks=back) for back in reversed(range(WEEKS))]
    return [Week(monday=monday, releases=counts[monday]) for monday in mondays]


def releases_chart(found: Sequence[Week]) -> Chart | None:
    """The weeks as bars; None if there was nothing."""
    total, most = sum(week.releases for week in found), max(week.releases for week in found)
    if not total:
        return None
    slot = WIDTH / len(found)
    drawn = [
        Bar(
            x=round(number * slot, 2),
            y=round(HEIGHT - HEIGHT * week.releases / most, 2),
            width=round(slot - _GAP, 2),
            height=round(HEIGHT * week.releases / most, 2),
            title=f"Week of {week.monday:%Y-%m-%d}: {_told(week.releases)}",
        )
        for number, week in enumerate(found)
    ]
    return Chart(
        title=f"{_told(total)} in the last {len(found)} weeks, {most} in the busiest one",
        first=f"{found[0].monday:%Y-%m-%d}",
        last=f"{found[-1].monday:%Y-%m-%d}",
        bars=tuple(drawn),
    )


def _told(number: int) -> str:
    return "1 release" if number == 1 else f"{number or 'no'} releases"


def _monday(moment: datetime) -> date:
    day = moment.date()
    return day - timedelta(days=day.weekday())
