"""Make the pictures in docs/pictures: an index with real projects of the public registry, as people see it."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Browser, FloatRect, Page, expect

from tests.browser.actions import drop, log_in
from tests.browser.chromium import Window, chromium
from tests.browser.conftest import ADMIN, PASSWORD, PUBLISHER, TIMEOUT, make_account
from tests.browser.filled import tell
from tests.browser.palette import with_palette
from tests.builders import Built, a_wheel
from tests.journeys.clients import CACHE, HERE, succeed, with_registry
from tests.journeys.server import ROOT, Index, serving

PICTURES = ROOT / "docs" / "pictures"
# In pixels, and in bytes.
WIDE, NARROW, LOWEST, HIGHEST = 1440, 360, 480, 1200
LARGEST = 150_000
# What the commands on the pages say.
VARIABLES = {"SERVICE": "Example packages", "PUBLIC_URL": "https://packages.example/"}
PROJECTS = (
    *("flask==3.0.3", "flask==3.1.0", "flask==3.1.1", "flask==3.1.2", "werkzeug==3.1.3", "jinja2==3.1.6"),
    *("rich==13.9.4", "rich==14.0.0", "attrs==24.3.0", "attrs==25.3.0", "httpx==0.28.1", "click==8.2.1"),
    *("markdown-it-py==3.0.0", "itsdangerous==2.2.0", "blinker==1.9.0", "pygments==2.19.1"),
)
SDISTS = ("flask==3.1.2",)
NUMPY = "numpy==2.2.6"
PLATFORMS = ("manylinux2014_x86_64", "manylinux2014_aarch64", "macosx_14_0_arm64", "win_amd64")


def main() -> None:
    """Make all pictures anew."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), username=ADMIN, password=PASSWORD, **VARIABLES) as index,
        chromium() as browser,
    ):
        _fill(index, _downloads())
        for name, options, steps in _pictures():
            _take(browser, index, name, options, steps)


def _downloads() -> list[Path]:
    """The files of real projects, downloaded once."""
    folder = CACHE / "pictures"
    pip: list[str | Path] = [HERE / "python", "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
    if not (folder / "whole").exists():
        for wanted in PROJECTS:
            succeed([*pip, "--only-binary=:all:", wanted], env=with_registry())
        for wanted in SDISTS:
            succeed([*pip, "--no-binary=:all:", wanted], env=with_registry())
        for platform in PLATFORMS:
            kind = ["--only-binary=:all:", "--python-version=3.12", f"--platform={platform}"]
            succeed([*pip, *kind, NUMPY], env=with_registry())
        (folder / "whole").touch()
    return sorted(path for path in folder.iterdir() if path.name != "whole")


def _fill(index: Index, files: list[Path]) -> None:
    make_account(index, PUBLISHER, "publisher")
    make_account(index, "ben", "publisher")
    make_account(index, "rita", "reader")
    owners: dict[str, str] = {}
    for path in files:
        project = path.name.partition("-")[0]
        who = owners.setdefault(project, PUBLISHER if len(owners) % 3 else ADMIN)
        with path.open("rb") as content:
            sent = {"content": (path.name, content)}
            response = requests.post(index.at("legacy/"), files=sent, auth=(who, PASSWORD), timeout=TIMEOUT)
        assert response.status_code == 200, response.text
    tell(index, "PUT", f"projects/flask/roles/{PUBLISHER}", role="owner")
    tell(index, "POST", "projects/flask/releases/3.1.1/yank", reason="It does not start with Werkzeug 3.2.")
    tell(index, "PUT", "projects/blinker/status", status="deprecated", reason="Use signals of the standard library.")
    tell(index, "POST", "tokens", scopes=["publish"], projects=["flask"], account=PUBLISHER, description="CI of flask")
    tell(index, "PUT", "projects/rich/roles/ben", role="maintainer")
    fields = {"repository_owner": "pallets", "repository": "flask", "repository_owner_id": "16748505"}
    tell(
        index,
        "POST",
        "projects/flask/publishers",
        provider="github",
        fields={**fields, "workflow_filename": "publish.yaml"},
    )


Steps = Callable[[Page], None]


def _pictures() -> Iterator[tuple[str, dict[str, Any], Steps]]:
    """Each picture's name, what the window is like, and what leads to it from the front page."""

    def at(address: str) -> Steps:
        def steps(page: Page) -> None:
            page.goto(address)

        return steps

    yield "home", {}, at("")
    yield "search", {}, _search
    yield "project", {}, at("project/flask/")
    yield "project-dark", {"color_scheme": "dark"}, at("project/flask/")
    yield "project-narrow", {"viewport": {"width": NARROW, "height": LOWEST}}, at("project/flask/")
    yield "upload", {}, _upload
    yield "manage", {}, at("manage/")
    yield "journal", {}, at("manage/journal/")


def _search(page: Page) -> None:
    page.goto("search/")
    page.get_by_label("Search names and summaries of projects").press_sequentially("python")
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 projects match “python”.")).to_be_visible()


def _upload(page: Page) -> None:
    page.goto("upload/")
    first = a_wheel("example-billing", "4.2.0", summary="Invoices")
    drop(page, [first])
    page.get_by_role("button", name="Publish 1 file").click()
    expect(page.get_by_text("1 of 1 published.")).to_be_visible()
    wheel = a_wheel("example-billing", "4.2.1", tag="cp312-cp312-manylinux_2_17_x86_64")
    drop(page, [wheel, a_wheel("rich", "14.0.0"), Built("notes.txt", b"Notes", b"")])
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    expect(page.get_by_text("Refused", exact=True)).to_have_count(2)


def _take(browser: Browser, index: Index, name: str, options: dict[str, Any], steps: Steps) -> None:
    viewport = {"width": WIDE, "height": LOWEST}
    window = Window(browser, **{"base_url": index.at(""), "viewport": viewport, "reduced_motion": "reduce", **options})
    page = window.page
    page.goto("login/")
    log_in(page, ADMIN, PASSWORD)
    steps(page)
    page.evaluate("document.activeElement.blur()")
    size = page.viewport_size
    assert size
    whole = page.evaluate("document.documentElement.scrollHeight")
    clip: FloatRect = {"x": 0, "y": 0, "width": size["width"], "height": min(whole, HIGHEST)}
    taken = with_palette(page.screenshot(full_page=True, clip=clip, animations="disabled"))
    window.context.close()
    assert len(taken) <= LARGEST, f"{name} has {len(taken)} bytes"
    (PICTURES / f"{name}.png").write_bytes(taken)
    print(f"{name}: {len(taken)} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
