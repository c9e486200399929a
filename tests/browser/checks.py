"""What must be true of every page, in both colour schemes and in a narrow window."""

from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page, expect

from tests.browser.chromium import Window
from tests.browser.pages import Seen

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
WIDE, NARROW = 1280, 360
# In the dark only colours differ: axe looks at nothing else then.
_COLOURS = {"runOnly": ["cat.color"]}
_RUN = """
async (options) => {
  const { violations, passes } = await axe.run(document, { resultTypes: ["violations"], preload: false, ...options });
  if (passes.length === 0) throw new Error("axe has looked at nothing");
  return violations.map(({ id, impact, help, nodes }) =>
    ({ id, impact, help, nodes: nodes.map((node) => `${node.html.slice(0, 200)} ${node.any[0]?.message ?? ""}`) }));
}
"""
_TOO_WIDE = """
() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("main *, header *")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .map((element) => element.outerHTML.slice(0, 160))
"""
_INLINE = """
() => [...document.querySelectorAll("style, script:not([src]), [style], iframe, object, embed, base")]
  .map((element) => element.outerHTML.slice(0, 160))
"""
_UNFOLD = "(folded) => folded.forEach((each) => { each.open = true; })"


def look(window: Window, seen: Seen) -> None:
    """Go to a page, unfold all that it has folded, and look at it."""
    page = window.page
    page.set_viewport_size({"width": WIDE, "height": 800})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    if seen.status >= 400:
        window.watch.expect(f"status of {seen.status}")
    seen.reach(page)
    page.locator("main details").evaluate_all(_UNFOLD)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert page.evaluate(_INLINE) == []
    page.evaluate(AXE)
    _judge(page, "light")
    page.emulate_media(color_scheme="dark")
    _judge(page, "dark", **_COLOURS)
    page.set_viewport_size({"width": NARROW, "height": 800})
    assert page.evaluate(_TOO_WIDE) == []


def _judge(page: Page, scheme: str, **options: Any) -> None:
    """Ask axe. What is not serious fails as well: there is none of it so far."""
    found = page.evaluate(_RUN, options)
    grave = [fault for fault in found if fault["impact"] in {"serious", "critical"}]
    assert not grave, f"{scheme}: {grave}; and less serious: {[fault for fault in found if fault not in grave]}"
    assert not found, f"{scheme}: {found}"
