"""What pages for people say: addresses of stylesheets, numbers, times, sizes."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django import template
from django.core.paginator import Page
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from packages.assets import names

register = template.Library()

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


@register.simple_tag
def asset(name: str) -> str:
    """The address of a stylesheet or script, with its digest."""
    return reverse("asset", kwargs={"name": names()[name]})


@register.simple_tag
def numbers(page: Page[Any]) -> Iterator[int | None]:
    """The numbers of the first page, the last one and those around this one; None where some are left out."""
    # As few as fit in two lines of a telephone.
    for number in page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1):
        yield number if isinstance(number, int) else None


@register.filter
def count(number: int) -> str:
    """A number as people read it: 10,000."""
    return f"{number:,}"


@register.filter
def breakable(text: str) -> SafeString:
    """Text whose mail addresses are broken at their joints, if they have to be."""
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in re.split(r"(?<=[@.])(?=\w)", text)))


@register.filter
def size(count: int | float) -> str:
    """A number of bytes as people say it, in powers of ten as sizes are set; three digits are enough."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    digits = 0 if unit == 0 or value >= 99.95 else 1
    number = f"{value:.{digits}f}"
    return f"{number.removesuffix('.0')} {'byte' if unit == 0 and count == 1 else _UNITS[unit]}"


@register.filter
def day(moment: datetime | None) -> SafeString | str:
    """The day of a moment (UTC), with the moment itself for programs and for whoever points at it."""
    return _time(moment, "%Y-%m-%d")


@register.filter
def minute(moment: datetime | None) -> SafeString | str:
    """The day and minute of a moment (UTC)."""
    return _time(moment, "%Y-%m-%d %H:%M")


def _time(moment: datetime | None, shape: str) -> SafeString | str:
    if moment is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        moment.isoformat(timespec="seconds"),
        moment.strftime("%Y-%m-%d %H:%M:%S"),
        moment.strftime(shape),
    )
