"""The rules of a tick, one by one, on an empty arena with mages put where the test wants them."""

import itertools

import numpy as np
import pytest

from arena_play import SIZES, fighter_actions, play, started
from botgame.game import Due
from botgame.lms.actions import AIM, DELAY, HEAD_NAMES, LEAD, MOVE, TARGET, VERB
from botgame.lms.arena import Arena, Limits
from botgame.lms.rules import BOLT, DEFENCE, DIRECTIONS, INTERACT, MOBILITY, MOVES, OFFENCE, Rules
from botgame.lms.simulation.state import FRAMES
from botgame.lms.spec import ARENA_SPEC

RULES = Rules()
PYRO, CRYO, STORM = range(3)
NEVER = 10**6


def scene(*places: tuple[float, float], schools=None, seats: int = 0, rules: Rules = RULES) -> Arena:
    """People-controlled mages at `places` on an arena without pillars and items; the rest stand in a corner."""
    arena = Arena(1, max(seats, len(places)), rules)
    limits = [Limits(0, 0)] * arena.seats
    arena.reset(0, 1, schools or [PYRO] * arena.seats, 3600, limits)
    arena.state.walls[0, 1:-1, 1:-1] = 0
    arena.state.items["available"] = 0
    for seat, (x, y) in enumerate(places):
        arena.state.mages["x"][0, seat], arena.state.mages["y"][0, seat] = x, y
    return arena


def do(arena: Arena, seat: int, verb: int = 0, move: int = 0, aim: int = 0) -> np.ndarray:
    due = Due(np.array([0], np.int32), np.array([seat], np.int32))
    return arena.act(due, np.array([[verb, 0, move, 0, aim, 0]]))[0]


def wait(arena: Arena, ticks: int = 1) -> None:
    arena.state.mages["due"] = NEVER
    arena.advance(ticks)


def mage(arena: Arena, seat: int = 0) -> np.void:
    return np.array(arena.state.mages[0, seat])[()]


def put_item(arena: Arena, kind: int, x: float, y: float) -> np.void:
    item = arena.state.items[0, 0]
    item["kind"], item["x"], item["y"], item["available"] = kind, x, y, 1
    return item


def test_a_mage_walks_at_its_speed_and_stops_at_a_wall():
    arena = scene((5, 5), (15, 15))
    do(arena, 0, move=1)
    wait(arena, 30)
    assert mage(arena)["x"] == pytest.approx(5 + RULES.mage_speed)
    assert mage(arena)["vx"] == pytest.approx(RULES.mage_speed / 30)
    wait(arena, 200)
    assert mage(arena)["x"] == pytest.approx(21 - RULES.mage_radius)
    assert mage(arena)["vx"] == 0.0


def test_a_mage_slides_along_a_wall_and_around_a_corner():
    arena = scene((5, 5.2), (15, 15))
    arena.state.walls[0, 4, 8] = 1  # its lower edge at y = 5
    do(arena, 0, move=1)
    wait(arena, 45)
    assert mage(arena)["x"] > 9.5
    assert mage(arena)["y"] == pytest.approx(5.4)


def test_walls_are_never_entered():
    arena = started(list(range(12)), 4, 1200)
    radius = RULES.mage_radius
    while len((due := arena.advance()).slot):
        actions = fighter_actions(arena, due)
        actions[:, 0] = np.where(arena.state.mages["ready"][due.slot, due.seat, 2] <= 0, MOBILITY, actions[:, 0])
        actions[:, 4] = actions[:, 2] * 3
        arena.act(due, actions)
        for walls, mages in zip(arena.state.walls, arena.state.mages, strict=True):
            rows, columns = np.nonzero(walls)
            dx = mages["x"][:, None] - np.clip(mages["x"][:, None], columns, columns + 1)
            dy = mages["y"][:, None] - np.clip(mages["y"][:, None], rows, rows + 1)
            assert (np.hypot(dx, dy) > radius - 1e-9).all()
        if arena.state.matches["tick"].min() > 400:
            break


def test_a_bolt_hits_for_its_damage_and_costs_mana_and_time():
    arena = scene((5, 5), (9, 5))
    assert do(arena, 0, BOLT)[0] == BOLT
    wait(arena)
    bolt = RULES.abilities[PYRO][0]
    assert mage(arena)["mana"] == pytest.approx(100 - bolt.mana)
    assert mage(arena)["ready"][0] == 1 + round(bolt.cooldown * 30)
    wait(arena, 15)
    assert mage(arena, 1)["health"] == 100 - bolt.damage
    assert mage(arena)["damage_dealt"] == mage(arena, 1)["damage_taken"] == bolt.damage
    assert not arena.state.shots["active"].any()
    assert do(arena, 0, BOLT)[0] == 0
    assert mage(arena)["illegal"] == 1


def test_a_shot_ends_with_its_range_and_at_walls():
    arena = scene((2, 5), (20.5, 20.5))
    do(arena, 0, BOLT)
    bolt = RULES.abilities[PYRO][0]
    flight = round(bolt.range / bolt.speed * 30)
    wait(arena, flight - 1)
    assert arena.state.shots["active"].sum() == 1
    assert arena.state.shots["x"].max() == pytest.approx(2 + (flight - 1) * bolt.speed / 30)
    wait(arena)
    assert arena.state.shots["active"].sum() == 0
    arena = scene((2, 5.5), (6, 5.5))
    arena.state.walls[0, 5, 4] = 1
    do(arena, 0, BOLT)
    wait(arena, 30)
    assert mage(arena, 1)["health"] == 100


def test_a_target_leads_the_shot_of_its_visible_row():
    arena = scene((5, 5), (5, 12))
    do(arena, 1, move=1)
    wait(arena, 6)
    due = Due(np.array([0], np.int32), np.array([0], np.int32))
    for lead, hits in ((0, False), (3, True)):
        copy = arena.snapshot()
        assert arena.act(due, np.array([[BOLT, 0, 0, 1, 7, lead]]))[0].tolist() == [BOLT, 0, 0, 1, 0, lead]
        wait(arena, 30)
        assert (mage(arena, 1)["health"] < 100) == hits
        arena.restore(copy)
    assert arena.act(due, np.array([[BOLT, 0, 0, 2, 7, 0]]))[0].tolist() == [0] * 6


def test_a_fireball_bursts_around_the_one_it_hits_but_not_on_its_caster():
    arena = scene((5, 5), (6.5, 5), (6.5, 6.2))
    do(arena, 0, OFFENCE)
    wait(arena, 10)
    fireball = RULES.abilities[PYRO][1]
    assert mage(arena, 1)["health"] == 100 - fireball.damage
    assert mage(arena, 2)["health"] == 100 - fireball.blast_damage
    assert mage(arena, 0)["health"] == 100


def test_frost_slows_for_its_duration():
    arena = scene((5, 5), (7, 5), schools=[CRYO, PYRO])
    do(arena, 0, OFFENCE)
    wait(arena, 6)
    lance = RULES.abilities[CRYO][1]
    assert mage(arena, 1)["slow"] == lance.slow
    do(arena, 1, move=3)
    wait(arena, 2)
    assert mage(arena, 1)["vy"] == pytest.approx(RULES.mage_speed / 30 * (1 - lance.slow))
    wait(arena, 60)
    assert mage(arena, 1)["slow"] == 0
    assert mage(arena, 1)["vy"] == pytest.approx(RULES.mage_speed / 30)


def test_a_ward_absorbs_then_wears_off():
    arena = scene((5, 5), (8, 5), schools=[PYRO, CRYO])
    do(arena, 1, DEFENCE)
    wait(arena)
    block = RULES.abilities[CRYO][3]
    assert (mage(arena, 1)["shield"], mage(arena, 1)["self_slow"]) == (block.absorb, block.self_slow)
    do(arena, 0, OFFENCE)
    wait(arena, 15)
    assert mage(arena, 1)["health"] == 100
    assert mage(arena, 1)["shield"] == block.absorb - RULES.abilities[PYRO][1].damage
    assert mage(arena)["damage_dealt"] == 0
    wait(arena, 75)
    assert (mage(arena, 1)["shield"], mage(arena, 1)["self_slow"]) == (0, 0)


def test_gust_sweeps_enemy_shots_and_slows():
    arena = scene((5, 5), (8, 5), schools=[PYRO, STORM])
    do(arena, 0, BOLT)
    wait(arena, 4)
    do(arena, 1, DEFENCE)
    wait(arena, 20)
    assert mage(arena, 1)["health"] == 100
    assert mage(arena, 1)["shield"] == RULES.abilities[STORM][3].absorb
    assert mage(arena)["slow"] == RULES.abilities[STORM][3].slow


def test_ember_ward_hurts_those_around_at_once():
    arena = scene((5, 5), (7, 5))
    do(arena, 0, DEFENCE)
    wait(arena)
    assert mage(arena, 1)["health"] == 100 - RULES.abilities[PYRO][3].blast_damage


def test_a_dash_goes_where_it_is_aimed():
    arena = scene((5, 5), (15, 15))
    do(arena, 0, MOBILITY, move=1, aim=8)
    rush = RULES.abilities[PYRO][2]
    ticks = round(rush.duration * 30)
    wait(arena, ticks)
    assert mage(arena)["y"] == pytest.approx(5 + rush.speed / 30 * ticks)
    assert mage(arena)["x"] == pytest.approx(5)
    wait(arena)
    assert mage(arena)["vx"] == pytest.approx(RULES.mage_speed / 30)


def test_a_blink_jumps_over_walls_to_the_last_clear_place():
    blink = RULES.abilities[STORM][2]
    arena = scene((5, 5.5), (15, 15), schools=[STORM, PYRO])
    arena.state.walls[0, 5, 7] = 1
    do(arena, 0, MOBILITY)
    wait(arena)
    assert mage(arena)["x"] == pytest.approx(5 + blink.range)
    arena = scene((5, 5.5), (15, 15), schools=[STORM, PYRO])
    arena.state.walls[0, 5, 8:12] = 1
    do(arena, 0, MOBILITY)
    wait(arena)
    assert 7.3 < mage(arena)["x"] <= 8 - RULES.mage_radius


def test_items_are_picked_up_by_those_who_need_them():
    arena = scene((5, 5), (15, 15))
    item = put_item(arena, 0, 5, 5)
    wait(arena)
    assert item["available"] == 1
    arena.state.mages["health"][0, 0] = 50
    wait(arena)
    assert (item["available"], mage(arena)["health"]) == (0, 50 + RULES.heal)
    put_item(arena, 2, 5, 5)
    wait(arena)
    do(arena, 0, BOLT)
    wait(arena)
    assert arena.state.shots["factor"].max() == RULES.rune_damage


def test_a_contested_item_goes_to_the_nearest_and_ties_are_drawn():
    winners = []
    for seed in range(60):
        arena = scene((5, 5), (6, 5))
        arena.state.matches["seed"] = seed
        arena.state.mages["health"] = 50
        put_item(arena, 0, 5.5, 5)
        wait(arena)
        winners.append(int(arena.state.mages["health"][0].argmax()))
        assert arena.state.mages["health"][0].sum() == 100 + RULES.heal
    assert 15 < sum(winners) < 45
    arena = scene((5, 5), (6, 5))
    arena.state.mages["health"] = 50
    put_item(arena, 0, 5.6, 5)
    wait(arena)
    assert mage(arena, 1)["health"] == 50 + RULES.heal


def test_a_chest_opens_by_interacting_within_reach():
    arena = scene((5, 5), (15, 15))
    item = put_item(arena, 3, 5 + RULES.interact_radius + 0.1, 5)
    arena.state.mages["health"][0, 0] = arena.state.mages["mana"][0, 0] = 20
    assert do(arena, 0, INTERACT)[0] == 0
    wait(arena)
    item["x"] = 6
    assert do(arena, 0, INTERACT)[0] == INTERACT
    wait(arena)
    assert item["available"] == 0
    assert mage(arena)["health"] == 20 + RULES.heal
    assert mage(arena)["mana"] == pytest.approx(20 + RULES.mana_gain + 2 * RULES.mana_regen / 30)
    assert mage(arena)["rune_until"] == 2 + RULES.rune_duration * 30


def test_a_chest_that_two_open_goes_to_the_nearer():
    arena = scene((5, 5), (7, 5))
    put_item(arena, 3, 6.1, 5)
    arena.state.mages["health"] = 20
    do(arena, 0, INTERACT)
    do(arena, 1, INTERACT)
    wait(arena)
    assert arena.state.mages["health"][0].tolist() == [20, 20 + RULES.heal]


def test_wards_cast_in_one_tick_absorb_each_others_bursts():
    arena = scene((5, 5), (7, 5))
    do(arena, 0, DEFENCE)
    do(arena, 1, DEFENCE)
    wait(arena)
    ward = RULES.abilities[PYRO][3]
    assert arena.state.mages["health"][0].tolist() == [100, 100]
    assert arena.state.mages["shield"][0].tolist() == [ward.absorb - ward.blast_damage] * 2


def test_those_who_die_in_one_tick_tie():
    arena = scene((5, 5), (7, 5))
    arena.state.mages["health"] = 5
    do(arena, 0, BOLT)
    do(arena, 1, BOLT, aim=16)
    wait(arena, 20)
    outcome = arena.outcome(0)
    assert outcome.places.tolist() == [1, 1]
    assert outcome.kills.tolist() == [1, 1]
    assert outcome.damage_dealt.tolist() == [5, 5]
    assert (outcome.death_ticks == outcome.ticks).all()
    assert arena.done[0]


def test_places_follow_the_order_of_deaths():
    arena = scene((5, 5), (11, 11), (15, 15), (17, 17), schools=[0] * 4)
    for seats, place in (([1, 3], 3), ([0], 2)):
        arena.state.mages["health"][0, seats] = 0.001
        for seat in seats:
            arena.state.mages["x"][0, seat] = 1.5
        arena.state.matches["tick"] = 3200
        wait(arena)
        assert [mage(arena, seat)["place"] for seat in seats] == [place] * len(seats)
    assert mage(arena, 2)["place"] == 1
    assert arena.done[0]
    assert arena.outcome(0).kills.sum() == 0


def test_survivors_share_the_place_when_time_is_up():
    arena = scene((10.9, 11), (11.1, 11), (11, 11.1))
    arena.state.matches["tick"] = 3598
    wait(arena, 1)
    assert not arena.done[0]
    arena.state.mages["health"] = 100
    wait(arena, 1)
    assert arena.done[0]
    assert arena.outcome(0).places.tolist() == [1, 1, 1]


def test_the_zone_closes_and_hurts_more_and_more():
    arena = scene((1.5, 1.5), (20.5, 20.5))
    radii, damage = [], []
    for share in np.linspace(0, 0.99, 40):
        arena.state.matches["tick"] = round(share * 3600)
        arena.state.mages["health"] = 100
        wait(arena)
        radii.append(float(arena.state.matches["zone_r"][0]))
        damage.append(100 - float(mage(arena)["health"]))
    assert radii[0] == 15
    assert radii[-1] == 0
    assert all(a >= b for a, b in itertools.pairwise(radii))
    hurt = [d for d in damage if d > 0]
    assert len(hurt) > 25
    assert all(a < b for a, b in itertools.pairwise(hurt))
    assert damage[-1] == pytest.approx(RULES.zone_damage_end / 30, rel=0.02)


@pytest.mark.parametrize("seats", [2, 7, 16])
def test_matches_end_by_their_duration(seats):
    arena = started(list(range(6)), seats, 300)
    play(arena)
    assert arena.done.all()
    for match in range(6):
        outcome = arena.outcome(match)
        assert outcome.ticks <= 300
        assert outcome.places.min() == 1
        for place in outcome.places:
            assert (outcome.places < place).sum() == place - 1


def test_sight_needs_distance_and_a_free_line():
    arena = scene((5, 5.5), (9, 5.5))
    wait(arena, 3)
    assert mage(arena)["visible"] == 2
    assert mage(arena)["seen_tick"] == 3
    arena.state.walls[0, 5, 7] = 1
    wait(arena, 3)
    assert mage(arena)["visible"] == mage(arena, 1)["visible"] == 0
    assert (mage(arena)["seen_x"], mage(arena)["seen_seat"]) == (9, 1)
    arena.state.walls[0, 5, 7] = 0
    arena.state.mages["x"][0, 1] = 5.1 + RULES.sight
    wait(arena, 3)
    assert mage(arena)["visible"] == 0


def test_past_frames_hold_the_last_ticks():
    arena = scene((5, 5), (15, 15))
    do(arena, 0, BOLT, move=1)
    wait(arena, 20)
    for age in range(FRAMES):
        slot = (20 - age) % FRAMES
        assert arena.state.past_matches["tick"][0, slot] == 20 - age
        assert arena.state.past_mages["x"][0, slot, 0] == pytest.approx(mage(arena)["x"] - age * RULES.mage_speed / 30)
        assert arena.state.past_shots["active"][0, slot].sum() == 1


def test_tables_of_directions_and_moves_fit_the_heads():
    assert SIZES.tolist() == [6, 8, 9, 5, 32, 5]
    assert tuple(head.name for head in ARENA_SPEC.heads) == HEAD_NAMES
    assert [ARENA_SPEC.head_index(name) for name in HEAD_NAMES] == [VERB, DELAY, MOVE, TARGET, AIM, LEAD]
    assert mage(scene((5, 5), (9, 5)))["choice"].shape == (len(HEAD_NAMES),)
    np.testing.assert_allclose(np.linalg.norm(DIRECTIONS, axis=1), 1)
    np.testing.assert_array_equal(DIRECTIONS[16:], -DIRECTIONS[:16])
    angle = np.arctan2(DIRECTIONS[:, 1], DIRECTIONS[:, 0])
    np.testing.assert_allclose(np.mod(angle, 2 * np.pi), np.arange(32) / 32 * 2 * np.pi, atol=1e-12)
    np.testing.assert_array_equal(MOVES[1:], DIRECTIONS[::4])
