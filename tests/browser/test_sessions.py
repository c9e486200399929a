"""Who comes in by the login form, where it leads to, and what becomes of those who are no longer logged in."""

import re
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.actions import drop, log_in
from tests.browser.conftest import PASSWORD, READER, Open, disable, make_account
from tests.builders import a_wheel
from tests.journeys.server import Index

pytestmark = pytest.mark.browser


def test_whoever_was_disabled_meanwhile_gets_to_the_login_form_and_back(index: Index, open_window: Open) -> None:
    make_account(index, "paul", "publisher")
    window = open_window()
    page = window.page
    page.goto("login/")
    log_in(page, "paul", PASSWORD)
    disable(index, "paul", True)
    page.goto("account/tokens/")
    expect(page).to_have_url(index.at("login/?next=%2Faccount%2Ftokens%2F"))
    disable(index, "paul", False)
    log_in(page, "paul", PASSWORD)
    expect(page).to_have_url(index.at("account/tokens/"))
    # A page that is open already says so, too: the search goes to the login form.
    page.goto("search/")
    disable(index, "paul", True)
    page.get_by_label("Search names and summaries of projects").press_sequentially("x")
    expect(page).to_have_title(re.compile("^Log in"))


def test_an_upload_of_whoever_is_no_longer_logged_in_goes_on_after_the_next_login(
    index: Index, open_window: Open
) -> None:
    make_account(index, "pat", "publisher")
    window = open_window()
    page = window.page
    page.goto("login/?next=/upload/")
    log_in(page, "pat", PASSWORD)
    wheel = a_wheel("demo-stale")
    drop(page, [wheel])
    row = page.get_by_role("list", name="Chosen files").locator(":scope > li")
    expect(row.locator("[data-part=state]")).to_have_text("Ready")
    window.context.clear_cookies()
    window.watch.expect("status of 40[13]")
    page.get_by_role("button", name="Publish 1 file").click()
    expect(row.locator("[data-part=sentence]")).not_to_be_empty()
    assert index.listed("demo-stale") == {}
    # In another tab.
    other = window.context.new_page()
    other.goto("login/")
    log_in(other, "pat", PASSWORD)
    row.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("1 of 1 published.")).to_be_visible()
    assert index.listed("demo-stale") == {wheel.filename: wheel.sha256}


@pytest.mark.parametrize(
    "onward",
    [
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example/",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/..//evil.example",
    ],
)
def test_a_login_leads_nowhere_else(index: Index, open_window: Open, onward: str) -> None:
    page = open_window().page
    page.goto(f"login/?{urlencode({'next': onward})}")
    log_in(page, READER, PASSWORD)
    assert urlsplit(page.url).netloc == urlsplit(index.root).netloc
    assert "evil" not in page.content()


def test_nothing_is_seen_after_the_logout(index: Index, open_window: Open) -> None:
    page = open_window().page
    page.goto("login/?next=/account/")
    log_in(page, READER, PASSWORD)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("status")).to_contain_text("You have logged out.")
    page.go_back()
    expect(page).to_have_title(re.compile("^Log in"))
