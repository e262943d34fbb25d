"""An expert's priority rules as one compiled kernel, which `BotParameters` drive.

The order is: escape the zone, survive (dodge, ward, retreat), fight, loot. A decision depends on the observation alone
(but for one tick of delay, which is drawn), so that a network that clones the bot can see every reason for it.
"""

from __future__ import annotations

import numpy as np

from botgame.game import Observation
from botgame.lms.actions import AIM, DELAY, HEAD_COUNT, LEAD, MOVE, TARGET, VERB
from botgame.lms.bots import senses as see
from botgame.lms.bots.expert.aiming import bin_of, pick_lead
from botgame.lms.bots.expert.casting import pick_verb
from botgame.lms.bots.expert.moving import best_move, wish
from botgame.lms.bots.expert.parameters import RECORD, BotParameters
from botgame.lms.bots.expert.situation import Situation, assess
from botgame.lms.rules import MOBILITY
from botgame.lms.simulation.kernel import kernel, mix, records, unit

DELAY_THREAT, DELAY_FIGHT, DELAY_CALM = 1, 2, 5  # indices into rules.DELAY_TICKS


def decide(observation: Observation, _memory: np.ndarray, keys: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Actions int64 [n, HEAD_COUNT]. numbers: `BotParameters` of each row's bot, float64 [n, D] or [1, D]."""
    actions, bots = np.zeros((len(keys), HEAD_COUNT), np.int64), records((len(keys),), RECORD)
    bots.view(np.float64).reshape(len(keys), -1)[...] = numbers
    _decide_all(
        observation["scalars"], observation["vectors"], observation["entities"], observation["entity_mask"],
        keys, bots, actions,
    )  # fmt: skip
    return actions


@kernel
def _decide_all(
    scalars: np.ndarray,
    vectors: np.ndarray,
    entities: np.ndarray,
    mask: np.ndarray,
    keys: np.ndarray,
    bots: np.ndarray,
    actions: np.ndarray,
) -> None:
    """Fill `actions` int64 [n, HEAD_COUNT] row by row. bots: `RECORD` [n]."""
    for n in range(actions.shape[0]):
        decide_row(scalars[n], vectors[n], entities[n], mask[n], keys[n], bots[n], actions[n])


@kernel
def decide_row(
    scalars: np.ndarray,
    vectors: np.ndarray,
    entities: np.ndarray,
    mask: np.ndarray,
    key: int,
    bot: BotParameters,
    action: np.ndarray,
) -> None:
    """Make one decision: assess the situation, then choose the move, the verb and the delay, the aim or the lead.

    bot: a row of `RECORD`; action: int64 [HEAD_COUNT] out, zeros.
    """
    now = assess(scalars, vectors, bot)
    x, y = wish(scalars, vectors, now, bot)
    move, hurt = best_move(scalars, vectors, bot, x, y)
    verb, target, leap_x, leap_y = pick_verb(scalars, vectors, entities, mask, now, bot, hurt)
    action[VERB] = verb
    action[DELAY] = pick_delay(scalars, now) + int(unit(mix(key, np.uint64(0))) * 2.0)
    action[MOVE] = move
    action[TARGET] = target
    if verb == MOBILITY:
        action[AIM] = bin_of(leap_x, leap_y)
    if target > 0:
        action[LEAD] = pick_lead(entities, target, now.school, verb - 1, bot)


@kernel
def pick_delay(scalars: np.ndarray, now: Situation) -> int:
    """Index of the delay: shortest while a shot threatens, medium while an enemy is or was just in sight, else long."""
    if scalars[see.THREAT] > 0.5:
        return DELAY_THREAT
    recent = scalars[see.SEEN_EVER] > 0.5 and scalars[see.SEEN_AGE] < 0.2
    return DELAY_FIGHT if now.visible > 0.5 or recent else DELAY_CALM
