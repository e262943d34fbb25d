"""The replay viewer in a real browser: an exported page from the disk, and the server's page with a film of its own."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from botgame.lms.replay.format import Replay
from botgame.lms.replay.header import ReplayMark
from botgame.lms.replay.showing.export import export
from botgame.lms.replay.showing.film import film_json
from botgame.policy_readout import HeadLabels, PolicyReadout, SeatReadout
from browsing import SITE, Watched, browser, needs_browser, serve_files
from matches import record

pytestmark = needs_browser
TICK = "viewer.head.tick"
MIND = SeatReadout(1, "pi_rl", [0, 100], [-0.5, 0.75], [[[90, 10], [20, 80]]], [[0, 1]])
THOUGHTS = PolicyReadout("", [HeadLabels("verb", ["none", "bolt"])], [MIND])


@pytest.fixture(scope="module")
def program():
    with browser() as program:
        yield program


@pytest.fixture(scope="module")
def royale() -> Replay:
    replay = record(1, seats=4)[0]
    header = msgspec.structs.replace(replay.header, marks=(ReplayMark(60, 1, -1),))
    return Replay(header, replay.decisions)


@pytest.fixture(scope="module")
def exported(tmp_path_factory, royale: Replay) -> Path:
    """The page of `royale`, with thoughts of seat 1 at ticks 0 and 100."""
    target = tmp_path_factory.mktemp("page") / "match.html"
    export(royale, target, msgspec.structs.replace(THOUGHTS, replay=royale.name))
    return target


@pytest.fixture
def viewer(program, exported: Path):
    watched = Watched(program)
    watched.page.goto(exported.as_uri())
    watched.until("window.viewer")
    yield watched
    watched.check()
    assert watched.requests == [exported.as_uri()]
    watched.page.close()


def test_an_exported_page_plays_from_the_disk_alone(viewer: Watched) -> None:
    page = viewer.page
    assert "royale, seed 100" in page.inner_text("#title")
    assert page.evaluate(TICK) == 0
    page.keyboard.press("Space")
    viewer.until(f"{TICK} > 6")
    page.keyboard.press("Space")
    stopped = page.evaluate(TICK)
    page.wait_for_timeout(200)
    assert page.evaluate(TICK) == stopped
    page.keyboard.press("ArrowUp")
    viewer.until("document.getElementById('speed').textContent.startsWith('2')")


def test_the_timeline_scrubs(viewer: Watched, royale: Replay) -> None:
    page = viewer.page
    box = page.locator("#timeline").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 30)
    assert abs(page.evaluate(TICK) - royale.header.ticks / 2) < royale.header.ticks / 100
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 30, steps=5)
    page.mouse.up()
    assert abs(page.evaluate(TICK) - royale.header.ticks * 0.75) < royale.header.ticks / 100
    page.keyboard.press("End")
    assert page.evaluate(TICK) == royale.header.ticks
    page.keyboard.press(",")
    assert page.evaluate(TICK) == royale.header.ticks - 1
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(TICK) == 30


def test_a_picture_is_drawn(viewer: Watched) -> None:
    colours = """() => {
      const copy = new OffscreenCanvas(200, 200);
      const ctx = copy.getContext("2d");
      ctx.drawImage(document.getElementById("field"), 0, 0, 200, 200);
      const seen = new Set();
      const { data } = ctx.getImageData(0, 0, 200, 200);
      for (let k = 0; k < data.length; k += 4) seen.add([0, 1, 2].map((c) => data[k + c] >> 4).join());
      return seen.size;
    }"""
    viewer.page.wait_for_timeout(300)
    assert viewer.page.evaluate(colours) > 40


def test_fog_hides_what_a_seat_does_not_see(viewer: Watched, royale: Replay) -> None:
    page = viewer.page
    assert page.is_disabled("#fog")
    page.keyboard.press("1")
    page.keyboard.press("f")
    assert page.get_attribute("#fog", "aria-pressed") == "true"
    shown = """(tick) => {
      const { film } = viewer;
      const scene = film.sceneAt(tick, 0, 0);
      const seen = film.visible(0, tick);
      const allowed = scene.mages.every(({ seat }) => seat === 0 || (seen >> seat) & 1);
      return allowed && scene.eyes !== null ? scene.mages.length : -1;
    }"""
    counts = {page.evaluate(shown, tick) for tick in range(0, royale.header.ticks, 15)}
    assert -1 not in counts
    assert min(counts) < 4  # somebody was hidden at some time
    assert page.evaluate("viewer.film.sceneAt(0).mages.length") == 4
    page.keyboard.press("0")
    assert page.get_attribute("#everything", "aria-pressed") == "true"
    assert page.is_hidden("#abilities")


def test_thoughts_of_the_latest_decision_are_shown(viewer: Watched) -> None:
    page = viewer.page
    page.evaluate("viewer.head.seek(50)")
    viewer.until("document.querySelector('#thoughts .chosen .choice-label').textContent === 'none'")
    assert "lose (-0.50)" in page.inner_text("#thoughts")
    page.evaluate("viewer.head.seek(150)")
    viewer.until("document.querySelector('#thoughts .chosen .choice-label').textContent === 'bolt'")
    assert "80 %" in page.inner_text("#thoughts")
    assert "win (+0.75)" in page.inner_text("#thoughts")


def test_news_lead_to_their_moment(viewer: Watched) -> None:
    page = viewer.page
    viewer.until("document.getElementById('no-news').hidden === false")  # nothing of what is to come
    assert page.inner_text("#news") == ""
    page.evaluate("viewer.head.seek(59)")
    page.wait_for_timeout(100)
    assert "marked bad" not in page.inner_text("#news")
    page.evaluate("viewer.head.seek(200)")
    page.wait_for_selector("#news .mark")
    page.click("#news .mark button")
    assert page.evaluate(TICK) == 30  # a second before the mark at tick 60
    page.keyboard.press("Home")
    seen = []
    while page.evaluate("viewer.events.next(viewer.head.tick) !== null"):
        page.keyboard.press("n")
        seen.append(page.evaluate(TICK))
    assert len(seen) >= 2
    assert seen == sorted(set(seen))
    page.keyboard.press("p")
    assert page.evaluate(TICK) == seen[-2]
    page.keyboard.press("End")
    viewer.until("[...document.querySelectorAll('#news li')].every((line) => !line.hidden)")
    assert "the zone killed" in page.inner_text("#news")


def test_the_server_page_fetches_its_film_and_names_what_is_missing(program, royale: Replay) -> None:
    watched = Watched(program, 1366, 768)
    films = {f"/api/replays/{royale.name}": film_json(royale)}
    serve_files(watched.page, films.get)
    watched.page.goto(f"{SITE}/replay?file={royale.name}")
    watched.until("window.viewer")
    assert watched.page.is_hidden("#thoughts")
    watched.page.click("#seats .seat >> nth=2")
    assert watched.page.evaluate("viewer.followed") == 2
    assert watched.page.is_visible("#abilities")
    watched.check()
    watched.page.goto(f"{SITE}/replay?file=absent.lmsr")
    watched.page.wait_for_selector("#open:not([hidden])")
    assert "no replay absent.lmsr (404)" in watched.page.inner_text("#open-note")
    watched.page.close()


def test_the_server_can_be_asked_what_its_network_thought(program, royale: Replay) -> None:
    seats = tuple(msgspec.structs.replace(seat, policy="runs/pi.pt") for seat in royale.header.seats)
    replay = Replay(msgspec.structs.replace(royale.header, seats=seats), royale.decisions)
    answers = {
        "/api/replays/x": film_json(replay, networks=["runs/pi.pt"]),
        "/api/replays/x/thoughts": msgspec.json.encode(THOUGHTS),
    }
    watched = Watched(program)
    serve_files(watched.page, answers.get)
    watched.page.goto(f"{SITE}/replay?file=x")
    watched.until("window.viewer")
    watched.page.click("#thoughts button")
    watched.until("document.querySelector('#thoughts .chosen .choice-label')?.textContent === 'none'")
    assert watched.page.evaluate("viewer.film.data.thoughts.seats.length") == 1
    assert "thoughts of " in watched.page.inner_text("#thoughts h2").lower()
    watched.check()
    watched.page.close()


def test_names_from_files_are_only_ever_text(program, royale: Replay) -> None:
    evil = '<img src=x onerror="document.title=1">'
    seats = tuple(msgspec.structs.replace(seat, policy=evil) for seat in royale.header.seats)
    films = {"/api/replays/x": film_json(Replay(msgspec.structs.replace(royale.header, seats=seats), royale.decisions))}
    watched = Watched(program)
    serve_files(watched.page, films.get)
    watched.page.goto(f"{SITE}/replay?file=x")
    watched.until("window.viewer")
    watched.page.wait_for_timeout(200)
    assert watched.page.locator("img").count() == 0
    assert "<img" in watched.page.inner_text("#seats")
    watched.check()
    watched.page.close()


def test_the_winner_is_said_at_the_end_and_the_timeline_is_a_slider(viewer: Watched, royale: Replay) -> None:
    page = viewer.page
    page.evaluate("viewer.head.seek(0)")
    viewer.until("document.getElementById('verdict').textContent === ''")
    assert "wins" not in page.title()
    page.focus("#timeline")
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(TICK) == 270
    viewer.until("document.getElementById('timeline').getAttribute('aria-valuenow') === '9'")
    page.keyboard.press("End")
    viewer.until("document.getElementById('verdict').textContent !== ''")


def test_a_phone_shows_the_arena_above_the_rest(program, exported: Path) -> None:
    watched = Watched(program, 390, 844)
    watched.page.emulate_media(reduced_motion="reduce")
    watched.page.goto(exported.as_uri())
    watched.until("window.viewer")
    watched.page.wait_for_timeout(300)
    assert watched.page.evaluate("[field.width > 300, field.height > 300]") == [True, True]
    assert watched.page.evaluate("document.documentElement.scrollWidth") == 390
    watched.check()
    watched.page.close()
