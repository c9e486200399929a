"""Logging in and out by a browser, and what the session's cookie is good for."""

import json
import random
import re
import time
from collections.abc import Callable, Iterator
from http.cookies import Morsel
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, unquote, urlencode

import pytest
from django.contrib.messages import success
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import set_script_prefix
from pytest_django import Settings

from packages import accounts, journal, sessions
from packages.access import ANONYMOUS, Role, Scope
from packages.journal import as_json
from packages.views.web.door import page
from pypi_project.settings import FixedAccount
from tests.builders import a_wheel, an_origin
from tests.conftest import Publish, basic
from tests.views.web.conftest import PASSWORD, As, Browser

ALICE = {"name": "alice", "password": "correct horse"}
ADMIN = an_origin()
CAROL = an_origin("carol", "publisher")
DAY = 24 * 60 * 60


@pytest.fixture
def stage() -> Iterator[None]:
    """Addresses are below a prefix, as the server's handler says for each request with a SCRIPT_NAME."""
    set_script_prefix("/dev/")
    yield
    set_script_prefix("/")


FORM = "application/x-www-form-urlencoded"


def cookie_of(client: Client) -> "Morsel[str]":
    return client.cookies[sessions.COOKIE]


def is_in(client: Client) -> bool:
    """Whether somebody has logged in, as a page sees it."""
    response = client.get("/account/")
    if response.status_code == 302:
        assert response["Location"] == "/login/?next=%2Faccount%2F"
        return False
    assert response.status_code == 200
    return True


def sentence(response: Any) -> str:
    """What is wrong with a form, as the page says it."""
    (said,) = re.findall(r'role="alert"><p>(.*?)</p>', response.content.decode())
    return str(said)


class TestTheForm:
    def test_is_there_for_everybody_and_asks_no_index(self, visitor: Client) -> None:
        response = visitor.get("/login/")
        assert response.status_code == 200
        page = response.content.decode()
        assert "<title>Log in" in page
        assert page.count("<h1>") == 1
        for part in ('autocomplete="username"', 'autocomplete="current-password"', 'name="csrfmiddlewaretoken"'):
            assert part in page
        assert response["Cache-Control"] == "no-store"
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert visitor.head("/login/").status_code == 200
        assert visitor.put("/login/").status_code == 405

    def test_lets_in_and_leads_to_the_front_page(self, visitor: Client) -> None:
        response = visitor.post("/login/", ALICE)
        assert (response.status_code, response["Location"]) == (302, "/")
        assert response["Cache-Control"] == "no-store"
        assert is_in(visitor)

    @pytest.mark.parametrize("name", ["alice", "nobody", "alice ", "ALICE", "a" * 255, "Анна", "<script>"])
    def test_says_the_same_of_a_wrong_name_and_a_wrong_password(self, visitor: Client, name: str) -> None:
        response = visitor.post("/login/", {"name": name, "password": "wrong"})
        assert response.status_code == 401
        assert sentence(response) == "The name or the password is wrong."
        # A browser's own dialogue would get between.
        assert "WWW-Authenticate" not in response
        assert not is_in(visitor)
        assert "wrong</" not in response.content.decode().replace("is wrong.</", "")
        assert 'value="wrong"' not in response.content.decode()

    def test_escapes_what_was_typed(self, visitor: Client) -> None:
        page = visitor.post("/login/", {"name": '"><script>alert(1)</script>', "password": "x"}).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page

    @pytest.mark.parametrize(
        ("form", "said"),
        [
            ({}, "This field is required."),
            ({"name": "alice"}, "This field is required."),
            ({"name": "", "password": ""}, "This field is required."),
            ({"name": "alice\0", "password": "x"}, "Null characters are not allowed."),
            ({"name": "alice", "password": "correct\0horse"}, "Null characters are not allowed."),
            ({"name": "alice", "password": "x" * 1_000_000}, "at most 1024 characters"),
            ({"name": "a" * 256, "password": "x"}, "at most 255 characters"),
        ],
        ids=["nothing", "no password", "empty", "NUL in the name", "NUL in the password", "1 MB", "a long name"],
    )
    def test_says_what_is_wrong_with_its_fields(self, visitor: Client, form: dict[str, str], said: str) -> None:
        response = visitor.post("/login/", form)
        assert response.status_code == 400
        assert said in response.content.decode()
        assert len(response.content) < 10_000
        assert journal.newest() == 0
        assert not is_in(visitor)

    def test_takes_a_name_and_a_password_with_spaces(self, visitor: Client, settings: Settings) -> None:
        settings.ACCOUNTS = {"anna maria": FixedAccount(" se cret ", "reader")}
        for name, password, status in (
            ("anna maria", "se cret", 401),
            ("anna  maria", " se cret ", 401),
            # What a phone's keyboard adds behind a name.
            ("anna maria ", " se cret ", 302),
        ):
            assert visitor.post("/login/", {"name": name, "password": password}).status_code == status
        assert is_in(visitor)

    def test_refuses_a_disabled_account_only_to_who_knows_its_password(self, visitor: Client) -> None:
        accounts.create("carol", role=Role.READER, password=PASSWORD, by=ADMIN)
        accounts.change("carol", disabled=True, by=ADMIN)
        response = visitor.post("/login/", {"name": "carol", "password": PASSWORD})
        assert response.status_code == 401
        assert sentence(response) == "The account &#x27;carol&#x27; is disabled; ask an administrator."
        response = visitor.post("/login/", {"name": "carol", "password": "wrong"})
        assert sentence(response) == "The name or the password is wrong."
        assert not is_in(visitor)

    def test_says_how_long_no_password_is_looked_at(self, visitor: Client) -> None:
        for _ in range(10):
            assert visitor.post("/login/", {"name": "alice", "password": "wrong"}).status_code == 401
        response = visitor.post("/login/", ALICE)
        assert response.status_code == 429
        wait = int(response["Retry-After"])
        assert 0 < wait <= 301
        assert sentence(response) == (
            f"Too many wrong passwords; none is looked at for {wait} seconds. Tokens are not affected."
        )
        assert not is_in(visitor)

    def test_takes_no_token_for_a_password(self, visitor: Client) -> None:
        secret, _ = accounts.issue("alice", scopes=set(Scope), by=ADMIN)
        for name in ("__token__", "alice"):
            assert visitor.post("/login/", {"name": name, "password": secret}).status_code == 401
        assert not is_in(visitor)

    def test_keeps_wrong_names_out_of_the_journal(self, visitor: Client) -> None:
        visitor.post("/login/", {"name": "my secret, in the wrong field", "password": "x"})
        (entry,) = journal.latest(1)
        assert "secret" not in json.dumps(as_json(entry))


class TestForged:
    def test_forms_of_other_sites_are_refused(self, home: str, as_: As) -> None:
        stranger = Browser(enforce_csrf_checks=True)
        for token in (None, "", "x" * 64, "x" * 1000, "\0"):
            form = ALICE if token is None else {**ALICE, "csrfmiddlewaretoken": token}
            response = stranger.post("/login/", form)
            assert response.status_code == 403
            assert "This form was opened before you logged in" in response.content.decode()
        assert not is_in(stranger)
        somebody = as_("alice", enforce_csrf_checks=True)
        assert somebody.post("/logout/").status_code == 403
        assert is_in(somebody)

    def test_the_token_of_the_page_is_taken_once_only_by_its_own_browser(self, home: str) -> None:
        client, other = Browser(enforce_csrf_checks=True), Browser(enforce_csrf_checks=True)
        token = _token_in(client.get("/login/"))
        other.get("/login/")
        assert other.post("/login/", {**ALICE, "csrfmiddlewaretoken": token}).status_code == 403
        assert client.post("/login/", {**ALICE, "csrfmiddlewaretoken": token}).status_code == 302
        # Who made the browser use a session of theirs does not know the secret of the new one.
        assert client.post("/logout/", {"csrfmiddlewaretoken": token}).status_code == 403
        token = _token_in(client.get("/account/"))
        assert client.post("/logout/", {"csrfmiddlewaretoken": token}).status_code == 302

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "https://testserver", "http://testserver:81", "null", "x"]
    )
    def test_another_origin_is_refused(self, home: str, origin: str) -> None:
        client = Browser(enforce_csrf_checks=True)
        form = {**ALICE, "csrfmiddlewaretoken": _token_in(client.get("/login/"))}
        assert client.post("/login/", form, headers={"origin": origin}).status_code == 403
        assert client.post("/login/", form, headers={"origin": "http://testserver"}).status_code == 302


def _token_in(response: Any) -> str:
    return re.findall(r'name="csrfmiddlewaretoken" value="(\w{64})"', response.content.decode())[0]


class TestOnward:
    @pytest.mark.parametrize(
        "wanted",
        ["/account/", "/project/demo/?a=1&b=2", "/search/?q=../x", "/search/?q=//evil.example", "/x#.."],
    )
    def test_leads_where_somebody_wanted_to_go(self, visitor: Client, wanted: str) -> None:
        page = visitor.get("/login/", {"next": wanted})
        assert f'name="next" value="{wanted.replace("&", "&amp;")}"' in page.content.decode()
        assert visitor.post("/login/", {**ALICE, "next": wanted})["Location"] == wanted

    @pytest.mark.parametrize(
        "wanted",
        [
            "",
            "https://evil.example/",
            "http://testserver/account/",
            "//evil.example",
            "///evil.example",
            "////evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "\t//evil.example",
            "/\n/evil.example",
            "\0//evil.example",
            " //evil.example",
            "javascript:alert(1)",
            "account/",
            "evil.example",
            "http:///evil.example",
            "//[",
            "/../dev/",
            "/./",
            "/a/%2e%2E/..",
            "/%2e/x",
            "/a/..\\b",
            "/" + "x" * 5000,
        ],
    )
    def test_never_leads_elsewhere(self, visitor: Client, wanted: str) -> None:
        assert visitor.post("/login/", {**ALICE, "next": wanted})["Location"] == "/"
        assert visitor.post(f"/login/?{_query(wanted)}", ALICE)["Location"] == "/"

    @pytest.mark.parametrize("wanted", ["/", "/dev", "/prod/", "/dev/../prod/", "/devil/", "/dev/%2e%2e/prod/"])
    def test_stays_within_its_stage(self, visitor: Client, stage: None, wanted: str) -> None:
        assert visitor.post("/login/", {**ALICE, "next": wanted}, SCRIPT_NAME="/dev")["Location"] == "/dev/"
        onward = {**ALICE, "next": "/dev/account/"}
        assert visitor.post("/login/", onward, SCRIPT_NAME="/dev")["Location"] == "/dev/account/"
        assert visitor.post("/login/", {**ALICE, "next": "/account/"}, SCRIPT_NAME="/dev")["Location"] == "/dev/"

    def test_a_page_asks_to_log_in_and_is_come_back_to(self, visitor: Client) -> None:
        response = visitor.get("/account/tokens/?q=x&y=%C3%A4")
        assert response.status_code == 302
        address = response["Location"]
        assert address == "/login/?next=%2Faccount%2Ftokens%2F%3Fq%3Dx%26y%3D%25C3%25A4"
        assert visitor.post(address, ALICE)["Location"] == "/account/tokens/?q=x&y=%C3%A4"

    def test_what_was_posted_is_not_come_back_to(self, visitor: Client) -> None:
        assert visitor.post("/account/sessions/")["Location"] == "/login/"

    def test_a_very_long_address_is_asked_for_without_the_way_back(self, visitor: Client) -> None:
        assert visitor.get("/account/", {"x": "y" * 30_000})["Location"] == "/login/"

    def test_tools_and_other_credentials_get_no_form(self, visitor: Client) -> None:
        for headers in ({"accept": "*/*"}, {"authorization": basic("alice", "wrong")}):
            response = visitor.get("/account/", headers=headers)
            assert response.status_code == 401
            assert response["WWW-Authenticate"].startswith("Basic ")


def _query(wanted: str) -> str:
    return urlencode({"next": wanted})


class TestLoggedIn:
    def test_the_form_says_who_one_is_and_lets_somebody_else_in(self, as_: As) -> None:
        client = as_("carol")
        page = client.get("/login/?next=/account/").content.decode()
        assert "You are logged in as carol." in page
        assert 'href="/account/"' in page
        before = cookie_of(client).value
        assert client.post("/login/", ALICE).status_code == 302
        assert cookie_of(client).value != before
        assert "alice" in client.get("/account/").content.decode()

    def test_a_wrong_password_changes_nothing(self, as_: As) -> None:
        client = as_("carol")
        assert client.post("/login/", {"name": "alice", "password": "wrong"}).status_code == 401
        assert is_in(client)

    def test_logging_out_ends_it_in_this_browser_alone(self, as_: As) -> None:
        client, other = as_("carol"), as_("carol")
        assert client.get("/logout/").status_code == 200
        assert is_in(client)
        response = client.post("/logout/")
        assert (response.status_code, response["Location"]) == (302, "/login/")
        assert not is_in(client)
        assert "You have logged out." in client.get("/login/").content.decode()
        assert "You have logged out." not in client.get("/login/").content.decode()
        assert is_in(other)

    def test_logging_out_without_a_session_is_no_error(self, visitor: Client) -> None:
        assert "You are not logged in." in visitor.get("/logout/").content.decode()
        assert visitor.post("/logout/")["Location"] == "/login/"
        assert visitor.put("/logout/").status_code == 405

    def test_nothing_of_before_goes_on(self, home: str) -> None:
        client = Browser()
        planted = SessionStore()
        planted.update({"_csrftoken": "x" * 32, "more": "of somebody else"})
        planted.save()
        client.cookies[sessions.PAGES_COOKIE] = cast("str", planted.session_key)
        assert client.post("/login/", ALICE).status_code == 302
        assert client.cookies[sessions.PAGES_COOKIE].value == ""
        name, key = signing.loads(cookie_of(client).value, salt="packages.sessions")
        assert name == "alice"
        assert re.fullmatch("[0-9a-f]{64}", key)

    def test_an_answer_under_way_does_not_log_in_again(self, as_: As) -> None:
        """Only what logs in and out writes the cookie that says who somebody is."""
        client = as_("alice")
        late = client.post("/account/tokens/", {"revoke": "nothing"})
        assert sessions.COOKIE not in late.cookies
        made = client.post("/account/tokens/", {"description": "x", "scopes": "read", "expires": "30"})
        assert made.status_code == 200
        assert sessions.COOKIE not in made.cookies


class TestTheCookie:
    def test_is_kept_from_scripts_and_other_sites(self, as_: As) -> None:
        cookie = cookie_of(as_("alice"))
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
        assert (cookie["max-age"], cookie["domain"], cookie["secure"]) == (14 * DAY, "", "")
        assert cookie.key == "elastic-pypi-session"
        assert len(cookie.OutputString()) < 500

    @pytest.mark.parametrize("how", ["by TLS", "behind PUBLIC_URL", "on Lambda"])
    def test_goes_by_tls_only_where_that_is_how_people_come(
        self, visitor: Client, settings: Settings, how: str
    ) -> None:
        settings.PUBLIC_URL = "https://packages.example.org/" if how == "behind PUBLIC_URL" else ""
        settings.ON_LAMBDA = how == "on Lambda"
        visitor.post("/login/", ALICE, secure=how == "by TLS")
        assert cookie_of(visitor)["secure"] is True

    def test_is_not_asked_to_go_by_tls_where_there_is_none(self, visitor: Client, settings: Settings) -> None:
        settings.PUBLIC_URL = "http://packages.example.org/"
        visitor.post("/login/", ALICE)
        assert not cookie_of(visitor)["secure"]

    def test_is_for_its_own_stage(self, visitor: Client, stage: None) -> None:
        response = visitor.post("/login/", ALICE, SCRIPT_NAME="/dev")
        assert response.cookies[sessions.COOKIE]["path"] == "/dev/"
        response = visitor.get("/account/", SCRIPT_NAME="/dev")
        assert response.status_code == 200
        assert 'href="/dev/account/tokens/"' in response.content.decode()
        visitor.cookies[sessions.COOKIE] = "spoiled"
        response = visitor.get("/account/", SCRIPT_NAME="/dev")
        assert response["Location"] == "/dev/login/?next=%2Fdev%2Faccount%2F"
        response = visitor.post("/logout/", SCRIPT_NAME="/dev")
        assert (response.cookies[sessions.COOKIE]["path"], response.cookies[sessions.COOKIE].value) == ("/dev/", "")

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda value: value[:-1] + ("A" if value[-1] != "A" else "B"),
            lambda value: "x" + value,
            lambda value: value.rpartition(":")[0],
            lambda value: value.split(":")[0],
            lambda value: "",
            lambda value: ":::",
            lambda value: "x" * 100_000,
            lambda value: ":".join(["." + "A" * 1000, *value.split(":")[1:]]),
            lambda value: signing.dumps(["alice", "x"], salt="another"),
            lambda value: signing.dumps(["alice", "x"], salt="packages.sessions", key="k" * 40),
            lambda value: signing.dumps(["alice", "x"], salt="packages.sessions"),
            lambda value: signing.dumps(["x" * 3000, "é\0"], salt="packages.sessions"),
            lambda value: signing.dumps(["", ""], salt="packages.sessions"),
        ],
        ids=[
            "end",
            "front",
            "unsigned",
            "cut",
            "empty",
            "colons",
            "long",
            "packed",
            "salt",
            "key",
            "proof",
            "name",
            "nothing",
        ],
    )
    def test_that_was_tampered_with_is_nobodys(self, as_: As, spoil: Callable[[str], str]) -> None:
        client = as_("alice")
        client.cookies[sessions.COOKIE] = spoil(cookie_of(client).value)
        response = client.get("/account/")
        assert response["Location"] == "/login/?next=%2Faccount%2F"
        assert client.get("/simple/", headers={"accept": "*/*"}).status_code == 401
        # One keeps nobody from the form, nor from what takes no credentials.
        assert client.post("/login/", ALICE).status_code == 302
        assert is_in(client)

    def test_of_another_secret_key_is_nobodys(self, as_: As, settings: Settings) -> None:
        client = as_("alice")
        settings.SECRET_KEY = "another key, which is also long enough"
        assert not is_in(client)

    def test_is_good_for_two_weeks_however_often_it_changes(self, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
        client = as_("carol")
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 13 * DAY)
        # A message goes into the cookie, and out of it.
        _, token = accounts.issue("carol", scopes={Scope.READ}, by=CAROL)
        assert client.post("/account/tokens/", {"revoke": token.id}).status_code == 302
        assert is_in(client)
        monkeypatch.setattr(time, "time", lambda: now + 14 * DAY + 1)
        assert not is_in(client)

    def test_is_sent_anew_only_if_there_is_something_new_in_it(self, as_: As) -> None:
        client = as_("alice")
        # The first form makes a secret of its own.
        assert set(client.get("/account/").cookies) == {sessions.PAGES_COOKIE}
        assert not client.get("/account/").cookies

    def test_leaves_out_what_would_make_it_too_long(self, as_: As) -> None:
        client = as_("alice")
        request = RequestFactory().post("/account/", headers={"cookie": f"{sessions.COOKIE}={cookie_of(client).value}"})
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]

        @page()
        def tell(request: HttpRequest) -> HttpResponse:
            success(request, random.Random(7).randbytes(4000).hex())
            return HttpResponse()

        response = tell(request)
        assert len(response.cookies[sessions.PAGES_COOKIE].OutputString()) < 4096


class TestWhatItOpens:
    def test_reading_as_tools_do(self, as_: As, publish: Publish) -> None:
        wheel = publish()
        client = as_("rita", "reader")
        addresses = [
            "/simple/",
            "/simple/demo-pkg/",
            f"/packages/demo-pkg/{wheel.filename}",
            f"/packages/demo-pkg/{wheel.filename}.metadata",
            "/pypi/demo-pkg/json",
        ]
        for address in addresses:
            assert client.get(address).status_code == 200, address
            assert client.head(address).status_code == 200, address
            assert Browser().get(address).status_code == 401, address
            # Shared caches are not to keep what came by a cookie.
            assert "public" not in client.get(address)["Cache-Control"]
        assert client.get(f"/packages/demo-pkg/{wheel.filename}").getvalue() == wheel.content

    @pytest.mark.parametrize(
        ("method", "address"),
        [
            ("POST", "/legacy/"),
            ("POST", "/legacy"),
            ("POST", "/"),
            ("POST", "/simple/"),
            ("POST", "/legacy/reserve"),
            ("POST", "/legacy/finalize"),
            ("POST", "/simple/reserve"),
            ("POST", "/reserve"),
            ("POST", "/api/tokens"),
            ("POST", "/api/accounts"),
            ("PUT", "/api/projects/demo-pkg/status"),
            ("DELETE", "/api/accounts/carol"),
            ("PATCH", "/api/accounts/carol"),
            ("OPTIONS", "/api/accounts"),
            ("DELETE", "/simple/demo-pkg/"),
        ],
    )
    def test_never_what_tools_post(self, as_: As, method: str, address: str) -> None:
        client = as_("alice")
        before = journal.newest()
        response = client.generic(method, address, b"{}", "application/json")
        assert response.status_code in {401, 404, 405}, response.content
        form = a_wheel().upload() if method == "POST" else {}
        if method == "POST" and not address.startswith("/api/"):
            assert client.post(address, form).status_code == 401
        assert journal.newest() == before

    def test_not_beside_an_authorization_header(self, as_: As) -> None:
        client = as_("alice")
        for header, status in (
            (basic("alice", "wrong"), 401),
            ("Bearer nonsense", 401),
            (basic("bob", "with:colon"), 200),
        ):
            assert client.get("/simple/", headers={"authorization": header}).status_code == status

    def test_a_page_in_frames_is_refused(self, browser: Client) -> None:
        response = browser.get("/account/")
        assert response["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


class TestEnds:
    @pytest.mark.parametrize(
        "end",
        [
            lambda: accounts.change("carol", disabled=True, by=ADMIN),
            lambda: accounts.delete("carol", by=ADMIN),
            lambda: accounts.set_password("carol", None, by=ADMIN),
            lambda: accounts.end_sessions("carol", by=ADMIN),
        ],
        ids=["disabled", "deleted", "password", "everywhere"],
    )
    def test_at_once_for_pages_files_and_lists(self, as_: As, publish: Publish, end: Callable[[], object]) -> None:
        publish()
        client = as_("carol")
        assert client.get("/simple/demo-pkg/").status_code == 200
        end()
        assert not is_in(client)
        for address in ("/simple/", "/simple/demo-pkg/", "/packages/demo-pkg/demo_pkg-1.0-py3-none-any.whl"):
            assert client.get(address).status_code == 401

    def test_a_lower_role_acts_at_once(self, as_: As) -> None:
        client = as_("carol", "admin")
        assert client.get("/api/accounts").status_code == 200
        accounts.change("carol", role=Role.READER, by=ADMIN)
        assert client.get("/api/accounts").status_code == 403
        assert is_in(client)

    def test_at_once_for_an_account_of_the_settings(self, as_: As, settings: Settings) -> None:
        client, other = as_("alice"), as_("bob")
        settings.ACCOUNTS = {**settings.ACCOUNTS, "alice": FixedAccount("another", "admin")}
        assert not is_in(client)
        assert is_in(other)
        settings.ACCOUNTS = {"alice": settings.ACCOUNTS["alice"]}
        assert not is_in(other)


class TestActorInCookie:
    """What a server asks before a body comes, of whatever stands in the header."""

    def test_is_who_has_logged_in(self, as_: As) -> None:
        value = cookie_of(as_("carol")).value
        for header in (
            f"{sessions.COOKIE}={value}",
            f'other={{"a": 1, "b": "x y"}}; {sessions.COOKIE}={value}; $Version=1',
            f'a="; {sessions.COOKIE}={value}',
            f"expires=x; é=ü; ;;=; {sessions.COOKIE}={value}",
        ):
            assert sessions.actor_in_cookie(header).name == "carol"

    @pytest.mark.parametrize(
        "header",
        [
            "",
            ";",
            "=",
            "{}",
            "{}=",
            "{}=x",
            '{}="',
            "{}=\0\r\n",
            "{}=\\999\\777",
            "{}=" + "é" * 9000,
            "{}=" + ":" * 9000,
            "{}=" + "\\" * 9999,
            "{}=.eJx:x:x",
            "{}={}; {}",
            'x="{}="',
            "\udcff{}=\udcff",
        ],
    )
    def test_is_nobody_whatever_else_is_there(self, home: str, header: str) -> None:
        assert sessions.actor_in_cookie(header.replace("{}", sessions.COOKIE)) == ANONYMOUS


class TestForms:
    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_of_any_size_are_not_read(self, as_: As) -> None:
        """A reader could else fill the memory: what was sent comes back in the form."""
        client = as_("rita", "reader")
        response = client.post("/account/tokens/", b"description=" + b"%3C" * 10**6, content_type=FORM)
        assert response.status_code == 413
        assert len(response.content) < 10_000
        # So it is for strangers.
        assert Browser().post("/login/", b"name=" + b"x" * 3 * 10**6, content_type=FORM).status_code == 413

    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_keep_no_files(self, as_: As, machine: Path) -> None:
        client = as_("rita", "reader")
        file = SimpleUploadedFile("x" * 300 + "." + "y" * 300, b"x" * 10**6)
        response = client.post("/account/tokens/", {"description": "", "file": file})
        assert response.status_code in {200, 400}
        assert not list(machine.glob("incoming/*"))

    @pytest.mark.parametrize("step", ["\t", "%09", "\n", "%0A", "\r", "\0"])
    def test_lead_to_no_address_that_browsers_read_otherwise(self, as_: As, stage: None, step: str) -> None:
        page = (
            as_("alice").get(f"/login/?next=/dev/.{quote(unquote(step))}./prod/", SCRIPT_NAME="/dev").content.decode()
        )
        assert "prod" not in page
