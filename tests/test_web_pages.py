"""Every page at three sizes: nothing is wider than the screen, and axe-core finds no serious or critical fault."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from botgame.feedback import MatchRecord, SeatRecord, encode_line
from botgame.lms.replay.format import write
from botgame.server.records.archive import append
from botgame.training.holes.holes import Opponent, find_holes
from botgame.training.holes.page import holes_content
from botgame.training.league_report.document import document
from browsing import Watched, browser, needs_browser
from live_server import running_server
from matches import record
from test_holes import SPEC, meeting
from test_report_league import run, write_exploits
from test_report_league import write as write_league

pytestmark = needs_browser
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
FIND = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  const grave = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  return grave.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}"""
TEXT_SIZES = """[...document.querySelectorAll("svg text")].map((text) => {
  const { a, b } = text.getScreenCTM();
  return Math.hypot(a, b) * parseFloat(getComputedStyle(text).fontSize);
})"""
SIZES = [(1366, 768), (1920, 1080), (320, 640)]


def inspect(watched: Watched, width: int) -> None:
    """The page fits the screen, and where that is not one size more of the same layout, axe finds nothing."""
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 1920:
        return
    watched.page.evaluate(AXE)
    assert watched.page.evaluate(FIND) == []


@pytest.fixture(scope="module")
def program():
    with browser() as program:
        yield program


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_visit_from_the_lobby_to_the_report(program, tmp_path: Path, monkeypatch, capsys, size) -> None:
    width, height = size
    (replay,) = record(1, seats=3)
    write(tmp_path / "replays", replay)
    seats = [SeatRecord("human:Ann", place=1), SeatRecord("lms_re", place=2)]
    append(tmp_path / "live" / "before" / "manifest.jsonl", encode_line(MatchRecord("before/r1", replay.name, seats)))
    watched = Watched(program, width, height, touch=width < 500)
    page = watched.page
    with running_server(tmp_path, monkeypatch, speed=1) as server:
        page.goto(f"{server.url}play?room=nowhere")
        page.wait_for_selector("#guest:not([hidden])")
        inspect(watched, width)
        page.goto(f"{server.url}play?create=1&seats=3&name=Ada")
        page.wait_for_selector("#waiting:not([hidden])")
        inspect(watched, width)
        page.goto(f"{server.url}play?guide=1")
        page.wait_for_selector("#guide:not([hidden])")
        inspect(watched, width)
        page.goto(f"{server.url}play?create=1&bots=lms_re&name=Ada&duration=30")
        watched.until("window.game?.isPlaying && game.mine")
        inspect(watched, width)
        page.click("#open-settings")
        inspect(watched, width)
        page.click("#close-settings")
        room = server.lobby.rooms[page.evaluate("game.room.room")]
        server.servers[0].get_loop().call_soon_threadsafe(room.end)
        page.wait_for_selector("#result:not([hidden])")
        inspect(watched, width)
        page.goto(server.url)
        page.wait_for_selector("#leaderboard tr")
        page.wait_for_selector("#latest-list a")
        inspect(watched, width)
        page.goto(f"{server.url}replays")
        page.wait_for_selector("#replays tr")
        inspect(watched, width)
        page.goto(f"{server.url}player?name=Ann")
        page.wait_for_selector("#curve svg")
        inspect(watched, width)
        page.goto(f"{server.url}replay")
        page.wait_for_selector("#open:not([hidden])")
        inspect(watched, width)
        page.goto(f"{server.url}replay?file={replay.name}&t=20")
        watched.until("window.viewer")
        page.click("#seats .seat >> nth=0")
        inspect(watched, width)
    write_league(tmp_path)
    write_exploits(tmp_path)
    run(tmp_path)
    page.goto((tmp_path / "summary.html").as_uri())
    inspect(watched, width)
    assert min(page.evaluate(TEXT_SIZES)) > 9.5
    cards = page.evaluate("[...document.querySelectorAll('.card')].map((c) => c.getBoundingClientRect().toJSON())")
    for one in cards:
        for other in cards:
            assert one == other or apart(one, other) >= 8
    watched.check()
    page.close()


@pytest.mark.parametrize(("size", "cloned"), [(SIZES[0], True), (SIZES[-1], True), (SIZES[-1], False)], ids=str)
def test_the_page_of_holes(program, tmp_path: Path, size, cloned: bool) -> None:
    width, height = size
    near, far = np.full(len(SPEC.totals), 0.1), np.full(len(SPEC.totals), 0.9)
    met = [meeting(True, near)] * 4 + [meeting(True, far, "Bob")] * 50 + [meeting(False, (near + far) / 2)] * 9
    opponents = {k: Opponent(f"hole-{k}-of-champion", 240.5, 400) for k in (1, 2) if cloned}
    commands = "python -m botgame.training.find_holes champion --clone", "python -m botgame " + 30 * "--flag word "
    content = holes_content("champion", met, find_holes(met, SPEC), opponents, commands, "http://127.0.0.1:8000")
    (tmp_path / "holes.html").write_text(document(content), encoding="utf-8")
    watched = Watched(program, width, height, touch=width < 500)
    watched.page.goto((tmp_path / "holes.html").as_uri())
    inspect(watched, width)
    assert watched.page.locator("article", has_text="And 10 more in holes.json").count() == 1
    assert (watched.page.locator("code").count() == 1) is cloned
    watched.check()
    watched.page.close()


def apart(one: dict[str, float], other: dict[str, float]) -> float:
    """The distance of two boxes along the axis where it is larger."""
    across = max(one["left"] - other["right"], other["left"] - one["right"])
    return max(across, one["top"] - other["bottom"], other["top"] - one["bottom"])
