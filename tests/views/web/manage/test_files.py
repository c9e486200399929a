"""The list of all files, and what is done with many of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from packaging.utils import NormalizedName

from packages import catalog, listings, publishing
from packages.listings import FileRow, Listing
from packages.views.web.manage.lists import PER_PAGE
from tests.builders import a_wheel, an_origin, an_sdist
from tests.conftest import Publish
from tests.counting import Calls
from tests.views.web.manage.conftest import boxes, confirm, hidden, know_the_lists
from tests.views.web.seeing import seen

ADDRESS = "/manage/files/"
DEMO, WHEEL, SDIST, OTHER = (
    NormalizedName("demo-pkg"),
    "demo_pkg-1.0-py3-none-any.whl",
    "demo_pkg-1.0.tar.gz",
    "other-2.0-py3-none-any.whl",
)
ON_AWS = pytest.mark.parametrize("home", ["aws"], indirect=True)


@pytest.fixture
def some_files(home: str) -> None:
    """Three files of two projects, by two people."""
    for built, name in ((a_wheel(), "alice"), (an_sdist(), "alice"), (a_wheel("other", "2.0"), "bob")):
        origin = an_origin(name, time=timezone.now())
        publishing.publish(built.received(), by=origin, overwrite=False)


def states() -> dict[str, str]:
    rows = [row for name in ("demo-pkg", "other") for row in catalog.rows_of(NormalizedName(name))]
    return {row.filename: row.removal or ("yanked" if row.yanked else "published") for row in rows}


def change(client: Client, action: str, *keys: str, **further: str) -> Any:
    page = seen(client.post(ADDRESS, {"action": action, "row": list(keys)}))
    response = confirm(client, ADDRESS, page, **further)
    assert response.status_code == 302
    return seen(client.get(response["Location"]))


@pytest.mark.usefixtures("some_files")
def test_all_files_are_found_by_what_they_are(browser: Client) -> None:
    publishing.yank(DEMO, "1.0", filename=SDIST, reason="Broken", by=an_origin())
    publishing.remove(NormalizedName("other"), by=an_origin(time=timezone.now()))
    page = seen(browser.get(ADDRESS))
    assert boxes(page) == [f"demo-pkg/{WHEEL}", f"demo-pkg/{SDIST}", f"other/{OTHER}"]
    assert f"{SDIST} yanked Broken" in page.text
    until = timezone.now() + timedelta(days=30)
    assert f"{OTHER} deleted restorable until {until:%Y-%m-%d}" in page.text
    for filters, names in {
        "q=demo+whl": [WHEEL],
        "q=bob": [OTHER],
        "state=yanked": [SDIST],
        "state=deleted": [OTHER],
        "state=published&type=wheel": [WHEEL],
        "state=purged": [],
        "type=sdist": [SDIST],
        "project=other": [OTHER],
        "uploader=alice&sort=-name": [SDIST, WHEEL],
    }.items():
        found = boxes(seen(browser.get(f"{ADDRESS}?{filters}")))
        assert [key.partition("/")[2] for key in found] == names, filters


@pytest.mark.usefixtures("some_files")
def test_files_of_several_projects_are_changed_at_once(browser: Client) -> None:
    wheel, other = f"demo-pkg/{WHEEL}", f"other/{OTHER}"
    page = change(browser, "yank", wheel, other, reason="Wrong\n<b>build</b>")
    assert "Yanked 2 files." in page.text
    assert states() == {WHEEL: "yanked", SDIST: "published", OTHER: "yanked"}
    assert "Wrong <b>build</b>" in page.text
    assert f"Unyanked {OTHER}." in change(browser, "unyank", other).text
    assert "Deleted 2 files." in change(browser, "delete", wheel, other, typed="2").text
    assert states() == {WHEEL: "hidden", SDIST: "published", OTHER: "hidden"}
    change(browser, "restore", other)
    change(browser, "purge", wheel, typed=WHEEL)
    assert states() == {WHEEL: "purged", SDIST: "published", OTHER: "published"}
    page = seen(browser.post(ADDRESS, {"action": "restore", "row": wheel}), status=409)
    assert "There is nothing to restore" in page.text


@pytest.mark.usefixtures("some_files")
def test_files_that_were_deleted_together_are_restored_together(browser: Client) -> None:
    publishing.remove(DEMO, filename=SDIST, by=an_origin(time=timezone.now()))
    page = change(browser, "delete", f"demo-pkg/{WHEEL}", f"other/{OTHER}", typed="2")
    assert "Deleted 2 files. It can be undone until" in page.text
    response = browser.post(ADDRESS, {"undo": hidden(page)["undo"][0]})
    assert "Restored 2 files." in seen(browser.get(response["Location"])).text
    assert states() == {WHEEL: "published", SDIST: "hidden", OTHER: "published"}


@pytest.mark.usefixtures("some_files")
def test_files_and_releases_are_led_to(browser: Client) -> None:
    publishing.remove(DEMO, filename=SDIST, by=an_origin(time=timezone.now()))
    page = seen(browser.get(ADDRESS))
    assert page.links[WHEEL] == f"/packages/demo-pkg/{WHEEL}"
    assert page.links["1.0 of demo-pkg"] == "/project/demo-pkg/1.0/"
    assert page.links["2.0 of other"] == "/project/other/2.0/"
    assert SDIST not in page.links
    for name in (WHEEL, "1.0 of demo-pkg"):
        assert browser.get(page.links[name]).status_code in {200, 302}


@ON_AWS
def test_ten_thousand_files_cost_no_more_than_ten(
    browser: Client, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        FileRow(
            project=f"project-{number // 10:04}",
            filename=f"project_{number // 10:04}-1.{number % 10}.tar.gz",
            version=f"1.{number % 10}",
            packagetype="sdist",
            size=number,
            sha256="a" * 64,
            upload_time=timezone.now(),
            uploader="alice",
            yanked=False,
            yanked_reason="",
            removal="",
            removed_at=None,
            requires_python=None,
        )
        for number in range(10_000)
    ]
    monkeypatch.setattr(listings, "files", lambda: Listing(1, rows))
    page = seen(browser.get(f"{ADDRESS}?sort=-size&page=2&type=sdist"))
    assert boxes(page) == [f"{row.project}/{row.filename}" for row in rows[-PER_PAGE - 1 : -2 * PER_PAGE - 1 : -1]]
    assert calls.since() == {"BatchGetItem": 1}


@ON_AWS
def test_a_list_costs_two_reads(browser: Client, publish: Publish, calls: Calls) -> None:
    publish()
    know_the_lists()
    calls.since()
    seen(browser.get(ADDRESS))
    assert calls.since() == {"BatchGetItem": 1, "GetItem": 1}
