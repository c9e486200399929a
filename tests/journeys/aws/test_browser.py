"""The pages in a real browser, through each door that Lambda has for HTTP, under its own name and by TLS."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import drop, log_in, picked
from tests.browser.chromium import Window, chromium
from tests.builders import a_wheel, an_sdist
from tests.journeys.aws.front import Front, Kind, front
from tests.journeys.aws.test_zip import PASSWORD, USERNAME, Deployed, lambda_index
from tests.journeys.tls import behind_tls

pytestmark = [pytest.mark.registry, pytest.mark.aws, pytest.mark.browser]

__all__ = ["lambda_index"]

# More than Lambda lets through.
LARGE = random.Random("demo").randbytes(7_000_000)


@dataclass(frozen=True)
class Door:
    """A door as a browser sees it: at the name that AWS gives it."""

    front: Front
    window: Window

    @property
    def root(self) -> str:
        return f"https://{self.front.kind.domain}{self.front.prefix}/"

    @property
    def project(self) -> str:
        return f"seen-by-{self.front.kind.name.lower().replace('_', '-')}"


@pytest.fixture(scope="module", params=list(Kind), ids=[kind.name for kind in Kind])
def door(
    lambda_index: Deployed, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    kind: Kind = request.param
    with (
        front(lambda_index.function, kind) as opened,
        behind_tls(opened.root, tmp_path_factory.mktemp("tls")) as tls,
        chromium(f"--host-resolver-rules=MAP {kind.domain}:443 127.0.0.1:{urlsplit(tls.root).port}") as browser,
    ):
        root = f"https://{kind.domain}{opened.prefix}/"
        window = Window(
            browser,
            [kind.domain],
            base_url=root,
            ignore_https_errors=True,
            permissions=["clipboard-read", "clipboard-write"],
        )
        window.page.goto("upload/")
        # From a page that needs a login there, and back, within the stage.
        expect(window.page).to_have_url(f"{root}login/?next={f'{opened.prefix}/upload/'.replace('/', '%2F')}")
        log_in(window.page, USERNAME, PASSWORD)
        expect(window.page).to_have_url(f"{root}upload/")
        yield Door(opened, window)
        window.close()


@pytest.fixture
def page(door: Door) -> Iterator[Page]:
    """A page whose requests all stay in the stage, or go to storage."""
    asked: list[str] = []
    door.window.page.on("request", lambda request: asked.append(request.url))
    yield door.window.page
    outside = [url for url in asked if not url.startswith((door.root, "http://127.0.0.1:"))]
    assert outside == []
    door.window.watch.settle()


def test_publish_yank_and_install(lambda_index: Deployed, door: Door, page: Page, tmp_path: Path) -> None:
    project = door.project
    files = [
        a_wheel(project, "1.0"),
        an_sdist(project, "1.0"),
        a_wheel(project, "1.1", files={"large.bin": LARGE}),
    ]
    page.goto("upload/")
    put: list[str] = []
    page.on("request", lambda request: put.append(request.url) if request.method == "PUT" else None)
    drop(page, files)
    rows = page.get_by_role("list", name="Chosen files").locator(":scope > li")
    expect(rows.locator("[data-part=state]")).to_have_text(["Ready"] * 3)
    page.get_by_role("button", name="Publish 3 files").click()
    expect(page.get_by_text("3 of 3 published.")).to_be_visible()
    # Straight to storage, past Lambda.
    assert {f"{each.scheme}://{each.netloc}" for each in map(urlsplit, put)} == {lambda_index.emulator.endpoint}
    assert any(files[-1].filename in address for address in put)

    rows.last.get_by_role("link", name="Project page").click()
    expect(page).to_have_url(re.compile(f"^{re.escape(door.root)}project/{project}/"))
    page.get_by_role("button", name="Copy pip").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    assert command == f"pip install --index-url {door.root}simple/ {project}"
    # pip knows no way to this name but the door itself.
    command = command.replace(door.root, door.front.at(""))
    carol = {"name": USERNAME, "password": PASSWORD}
    assert picked(command, tmp_path / "first", **carol) == {project: "1.1"}

    page.get_by_role("link", name=f"Manage {project}").click()
    page.get_by_role("button", name="Yank release 1.1").click()
    page.get_by_label("Reason").fill("It forgets what it was told.")
    page.get_by_role("main").get_by_role("button", name="Yank").click()
    expect(page.get_by_role("status")).to_contain_text("Yanked")
    assert picked(command, tmp_path / "yanked", **carol) == {project: "1.0"}
    page.get_by_role("button", name="Unyank the yanked files of release 1.1").click()
    expect(page.get_by_role("status")).to_contain_text("Unyanked")
    page.get_by_role("button", name="Delete release 1.1").click()
    page.locator("input[name=typed]").fill("1.1")
    page.get_by_role("main").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Restored")
    assert picked(command, tmp_path / "restored", **carol) == {project: "1.1"}


def test_a_small_upload_without_javascript(door: Door, page: Page, tmp_path: Path) -> None:
    browser = page.context.browser
    assert browser
    window = Window(
        browser,
        [door.front.kind.domain],
        base_url=door.root,
        ignore_https_errors=True,
        java_script_enabled=False,
        storage_state=page.context.storage_state(),
    )
    wheel = a_wheel(f"{door.project}-plainly")
    (tmp_path / wheel.filename).write_bytes(wheel.content)
    window.page.goto("upload/")
    window.page.set_input_files("#files", tmp_path / wheel.filename)
    window.page.get_by_role("button", name="Publish", exact=True).click()
    expect(window.page.get_by_role("status").first).to_have_text("1 of 1 file is published.")
    window.page.get_by_role("link", name=wheel.filename.partition("-")[0].replace("_", "-")).first.click()
    with window.page.expect_download() as downloading:
        window.page.get_by_role("link", name=wheel.filename, exact=True).click()
    assert downloading.value.suggested_filename == wheel.filename
    assert Path(downloading.value.path()).read_bytes() == wheel.content
    window.close()


def test_the_cookie_is_for_this_stage_by_tls_and_no_script(door: Door, page: Page) -> None:
    cookies = page.context.cookies()
    # Who has logged in, and what the pages remember.
    assert len(cookies) == 2
    for cookie in cookies:
        flags = (cookie["path"], cookie["secure"], cookie["httpOnly"], cookie["sameSite"])
        assert flags == (f"{door.front.prefix}/", True, True, "Lax")
        assert cookie["domain"] == door.front.kind.domain


def test_static_files_have_the_stage_and_are_kept(door: Door, page: Page) -> None:
    with page.expect_response(re.compile("static/style")) as arriving:
        page.goto("search/")
    answer = arriving.value
    assert answer.status == 200
    assert answer.url.startswith(f"{door.root}static/")
    assert "immutable" in (answer.header_value("cache-control") or "")
    # The stylesheet counts.
    assert page.locator(".top").evaluate("(bar) => getComputedStyle(bar).borderBottomWidth") == "1px"


def test_pages_lead_to_pages_of_this_stage(door: Door, page: Page) -> None:
    door.window.watch.expect("status of 404")
    for address in ("", "search/", "account/", "account/tokens/", "manage/", "manage/journal/", "nowhere/"):
        page.goto(address)
        links = page.locator("a[href], form[action]").evaluate_all(
            "(all) => all.map((each) => each.href ?? each.action)"
        )
        assert [link for link in links if not link.startswith(door.root)] == [], address
        assert page.title().endswith("(dev)"), address


def test_search_as_one_types(door: Door, page: Page) -> None:
    page.goto("")
    page.get_by_label("Search names and summaries of projects").press_sequentially("no such project")
    expect(page.get_by_text("No project matches “no such project”")).to_be_visible()


def test_a_form_without_its_token_is_refused(door: Door, page: Page) -> None:
    door.window.watch.expect("status of 403")
    page.goto("account/sessions/")
    page.locator("main input[name=csrfmiddlewaretoken]").evaluate("(field) => field.remove()")
    with page.expect_response(re.compile("account/sessions/")) as arriving:
        page.get_by_role("button", name="Log out everywhere").click()
    assert arriving.value.status == 403
    expect(page.get_by_role("heading", level=1)).to_have_text("Forbidden")


def test_a_login_leads_to_no_other_stage(door: Door, page: Page) -> None:
    for onward in ("//evil.example/", f"{door.front.prefix}/../prod/", "https://evil.example/"):
        page.goto(f"login/?next={onward}")
        log_in(page, USERNAME, PASSWORD)
        assert page.url.startswith(door.root), onward
