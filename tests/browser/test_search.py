"""Search as one types: what the back button, a reload and a shared address find again."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import READER, Open, publish
from tests.builders import a_wheel
from tests.journeys.server import Index

pytestmark = pytest.mark.browser


@pytest.fixture
def page(index: Index, open_window: Open) -> Page:
    """The front page of an index with two flamingos and a bear."""
    publish(index, *(a_wheel(name) for name in ("flamingo-pink", "flamingo-white", "bear")))
    page = open_window(READER).page
    page.goto("")
    return page


def test_the_back_button_finds_the_search_of_the_front_page_again(index: Index, page: Page) -> None:
    field = page.get_by_label("Search names and summaries of projects")
    results = page.locator("#results .results li")
    field.press_sequentially("fla")
    expect(results).to_have_count(2)
    expect(page).to_have_url(index.at("?q=fla"))
    expect(page.get_by_role("heading", name="Recently published")).to_be_hidden()
    results.first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("flamingo")
    for again in (page.go_back, page.reload):
        again()
        expect(page).to_have_url(index.at("?q=fla"))
        expect(field).to_have_value("fla")
        expect(results).to_have_count(2)
    field.press("End")
    field.press_sequentially("mingo pink")
    expect(results).to_have_count(1)
    expect(page).to_have_url(index.at("?q=flamingo+pink"))


@pytest.mark.parametrize("text", ["", "  "])
def test_a_front_page_without_a_search_is_as_it_was(index: Index, page: Page, text: str) -> None:
    recent = page.get_by_role("heading", name="Recently published")
    field = page.get_by_label("Search names and summaries of projects")
    for _ in range(2):
        field.fill("fla")
        expect(page.locator("#results .results li")).to_have_count(2)
        expect(recent).to_be_hidden()
        field.fill(text)
        expect(recent).to_be_visible()
        expect(page.locator("#results")).to_be_empty()
        expect(page).to_have_url(index.at(""))
        expect(page.locator("[aria-busy]")).to_have_count(0)
        # And where the search was there when the page came.
        page.goto("?q=fla")


def test_a_page_of_results_without_a_search_has_all_projects(index: Index, page: Page) -> None:
    page.goto("search/?q=fla&page=1")
    field = page.get_by_label("Search names and summaries of projects")
    field.fill("")
    expect(page.locator("#results")).to_contain_text("3 projects, by name.")
    expect(page).to_have_url(index.at("search/"))
