"""The same pages in a browser that runs no script."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.actions import choose, log_in
from tests.browser.conftest import ADMIN, PASSWORD, PUBLISHER, READER, Open, publish
from tests.builders import Built, a_wheel, an_sdist
from tests.journeys.server import Index

pytestmark = pytest.mark.browser


def test_log_in_upload_and_yank(index: Index, open_window: Open, tmp_path: Path) -> None:
    window = open_window(java_script_enabled=False)
    # A form that is refused in part.
    window.watch.expect("status of 400")
    page = window.page
    page.goto("upload/")
    log_in(page, PUBLISHER, PASSWORD)
    expect(page).to_have_url(index.at("upload/"))
    files = [a_wheel("demo-plain"), an_sdist("demo-plain")]
    wrong = Built("demo-plain.txt", b"text", b"")
    choose(page, tmp_path, [*files, wrong])
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("status").first).to_have_text("2 of 3 files are published.")
    expect(page.get_by_role("listitem").filter(has_text=wrong.filename)).to_contain_text("has an unknown extension")
    assert index.listed("demo-plain") == {built.filename: built.sha256 for built in files}

    page.get_by_role("link", name="demo-plain").first.click()
    # What only a script can do is not offered.
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.get_by_role("link", name="Manage demo-plain").click()
    page.get_by_role("checkbox", name=files[0].filename).check()
    page.get_by_label("With what is checked").select_option("Yank")
    page.get_by_role("button", name="Go on with what is checked").click()
    page.get_by_label("Reason").fill("Not for today")
    page.get_by_role("main").get_by_role("button", name="Yank").click()
    expect(page.get_by_role("status")).to_contain_text("Yanked")
    with index.reader() as reader:
        packages = reader.get_project_page("demo-plain").packages
    assert {package.filename: package.yanked_reason for package in packages if package.is_yanked} == {
        files[0].filename: "Not for today"
    }


def test_search_and_log_out(index: Index, open_window: Open) -> None:
    publish(index, a_wheel("giraffe", summary="A tall animal"), a_wheel("mouse", summary="A small animal"))
    page = open_window(java_script_enabled=False).page
    page.goto("login/")
    log_in(page, READER, PASSWORD)
    page.get_by_label("Search names and summaries of projects").fill("tall animal")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    expect(page.locator(".results li")).to_have_count(1)
    page.locator(".results a").click()
    expect(page).to_have_title(re.compile("^giraffe"))
    # The field in the head of every other page.
    page.get_by_role("searchbox", name="Search projects").fill("mouse")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".results")).to_contain_text("A small animal")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("status")).to_contain_text("You have logged out.")


def test_filters_are_sent_by_their_button(index: Index, open_window: Open) -> None:
    publish(index, a_wheel("demo-sieve", "1.0"), a_wheel("demo-sieve", "2.0"))
    page = open_window(ADMIN, java_script_enabled=False).page
    page.goto("project/demo-sieve/manage/")
    page.get_by_label("Version or filename").fill("2.0")
    page.get_by_label("Releases", exact=True).select_option("All releases")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.get_by_role("heading", level=2)).to_have_text(["2.0"])
