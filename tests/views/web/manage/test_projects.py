"""The list of all projects, and what is done with many of them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import accounts, catalog, listings, publishing
from packages.access import Role
from packages.errors import NotFound, Unavailable
from packages.listings import Listing, ProjectRow
from packages.views.web.manage import bulk
from packages.views.web.manage.bulk import NAMED
from packages.views.web.manage.lists import PER_PAGE
from tests.builders import a_wheel, an_origin
from tests.conftest import Publish
from tests.counting import Calls
from tests.views.web.conftest import As
from tests.views.web.manage.conftest import boxes, confirm, hidden, know_the_lists
from tests.views.web.seeing import seen

ADDRESS = "/manage/projects/"
ON_AWS = pytest.mark.parametrize("home", ["aws"], indirect=True)
ON_ONE_MACHINE = pytest.mark.parametrize("home", ["machine"], indirect=True)


def publish(*names: str, by: str = "alice", role: str = "admin") -> None:
    for name in names:
        origin = an_origin(by, role, time=timezone.now())
        publishing.publish(a_wheel(name, summary=f"About {name}").received(), by=origin, overwrite=False)


def status_of(name: str) -> str:
    return catalog.find_project(NormalizedName(name)).status


def ask(client: Client, action: str, *rows: str, address: str = ADDRESS, **further: str) -> Any:
    return client.post(address, {"action": action, "row": list(rows), **further})


def test_all_projects_are_listed_with_what_they_are(browser: Client) -> None:
    publish("one", "two", "three")
    publishing.set_status(NormalizedName("two"), "quarantined", by=an_origin())
    publishing.remove(NormalizedName("three"), by=an_origin(time=timezone.now()))
    page = seen(browser.get(ADDRESS))
    assert boxes(page) == ["one", "three", "two"]
    assert "two quarantined About two" in page.text
    until = timezone.now() + timedelta(days=30)
    assert f"three deleted restorable until {until:%Y-%m-%d}" in page.text
    assert page.links["three"] == "/project/three/manage/"
    for filters, names in {
        "q=about+one": ["one"],
        "status=deleted": ["three"],
        "status=quarantined": ["two"],
        "status=active": ["one"],
        "status=published&sort=-name": ["two", "one"],
        "owner=alice": ["one", "three", "two"],
        "owner=bob": [],
        "owners=none": [],
    }.items():
        assert boxes(seen(browser.get(f"{ADDRESS}?{filters}"))) == names, filters


def test_a_change_of_several_says_how_many_and_then_does_it(browser: Client) -> None:
    publish("one", "two", "three")
    publishing.set_status(NormalizedName("three"), "archived", by=an_origin())
    response = ask(browser, "archived", "one", "two", "three", address=f"{ADDRESS}?q=o")
    page = seen(response)
    assert (1, "Archive 2 projects") in page.headings
    assert "1 of those that you chose is not among these" in page.text
    assert hidden(page)["row"] == ["one", "two"]
    assert status_of("one") == "active"
    response = confirm(browser, f"{ADDRESS}?q=o", page, reason="Superseded")
    assert (response.status_code, response["Location"]) == (302, f"{ADDRESS}?q=o")
    assert "Archived 2 projects." in seen(browser.get(response["Location"])).text
    assert (status_of("one"), status_of("two")) == ("archived", "archived")
    assert catalog.find_project(NormalizedName("one")).status_reason == "Superseded"


@ON_ONE_MACHINE
def test_all_that_match_are_more_than_a_page(browser: Client) -> None:
    names = [f"many-{number:02}" for number in range(PER_PAGE + 5)]
    publish(*names, "other")
    page = seen(browser.get(f"{ADDRESS}?q=many"))
    assert f"All {len(names)} projects that match, on all pages" in page.text
    page = seen(browser.post(f"{ADDRESS}?q=many", {"action": "deprecated", "everything": "yes"}))
    assert (1, f"Deprecate {len(names)} projects") in page.headings
    assert f"many-{NAMED - 1:02} and {len(names) - NAMED} more" in page.text
    # They are found again, and not sent along.
    assert "row" not in hidden(page)
    response = confirm(browser, f"{ADDRESS}?q=many", page)
    assert response.status_code == 302
    assert {status_of(name) for name in names} == {"deprecated"}
    assert status_of("other") == "active"


@ON_ONE_MACHINE
def test_what_has_changed_since_it_was_asked_is_asked_again(browser: Client) -> None:
    publish("one", "two")
    page = seen(browser.post(ADDRESS, {"action": "archived", "everything": "yes"}))
    publish("three")
    again = seen(confirm(browser, ADDRESS, page), status=409)
    assert "Something has changed meanwhile" in again.text
    assert (1, "Archive 3 projects") in again.headings
    assert status_of("one") == "active"
    assert confirm(browser, ADDRESS, again).status_code == 302
    # Nor is it good for what was published into them since.
    publish("four")
    page = seen(ask(browser, "delete", "four"))
    publishing.publish(a_wheel("four", "9.0").received(), by=an_origin(), overwrite=False)
    assert confirm(browser, ADDRESS, page, typed="four").status_code == 409
    # Nor is a confirmation of one thing good for another.
    page = seen(ask(browser, "active", "one"))
    assert confirm(browser, ADDRESS, page, action="delete").status_code == 409


def test_deleting_wants_the_name_or_the_number_typed(browser: Client) -> None:
    publish("one", "two", "three")
    page = seen(ask(browser, "delete", "one", "two"))
    assert "For 30 days they can be restored here." in page.text
    assert "Type the number of projects, 2, to confirm" in page.text
    page = seen(confirm(browser, ADDRESS, page, typed="3"), status=400)
    assert "That is not 2: type it to go on." in page.text
    assert confirm(browser, ADDRESS, page, typed="2").status_code == 302
    page = seen(ask(browser, "delete", "three"))
    assert "Type three to confirm" in page.text
    assert confirm(browser, ADDRESS, page, typed="three").status_code == 302
    with pytest.raises(NotFound):
        catalog.find_project(NormalizedName("three"))
    page = seen(ask(browser, "restore", "three", "one"))
    assert confirm(browser, ADDRESS, page).status_code == 302
    assert status_of("three") == "active"
    page = seen(ask(browser, "purge", "one", "two"))
    assert "Purge two" in page.text
    assert confirm(browser, ADDRESS, page, typed="two").status_code == 302
    assert boxes(seen(browser.get(ADDRESS))) == ["one", "three"]


def undone(client: Client, page: Any) -> Any:
    """Press the button that takes back what was deleted."""
    return client.post(ADDRESS, {"undo": hidden(page)["undo"][0]})


def test_what_was_deleted_together_is_restored_together(browser: Client) -> None:
    publish("one", "two", "three", "four")
    publishing.remove(NormalizedName("four"), by=an_origin(time=timezone.now()))
    page = seen(ask(browser, "delete", "one", "two", address=f"{ADDRESS}?q=o"))
    response = confirm(browser, f"{ADDRESS}?q=o", page, typed="2")
    assert response.status_code == 302
    assert response["Location"].startswith(f"{ADDRESS}?q=o&deleted=")
    page = seen(browser.get(response["Location"]))
    assert "Deleted 2 projects. It can be undone until" in page.text
    assert "Undo: restore 2 projects" in page.text
    # No other address of the list goes on with it.
    assert not [address for address in page.links.values() if "deleted=" in address]
    back = undone(browser, page)
    assert (back.status_code, back["Location"]) == (302, ADDRESS)
    assert "Restored 2 projects." in seen(browser.get(back["Location"])).text
    assert (status_of("one"), status_of("two"), status_of("three")) == ("active", "active", "active")
    with pytest.raises(NotFound):
        status_of("four")
    assert "It can be undone" not in seen(browser.get(response["Location"])).text
    assert "nothing left to restore" in seen(undone(browser, page), status=409).text


@ON_ONE_MACHINE
def test_what_is_left_of_it_is_restored(browser: Client, settings: Settings) -> None:
    publish("one", "two", "three")
    response = confirm(browser, ADDRESS, seen(ask(browser, "delete", "one", "two")), typed="2")
    publishing.restore(NormalizedName("two"), by=an_origin(time=timezone.now()))
    page = seen(browser.get(response["Location"]))
    assert "Undo: restore one" in page.text
    assert "Restored one." in seen(browser.get(undone(browser, page)["Location"])).text
    for moment in ("x", "", "2026-01-01", "2026-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00", "\0"):
        assert "Undo:" not in seen(browser.get(ADDRESS, {"deleted": moment})).text
        assert seen(browser.post(ADDRESS, {"undo": moment}), status=409)
    settings.RESTORE_DAYS = 0
    page = seen(ask(browser, "delete", "three"))
    response = confirm(browser, ADDRESS, page, typed="three")
    assert response["Location"] == ADDRESS
    assert "Deleted three." in seen(browser.get(ADDRESS)).text


@ON_ONE_MACHINE
def test_what_was_deleted_before_the_time_was_over_can_be_restored(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("one", "two")
    page = seen(ask(browser, "delete", "one", "two"))
    remove = publishing.remove

    def removing(name: NormalizedName, **options: Any) -> Any:
        if name == "two":
            raise NotFound("There is no project two in this index.")
        return remove(name, **options)

    monkeypatch.setattr(publishing, "remove", removing)
    page = seen(confirm(browser, ADDRESS, page, typed="2"))
    assert (1, "Deleted 1 of 2 projects") in page.headings
    assert "Undo: restore one" in page.text
    assert undone(browser, page).status_code == 302
    assert status_of("one") == "active"


@ON_ONE_MACHINE
def test_what_fails_is_told_and_the_rest_is_done(browser: Client, settings: Settings) -> None:
    publish("gone", "here")
    settings.RESTORE_DAYS = 1
    publishing.remove(NormalizedName("gone"), by=an_origin(time=timezone.now() - timedelta(days=3)))
    publishing.remove(NormalizedName("here"), by=an_origin(time=timezone.now()))
    assert "gone deleted no longer restorable" in seen(browser.get(ADDRESS)).text
    page = seen(confirm(browser, ADDRESS, seen(ask(browser, "restore", "gone", "here"))))
    assert (1, "Restored 1 of 2 projects") in page.headings
    assert "gone The time to restore it is over" in page.text
    assert status_of("here") == "active"
    page = seen(confirm(browser, ADDRESS, seen(ask(browser, "restore", "gone"))), status=409)
    assert (1, "Restored 0 of 1 project") in page.headings


@ON_ONE_MACHINE
def test_what_takes_too_long_goes_on_later(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    publish("one", "two", "three")
    page = seen(browser.post(ADDRESS, {"action": "archived", "everything": "yes"}))
    monkeypatch.setattr(bulk, "LONGEST", 0.0)
    page = seen(confirm(browser, ADDRESS, page), status=409)
    assert "3 projects were not begun: the time for one request was over." in page.text
    page = seen(browser.post(ADDRESS, hidden(page)))
    monkeypatch.undo()
    assert (1, "Archive 3 projects") in page.headings
    assert confirm(browser, ADDRESS, page).status_code == 302


@ON_ONE_MACHINE
def test_an_index_that_does_not_answer_is_not_asked_again(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    publish("one", "two", "three")
    page = seen(browser.post(ADDRESS, {"action": "archived", "everything": "yes"}))
    asked = list[str]()

    def unavailable(name: str, *_: Any, **__: Any) -> None:
        asked.append(name)
        raise Unavailable("The index's table cannot be used right now (Throttling); try again in a moment.")

    monkeypatch.setattr(publishing, "set_status", unavailable)
    page = seen(confirm(browser, ADDRESS, page), status=409)
    assert len(asked) == 1
    assert "2 projects were not begun: the index did not answer any more." in page.text


@ON_ONE_MACHINE
@pytest.mark.parametrize(
    ("sent", "status", "sentence"),
    [
        ({"row": "one"}, 400, "Say what to do with the projects"),
        ({"action": "explode", "row": "one"}, 400, "Say what to do with the projects"),
        ({"action": "archived"}, 400, "Nothing is checked"),
        ({"action": "archived", "row": "<script>"}, 400, "Nothing is checked"),
        ({"action": "active", "row": "one"}, 409, "There is nothing to activate"),
        ({"one": "archived"}, 400, "Nothing is checked"),
        ({"one": "purge one"}, 409, "There is nothing to purge"),
    ],
)
def test_it_refuses_what_is_not_to_be_done(browser: Client, sent: dict[str, str], status: int, sentence: str) -> None:
    publish("one")
    assert sentence in seen(browser.post(ADDRESS, sent), status=status).text


@ON_ONE_MACHINE
def test_what_people_write_is_shown_as_it_is(browser: Client) -> None:
    publishing.publish(a_wheel("one", summary="<script>alert(1)</script>").received(), by=an_origin(), overwrite=False)
    page = seen(browser.get(f'{ADDRESS}?q=<script>&owner=%22><b>&sort="&status="'))
    assert "script" not in [tag for tag, values in page.tags if "src" not in values]
    assert "None of 1 project matches" in page.text
    assert "<script>alert(1)</script>" in seen(browser.get(ADDRESS)).text


def some_rows(number: int, *, removed: Sequence[int] = ()) -> list[ProjectRow]:
    now = timezone.now()
    return [
        ProjectRow(
            name=f"project-{index:05}",
            display_name=f"Project-{index:05}",
            summary="One of many",
            version="1.0",
            latest="1.0",
            changed=now,
            created=now,
            files=3,
            releases=1,
            size=index,
            status="active",
            owners=("alice",),
            removed=index in removed,
            serial=index,
        )
        for index in range(number)
    ]


@ON_AWS
def test_ten_thousand_projects_cost_no_more_than_ten(
    browser: Client, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = some_rows(10_000, removed=[9_999])
    monkeypatch.setattr(listings, "projects", lambda: Listing(1, rows))
    page = seen(browser.get(f"{ADDRESS}?sort=-size&q=many"))
    assert boxes(page)[0] == "project-09999"
    assert len(boxes(page)) == PER_PAGE
    assert "All 10,000 projects that match, on all pages" in page.text
    # Whose session it is, and until when the deleted one can be restored.
    assert calls.since() == {"BatchGetItem": 2}
    page = seen(browser.post(f"{ADDRESS}?q=many", {"action": "archived", "everything": "yes"}))
    assert (1, "Archive 9,999 projects") in page.headings
    assert calls.since() == {"BatchGetItem": 1}


@ON_AWS
def test_a_list_costs_two_reads(browser: Client, publish: Publish, calls: Calls) -> None:
    publish()
    know_the_lists()
    calls.since()
    seen(browser.get(ADDRESS))
    # The session, and whether the list has changed.
    assert calls.since() == {"BatchGetItem": 1, "GetItem": 1}


@ON_ONE_MACHINE
def test_an_account_that_administers_no_more_is_out_at_once(as_: As) -> None:
    client = as_("erin", "admin")
    assert client.get(ADDRESS).status_code == 200
    accounts.change("erin", role=Role.PUBLISHER, by=an_origin())
    assert client.get(ADDRESS).status_code == 403
