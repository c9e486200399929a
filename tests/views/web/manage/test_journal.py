"""The journal: read, looked through, downloaded, verified."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from django.test import Client
from packaging.utils import NormalizedName

from packages import accounts, journal, publishing, trusted
from packages.access import ProjectRole, Role, Scope
from packages.api import LINES_TYPE
from packages.errors import NotAuthenticated
from packages.journal import Note
from packages.models import JournalEntry
from packages.store import Put, store
from packages.views.web.manage import journal as view
from packages.views.web.manage.words import ACTIONS, said
from tests.builders import NOON, a_wheel, an_origin
from tests.counting import Calls
from tests.issuer import GITHUB_FIELDS
from tests.views.web.conftest import As
from tests.views.web.seeing import Seen, seen

ADDRESS = "/manage/journal/"
DEMO = NormalizedName("demo-pkg")
ON_AWS = pytest.mark.parametrize("home", ["aws"], indirect=True)
ON_ONE_MACHINE = pytest.mark.parametrize("home", ["machine"], indirect=True)


def serials(page: Seen) -> list[int]:
    """Which entries a page shows."""
    found = [values["aria-label"] for tag, values in page.tags if tag == "pre"]
    return [int(label.removeprefix("Entry ")) for label in found]


def note(count: int, *, who: str = "alice", action: str = "forget", time: datetime = NOON) -> None:
    """Some entries."""
    for number in range(count):
        journal.record(Note(action=action, project="demo-pkg", target=f"{number}"), an_origin(who, time=time))


def write(first: int, last: int, *, every: int, action: str) -> None:
    """Many entries at once, of which some are of an action; each a minute after the one before."""
    for serial in range(first, last + 1):
        entry = JournalEntry(
            *JournalEntry.key(serial),
            serial=serial,
            time=NOON + timedelta(minutes=serial),
            actor="bob",
            credential="password",
            action=action if serial % every == 0 else "forget",
            target=f"{serial}",
        )
        store().write(Put(item=entry))


def at(serial: int) -> None:
    """Let the journal end with an entry."""
    from packages.models import SERIAL, Counter

    store().write(Put(item=Counter(*Counter.key(SERIAL), value=serial)))


def test_every_change_is_said_in_words(browser: Client) -> None:
    alice = an_origin()
    accounts.create("carol", role=Role.PUBLISHER, by=alice)
    accounts.change("carol", role=Role.READER, disabled=True, by=alice)
    accounts.set_password("carol", None, by=alice)
    accounts.end_sessions("carol", by=alice)
    with pytest.raises(NotAuthenticated):
        accounts.identify("carol", "wrong password", alice)
    publishing.publish(a_wheel().received(), by=alice, overwrite=False)
    publishing.publish(a_wheel(version="2.0").received(), by=alice, overwrite=False)
    publishing.grant_role(DEMO, "carol", ProjectRole.MAINTAINER, by=alice)
    publishing.revoke_role(DEMO, "carol", by=alice)
    publishing.yank(DEMO, "1.0", reason="Broken <b>", by=alice)
    publishing.unyank(DEMO, "1.0", by=alice)
    publishing.set_status(DEMO, "archived", reason="Old", by=alice)
    publishing.remove(DEMO, by=alice)
    publishing.restore(DEMO, by=alice)
    publishing.remove(DEMO, by=alice)
    publishing.purge(DEMO, by=alice)
    _, token = accounts.issue("alice", scopes={Scope.READ, Scope.MANAGE}, description="CI", by=alice)
    accounts.revoke(token.id, by=alice)
    known = trusted.register(NormalizedName("new"), "github", GITHUB_FIELDS, by=alice)
    text, minted = accounts.issue_for_publisher({NormalizedName("new"): known.id}, by=alice, claims={})
    accounts.burn(text, by=alice)
    trusted.withdraw(NormalizedName("new"), known.id, by=alice)
    accounts.delete("carol", by=alice)
    page = seen(browser.get(ADDRESS))
    which = "the workflow release.yml of octo-org/demo in the environment pypi"
    for words in (
        "alice made the account carol as a publisher",
        "changed the role of carol from publisher to reader and disabled carol",
        "gave carol a new password",
        "logged carol out everywhere",
        "gave a wrong password for carol (failure 1 from there)",
        "published demo_pkg-1.0-py3-none-any.whl (",
        ", the first file of its project · demo-pkg",
        "made carol a maintainer · demo-pkg",
        "took carol's role as maintainer away",
        "yanked demo_pkg-1.0-py3-none-any.whl: Broken <b>",
        "unyanked demo_pkg-1.0-py3-none-any.whl",
        "set the status of demo-pkg from active to archived: Old",
        "deleted 2 files of 1.0, 2.0",
        "deleted the project demo-pkg",
        "restored 2 files of 1.0, 2.0",
        "purged 2 files of 1.0, 2.0",
        "purged the project demo-pkg: its name is free again",
        f"made the token “CI” of alice ({token.id}, for manage, read)",
        f"revoked the token “CI” of alice ({token.id}",
        f"was given the token “{minted.description}” ({minted.id}, for publish)",
        f"gave back the token “{minted.description}”",
        "removed the workflow",
        "deleted the account carol",
    ):
        assert words in page.text, words
    # What names the project names it once.
    for words in ("the project demo-pkg · demo-pkg", "archived: Old · demo-pkg", "demo-pkg: its name is free again ·"):
        assert words not in page.text, words
    assert "as a trusted publisher, which may create the project for alice" in page.text, which
    assert "password from 192.0.2.1" in page.text
    # Whole, and foldable.
    assert '"reason": "Broken <b>"' in page.text
    assert {entry.action for entry in journal.entries()} <= ACTIONS.keys()


def test_what_people_did_to_themselves_is_said_so(browser: Client) -> None:
    alice, carol = an_origin(), an_origin("carol", "publisher")
    accounts.create("carol", role=Role.ADMIN, by=alice)
    accounts.set_password("carol", "correct horse battery", by=carol)
    accounts.end_sessions("carol", by=carol)
    # Whoever is called like a project is not the project.
    publishing.publish(a_wheel("carol").received(), by=alice, overwrite=False)
    publishing.grant_role(NormalizedName("carol"), "carol", ProjectRole.MAINTAINER, by=alice)
    publishing.revoke_role(NormalizedName("carol"), "carol", by=carol)
    publishing.remove(NormalizedName("carol"), by=alice)
    for address in (ADDRESS, "/manage/"):
        page = seen(browser.get(address))
        for words in (
            "alice made the account carol as an admin",
            "carol changed their password",
            "carol logged out everywhere",
            "alice made carol a maintainer · carol",
            "carol gave up their role as maintainer · carol",
            "alice deleted the project carol ",
        ):
            assert words in page.text, words
        assert "project carol · carol" not in page.text


def test_one_entry_is_one(browser: Client) -> None:
    with pytest.raises(NotAuthenticated):
        accounts.identify("alice", "wrong password", an_origin("anonymous", credential="none"))
    page = seen(browser.get(ADDRESS))
    assert "1 entry, which is not sealed yet" in page.text
    assert "no credential from 192.0.2.1" in page.text
    assert journal.seal(NOON) is not None
    assert "The one entry is sealed." in seen(browser.get(ADDRESS)).text


@ON_ONE_MACHINE
@pytest.mark.parametrize(
    ("action", "details", "words"),
    [
        ("levitate", "", "did levitate: target"),
        ("yank", '{"files": 7}', "did yank: target"),
        ("status", '{"before": []}', "did status: target"),
        ("publish", "no JSON", "did publish: target"),
        ("publish", "[1]", "did publish: target"),
    ],
)
def test_an_entry_that_is_not_as_it_should_be_is_told_as_it_is(
    browser: Client, action: str, details: str, words: str
) -> None:
    note(1)
    entry = next(journal.entries())
    entry.action, entry.details, entry.target = action, details, "target"
    assert said(entry).words == words
    store().write(Put(item=entry))
    assert words in seen(browser.get(ADDRESS)).text


def test_it_is_paged_by_serials(browser: Client) -> None:
    note(120)
    page = seen(browser.get(ADDRESS))
    assert serials(page) == list(range(120, 70, -1))
    assert "Newer" not in page.links
    older = seen(browser.get(ADDRESS + page.links["Older"]))
    assert serials(older) == list(range(70, 20, -1))
    # What comes meanwhile moves no page.
    note(1)
    assert serials(seen(browser.get(ADDRESS + page.links["Older"]))) == list(range(70, 20, -1))
    last = seen(browser.get(ADDRESS + older.links["Older"]))
    assert serials(last) == list(range(20, 0, -1))
    assert "Older" not in last.links
    assert serials(seen(browser.get(ADDRESS + last.links["Newer"]))) == list(range(70, 20, -1))
    assert last.links["Newest"] == "?"


def test_entries_are_found_by_what_they_are(browser: Client) -> None:
    note(3)
    note(2, who="bob", action="yank", time=NOON + timedelta(days=2))
    note(1, time=NOON + timedelta(days=4))
    day = NOON.date()
    for filters, found in {
        "actor=bob": [5, 4],
        "action=yank&actor=alice": [],
        "project=Demo.Pkg&action=forget": [6, 3, 2, 1],
        "project=other": [],
        "from=2&to=4": [4, 3, 2],
        "to=2": [2, 1],
        "from=99": [],
        f"from={day + timedelta(days=1)}": [6, 5, 4],
        f"to={day}": [3, 2, 1],
        f"from={day + timedelta(days=1)}&to={day + timedelta(days=2)}": [5, 4],
        f"from={day + timedelta(days=9)}": [],
        "to=2000-01-01": [],
        "before=4": [3, 2, 1],
        "after=4": [6, 5],
        "before=x&after=-1": [6, 5, 4, 3, 2, 1],
        "before=0": [],
        "after=99": [],
    }.items():
        assert serials(seen(browser.get(f"{ADDRESS}?{filters}"))) == found, filters
    page = seen(browser.get(f"{ADDRESS}?from=yesterday&actor=%3Cb%3E"), status=400)
    assert "Write a day, as in 2026-11-25, or the number of an entry." in page.text


def test_it_looks_no_further_than_a_request_can_and_then_offers_to(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "MOST_LOOKED_AT", 300)
    write(1, 700, every=250, action="yank")
    at(700)
    page = seen(browser.get(f"{ADDRESS}?action=yank"))
    assert serials(page) == [500]
    assert "300 entries were looked at for this page." in page.text
    page = seen(browser.get(ADDRESS + page.links["Look further back"]))
    assert serials(page) == [250]
    page = seen(browser.get(ADDRESS + page.links["Look further back"]))
    assert serials(page) == []
    assert "Look further back" not in page.links
    page = seen(browser.get(f"{ADDRESS}?action=role"))
    assert "No such entry so far 300 entries were looked at. It may lie further back." in page.text
    assert "before=401" in page.links["Look further back"]


@ON_AWS
def test_a_page_reads_as_much_of_the_journal_as_it_shows(
    browser: Client, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first ones are from before there was a journal.
    write(800, 1250, every=450, action="yank")
    at(1250)
    calls.since()
    seen(browser.get(ADDRESS))
    # The session; where the journal ends (twice, for it may have grown), its last seal, and one step back.
    assert calls.since() == {"BatchGetItem": 1, "GetItem": 3, "Query": 1}
    day = (NOON + timedelta(minutes=1000)).date()
    assert len(serials(seen(browser.get(f"{ADDRESS}?to={day}")))) == 50
    # Where that day ends is found by halving.
    assert calls.since()["GetItem"] < 20
    seen(browser.get(f"{ADDRESS}?action=yank"))
    # A hundred at a time, down to the very first serial.
    assert calls.since() == {"BatchGetItem": 1, "GetItem": 3, "Query": 13}


def test_what_is_shown_is_downloaded_as_lines(browser: Client) -> None:
    note(60)
    note(2, who="bob")
    page = seen(browser.get(ADDRESS))
    response = browser.get(ADDRESS + page.links["Download as JSON lines"])
    assert response["Content-Type"] == LINES_TYPE
    assert response["Content-Disposition"] == 'attachment; filename="journal-1-62.jsonl"'
    assert [json.loads(line) for line in response.content.splitlines()] == [
        journal.as_json(entry) for entry in journal.entries()
    ]
    page = seen(browser.get(f"{ADDRESS}?actor=bob"))
    lines = browser.get(ADDRESS + page.links["Download as JSON lines"]).content.splitlines()
    assert [json.loads(line)["actor"] for line in lines] == ["bob", "bob"]
    assert browser.get(f"{ADDRESS}?actor=nobody&lines=yes").status_code == 404
    # The API takes the same session.
    assert len(browser.get("/api/journal?limit=10").json()["entries"]) == 10


def test_it_is_verified(browser: Client) -> None:
    page = seen(browser.post(ADDRESS))
    assert "No entry is sealed yet" in page.text
    note(5)
    seal = journal.seal(NOON)
    assert seal is not None
    note(1)
    assert "6 entries, sealed up to entry 5" in seen(browser.get(ADDRESS)).text
    page = seen(browser.post(ADDRESS))
    assert "All 5 sealed entries are as sealed. 1 later one is not sealed yet; none is missing." in page.text
    assert page.commands == [f"5:{seal.digest}"]
    entry = cast("JournalEntry", store().get(JournalEntry.key(3)))
    entry.actor = "somebody <b>"
    store().write(Put(item=entry))
    page = seen(browser.post(ADDRESS))
    assert "The journal is not as it should be: 1 fault. Entry 3 (forget by 'somebody <b>') was edited." in page.text


@ON_ONE_MACHINE
def test_what_takes_too_long_is_for_the_command(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "MOST_VERIFIED", 3)
    note(5)
    page = seen(browser.post(ADDRESS))
    assert (1, "Journal not verified") in page.headings
    assert page.commands[0] == "python manage.py journal verify"


@ON_ONE_MACHINE
def test_reading_changes_nothing(as_: As) -> None:
    client = as_("erin", "admin")
    note(3)
    before = journal.newest()
    for address in (ADDRESS, f"{ADDRESS}?lines=yes", "/manage/", "/manage/storage/"):
        assert client.get(address).status_code == 200
    assert (journal.newest(), journal.head()) == (before, None)


@pytest.mark.parametrize("newest", [0, 1, 99, 100, 1000, 1001])
def test_backwards_is_forwards_the_other_way_round(home: str, newest: int) -> None:
    first = max(1, newest - 130)
    write(first, newest, every=1, action="yank")
    at(newest)
    every = [int(entry.serial) for entry in journal.entries()]
    read: Callable[..., Any] = lambda **ends: [int(entry.serial) for entry in journal.backwards(**ends)]  # noqa: E731
    assert read(before=newest + 1) == every[::-1]
    assert read(before=newest) == every[:-1][::-1]
    assert read(before=newest + 5000, after=897) == [serial for serial in every if serial > 897][::-1]
    assert read(before=1) == read(before=0) == []
    for serial in {first, (first + newest) // 2, newest} if newest else ():
        moment = NOON + timedelta(minutes=serial)
        assert journal.first_since(moment) == serial
        assert journal.first_since(moment + timedelta(seconds=1)) == serial + 1
    assert journal.first_since(NOON - timedelta(days=1)) == first


@pytest.mark.parametrize(
    "query",
    [
        "before=999999999999",
        "to=999999999999",
        "from=999999999999",
        "after=1&to=999999999999",
        "to=9999-12-31",
        "from=0001-01-01",
        "lines=1&to=9999-12-31",
        "lines=1&from=0001-01-01&to=999999999999",
    ],
)
@ON_AWS
def test_numbers_and_days_out_of_this_world_end_at_once(browser: Client, query: str, calls: Calls) -> None:
    calls.since()
    assert browser.get(f"/manage/journal/?{query}").status_code in {200, 400, 404}
    assert sum(calls.since().values()) < 30
