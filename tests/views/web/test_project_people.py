"""Owners and maintainers in a project's management."""

from typing import Any

import pytest
from django.test import Client

from packages import publishing
from packages.access import ProjectRole
from tests.builders import an_origin
from tests.views.web.conftest import As
from tests.views.web.projects import NAME, PEOPLE, buttons, dave, erin, follow, roles, text

__all__ = ["dave", "erin"]


def change(client: Client, what: str, account: str, **fields: str) -> Any:
    return client.post(PEOPLE, {"change": what, "account": account, **fields})


def test_an_owner_gives_and_changes_roles(dave: Client, as_: As) -> None:
    as_("frank")
    said = follow(dave, change(dave, "grant", "frank", role="maintainer"))
    assert "frank is a maintainer of this project." in said
    assert "frank is an owner of this project." in follow(dave, change(dave, "owner", "frank"))
    assert "frank is a maintainer of this project." in follow(dave, change(dave, "maintainer", "frank"))
    assert roles() == {"dave": "owner", "frank": "maintainer"}


def test_taking_a_role_is_confirmed(erin: Client, dave: Client) -> None:
    asked = change(dave, "remove", "erin")
    assert buttons(asked) == ["Remove erin from demo-pkg"]
    assert "<title>Remove erin from demo-pkg" in asked.content.decode()
    assert roles() == {"dave": "owner", "erin": "maintainer"}
    assert "erin has no role in this project any more." in follow(dave, change(dave, "remove", "erin", confirmed="yes"))
    assert roles() == {"dave": "owner"}
    assert "has no role in the project" in text(change(dave, "remove", "erin", confirmed="yes"), 404)


def test_maintainers_see_the_people_and_may_leave(erin: Client, dave: Client) -> None:
    shown = erin.get(PEOPLE)
    assert buttons(shown) == ["Leave the project"]
    for what in ("owner", "maintainer", "remove"):
        assert "may not manage the roles" in text(change(erin, what, "dave", confirmed="yes"), 403)
    assert "may not manage the roles" in text(change(erin, "grant", "erin", role="owner"), 403)
    asked = change(erin, "remove", "erin")
    assert buttons(asked) == ["Leave demo-pkg"]
    done = change(erin, "remove", "erin", confirmed="yes")
    assert (done.status_code, done["Location"]) == (302, "/project/demo-pkg/")
    assert roles() == {"dave": "owner"}
    assert erin.get(PEOPLE).status_code == 403


def test_the_last_owner_stays(dave: Client) -> None:
    shown = dave.get(PEOPLE)
    assert "The only owner: make somebody else an owner before you leave." in text(shown)
    assert buttons(shown) == ["Give the role"]
    asked = change(dave, "remove", "dave")
    assert "make somebody else an owner first" in text(asked)
    assert buttons(asked) == []
    for what in ("remove", "maintainer"):
        said = text(change(dave, what, "dave", confirmed="yes"), 409)
        assert "'dave' is the last owner of the project demo-pkg: make somebody else an owner first." in said
        said = text(change(dave, what, "dave", confirmed="yes", leave_ownerless="yes"), 403)
        assert "may not leave" in said
    assert roles() == {"dave": "owner"}


@pytest.mark.parametrize(("what", "left"), [("remove", {}), ("maintainer", {"dave": "maintainer"})])
def test_only_administrators_who_say_so_leave_it_ownerless(
    dave: Client, browser: Client, what: str, left: dict[str, str]
) -> None:
    asked = change(browser, what, "dave")
    assert 'name="leave_ownerless"' in asked.content.decode()
    assert roles() == {"dave": "owner"}
    assert "is the last owner" in text(change(browser, what, "dave", confirmed="yes"), 409)
    follow(browser, change(browser, what, "dave", confirmed="yes", leave_ownerless="yes"))
    assert roles() == left
    shown = text(browser.get(PEOPLE))
    assert "This project has no owner." in shown
    assert ("Nobody has a role here" in shown) is (not left)


def test_two_owners_are_free_to_go(dave: Client, as_: As) -> None:
    frank = as_("frank")
    publishing.grant_role(NAME, "frank", ProjectRole.OWNER, by=an_origin())
    assert "Leave the project" in buttons(dave.get(PEOPLE))
    assert change(frank, "maintainer", "frank").status_code == 302
    assert roles() == {"dave": "owner", "frank": "maintainer"}
    assert "Give the role" not in buttons(frank.get(PEOPLE))


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"change": "grant", "account": "nobody", "role": "owner"}, 404, "There is no account 'nobody'."),
        ({"change": "grant", "account": "<b>", "role": "owner"}, 404, "There is no account '<b>'."),
        ({"change": "grant", "account": "", "role": "owner"}, 400, "This field is required."),
        ({"change": "grant", "account": "x" * 300, "role": "owner"}, 400, "at most"),
        ({"change": "grant", "account": "a\x00b", "role": "owner"}, 400, "Null characters are not allowed."),
        ({"change": "grant", "account": "alice", "role": "king"}, 400, "king is not one of the available choices."),
        ({"change": "grant", "account": "dave", "role": "maintainer"}, 409, "is the last owner"),
        ({"change": "owner", "account": "nobody"}, 404, "There is no account 'nobody'."),
        ({"change": "owner"}, 404, "There is no account ''."),
        ({"change": "remove", "account": "nobody", "confirmed": "yes"}, 404, "has no role in the project"),
        ({"change": "crown", "account": "dave"}, 400, "Say what to do"),
        ({}, 400, "Say what to do"),
    ],
)
def test_refuses_in_sentences(dave: Client, fields: dict[str, str], status: int, sentence: str) -> None:
    response = dave.post(PEOPLE, fields)
    assert sentence in text(response, status)
    assert b"<b>" not in response.content
    assert roles() == {"dave": "owner"}
