"""A small chart of how often a project was released, by month, quarter or year: its bars, and what it says in words."""

from calendar import month_name
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

# Fewer are a list, not a chart.
FEWEST = 3
# As many bars as can be told from each other in a column of the page; years may be more.
MOST_BARS = 24
FEWEST_BARS = 6

WIDTH, HEIGHT = 300, 60
_GAP = 2
_LEAST_HEIGHT = 3
# How many months a bar is for.
_STEPS = {1: "month", 3: "quarter", 12: "year"}


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar in units of the chart; ``y`` is its upper edge. ``title`` says what it stands for."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Everything that the template draws: bars without height are periods in which there was none."""

    title: str
    first: str
    last: str
    bars: tuple[Bar, ...]
    width: int = WIDTH
    height: int = HEIGHT


def timeline(moments: Collection[datetime], now: datetime) -> Chart | None:
    """A chart from the first of these moments until now; None of too few."""
    if len(moments) < FEWEST:
        return None
    months = [_month(moment) for moment in moments]
    last = max(_month(now), *months)
    step = next((step for step in _STEPS if last // step - min(months) // step < MOST_BARS), 12)
    counts = Counter(month // step for month in months)
    first = min(min(counts), last // step - FEWEST_BARS + 1)
    periods = range(first, last // step + 1)
    most = max(counts.values())
    peak = next(period for period in periods if counts[period] == most)

    return Chart(
        title=f"{_told(len(moments))} by {_STEPS[step]}, from {_name(min(counts), step)} "
        f"to {_name(periods[-1], step)}; most in {_name(peak, step)} ({most})",
        first=_name(periods[0], step),
        last=_name(periods[-1], step),
        bars=tuple(_bars(periods, counts, step)),
    )


def _bars(periods: range, counts: Counter[int], step: int) -> Iterator[Bar]:
    slot, most = WIDTH / len(periods), max(counts.values())
    for number, period in enumerate(periods):
        count = counts[period]
        height = max(HEIGHT * count / most, _LEAST_HEIGHT) if count else 0
        yield Bar(
            x=round(number * slot, 2),
            y=round(HEIGHT - height, 2),
            width=round(max(slot - _GAP, 1), 2),
            height=round(height, 2),
            title=f"{_name(period, step)}: {_told(count)}",
        )


def _told(number: int) -> str:
    return "1 release" if number == 1 else f"{number or 'no'} releases"


def _month(moment: datetime) -> int:
    return moment.year * 12 + moment.month - 1


def _name(period: int, step: int) -> str:
    year, month = divmod(period * step, 12)
    if step == 12:
        return str(year)
    return f"{month_name[month + 1]} {year}" if step == 1 else f"Q{month // 3 + 1} {year}"
