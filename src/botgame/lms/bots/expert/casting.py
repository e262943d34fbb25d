"""Which verb to use, by priority: a ward or a leap against what walking cannot dodge, a chest, an attack.

Each rule checks that the verb can be cast (cooldown and mana) and that it is worth its mana.
"""

from __future__ import annotations

import numpy as np

from botgame.lms.bots import senses as see
from botgame.lms.bots.expert.aiming import pick_target, reach_of
from botgame.lms.bots.expert.dodging import time_left
from botgame.lms.bots.expert.knowledge import ABILITIES, BLAST, DEFENCE_ROW, LEAP, MANA, MOBILITY_ROW
from botgame.lms.bots.expert.parameters import BotParameters
from botgame.lms.bots.expert.situation import Situation, ready
from botgame.lms.rules import BOLT, DEFENCE, INTERACT, MOBILITY, NONE, OFFENCE
from botgame.lms.simulation.kernel import kernel

FAR_OUT = -1.5  # cells outside the zone from which a leap pays


@kernel
def must_ward(scalars: np.ndarray, now: Situation, bot: BotParameters, hurt: float) -> bool:
    """True when walking does not avoid a heavy or nearly fatal hit, or when the ward itself would hurt the enemy."""
    if not ready(scalars, DEFENCE) or scalars[see.SHIELD_LEFT] > 0.0:
        return False
    soon = min(time_left(scalars, 0), time_left(scalars, 1)) < bot.ward_soon
    grave = hurt >= bot.ward_hit or hurt >= 0.3 * now.health * 100.0
    if soon and grave:
        return True
    burst = ABILITIES[now.school, DEFENCE_ROW, BLAST]
    return bool(now.visible > 0.0 and now.distance < burst - 0.3 and (now.mana > bot.burst or hurt > 0.0))


@kernel
def leap(
    scalars: np.ndarray, vectors: np.ndarray, now: Situation, bot: BotParameters, hurt: float
) -> tuple[bool, float, float]:
    """Whether to use mobility, and its direction: out of a shot's way, into the zone, away from an enemy, or closer."""
    if not ready(scalars, MOBILITY):
        return False, 0.0, 0.0
    if hurt >= bot.leap_hit and time_left(scalars, 0) < 0.35:
        return True, float(vectors[see.THREAT_ESCAPE, 0]), float(vectors[see.THREAT_ESCAPE, 1])
    if now.edge < FAR_OUT:
        return True, float(vectors[see.TO_ZONE_CENTRE, 0]), float(vectors[see.TO_ZONE_CENTRE, 1])
    if now.visible > 0.0:
        if now.weak > 0.0 and now.distance < 5.0:
            return True, -now.toward_x, -now.toward_y
        length = ABILITIES[now.school, MOBILITY_ROW, LEAP]
        finish = now.advantage > 0.25 and now.mana > 0.5
        if finish and now.distance > bot.preferred + length:
            return True, now.toward_x, now.toward_y
    return False, 0.0, 0.0


@kernel
def attack(
    scalars: np.ndarray, entities: np.ndarray, mask: np.ndarray, now: Situation, bot: BotParameters
) -> tuple[int, int]:
    """Verb and target: offence where it can hardly be dodged, else a bolt if mana allows; (NONE, 0) otherwise."""
    if now.visible < 0.5:
        return NONE, 0
    if ready(scalars, OFFENCE):
        spare = now.mana - ABILITIES[now.school, 1, MANA]
        target = pick_target(entities, mask, reach_of(now.school, 1, bot.offence_flight))
        if target > 0 and spare > bot.offence_reserve:
            return OFFENCE, target
    if ready(scalars, BOLT):
        target = pick_target(entities, mask, reach_of(now.school, 0, bot.bolt_flight))
        if target > 0 and now.mana > bot.reserve:
            return BOLT, target
    return NONE, 0


@kernel
def can_open(scalars: np.ndarray, now: Situation, bot: BotParameters) -> bool:
    """True when a chest is in reach and no enemy is near enough to punish opening it."""
    calm = now.visible < 0.5 or now.distance > 5.0 or bot.fight_loot > 0.8
    return bool(ready(scalars, INTERACT) and calm)


@kernel
def pick_verb(
    scalars: np.ndarray,
    vectors: np.ndarray,
    entities: np.ndarray,
    mask: np.ndarray,
    now: Situation,
    bot: BotParameters,
    hurt: float,
) -> tuple[int, int, float, float]:
    """Verb, target, and the direction (x, y) of a leap."""
    if must_ward(scalars, now, bot, hurt):
        return DEFENCE, 0, 0.0, 0.0
    leaping, x, y = leap(scalars, vectors, now, bot, hurt)
    if leaping:
        return MOBILITY, 0, x, y
    if can_open(scalars, now, bot):
        return INTERACT, 0, 0.0, 0.0
    verb, target = attack(scalars, entities, mask, now, bot)
    return verb, target, 0.0, 0.0
