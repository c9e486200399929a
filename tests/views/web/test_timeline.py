"""The chart of releases over time."""

from datetime import UTC, datetime, timedelta

import pytest

from packages.views.web.timeline import FEWEST_BARS, HEIGHT, MOST_BARS, WIDTH, Chart, timeline

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def chart_of(*days: str) -> Chart:
    chart = timeline([datetime.fromisoformat(f"{day}T12:00:00+00:00") for day in days], NOW)
    assert chart is not None
    return chart


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_releases_are_no_chart(count: int) -> None:
    assert timeline([NOW] * count, NOW) is None


@pytest.mark.parametrize(
    ("first", "by", "name", "bars"),
    [
        ("2026-11-01", "month", "June 2026", FEWEST_BARS),
        ("2026-01-31", "month", "January 2026", 11),
        ("2024-12-31", "month", "December 2024", MOST_BARS),
        ("2024-11-30", "quarter", "Q4 2024", 9),
        ("2021-01-01", "quarter", "Q1 2021", MOST_BARS),
        ("2020-12-31", "year", "2020", 7),
        ("1996-02-29", "year", "1996", 31),
    ],
)
def test_bars_are_for_as_long_as_fits(first: str, by: str, name: str, bars: int) -> None:
    chart = chart_of(first, "2026-11-02", "2026-11-03")
    assert f"3 releases by {by}, from " in chart.title
    assert (chart.first, len(chart.bars)) == (name, bars)
    assert chart.last == {"month": "November 2026", "quarter": "Q4 2026", "year": "2026"}[by]


def test_says_what_it_shows() -> None:
    chart = chart_of("2026-03-01", "2026-05-01", "2026-05-31")
    assert chart.title == "3 releases by month, from March 2026 to November 2026; most in May 2026 (2)"
    assert [bar.title for bar in chart.bars][:3] == [
        "March 2026: 1 release",
        "April 2026: no releases",
        "May 2026: 2 releases",
    ]
    assert [bar.height for bar in chart.bars][:4] == [HEIGHT / 2, 0, HEIGHT, 0]
    assert [bar.y for bar in chart.bars][:3] == [HEIGHT / 2, HEIGHT, 0]


def test_one_release_among_hundreds_is_seen() -> None:
    chart = timeline([NOW] * 1000 + [NOW - timedelta(days=60)], NOW)
    assert chart is not None
    assert all(bar.height == 0 or 3 <= bar.height <= HEIGHT for bar in chart.bars)
    assert sum(bar.height > 0 for bar in chart.bars) == 2
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH for bar in chart.bars)


def test_a_clock_that_is_behind_harms_nothing() -> None:
    chart = timeline([NOW + timedelta(days=400)] * 3, NOW)
    assert chart is not None
    assert chart.last == "December 2027"
