"""Phase: all damage of the tick is applied at once, and mages that die in the same tick tie."""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.random_stream import one_in
from botgame.lms.simulation.world import World


@phase
def afflict(mage: Any, ability: Any, tick: int) -> None:
    """Slow a mage as an ability does. The strongest and the longest slow count, in whatever order they come."""
    if ability.slow > 0.0:
        mage.slow = max(mage.slow, ability.slow)
        mage.slow_until = max(mage.slow_until, tick + ability.duration)


@phase
def apply_damage(world: World) -> None:
    """Take the damage from shields (only that from mages) and health, then place the dead."""
    deaths = 0
    for seat in range(world.mages.shape[0]):
        if world.mages[seat].alive != 0:
            _take(world.mages, seat, world.harm, world.match.tick)
            if world.mages[seat].health <= 0.0:
                deaths += 1
    if deaths > 0:
        _place_dead(world.mages, world.match, world.harm, deaths)
    world.harm[:] = 0.0


@phase
def _take(mages: np.ndarray, seat: int, harm: np.ndarray, tick: int) -> None:
    """Take health, and credit it to the attackers in proportion; damage beyond the remaining health is not credited."""
    mage, seats = mages[seat], mages.shape[0]
    dealt = 0.0
    for attacker in range(seats):
        dealt += harm[seat, attacker]
    if dealt > 0.0:
        absorbed = min(mage.shield, dealt)
        _wear_shield(mage, absorbed, tick)
        lost = min(dealt - absorbed, mage.health)
        mage.health -= lost
        mage.damage_taken += lost
        for attacker in range(seats):
            mages[attacker].damage_dealt += lost * (harm[seat, attacker] / dealt)
    mage.health = max(0.0, mage.health - harm[seat, seats])


@phase
def _wear_shield(mage: Any, absorbed: float, tick: int) -> None:
    if absorbed > 0.0:
        mage.shield -= absorbed
        if mage.shield <= 0.0:
            mage.shield, mage.self_slow, mage.shield_until = 0.0, 0.0, tick


@phase
def _place_dead(mages: np.ndarray, match: Any, harm: np.ndarray, deaths: int) -> None:
    match.alive -= deaths
    for seat in range(mages.shape[0]):
        mage = mages[seat]
        if mage.alive != 0 and mage.health <= 0.0:
            mage.alive, mage.visible = 0, 0
            mage.death_tick, mage.place = match.tick, match.alive + 1
            mage.vx, mage.vy = 0.0, 0.0
            _credit_kill(mages, match, harm, seat)


@phase
def _credit_kill(mages: np.ndarray, match: Any, harm: np.ndarray, victim: int) -> None:
    """Credit the attacker that did most damage in this tick, a random one of equals; none if only the zone did any."""
    best, most, ties = -1, 0.0, 0
    for attacker in range(mages.shape[0]):
        if harm[victim, attacker] > most:
            best, most, ties = attacker, harm[victim, attacker], 1
        elif best >= 0 and harm[victim, attacker] == most:
            ties += 1
            if one_in(match, ties):
                best = attacker
    if best >= 0:
        mages[best].kills += 1
