"""Arenas: the same after half a turn, connected, with room around the mages."""

import numpy as np
import pytest
from scipy import ndimage

from arena_play import started
from botgame.lms.rules import Rules

SEEDS = list(range(40))


@pytest.fixture(scope="module", params=[2, 3, 16])
def arena(request):
    return started(SEEDS, request.param)


def test_walls_are_the_same_after_half_a_turn(arena):
    walls = arena.state.walls
    np.testing.assert_array_equal(walls, walls[:, ::-1, ::-1])
    assert walls[:, 0].all()
    assert walls[:, :, 0].all()
    assert len({w.tobytes() for w in walls}) == len(SEEDS)


def test_all_free_cells_are_connected(arena):
    for walls in arena.state.walls:
        _, regions = ndimage.label(walls == 0)
        assert regions == 1


def test_there_is_cover_but_not_too_much(arena):
    inner = arena.state.walls[:, 1:-1, 1:-1]
    assert 0.04 < inner.mean() < 0.2


def test_items_come_in_mirrored_pairs_on_free_cells(arena):
    cells = arena.state.walls.shape[1]
    for walls, items in zip(arena.state.walls, arena.state.items, strict=True):
        assert (walls[items["y"].astype(int), items["x"].astype(int)] == 0).all()
        assert items["available"].all()
        for kind in range(4):
            places = {(x, y) for x, y in zip(items["x"], items["y"], strict=True)}
            own = {(i["x"], i["y"]) for i in items if i["kind"] == kind}
            assert own == {(cells - x, cells - y) for x, y in own}
            assert len(own) == Rules().items(arena.seats)[kind]
            assert len(places) == len(items)


def test_mages_start_on_a_circle_with_room_around(arena):
    size = arena.state.walls.shape[1] - 2
    for walls, mages in zip(arena.state.walls, arena.state.mages, strict=True):
        x, y = mages["x"] - size / 2 - 1, mages["y"] - size / 2 - 1
        np.testing.assert_allclose(np.hypot(x, y), Rules().spawn_radius * size)
        for mage in mages:
            rows, columns = np.nonzero(walls)
            assert np.hypot(columns + 0.5 - mage["x"], rows + 0.5 - mage["y"]).min() > 2.0


def test_duelists_face_each_other_from_mirrored_places():
    duel = started(SEEDS, 2)
    mages, cells = duel.state.mages, duel.state.walls.shape[1]
    np.testing.assert_allclose(mages["x"].sum(1), cells)
    np.testing.assert_allclose(mages["y"].sum(1), cells)
    np.testing.assert_array_equal(mages["face_x"][:, 0], -mages["face_x"][:, 1])


def test_seats_get_all_places_and_sides():
    duel = started(list(range(400)), 2)
    left = (duel.state.mages["x"][:, 0] < duel.state.mages["x"][:, 1]).mean()
    assert 0.4 < left < 0.6
    assert len({tuple(place) for place in np.round(duel.state.mages[["x", "y"]][:, 0].tolist(), 6)}) == 32
