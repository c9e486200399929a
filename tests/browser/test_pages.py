"""Every page is in order, has a title of its own, and a visitor's first one is light."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Request

from tests.browser.checks import look
from tests.browser.conftest import Open, Visit
from tests.browser.filled import filled
from tests.browser.pages import PAGES, Seen
from tests.journeys.server import Index

pytestmark = pytest.mark.browser

# What a visitor's first paint may take, with its headers, in bytes.
FIRST_PAINT = 60_000


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with filled(tmp_path_factory.mktemp("filled")) as running:
        yield running


@pytest.mark.parametrize("seen", [pytest.param(seen, id=seen.called) for seen in PAGES])
def test_is_in_order(visit: Visit, seen: Seen) -> None:
    look(visit(seen.who), seen)


def test_titles_tell_pages_apart(open_window: Open) -> None:
    titles: dict[str, set[str]] = {}
    for who in {seen.who for seen in PAGES}:
        ask = open_window(who).context.request
        for seen in PAGES:
            if seen.who == who and seen.steps is None and seen.status == 200:
                title = re.search("<title>(.*)</title>", ask.get(seen.address, headers={"Accept": "text/html"}).text())
                assert title, seen
                titles.setdefault(title[1], set()).add(seen.address.partition("?")[0])
    assert {title: addresses for title, addresses in titles.items() if len(addresses) > 1} == {}
    assert [title for title in titles if not re.fullmatch(r"\S.* · Example packages", title)] == []


@pytest.mark.parametrize("address", ["", "search/", "project/demo/", "login/"])
def test_a_first_visit_is_light(open_window: Open, address: str) -> None:
    page = open_window(java_script_enabled=False).page
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))
    page.goto(address, wait_until="networkidle")
    sizes: list[Any] = [request.sizes() for request in finished]
    assert len(sizes) >= 2, "The page and its stylesheet"
    assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) < FIRST_PAINT
