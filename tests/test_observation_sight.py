"""Line of sight against a literal oracle, and the ranking of enemies that target slots mean."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from botgame.lms.fields import MAX_MAGES
from botgame.lms.rules import Rules
from botgame.lms.simulation.ranking import allocate_ranking
from botgame.lms.simulation.sight import line_is_free, rank_enemies
from botgame.lms.simulation.state import allocate

CELLS = 9
EDGE = 1e-6
WALLS = st.lists(st.integers(0, CELLS * CELLS - 1), max_size=14)
PLACE = st.floats(1.0, CELLS - 1.001)


def grid(cells):
    walls = np.zeros((CELLS, CELLS), np.uint8)
    walls.reshape(-1)[cells] = 1
    return walls


def crosses(x0, y0, x1, y1, column, row, margin):
    """The segment meets the closed square of a cell that is shrunk by `margin` on all sides (slab method)."""
    low, high = 0.0, 1.0
    for start, end, side in ((x0, x1, column), (y0, y1, row)):
        near, far, delta = side + margin, side + 1 - margin, end - start
        if delta == 0.0:
            if not near <= start <= far:
                return False
            continue
        a, b = (near - start) / delta, (far - start) / delta
        low, high = max(low, min(a, b)), min(high, max(a, b))
    return low <= high


def any_wall_crossed(walls, x0, y0, x1, y1, margin):
    return any(crosses(x0, y0, x1, y1, column, row, margin) for row, column in np.argwhere(walls))


@settings(derandomize=True, deadline=None)  # the first example compiles
@given(WALLS, PLACE, PLACE, PLACE, PLACE)
def test_line_agrees_with_an_oracle_that_tests_every_wall(cells, x0, y0, x1, y1):
    walls = grid(cells)
    free = line_is_free(walls, x0, y0, x1, y1)
    assert free == line_is_free(walls, x1, y1, x0, y0)
    if any_wall_crossed(walls, x0, y0, x1, y1, EDGE):
        assert not free
    if not any_wall_crossed(walls, x0, y0, x1, y1, -EDGE):
        assert free


@settings(derandomize=True, deadline=None)  # the first example compiles
@given(WALLS, PLACE, PLACE)
def test_a_point_sees_itself_unless_in_a_wall(cells, x, y):
    walls = grid(cells)
    assert line_is_free(walls, x, y, x, y) == (walls[int(y), int(x)] == 0)


def test_touching_a_corner_does_not_block():
    walls = grid([4 * CELLS + 4])
    assert line_is_free(walls, 3.0, 5.0, 5.0, 3.0)
    assert line_is_free(walls, 3.5, 5.5, 5.5, 5.5)
    assert not line_is_free(walls, 3.0, 5.0, 5.1, 3.0)


def seats_at(xs):
    mages = allocate(1, len(xs), Rules()).mages[0]
    mages["x"], mages["alive"] = xs, 1
    mages["visible"] = (1 << len(xs)) - 1
    return mages


def ranked(mages, seat=0, slots=MAX_MAGES):
    ranking = allocate_ranking(slots)
    return rank_enemies(mages, seat, ranking), ranking["index"].tolist()


def test_nearest_first_ties_by_seat_without_the_dead_and_unseen():
    mages = seats_at([0.0, 5.0, 3.0, 1.0, -3.0, 2.0])
    assert ranked(mages) == (4, [3, 5, 2, 4])
    mages["alive"] = [1, 1, 1, 0, 1, 1]
    assert ranked(mages) == (4, [5, 2, 4, 1])
    mages["visible"] = 0b010110
    assert ranked(mages) == (3, [2, 4, 1, -1])
    assert ranked(mages, slots=2) == (2, [2, 4])


@settings(derandomize=True, deadline=None)  # the first example compiles
@given(st.lists(st.integers(-6, 6), min_size=2, max_size=16), st.integers(0, 2**16 - 1), st.integers(1, 6))
def test_ranking_is_a_stable_sort(xs, visible, slots):
    mages = seats_at([float(x) for x in xs])
    mages["visible"] = visible
    seen = [p for p in range(1, len(xs)) if visible >> p & 1]
    expected = sorted(seen, key=lambda p: abs(xs[p] - xs[0]))[:slots]
    assert ranked(mages, 0, slots) == (len(expected), expected + [-1] * (slots - len(expected)))
