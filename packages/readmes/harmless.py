"""What a README's HTML may hold beside our own: no name, address or look that could pass for ours.

It is given what readme-renderer's own sanitiser has left, and narrows that further.
"""

import re
from functools import cache

ID_PREFIX = "readme-"
# What both renderers put before their own ids, but not before the links to them.
_RENDERERS_PREFIX = "user-content-"

_ALIGNED = {"left", "right", "center", "top", "middle", "bottom"}
_LINK = re.compile(r"(?:https?://|mailto:)\S", re.IGNORECASE)
_SOURCE = re.compile(r"https?://\S", re.IGNORECASE)
_LENGTH = re.compile(r"[0-9]{1,4}%?")
_SPAN = re.compile(r"[0-9]{1,3}")
_NAME = re.compile(r"\S{1,200}")

_TAGS = (
    "a abbr acronym b blockquote br caption cite code col colgroup dd del details div dl dt em figcaption figure "
    "aside nav section h1 h2 h3 h4 h5 h6 hr i img kbd li ol p pre span strong sub summary sup table tbody td th thead "
    "tr tt ul var"
)
# Of them, those that would be landmarks of our page.
_LANDMARKS = {"aside", "nav", "section"}
_ATTRIBUTES = {
    "*": {"id"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "acronym": {"title"},
    "img": {"src", "alt", "width", "height", "align"},
    "ol": {"start"},
    "pre": {"class"},
    "span": {"class"},
    "td": {"align", "colspan", "rowspan"},
    **{tag: {"align"} for tag in ("div", "h1", "h2", "h3", "h4", "h5", "h6", "p", "th")},
}

# The sanitiser's way of writing a tag: nothing else in its text begins with "<", and in its values nothing does.
_VALUES = r'(?: [a-z-]+="[^"]*")*'
TAG = re.compile(rf"<(/?)([a-z][a-z0-9]*)({_VALUES})>")
_INPUT = re.compile(rf"<input({_VALUES})>")
_EMPTY_LINK = re.compile(rf"<a({_VALUES})></a>")
IMAGE = re.compile(rf"<img({_VALUES})>")


def made_harmless(html: str) -> str:
    """Narrow what readme-renderer's sanitiser wrote; the result is as plain to read as that."""
    import nh3

    # A box that nobody can tick is a sign.
    html = _INPUT.sub(lambda box: _ticked(box[1]), html)
    html = nh3.clean(
        html,
        tags=set(_TAGS.split()),
        attributes=_ATTRIBUTES,
        attribute_filter=_narrowed,
        link_rel="nofollow noopener noreferrer",
        url_schemes={"http", "https", "mailto"},
    )
    # Links to the headings beside them have no text that could be read aloud.
    html = _EMPTY_LINK.sub(lambda link: _anchor(link[1]), html)
    return TAG.sub(_placed, html)


def attribute(attributes: str, name: str) -> str | None:
    """The value of one of a tag's attributes, as it is written; None if it is not there."""
    found = re.search(rf' {name}="([^"]*)"', attributes)
    return found[1] if found else None


def _ticked(attributes: str) -> str:
    if attribute(attributes, "type") != "checkbox":
        return ""
    return "☐" if attribute(attributes, "checked") is None else "☑"


def _anchor(attributes: str) -> str:
    name = attribute(attributes, "id")
    return "" if name is None else f'<span id="{name}"></span>'


def _placed(tag: re.Match[str]) -> str:
    slash, name, attributes = tag.groups()
    if name in _LANDMARKS:
        name = "div"
    elif len(name) == 2 and name[0] == "h" and name[1] in "12345":
        # The page's own heading is above all of them.
        name = f"h{int(name[1]) + 1}"
    elif name == "img":
        if attribute(attributes, "src") is None:
            alt = attribute(attributes, "alt")
            return f'<span class="readme-image">{(alt or "").strip() or "image"}</span>'
        alt = "" if attribute(attributes, "alt") is not None else ' alt=""'
        # Whoever serves it need not know where it is shown.
        attributes = f'{attributes}{alt} loading="lazy" referrerpolicy="no-referrer"'
    return f"<{slash}{name}{attributes}>"


def _narrowed(tag: str, name: str, value: str) -> str | None:
    match name:
        case "id":
            return _our_name(value)
        case "href":
            if value.startswith("#"):
                anchor = _our_name(value[1:])
                return anchor and f"#{anchor}"
            return value if _LINK.match(value) else None
        case "src":
            return value if _SOURCE.match(value) else None
        case "class":
            return _our_class(tag, value)
        case "align":
            return value.lower() if value.lower() in _ALIGNED else None
        case "width" | "height":
            return value if _LENGTH.fullmatch(value) else None
        case "colspan" | "rowspan" | "start":
            return value if _SPAN.fullmatch(value) else None
    return value


def _our_name(value: str) -> str | None:
    name = value.removeprefix(_RENDERERS_PREFIX)
    return ID_PREFIX + name if _NAME.fullmatch(name) else None


def _our_class(tag: str, value: str) -> str | None:
    if tag == "pre":
        return "highlight" if value == "highlight" else None
    kept = [one for one in value.split() if one in _pygments_classes()]
    return " ".join(kept) or None


@cache
def _pygments_classes() -> frozenset[str]:
    from pygments.token import STANDARD_TYPES

    return frozenset(name for name in STANDARD_TYPES.values() if name)
