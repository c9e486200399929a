"""The upload page: what is wrong with a file is seen before it is sent, and what became of it is said as it is."""

import base64
import json
import random
import zipfile
from io import BytesIO
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.actions import drop
from tests.browser.conftest import PUBLISHER, Open, Visit
from tests.builders import Built, a_wheel, a_zip, an_sdist, core_metadata
from tests.journeys.server import Index

pytestmark = pytest.mark.browser

WHEEL = "demo_pkg-1.0-py3-none-any.whl"
METADATA = "demo_pkg-1.0.dist-info/METADATA"
DEMO = core_metadata("Demo.Pkg", "1.0")
IDENTITY = {"name": "Demo.Pkg", "version": "1.0"}
# What the module says of files, how much of each it reads, and whether that is all within it.
_INSPECT = """
async (files) => {
  const { inspect } = await import(document.getElementById("upload").dataset.wheel);
  const found = [];
  for (const { name, content } of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    let read = 0, outside = false;
    const file = new File([bytes], name);
    const slice = file.slice.bind(file);
    file.slice = (start, end) => {
      outside ||= !(0 <= start && start <= end && end <= bytes.length);
      read += end - start;
      return slice(start, end);
    };
    found.push({ ...await inspect(file), read, outside });
  }
  return found;
}
"""


@pytest.fixture
def page(visit: Visit) -> Page:
    page = visit(PUBLISHER).page
    page.goto("upload/")
    return page


def row_of(page: Page, built: Built) -> Locator:
    return page.get_by_role("list", name="Chosen files").locator(":scope > li").filter(has_text=built.filename)


def inspected(page: Page, *files: tuple[str, bytes]) -> list[dict[str, Any]]:
    given = [{"name": name, "content": base64.b64encode(content).decode()} for name, content in files]
    found: list[dict[str, Any]] = page.evaluate(_INSPECT, given)
    assert max(each.pop("read") for each in found) <= 1_000_000
    assert not any(each.pop("outside") for each in found)
    return found


def of_wheel(page: Page, content: bytes) -> dict[str, Any]:
    return inspected(page, (WHEEL, content))[0]


class TestBeforeItIsSent:
    @pytest.mark.parametrize(
        ("built", "sentence"),
        [
            (Built(WHEEL, b"", b""), "is empty."),
            (Built("demo_pkg-1.0.tar.gz", b"", b""), "is empty."),
            (Built(WHEEL, b"not a zip", b""), "This is no wheel: it is no ZIP archive, whatever its name says."),
            (Built(WHEEL, b"P", b""), "This is no wheel"),
            (Built("demo_pkg-1.0.zip", a_zip({})[:4], b""), "This is no sdist: it is no ZIP archive"),
            (Built("demo_pkg-1.0.tar.gz", a_zip({"a": b""}), b""), "This is no sdist: it is not gzipped"),
            (Built(WHEEL, a_wheel().content[:-30], b""), "This wheel is damaged: its end is missing."),
            (a_wheel("other", filename=WHEEL), "names the project 'demo-pkg', but the metadata inside names 'other'."),
            (Built("notes.txt", b"text", b""), "has an unknown extension"),
        ],
    )
    def test_what_is_wrong_is_said_and_there_is_nothing_to_retry(self, page: Page, built: Built, sentence: str) -> None:
        drop(page, [built])
        row = row_of(page, built)
        expect(row.locator("[data-part=state]")).to_have_text("Refused")
        expect(row.locator("[data-part=sentence]")).to_contain_text(sentence)
        expect(row.get_by_role("button")).to_have_text([f"Take off the list ({built.filename})"])
        expect(page.locator("#publish")).to_be_disabled()
        expect(page.locator("#summary")).to_have_text("1 refused.")

    def test_what_is_right_is_called_as_its_metadata_does(self, page: Page) -> None:
        files = [
            Built(WHEEL, a_zip({METADATA: core_metadata("Demo.Pkg", "v1")}), b""),
            an_sdist(),
            an_sdist(version="2.0", extension=".zip"),
        ]
        drop(page, files)
        for built, called in zip(files, ("Demo.Pkg v1", "demo-pkg 1.0", "demo-pkg 2.0"), strict=True):
            row = row_of(page, built)
            expect(row.locator("[data-part=state]")).to_have_text("Ready")
            expect(row.locator("[data-part=what]")).to_contain_text(f"{called} ·")

    def test_files_are_sent_also_where_they_cannot_be_looked_into(self, index: Index, open_window: Open) -> None:
        window = open_window(PUBLISHER)
        window.watch.expect("ERR_FAILED")
        window.page.route("**/static/wheel.*", lambda route: route.abort())
        window.page.goto("upload/")
        wheel = a_wheel("demo-unseen")
        drop(window.page, [wheel])
        window.page.get_by_role("button", name="Publish 1 file").click()
        expect(window.page.get_by_text("1 of 1 published.")).to_be_visible()
        assert index.listed("demo-unseen") == {wheel.filename: wheel.sha256}


class TestAfterwards:
    def test_what_was_cancelled_is_called_so(self, index: Index, open_window: Open) -> None:
        page = open_window(PUBLISHER).page
        page.goto("upload/")
        held: list[Route] = []
        page.route("**/upload/reserve/", lambda route: held.append(route))
        wheel = a_wheel("demo-held")
        drop(page, [wheel])
        page.get_by_role("button", name="Publish 1 file").click()
        expect(row_of(page, wheel).locator("[data-part=state]")).to_have_text("Reading")
        row_of(page, wheel).get_by_role("button", name="Cancel").click()
        expect(page.locator("#summary")).to_have_text("1 cancelled.")
        page.unroute("**/upload/reserve/")
        other = a_wheel("demo-other")
        drop(page, [other, Built("demo.txt", b"text", b"")])
        page.get_by_role("button", name="Publish 1 file").click()
        expect(page.locator("#summary")).to_have_text("1 of 3 published, 1 not, 1 cancelled.")

    @pytest.mark.parametrize("step", ["reserve", "finalize"])
    @pytest.mark.parametrize(
        ("status", "buttons"),
        [(400, 0), (404, 0), (413, 0), (401, 1), (403, 1), (409, 1), (429, 1), (500, 1), (503, 1)],
    )
    def test_retry_is_offered_where_it_can_help(self, open_window: Open, step: str, status: int, buttons: int) -> None:
        window = open_window(PUBLISHER)
        window.watch.expect(f"status of {status}")
        page = window.page
        page.goto("upload/")
        body = json.dumps({"message": "So it is."})
        page.route(f"**/upload/{step}/", lambda route: route.fulfill(status=status, body=body))
        wheel = a_wheel("demo-refused")
        drop(page, [wheel])
        page.get_by_role("button", name="Publish 1 file").click()
        row = row_of(page, wheel)
        expect(row.locator("[data-part=sentence]")).to_have_text("So it is.")
        expect(row.get_by_role("button", name="Take off the list")).to_be_visible()
        expect(row.get_by_role("button", name="Retry")).to_have_count(buttons)


class TestInspecting:
    """The module that reads wheels, whatever is in them."""

    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    @pytest.mark.parametrize("before", [b"", b"PK\3\4 and more"])
    @pytest.mark.parametrize("comment", [b"", b"x" * 65_000])
    def test_reads_what_metadata_says(self, page: Page, method: int, before: bytes, comment: bytes) -> None:
        file = BytesIO(before)
        with zipfile.ZipFile(file, "a", method) as archive:
            archive.writestr("demo.py", random.Random(1).randbytes(200_000))
            archive.writestr(METADATA, DEMO + b"x" * 300_000)
            archive.comment = comment
        assert of_wheel(page, file.getvalue()) == IDENTITY

    @pytest.mark.parametrize(
        "members",
        [
            {},
            {"METADATA": DEMO, "a/b.dist-info/METADATA": DEMO},
            {METADATA: DEMO, "other-1.dist-info/METADATA": DEMO},
            {METADATA: b""},
            {METADATA: b"Name: demo\n"},
            {METADATA: b"Name: a\nName: b\nVersion: 1\n"},
            {METADATA: b"\nName: a\nVersion: 1\n"},
            {METADATA: b"no header\nName: a\nVersion: 1\n"},
            {METADATA: b"Name: " + b"a" * 201 + b"\nVersion: 1\n"},
            {METADATA: b"__proto__: 1\nconstructor: 1\n"},
            {METADATA: bytes(range(256)) * 9},
        ],
        ids=range(11),
    )
    def test_says_nothing_where_nothing_can_be_told(self, page: Page, members: dict[str, bytes]) -> None:
        assert of_wheel(page, b"PK\3\4" + a_zip(members)) == {}

    def test_reads_no_more_than_it_may(self, page: Page) -> None:
        # Much that unpacks from little, much that does not, and a long directory before it.
        bomb = a_zip({METADATA: DEMO + b"\n" + b" " * 300_000_000})
        large = a_zip({METADATA: DEMO + b"\n" + random.Random(2).randbytes(1_200_000)})
        long = a_zip({**{f"{'x' * 200}{number}": b"" for number in range(5000)}, METADATA: DEMO})
        assert inspected(page, (WHEEL, bomb), (WHEEL, large), (WHEEL, long)) == [IDENTITY, {}, {}]

    def test_takes_any_bytes(self, page: Page) -> None:
        chance = random.Random(3)
        good = a_wheel("demo-pkg", "1.0").content
        files = [(WHEEL, good[: len(good) - cut]) for cut in range(1, len(good), 7)]
        for _ in range(1500):
            changed = bytearray(good)
            for _ in range(chance.randrange(1, 6)):
                # Most in the directory, where the lengths and places are.
                place = chance.choice([chance.randrange(4, len(good)), len(good) - chance.randrange(1, 400)])
                changed[place] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
            files.append((WHEEL, bytes(changed)))
        for place in range(len(good) - 400, len(good) - 3):
            files.append((WHEEL, good[:place] + b"\xff\xff\xff\xff" + good[place + 4 :]))
        files += [(WHEEL, b"PK\3\4" + chance.randbytes(chance.randrange(100)) + b"PK\5\6" + b"\xff" * 18)] * 20
        shapes = {tuple(sorted(found)) for found in inspected(page, *files)}
        assert shapes <= {(), ("problem",), ("name", "version")}
        assert ("name", "version") in shapes
