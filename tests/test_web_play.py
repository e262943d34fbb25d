"""The game page against the real server: a whole match by keys, watching, marking, taking over, coming back."""

from __future__ import annotations

from pathlib import Path

import pytest

from botgame.feedback import read_streams
from botgame.lms.replay.format import read, scan
from botgame.replay import main as replay_command
from botgame.server.hosting.serving import HttpServer
from botgame.server.protocol import Create, Room
from browsing import Watched, browser, needs_browser
from live_server import Client, running_server
from live_table import small_rules

pytestmark = needs_browser


@pytest.fixture(scope="module")
def program():
    with browser() as program:
        yield program


@pytest.fixture
def live(program, tmp_path: Path, monkeypatch):
    """(page with its faults, address of a server in real time, its folder)."""
    with running_server(tmp_path, monkeypatch, speed=1) as server:
        watched = Watched(program)
        yield watched, server.url.rstrip("/"), tmp_path
        watched.check()
        watched.page.close()


def wait_until_playing(watched: Watched) -> None:
    watched.until("window.game?.isPlaying && game.mine")


def test_a_whole_match_by_keys(live) -> None:
    watched, url, folder = live
    page = watched.page
    page.goto(f"{url}/")
    page.fill("#name", "Ada")
    page.click("#schools >> text=stormcaller")
    page.select_option("#opponents select", "idle")
    page.evaluate("document.querySelector('#duration').append(new Option('10 s', '10', true, true))")
    page.click("#play")
    wait_until_playing(watched)
    assert "/play?room=" in page.url  # a reload comes back to the room
    page.mouse.move(640, 300)
    page.mouse.down()
    watched.until("game.snapshots.latest.you?.cooldowns[0] > 0")
    while not page.evaluate(
        "game.snapshots.latest.you.cooldowns[3] > 0"
    ):  # in the tick of another action it is refused
        page.keyboard.press("3")
        page.wait_for_timeout(100)
    page.wait_for_timeout(1000)  # a button that is held casts again
    page.mouse.up()
    assert page.inner_text("#own-mana-text") != "100"
    start = page.evaluate("({ x: game.mine.x, y: game.mine.y })")
    to_the_middle = "d" if start["x"] < 11 else "a"
    page.keyboard.down(to_the_middle)
    page.wait_for_timeout(700)
    moved = page.evaluate("({ x: game.mine.x, y: game.mine.y })")
    assert abs(moved["x"] - start["x"]) + abs(moved["y"] - start["y"]) > 0.8
    page.keyboard.up(to_the_middle)
    page.wait_for_selector("#result:not([hidden])")
    assert page.inner_text("#result-title") in ("Victory", "Defeat", "Draw")
    assert "Ada" in page.inner_text("#result-rows")
    page.click("#watch-replay")
    watched.until("window.viewer")
    page.evaluate("viewer.head.seek(100)")
    page.wait_for_timeout(100)
    assert "Ada" in page.inner_text("#seats")
    page.goto(f"{url}/replays")
    page.wait_for_selector("#replays tr")
    assert "Ada (stormcaller, person)" in page.inner_text("#replays")
    page.goto(url)
    page.click("#latest-list a >> text=Ada")
    watched.until("window.viewer")
    (path,) = scan(folder / "replays")
    assert replay_command(["verify", str(path)]) == 0
    header = read(path).header
    assert (header.seats[0].policy, header.seats[0].controller) == ("human:Ada", 1)
    assert header.seats[0].casts[1] >= 2
    assert header.seats[0].casts[4] == 1


def test_watch_mark_take_over_and_give_back(live) -> None:
    watched, url, folder = live
    page = watched.page
    page.goto(f"{url}/play?create=1&seats=2&bots=kiter,lms_re&watch=1&duration=10&name=Bob")
    watched.until("window.game?.snapshots?.latest?.tick > 20")
    assert page.is_visible("#watch-bar")
    assert page.evaluate("game.snapshots.latest.mages.length") == 2
    page.keyboard.press("g")
    assert "Choose a seat first" in page.inner_text("#toasts")
    page.keyboard.press("n")
    page.keyboard.press("n")
    page.keyboard.press("f")
    watched.until("game.snapshots.latest.view === 1")
    page.keyboard.press("b")
    page.wait_for_selector("#news .mark")
    page.keyboard.press("t")
    wait_until_playing(watched)
    assert page.evaluate("game.room.seat") == 1
    assert page.is_hidden("#watch-bar")
    page.keyboard.down("s")
    page.wait_for_timeout(300)
    page.keyboard.up("s")
    page.keyboard.press("t")
    watched.until("game.room.seat === -1")
    assert page.is_visible("#watch-bar")
    page.wait_for_selector("#result:not([hidden])")
    assert "wins" in page.inner_text("#result-title") or "Draw" in page.inner_text("#result-title")
    (path,) = scan(folder / "replays")
    header = read(path).header
    assert [change.controller for change in header.changes] == [1, 0]
    assert [(mark.seat, mark.value) for mark in header.marks] == [(1, -1)]
    kinds = {type(entry.value).__name__ for entry in read_streams(folder / "feedback").entries}
    assert kinds == {"Decision", "Mark"}


def test_two_people_meet_and_one_comes_back(live, program) -> None:
    watched, url, _ = live
    page = watched.page
    page.goto(f"{url}/play?create=1&seats=2&name=Ada&duration=300")
    page.wait_for_selector("#waiting:not([hidden])")
    invitation = page.input_value("#invite")
    assert page.is_visible("#only-here")  # a friend elsewhere cannot open 127.0.0.1
    guest = Watched(program)
    guest.page.goto(f"{url}/")
    guest.page.click("#rooms >> text=Join")
    wait_until_playing(guest)
    wait_until_playing(watched)
    assert guest.page.url.startswith(invitation)
    assert page.is_hidden("#waiting")
    seat = guest.page.evaluate("game.room.seat")
    guest.page.reload()
    wait_until_playing(guest)
    assert guest.page.evaluate("game.room.seat") == seat == 1
    guest.page.evaluate("void game.send('leave')")
    watched.until("game.room.seats[1].controller === 'bot'")
    guest.page.close()
    guest.check()
    page.click("#leave")
    page.wait_for_selector("#create")


def test_a_broken_line_is_mended(live) -> None:
    watched, url, _ = live
    page, lines = watched.page, []

    def pass_on(line) -> None:
        lines.append(line)
        line.connect_to_server()

    page.route_web_socket("**/ws", pass_on)
    page.goto(f"{url}/play?create=1&bots=idle&duration=30")
    wait_until_playing(watched)
    seq = page.evaluate("game.seq")
    lines[0].close()
    watched.until("!document.getElementById('lost').hidden")
    watched.until("document.getElementById('lost').hidden && game.isPlaying")
    assert len(lines) == 2
    assert page.evaluate("game.room.seat") == 0
    tick = page.evaluate("game.snapshots.latest.tick")
    page.keyboard.press("3")  # inputs are heard again
    watched.until(f"game.snapshots.latest.tick > {tick} && game.snapshots.latest.you.cooldowns[3] > 0")
    assert page.evaluate("game.seq") > seq


def test_a_window_whose_seat_another_one_took_says_so(live, program) -> None:
    watched, url, _ = live
    page = watched.page
    page.goto(f"{url}/play?create=1&seats=2&bots=idle&name=Ann&duration=60")
    wait_until_playing(watched)
    kept = page.evaluate("Object.entries(sessionStorage)")
    other = Watched(program)
    other.page.goto(url)
    other.page.evaluate("(kept) => kept.forEach(([name, text]) => sessionStorage.setItem(name, text))", kept)
    other.page.goto(page.url)  # as a duplicated tab does
    wait_until_playing(other)
    page.wait_for_selector(".failure")
    assert "you play this seat in another window now" in page.inner_text(".failure")
    other.page.wait_for_timeout(1500)
    assert other.page.evaluate("game.isPlaying")  # the first window does not take it back
    other.check()
    other.page.close()


def test_keys_can_be_changed(live) -> None:
    watched, url, _ = live
    page = watched.page
    page.goto(f"{url}/play?create=1&bots=idle&duration=30&school=pyromancer")
    wait_until_playing(watched)
    page.click("#open-settings")
    row = page.locator("#key-rows li", has_text="Ability 3: defence")
    row.locator("button").click()
    page.keyboard.press("q")
    assert row.locator("button").inner_text() == "Q"
    row.locator("button").click()
    page.keyboard.press("Escape")
    assert page.is_visible("#settings")
    row.locator("button").click()
    page.keyboard.press("e")  # the key of another action: asked first
    assert "Open a chest" in page.inner_text("#key-note")
    page.click("#key-note >> text=Keep")
    assert row.locator("button").inner_text() == "Q"
    walk = page.locator("#key-rows li", has_text="Walk down").locator("button")
    walk.click()
    page.click("#close-settings")  # is no key
    assert page.is_hidden("#settings")
    page.click("#open-settings")
    assert walk.inner_text() == "S, ↓"
    page.click("#close-settings")
    assert "Q" in page.inner_text("#abilities")
    page.keyboard.press("3")
    page.keyboard.press("q")
    watched.until("game.snapshots.latest.you?.cooldowns[3] > 0")
    assert page.evaluate("JSON.parse(localStorage.getItem('botgame.keys')).defence") == ["KeyQ"]
    assert page.evaluate("localStorage.getItem('botgame.sound')") is None  # off unless somebody turned it on


def test_what_the_server_refuses_is_said(live) -> None:
    watched, url, _ = live
    page = watched.page
    page.goto(f"{url}/play?room=nowhere&name=Ada")
    page.wait_for_selector(".failure")
    page.goto(f"{url}/play?create=1&bots=nobody")
    page.wait_for_selector(".failure")
    assert "nobody" in page.inner_text(".failure")


NO_STORAGE = """for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });"""


def test_pages_work_in_a_browser_that_stores_nothing(program, tmp_path: Path, monkeypatch) -> None:
    with running_server(tmp_path, monkeypatch, speed=1, token="a b&c") as server:
        watched = Watched(program)
        page, url = watched.page, server.url.rstrip("/")
        page.add_init_script(NO_STORAGE)
        page.goto(f"{url}/?token=a+b%26c")
        page.fill("#name", "Ada")
        page.select_option("#opponents select", "idle")
        page.click("#play")
        wait_until_playing(watched)
        assert page.evaluate("game.room.seats[0].name") == "player"  # nothing keeps the name from page to page
        page.click("#open-settings")
        row = page.locator("#key-rows li", has_text="Ability 3: defence")
        row.locator("button").click()
        page.keyboard.press("q")
        page.click("#sound")
        assert page.inner_text("#sound") == "Sound is on"
        page.click("#close-settings")
        page.keyboard.press("q")
        watched.until("game.snapshots.latest.you?.cooldowns[3] > 0")
        seat = page.evaluate("game.room.room")
        break_all_lines(server)
        watched.until("!document.getElementById('lost').hidden")
        watched.until("document.getElementById('lost').hidden && game.isPlaying")
        assert page.evaluate("[game.room.seat, game.room.room]") == [0, seat]
        page.click("#leave")
        page.wait_for_selector("#create")
        watched.until("document.getElementById('status').textContent === ''")
        for _ in range(200):  # the match is recorded after the page has left it
            if list(tmp_path.rglob("*.lmsr")):
                break
            page.wait_for_timeout(50)
        page.goto(f"{url}/replays")
        page.wait_for_selector("#replays tr")
        watched.check()
        page.close()


def break_all_lines(server: HttpServer, forget: bool = False) -> None:
    """All connections of the server break. forget: so do its rooms, as if it had been killed and started again."""

    def act() -> None:
        if forget:
            server.lobby.rooms.clear()
        for connection in list(server.live.connections.values()):
            connection.socket.abort()

    server.servers[0].get_loop().call_soon_threadsafe(act)


def test_a_page_that_comes_back_after_the_server_was_killed_says_so(program, tmp_path: Path, monkeypatch) -> None:
    with running_server(tmp_path, monkeypatch, speed=1) as server:
        watched = Watched(program)
        watched.page.goto(f"{server.url}play?create=1&bots=idle&duration=30")
        wait_until_playing(watched)
        break_all_lines(server, forget=True)
        watched.page.wait_for_selector(".failure")
        assert "The match is gone" in watched.page.inner_text(".failure")
        watched.page.click("text=Back to the lobby")
        watched.page.wait_for_selector("#create")
        watched.check()
        watched.page.close()


def test_a_page_keeps_the_result_when_the_server_stops_and_comes_back(program, tmp_path: Path, monkeypatch) -> None:
    watched = Watched(program)
    page = watched.page
    with running_server(tmp_path, monkeypatch, speed=1) as server:
        port = server.servers[0].sockets[0].getsockname()[1]
        page.goto(f"{server.url}play?create=1&bots=idle&duration=30")
        wait_until_playing(watched)
        old = page.evaluate("game.room.room")
    page.wait_for_selector("#result:not([hidden])")
    assert page.inner_text("#result-title") == "Broken off"
    assert "it counts for nobody" in page.inner_text("#result-note")
    with running_server(tmp_path, monkeypatch, speed=1, port=port) as server:
        other = Client(server)
        other.send(Create(seats=2))
        new = other.until(Room).room
        assert (new.split("-")[0], new != old) == (old.split("-")[0], True)  # as many rooms, and no name twice
        watched.until("document.getElementById('lost').hidden")
        assert page.is_visible("#result")
        assert page.is_visible("#watch-replay")
        page.click("#again")
        wait_until_playing(watched)
    watched.page.close()


def test_a_guest_by_link_chooses_first_and_a_full_room_offers_to_watch(program, tmp_path: Path, monkeypatch) -> None:
    with running_server(tmp_path, monkeypatch, speed=1, token="secret", delay_ticks=0) as server:
        host, guest = Watched(program), Watched(program)
        host.page.goto(f"{server.url}play?create=1&name=Ada&duration=300&token=secret")
        host.page.wait_for_selector("#waiting:not([hidden])")
        code = host.page.inner_text("#room-code").lower()
        link = host.page.input_value("#invite")
        guest.page.goto(link)
        guest.page.fill("#guest-name", "Bob")
        guest.page.click("#schools >> text=cryomancer")
        guest.page.click("#guest-form button.primary")
        wait_until_playing(guest)
        wait_until_playing(host)
        seat = host.page.evaluate("game.room.seats[1]")
        assert (seat["name"], seat["school"]) == ("Bob", "cryomancer")
        third = Watched(program)
        third.page.goto(f"{server.url}?token=secret")
        third.page.fill("#code", code)
        third.page.click("#by-code >> text=Join")
        third.page.wait_for_selector(".failure")
        third.page.click("text=Watch the match")
        third.until("window.game?.snapshots?.latest?.tick > 0")
        guest.page.click("#leave")  # the match is rated: asked first
        assert "counts as a loss" in guest.page.inner_text("#question")
        guest.page.click("#question-answers >> text=Stay")
        assert guest.page.evaluate("game.isPlaying")
        guest.page.click("#leave")
        guest.page.click("#question-answers >> text=Leave")
        guest.page.wait_for_selector("#create")
        host.until("game.room.seats[1].controller === 'bot'")
        (room,) = server.lobby.rooms.values()
        assert list(room.ownership.forfeits) == [1]
        for watched in (host, guest, third):
            watched.check()
            watched.page.close()


def test_both_play_again_in_one_room(program, tmp_path: Path, monkeypatch) -> None:
    with running_server(tmp_path, monkeypatch, speed=8, rules=small_rules()) as server:
        one, two = Watched(program), Watched(program)
        one.page.goto(f"{server.url}play?create=1&name=Ada&duration=10")
        one.page.wait_for_selector("#waiting:not([hidden])")
        two.page.goto(one.page.input_value("#invite"))
        two.page.fill("#guest-name", "Ada")
        two.page.click("#guest-form button.primary")
        two.until("document.getElementById('guest-note').textContent.includes('belongs to another player')")
        two.page.fill("#guest-name", "Bob")
        two.page.click("#guest-form button.primary")
        for watched in (one, two):
            watched.page.wait_for_selector("#result:not([hidden])")
        old = one.page.evaluate("game.room.room")
        assert one.page.evaluate("document.activeElement.id") == "result-title"
        assert "the zone" in one.page.inner_text("#result-rows")
        assert "±" in one.page.inner_text("#result-rows .mine")  # the first rating
        two.until("document.getElementById('result-ratings').hidden === false")
        one.page.click("#again")
        two.page.wait_for_selector("#rematch:not([hidden])")
        assert two.page.inner_text("#rematch") == "Ada wants to play again."
        two.page.click("#again")
        for watched in (one, two):
            watched.until(f"game.room.room !== '{old}' && game.room.state !== 'waiting'")
        assert one.page.evaluate("game.room.room") == two.page.evaluate("game.room.room")
        assert [one.page.evaluate("game.room.seat"), two.page.evaluate("game.room.seat")] == [0, 1]
        one.page.goto(f"{server.url}player?name=Ada")
        one.page.wait_for_selector("#curve svg")
        assert "Bob" in one.page.inner_text("#rows")
        one.page.click("#rows a")
        one.until("window.viewer")
        for watched in (one, two):
            watched.check()
            watched.page.close()


def test_who_is_out_sees_the_rest_late_while_another_person_plays(program, tmp_path: Path, monkeypatch) -> None:
    with running_server(tmp_path, monkeypatch, speed=1, delay_ticks=45, rules=small_rules()) as server:
        one, two = Watched(program), Watched(program)
        one.page.goto(f"{server.url}play?create=1&seats=3&bots=idle&name=Ada&duration=60")
        one.page.wait_for_selector("#waiting:not([hidden])")
        (room,) = server.lobby.rooms.values()
        two.page.goto(one.page.input_value("#invite") + "&name=Bob")
        while room.state != "running":
            one.page.wait_for_timeout(5)
        room.match.arena.state.mages["health"][0, 1:] = 1e5  # only the first dies
        one.until("!document.getElementById('out-note').hidden")
        assert one.page.inner_text("#out-note") == "You are out; this is the rest of the match, 2 s late"
        late = []
        while not late or (min(late) > 90 and len(late) < 50):  # a busy browser draws later still, for a while
            one.page.wait_for_timeout(200)
            late.append(room.match.tick - one.page.evaluate("game.snapshots.latest.tick"))
        assert 30 <= min(late) <= 90
        one.until("!game.known[0].alive && game.graves.length === 1")
        for watched in (one, two):
            watched.check()
            watched.page.close()


def test_a_name_is_kept_from_port_to_port(program, tmp_path: Path, monkeypatch) -> None:
    watched = Watched(program)
    keys = set()
    for _ in range(2):
        with running_server(tmp_path, monkeypatch, speed=1) as server:
            watched.page.goto(f"{server.url}play?create=1&bots=idle&name=Ada")
            wait_until_playing(watched)
            (room,) = server.lobby.rooms.values()
            keys.add(room.name_keys[0])
            watched.page.goto("about:blank")
    assert len(keys) == 1
    assert "" not in keys
    watched.page.close()


def test_the_first_bot_is_the_default_and_two_different_ones_are_watched(live) -> None:
    watched, url, _ = live
    page = watched.page
    page.goto(f"{url}/")
    watched.until("!document.getElementById('watch').disabled")
    assert page.input_value("#opponents select") == "lms_re"
    assert page.evaluate("document.querySelector('#opponents select').selectedIndex") == 0
    assert "expert" in page.inner_text("#opponents .note")
    page.click("#watch")
    watched.until("window.game?.room?.state === 'running'")
    assert [seat["bot"] for seat in page.evaluate("game.room.seats")] == ["kiter", "lms_re"]


def test_a_phone_match_by_touch_from_the_lobby_to_the_result(program, tmp_path: Path, monkeypatch) -> None:
    with running_server(tmp_path, monkeypatch, speed=1) as server:
        watched = Watched(program, 390, 844, touch=True)
        page = watched.page
        page.goto(server.url)
        page.tap("#schools >> text=stormcaller")
        page.select_option("#opponents select", "idle")
        page.evaluate("document.querySelector('#duration').append(new Option('10 s', '10', true, true))")
        page.tap("#play")
        page.wait_for_url("**/play?*")
        wait_until_playing(watched)
        touch = page.context.new_cdp_session(page)

        def finger(kind: str, *points: tuple[int, int]) -> None:
            spots = [{"x": x, "y": y} for x, y in points]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

        finger("touchStart", (80, 500))
        finger("touchMove", (80, 440))
        watched.until("game.input.move === 7 && game.seq > 0")
        finger("touchEnd")
        watched.until("game.input.move === 0")
        finger("touchStart", (300, 300))
        watched.until("game.snapshots.latest.you.cooldowns[0] > 0")
        finger("touchEnd")
        page.tap("#abilities .ability >> nth=3")
        watched.until("game.snapshots.latest.you.cooldowns[3] > 0")
        page.wait_for_selector("#result:not([hidden])")
        assert page.inner_text("#result-title") in ("Victory", "Defeat", "Draw")
        page.tap("#close-result")
        assert page.is_hidden("#result")
        watched.check()
        page.close()


def test_a_guided_match_leads_from_step_to_step_and_can_be_skipped(live) -> None:
    watched, url, _ = live
    page = watched.page
    page.goto(f"{url}/")
    page.fill("#name", "Ada")
    page.click("#guided a")
    wait_until_playing(watched)
    assert page.evaluate("[game.room.rated, game.room.seats[0].name]") == [False, "player"]
    step = "document.getElementById('guide-step').textContent"
    watched.until(f"{step} === 'Step 1 of 5'")
    page.keyboard.down("w")
    watched.until(f"{step} === 'Step 2 of 5'")
    page.keyboard.up("w")
    page.mouse.move(900, 200)
    page.mouse.down()
    watched.until(f"{step} === 'Step 3 of 5'")
    page.mouse.up()
    page.keyboard.press("3")
    watched.until(f"{step} === 'Step 4 of 5'")
    assert "of you): walk up to it and press E" in page.inner_text("#guide-text")
    page.evaluate("game.guide.seen.hasChest = true")
    watched.until(f"{step} === 'Step 5 of 5'")
    page.click("#skip-guide")
    assert page.is_hidden("#guide")
    assert page.evaluate("game.isPlaying")
    page.goto(f"{url}/play?guide=1")
    page.wait_for_selector("#guide:not([hidden])")


def test_a_page_that_names_too_many_bots_says_so(live) -> None:
    watched, url, _ = live
    watched.page.goto(f"{url}/play?create=1&seats=2&bots=idle,idle")
    watched.page.wait_for_selector(".failure")
    assert "spectate" in watched.page.inner_text(".failure")


def test_the_countdown_is_shown_and_nobody_acts(program, tmp_path: Path, monkeypatch) -> None:
    with running_server(tmp_path, monkeypatch, speed=1, countdown_ticks=60) as server:
        watched = Watched(program)
        page = watched.page
        page.goto(f"{server.url}play?create=1&bots=lms_re&duration=30")
        watched.until("document.getElementById('countdown').textContent === '1'")
        page.keyboard.down("w")
        assert page.evaluate("game.seq") == 0
        watched.until("game.seq > 0")  # a key that is held counts from the start on
        assert page.evaluate("game.snapshots.latest.tick") >= 60
        watched.until("document.getElementById('countdown').textContent === ''")
        watched.check()
        page.close()
