"""A real browser for tests of the web pages, and the pages served without a server where none is needed."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, Error, Page, Route, sync_playwright

from botgame.lms.replay.showing.bundle import WEB
from botgame.server.hosting.app import PAGES

NO_BROWSER = "no Chromium, Chrome or Edge on this machine"  # `conftest` counts the tests that say so


def find_program() -> str | None:
    """The browser to test with: one of this machine, else the one that Playwright has fetched.

    A headless shell draws the same pages for half the processor time: it has no windows and no profiles to keep.
    """
    for name in ("chromium-headless-shell", "chromium", "google-chrome", "msedge"):
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).is_file() else None


PROGRAM = find_program()
needs_browser = pytest.mark.skipif(PROGRAM is None, reason=NO_BROWSER)
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-sync", "--disable-background-networking"),
    "--js-flags=--liftoff-only",  # as `embedding.NODE`
)
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
_FEW_FRAMES = "window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 66);"
"""15 frames a second: without a graphics card each costs much of a core, which the server under test needs."""
SITE = "http://botgame.test"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws:"


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=PROGRAM, args=list(_FLAGS))
        yield program
        program.close()


class Watched:
    """A page and everything that went wrong on it; `check` fails when anything did."""

    def __init__(self, program: Browser, width: int = 1280, height: int = 720, *, touch: bool = False) -> None:
        self.page: Page = program.new_page(
            viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch
        )
        self.page.add_init_script(_FEW_FRAMES)
        self.page.set_default_timeout(30_000)
        self.faults: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda message: message.type == "error" and self.faults.append(message.text))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def until(self, expression: str, seconds: float = 30.0) -> None:
        """Wait for an expression to be true (Playwright's own way needs `eval`, which our policy forbids).

        An element that is not there yet, or is being replaced, makes it untrue for now.
        """
        give_up = time.monotonic() + seconds
        missing = "{ if (error instanceof TypeError) return false; throw error; }"
        while not self._holds(f"() => {{ try {{ return Boolean({expression}); }} catch (error) {missing} }}"):
            assert time.monotonic() < give_up, f"{expression} did not come true; faults: {self.faults}"
            self.page.wait_for_timeout(100)  # to ask costs a browser more than to wait

    def _holds(self, function: str) -> bool:
        """What it returns; False while the page is being replaced by another."""
        try:
            return bool(self.page.evaluate(function))
        except Error as error:
            if "Execution context was destroyed" not in error.message:
                raise
            return False

    def check(self) -> None:
        assert self.faults == []


def serve_files(page: Page, api: Callable[[str], bytes | None] = lambda path: None) -> None:
    """Answer requests to `SITE` from the web folder, as the server would; `api(path)` for everything below /api."""

    def answer(route: Route) -> None:
        path = urlparse(route.request.url).path
        if path == "/blank":
            route.fulfill(body="<!doctype html>", content_type="text/html")
            return
        if path.startswith("/api/"):
            data = api(path)
            route.fulfill(status=200 if data is not None else 404, body=data or b"", content_type="application/json")
            return
        file: Path = WEB / PAGES.get(path, path.removeprefix("/static/"))
        if file.is_file():
            headers = {"Content-Security-Policy": POLICY}
            route.fulfill(body=file.read_bytes(), content_type=_TYPES[file.suffix], headers=headers)
        else:
            route.fulfill(status=404)

    page.route(f"{SITE}/**", answer)
