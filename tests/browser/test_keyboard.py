"""The pages by keyboard alone: Tab gets everywhere, in the order in which things stand; "/" and the arrows search."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ADMIN, PASSWORD, PUBLISHER, Open, publish
from tests.builders import a_wheel
from tests.journeys.server import Index

pytestmark = pytest.mark.browser

# What can be operated, and what scrolls, in the order of the page; of some radio buttons Tab finds one.
_REACHABLE = """
() => [...document.querySelectorAll(
  "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable]"
)].filter((element) =>
  element.tabIndex >= 0 && !element.disabled && element.type !== "hidden" && element.checkVisibility()
  && (element.type !== "radio" || element.checked)
).map((element, number) => { element.dataset.reachable = number; return element.tabIndex; })
"""
_FOCUSED = """
() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return null;
  const style = getComputedStyle(focused);
  const drop = focused.closest(".drop");
  const shown = [style, ...(drop ? [getComputedStyle(drop)] : [])];
  const again = globalThis.lastFocused === focused;
  globalThis.lastFocused = focused;
  globalThis.stops ??= new Set();
  if (!again && stops.has(focused)) return null;
  stops.add(focused);
  return {
    again,
    number: Number(focused.dataset.reachable ?? -1),
    what: focused.outerHTML.slice(0, 120),
    outlined: shown.some((each) => each.outlineStyle !== "none" && parseFloat(each.outlineWidth) >= 2),
    covered: focused.getBoundingClientRect().bottom < 0 || focused.getBoundingClientRect().top > innerHeight,
  };
}
"""


def stops(page: Page) -> Iterator[dict[str, object]]:
    """What Tab comes to, until it begins anew; the parts of a date field count as one."""
    while True:
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused is None:
            return
        if not focused["again"]:
            yield focused


@pytest.fixture(scope="module")
def project(index: Index) -> str:
    publish(index, *(a_wheel("lion", version, summary="A large cat", body="Text") for version in ("1.0", "2.0")))
    publish(index, a_wheel("lynx", summary="A cat with ears"))
    return "lion"


@pytest.mark.parametrize(
    "address", ["", "search/", "project/lion/", "project/lion/manage/", "upload/", "account/tokens/"]
)
def test_tab_reaches_everything_in_order(open_window: Open, project: str, address: str) -> None:
    page = open_window(ADMIN).page
    page.goto(address)
    # Some pages begin in their search field: go back before the first stop.
    page.locator("a").first.focus()
    page.keyboard.press("Shift+Tab")
    reachable = page.evaluate(_REACHABLE)
    assert set(reachable) == {0}, "Nothing jumps the queue"
    found = list(stops(page))
    assert [stop["number"] for stop in found] == list(range(len(reachable)))
    assert [stop["what"] for stop in found if not stop["outlined"]] == []
    assert [stop["what"] for stop in found if stop["covered"]] == []
    assert "Skip to the content" in str(found[0]["what"])


def test_the_first_link_skips_to_the_content(open_window: Open, project: str) -> None:
    page = open_window(PUBLISHER).page
    page.goto("project/lion/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_search_by_keys(index: Index, open_window: Open, project: str) -> None:
    page = open_window(PUBLISHER).page
    page.goto("")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    field = page.get_by_label("Search names and summaries of projects")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    page.keyboard.type("cat")
    results = page.locator("#results .results a")
    expect(results).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(results.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(results.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(index.at("project/lion/"))
    # On any other page the field in the head takes it; in a field a slash is a slash.
    page.keyboard.press("/")
    other = page.get_by_role("searchbox", name="Search projects")
    expect(other).to_be_focused()
    page.keyboard.type("a/b")
    expect(other).to_have_value("a/b")
    page.keyboard.press("Enter")
    expect(page).to_have_url(index.at("search/?q=a%2Fb"))


def test_log_in_and_yank_by_keys(open_window: Open, project: str) -> None:
    page = open_window().page
    page.goto("login/?next=/project/lion/manage/")
    page.get_by_label("User name").focus()
    page.keyboard.type(ADMIN)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    yank = page.get_by_role("button", name="Yank release 2.0")
    expect(yank).to_be_visible()
    for _ in stops(page):
        if yank.evaluate("(button) => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    reason = page.get_by_label("Reason")
    expect(reason).to_be_visible()
    for _ in stops(page):
        if reason.evaluate("(field) => field === document.activeElement"):
            break
    page.keyboard.type("By hand")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Yanked")
