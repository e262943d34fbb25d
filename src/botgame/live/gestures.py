"""Turns a policy's decision into a gesture: a direction to walk, a verb to cast, a place to point at.

Keys and mouse have no target slots: where the policy names a visible enemy and a lead, the mouse points at the place
where the simulation would aim (`botgame.lms.simulation.aiming`), computed from what the seat sees.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from botgame.lms.rules import BOLT, DIRECTIONS, LEADS, MOBILITY, MOVES, OFFENCE, SCHOOLS, TICKS_PER_SECOND, Rules
from botgame.lms.spec import ARENA_SPEC as SPEC

_HEADS = {head.name: column for column, head in enumerate(SPEC.heads)}
_PLACE = [SPEC.entity_columns.index(name) for name in ("x", "y")]
_VELOCITY = [SPEC.entity_columns.index(name) for name in ("speed_x", "speed_y")]
_SPEEDS = [SPEC.scalar_index(name) for name in ("speed_x", "speed_y")]
_SCHOOL_COLUMNS = [SPEC.scalar_index(f"school_{name}") for name in SCHOOLS]
_HELD = 0.3  # component of a unit vector from which on the key of that axis is held


class Gesture(NamedTuple):
    """Walk by `move` (0..8), cast `verb` (0: nothing), point along `aim` (a unit vector, None: as before)."""

    move: int
    verb: int
    aim: tuple[float, float] | None


def gesture(action: list[int], observation: dict[str, np.ndarray], rules: Rules) -> Gesture:
    """The gesture for a decision on one seat's arrays."""
    verb, target = action[_HEADS["verb"]], action[_HEADS["target"]]
    aim = None
    if verb in (BOLT, OFFENCE) and target > 0:
        aim = led_aim(
            observation, target - 1, LEADS[action[_HEADS["lead"]]], _shot_speed(verb, observation, rules), rules
        )
    elif verb in (BOLT, OFFENCE, MOBILITY):
        x, y = DIRECTIONS[action[_HEADS["aim"]]]
        aim = float(x), float(y)
    return Gesture(action[_HEADS["move"]], verb, aim)


def led_aim(
    observation: dict[str, np.ndarray], row: int, lead: float, speed: float, rules: Rules
) -> tuple[float, float] | None:
    """Unit vector to where the enemy in a row of the entity table will be when a shot of `speed` cells/s arrives.

    The observation is old: both mages have moved since; `lead` says how much of the enemy's movement to expect.
    """
    enemy, own = observation["entities"][0, row].astype(float), observation["scalars"][0, _SPEEDS].astype(float)
    reaction = rules.reaction_ticks / TICKS_PER_SECOND
    x, y = enemy[_PLACE] * SPEC.entity_position_scale - own * rules.mage_speed * reaction
    flight = math.hypot(x, y) / speed if speed > 0 else 0.0
    x, y = (x, y) + enemy[_VELOCITY] * rules.mage_speed * lead * (reaction + flight)
    length = math.hypot(x, y)
    return (float(x) / length, float(y) / length) if length > 0 else None


def walking_keys(move: int) -> frozenset[str]:
    """The names of the W, A, S and D keys to hold for a move."""
    x, y = MOVES[move]
    held = {"KeyD": x > _HELD, "KeyA": x < -_HELD, "KeyS": y > _HELD, "KeyW": y < -_HELD}
    return frozenset(key for key, down in held.items() if down)


def _shot_speed(verb: int, observation: dict[str, np.ndarray], rules: Rules) -> float:
    school = int(np.argmax(observation["scalars"][0, _SCHOOL_COLUMNS]))
    return rules.abilities[school][verb - 1].speed
