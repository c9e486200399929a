"""All accounts, and each of them."""

from typing import Any

import pytest
from django.test import Client
from packaging.utils import NormalizedName

from packages import accounts, catalog, publishing
from packages.access import ProjectRole, Role, Scope
from tests.builders import a_wheel, an_origin
from tests.counting import Calls
from tests.views.web.conftest import PASSWORD, As, Browser
from tests.views.web.manage.conftest import boxes, confirm, know_the_lists
from tests.views.web.seeing import Seen, seen
from tests.views.web.test_account import key_of

ADDRESS = "/manage/accounts/"
CAROL = f"{ADDRESS}carol/"
DEMO = NormalizedName("demo-pkg")
ON_AWS = pytest.mark.parametrize("home", ["aws"], indirect=True)
ON_ONE_MACHINE = pytest.mark.parametrize("home", ["machine"], indirect=True)


def make(*names: str, role: str = "publisher") -> None:
    for name in names:
        accounts.create(name, role=Role(role), password=PASSWORD, by=an_origin())


def post(client: Client, change: str, address: str = CAROL, **further: str) -> Any:
    return client.post(address, {"change": change, **further})


def after(client: Client, response: Any) -> Seen:
    assert response.status_code == 302, response.content
    return seen(client.get(response["Location"]))


def logs_in(name: str, password: str) -> bool:
    return bool(Browser().post("/login/", {"name": name, "password": password}).status_code == 302)


def test_all_accounts_are_listed_those_of_the_settings_apart(browser: Client) -> None:
    make("carol")
    make("dave", role="reader")
    accounts.change("dave", disabled=True, by=an_origin())
    page = seen(browser.get(ADDRESS))
    assert page.links["carol"] == CAROL
    assert "alice of the settings admin" in page.text
    assert "dave disabled reader" in page.text
    # What cannot be changed has no box.
    assert boxes(page) == ["carol", "dave"]
    for filters, names in {
        "role=reader": ["dave"],
        "role=admin": [],
        "state=disabled": ["dave"],
        "state=settings": [],
        "q=car": ["carol"],
        "sort=-name": ["dave", "carol"],
    }.items():
        assert boxes(seen(browser.get(f"{ADDRESS}?{filters}"))) == names, filters
    assert "alice" in seen(browser.get(f"{ADDRESS}?state=settings")).links


def test_many_are_disabled_and_enabled_but_not_oneself(as_: As) -> None:
    make("carol", "dave")
    client = as_("erin", "admin")
    page = seen(client.post(ADDRESS, {"action": "disable", "everything": "yes"}))
    assert (1, "Disable 3 accounts") in page.headings
    # Those of the settings.
    assert "2 of those that you chose are not among these" in page.text
    page = seen(confirm(client, ADDRESS, page))
    assert (1, "Disabled 2 of 3 accounts") in page.headings
    assert "erin Nobody changes their own role or disables themselves: ask another administrator." in page.text
    assert not logs_in("carol", PASSWORD)
    page = seen(client.post(ADDRESS, {"action": "enable", "row": ["carol", "dave"]}))
    assert "Enabled 2 accounts." in after(client, confirm(client, ADDRESS, page)).text
    assert logs_in("carol", PASSWORD)


def test_a_new_account_gets_a_password_which_is_shown_once(browser: Client) -> None:
    response = browser.post(f"{ADDRESS}?new=yes", {"name": "carol", "role": "publisher"})
    page = seen(response)
    assert response["Cache-Control"] == "no-store"
    name, password = page.commands
    assert name == "carol"
    assert logs_in("carol", password)
    assert password not in browser.get(CAROL).content.decode()
    page = seen(browser.post(f"{ADDRESS}?new=yes", {"name": "carol", "role": "reader"}), status=409)
    assert "There is an account 'carol' already." in page.text
    assert (
        "cannot be the name of an account"
        in seen(browser.post(f"{ADDRESS}?new=yes", {"name": "<b>", "role": "reader"}), status=400).text
    )
    assert seen(browser.post(f"{ADDRESS}?new=yes", {"name": "x", "role": "king"}), status=400)
    assert seen(browser.post(f"{ADDRESS}?new=yes", {"name": "alice", "role": "reader"}), status=409)


def test_a_password_is_made_once_however_often_its_answer_is_loaded(browser: Client) -> None:
    form = {"name": "carol", "role": "publisher", "once": key_of(browser.get(f"{ADDRESS}?new=yes"))}
    assert browser.post(f"{ADDRESS}?new=yes", {**form, "name": "<b>"}).status_code == 400
    password = seen(browser.post(f"{ADDRESS}?new=yes", form)).commands[1]
    response = browser.post(f"{ADDRESS}?new=yes", form)
    assert response["Location"] == ADDRESS
    assert (
        "This was done already: the account is in the list below; its password was shown"
        in after(browser, response).text
    )
    assert logs_in("carol", password)
    key = key_of(post(browser, "password"))
    password = seen(post(browser, "password", confirmed="yes", once=key)).commands[1]
    response = post(browser, "password", confirmed="yes", once=key)
    assert response["Location"] == CAROL
    assert "This was done already: carol has a new password, which was shown once." in after(browser, response).text
    assert logs_in("carol", password)
    # A form that is new makes a new one.
    other = seen(post(browser, "password", confirmed="yes", once=key_of(post(browser, "password")))).commands[1]
    assert logs_in("carol", other)
    assert not logs_in("carol", password)


def test_an_account_is_changed(browser: Client, as_: As) -> None:
    carol = as_("carol")
    accounts.issue("carol", scopes={Scope.READ}, description="CI <b>", by=an_origin())
    page = seen(browser.get(CAROL))
    assert "CI <b>" in page.text
    assert "It has no role in any project." in page.text
    assert "carol is reader now." in after(browser, post(browser, "role", role="reader")).text
    assert accounts.lookup("carol") == accounts.find("carol", an_origin().actor)
    assert accounts.find("carol", an_origin().actor).role is Role.READER
    assert carol.get("/account/").status_code == 200
    after(browser, post(browser, "sessions"))
    assert carol.get("/account/").status_code == 302
    after(browser, post(browser, "disable"))
    assert "Account carol disabled" in seen(browser.get(CAROL)).text
    assert not logs_in("carol", PASSWORD)
    after(browser, post(browser, "enable"))
    assert logs_in("carol", PASSWORD)
    page = seen(post(browser, "password"))
    assert "The one that carol has now is worth nothing then" in page.text
    assert logs_in("carol", PASSWORD)
    response = post(browser, "password", confirmed="yes")
    assert response["Cache-Control"] == "no-store"
    assert logs_in("carol", seen(response).commands[1])
    assert not logs_in("carol", PASSWORD)


@ON_ONE_MACHINE
def test_an_account_of_the_settings_cannot_be_changed_and_the_page_says_why(browser: Client) -> None:
    page = seen(browser.get(f"{ADDRESS}bob/"))
    assert "The settings of this index (USERS, USERNAME) name this account" in page.text
    assert "change" not in [values.get("name") for _, values in page.tags if values.get("value") == "role"]
    for change in ("role", "disable", "enable", "password"):
        response = post(browser, change, f"{ADDRESS}bob/", role="reader", confirmed="yes")
        assert "is one of the settings' (USERS, USERNAME): change it there." in seen(response, status=409).text
    response = post(browser, "delete", f"{ADDRESS}bob/", typed="bob")
    assert seen(response, status=409)
    after(browser, post(browser, "sessions", f"{ADDRESS}bob/"))


@ON_ONE_MACHINE
def test_nobody_changes_or_deletes_themselves(as_: As) -> None:
    client = as_("erin", "admin")
    page = seen(client.get(f"{ADDRESS}erin/"))
    assert "This is your own account." in page.text
    for change in ("role", "disable", "delete"):
        response = post(client, change, f"{ADDRESS}erin/", role="reader", typed="erin", leave_ownerless="on")
        assert "ask another administrator" in seen(response, status=409).text


def test_an_account_is_deleted_by_its_name_typed(browser: Client) -> None:
    make("carol")
    publishing.publish(a_wheel().received(), by=an_origin("carol", "publisher"), overwrite=False)
    page = seen(browser.get(CAROL))
    assert page.links["demo-pkg"] == "/project/demo-pkg/manage/people/"
    assert "That is not carol" in seen(post(browser, "delete", typed="dave"), status=400).text
    page = seen(post(browser, "delete", typed="carol"), status=409)
    assert "still has a role in demo-pkg: take it away first." in page.text
    page = after(browser, post(browser, "delete", typed="carol", leave_ownerless="on"))
    assert "The account carol is deleted, with its tokens." in page.text
    assert accounts.lookup("carol") is None
    assert publishing.roles_of(catalog.find_project(DEMO)) == {}
    assert browser.get(CAROL).status_code == 404


@ON_ONE_MACHINE
@pytest.mark.parametrize("change", ["", "explode", "ROLE"])
def test_it_refuses_what_it_does_not_know(browser: Client, change: str) -> None:
    make("carol")
    assert "each button does one thing" in seen(post(browser, change), status=400).text
    assert seen(post(browser, "role", role="king"), status=400)
    assert browser.get(f"{ADDRESS}nobody/").status_code == 404
    assert post(browser, "disable", f"{ADDRESS}nobody/").status_code == 404


@ON_ONE_MACHINE
def test_an_account_shows_its_roles(browser: Client) -> None:
    make("carol", "dave")
    publishing.publish(a_wheel().received(), by=an_origin("carol", "publisher"), overwrite=False)
    publishing.grant_role(DEMO, "dave", ProjectRole.MAINTAINER, by=an_origin())
    assert "demo-pkg maintainer" in seen(browser.get(f"{ADDRESS}dave/")).text


@ON_AWS
def test_what_the_pages_cost(browser: Client, calls: Calls) -> None:
    make("carol")
    accounts.issue("carol", scopes={Scope.READ}, by=an_origin())
    know_the_lists()
    calls.since()
    seen(browser.get(ADDRESS))
    assert calls.since() == {"BatchGetItem": 1, "GetItem": 1}
    seen(browser.get(CAROL))
    # The session, the account, its tokens; what its roles are, and which tokens it has.
    assert calls.since() == {"BatchGetItem": 3, "Query": 2}
