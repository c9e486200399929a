"""An index in which nothing has been published says on every page what to do first."""

import pytest
from playwright.sync_api import expect

from tests.browser.checks import look
from tests.browser.conftest import PUBLISHER, READER, Open, Visit
from tests.browser.pages import EMPTY, Seen

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("seen", [pytest.param(seen, id=seen.called) for seen in EMPTY])
def test_is_in_order(visit: Visit, seen: Seen) -> None:
    look(visit(seen.who), seen)


def test_whoever_may_publish_is_led_to_the_upload(open_window: Open) -> None:
    page = open_window(PUBLISHER).page
    page.goto("")
    page.get_by_role("link", name="Upload files", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Upload")


def test_a_reader_is_told_why_not(open_window: Open) -> None:
    page = open_window(READER).page
    page.goto("")
    expect(page.get_by_text("Your account may install, not publish.")).to_be_visible()
    expect(page.get_by_role("link", name="Upload")).to_have_count(0)
