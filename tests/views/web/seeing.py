"""What people see of a page."""

from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

_EMPTY = {"br", "hr", "img", "input", "link", "meta", "rect", "wbr"}
_INLINE = {"a", "b", "code", "em", "i", "span", "strong", "time", "wbr"}
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


class Seen(HTMLParser):
    """A page: its ``text``, ``links`` by their text, ``commands``, ``headings``, and ``tags`` with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.links: dict[str, str] = {}
        self.commands: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self._all: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open, self._open
        self.text = " ".join("".join(self._all).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append((tag, values))
        self._divide(tag)
        if tag not in _EMPTY:
            self._open.append((tag, values, []))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        opened, values, texts = self._open.pop()
        assert opened == tag, f"<{opened}> is closed by </{tag}>"
        self._divide(tag)
        text = "".join(texts)
        if self._open:
            self._open[-1][2].append(text)
        words = " ".join(text.split())
        if tag == "a":
            self.links[words] = values.get("href", "")
        elif tag == "code" and any("data-copied" in outer for _, outer, _ in self._open):
            self.commands.append(text)
        elif tag in _HEADINGS:
            self.headings.append((int(tag[1]), words))

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] in {"script", "style", "title"}:
            self._open[-1][2].append(data)
            return
        self._all.append(data)
        if self._open:
            self._open[-1][2].append(data)

    def _divide(self, tag: str) -> None:
        if tag not in _INLINE:
            self._all.append(" ")

    def having(self, name: str) -> list[str]:
        """The values of an attribute, wherever there is one."""
        return [values[name] for _, values in self.tags if name in values]


def seen(response: Any, *, status: int = 200) -> Seen:
    """The page that a browser was sent, which must be in order: see ``check``."""
    assert response.status_code == status, (response.status_code, response.content[:500])
    assert response["Content-Type"] == "text/html; charset=utf-8"
    page = Seen(response.content.decode())
    check(page)
    return page


def check(page: Seen) -> None:
    """One h1, no level of headings left out, no id twice, labels for all fields, nothing that the CSP forbids."""
    levels = [level for level, _ in page.headings]
    assert levels.count(1) == 1, page.headings
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), page.headings
    ids = Counter(page.having("id"))
    assert not [name for name, count in ids.items() if count > 1]
    for name in ("aria-labelledby", "for"):
        assert set(page.having(name)) <= ids.keys(), name
    assert not page.having("style")
    for tag, values in page.tags:
        assert not [name for name in values if name.startswith("on")], (tag, values)
        assert tag not in {"style", "iframe", "object", "embed", "base"}
        if tag == "script":
            assert values["src"].startswith("/"), values
        if tag in {"input", "select", "textarea"} and values.get("type") not in {"hidden", "submit"}:
            assert values.get("id") in page.having("for") or "aria-label" in values, values
        if tag == "th":
            assert values.get("scope") in {"col", "row"}, values
