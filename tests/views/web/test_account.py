"""One's own account in a browser: who one is, the password, the sessions, the tokens."""

import html
import json
import logging
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.test import Client
from django.utils import timezone
from packaging.utils import NormalizedName

from packages import accounts, journal, publishing, sessions
from packages.access import ProjectRole, Role, Scope
from packages.accounts import TokenInfo
from packages.journal import as_json
from tests.builders import NOON, a_wheel, an_origin
from tests.conftest import basic
from tests.counting import counting
from tests.views.web.conftest import PASSWORD, As, Browser
from tests.views.web.test_login import is_in

ADMIN = an_origin()
CAROL = an_origin("carol", "publisher")
NEW = "another long enough secret"
SECRET = re.compile(r"epypi_[0-9A-Za-z]{49}")


def text_of(response: Any) -> str:
    """What people read on a page, in one line."""
    main = response.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", main.partition(">")[2])).split())


def entries() -> list[tuple[str, str, str, str]]:
    """What the journal says was done, by whom, with what, to what."""
    shown = [as_json(entry) for entry in journal.latest(100)]
    return [(entry["action"], entry["actor"], entry["credential"], entry["target"]) for entry in shown]


def tokens_of(name: str) -> list[TokenInfo]:
    return list(accounts.tokens_of(name, ADMIN.actor))


PAGES = ["/account/", "/account/tokens/", "/account/password/", "/account/sessions/"]


class TestEveryPage:
    @pytest.mark.parametrize("address", PAGES)
    @pytest.mark.parametrize("role", ["reader", "publisher", "admin"])
    def test_is_for_whoever_has_logged_in(self, as_: As, address: str, role: str) -> None:
        client = as_("carol", role)
        response = client.get(address)
        page = response.content.decode()
        assert response.status_code == 200
        assert (page.count("<h1"), page.count('aria-current="page"')) == (1, 2)
        assert response["Cache-Control"] == "no-store"
        assert "unsafe" not in response["Content-Security-Policy"]
        assert not re.findall(r"<script(?! type=\"module\" src=)|<style|\sstyle=|\son\w+=", page)
        assert client.head(address).status_code == 200
        assert client.put(address).status_code == 405

    @pytest.mark.parametrize("address", PAGES)
    def test_asks_others_to_log_in(self, visitor: Client, address: str) -> None:
        assert visitor.get(address)["Location"].startswith("/login/?next=%2Faccount%2F")
        if address != "/account/":
            assert visitor.post(address)["Location"] == "/login/"

    @pytest.mark.parametrize("address", PAGES[1:])
    def test_takes_no_form_of_another_site(self, as_: As, address: str) -> None:
        client = as_("carol", enforce_csrf_checks=True)
        before = journal.newest()
        form = {"current": PASSWORD, "new": NEW, "again": NEW, "description": "x", "scopes": "read", "expires": "30"}
        for token in ({}, {"csrfmiddlewaretoken": "x" * 64}):
            assert client.post(address, {**form, **token}).status_code == 403
        assert journal.newest() == before
        assert is_in(client)

    def test_changes_nothing_by_get(self, as_: As) -> None:
        client = as_("carol")
        token = accounts.issue("carol", scopes={Scope.READ}, by=CAROL)[1]
        before = journal.newest()
        form = {"current": PASSWORD, "new": NEW, "again": NEW, "description": "x", "scopes": "read", "expires": "30"}
        for address in PAGES:
            client.get(address, form)
        client.get("/account/tokens/", {"revoke": token.id})
        assert journal.newest() == before
        assert is_in(client)


class TestTheAccount:
    def test_says_who_one_is(self, as_: As) -> None:
        said = text_of(as_("carol", "reader").get("/account/"))
        assert f"User name carol Role reader Since {NOON:%Y-%m-%d}" in said
        assert "You have no role in a project" in said
        assert "To publish, ask an administrator." in said
        assert "No token yet" in said
        assert "Change your password" in said

    def test_says_where_an_account_of_the_settings_is(self, browser: Client) -> None:
        said = text_of(browser.get("/account/"))
        assert "User name alice Role admin Kept in the settings of this index" in said
        assert "Change your password" not in said

    def test_tells_publishers_how_to_begin(self, as_: As, settings: Any) -> None:
        client = as_("carol")
        assert "Upload a wheel or an sdist" in text_of(client.get("/account/"))
        settings.CREATE_PROJECTS = "admins"
        assert "Whoever publishes" in text_of(client.get("/account/"))

    def test_lists_ones_projects_with_role_and_state(self, as_: As) -> None:
        client = as_("carol")
        for name in ("zeta", "alpha", "gone", "old"):
            publishing.publish(a_wheel(name).received(), by=CAROL, overwrite=False)
        publishing.grant_role(NormalizedName("zeta"), "alice", ProjectRole.OWNER, by=CAROL)
        publishing.grant_role(NormalizedName("zeta"), "carol", ProjectRole.MAINTAINER, by=ADMIN)
        publishing.remove(NormalizedName("gone"), by=CAROL)
        publishing.set_status(NormalizedName("old"), "archived", by=CAROL)
        page = client.get("/account/").content.decode()
        rows = re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", page, flags=re.DOTALL)
        said = [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in rows]
        assert said == [
            "alpha owner active Manage alpha",
            "gone owner deleted Manage gone",
            "old owner archived Manage old",
            "zeta maintainer active Manage zeta",
        ]
        linked = re.findall(r'href="(/project/[^"]*)"', page)
        assert linked == [
            *("/project/alpha/", "/project/alpha/manage/", "/project/gone/manage/"),
            *("/project/old/", "/project/old/manage/", "/project/zeta/", "/project/zeta/manage/"),
        ]

    def test_says_that_a_reader_works_on_nothing(self, as_: As) -> None:
        client = as_("carol")
        publishing.publish(a_wheel().received(), by=CAROL, overwrite=False)
        accounts.change("carol", role=Role.READER, by=ADMIN)
        page = client.get("/account/").content.decode()
        assert "nothing: readers only install" in page
        assert "/project/demo-pkg/manage/" not in page

    @pytest.mark.parametrize("page", ["", "1", "2", "3", "0", "-1", "x", "9" * 5000, "\0"])
    def test_pages_through_many_projects(self, as_: As, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
        client = as_("carol")
        monkeypatch.setattr("packages.views.web.account.PROJECTS_PER_PAGE", 2)
        for name in ("a1", "a2", "a3"):
            publishing.publish(a_wheel(name).received(), by=CAROL, overwrite=False)
        shown = re.findall(r'href="/project/(\w+)/"', client.get("/account/", {"page": page}).content.decode())
        assert shown == (["a1", "a2"] if page in {"", "1", "x", "\0"} or len(page) > 10 else ["a3"])

    def test_counts_ones_tokens(self, as_: As) -> None:
        client = as_("carol")
        long_ago = replace(CAROL, time=datetime(2020, 1, 1, tzinfo=UTC))
        accounts.issue("carol", scopes={Scope.READ}, by=long_ago, expires=datetime(2020, 2, 1, tzinfo=UTC))
        accounts.issue("carol", scopes={Scope.READ}, by=CAROL)
        accounts.issue("alice", scopes={Scope.READ}, by=ADMIN)
        assert "2 tokens for programs 1 expired" in text_of(client.get("/account/"))

    def test_is_refused_to_a_token_that_only_reads(self, visitor: Client) -> None:
        secret, _ = accounts.issue("alice", scopes={Scope.READ}, by=ADMIN)
        for address in ("/account/", "/account/tokens/"):
            assert visitor.get(address, headers={"authorization": f"Bearer {secret}"}).status_code == 403


class TestThePassword:
    def change(self, client: Client, current: str = PASSWORD, new: str = NEW, again: str | None = None) -> Any:
        form = {"current": current, "new": new, "again": new if again is None else again}
        return client.post("/account/password/", form)

    def test_is_changed_and_all_other_browsers_are_out(self, as_: As) -> None:
        client, other, somebody = as_("carol"), as_("carol"), as_("dave")
        secret, _ = accounts.issue("carol", scopes={Scope.READ}, by=CAROL)
        response = self.change(client)
        assert (response.status_code, response["Location"]) == (302, "/account/")
        assert "You have a new password." in text_of(client.get("/account/"))
        assert (is_in(client), is_in(other), is_in(somebody)) == (True, False, True)
        assert accounts.identify("carol", NEW, CAROL).name == "carol"
        assert Browser().post("/login/", {"name": "carol", "password": PASSWORD}).status_code == 401
        assert accounts.authenticate(secret, CAROL).name == "carol"
        assert entries()[-2] == ("account-password", "carol", "session", "carol")
        # And once more, in the session that went on.
        assert self.change(client, current=NEW, new=PASSWORD).status_code == 302
        assert is_in(client)

    def test_is_kept_if_the_current_one_is_wrong(self, as_: As) -> None:
        client = as_("carol")
        before = entries()
        response = self.change(client, current="wrong")
        assert response.status_code == 401
        assert "This is not your current password." in text_of(response)
        assert entries()[len(before) :] == [("login-failure", "carol", "session", "carol")]
        assert is_in(client)
        page = response.content.decode()
        assert NEW not in page
        assert 'autocomplete="current-password"' in page
        assert page.count('autocomplete="new-password"') == 2

    def test_cannot_be_guessed_in_an_open_browser(self, as_: As) -> None:
        client = as_("carol")
        for _ in range(10):
            assert self.change(client, current="guess").status_code == 401
        response = self.change(client, current="guess")
        assert response.status_code == 429
        assert int(response["Retry-After"]) > 0
        assert "Too many wrong passwords" in text_of(response)

    @pytest.mark.parametrize(
        ("new", "said"),
        [
            ("short", "This password is too short. It must contain at least 10 characters."),
            ("password12", "This password is too common."),
            ("73926401857", "This password is entirely numeric."),
            ("carol", "too short"),
            ("", "This field is required."),
            ("x" * 1025, "at most 1024 characters"),
            ("ten or more\0", "Null characters are not allowed."),
        ],
    )
    def test_must_be_a_good_one(self, as_: As, new: str, said: str) -> None:
        client = as_("carol")
        response = self.change(client, new=new)
        assert response.status_code == 400
        assert said in text_of(response)
        assert (is_in(client), accounts.identify("carol", PASSWORD, CAROL).name) == (True, "carol")

    def test_is_not_judged_before_the_current_one_is_right(self, as_: As) -> None:
        assert "too short" not in text_of(self.change(as_("carol"), current="wrong", new="short"))

    def test_must_be_typed_twice_the_same(self, as_: As) -> None:
        response = self.change(as_("carol"), again=f"{NEW} ")
        assert response.status_code == 400
        assert "This is not the same as the new password above." in text_of(response)
        assert accounts.identify("carol", PASSWORD, CAROL)

    def test_may_begin_and_end_with_spaces(self, as_: As) -> None:
        assert self.change(as_("carol"), new=f"  {NEW} ").status_code == 302
        assert accounts.identify("carol", f"  {NEW} ", CAROL)

    def test_of_the_settings_is_not_changed_here(self, browser: Client) -> None:
        response = browser.get("/account/password/")
        assert response.status_code == 200
        assert "its password cannot be changed here" in text_of(response)
        assert "<input" not in response.content.decode().partition("<main")[2]
        response = self.change(browser, current="correct horse")
        assert response.status_code == 409
        assert "its password cannot be changed here" in text_of(response)
        assert is_in(browser)

    def test_gives_no_session_to_who_came_by_a_header(self, as_: As) -> None:
        """Nor does it wake the one, long over, of somebody whose cookie is there too."""
        over = as_("dave")
        accounts.end_sessions("dave", by=ADMIN)
        accounts.create("carol", role=Role.PUBLISHER, password=PASSWORD, by=ADMIN)
        client = Browser(headers={"authorization": basic("carol", PASSWORD), "accept": "text/html"})
        client.cookies = over.cookies
        assert self.change(client).status_code == 302
        plain = Browser()
        plain.cookies = client.cookies
        assert not is_in(plain)

    def test_is_not_changed_by_a_token(self, as_: As) -> None:
        as_("carol")
        secret, _ = accounts.issue("carol", scopes=set(Scope), by=CAROL)
        client = Browser(headers={"authorization": f"Bearer {secret}", "accept": "text/html"})
        assert self.change(client).status_code == 403
        assert accounts.identify("carol", PASSWORD, CAROL)


class TestSessions:
    @pytest.mark.parametrize("name", ["carol", "alice"])
    def test_end_everywhere_after_a_confirmation(self, as_: As, name: str) -> None:
        client, other, somebody = as_(name), as_(name), as_("dave")
        said = text_of(client.get("/account/sessions/"))
        assert "Every browser in which you have logged in is logged out at once, this one too" in said
        response = client.post("/account/sessions/")
        assert (response.status_code, response["Location"]) == (302, "/login/")
        assert "You have logged out everywhere." in text_of(client.get("/login/"))
        assert (is_in(client), is_in(other), is_in(somebody)) == (False, False, True)
        assert entries()[-1] == ("account-sessions", name, "session", name)
        assert is_in(as_(name))

    def test_are_not_ended_by_a_token_that_only_reads(self, as_: As) -> None:
        client = as_("carol")
        secret, _ = accounts.issue("carol", scopes={Scope.READ}, by=CAROL)
        by_token = Browser(headers={"authorization": f"Bearer {secret}", "accept": "text/html"})
        assert by_token.post("/account/sessions/").status_code == 403
        assert is_in(client)


def key_of(response: Any) -> str:
    """The key of a form that is sent once."""
    (key,) = re.findall(r'name="once" value="([\w-]{12})"', response.content.decode())
    return str(key)


def a_form(**fields: Any) -> dict[str, Any]:
    return {"description": "CI of demo", "scopes": ["read"], "projects": "", "expires": "90", "day": "", **fields}


class TestTokens:
    def test_what_to_do_first(self, as_: As) -> None:
        said = text_of(as_("carol").get("/account/tokens/"))
        assert "You have no token yet" in said

    def test_are_made_and_shown_once(
        self, as_: As, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        client = as_("carol")
        response = client.post("/account/tokens/", a_form(scopes=["publish", "read"], projects="Demo_Pkg, other other"))
        assert response.status_code == 200
        assert response["Cache-Control"] == "no-store"
        assert "Location" not in response
        page = response.content.decode()
        (secret,) = set(SECRET.findall(page))
        assert "data-copy" in page
        (token,) = tokens_of("carol")
        assert (token.description, token.scopes) == ("CI of demo", {Scope.READ, Scope.PUBLISH})
        assert token.projects == {"demo-pkg", "other"}
        assert token.expires is not None
        assert abs(token.expires - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)
        actor = accounts.authenticate(secret, replace(CAROL, time=timezone.now()))
        assert (actor.name, actor.limits is None) == ("carol", False)
        assert entries()[-1] == ("token-create", "carol", "session", token.id)
        # It is nowhere else.
        kept = [client.get("/account/tokens/"), client.get("/account/")]
        cookie = SessionStore(client.cookies[sessions.PAGES_COOKIE].value)
        told = json.dumps([dict(cookie.items()), [as_json(entry) for entry in journal.latest(10)]])
        said = [response.serialize_headers().decode(), caplog.text, *capsys.readouterr(), told]
        assert not any(secret in text for text in [*said, *(page.content.decode() for page in kept)])

    def test_are_made_once_however_often_the_answer_is_loaded(self, as_: As) -> None:
        client = as_("carol")
        keys = [key_of(client.get("/account/tokens/")) for _ in range(2)]
        assert keys[0] != keys[1]
        # Nothing has been made by a form that was refused.
        assert client.post("/account/tokens/", a_form(once=keys[0], scopes=[])).status_code == 400
        assert SECRET.search(client.post("/account/tokens/", a_form(once=keys[0])).content.decode())
        assert SECRET.search(client.post("/account/tokens/", a_form(once=keys[1])).content.decode())
        for key in keys:
            response = client.post("/account/tokens/", a_form(once=key))
            assert (response.status_code, response["Location"]) == (302, "/account/tokens/")
            said = text_of(client.get("/account/tokens/"))
            assert "This was done already: the token is in the list below; its secret was shown once." in said
        assert len(tokens_of("carol")) == 2
        # Others' forms are others'.
        assert as_("dave").post("/account/tokens/", a_form(once=keys[0])).status_code == 200

    def test_some_of_their_keys_are_remembered(self, as_: As) -> None:
        client = as_("carol")
        keys = [f"key-number-{number}" for number in "0123456789"]
        for key in [*keys, "x" * 5000, "<>" * 6, ""]:
            assert client.post("/account/tokens/", a_form(once=key)).status_code == 200
        statuses = [client.post("/account/tokens/", a_form(once=key)).status_code for key in reversed(keys)]
        assert statuses == [302] * 8 + [200] * 2

    def test_for_projects_that_are_not_there_say_so(self, as_: As) -> None:
        client = as_("carol")
        publishing.publish(a_wheel().received(), by=CAROL, overwrite=False)
        publishing.publish(a_wheel("gone").received(), by=CAROL, overwrite=False)
        publishing.remove(NormalizedName("gone"), by=CAROL)

        def said(projects: str) -> str:
            return text_of(client.post("/account/tokens/", a_form(projects=projects)))

        assert "There is no project demo-pgk yet." in said("demo_pgk, demo-pkg")
        assert "There are no projects one, two yet." in said("two one")
        # A deleted one can come back.
        for projects in ("demo-pkg", "gone", ""):
            assert "There is no" not in said(projects)
        assert len(tokens_of("carol")) == 5

    def test_come_with_commands_for_what_they_may(self, as_: As) -> None:
        client = as_("carol")
        root = "http://testserver/"

        def commands(**fields: Any) -> list[str]:
            response = client.post("/account/tokens/", a_form(**fields))
            found = re.findall(r"<code tabindex[^>]*>(.*?)</code>", response.content.decode())
            return [SECRET.sub("TOKEN", html.unescape(command)) for command in found[1:]]

        index = "--index-url http://__token__:TOKEN@testserver/simple/"
        installs = [f"{tool} install {index} " for tool in ("pip", "uv pip")]
        uploads = [
            f"TWINE_USERNAME=__token__ TWINE_PASSWORD=TOKEN twine upload --repository-url {root}legacy/ dist/*",
            f"UV_PUBLISH_TOKEN=TOKEN uv publish --publish-url {root}legacy/",
        ]
        assert commands() == [f"{install}NAME" for install in installs]
        assert commands(projects="zeta alpha") == [f"{install}alpha" for install in installs]
        assert commands(scopes=["publish"]) == uploads
        assert commands(scopes=["manage"]) == [f"curl -H 'Authorization: Bearer TOKEN' {root}api/"]
        assert len(commands(scopes=["read", "publish", "manage"])) == 4

    @pytest.mark.parametrize(
        ("fields", "days"),
        [
            ({"expires": "30"}, 30),
            ({"expires": "90"}, 90),
            ({"expires": "365"}, 365),
            ({"expires": "never"}, None),
        ],
    )
    def test_expire_when_they_are_to(self, as_: As, fields: dict[str, str], days: int | None) -> None:
        as_("carol").post("/account/tokens/", a_form(**fields))
        (token,) = tokens_of("carol")
        if days is None:
            assert token.expires is None
        else:
            assert token.expires is not None
            assert abs(token.expires - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)

    def test_expire_on_a_day(self, as_: As) -> None:
        day = timezone.now().date() + timedelta(days=7)
        as_("carol").post("/account/tokens/", a_form(expires="day", day=day.isoformat()))
        (token,) = tokens_of("carol")
        assert token.expires == datetime(day.year, day.month, day.day, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"description": ""}, "This field is required."),
            ({"description": " \t"}, "This field is required."),
            ({"description": "x" * 201}, "at most 200 characters"),
            ({"description": "two\nlines"}, "A description is one line"),
            ({"description": "a\0b"}, "Null characters are not allowed."),
            ({"scopes": []}, "Choose one or several."),
            ({"scopes": ["read", "root"]}, "Select a valid choice."),
            ({"projects": "fine, -not-fine-"}, "'-not-fine-' cannot be the name of a project."),
            ({"projects": "<script>"}, "'<script>' cannot be the name of a project."),
            ({"projects": "x" * 20_001}, "at most 20000 characters"),
            ({"projects": " ".join(f"p{number}" for number in range(101))}, "A token is for 1 to 100 projects"),
            ({"expires": "tomorrow"}, "Select a valid choice."),
            ({"expires": "99999999999"}, "Select a valid choice."),
            ({"expires": "day"}, "Say on which day."),
            ({"expires": "day", "day": "31.01.2027"}, "Write a day as in 2027-01-31."),
            ({"expires": "day", "day": "2027-02-30"}, "Write a day as in 2027-01-31."),
            ({"expires": "day", "day": "2020-01-01"}, "A token expires in the future, and within ten years."),
            ({"expires": "day", "day": "9999-12-31"}, "A token expires in the future, and within ten years."),
            ({"expires": "day", "day": "0001-01-01"}, "A token expires in the future, and within ten years."),
            ({"expires": "90", "day": "2027-01-31"}, "Choose “on a day that I choose”, or leave the day empty."),
        ],
    )
    def test_are_not_made_of_what_is_wrong(self, as_: As, fields: dict[str, Any], said: str) -> None:
        client = as_("carol")
        before = journal.newest()
        response = client.post("/account/tokens/", a_form(**fields))
        assert response.status_code == 400
        assert said in text_of(response)
        assert not SECRET.search(response.content.decode())
        assert "<script>" not in response.content.decode().partition("<main")[2]
        assert (journal.newest(), tokens_of("carol")) == (before, [])

    def test_keep_what_was_typed_when_something_is_wrong(self, as_: As) -> None:
        form = a_form(description="mine & yours", scopes=["publish"], projects="!", expires="365")
        page = as_("carol").post("/account/tokens/", form).content.decode()
        assert 'value="mine &amp; yours"' in page
        assert re.search(r'value="publish"[^>]* checked', page)
        assert not re.search(r'value="read"[^>]* checked', page)
        assert '<option value="365" selected>' in page
        assert 'aria-invalid="true"' in page

    def test_are_listed_newest_first(self, as_: As) -> None:
        client = as_("carol")
        ages = {"old": 400, "middle": 40, "new": 4}
        for description, age in ages.items():
            by = replace(CAROL, time=timezone.now() - timedelta(days=age))
            end = by.time + timedelta(days=90)
            accounts.issue("carol", scopes=set(Scope), by=by, description=description, expires=end)
        demo = [NormalizedName("demo")]
        accounts.issue("carol", scopes={Scope.READ}, by=CAROL, description="<b>bold</b>", projects=demo)
        accounts.issue("alice", scopes={Scope.READ}, by=ADMIN, description="not mine")
        response = client.get("/account/tokens/")
        page = response.content.decode()
        rows = re.findall(r"<th scope=\"row\">(.*?)<br>", page)
        assert sorted(rows, key=lambda row: row != "&lt;b&gt;bold&lt;/b&gt;")[1:] == ["new", "middle", "old"]
        said = text_of(response)
        assert page.count("expired") == 1
        assert re.search(r"old \w{16} read publish manage every one \S+ never \S+ expired Revoke token old", said)
        assert re.search(r"<b>bold</b> \w{16} read demo \S+ never never Revoke token <b>bold</b>", said)

    def test_say_when_they_were_used(self, as_: As) -> None:
        client = as_("carol")
        secret, _ = accounts.issue("carol", scopes={Scope.READ}, by=CAROL, description="used")
        assert Client(headers={"authorization": f"Bearer {secret}"}).get("/simple/").status_code == 200
        said = text_of(client.get("/account/tokens/"))
        assert re.search(rf"every one \S+ {timezone.now():%Y-%m-%d} \d\d:\d\d never", said)

    def test_are_revoked_after_a_confirmation(self, as_: As) -> None:
        client = as_("carol")
        secret, token = accounts.issue("carol", scopes={Scope.READ}, by=CAROL, description="CI & more")
        _, other = accounts.issue("carol", scopes={Scope.READ}, by=CAROL)
        listed = client.get("/account/tokens/").content.decode()
        assert f'href="/account/tokens/?revoke={token.id}"' in listed
        said = text_of(client.get("/account/tokens/", {"revoke": token.id}))
        assert "The token CI & more ends at once, and for good" in said
        assert token.id in said
        assert len(tokens_of("carol")) == 2
        response = client.post("/account/tokens/", {"revoke": token.id})
        assert (response.status_code, response["Location"]) == (302, "/account/tokens/")
        assert "The token “CI & more” is revoked" in text_of(client.get("/account/tokens/"))
        assert tokens_of("carol") == [other]
        assert entries()[-1] == ("token-revoke", "carol", "session", token.id)
        assert Client(headers={"authorization": f"Bearer {secret}"}).get("/simple/").status_code == 401

    def test_are_not_revoked_twice_nor_others(self, as_: As) -> None:
        admin, carol = as_("alice"), as_("carol")
        _, token = accounts.issue("carol", scopes={Scope.READ}, by=CAROL)
        _, alices = accounts.issue("alice", scopes={Scope.READ}, by=ADMIN)
        carol.post("/account/tokens/", {"revoke": token.id})
        _, kept = accounts.issue("carol", scopes={Scope.READ}, by=CAROL)
        before = journal.newest()
        for client, token_id in (
            (carol, token.id),
            (carol, alices.id),
            # Administrators have a page of their own for those of others.
            (admin, kept.id),
            (carol, ""),
            (carol, "x" * 10_000),
            (carol, "<script>"),
        ):
            assert client.get("/account/tokens/", {"revoke": token_id}).status_code == 404
            response = client.post("/account/tokens/", {"revoke": token_id})
            assert response.status_code == 404
            assert "You have no such token" in text_of(response)
        assert (journal.newest(), tokens_of("carol")) == (before, [kept])

    def test_of_the_settings_accounts_too(self, browser: Client) -> None:
        assert browser.post("/account/tokens/", a_form()).status_code == 200
        (token,) = tokens_of("alice")
        assert browser.post("/account/tokens/", {"revoke": token.id}).status_code == 302
        assert tokens_of("alice") == []

    @pytest.mark.parametrize("scopes", [{Scope.READ}, {Scope.MANAGE}, {Scope.READ, Scope.PUBLISH}])
    def test_make_no_more_of_themselves(self, as_: As, scopes: set[Scope]) -> None:
        as_("carol")
        secret, token = accounts.issue("carol", scopes=scopes, by=CAROL)
        client = Browser(headers={"authorization": f"Bearer {secret}", "accept": "text/html"})
        for form in (a_form(scopes=["read", "publish", "manage"]), {"revoke": token.id}):
            assert client.post("/account/tokens/", form).status_code == 403
        assert [kept.id for kept in tokens_of("carol")] == [token.id]


@pytest.mark.parametrize("home", ["aws"], indirect=True)
class TestReads:
    def test_do_not_grow_with_what_there_is(self, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
        client = as_("carol")
        for number in range(5):
            publishing.publish(a_wheel(f"p{number}").received(), by=CAROL, overwrite=False)
            accounts.issue("carol", scopes={Scope.READ}, by=CAROL)
        calls = counting(monkeypatch)

        def since(address: str) -> dict[str, int]:
            calls.clear()
            assert client.get(address).status_code == 200
            return calls.since()

        # Whose session it is; the account; its projects by two reads, its tokens by two.
        assert since("/account/") == {"BatchGetItem": 4, "Query": 2}
        assert since("/account/tokens/") == {"BatchGetItem": 2, "Query": 1}
        assert since("/account/password/") == {"BatchGetItem": 2}
        assert since("/account/sessions/") == {"BatchGetItem": 1}
        assert since("/login/") == {"BatchGetItem": 1}
