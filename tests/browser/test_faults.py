"""When the index itself has a fault: pages say so, and what to do."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.actions import log_in
from tests.browser.checks import look
from tests.browser.chromium import Window
from tests.browser.conftest import ADMIN, PASSWORD
from tests.browser.pages import Seen
from tests.journeys.server import serving

pytestmark = pytest.mark.browser


def test_an_index_that_cannot_be_read_says_so(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path, username=ADMIN, password=PASSWORD) as index:
        window = Window(browser, base_url=index.at(""))
        window.page.goto("login/")
        log_in(window.page, ADMIN, PASSWORD)
        with closing(sqlite3.connect(Path(index.environment["DATA_DIR"], "index.sqlite3"))) as file:
            # One that is missing would be made anew.
            file.execute("ALTER TABLE item RENAME TO lost")
            file.execute("CREATE TABLE item (other)")
        look(window, Seen("project", ADMIN, "project/demo/", status=503))
        window.close()
