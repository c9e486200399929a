"""What shows a secret once: its answer loaded again, and its button pressed twice, make no second one."""

import pytest
from playwright.sync_api import expect

from tests.browser.actions import log_in
from tests.browser.conftest import ADMIN, PUBLISHER, Open
from tests.journeys.server import Index

pytestmark = pytest.mark.browser


def test_a_new_token_is_one_however_often_its_page_is_loaded(index: Index, open_window: Open) -> None:
    page = open_window(PUBLISHER).page
    page.goto("account/tokens/")
    page.get_by_label("What it is for").fill("CI of demo-once")
    page.get_by_role("button", name="Create token").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your new token")
    page.reload()
    expect(page).to_have_url(index.at("account/tokens/"))
    expect(page.get_by_role("status")).to_contain_text("This was done already: the token is in the list below")
    expect(page.get_by_role("row").filter(has_text="CI of demo-once")).to_have_count(1)
    # The form of that page is a new one.
    page.get_by_label("What it is for").fill("Another one")
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your new token")


def test_a_new_account_keeps_the_password_that_was_shown(index: Index, open_window: Open) -> None:
    page = open_window(ADMIN).page
    page.goto("manage/accounts/?new=yes")
    page.get_by_label("User name").fill("newcomer")
    page.get_by_role("button", name="Add the account").dblclick()
    password = page.get_by_role("group", name="the password", exact=True).inner_text()
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("This was done already: the account is in the list below")
    expect(page.get_by_role("row").filter(has_text="newcomer")).to_have_count(1)
    page.goto("manage/accounts/newcomer/")
    page.get_by_role("button", name="new password").click()
    page.get_by_role("button", name="Make a new password for newcomer").dblclick()
    newest = page.get_by_role("group", name="the password", exact=True).inner_text()
    assert newest != password
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("newcomer has a new password, which was shown once.")
    other = open_window().page
    other.goto("login/")
    log_in(other, "newcomer", newest)
