"""Which item to walk to, and how much it is worth: health when hurt, mana when low, runes and chests."""

from __future__ import annotations

import numpy as np

from botgame.lms.bots import senses as see
from botgame.lms.bots.expert.parameters import BotParameters
from botgame.lms.bots.expert.situation import Situation
from botgame.lms.rules import CHEST, HEALTH, MANA, RUNE
from botgame.lms.simulation.kernel import kernel

REACH = 4.0  # cells at which an item attracts half as much


@kernel
def best_item(scalars: np.ndarray, now: Situation, bot: BotParameters) -> tuple[int, float]:
    """Kind of the most attractive item in sight and its attraction; (-1, 0) when none is worth a step."""
    best, top = -1, 0.05
    for kind in range(4):
        if scalars[see.ITEM + 2 * kind] > 0.5:
            cells = float(scalars[see.ITEM + 2 * kind + 1]) * see.CELLS
            pull = _need(kind, scalars, now) * bot.loot * 2.0 * REACH / (REACH + cells)
            if now.visible > 0.0:
                pull *= bot.fight_loot
            if pull > top:
                best, top = kind, pull
    return best, top if best >= 0 else 0.0


@kernel
def _need(kind: int, scalars: np.ndarray, now: Situation) -> float:
    missing = 1.0 - float(scalars[see.HEALTH])
    if kind == HEALTH:
        return min(missing * 3.0, 1.5) if missing > 0.08 else 0.0
    if kind == MANA:
        return 1.0 - now.mana if now.mana < 0.7 else 0.0
    if kind == RUNE:
        return 0.9 if scalars[see.RUNE_LEFT] < 0.2 else 0.0
    return 0.7 if kind == CHEST else 0.0
