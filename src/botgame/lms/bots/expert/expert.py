"""`lms_re` and its variants: the bots that play by the expert's rules (`botgame.lms.bots.expert.deciding`)."""

from __future__ import annotations

import numpy as np

from botgame.families import Member
from botgame.lms.bots.expert.family import SCRIPTED_FAMILY
from botgame.lms.bots.expert.parameters import CAMPER, KITER, LMS_RE, LOOTER, RUSHER, BotParameters


def expert(name: str, bot: BotParameters) -> Member:
    """A bot called `name` that plays the expert's rules with the numbers of `bot`."""
    return Member(name, SCRIPTED_FAMILY, np.array(bot))


def lms_re() -> Member:
    """The all-rounder: the strongest scripted bot, and the teacher of the learned ones."""
    return expert("lms_re", LMS_RE)


def rusher() -> Member:
    """A bot that closes in and stays close."""
    return expert("rusher", RUSHER)


def kiter() -> Member:
    """A bot that keeps far away and shoots from there."""
    return expert("kiter", KITER)


def looter() -> Member:
    """A bot that avoids fights until it has collected more items."""
    return expert("looter", LOOTER)


def camper() -> Member:
    """A bot that waits near the zone's centre with full mana and lets others come."""
    return expert("camper", CAMPER)
