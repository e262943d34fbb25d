"""`--main-agents`: how many main agents a league has. Imports nothing that --help would wait for."""

from __future__ import annotations

import argparse

from botgame import cli

PER_FACTION = "per-faction"


def main_agents(text: str) -> int | str:
    """The number of main agents that play every faction, or `PER_FACTION`."""
    if text == PER_FACTION:
        return text
    try:
        return 1 if text == "all" else cli.positive_int(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"expected all, {PER_FACTION} or a number of 1 or more, got {text!r}"
        ) from None
