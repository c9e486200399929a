"""The first part of a README: cut where a block of it ends, and everything that is open there closed."""

from packages.readmes.harmless import TAG

# In characters of HTML. From the first on it may end wherever a block does, from the second on at a line's end too.
SHOWN = 25_000
MOST_SHOWN = 35_000
# Less than this is not left out.
REST = MOST_SHOWN - SHOWN

_WITHOUT_END = {"br", "col", "hr", "img"}
# What may end before all of it is there.
_HOLDERS = frozenset({"blockquote", "dd", "details", "div", "dl", "figure", "li", "ol", "table", "tbody", "ul"})
# Behind what a part may end: not a heading.
_BLOCKS = _HOLDERS | {"figcaption", "hr", "p", "pre", "thead", "tr"}


def beginning(html: str) -> str:
    """The first part of harmless HTML, or all of it if it is not much longer; well-formed either way."""
    if len(html) <= MOST_SHOWN:
        return html
    opened: list[str] = []
    read, last = 0, len(html) - REST
    for tag in TAG.finditer(html):
        if tag.start() > MOST_SHOWN:
            line_end = html.find("\n", max(read, MOST_SHOWN), min(tag.start(), last))
            if line_end >= 0:
                return html[:line_end] + _ends(opened)
        slash, name, _ = tag.groups()
        read = tag.end()
        if slash:
            del opened[-1:]
        elif name not in _WITHOUT_END:
            opened.append(name)
        complete = slash or name in _WITHOUT_END
        if SHOWN <= read <= last and complete and name in _BLOCKS and _HOLDERS.issuperset(opened):
            return html[:read] + _ends(opened)
    return html


def _ends(opened: list[str]) -> str:
    return "".join(f"</{name}>" for name in reversed(opened))
