"""A project's files in its management: what is offered to whom, and what then happens."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from packages import publishing
from packages.access import ProjectRole, Role, Scope
from packages.accounts import change, issue
from packages.views.web.project.files import PER_PAGE
from tests.builders import a_wheel, an_origin, an_sdist
from tests.counting import counting
from tests.views.web.conftest import As
from tests.views.web.projects import (
    FILES,
    NAME,
    NEWER,
    PEOPLE,
    PUBLISHERS,
    SDIST,
    SETTINGS,
    WHEEL,
    buttons,
    dave,
    erin,
    follow,
    rows,
    tabs,
    text,
    upload,
)

__all__ = ["dave", "erin"]


def confirm(client: Client, action: str, *files: str, **fields: str) -> Any:
    return client.post(FILES, {"action": action, "file": list(files), "confirmed": "yes", **fields})


def one(client: Client, what: str) -> Any:
    return client.post(FILES, {"one": what})


class TestWhoGetsIn:
    def test_owners_and_administrators_find_everything(self, dave: Client, browser: Client) -> None:
        for client in (dave, browser):
            response = client.get(FILES)
            assert tabs(response) == ["Files", "People", "Settings", "Trusted publishers"]
            shown = response.content.decode()
            assert "<title>Files of demo-pkg" in shown
            assert shown.count("<h1>") == 1
            assert 'href="/project/demo-pkg/"' in shown
            assert f"Yank {WHEEL}" in buttons(response)

    def test_maintainers_find_what_they_may_use(self, erin: Client) -> None:
        assert tabs(erin.get(FILES)) == ["Files", "People", "Settings"]
        assert "may not manage the trusted publishers" in text(erin.get(PUBLISHERS), 403)

    @pytest.mark.parametrize("role", ["publisher", "reader"])
    def test_others_are_told_why_not(self, dave: Client, as_: As, role: str) -> None:
        other = as_("frank", role)
        for address in (FILES, PEOPLE, SETTINGS, PUBLISHERS):
            assert "User 'frank' may not" in text(other.get(address), 403)
            assert "User 'frank' may not" in text(other.post(address, {"one": f"delete file {WHEEL}"}), 403)
        assert not any(row.removal for row in rows().values())

    def test_visitors_are_asked_to_log_in(self, dave: Client, visitor: Client, settings: Settings) -> None:
        settings.PUBLIC_READ = True
        for address in (FILES, PEOPLE, SETTINGS, PUBLISHERS):
            assert visitor.get(address)["Location"].startswith("/login/?next=")
            assert visitor.post(address, {"one": f"delete file {WHEEL}"})["Location"] == "/login/"

    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    @pytest.mark.parametrize("name", ["absent", "-", "x" * 300, "d%C3%A9mo", "%00", "<script>"])
    def test_what_is_not_there(self, browser: Client, as_: As, name: str) -> None:
        for client in (browser, as_("rita", "reader")):
            for part in ("", "people/", "settings/", "publishers/"):
                response = client.get(f"/project/{name}/manage/{part}")
                assert response.status_code == 404
                assert b"<script>" not in response.content

    def test_leads_to_the_normal_spelling(self, dave: Client) -> None:
        response = dave.get("/project/Demo_Pkg/manage/people/?page=2")
        assert (response.status_code, response["Location"]) == (302, "/project/demo-pkg/manage/people/?page=2")

    def test_only_forms_of_ours_change_anything(self, dave: Client, as_: As) -> None:
        strict = as_("dave", enforce_csrf_checks=True)
        for address, fields in (
            (FILES, {"one": f"unyank file {WHEEL}"}),
            (PEOPLE, {"change": "grant", "account": "alice", "role": "owner"}),
            (SETTINGS, {"change": "delete", "typed": "demo-pkg"}),
            (PUBLISHERS, {"change": "register", "provider": "github"}),
        ):
            assert strict.post(address, fields).status_code == 403
        assert not any(row.removal for row in rows().values())

    def test_nothing_changes_by_get(self, dave: Client) -> None:
        dave.get(FILES, {"one": f"unyank file {WHEEL}", "action": "delete", "file": WHEEL, "confirmed": "yes"})
        dave.get(SETTINGS, {"change": "delete", "typed": "demo-pkg"})
        assert not any(row.removal for row in rows().values())
        assert dave.put(FILES).status_code == 405

    def test_a_reader_who_owns_may_do_nothing(self, dave: Client) -> None:
        change("dave", role=Role.READER, by=an_origin())
        assert "its role is 'reader'" in text(dave.get(FILES), 403)


class TestYank:
    def test_of_a_release_with_a_reason(self, dave: Client) -> None:
        asked = one(dave, "yank release 1.0")
        assert buttons(asked) == ["Yank release 1.0 (2 files)"]
        assert not any(row.yanked for row in rows().values())
        said = follow(dave, confirm(dave, "yank", WHEEL, SDIST, reason=" breaks\n on Mondays "))
        assert "Yanked 2 files of release 1.0." in said
        assert {name: row.yanked_reason for name, row in rows().items() if row.yanked} == dict.fromkeys(
            (WHEEL, SDIST), "breaks on Mondays"
        )
        assert "breaks on Mondays" in said
        assert "Unyanked 2 files of release 1.0." in follow(dave, one(dave, "unyank release 1.0"))
        assert not any(row.yanked for row in rows().values())

    def test_of_a_file(self, erin: Client) -> None:
        assert f"Yank {NEWER}" in buttons(one(erin, f"yank file {NEWER}"))
        confirm(erin, "yank", NEWER)
        assert [name for name, row in rows().items() if row.yanked] == [NEWER]
        assert f"Unyanked {NEWER}." in follow(erin, one(erin, f"unyank file {NEWER}"))

    def test_refuses_a_reason_that_is_too_long(self, dave: Client) -> None:
        response = confirm(dave, "yank", WHEEL, reason="x" * 1001)
        assert "at most 1000 characters" in text(response, 400)
        assert f"Yank {WHEEL}" in buttons(response)
        confirm(dave, "yank", WHEEL, reason="x" * 1000)
        assert rows()[WHEEL].yanked_reason == "x" * 1000

    def test_shows_a_reason_as_text(self, dave: Client) -> None:
        confirm(dave, "yank", WHEEL, reason="<script>alert(1)</script>")
        page = dave.get(FILES).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page

    def test_leaves_out_what_is_yanked_already(self, dave: Client) -> None:
        confirm(dave, "yank", WHEEL, reason="first")
        asked = text(dave.post(FILES, {"action": "yank", "release": ["1.0", "2.0"]}))
        assert "Yank 2 files of 2 releases" in asked
        assert "1 more of the chosen files is not among these" in asked


class TestDelete:
    def test_counts_what_it_will_do_and_can_be_undone(self, dave: Client) -> None:
        asked = dave.post(FILES, {"action": "delete", "file": [WHEEL, NEWER]})
        assert buttons(asked) == ["Delete 2 files of 2 releases"]
        said = text(asked)
        assert "No published file is left of release 2.0." in said
        assert "For 30 days they can be restored here." in said
        done = confirm(dave, "delete", WHEEL, NEWER, typed="2.0")
        assert "That is not demo-pkg" in text(done, 400)
        done = confirm(dave, "delete", WHEEL, NEWER, typed="Demo.Pkg")
        assert {name for name, row in rows().items() if row.removal} == {WHEEL, NEWER}
        said = follow(dave, done)
        assert "Deleted 2 files of 2 releases. It can be undone until" in said
        page = dave.get(done["Location"]).content.decode()
        undo = re.search(r'value="(restore moment [^"]+)"', page)
        assert undo is not None
        back = one(dave, undo[1])
        assert back["Location"] == FILES
        assert "Restored 2 files of 2 releases." in follow(dave, back)
        assert not any(row.removal for row in rows().values())
        assert "It can be undone" not in text(dave.get(done["Location"]))

    def test_of_a_release_wants_its_version_typed(self, dave: Client) -> None:
        assert "Type 1.0 to confirm" in text(one(dave, "delete release 1.0"))
        for typed in ("", "2.0", "demo-pkg"):
            assert confirm(dave, "delete", WHEEL, SDIST, typed=typed).status_code == 400
        assert not any(row.removal for row in rows().values())
        assert confirm(dave, "delete", WHEEL, SDIST, typed=" 1.0 ").status_code == 302
        assert {name for name, row in rows().items() if row.removal} == {WHEEL, SDIST}

    def test_of_a_release_of_one_file_is_headed_by_the_release(self, dave: Client) -> None:
        headed = "Delete release 2.0 (1 file)"
        for asked in (one(dave, "delete release 2.0"), dave.post(FILES, {"action": "delete", "release": "2.0"})):
            assert buttons(asked) == [headed]
            assert f"<h2>{headed}</h2>" in asked.content.decode()
            assert NEWER in text(asked)
        # What is refused is still called as it was chosen; what somebody made up is not.
        assert buttons(confirm(dave, "delete", NEWER, chosen="2.0", typed="1.0")) == [headed]
        assert buttons(confirm(dave, "delete", NEWER, chosen="1.0", typed="1.0")) == [f"Delete {NEWER}"]
        assert buttons(one(dave, f"delete file {NEWER}")) == [f"Delete {NEWER}"]
        assert buttons(dave.post(FILES, {"action": "delete", "release": "2.0", "file": NEWER})) == [f"Delete {NEWER}"]

    def test_of_one_file_among_others_wants_nothing_typed(self, dave: Client) -> None:
        assert "to confirm" not in text(one(dave, f"delete file {SDIST}"))
        assert f"Deleted {SDIST}." in follow(dave, confirm(dave, "delete", SDIST))

    def test_of_the_last_file_of_a_release_wants_its_version_typed(self, dave: Client) -> None:
        confirm(dave, "delete", SDIST)
        assert "Type 1.0 to confirm" in text(one(dave, f"delete file {WHEEL}"))

    def test_says_when_something_has_changed_meanwhile(self, dave: Client) -> None:
        confirm(dave, "delete", SDIST)
        said = text(confirm(dave, "delete", SDIST, WHEEL, NEWER, typed="demo-pkg"), 409)
        assert "Something has changed meanwhile" in said
        assert "Delete 2 files of 2 releases" in said
        assert not rows()[NEWER].removal

    def test_refuses_what_was_never_there(self, dave: Client) -> None:
        said = "Something has changed meanwhile"
        assert said in text(confirm(dave, "delete", SDIST, "demo_pkg-9.9.tar.gz", "../x", "<b>"), 409)
        assert "Nothing is checked" in text(confirm(dave, "delete", "demo_pkg-9.9.tar.gz"), 400)
        assert "nothing to delete" in text(one(dave, "delete file demo_pkg-9.9.tar.gz"), 409)
        assert not any(row.removal for row in rows().values())

    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"action": ""},
            {"action": "explode", "file": WHEEL},
            {"action": "delete"},
            {"one": ""},
            {"one": "delete"},
            {"one": "delete file"},
            {"one": "delete file "},
            {"one": "delete moment "},
            {"one": "delete project all"},
            {"one": "restore moment now"},
            {"one": "delete filename x"},
        ],
    )
    def test_odd_forms_change_nothing(self, dave: Client, fields: dict[str, str]) -> None:
        response = dave.post(FILES, fields)
        assert response.status_code in {400, 409}
        assert 'role="alert"' in response.content.decode()
        assert not any(row.removal for row in rows().values())

    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_where_nothing_is_restored_it_says_so(self, dave: Client, settings: Settings) -> None:
        settings.RESTORE_DAYS = 0
        assert "This index restores nothing." in text(one(dave, f"delete file {SDIST}"))
        done = confirm(dave, "delete", SDIST)
        assert done["Location"] == FILES
        assert f"Deleted {SDIST}." in follow(dave, done)


class TestRestoreAndPurge:
    def test_of_a_file(self, dave: Client) -> None:
        confirm(dave, "delete", SDIST)
        shown = dave.get(FILES)
        assert {f"Restore {SDIST}", f"Purge {SDIST}"} <= set(buttons(shown))
        assert "restorable until" in text(shown)
        assert f"Restored {SDIST}." in follow(dave, one(dave, f"restore file {SDIST}"))

    def test_purges_for_good(self, dave: Client) -> None:
        confirm(dave, "delete", SDIST)
        asked = text(one(dave, "purge release 1.0"))
        assert "Purge the deleted files of release 1.0 (1 file)" in asked
        assert "deleted for good" in asked
        assert confirm(dave, "purge", SDIST).status_code == 400
        assert f"Purged {SDIST}." in follow(dave, confirm(dave, "purge", SDIST, typed="1.0"))
        shown = text(dave.get(FILES))
        assert "Not shown: 1 purged file. Their names stay taken." in shown.replace("  ", " ")
        assert SDIST not in shown
        assert "nothing to restore" in text(one(dave, f"restore file {SDIST}"), 409)

    def test_maintainers_do_not_purge(self, erin: Client) -> None:
        confirm(erin, "delete", SDIST)
        shown = erin.get(FILES)
        assert f"Restore {SDIST}" in buttons(shown)
        assert not any(label.startswith("Purge") for label in buttons(shown))
        assert "may not purge files" in text(one(erin, f"purge file {SDIST}"), 403)
        assert "may not purge files" in text(confirm(erin, "purge", SDIST, typed="1.0"), 403)
        assert rows()[SDIST].removal == "hidden"

    def test_of_what_is_quarantined_administrators_decide(self, dave: Client, browser: Client) -> None:
        confirm(dave, "delete", SDIST)
        publishing.set_status(NAME, "quarantined", by=an_origin())
        assert not any(label.startswith("Purge") for label in buttons(dave.get(FILES)))
        assert one(dave, f"purge file {SDIST}").status_code == 403
        assert f"Purge {SDIST}" in buttons(browser.get(FILES))

    def test_what_was_deleted_too_long_ago_is_only_purged(self, dave: Client) -> None:
        long_ago = timezone.now() - timedelta(days=31)
        publishing.remove(NAME, "1.0", by=an_origin(time=long_ago))
        shown = dave.get(FILES)
        assert "no longer restorable" in text(shown)
        assert f"Restore {SDIST}" not in buttons(shown)
        assert f"Purge {SDIST}" in buttons(shown)


class TestADeletedProject:
    def test_is_found_and_restored_by_those_who_may(self, erin: Client, dave: Client, browser: Client) -> None:
        for client in (dave, erin, browser):
            publishing.remove(NAME, by=an_origin(time=timezone.now()))
            shown = client.get(FILES)
            assert tabs(shown) == ["Files", "Settings"]
            assert "Undo: restore the project" in buttons(shown)
            assert 'href="/project/demo-pkg/"' not in shown.content.decode()
            assert client.get(PEOPLE)["Location"] == FILES
            assert "Restored the project with 3 of its files." in follow(client, one(client, "restore project all"))

    def test_is_not_there_for_others(self, dave: Client, as_: As) -> None:
        publishing.remove(NAME, by=an_origin(time=timezone.now()))
        for name, role in (("frank", "publisher"), ("rita", "reader")):
            assert "There is no project demo-pkg" in text(as_(name, role).get(FILES), 404)
            assert as_(name, role).post(FILES, {"one": "restore project all"}).status_code == 404

    def test_comes_back_with_one_file(self, dave: Client) -> None:
        publishing.remove(NAME, by=an_origin(time=timezone.now()))
        asked = text(dave.post(FILES, {"action": "restore", "file": SDIST}))
        assert "The project is there again, with these files alone." in asked
        assert f"Restored {SDIST}." in follow(dave, confirm(dave, "restore", SDIST))
        assert [name for name, row in rows().items() if not row.removal] == [SDIST]

    def test_is_not_there_once_it_was_purged(self, dave: Client, browser: Client) -> None:
        publishing.remove(NAME, by=an_origin())
        publishing.purge(NAME, by=an_origin())
        for client in (dave, browser):
            assert client.get(FILES).status_code == 404


class TestTheList:
    def test_has_the_newest_release_first_and_pages(self, as_: As) -> None:
        dave = as_("dave")
        upload("dave", *(a_wheel(version=f"{number}.0") for number in range(PER_PAGE + 2)))
        first, second = dave.get(FILES).content.decode(), dave.get(f"{FILES}?page=2").content.decode()
        found = re.findall(r'<h2 class="flush"[^>]*><a [^>]*>([^<]+)</a></h2>', first + second)
        assert found == [f"{number}.0" for number in reversed(range(PER_PAGE + 2))]
        # What is done on a page leads back to it.
        assert 'action="/project/demo-pkg/manage/?page=2"' in second
        assert dave.post(f"{FILES}?page=2&deleted=x", {"one": "yank release 1.0"}).status_code == 200
        done = dave.post(
            f"{FILES}?page=2", {"action": "yank", "file": "demo_pkg-1.0-py3-none-any.whl", "confirmed": "y"}
        )
        assert done["Location"] == f"{FILES}?page=2"

    def test_leads_to_files_and_releases(self, dave: Client, browser: Client) -> None:
        confirm(dave, "delete", SDIST)
        page = dave.get(FILES).content.decode()
        assert f'<a href="/packages/demo-pkg/{WHEEL}" download>{WHEEL}</a>' in page
        assert '<a href="/project/demo-pkg/2.0/">2.0</a>' in page
        assert f'href="/packages/demo-pkg/{SDIST}"' not in page
        for address in re.findall('href="(/packages/[^"]+|/project/demo-pkg/[0-9][^"]*)"', page):
            assert dave.get(address).status_code == 200, address
        confirm(dave, "delete", NEWER, typed="2.0")
        assert "/project/demo-pkg/2.0/" not in dave.get(FILES).content.decode()
        # Nobody downloads what is quarantined.
        publishing.set_status(NAME, "quarantined", by=an_origin())
        page = browser.get(FILES).content.decode()
        assert WHEEL in page
        assert "/packages/demo-pkg/" not in page

    def test_finds_releases(self, dave: Client) -> None:
        confirm(dave, "yank", NEWER)
        confirm(dave, "delete", SDIST)
        for query, found in (
            ("?q=2.0", [NEWER]),
            ("?q=TAR.GZ", [WHEEL, SDIST]),
            ("?show=yanked", [NEWER]),
            ("?show=deleted", [WHEEL, SDIST]),
            ("?show=odd", [NEWER, WHEEL, SDIST]),
        ):
            assert re.findall('name="file" value="([^"]+)"', dave.get(FILES + query).content.decode()) == found
        shown = text(dave.get(f"{FILES}?q=<b>nothing"))
        assert "No release fits what you look for." in shown

    def test_says_what_to_do_first(self, dave: Client) -> None:
        publishing.remove(NAME, "1.0", by=an_origin())
        publishing.remove(NAME, "2.0", by=an_origin())
        publishing.purge(NAME, "1.0", by=an_origin())
        publishing.purge(NAME, "2.0", by=an_origin())
        shown = dave.get(FILES)
        assert "Nothing is published in this project" in text(shown)
        assert 'href="/upload/"' in shown.content.decode()

    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    @pytest.mark.parametrize(
        "query", ["?page=-1", "?page=x", "?page=999", "?deleted=%00", "?deleted=2026-01-01", "?q=%00"]
    )
    def test_odd_addresses_are_pages_too(self, dave: Client, query: str) -> None:
        assert dave.get(FILES + query).status_code == 200

    @pytest.mark.parametrize("home", ["aws"], indirect=True)
    def test_costs_the_session_the_project_and_its_rows(self, dave: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        calls = counting(monkeypatch)
        assert dave.get(FILES).status_code == 200
        assert calls.since() == {"BatchGetItem": 1, "GetItem": 1, "Query": 1}
        assert dave.get(PEOPLE).status_code == 200
        assert calls.since() == {"BatchGetItem": 1, "GetItem": 1}
        # Two releases in one change, however many their files are.
        confirm(dave, "yank", WHEEL, SDIST, NEWER)
        assert calls.since() == {"BatchGetItem": 2, "GetItem": 2, "Query": 2, "TransactWriteItems": 1}


def test_a_token_does_here_what_it_is_for(dave: Client) -> None:
    for scopes, status in (({Scope.READ}, 403), ({Scope.READ, Scope.MANAGE}, 200)):
        secret, _ = issue("dave", scopes=scopes, by=an_origin("dave", "publisher"))
        client = Client(headers={"authorization": f"Bearer {secret}", "accept": "text/html"})
        assert client.get(FILES).status_code == status


def test_somebody_who_was_given_a_role_gets_in_at_once(dave: Client, as_: As) -> None:
    frank = as_("frank")
    assert frank.get(FILES).status_code == 403
    publishing.grant_role(NAME, "frank", ProjectRole.OWNER, by=an_origin())
    assert frank.get(FILES).status_code == 200
    upload("frank", an_sdist(version="3.0"))
