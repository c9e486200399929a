"""Chromium, and what must not happen in it: errors on a page, and requests to anybody else."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Request, WebError, expect, sync_playwright

from tests.journeys.server import ROOT

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Generous: another job may have the processor for a while.
PATIENCE_MILLISECONDS = 30_000.0
expect.set_options(timeout=PATIENCE_MILLISECONDS)


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Start Chromium without a window, and end it. Only one can run in a process at a time."""
    found = subprocess.run(["sh", "bin/chromium"], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found.stdout.strip(), args=[*ARGUMENTS, *arguments], timeout=PATIENCE_MILLISECONDS
        )
        try:
            yield browser
        finally:
            browser.close()


class Watch:
    """What went wrong in a browser: errors that pages logged or raised, and requests to hosts that are not ours."""

    def __init__(self, context: BrowserContext, *hosts: str) -> None:
        self._hosts = {"127.0.0.1", *hosts}
        self._expected: list[str] = []
        self._faults: list[str] = []
        context.on("console", self._logged)
        context.on("weberror", self._raised)
        context.on("request", self._asked)

    def expect(self, pattern: str) -> None:
        """Let errors pass that match this: Chromium logs one for each answer of 400 and more."""
        self._expected.append(pattern)

    def settle(self) -> None:
        """Fail if anything happened but what was expected, and begin anew."""
        faults = [fault for fault in self._faults if not any(re.search(each, fault) for each in self._expected)]
        self._faults, self._expected = [], []
        assert not faults, "\n".join(faults)

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._faults.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _raised(self, error: WebError) -> None:
        self._faults.append(f"raised: {error.error}")

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"} and address.hostname not in self._hosts:
            self._faults.append(f"asked: {request.url}")


class Window:
    """A browser's window with cookies of its own, which is watched."""

    def __init__(self, browser: Browser, hosts: Sequence[str] = (), **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        self.context.set_default_timeout(PATIENCE_MILLISECONDS)
        self.watch = Watch(self.context, *hosts)
        self.page = self.context.new_page()

    def close(self) -> None:
        """End it; what went wrong in it fails the test."""
        self.context.close()
        self.watch.settle()
