"""`lms_re` and its styles: priority rules by an expert, one compiled kernel driven by a row of numbers (`Style`).

Escape the zone > survive (dodge, ward, retreat) > fight > loot. Decisions are a function of the observation alone:
no memory and no chance, so that a network that clones them can see every reason.
"""

from __future__ import annotations

import numpy as np

from botgame.game import Observation, ScriptedPolicy
from botgame.lms.actions import AIM, DELAY, HEAD_COUNT, LEAD, MOVE, TARGET, VERB
from botgame.lms.bots import senses as see
from botgame.lms.bots.expert.aiming import bin_of, pick_lead
from botgame.lms.bots.expert.casting import pick_verb
from botgame.lms.bots.expert.moving import best_move, wish
from botgame.lms.bots.expert.parameters import CAMPER, KITER, LMS_RE, LOOTER, RUSHER, Style
from botgame.lms.bots.expert.situation import Situation, assess
from botgame.lms.rules import MOBILITY
from botgame.lms.simulation.kernel import kernel, mix, unit

DELAY_THREAT, DELAY_FIGHT, DELAY_CALM = 1, 2, 5  # indices into rules.DELAY_TICKS


def styled(name: str, style: Style) -> ScriptedPolicy:
    """A bot called `name` that plays the expert's rules with the numbers of `style`."""

    def decide(observation: Observation, memory: np.ndarray, keys: np.ndarray) -> np.ndarray:  # noqa: ARG001
        actions = np.zeros((len(keys), HEAD_COUNT), np.int64)
        _decide_all(
            observation["scalars"], observation["vectors"], observation["entities"], observation["entity_mask"],
            keys, style, actions,
        )  # fmt: skip
        return actions

    return ScriptedPolicy(name, decide)


def lms_re() -> ScriptedPolicy:
    """The all-rounder: the strongest scripted bot and the teacher of the learned ones."""
    return styled("lms_re", LMS_RE)


def rusher() -> ScriptedPolicy:
    """Closes in and stays close."""
    return styled("rusher", RUSHER)


def kiter() -> ScriptedPolicy:
    """Keeps far away and shoots from there."""
    return styled("kiter", KITER)


def looter() -> ScriptedPolicy:
    """Avoids fights until it is ahead in items."""
    return styled("looter", LOOTER)


def camper() -> ScriptedPolicy:
    """Waits near the zone's centre with full mana and lets others come."""
    return styled("camper", CAMPER)


@kernel
def _decide_all(
    scalars: np.ndarray,
    vectors: np.ndarray,
    entities: np.ndarray,
    mask: np.ndarray,
    keys: np.ndarray,
    style: Style,
    actions: np.ndarray,
) -> None:
    """Fill `actions` int64 [n, HEAD_COUNT] row by row."""
    for n in range(actions.shape[0]):
        _decide(scalars[n], vectors[n], entities[n], mask[n], style, actions[n])
        actions[n, DELAY] += int(unit(mix(keys[n], np.uint64(0))) * 2.0)


@kernel
def _decide(
    scalars: np.ndarray, vectors: np.ndarray, entities: np.ndarray, mask: np.ndarray, style: Style, action: np.ndarray
) -> None:
    """One decision: assess, walk, cast, aim, and when to look again."""
    now = assess(scalars, vectors, style)
    x, y = wish(scalars, vectors, now, style)
    move, hurt = best_move(scalars, vectors, style, x, y)
    verb, target, leap_x, leap_y = pick_verb(scalars, vectors, entities, mask, now, style, hurt)
    action[VERB] = verb
    action[DELAY] = pick_delay(scalars, now)
    action[MOVE] = move
    action[TARGET] = target
    if verb == MOBILITY:
        action[AIM] = bin_of(leap_x, leap_y)
    if target > 0:
        action[LEAD] = pick_lead(entities, target, now.school, verb - 1, style)


@kernel
def pick_delay(scalars: np.ndarray, now: Situation) -> int:
    """Soon again while shots fly, at fighting pace while an enemy is in sight or was just now, slowly in peace."""
    if scalars[see.THREAT] > 0.5:
        return DELAY_THREAT
    recent = scalars[see.SEEN_EVER] > 0.5 and scalars[see.SEEN_AGE] < 0.2
    return DELAY_FIGHT if now.visible > 0.5 or recent else DELAY_CALM
