"""Make the pictures of the documents anew: docs/images/match.svg, lobby.png, play.png, viewer.png, and report.png.

    python scripts/make_pictures.py
    python scripts/make_pictures.py --report reports/league/summary.html

Starts a server, plays a match of six in a browser (with keys held at random places, so the picture is another one each
time), and shows its replay with the thoughts of the champion. The report is a picture of the page that is given.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from botgame.replay import main as replay
from botgame.server.hosting.replay_routes import LANDING

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
SIZE = {"width": 1366, "height": 768}
BOTS = ("champion", "rusher", "kiter", "looter", "lms_re")
FIRST_TICK = 240  # of the match's picture: by then the mages have met


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", type=Path, metavar="HTML", help="summary.html of a league")
    report = parser.parse_args().report
    replay(["show", str(LANDING), "--svg", str(IMAGES / "match.svg")])
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
        picture_live_pages(page, Path(folder))
        if report is not None:
            page.set_viewport_size({"width": 1200, "height": 1500})
            page.goto(report.resolve().as_uri())
            page.screenshot(path=IMAGES / "report.png")
        browser.close()
    print(f"wrote the pictures in {IMAGES}")
    return 0


def picture_live_pages(page: Page, folder: Path) -> None:
    """The pages of a server that keeps its files in `folder`."""
    folders = ("--data-dir", folder / "data", "--reports-dir", folder / "live", "--feedback-dir", folder / "feedback")
    command = [sys.executable, "-m", "botgame.server.live", "--port", "0", "--stop-with-input", *map(str, folders)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        address = re.search(r"http://\S+", server.stdout.readline())
        assert address is not None
        picture_match(page, address.group())
        picture_viewer(page)
        page.goto(address.group())
        page.wait_for_selector("#landing:not([hidden])")
        page.wait_for_timeout(8000)  # into the recorded match
        page.screenshot(path=IMAGES / "lobby.png")
        server.stdin.close()


def picture_match(page: Page, url: str) -> None:
    """A match of six while it is fought; it goes on to its result."""
    page.goto(f"{url}play?create=1&seats=6&bots={','.join(BOTS)}&name=Ada&school=cryomancer&duration=60")
    wait_for(page, "window.game?.mayAct && game.mine")
    page.mouse.move(500, 250)
    page.mouse.down()
    page.keyboard.down("d")
    wait_for(page, f"game.snapshots.latest.tick > {FIRST_TICK} && game.snapshots.latest.shots.length > 1")
    page.screenshot(path=IMAGES / "play.png")
    page.wait_for_selector("#result:not([hidden])", timeout=90_000)


def picture_viewer(page: Page) -> None:
    """The replay of the match at its middle, with what the champion thought."""
    page.click("#watch-replay")
    wait_for(page, "window.viewer")
    page.click("#thoughts button")
    page.wait_for_selector("#thoughts .choice-label", state="attached", timeout=120_000)
    page.evaluate("viewer.head.seek(viewer.film.ticks / 2)")
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "viewer.png")


def wait_for(page: Page, expression: str) -> None:
    """Wait for a JavaScript expression (Playwright's own way needs `eval`, which the pages forbid)."""
    for _ in range(3000):
        if page.evaluate(f"Boolean({expression})"):
            return
        page.wait_for_timeout(20)
    raise TimeoutError(expression)


if __name__ == "__main__":
    sys.exit(main())
