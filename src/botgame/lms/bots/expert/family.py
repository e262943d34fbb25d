"""The family `scripted`: all bots that play by the expert's rules, whatever their numbers."""

from __future__ import annotations

import importlib

from botgame.game import Array, Family, Observation
from botgame.lms.bots.expert.parameters import SCRIPTED


def _decide(observation: Observation, memory: Array, keys: Array, numbers: Array) -> Array:
    """The rules, imported (and compiled) when one of the bots first decides."""
    actions: Array = importlib.import_module("botgame.lms.bots.expert.deciding").decide(
        observation, memory, keys, numbers
    )
    return actions


SCRIPTED_FAMILY = Family(SCRIPTED, _decide)
