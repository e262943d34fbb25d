"""No seat profits from its index: relabelled seats play the same match, and equals win half of it."""

import numpy as np
import pytest

from arena_play import fighter_actions, play, started
from botgame.lms.arena import Arena
from botgame.lms.simulation.state import SHOTS_PER_SEAT


def relabel(arena: Arena, twin: Arena, order: np.ndarray) -> None:
    """Make `twin` a copy of `arena` at tick 0 with seat p called `order[p]`."""
    twin.restore(arena.snapshot())
    for mages, source in ((twin.state.mages, arena.state.mages), (twin.state.past_mages, arena.state.past_mages)):
        mages[..., order] = source
        bits = np.zeros(source.shape, np.int32)
        for seat, name in enumerate(order):
            bits |= (source["visible"] >> seat & 1) << name
        mages["visible"][..., order] = bits
    seen = arena.state.mages["seen_seat"]
    twin.state.mages["seen_seat"][..., order] = np.where(seen < 0, -1, order[seen])


@pytest.mark.parametrize("seats", [2, 5])
def test_relabelled_seats_play_the_same_match(seats):
    arena, twin = started(list(range(20)), seats), started(list(range(20)), seats)
    order = np.random.default_rng(seats).permutation(seats) if seats > 2 else np.array([1, 0])
    relabel(arena, twin, order)
    while len((due := arena.advance()).slot):
        twin_due = twin.advance()
        name = order[due.seat].astype(np.int32)
        at = {(b, p): n for n, (b, p) in enumerate(zip(twin_due.slot, twin_due.seat, strict=True))}
        rows = np.array([at[b, p] for b, p in zip(due.slot, name, strict=True)])
        assert len(twin_due.slot) == len(rows)
        actions = fighter_actions(arena, due)
        twin_actions = np.empty_like(actions)
        twin_actions[rows] = actions
        np.testing.assert_array_equal(twin.act(twin_due, twin_actions)[rows], arena.act(due, actions))
    assert len(twin.advance().slot) == 0
    for field in ("place", "death_tick", "kills", "health", "damage_dealt", "x", "y"):
        np.testing.assert_allclose(
            twin.state.mages[field][:, order], arena.state.mages[field], rtol=1e-9, atol=1e-9, err_msg=field
        )
    shots = arena.state.shots.reshape(20, seats, SHOTS_PER_SEAT)["active"].sum(-1)
    twin_shots = twin.state.shots.reshape(20, seats, SHOTS_PER_SEAT)["active"].sum(-1)
    np.testing.assert_array_equal(twin_shots[:, order], shots)


def test_equals_win_half_from_every_seat():
    pairs = 300
    arena = Arena(2 * pairs, 2)
    for match in range(2 * pairs):
        schools = (match // 2 % 3, match // 6 % 3)
        arena.reset(match, match // 2, schools if match % 2 else schools[::-1], 1800)
    play(arena, fighter_actions)
    places = np.array([arena.outcome(match).places for match in range(2 * pairs)])
    score = np.where(places[:, 0] == places[:, 1], 0.5, places[:, 0] == 1).mean()
    assert abs(score - 0.5) < 3 * 0.5 / np.sqrt(2 * pairs)
    assert (places[:, 0] == places[:, 1]).mean() < 0.1
    assert np.mean([arena.outcome(match).damage_dealt.sum() for match in range(2 * pairs)]) > 50
