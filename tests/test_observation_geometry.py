"""The geometry in the observation against literal, slow oracles: threats, leads, ranges, steps, map, items, zone."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from botgame.lms.fields import BLOCKED_STEP, RANGE, RASTER_CELLS
from botgame.lms.observing.threats import SIDELESS, THREAT_MISS
from botgame.lms.rules import DIRECTIONS, ITEM_KINDS, MOVES
from botgame.lms.spec import ARENA_SPEC
from observed_states import (
    RULES,
    TABLES,
    column,
    empty_state,
    entity,
    freeze,
    observe,
    privileged,
    random_state,
    row,
)

TICK, STEPS = 100, 20_000
SHOT = {
    "dx": st.floats(-7, 7),
    "dy": st.floats(-7, 7),
    "turn": st.floats(-1.2, 1.2),
    "speed": st.floats(0.2, 0.7),
    "lasts": st.integers(0, 40),
    "school": st.integers(0, 2),
    "ability": st.integers(0, 1),
}


def with_shot(state, dx, dy, vx, vy, lasts=40, school=0, ability=0, owner=1):
    shot, me = state.shots[0, owner * 6 : owner * 6 + 1], state.mages[0, 0]
    shot["x"], shot["y"], shot["vx"], shot["vy"] = me["x"] + dx, me["y"] + dy, vx, vy
    shot["ends"], shot["school"], shot["row"], shot["owner"] = TICK + lasts, school, ability, owner
    shot["active"], shot["factor"] = 1, 1.0
    freeze(state)
    return state


def flight(state, dx, dy, vx, vy, lasts):
    """Times, places and distances of a flight past the seat in small steps, cut off where a wall is met."""
    me, times = state.mages[0, 0], np.linspace(0, lasts, STEPS)
    x, y = dx + vx * times, dy + vy * times
    column_, row_ = (me["x"] + x).astype(int), (me["y"] + y).astype(int)
    last = state.walls.shape[1] - 1
    walls = state.walls[0, np.clip(row_, 0, last), np.clip(column_, 0, last)]
    end = int(np.argmax(walls)) + 1 if walls.any() else STEPS
    return times[:end], x[:end], y[:end], bool(walls.any())


def blocked_path(state, dx, dy, vx, vy):
    """Whether a wall stops the flight while it still comes closer, and its distances to the seat."""
    _, x, y, hits = flight(state, dx, dy, vx, vy, 60)
    path = np.hypot(x, y)
    return hits and int(np.argmin(path)) == len(path) - 1, path


@settings(derandomize=True, deadline=None, max_examples=60)
@given(**SHOT)
def test_threat_is_the_closest_point_of_the_flight(dx, dy, turn, speed, lasts, school, ability):
    distance = math.hypot(dx, dy)
    assume(distance > 0.1)
    angle = math.atan2(-dy, -dx) + turn
    vx, vy = speed * math.cos(angle), speed * math.sin(angle)
    state = with_shot(empty_state(), dx, dy, vx, vy, lasts, school, ability)
    seen, (times, x, y, _) = observe(state), flight(state, dx, dy, vx, vy, lasts)
    best = int(np.argmin(np.hypot(x, y)))
    miss, time = float(np.hypot(x, y)[best]), float(times[best])
    reach = max(THREAT_MISS, float(TABLES.abilities[school, ability]["blast"]))
    assume(abs(miss - reach) > 1e-3 and (time > 0.01 or lasts == 0))
    shot = seen["entities"][1]
    assert shot[entity("is_shot")] == 1
    assert shot[entity("time")] == pytest.approx(time / 30, abs=2e-4)
    assert shot[entity("miss")] == pytest.approx(min(miss / 2, 1.5), abs=1e-3)
    assert shot[entity("threat")] == (miss < reach and lasts > 0) == seen["scalars"][column("threat1_flag")]
    if miss > 2 * SIDELESS:
        escape = shot[[entity("escape_x"), entity("escape_y")]]
        assert escape == pytest.approx([-x[best] / miss, -y[best] / miss], abs=0.05)
    if miss < reach and lasts > 0:
        assert seen["vectors"][row("threat1_escape")] == pytest.approx(shot[[entity("escape_x"), entity("escape_y")]])
        assert seen["vectors"][row("threat1_direction")] == pytest.approx([vx / speed, vy / speed], abs=1e-6)
        assert seen["scalars"][column("threat1_miss")] == shot[entity("miss")]
        assert seen["scalars"][column("threat1_time")] == shot[entity("time")]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.floats(-math.pi, math.pi), st.floats(1.0, 6.0), st.floats(-0.5, 0.5), st.booleans())
def test_walls_stop_threats_but_not_the_blast_at_the_wall(seed, angle, distance, turn, fireball):
    state = empty_state()
    walls, me = state.walls[0], state.mages[0, 0]
    walls[1:-1, 1:-1] = np.random.default_rng(seed).random(walls[1:-1, 1:-1].shape) < 0.1
    walls[9:13, 9:13] = 0  # a mage keeps its radius from walls
    dx, dy = distance * math.cos(angle), distance * math.sin(angle)
    assume(not walls[int(me["y"] + dy), int(me["x"] + dx)])
    vx, vy = -0.3 * math.cos(angle + turn), -0.3 * math.sin(angle + turn)
    with_shot(state, dx, dy, vx, vy, 60, 0, int(fireball))
    aside = [blocked_path(state, dx - k * vy, dy + k * vx, vx, vy)[0] for k in (-0.2, 0.0, 0.2)]
    assume(len(set(aside)) == 1)  # grazes no corner
    blocked, path = blocked_path(state, dx, dy, vx, vy)
    reach = max(THREAT_MISS, 1.8 * fireball)
    if blocked:
        near, limit, slack = path[-1], 1.8 * fireball, 0.32  # the wall is found to a tick of flight
    else:
        near, limit, slack = path.min(), reach, 1e-2
    assume(abs(near - limit) > slack)
    assert observe(state)["scalars"][column("threat1_flag")] == float(near < limit)


def test_threats_are_ranked_by_time_and_own_shots_come_last():
    state = empty_state()
    with_shot(state, 0.5, 1.0, 0.0, -0.1, owner=0)
    me, shots = state.mages[0, 0], state.shots[0]
    for k, (dx, vx) in enumerate(((6.0, -0.3), (-3.0, 0.3), (4.0, -0.7), (2.0, 0.3))):
        shots[6 + k] = shots[0]
        shots["x"][6 + k], shots["y"][6 + k] = me["x"] + dx, me["y"] + 0.4
        shots["vx"][6 + k], shots["vy"][6 + k], shots["owner"][6 + k] = vx, 0.0, 1
    freeze(state)
    seen = observe(state)
    table, scalars = seen["entities"], seen["scalars"]
    assert table[1:5, entity("x")] == pytest.approx([0.4, -0.3, 0.6, 0.2])
    assert table[1:5, entity("threat")].tolist() == [1, 1, 1, 0]
    assert [scalars[column(f"threat{k}_time")] for k in (1, 2)] == pytest.approx([4 / 0.7 / 30, 10 / 30])
    assert seen["vectors"][row("threat2_direction")].tolist() == [1, 0]
    state.shots["active"][0, 6:] = 0
    freeze(state)
    own = observe(state)["entities"][1]
    assert own[[entity("is_shot"), entity("own"), entity("threat"), entity("time")]].tolist() == [1, 1, 0, 0]


def test_a_shot_straight_at_the_seat_has_a_fixed_way_out():
    for side in (1e-12, -1e-12, 0.0):
        seen = observe(with_shot(empty_state(), 4.0, side, -0.3, 0.0))
        assert seen["vectors"][row("threat1_escape")].tolist() == [0, -1]
        assert seen["scalars"][column("threat1_miss")] == pytest.approx(0, abs=1e-6)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.floats(-6, 6),
    st.floats(-6, 6),
    st.floats(-0.13, 0.13),
    st.floats(-0.13, 0.13),
    st.integers(0, 7),
    st.integers(0, 2),
)
def test_a_shot_along_the_lead_vector_meets_an_enemy_that_keeps_its_velocity(dx, dy, vx, vy, reaction, school):
    assume(math.hypot(dx, dy) > 0.5)
    state = empty_state()
    me, enemy = state.mages[0, :1], state.mages[0, 1:]
    me["reaction"], me["school"], me["vx"] = reaction, school, 0.05
    enemy["x"], enemy["y"], enemy["vx"], enemy["vy"] = me["x"] + dx, me["y"] + dy, vx, vy
    freeze(state)
    vectors, ticks = observe(state)["vectors"], np.linspace(0, 200, 200_001)
    for ability, name in enumerate(("lead_bolt", "lead_offence")):
        speed = float(TABLES.abilities[school, ability]["speed"])
        aim = vectors[row(name)].astype(float)
        x = dx + (vx - 0.05) * reaction + vx * ticks - aim[0] * speed * ticks
        y = dy + vy * reaction + vy * ticks - aim[1] * speed * ticks
        assert np.hypot(x, y).min() < 2e-3


@pytest.mark.parametrize("seed", range(10))
def test_ranges_and_blocked_steps_agree_with_small_steps(seed):
    state = random_state(seed)
    scalars, me, walls = observe(state)["scalars"], state.mages[0, 0], state.walls[0]
    for k in range(16):
        x, y = (me[axis] + DIRECTIONS[2 * k, i] * np.linspace(0, RANGE, 8001) for i, axis in enumerate("xy"))
        inside = (x >= 0) & (y >= 0) & (x < len(walls)) & (y < len(walls))
        hit = np.ones(len(x), bool)
        hit[inside] = walls[y[inside].astype(int), x[inside].astype(int)] != 0
        free = np.argmax(hit) / 8000 if hit.any() else 1.0
        assert scalars[column(f"range_{k}")] == pytest.approx(free, abs=3e-4)
    for k in range(1, len(MOVES)):
        x, y = me["x"] + BLOCKED_STEP * MOVES[k, 0], me["y"] + BLOCKED_STEP * MOVES[k, 1]
        cells = np.argwhere(walls != 0)
        gap_x = np.maximum(np.maximum(cells[:, 1] - x, x - cells[:, 1] - 1), 0)
        gap_y = np.maximum(np.maximum(cells[:, 0] - y, y - cells[:, 0] - 1), 0)
        near = np.hypot(gap_x, gap_y).min() < RULES.mage_radius * 0.9
        assert scalars[column(f"blocked_{k}")] == float(near)


def test_open_space_points_away_from_walls():
    state = empty_state()
    assert not observe(state)["vectors"][row("open_space")].any()
    state.mages["x"][0, 0] = 1.6
    freeze(state)
    seen = observe(state)
    assert seen["vectors"][row("open_space")] == pytest.approx([1, 0], abs=1e-3)
    assert [seen["scalars"][column(f"blocked_{k}")] for k in range(1, 9)] == [0, 0, 0, 1, 1, 1, 0, 0]
    state.walls[0, :, 3] = 1
    freeze(state)
    assert np.abs(observe(state)["scalars"][column("blocked_1")]) == 0  # three tenths are left
    state.mages["x"][0, 0] = 2.4
    freeze(state)
    assert observe(state)["scalars"][column("blocked_1")] == 1


@pytest.mark.parametrize("seed", range(10))
def test_raster_agrees_with_a_drawing_cell_by_cell(seed):
    state = random_state(seed)
    me, match, walls = state.mages[0, 0], state.matches[0], state.walls[0]
    expected = np.zeros((4, RASTER_CELLS, RASTER_CELLS), np.uint8)
    left, top = (math.floor(me[axis] + 0.5) - RASTER_CELLS // 2 for axis in "xy")
    for r in range(RASTER_CELLS):
        for c in range(RASTER_CELLS):
            x, y = left + c, top + r
            on_grid = 0 <= x < len(walls) and 0 <= y < len(walls)
            expected[0, r, c] = 255 if not on_grid or walls[y, x] else 0
            off = math.hypot(x + 0.5 - match["zone_x"], y + 0.5 - match["zone_y"])
            expected[1, r, c] = 255 if off >= match["zone_r"] else 0
            for channel, things in ((2, state.items[0]), (3, state.shots[0])):
                for thing in things[(things["x"].astype(int) == x) & (things["y"].astype(int) == y)]:
                    value = _brightness(thing, channel, me)
                    expected[channel, r, c] = max(expected[channel, r, c], value)
    assert np.array_equal(observe(state)["raster"], expected)


def _brightness(thing, channel, me):
    if math.hypot(thing["x"] - me["x"], thing["y"] - me["y"]) > RULES.sight:
        return 0
    if channel == 2:
        return 64 * (int(thing["kind"]) + 1) - 1 if thing["available"] else 0
    return (128 if thing["owner"] == 0 else 255) if thing["active"] else 0


@pytest.mark.parametrize("seed", range(10))
def test_items_zone_and_enemy_agree_with_the_state(seed):
    state = random_state(seed, seats=5)
    state.mages["alive"] = 1
    freeze(state)
    seen, me, match = observe(state), state.mages[0, 0], state.matches[0]
    scalars, vectors = seen["scalars"], seen["vectors"]
    for kind, name in enumerate(ITEM_KINDS):
        items = state.items[0][(state.items[0]["kind"] == kind) & (state.items[0]["available"] != 0)]
        away = np.hypot(items["x"] - me["x"], items["y"] - me["y"])
        near = min((d for d in away if d <= RULES.sight), default=0.0)
        assert scalars[column(f"item_{name}")] == float(near > 0)
        assert scalars[column(f"item_{name}_distance")] == pytest.approx(near / 10, abs=1e-6)
        if near:
            best = items[int(np.argmin(away))]
            expected = [(best["x"] - me["x"]) / near, (best["y"] - me["y"]) / near]
            assert vectors[row(f"item_{name}")] == pytest.approx(expected, abs=1e-6)
    off = math.hypot(match["zone_x"] - me["x"], match["zone_y"] - me["y"])
    assert scalars[column("zone_edge")] == pytest.approx(np.clip((match["zone_r"] - off) / 10, -1.5, 1.5), abs=1e-6)
    first = seen["entities"][0]
    for name in ("health", "shield", "slowed", "rune", "speed_x", "speed_y", "distance"):
        expected = first[entity(name)] if first[entity("is_mage")] else 0.0
        assert scalars[column(f"enemy_{name}")] == expected
    assert scalars[column("enemy_visible")] == first[entity("is_mage")]
    nearest = min(range(1, 5), key=lambda p: math.hypot(*(state.mages[axis][0, p] - me[axis] for axis in "xy")))
    hidden = seen["privileged"]
    assert hidden[privileged("health")] == pytest.approx(state.mages["health"][0, nearest] / 100)
    assert hidden[privileged("sees_me")] == float(state.mages["visible"][0, nearest] & 1)
    assert hidden[privileged("enemies_health")] == pytest.approx(state.mages["health"][0, 1:].sum() / 400)


def test_zone_shrinks_between_hold_and_close():
    state = empty_state()
    for share, shrinking in ((0.1, 0), (0.16, 1), (0.29, 1), (0.31, 0), (0.85, 1), (0.95, 0)):
        state.matches["tick"] = round(share * 3600)
        freeze(state)
        scalars = observe(state)["scalars"]
        assert scalars[column("zone_shrinking")] == shrinking
        assert scalars[column("time")] == pytest.approx(share, abs=1e-3)


def test_enemy_closing_is_its_own_speed_towards_the_seat():
    state = empty_state()
    state.mages["vx"][0] = [0.05, -RULES.mage_speed / 30]
    freeze(state)
    seen = observe(state)
    assert seen["scalars"][column("enemy_closing")] == pytest.approx(1)
    assert seen["vectors"][[row("enemy"), row("velocity"), row("enemy_velocity")]].tolist() == [[1, 0], [1, 0], [-1, 0]]
    assert ARENA_SPEC.entity_position_scale == 10.0
    assert seen["entities"][0, entity("x")] == pytest.approx(0.2)


@pytest.mark.parametrize("seed", range(12))
def test_clearance_is_the_miss_distance_of_walking_on(seed):
    state = random_state(seed)
    me = state.mages[0, 0]
    seen = observe(state)
    scalars, vectors = seen["scalars"].astype(float), seen["vectors"].astype(float)
    tick, reaction = int(state.matches[0]["tick"]), int(me["reaction"])
    held = int(me["last"][2]) if me["decided"] >= 0 else 0
    since = min(tick - int(me["decided"]), reaction) if me["decided"] >= 0 else 0
    speed = 4.0 / 30 * (1 - me["slow"]) * (1 - me["self_slow"])
    walked = (reaction - since) * np.array([me["vx"], me["vy"]]) + since * speed * MOVES[held]
    for move in range(9):
        expected = 1.0
        for k in (1, 2):
            left = scalars[column(f"threat{k}_time")] * 30 - reaction
            if scalars[column(f"threat{k}_flag")] and left > 1e-4:
                escape = vectors[row(f"threat{k}_escape")]
                stays = move > 0 and scalars[column(f"blocked_{move}")]
                step = np.zeros(2) if stays else MOVES[move] * speed * left
                miss = scalars[column(f"threat{k}_miss")] * 2 + (walked + step) @ escape
                expected = min(expected, abs(miss) / 2)
        assert scalars[column(f"clear_{move}")] == pytest.approx(expected, abs=2e-3)
    toward = vectors[row("enemy" if scalars[column("enemy_visible")] else "seen")]
    assert scalars[column("held_toward")] == pytest.approx(float(toward @ MOVES[held]), abs=1e-5)
    across = toward[0] * MOVES[held][1] - toward[1] * MOVES[held][0]
    assert scalars[column("held_across")] == pytest.approx(float(across), abs=1e-5)
