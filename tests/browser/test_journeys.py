"""What people do with the index on one machine, from the login to the journal."""

import random
import re
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.actions import choose, drop, log_in, picked
from tests.browser.conftest import ADMIN, PASSWORD, PUBLISHER, READER, TIMEOUT, Open, publish
from tests.builders import Built, a_wheel, an_sdist
from tests.journeys.server import Index

pytestmark = pytest.mark.browser

# Bytes in a second, slow enough that progress can be seen.
SLOWLY = 1_500_000
# What the page says meanwhile, which is neither the beginning nor the end.
HALFWAY = re.compile(r"^(\d+ kB|1\.\d MB) of 2 MB$")
PIA = {"name": PUBLISHER, "password": PASSWORD}
LARGE = random.Random("demo").randbytes(2_000_000)


def files_of(project: str) -> list[Built]:
    """Two releases, one of which takes a moment to send."""
    return [
        a_wheel(project, "1.0", summary=f"What {project} is for"),
        an_sdist(project, "1.0", summary=f"What {project} is for"),
        a_wheel(project, "1.1", summary=f"What {project} is for", files={"large.bin": LARGE}),
    ]


def throttle(page: Page, upload: int) -> None:
    """Let the window send so many bytes in a second; -1 for all that it can."""
    session = page.context.new_cdp_session(page)
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload},
    )


def test_publish_install_yank_and_delete(index: Index, open_window: Open, tmp_path: Path) -> None:
    project = "demo-journey"
    window = open_window(permissions=["clipboard-read", "clipboard-write"])
    page = window.page

    # Nobody publishes without having logged in, and whoever has is where they wanted to be.
    page.goto("upload/")
    expect(page).to_have_title(re.compile("^Log in"))
    log_in(page, PUBLISHER, PASSWORD)
    expect(page).to_have_url(index.at("upload/"))

    files = files_of(project)
    drop(page, files)
    rows = page.get_by_role("list", name="Chosen files").locator(":scope > li")
    expect(rows).to_have_count(3)
    for built, version in zip(files, ("1.0", "1.0", "1.1"), strict=True):
        row = rows.filter(has_text=built.filename)
        expect(row.locator("[data-part=state]")).to_have_text("Ready")
        expect(row).to_contain_text(f"{project} {version}")
    throttle(page, SLOWLY)
    page.get_by_role("button", name="Publish 3 files").click()
    expect(rows.last.locator("[data-part=sent]")).to_have_text(HALFWAY)
    expect(page.get_by_text("3 of 3 published.")).to_be_visible()
    throttle(page, -1)
    assert index.listed(project) == {built.filename: built.sha256 for built in files}

    rows.first.get_by_role("link", name="Project page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(rf"{project}\s+1\.1"))
    expect(page.get_by_text(f"What {project} is for")).to_be_visible()
    for built in files:
        if "1.1" in built.filename:
            expect(page.get_by_role("table").first).to_contain_text(built.filename)

    page.get_by_role("button", name="Copy pip").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    assert command == f"pip install --index-url {index.at('simple/')} {project}"
    assert picked(command, tmp_path / "first", **PIA) == {project: "1.1"}

    page.get_by_role("link", name=f"Manage {project}").click()
    page.get_by_role("button", name="Yank release 1.1").click()
    expect(page.get_by_role("heading", level=2)).to_have_text(re.compile("^Yank"))
    page.get_by_label("Reason").fill("It forgets what it was told.")
    page.get_by_role("main").get_by_role("button", name="Yank").click()
    expect(page.get_by_role("status")).to_contain_text("Yanked")
    expect(page.get_by_text("It forgets what it was told.")).to_be_visible()
    assert picked(command, tmp_path / "yanked", **PIA) == {project: "1.0"}

    page.get_by_role("button", name="Unyank the yanked files of release 1.1").click()
    expect(page.get_by_role("status")).to_contain_text("Unyanked")
    assert picked(command, tmp_path / "unyanked", **PIA) == {project: "1.1"}

    page.get_by_role("button", name="Delete release 1.1").click()
    dangerous = page.get_by_role("main").get_by_role("button", name="Delete")
    page.locator("input[name=typed]").fill("1.0")
    dangerous.click()
    # What was typed names another release.
    window.watch.expect("status of 400")
    expect(page.locator(".error")).to_be_visible()
    page.locator("input[name=typed]").fill("1.1")
    dangerous.click()
    expect(page.get_by_role("status")).to_contain_text("It can be undone until")
    assert picked(command, tmp_path / "deleted", **PIA) == {project: "1.0"}
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Restored")
    assert index.listed(project) == {built.filename: built.sha256 for built in files}


def test_files_are_chosen_too_and_refused_before_they_are_sent(index: Index, open_window: Open, tmp_path: Path) -> None:
    page = open_window(PUBLISHER).page
    page.goto("upload/")
    good, wrong = a_wheel("demo-chosen"), Built("demo-chosen.txt", b"text", b"")
    choose(page, tmp_path, [good, wrong])
    rows = page.get_by_role("list", name="Chosen files").locator(":scope > li")
    expect(rows.filter(has_text=wrong.filename)).to_contain_text("Refused")
    expect(rows.filter(has_text=wrong.filename)).to_contain_text("has an unknown extension")
    page.get_by_role("button", name="Publish 1 file").click()
    expect(page.get_by_text("1 of 2 published, 1 not.")).to_be_visible()
    assert index.listed("demo-chosen") == {good.filename: good.sha256}


def test_an_upload_is_cancelled_and_sent_after_all(index: Index, open_window: Open) -> None:
    page = open_window(PUBLISHER).page
    page.goto("upload/")
    wheel = a_wheel("demo-cancelled", files={"large.bin": LARGE})
    drop(page, [wheel])
    row = page.get_by_role("list", name="Chosen files").locator(":scope > li")
    throttle(page, SLOWLY)
    page.get_by_role("button", name="Publish 1 file").click()
    expect(row.locator("[data-part=sent]")).to_have_text(HALFWAY)
    row.get_by_role("button", name="Cancel").click()
    expect(row.locator("[data-part=state]")).to_have_text("Cancelled")
    assert index.listed("demo-cancelled") == {}
    throttle(page, -1)
    row.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("1 of 1 published.")).to_be_visible()
    assert index.listed("demo-cancelled") == {wheel.filename: wheel.sha256}


def test_a_token_works_until_it_is_revoked(index: Index, open_window: Open) -> None:
    page = open_window(PUBLISHER).page
    page.goto("account/")
    page.get_by_role("link", name="Tokens", exact=True).click()
    page.get_by_label("What it is for").fill("CI of demo-token")
    page.get_by_label("publish: upload files, nothing else").check()
    page.get_by_role("button", name="Create token").click()
    secret = page.get_by_role("group", name="the token", exact=True).inner_text()
    wheel = a_wheel("demo-token")

    def upload() -> int:
        sent = {"content": (wheel.filename, wheel.content)}
        credentials = ("__token__", secret)
        return requests.post(index.at("legacy/"), files=sent, auth=credentials, timeout=TIMEOUT).status_code

    assert upload() == 200
    assert index.listed("demo-token") == {wheel.filename: wheel.sha256}
    # It is shown once.
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_role("row").filter(has_text="CI of demo-token")).not_to_contain_text("never")
    assert secret not in page.content()
    page.get_by_role("link", name="Revoke token CI of demo-token").click()
    page.get_by_role("button", name="Revoke this token").click()
    expect(page.get_by_role("status")).to_contain_text("CI of demo-token")
    expect(page.get_by_role("row").filter(has_text="CI of demo-token")).to_have_count(0)
    assert upload() == 401


def test_the_journal_says_who_did_what(index: Index, open_window: Open) -> None:
    wheel = a_wheel("demo-journal")
    sent = {"content": (wheel.filename, wheel.content)}
    credentials = (PUBLISHER, PASSWORD)
    assert requests.post(index.at("legacy/"), files=sent, auth=credentials, timeout=TIMEOUT).status_code == 200
    page = open_window(ADMIN).page
    page.goto("")
    page.get_by_role("link", name="Manage").click()
    page.get_by_role("link", name="Journal", exact=True).click()
    page.get_by_label("Project", exact=True).fill("demo-journal")
    page.get_by_role("button", name="Filter").click()
    table = page.get_by_role("table")
    expect(table).to_contain_text(PUBLISHER)
    expect(table).to_contain_text(wheel.filename)
    page.get_by_role("button", name="Verify the journal").click()
    expect(page.get_by_role("status")).to_be_visible()
    # Whoever is no administrator finds no such page.
    other = open_window(PUBLISHER)
    other.watch.expect("status of 403")
    other.page.goto("")
    expect(other.page.get_by_role("link", name="Manage")).to_have_count(0)
    response = other.page.goto("manage/journal/")
    assert response
    assert response.status == 403


def test_results_come_as_one_types(index: Index, open_window: Open) -> None:
    publish(index, *(a_wheel(f"zebra-{colour}", summary=f"A {colour} animal") for colour in ("black", "white")))
    page = open_window(READER).page
    page.goto("")
    page.get_by_label("Search names and summaries of projects").press_sequentially("zebra")
    results = page.locator("#results .results li")
    expect(results).to_have_count(2)
    page.get_by_label("Search names and summaries of projects").press_sequentially(" whi")
    expect(results).to_have_count(1)
    # On the page of results the address goes along.
    page.keyboard.press("Enter")
    expect(page).to_have_url(index.at("search/?q=zebra+whi"))
    page.get_by_label("Search names and summaries of projects").fill("zebra black")
    expect(page).to_have_url(index.at("search/?q=zebra+black"))
    expect(results).to_contain_text("zebra-black")
    page.get_by_label("Search names and summaries of projects").fill("no such animal")
    expect(page.get_by_text("No project matches “no such animal”")).to_be_visible()
