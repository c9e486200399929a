"""The first of the administrators' pages."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from packaging.utils import NormalizedName

from packages import accounts, listings, publishing, storage
from packages.access import Role, Scope
from packages.errors import Unavailable
from packages.listings import FileRow
from packages.views.web.manage.charts import Share, bars, releases_chart, shares, weeks
from tests.builders import NOON, a_wheel, an_origin, an_sdist
from tests.conftest import Publish
from tests.counting import Calls
from tests.views.web.manage.conftest import know_the_lists
from tests.views.web.seeing import seen

ADDRESS = "/manage/"
ON_AWS = pytest.mark.parametrize("home", ["aws"], indirect=True)
ON_ONE_MACHINE = pytest.mark.parametrize("home", ["machine"], indirect=True)


def test_it_says_how_much_there_is_and_what_wants_attention(browser: Client) -> None:
    now = timezone.now()
    for name in ("one", "two", "three", "four"):
        by = an_origin("alice", time=now - timedelta(days=10))
        publishing.publish(a_wheel(name).received(), by=by, overwrite=False)
    publishing.set_status(NormalizedName("two"), "quarantined", by=an_origin(time=now))
    publishing.remove(NormalizedName("three"), by=an_origin(time=now - timedelta(days=1)))
    publishing.revoke_role(NormalizedName("four"), "alice", by=an_origin(time=now), leave_ownerless=True)
    accounts.create("carol", role=Role.READER, by=an_origin(time=now))
    accounts.change("carol", disabled=True, by=an_origin(time=now))
    accounts.issue("alice", scopes={Scope.READ}, by=an_origin(time=now - timedelta(days=100)))
    page = seen(browser.get(ADDRESS))
    # Quarantined projects are there for administrators. The accounts: alice, bob and carol.
    assert "projects 3 releases 3 files 3 size 2.4 kB accounts 3 tokens 1" in page.text
    assert page.links["1 project has no owner"] == "/manage/projects/?owners=none"
    assert page.links["1 project is quarantined"] == "/manage/projects/?status=quarantined"
    assert page.links["1 project is deleted, and kept to be restored"] == "/manage/projects/?status=deleted"
    assert f"three: restorable until {now + timedelta(days=29):%Y-%m-%d}" in page.text
    assert page.links["1 account is disabled"] == "/manage/accounts/?state=disabled"
    assert page.links["1 token was not used for 90 days"] == "/manage/tokens/?use=unused"
    assert page.links["1 token has no end"] == "/manage/tokens/?end=never"
    assert "The index answers The file storage answers" in page.text
    assert "alice disabled carol" in page.text
    for address in page.links.values():
        if address.startswith("/manage/"):
            assert browser.get(address).status_code == 200, address


@ON_ONE_MACHINE
def test_it_says_what_does_not_answer(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise Unavailable("The file storage cannot be used right now (Permission denied); try again in a moment.")

    monkeypatch.setattr(storage, "check", broken)
    page = seen(browser.get(ADDRESS))
    assert "The file storage does not answer The file storage cannot be used right now (Permission denied)" in page.text


@ON_AWS
def test_what_it_costs(browser: Client, publish: Publish, calls: Calls) -> None:
    publish()
    know_the_lists()
    calls.since()
    seen(browser.get(ADDRESS))
    # The session; whether each of four lists has changed, the list of projects; the bucket; the last entries.
    assert calls.since() == {"BatchGetItem": 1, "GetItem": 5, "HeadBucket": 1, "Query": 1}


def a_row(project: str, version: str, size: int = 1000, ago: int = 0, removal: str = "") -> FileRow:
    file = (an_sdist if size % 2 else a_wheel)(project, version)
    return FileRow(
        project=project,
        filename=file.filename,
        version=version,
        packagetype="sdist",
        size=size,
        sha256="a" * 64,
        upload_time=NOON - timedelta(days=ago),
        uploader="alice",
        yanked=False,
        yanked_reason="",
        removal=removal,
        removed_at=None,
        requires_python=None,
    )


def test_storage_counts_what_lies_there() -> None:
    rows = [
        a_row("b", "1", 5),
        a_row("a", "1", 3),
        a_row("a", "2", 4, removal="hidden"),
        a_row("c", "1", 9, 0, "purged"),
    ]
    assert shares(rows) == [
        Share(project="a", files=1, size=3, kept_files=1, kept=4),
        Share(project="b", files=1, size=5, kept_files=0, kept=0),
    ]
    drawn = bars(shares([a_row(f"p{number}", "1", number + 1) for number in range(4)]), 2)
    assert [(bar.label, bar.size, bar.percent, bar.part) for bar in drawn] == [
        ("p3", 4, 100.0, 40.0),
        ("p2", 3, 75.0, 30.0),
        ("2 other projects", 3, 75.0, 30.0),
    ]
    assert bars([], 2) == []


def test_releases_are_counted_by_the_week_of_their_first_file() -> None:
    # NOON is a Monday.
    rows = [
        a_row("a", "1", ago=1),
        a_row("a", "1", ago=0),
        a_row("a", "2", ago=0),
        a_row("b", "1", ago=7),
        a_row("b", "2", ago=400),
        a_row("b", "3", removal="hidden"),
    ]
    found = weeks(rows, NOON)
    assert [week.releases for week in found] == [0] * 24 + [2, 1]
    assert str(found[-1].monday) == "2026-11-23"
    chart = releases_chart(found)
    assert chart is not None
    assert chart.title == "3 releases in the last 26 weeks, 2 in the busiest one"
    assert [bar.height for bar in chart.bars][-2:] == [60, 30]
    assert releases_chart(weeks([], NOON)) is None


@ON_ONE_MACHINE
def test_charts_are_told_in_numbers_too(browser: Client) -> None:
    by = an_origin(time=timezone.now())
    publishing.publish(a_wheel("one").received(), by=by, overwrite=False)
    response = browser.get(ADDRESS)
    assert '<title id="chart">1 release in the last 26 weeks, 1 in the busiest one</title>' in response.content.decode()
    assert "one 810 bytes, 100.0 % of all" in seen(response).text
    assert listings.projects().totals.projects == 1
