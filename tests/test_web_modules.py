"""The arithmetic of the web client, run in a browser and held against the simulation's."""

from __future__ import annotations

import numpy as np
import pytest

from botgame.game import Due
from botgame.lms.arena import Arena, Limits
from botgame.lms.game import lms
from botgame.lms.rules import DIRECTIONS, MOVES, TICKS_PER_SECOND, Rules
from botgame.lms.simulation.sight import line_is_free
from botgame.server import protocol
from browsing import SITE, Watched, browser, needs_browser, serve_files

pytestmark = needs_browser
RULES = Rules()


@pytest.fixture(scope="module")
def page():
    with browser() as program:
        watched = Watched(program)
        serve_files(watched.page)
        watched.page.goto(f"{SITE}/blank")
        yield watched.page
        watched.check()


def run(page, modules: str, body: str, data=None):
    """The value of the JavaScript `body`, with each module's exports in a variable of its name."""
    paths = modules.split()
    names = ", ".join(path.split("/")[-1] for path in paths)
    imports = ", ".join(f'import("/static/js/{path}.js")' for path in paths)
    return page.evaluate(f"async (data) => {{ const [{names}] = await Promise.all([{imports}]); {body} }}", data)


def walk_about(seed: int, ticks: int = 240) -> dict:
    """A person's mage that changes direction at random: its path as simulated, and the held moves."""
    arena = Arena(1, 2, RULES)
    arena.reset(0, seed, (0, 1), 3600, [Limits(0, 0)] * 2)
    mages = arena.state.mages[0]
    random = np.random.default_rng(seed)
    path, moves, move = [], [], 0
    for tick in range(ticks):
        if tick % 9 == 0:
            move = int(random.integers(0, 9))
            arena.act(Due(np.zeros(1, np.int32), np.zeros(1, np.int32)), np.array([[0, 7, move, 0, 0, 0]]))
        path.append((float(mages["x"][0]), float(mages["y"][0])))
        moves.append(move)
        arena.run(1)
    walls = ["".join(map(str, row)) for row in arena.state.walls[0].tolist()]
    return {"walls": walls, "path": path, "moves": moves, "directions": MOVES.tolist()}


def test_walking_is_that_of_the_simulation(page):
    for seed in range(4):
        data = walk_about(seed)
        data["step"], data["radius"] = RULES.mage_speed / 30, RULES.mage_radius
        walked = run(
            page,
            "live/walking",
            """let [x, y] = data.path[0];
            return data.moves.map((move) => {
              const before = [x, y];
              const [dx, dy] = data.directions[move];
              [x, y] = walking.walk(data.walls, x, y, dx * data.step, dy * data.step, data.radius);
              return before;
            });""",
            data,
        )
        assert np.abs(np.array(walked) - data["path"]).max() < 1e-9
        assert np.ptp(np.array(data["path"]), axis=0).min() > 1  # it did get about


def test_prediction_meets_the_simulation_when_the_server_catches_up(page):
    """Snapshots arrive 4 ticks late; what is shown is what the server will say of that tick, whatever was pressed."""
    data = walk_about(11)
    data["rules"] = {"mage_speed": RULES.mage_speed, "mage_radius": RULES.mage_radius}
    gaps = run(
        page,
        "live/prediction",
        """const late = 4, gaps = [];
        const me = new prediction.Predictor(data.walls, data.directions, data.rules, 30);
        let seq = 0, ack = 0;
        const sent = [];
        for (let tick = late; tick < data.path.length; tick++) {
          const now = tick - late;  // the snapshot that has just arrived
          if (tick === late || data.moves[tick] !== data.moves[tick - 1]) {
            me.sent(++seq, data.moves[tick], tick + 1);
            sent.push([seq, tick]);
          }
          for (const [number, when] of sent) if (when < now) ack = number;
          const [x, y] = data.path[now];
          const held = now > 0 ? data.moves[now - 1] : 0;
          me.reconcile(now, { x, y, vx: 0, vy: 0, dash: 0, slow: 0, move: held }, ack, tick);
          if (tick < 2 * late) me.fade(10);  // before the first input nothing was known of the walk
          const shown = me.place(tick);
          if (tick > 2 * late) gaps.push(Math.hypot(shown.x - data.path[tick][0], shown.y - data.path[tick][1]));
        }
        return gaps;""",
        data,
    )
    assert len(gaps) > 200
    assert max(gaps) < 1e-6


def test_a_surprise_fades_and_a_blink_jumps(page):
    far, near = run(
        page,
        "live/prediction",
        """const walls = Array.from({ length: 20 }, (_, k) => k % 19 ? "1" + "0".repeat(18) + "1" : "1".repeat(20));
        const still = { vx: 0, vy: 0, dash: 0, slow: 0, move: 0 };
        return [5, 0.5].map((jump) => {
          const me = new prediction.Predictor(walls, [[0, 0]], { mage_speed: 4, mage_radius: 0.4 }, 30);
          me.reconcile(1, { x: 5, y: 5, ...still }, 0, 2);
          me.reconcile(2, { x: 5 + jump, y: 5, ...still }, 0, 3);
          const at = [me.place(3).x];
          me.fade(0.08);
          at.push(me.place(3).x);
          return at;
        });""",
    )
    assert far == [10, 10]
    assert near[0] == 5
    assert near[1] == pytest.approx(5.5 - 0.5 / np.e)


def test_sight_is_that_of_the_simulation(page):
    """Points inside the polygon have a free line to the eyes, points outside have none or are too far."""
    arena = Arena(1, 8, RULES)
    arena.reset(0, 3, (0,) * 8, 3600)
    walls = arena.state.walls[0]
    eyes = [(float(mage["x"]), float(mage["y"])) for mage in arena.state.mages[0]]
    data = {"walls": ["".join(map(str, row)) for row in walls.tolist()], "eyes": eyes, "reach": RULES.sight}
    polygons = run(
        page, "draw/sight", "return data.eyes.map(([x, y]) => sight.sightPolygon(data.walls, x, y, data.reach));", data
    )
    random, checked, wrong = np.random.default_rng(1), 0, 0
    for (x, y), corners in zip(eyes, polygons, strict=True):
        for px, py in random.uniform(1, len(walls) - 1, (300, 2)):
            if walls[int(py), int(px)]:
                continue
            near = np.hypot(px - x, py - y) <= RULES.sight
            free = near and bool(line_is_free(walls, x, y, px, py))
            checked += 1
            wrong += free != _inside(np.array(corners), px, py)
    assert checked > 1500
    assert wrong / checked < 0.01  # rays beside corners, and chords instead of the circle


def _inside(corners: np.ndarray, x: float, y: float) -> bool:
    ax, ay = corners.T
    bx, by = np.roll(corners, -1, axis=0).T
    crossing = ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / np.where(by == ay, 1, by - ay) + ax)
    return bool(crossing.sum() % 2)


def snapshot(tick: int, x: float, shots: list) -> dict:
    mage = {"seat": 0, "x": x, "y": 2.0, "fx": 1, "fy": 0, "vx": 0, "vy": 0, "alive": True}
    zone = {"x": 5, "y": 5, "r": 9 - tick / 10, "target": 3, "closes": 0, "closed": 90}
    return {"tick": tick, "view": -1, "zone": zone, "mages": [mage], "shots": shots, "items": [], "events": []}


def test_snapshots_are_blended(page):
    shot = {"id": 7, "x": 4.0, "y": 4.0, "vx": 30.0, "vy": 0.0}
    states = [snapshot(10, 1.0, [shot]), snapshot(12, 1.4, []), snapshot(14, 9.0, [dict(shot, id=8)])]
    seen = run(
        page,
        "live/snapshots",
        """const buffer = new snapshots.Snapshots(30);
        data.states.forEach((state) => buffer.push(state, 1000 + (state.tick * 1000) / 30));
        return [buffer.tickAt(1400), ...data.ticks.map((tick) => {
          const world = buffer.at(tick);
          return [world.mages[0].x, world.zone.r, world.shots.map((shot) => [shot.id, shot.x])];
        })];""",
        {"states": states, "ticks": [11, 12.9, 13.1, 13.5, 99]},
    )
    assert seen[0] == pytest.approx(12)
    assert seen[1] == [pytest.approx(1.2), pytest.approx(7.9), [[7, pytest.approx(5)]]]
    assert seen[2][0] == 1.4  # a jump of 3.8 cells a tick is a blink: nobody is seen in between
    assert seen[3][0] == 9.0
    assert seen[4][2] == [[8, pytest.approx(3.5)]]
    assert seen[5][0] == 9.0


def test_the_clock_follows_fast_packets_and_forgets_slow_ones(page):
    ticks = run(
        page,
        "live/snapshots",
        """const buffer = new snapshots.Snapshots(30);
        const state = (tick) => ({ tick, view: -1, mages: [], shots: [], items: [] });
        for (let tick = 0; tick < 300; tick++) buffer.push(state(tick), tick * (1000 / 30) + (tick % 10 ? 5 : 80));
        return buffer.tickAt(300 * (1000 / 30));""",
    )
    assert ticks == pytest.approx(300 - 0.15, abs=0.5)


def test_the_pages_know_the_protocol_of_the_server(page):
    names = ("PROTOCOL", "GAME", "TICK_RATE", "FATAL_CODES")
    known = run(page, "page/connection", "return data.map((name) => connection[name]);", names)
    assert known == [protocol.PROTOCOL_VERSION, protocol.GAME, TICKS_PER_SECOND, list(protocol.FATAL)]


def test_aims_and_moves_are_counted_as_the_simulation_does(page):
    bins = run(page, "live/input", "return data.map(([x, y]) => input.aimBin(3 * x, 3 * y));", DIRECTIONS.tolist())
    assert bins == list(range(32))
    moves = run(
        page,
        "live/input",
        """const held = ["", "right", "right down", "down", "down left", "left", "left up", "up", "up right", "up down"]
          .map((actions) => actions.split(" "));
        const keys = { actionOf: () => null };
        const hands = new input.Input(document.documentElement, keys, { isPaused: () => false });
        return held.map((actions) => { hands.held = new Set(actions); return hands.move; });""",
    )
    assert moves == [*range(9), 0]
    for move, (x, y) in enumerate(MOVES.tolist()[1:], 1):
        assert run(page, "live/input", "return input.aimBin(data[0], data[1]);", [x, y]) == 4 * (move - 1)


def test_keys_are_remembered_and_never_do_two_things(page):
    before, after, reset, broken = run(
        page,
        "page/keymap",
        """localStorage.clear();
        const keys = new keymap.Keymap();
        const before = [keys.actionOf("KeyE"), keys.actionOf("KeyW"), keys.label("bolt")];
        keys.assign("offence", "KeyE");
        const again = new keymap.Keymap();
        const after = [again.actionOf("KeyE"), again.codes.interact, again.label("offence"), again.actionOf("Digit1")];
        again.reset();
        const reset = [again.actionOf("KeyE"), new keymap.Keymap().actionOf("KeyE")];
        const broken = ["{", '{"up": 3}', '{"up": [4]}', "null"].map((text) => {
          localStorage.setItem("botgame.keys", text);
          return new keymap.Keymap().codes.up[0];
        });
        return [before, after, reset, broken];""",
    )
    assert before == ["interact", "up", "LMB"]
    assert after == ["offence", [], "E", None]
    assert reset == ["interact", "interact"]
    assert broken == ["KeyW"] * 4


def test_sound_is_off_until_it_is_turned_on(page):
    made, silent, far, kept = run(
        page,
        "page/sound",
        """localStorage.clear();
        const noise = new sound.Sound();
        const made = [];
        noise.tone = (...how) => made.push(how);
        noise.noise = (...how) => made.push(how);
        const heard = (event, x) => {
          made.length = 0;
          noise.play({ seat: 1, x, y: 0, ...event }, { x: 0, y: 0 }, [0, 2], 0);
          return made.length;
        };
        const events = [1, 2, 3, 4].map((verb) => ({ kind: "cast", verb }));
        events.push({ kind: "impact", row: 1 }, { kind: "hit" }, { kind: "pickup", item: 0 }, { kind: "kill", by: 0 });
        const silent = events.map((event) => heard(event, 1));
        noise.toggle();
        const near = events.map((event) => heard(event, 1));
        return [near, silent, events.map((event) => heard(event, 99)), new sound.Sound().on];""",
    )
    assert min(made) >= 1
    assert set(silent) == set(far) == {0}
    assert kept is True


def test_slow_machines_draw_fewer_pixels_and_fast_ones_get_them_back(page):
    ratios = run(
        page,
        "draw/resolution",
        """const pixels = new resolution.Resolution(1.5);
        const after = (ms, frames) => { for (let k = 0; k < frames; k++) pixels.next(ms); return pixels.ratio; };
        return [pixels.ratio, after(60, 45), after(60, 900), after(16, 4500)];""",
    )
    assert ratios == [1.5, 1.2, 0.6, 1.5]


def test_events_are_drawn_by_their_age_alone(page):
    """The same picture of a moment, whether time ran forwards or was sought: pixels are compared."""
    equal, empty, full = run(
        page,
        "draw/effects",
        """const events = [
          { kind: "cast", seat: 0, verb: 3, x: 2, y: 2, dx: 1, dy: 0, tx: 4, ty: 2, tick: 10 },
          { kind: "cast", seat: 1, verb: 4, x: 5, y: 5, dx: 1, dy: 0, tick: 12 },
          { kind: "impact", seat: 0, row: 1, school: 0, x: 5, y: 3, end: "mage", victim: 1, tick: 14 },
          { kind: "kill", seat: 1, by: 0, x: 5, y: 5, tick: 15 },
        ];
        const picture = (ticks) => {
          const past = new effects.Effects([0, 2], data, 30);
          [...events].reverse().forEach((event) => past.add(event));
          const canvas = new OffscreenCanvas(240, 240);
          const ctx = canvas.getContext("2d", { willReadFrequently: true });
          for (const tick of ticks) {
            ctx.setTransform(1, 0, 0, 1, 0, 0);
            ctx.clearRect(0, 0, 240, 240);
            ctx.setTransform(30, 0, 0, 30, 0, 0);
            past.drawScars(ctx, tick);
            past.drawAbove(ctx, tick);
          }
          return ctx.getImageData(0, 0, 240, 240).data;
        };
        const painted = (pixels) => pixels.reduce((sum, value) => sum + (value > 0), 0);
        const equal = String(picture([11, 13, 17])) === String(picture([300, 17]));
        return [equal, painted(picture([9])), painted(picture([17]))];""",
        RULES.to_dict()["abilities"],
    )
    assert equal
    assert empty == 0
    assert full > 10_000


def test_only_the_names_of_bots_are_shortened(page):
    shown = run(
        page,
        "page/dom",
        """const seats = [
          { name: "x/lms_re", bot: "" },
          { name: "lms_re.pt", bot: "lms_re" },
          { name: "artifacts/alphastar/pi_rl.pt", bot: "artifacts/alphastar/pi_rl.pt" },
        ];
        const names = ["human:x/lms_re", "remote:lms_re.onnx", "runs/pi.onnx", "lms_re"];
        return [...seats.map(dom.playerName), ...names.map(dom.shortName), ...dom.numbered(["a", "b", "a"])];""",
    )
    assert shown == ["x/lms_re", "lms_re.pt", "pi_rl", "x/lms_re", "lms_re.onnx", "pi", "lms_re", "a 1", "b", "a 2"]


@pytest.mark.parametrize("how", ["forbidden", "full", "missing"])
def test_values_last_as_long_as_the_page_where_the_browser_keeps_none(page, how):
    kept = run(
        page,
        "page/storage",
        """const fail = () => { throw new DOMException("no", "SecurityError"); };
        const broken = { forbidden: fail, full: () => ({ getItem: () => "old", setItem: fail, removeItem: fail }) };
        storage.local.find = broken[data] ?? (() => undefined);
        const before = storage.local.read("a");
        const isKept = storage.local.write("a", "1");
        const after = storage.local.read("a");
        storage.local.remove("a");
        return [before, isKept, after, storage.local.read("a"), storage.session.write("b", "2")];""",
        how,
    )
    old = "old" if how == "full" else None
    assert kept == [old, False, "1", old, True]


def test_every_bot_of_the_game_is_explained(page):
    notes = run(page, "lobby/bot_notes", "return Object.keys(bot_notes.BOT_NOTES);")
    assert set(notes) == {*lms().bots, *lms().checkpoints}


def test_levels_come_first_by_their_ratings_with_what_they_are(page):
    lines = [
        {"bot": "level-2", "level": 2, "rating": 40, "note": "slow", "facts": "reacts in 0.3 s"},
        {"bot": "level-1", "level": 1, "rating": -310, "note": "", "facts": "as trained"},
        {"bot": "runs/pi.pt@level-3", "level": 3, "rating": 0, "note": "", "facts": "as trained"},
    ]
    groups, notes = run(
        page,
        "lobby/levels",
        """levels.setLevels(data);
        const groups = levels.botOptions(["lms_re", ...data.map((line) => line.bot)]).map((group) => [
          group.label, [...group.children].map((option) => [option.value, option.textContent])]);
        return [groups, ["level-2", "level-1", "lms_re", "x.pt"].map(levels.botNote)];""",
        lines,
    )
    assert groups == [
        [
            "Levels, rated (lms_re has 0)",
            [
                ["level-1", "Level 1: \u2212310"],
                ["runs/pi.pt@level-3", "pi, level 3: +0"],
                ["level-2", "Level 2: +40"],
            ],
        ],
        ["Other bots", [["lms_re", "lms_re"]]],
    ]
    assert notes[:2] == ["slow; reacts in 0.3 s", "as trained"]
    assert notes[2].startswith("the expert")
    assert notes[3] == ""


def test_equal_names_are_numbered(page):
    names = ["lms_re", "Ann", "lms_re", "lms_re"]
    shown = run(page, "page/dom", "return dom.numbered(data);", names)
    assert shown == ["lms_re 1", "Ann", "lms_re 2", "lms_re 3"]


def test_key_moments_of_a_duel_and_of_many(page):
    duel = {
        "rules": {"health": 100},
        "rate": 30,
        "ticks": 400,
        "events": [
            {"kind": "hit", "tick": 5, "seat": 0, "by": -1, "damage": 9},  # the zone draws no first blood
            {"kind": "hit", "tick": 10, "seat": 1, "by": 0, "damage": 9},
            {"kind": "hit", "tick": 20, "seat": 0, "by": 1, "damage": 9},
        ],
        "graves": [{"kind": "kill", "tick": 399, "seat": 1, "by": 0}],
        "mages": [
            {"health": [100] * 20 + [12.5] * 200 + [60] * 181},
            {"health": [100] * 10 + [80] * 90 + [10] * 250 + [20] * 50},  # dips, and at the end dies
        ],
    }
    many = {**duel, "events": [], "mages": [{"health": [100] * 401}] * 3}
    many["graves"] = [
        {"tick": tick, "seat": 0, "by": by} for tick, by in ((50, 0), (60, 1), (70, 1), (80, -1), (90, 1))
    ]
    found = run(page, "film/moments", "return data.map((film) => moments.keyMoments(film));", [duel, many])
    assert [(event["kind"], event["tick"], event["seat"]) for event in found[0]] == [
        ("first_blood", 10, 1),
        ("lead", 20, 1),
        ("near_death", 20, 0),
        ("near_death", 100, 1),
        ("lead", 220, 0),
    ]
    assert found[0][2]["health"] == 13
    assert [(event["kind"], event["tick"], event["seat"]) for event in found[1]] == [("lead", 70, 1)]
