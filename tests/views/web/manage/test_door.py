"""Who gets to the administrators' pages, and how."""

import pytest
from django.test import Client

from packages import accounts
from packages.access import Scope
from tests.builders import an_origin
from tests.views.web.conftest import As, Browser
from tests.views.web.seeing import seen

PARTS = ["", "projects/", "files/", "accounts/", "tokens/", "publishers/", "journal/", "storage/"]
FORMS = ["accounts/?new=yes", "publishers/?new=yes", "publishers/?new=yes&provider=github", "accounts/alice/"]
# Which part it is matters to no engine.
ON_ONE_MACHINE = pytest.mark.parametrize("home", ["machine"], indirect=True)


@pytest.mark.parametrize("part", PARTS + FORMS)
def test_a_page_is_in_order_even_while_there_is_nothing(browser: Client, part: str) -> None:
    page = seen(browser.get(f"/manage/{part}"))
    assert {"Overview", "Projects", "Files", "Accounts", "Tokens", "Publishers", "Journal", "Storage"} <= set(
        page.links
    )
    assert page.having("aria-current")[0] == "page"


@ON_ONE_MACHINE
@pytest.mark.parametrize("part", PARTS + FORMS)
def test_others_than_administrators_stay_outside(as_: As, visitor: Client, part: str) -> None:
    response = visitor.get(f"/manage/{part}")
    assert response.status_code == 302
    assert response["Location"].startswith("/login/?next=%2Fmanage%2F")
    for role in ("reader", "publisher"):
        client = as_(f"some-{role}", role)
        sentence = f"These pages are for administrators: user 'some-{role}' may not open them."
        assert sentence in seen(client.get(f"/manage/{part}"), status=403).text
        assert client.post(f"/manage/{part}", {"change": "delete"}).status_code in {403, 405}
        assert "Manage" not in seen(client.get("/")).links


@ON_ONE_MACHINE
@pytest.mark.parametrize("part", PARTS[1:] + FORMS)
def test_what_another_site_posts_is_refused(as_: As, part: str) -> None:
    client = as_("alice", enforce_csrf_checks=True)
    assert client.post(f"/manage/{part}", {"action": "delete", "everything": "yes"}).status_code == 403


@ON_ONE_MACHINE
def test_a_token_for_less_opens_nothing(home: str) -> None:
    text, _ = accounts.issue("alice", scopes={Scope.READ, Scope.PUBLISH}, by=an_origin())
    client = Browser(headers={"authorization": f"Bearer {text}", "accept": "text/html"})
    # An administrator is told what the token lacks.
    assert "and this takes 'manage'" in seen(client.get("/manage/"), status=403).text


@ON_ONE_MACHINE
@pytest.mark.parametrize("part", ["", "projects/", "journal/"])
def test_only_what_is_asked_for_in_some_way_is_answered(browser: Client, part: str) -> None:
    assert browser.put(f"/manage/{part}").status_code == 405
    assert browser.head(f"/manage/{part}").status_code == 200
