"""The parameters of the scripted bots that play by the expert's rules (`botgame.lms.bots.expert.deciding`).

`lms_re` is the all-rounder. Each of the others is better at one thing and worse at another, so that they counter one
another. Between `LOWEST` and `HIGHEST` lie all bots of the family `scripted`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from botgame.game import Parameter


class BotParameters(NamedTuple):
    """What a bot prefers. Weights have no unit; they are compared with each other when moves are scored."""

    preferred: float = 4.7  # cells that it keeps between itself and an enemy
    push: float = 2.0  # cells nearer per 1.0 of advantage in health share
    shield_push: float = 1.0  # cells nearer while the own ward holds
    rune_fear: float = 1.0  # cells farther while the enemy's rune lasts
    spacing: float = 1.0  # weight of reaching that distance
    strafe: float = 0.4  # weight of moving across the line to the enemy
    dodge: float = 10.0  # weight of 10 expected damage
    inertia: float = 0.15  # weight of keeping the last move
    cover: float = 0.6  # weight of getting behind a wall while weak
    retreat: float = 0.15  # share of health below which it retreats from a healthier enemy
    loot: float = 1.5  # weight of items
    fight_loot: float = 1.0  # factor of it while an enemy is in sight
    chase: float = 6.0  # s for which it goes after a last-seen point
    bolt_flight: float = 0.45  # s: bolts that fly longer are not shot
    offence_flight: float = 0.4  # s: the same for the offensive ability
    reserve: float = 0.15  # share of mana that bolts do not use
    offence_reserve: float = 0.08  # share of mana that the offensive ability does not use
    ward_hit: float = 6.0  # hp: a ward is raised against an expected hit of at least this
    ward_soon: float = 0.3  # s before the hit
    leap_hit: float = 11.0  # hp: mobility is used against an expected hit of at least this
    lead_near: float = 1.0  # index of the lead for short flights
    lead_far: float = 2.0  # and for long ones
    lead_split: float = 0.35  # s of flight between the two
    burst: float = 0.35  # share of mana from which a ward that hurts is used as a weapon


LMS_RE = BotParameters()
RUSHER = BotParameters(
    preferred=2.9, push=3.0, spacing=0.9, strafe=0.5, cover=1.5,
    retreat=0.05, loot=1.0, leap_hit=8.0, burst=0.15, chase=12.0,
)  # fmt: skip
KITER = BotParameters(preferred=5.6, push=1.0, spacing=1.2, strafe=0.5, bolt_flight=0.55, offence_flight=0.6)
LOOTER = BotParameters(preferred=5.3, push=5.0, retreat=0.5, loot=3.0, chase=2.0, offence_flight=0.3, reserve=0.1)
CAMPER = BotParameters(preferred=5.2, push=0.0, spacing=0.6, loot=0.8, chase=0.0, reserve=0.3)
LOWEST = BotParameters(
    preferred=0.0, push=0.0, shield_push=0.0, rune_fear=0.0, spacing=0.0, strafe=0.0, dodge=0.0, inertia=0.0,
    cover=0.0, retreat=0.0, loot=0.0, fight_loot=0.0, chase=0.0, bolt_flight=0.1, offence_flight=0.1, reserve=0.0,
    offence_reserve=0.0, ward_hit=1.0, ward_soon=0.05, leap_hit=1.0, lead_near=0.0, lead_far=0.0, lead_split=0.0,
    burst=0.0,
)  # fmt: skip
HIGHEST = BotParameters(
    preferred=9.0, push=8.0, shield_push=4.0, rune_fear=4.0, spacing=3.0, strafe=2.0, dodge=30.0, inertia=1.0,
    cover=3.0, retreat=1.0, loot=6.0, fight_loot=2.0, chase=20.0, bolt_flight=1.0, offence_flight=1.0, reserve=0.8,
    offence_reserve=0.8, ward_hit=30.0, ward_soon=1.0, leap_hit=40.0, lead_near=4.0, lead_far=4.0, lead_split=1.0,
    burst=1.0,
)  # fmt: skip
SCRIPTED = tuple(map(Parameter, BotParameters._fields, LOWEST, HIGHEST, LMS_RE))  # the parameters of the family
RECORD = np.dtype([(name, np.float64) for name in BotParameters._fields])  # `BotParameters` as a row of an array
