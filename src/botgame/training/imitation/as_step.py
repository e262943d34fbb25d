"""Imitation as a step of another command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from botgame.training import alphastar_imitation
from botgame.training.imitation.command import train


def imitate(flags: Mapping[str, object], module: str, argv: Sequence[str] | None) -> int:
    """Run `alphastar_imitation` with these flags, by name; True and False switch one on or off.

    module, argv: the command whose step it is, which is named where a stopped run says how to go on. Returns the exit
    code; raises UserError.
    """
    words: list[str] = []
    for name, value in flags.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            words += [flag] if value else []
        else:
            words += [flag, str(value)]
    return train(alphastar_imitation.build_parser().parse_args(words), module, argv)
