"""A project's status in its management; the project deleted, restored and purged there."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from packages import catalog, publishing
from tests.builders import an_origin
from tests.views.web.projects import FILES, NAME, SETTINGS, buttons, dave, erin, follow, rows, text

__all__ = ["dave", "erin"]


def send(client: Client, change: str, **fields: str) -> Any:
    return client.post(SETTINGS, {"change": change, **fields})


def status() -> tuple[str, str]:
    project = catalog.find_project(NAME)
    return project.status, project.status_reason


class TestStatus:
    def test_is_set_with_a_reason(self, dave: Client) -> None:
        shown = text(dave.get(SETTINGS))
        assert "Archived. Takes no uploads. Listed, and installed from" in shown
        assert "Quarantined." not in shown
        said = follow(dave, send(dave, "status", status="archived", reason="see <b>other-pkg</b>"))
        assert "The project is archived." in said
        assert status() == ("archived", "see <b>other-pkg</b>")
        page = dave.get(SETTINGS).content.decode()
        assert "see &lt;b&gt;other-pkg" in page
        assert re.search(r'<input[^>]*value="archived"[^>]* checked', page)
        assert "The project is active." in follow(dave, send(dave, "status", status="active", reason=""))
        assert status() == ("active", "")

    def test_of_another_kind_has_not_the_reason_of_this_one(self, dave: Client, browser: Client) -> None:
        follow(browser, send(browser, "status", status="quarantined", reason="malware?"))
        shown = browser.get(SETTINGS)
        assert "The reason why it is quarantined now: malware?" in text(shown)
        assert "If it is empty, the project has no reason any more" in text(shown)
        # What a browser sends of the form as it is: the reason is to be written anew.
        field = re.search(r'<input[^>]*name="reason"[^>]*>', shown.content.decode())
        assert field is not None
        assert "value=" not in field[0]
        said = follow(browser, send(browser, "status", status="archived", reason=""))
        assert "The project is archived. It has no reason any more." in said
        assert status() == ("archived", "")
        assert "in place of the reason above" not in said

    def test_that_stays_the_same_says_what_becomes_of_its_reason(self, dave: Client) -> None:
        follow(dave, send(dave, "status", status="archived", reason="Old"))
        said = follow(dave, send(dave, "status", status="archived", reason="Older"))
        assert "It has no reason any more" not in said
        assert status() == ("archived", "Older")
        said = follow(dave, send(dave, "status", status="archived", reason=""))
        assert "The project is archived. It has no reason any more." in said
        assert status() == ("archived", "")

    def test_quarantine_is_for_administrators(self, dave: Client, browser: Client) -> None:
        assert "may not quarantine" in text(send(dave, "status", status="quarantined"), 403)
        assert status() == ("active", "")
        follow(browser, send(browser, "status", status="quarantined", reason="malware"))
        shown = dave.get(SETTINGS)
        assert "Only administrators release a project from quarantine." in text(shown)
        assert "The reason: malware" in text(shown)
        assert "Set the status" not in buttons(shown)
        assert "may not quarantine" in text(send(dave, "status", status="active"), 403)
        assert dave.get(FILES).status_code == 200
        follow(browser, send(browser, "status", status="active"))
        assert status() == ("active", "")

    def test_maintainers_see_it(self, erin: Client) -> None:
        shown = erin.get(SETTINGS)
        assert "Active. Takes uploads." in text(shown)
        assert "Set the status" not in buttons(shown)
        assert "may not set the status" in text(send(erin, "status", status="archived"), 403)
        assert status() == ("active", "")

    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"status": "odd"}, "odd is not one of the available choices."),
            ({}, "This field is required."),
            ({"status": "archived", "reason": "x" * 1001}, "at most 1000 characters"),
        ],
    )
    def test_refuses_in_sentences(self, dave: Client, fields: dict[str, str], sentence: str) -> None:
        assert sentence in text(send(dave, "status", **fields), 400)
        assert "Say what to do" in text(send(dave, "odd", **fields), 400)
        assert status() == ("active", "")


class TestDelete:
    def test_wants_the_name_and_counts(self, dave: Client) -> None:
        said = text(dave.get(SETTINGS))
        assert "This deletes the project demo-pkg with 3 files of 2 releases." in said
        assert "For 30 days you can undo it here." in said
        for typed in ("", "demo", "1.0"):
            assert send(dave, "delete", typed=typed).status_code == 400
        assert not any(row.removal for row in rows().values())
        done = send(dave, "delete", typed="Demo_Pkg")
        assert done["Location"] == FILES
        assert "Deleted the project demo-pkg with 3 files." in follow(dave, done)
        assert "Undo: restore the project" in buttons(dave.get(SETTINGS))
        assert "There is no project demo-pkg" in text(send(dave, "delete", typed="demo-pkg"), 404)
        follow(dave, dave.post(FILES, {"one": "restore project all"}))
        assert not any(row.removal for row in rows().values())

    def test_says_where_nothing_is_restored(self, dave: Client, settings: Settings) -> None:
        settings.RESTORE_DAYS = 0
        assert "This index restores nothing." in text(dave.get(SETTINGS))


class TestPurge:
    @pytest.fixture(autouse=True)
    def _removed(self, erin: Client) -> None:
        publishing.remove(NAME, by=an_origin(time=timezone.now()))

    def test_wants_the_name(self, dave: Client, browser: Client) -> None:
        assert "This deletes the bytes of 3 files for good." in text(dave.get(SETTINGS))
        assert send(dave, "purge", typed="demo").status_code == 400
        assert {row.removal for row in rows().values()} == {"hidden"}
        done = send(dave, "purge", typed="demo-pkg")
        assert (done.status_code, done["Location"]) == (302, "/account/")
        assert {row.removal for row in rows().values()} == {"purged"}
        assert browser.get(SETTINGS).status_code == 404

    def test_is_for_owners(self, erin: Client) -> None:
        shown = erin.get(SETTINGS)
        assert "Only owners and administrators purge a deleted project." in text(shown)
        assert buttons(shown) == ["Undo: restore the project"]
        assert "may not purge" in text(send(erin, "purge", typed="demo-pkg"), 403)

    def test_of_what_is_quarantined_is_for_administrators(self, dave: Client, browser: Client) -> None:
        publishing.restore(NAME, by=an_origin(time=timezone.now()))
        publishing.set_status(NAME, "quarantined", by=an_origin())
        publishing.remove(NAME, by=an_origin(time=timezone.now()))
        assert "Only administrators purge a project that is quarantined." in text(dave.get(SETTINGS))
        assert send(dave, "purge", typed="demo-pkg").status_code == 403
        assert send(browser, "purge", typed="demo-pkg").status_code == 302

    def test_is_refused_while_it_is_published(self, dave: Client) -> None:
        publishing.restore(NAME, by=an_origin(time=timezone.now()))
        assert "remove it first, then purge it" in text(send(dave, "purge", typed="demo-pkg"), 409)
