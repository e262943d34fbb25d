"""What a seat sees: bounds, fog, delay, symmetry, table, mask, and the same bits compiled or not."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import observed_states as states
from botgame.game import Due
from botgame.lms import fields
from botgame.lms.arena import Arena, Limits
from botgame.lms.fields import MAX_ITEMS, MAX_MAGES, MAX_SHOTS
from botgame.lms.observing.observation import Observer, observed_of
from botgame.lms.observing.page import page
from botgame.lms.rules import VERBS
from botgame.lms.simulation.ranking import allocate_ranking
from botgame.lms.simulation.sight import rank_enemies
from botgame.lms.simulation.state import FRAMES
from botgame.lms.spec import ARENA_SPEC, HEADS
from botgame.spec import OBSERVED
from observed_states import IS_CURRENT, column, empty_state, entity, freeze, observe, privileged, random_state, row
from toy_game import TOY_SPEC

ROOT = Path(__file__).resolve().parent.parent
SIZES = np.array([head.size for head in HEADS])
CASES = [(seed, seats) for seats in (2, 5, 16) for seed in range(8)]


def started(seats=2, seed=5, reaction=4, matches=1):
    arena = Arena(matches, seats)
    for b in range(matches):
        schools = [(b + seat) % 3 for seat in range(seats)]
        arena.reset(b, seed + b, schools, 900, [Limits(reaction, 1)] * seats)
    return arena


def everyone(arena):
    seats = np.arange(arena.seats, dtype=np.int32)
    return Due(np.repeat(np.arange(arena.matches, dtype=np.int32), arena.seats), np.tile(seats, arena.matches))


def random_actions(rng, rows):
    return rng.integers(0, SIZES, (rows, len(SIZES)))


@pytest.mark.parametrize("seats", [2, 6])
def test_every_field_is_finite_and_bounded_in_whole_matches(seats):
    arena, rng = started(seats, matches=4), np.random.default_rng(seats)
    rows = 0
    while len((due := arena.advance()).slot):
        observation = arena.observe(due)
        for key in ("scalars", "vectors", "entities", "privileged"):
            assert np.isfinite(observation[key]).all()
            assert np.abs(observation[key]).max() <= 1.5
        lengths = np.linalg.norm(observation["vectors"], axis=-1)
        assert np.all((lengths < 1e-6) | (np.abs(lengths - 1) < 1e-5))
        arena.act(due, random_actions(rng, len(due.slot)))
        rows += len(due.slot)
    assert rows > 500


@pytest.mark.parametrize("seed", range(6))
def test_an_unseen_enemy_changes_only_the_privileged_fields(seed):
    state = random_state(seed)
    state.mages["visible"] = 0
    state.shots["active"] = 0
    freeze(state)
    before = observe(state)
    enemy = state.mages[0, 1:]
    enemy["x"], enemy["y"], enemy["vx"], enemy["health"], enemy["school"] = 5.5, 6.5, 0.1, 33.0, 1
    enemy["alive"] = 1
    freeze(state)
    after = observe(state)
    for key, array in before.items():
        assert np.array_equal(array, after[key]) == (key != "privileged"), key


def test_the_observation_is_the_state_of_reaction_ticks_ago():
    delay, arena, rng = 5, started(matches=2), np.random.default_rng(0)
    seats, prompt = everyone(arena), {}
    leads = [row("lead_bolt"), row("lead_offence")]
    for _ in range(150):
        tick = int(arena.state.matches["tick"][0])
        observed = {}
        for reaction in (0, delay):
            arena.state.mages["reaction"] = reaction
            observed[reaction] = arena.observe(seats)
        prompt[tick], now = observed[0], observed[delay]
        then = prompt[max(0, tick - delay)]
        assert np.array_equal(now["scalars"][:, ~IS_CURRENT], then["scalars"][:, ~IS_CURRENT])
        assert np.array_equal(now["scalars"][:, IS_CURRENT], observed[0]["scalars"][:, IS_CURRENT])
        assert np.array_equal(now["privileged"], observed[0]["privileged"])
        for key in ("entities", "entity_mask", "raster", "legal"):
            assert np.array_equal(now[key], then[key]), key
        assert np.array_equal(np.delete(now["vectors"], leads, 1), np.delete(then["vectors"], leads, 1))
        due = arena.advance(0)
        arena.act(due, random_actions(rng, len(due.slot)))
        arena.advance(1)
    assert tick == 149


def half_turn(state):
    """Turn a state by 180 degrees about the arena's centre, in place."""
    cells = state.walls.shape[1]
    state.walls[:] = state.walls[:, ::-1, ::-1].copy()
    for things in (state.matches, state.mages, state.shots, state.items):
        for name in things.dtype.names:
            if name in ("x", "y", "seen_x", "seen_y", "zone_x", "zone_y"):
                things[name] = cells - things[name]
            if name in ("vx", "vy", "face_x", "face_y", "dash_x", "dash_y"):
                things[name] = -things[name]
    held = state.mages["last"][..., 2]
    state.mages["last"][..., 2] = np.where(held > 0, (held + 3) % 8 + 1, 0)
    freeze(state)


@pytest.mark.parametrize(("seed", "seats"), CASES)
def test_half_a_turn_of_the_arena_negates_all_directions(seed, seats):
    state = random_state(seed, seats)
    before = observe(state)
    half_turn(state)
    after = observe(state)
    assert np.allclose(after["vectors"], -before["vectors"], atol=1e-5)
    assert np.array_equal(after["raster"], before["raster"][:, ::-1, ::-1])
    assert np.array_equal(after["legal"], before["legal"])
    scalars = before["scalars"].copy()
    for name in ("speed_x", "speed_y", "enemy_speed_x", "enemy_speed_y"):
        scalars[column(name)] *= -1
    for first, count in (("range_0", 16), ("blocked_1", 8), ("last_move_1", 8), ("clear_1", 8)):
        block = slice(column(first), column(first) + count)
        scalars[block] = np.roll(scalars[block], count // 2)
    assert np.allclose(after["scalars"], scalars, atol=1e-5)
    table, hidden = before["entities"].copy(), before["privileged"].copy()
    for name in ("x", "y", "direction_x", "direction_y", "speed_x", "speed_y", "escape_x", "escape_y"):
        table[:, entity(name)] *= -1
    for name in ("x", "y", "speed_x", "speed_y"):
        hidden[privileged(name)] *= -1
    assert np.allclose(after["entities"], table, atol=1e-5)
    assert np.allclose(after["privileged"], hidden, atol=1e-5)


@pytest.mark.parametrize(("seed", "seats"), CASES)
def test_the_table_has_valid_rows_first_in_groups_and_in_order(seed, seats):
    state = random_state(seed, seats)
    seen = observe(state)
    table, mask = seen["entities"], seen["entity_mask"]
    count = int(mask.sum())
    assert mask[:count].all()
    assert not table[count:].any()
    kinds = table[:count, entity("is_mage") : entity("is_chest") + 1]
    assert np.array_equal(kinds.sum(1), np.ones(count))
    group = np.minimum(kinds.argmax(1), 2)
    assert np.array_equal(group, np.sort(group))
    limits = np.bincount(group, minlength=3)
    assert np.all(limits <= [MAX_MAGES, MAX_SHOTS, MAX_ITEMS])
    for kind in (0, 2):
        distance = table[:count][group == kind, entity("distance")]
        assert np.array_equal(distance, np.sort(distance))
    expected = _in_sight(state)
    assert limits.tolist() == expected


def _in_sight(state):
    mages, me = state.mages[0], state.mages[0, 0]
    enemies = sum(bool(me["visible"] >> p & 1) and bool(mages["alive"][p]) for p in range(1, len(mages)))
    counts = [min(enemies, MAX_MAGES)]
    for things, flag, most in ((state.shots[0], "active", MAX_SHOTS), (state.items[0], "available", MAX_ITEMS)):
        near = (things["x"] - me["x"]) ** 2 + (things["y"] - me["y"]) ** 2 <= states.RULES.sight**2
        counts.append(min(int((near & (things[flag] != 0)).sum()), most))
    return counts


def test_target_slots_are_the_rows_of_the_table_the_seat_saw():
    arena, rng, aimed = started(seats=6, seed=3, matches=4), np.random.default_rng(1), 0
    while len((due := arena.advance()).slot) and aimed < 40:
        seen = arena.observe(due)
        actions = random_actions(rng, len(due.slot))
        actions[:, 0], actions[:, 3] = 1, rng.integers(1, 1 + MAX_MAGES, len(due.slot))
        frames = arena.state.past_mages.copy()
        accepted = arena.act(due, actions)
        for n, (b, p) in enumerate(zip(due.slot, due.seat, strict=True)):
            if accepted[n, 3] == 0:
                continue
            mage, aimed = arena.state.mages[b, p], aimed + 1
            frame = frames[b, max(0, int(arena.state.matches["tick"][b]) - int(mage["reaction"])) % FRAMES]
            target, line = frame[int(mage["target"])], seen["entities"][n, accepted[n, 3] - 1]
            assert line[entity("x")] == pytest.approx((target["x"] - frame["x"][p]) / 10, abs=1e-6)
            assert line[entity("y")] == pytest.approx((target["y"] - frame["y"][p]) / 10, abs=1e-6)
    assert aimed >= 20


def test_target_rows_of_the_mask_count_the_visible_mages():
    for seed, seats in CASES:
        state = random_state(seed, seats)
        listed = rank_enemies(state.mages[0], 0, allocate_ranking(MAX_MAGES))
        legal = observe(state)["legal"]
        assert legal[ARENA_SPEC.slices["target"]].tolist() == [k <= listed for k in range(1 + MAX_MAGES)]
        for head in ("delay", "move", "aim", "lead"):
            assert legal[ARENA_SPEC.slices[head]].all()


def test_without_delay_the_arena_accepts_exactly_the_legal_verbs():
    arena, rng, tried = (
        started(seed=11, reaction=0, matches=3),
        np.random.default_rng(2),
        np.zeros((len(VERBS), 2), int),
    )
    for _ in range(120):
        due = arena.advance()
        if not len(due.slot):
            break
        seen, before = arena.observe(due), arena.snapshot()
        ready = (seen["scalars"][:, column("spacing_left")] == 0) & (seen["scalars"][:, column("budget")] > 0)
        for verb in range(len(VERBS)):
            actions = np.zeros((len(due.slot), len(SIZES)), np.int64)
            actions[:, 0] = verb
            accepted = arena.act(due, actions)[:, 0] == verb
            legal = seen["legal"][:, ARENA_SPEC.slices["verb"]][:, verb]
            assert np.array_equal(accepted[ready], legal[ready])
            tried[verb] += [int(legal.sum()), int((~legal).sum())]
            arena.restore(before)
        arena.act(due, random_actions(rng, len(due.slot)))
    assert (tried[1:5] > 0).all()
    assert tried[0, 1] == 0


def test_interact_is_legal_with_a_closed_chest_in_reach():
    state = empty_state()
    chest = state.items[0, :1]
    chest["x"], chest["y"] = state.mages["x"][0, 0] + 1.3, state.mages["y"][0, 0]
    verb = ARENA_SPEC.slices["verb"].start + VERBS.index("interact")
    for kind, available, legal in ((3, 1, True), (3, 0, False), (0, 1, False)):
        chest["kind"], chest["available"] = kind, available
        freeze(state)
        seen = observe(state)
        assert seen["legal"][verb] == legal == (seen["scalars"][column("castable_interact")] == 1)


def test_memory_of_own_actions_is_current():
    arena = started(seed=1)
    due = arena.advance()
    start = arena.observe(due)["scalars"]
    assert not start[:, column("last_verb_none") : column("since_decision") + 1].any()
    arena.act(due, np.array([[1, 0, 3, 0, 7, 0]] * 2))
    due = arena.advance()
    now = arena.observe(due)["scalars"][0]
    assert now[column("last_verb_bolt")] == now[column("last_move_3")] == 1
    assert now[column("last_delay")] == np.float32(2 / 20) == now[column("since_decision")]
    assert now[column("budget")] == np.float32(21 / 22)
    assert now[column("spacing_left")] == np.float32(1 / 3)
    assert now[column("mana")] == 1  # what the bolt cost is seen later


def test_the_spec_names_every_array_with_its_shape_and_dtype():
    seen = started(seats=3).observe(Due(np.zeros(3, np.int32), np.arange(3, dtype=np.int32)))
    assert {name: (array.shape[1:], array.dtype) for name, array in seen.items()} == ARENA_SPEC.arrays
    assert tuple(ARENA_SPEC.arrays) == OBSERVED
    assert list(ARENA_SPEC.policy_arrays) == [name for name in OBSERVED if name != "privileged"]


def test_a_game_without_some_arrays_has_them_without_columns():
    assert list(TOY_SPEC.policy_arrays) == ["scalars", "legal"]
    shapes = {name: array.shape for name, array in TOY_SPEC.blank(3).items()}
    assert shapes.pop("scalars") == (3, 3)
    assert shapes.pop("legal") == (3, 5)
    assert shapes.pop("privileged") == (3, 1)
    assert all(0 in shape for shape in shapes.values())


def test_arrays_reach_the_kernel_by_name_in_whatever_order():
    arrays = ARENA_SPEC.blank(2)
    reordered = dict(reversed(arrays.items()))
    assert all(one is other for one, other in zip(observed_of(reordered), arrays.values(), strict=True))
    assert observed_of(reordered)._fields == OBSERVED


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("raster", lambda array: array.astype(np.float32), "`raster` is float32"),
        ("entities", lambda array: array.astype(np.float64), "`entities` is float64"),
        ("scalars", lambda array: array[:, :-1].copy(), "`scalars` is float32"),
        ("legal", lambda array: array[:-1].copy(), "`legal` is bool"),
        ("vectors", np.asfortranarray, "`vectors` is .* in C order"),
        ("privileged", lambda _array: None, "has the arrays"),
        ("colours", lambda _array: np.zeros(2), "found .*colours"),
    ],
)
def test_arrays_that_do_not_fit_the_kernel_are_refused(name, change, message):
    arrays = ARENA_SPEC.blank(2)
    arrays[name] = change(arrays.pop(name, None))
    with pytest.raises(ValueError, match=message):
        observed_of({name: array for name, array in arrays.items() if array is not None})


def test_bad_seats_are_refused():
    arena = started(matches=2)
    observer, due = Observer(arena.state, arena.tables), everyone(arena)
    with pytest.raises(ValueError, match=r"expected \[N\]"):
        observer.observe(due.slot[:3], due.seat)
    for match, seat in (([0], [2]), ([2], [0]), ([-1], [0]), ([0], [-1])):
        with pytest.raises(IndexError):
            observer.observe(np.array(match), np.array(seat))
    assert observer.observe(due.slot[:0], due.seat[:0])["scalars"].shape == (0, len(ARENA_SPEC.scalars))


def test_every_cell_of_the_output_is_written(monkeypatch):
    state, filled = random_state(3), []
    observer = Observer(state, states.TABLES)
    for byte in (0, 1):
        monkeypatch.setattr(np, "empty", lambda shape, dtype=float, byte=byte: _full_of(byte, shape, dtype))
        filled.append(observer.observe(np.zeros(2, np.int32), np.arange(2, dtype=np.int32)))
    assert all(np.array_equal(filled[0][key], filled[1][key]) for key in filled[0])


def _full_of(byte, shape, dtype):
    array = np.zeros(shape, dtype)
    array.view(np.uint8)[...] = byte
    return array


def test_compiled_and_plain_python_give_the_same_bits():
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, str(ROOT / "tests" / "observed_states.py")]
    plain = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert plain.stderr == ""
    assert plain.stdout.strip() == states.observations_digest()


def test_every_field_has_a_name_of_its_own_and_a_meaning_and_the_page_is_current():
    for table in (fields.SCALARS, fields.VECTORS, fields.ENTITIES, fields.RASTER, fields.PRIVILEGED):
        assert all(field.meaning for field in table)
        assert len({field.name for field in table}) == len(table)
    assert (ROOT / "docs" / "observation.md").read_text(encoding="utf-8") == page()
