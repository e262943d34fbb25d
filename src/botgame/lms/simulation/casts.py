"""Phase: decisions are carried out: first wards, then projectiles, then dashes, then blinks.

The order is by kind of ability, never by seat, and all casts happen before any mage moves: one loop that casts and
moves seat by seat would let later seats aim at places that earlier seats have left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.actions import HEAD_COUNT, MOVE, VERB
from botgame.lms.rules import BLINK, DASH, DEFENCE, MOVES, PROJECTILE, WARD
from botgame.lms.simulation.damage import afflict
from botgame.lms.simulation.geometry import distance_squared, is_clear
from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.legality import casts_ability
from botgame.lms.simulation.state import SHOTS_PER_SEAT
from botgame.lms.simulation.world import World

_BLINK_STEP = 0.25  # cells between two tries of a blink


@phase
def carry_out_decisions(world: World) -> None:
    """Set the held direction, pay the cost and cast the ability of every pending decision."""
    casting = False
    for seat in range(world.mages.shape[0]):
        if world.mages[seat].pending != 0:
            casting = _begin(world.mages[seat], world.abilities, world.match.tick) or casting
    if casting:
        for kind in (WARD, PROJECTILE, DASH, BLINK):
            _cast_kind(world, kind)


@phase
def forget_decisions(world: World) -> None:
    """Clear the pending decisions, which have been carried out."""
    for seat in range(world.mages.shape[0]):
        world.mages[seat].pending = 0


@phase
def _begin(mage: Any, abilities: np.ndarray, tick: int) -> bool:
    """Set direction and facing and pay the cost of a decision. Returns True when it casts an ability."""
    for head in range(HEAD_COUNT):
        mage.last[head] = mage.choice[head]
    verb, mage.move = mage.choice[VERB], mage.choice[MOVE]
    mage.casts[verb] += 1
    if mage.move != 0:
        mage.face_x, mage.face_y = MOVES[mage.move, 0], MOVES[mage.move, 1]
    if not casts_ability(verb):
        return False
    ability = abilities[mage.school, verb - 1]
    mage.mana -= ability.mana
    mage.ready[verb - 1] = tick + ability.cooldown
    if verb != DEFENCE:
        mage.face_x, mage.face_y = mage.aim_x, mage.aim_y
    return True


@phase
def _cast_kind(world: World, kind: int) -> None:
    tick = world.match.tick
    for seat in range(world.mages.shape[0]):
        mage = world.mages[seat]
        if mage.pending == 0 or not casts_ability(mage.choice[VERB]):
            continue
        ability = world.abilities[mage.school, mage.choice[VERB] - 1]
        if ability.kind != kind:
            continue
        factor = world.constants.rune_damage if tick < mage.rune_until else 1.0
        if kind == WARD:
            _raise_ward(mage, ability, tick)
            _hurt_around(world.mages, seat, ability, factor, world.harm, tick)
            _sweep(world.shots, seat, mage, ability.sweep)
        elif kind == PROJECTILE:
            _shoot(mage, ability, factor, world.shots[_shot_slot(world.shots, seat)], seat, tick)
        elif kind == DASH:
            _dash(mage, ability, tick)
        else:
            _blink(mage, ability, world.walls, world.constants.mage_radius)


@phase
def _raise_ward(mage: Any, ability: Any, tick: int) -> None:
    mage.shield, mage.shield_until = ability.absorb, tick + ability.duration
    mage.self_slow = ability.self_slow


@phase
def _hurt_around(mages: np.ndarray, seat: int, ability: Any, factor: float, harm: np.ndarray, tick: int) -> None:
    """Hurt and slow the enemies within the `blast` of a ward."""
    mage = mages[seat]
    for other in range(mages.shape[0]):
        enemy = mages[other]
        squared = distance_squared(mage.x, mage.y, enemy.x, enemy.y)
        if other != seat and enemy.alive != 0 and squared <= ability.blast * ability.blast:
            harm[other, seat] += ability.blast_damage * factor
            afflict(enemy, ability, tick)


@phase
def _sweep(shots: np.ndarray, seat: int, mage: Any, radius: float) -> None:
    """Remove the enemy shots within `radius` of the mage."""
    for index in range(shots.shape[0]):
        shot = shots[index]
        squared = distance_squared(mage.x, mage.y, shot.x, shot.y)
        if shot.active != 0 and shot.owner != seat and squared < radius * radius:
            shot.active = 0


@phase
def _shoot(mage: Any, ability: Any, factor: float, shot: Any, seat: int, tick: int) -> None:
    shot.x, shot.y = mage.x, mage.y
    shot.vx, shot.vy = mage.aim_x * ability.speed, mage.aim_y * ability.speed
    shot.factor = factor
    shot.ends = tick + ability.flight - 1
    shot.active, shot.owner = 1, seat
    shot.row, shot.school = mage.choice[VERB] - 1, mage.school


@phase
def _shot_slot(shots: np.ndarray, seat: int) -> int:
    """Index of a free slot of the seat, or of the shot that would end first."""
    best = seat * SHOTS_PER_SEAT
    for index in range(best, best + SHOTS_PER_SEAT):
        if shots[index].active == 0:
            return index
        if shots[index].ends < shots[best].ends:
            best = index
    return best


@phase
def _dash(mage: Any, ability: Any, tick: int) -> None:
    mage.dash_x, mage.dash_y = mage.aim_x * ability.speed, mage.aim_y * ability.speed
    mage.dash_until = tick + ability.duration


@phase
def _blink(mage: Any, ability: Any, walls: np.ndarray, radius: float) -> None:
    """Jump to the farthest clear place on the line, also over walls."""
    tries = int(ability.range / _BLINK_STEP)
    for k in range(tries, 0, -1):
        x = mage.x + mage.aim_x * (ability.range * k / tries)
        y = mage.y + mage.aim_y * (ability.range * k / tries)
        if is_clear(walls, x, y, radius):
            mage.x, mage.y = x, y
            return
