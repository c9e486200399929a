"""What the tests of the administrators' pages have in common."""

from typing import Any

from django.test import Client

from packages import listings
from tests.views.web.seeing import Seen


def know_the_lists() -> None:
    """Read all lists, which costs something once."""
    for known in (listings.projects, listings.files, listings.accounts, listings.tokens, listings.publishers):
        known()


def boxes(page: Seen) -> list[str]:
    """What the rows' boxes stand for."""
    return [values["value"] for tag, values in page.tags if tag == "input" and values.get("name") == "row"]


def hidden(page: Seen) -> dict[str, Any]:
    """What the page's forms would send beside what people write."""
    found: dict[str, Any] = {}
    for tag, values in page.tags:
        if tag == "input" and values.get("type") == "hidden" and values["name"] != "csrfmiddlewaretoken":
            found.setdefault(values["name"], []).append(values["value"])
    return found


def confirm(client: Client, address: str, page: Seen, **further: str) -> Any:
    """Send a confirmation."""
    return client.post(address, {**hidden(page), **further})
