"""The arena of a match from its seed: walls, and the places of mages and items. It is the same after half a turn.

Pillars of one to four cells stand in the middle of 4 x 4 blocks. Every block keeps a free margin, so the arena is
always connected. The block at the centre stays empty, because its pillar would have to mirror itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.rules import DIRECTION_BINS, DIRECTIONS
from botgame.lms.simulation.geometry import distance_squared
from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.random_stream import draw, draw_index
from botgame.lms.simulation.world import World

_BLOCK = 4  # cells
_PILLAR = np.array([(1, 1), (2, 1), (2, 2), (1, 2)], np.int64)  # cells of a full pillar in its block, around its centre
_SPAWN_CLEARING = 2.0  # cells around a mage without walls
_ITEM_TO_SPAWN, _ITEM_TO_ITEM = 2.5, 2.0  # least distances in cells, ignored after
_ITEM_TRIES = 64  # tries


@phase
def generate(world: World) -> None:
    """Fill the walls and the places of mages and items. The caller has set the kinds of the items.

    Items of one kind come in mirrored pairs; an odd one lies at the centre.
    """
    world.match.cells = world.walls.shape[0]
    world.match.zone_x = world.match.cells / 2.0
    world.match.zone_y = world.match.cells / 2.0
    _build_walls(world)
    _place_mages(world)
    _place_items(world)


@phase
def _set_mirrored(walls: np.ndarray, row: int, column: int, value: int) -> None:
    last = walls.shape[0] - 1
    walls[row, column] = value
    walls[last - row, last - column] = value


@phase
def _build_walls(world: World) -> None:
    walls, last = world.walls, world.walls.shape[0] - 1
    walls[:] = 0
    for k in range(last + 1):
        _set_mirrored(walls, 0, k, 1)
        _set_mirrored(walls, k, 0, 1)
    blocks = (last - 1) // _BLOCK
    for block in range(blocks * blocks // 2):
        if draw(world.match) < world.constants.wall_density:
            cells, first = 1 + draw_index(world.match, 4), draw_index(world.match, 4)
            for k in range(cells):
                dx, dy = _PILLAR[(first + k) % 4]
                _set_mirrored(walls, 1 + block // blocks * _BLOCK + dy, 1 + block % blocks * _BLOCK + dx, 1)


@phase
def _place_mages(world: World) -> None:
    """Put the mages on a circle at equal distances (to 1/32 turn), turned at random, in a random order of seats."""
    match, seats = world.match, world.mages.shape[0]
    _shuffle_places(world.mages, match)
    turn = draw_index(match, DIRECTION_BINS)
    radius = world.constants.spawn_radius * (match.cells - 2)
    for k in range(seats):
        mage, bin_ = world.mages[world.mages[k].place], (turn + k * DIRECTION_BINS // seats) % DIRECTION_BINS
        mage.x = match.zone_x + radius * DIRECTIONS[bin_, 0]
        mage.y = match.zone_y + radius * DIRECTIONS[bin_, 1]
        mage.face_x, mage.face_y = -DIRECTIONS[bin_, 0], -DIRECTIONS[bin_, 1]
        _clear_around(world.walls, mage.x, mage.y)


@phase
def _shuffle_places(mages: np.ndarray, match: Any) -> None:
    """Write a random permutation to the field `place`, which has no other use yet: kernels allocate nothing."""
    for k in range(mages.shape[0]):
        mages[k].place = k
    for k in range(mages.shape[0] - 1, 0, -1):
        other = draw_index(match, k + 1)
        mages[k].place, mages[other].place = mages[other].place, mages[k].place


@phase
def _clear_around(walls: np.ndarray, x: float, y: float) -> None:
    last = walls.shape[0] - 1
    for row in range(1, last):
        for column in range(1, last):
            if distance_squared(column + 0.5, row + 0.5, x, y) <= _SPAWN_CLEARING * _SPAWN_CLEARING:
                _set_mirrored(walls, row, column, 0)


@phase
def _place_items(world: World) -> None:
    count = world.items.shape[0]
    index = 0
    while index < count:
        item = world.items[index]
        item.available = 1
        if index + 1 < count and world.items[index + 1].kind == item.kind:
            _place_pair(world, index)
            index += 2
        else:
            item.x, item.y = world.match.zone_x, world.match.zone_y
            index += 1


@phase
def _place_pair(world: World, index: int) -> None:
    """Put two mirrored items in the middle of free cells, away from mages and other items if that is possible."""
    size = world.match.cells
    tries = 0
    while True:
        column, row = 1 + draw_index(world.match, size - 2), 1 + draw_index(world.match, size - 2)
        tries += 1
        if world.walls[row, column] == 0 and (tries > _ITEM_TRIES or _is_apart(world, index, column + 0.5, row + 0.5)):
            break
    one, twin = world.items[index], world.items[index + 1]
    one.x, one.y = column + 0.5, row + 0.5
    twin.x, twin.y = size - one.x, size - one.y
    twin.available = 1


@phase
def _is_apart(world: World, index: int, x: float, y: float) -> bool:
    """True when the place and its mirror image are away from all mages and from the items before `index`."""
    size = world.match.cells
    for seat in range(world.mages.shape[0]):
        mage = world.mages[seat]
        nearest = min(distance_squared(x, y, mage.x, mage.y), distance_squared(size - x, size - y, mage.x, mage.y))
        if nearest < _ITEM_TO_SPAWN * _ITEM_TO_SPAWN:
            return False
    for other in range(index):
        if distance_squared(x, y, world.items[other].x, world.items[other].y) < _ITEM_TO_ITEM * _ITEM_TO_ITEM:
            return False
    return distance_squared(x, y, size - x, size - y) >= _ITEM_TO_ITEM * _ITEM_TO_ITEM
