"""What a learner's program may choose in every environment, by keyword; a word that is none of it is named."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ParamSpec, TypedDict, TypeVar

from botgame.errors import UserError

Made = TypeVar("Made")
Given = ParamSpec("Given")


class Options(TypedDict, total=False):
    """What every environment takes as keywords.

    faction: what the learner always plays as; drawn for each match where it is left out. duration_ticks: the longest
    duration of a match, the game's usual one where it is left out. reward_weights: what 1 of each reward stream is
    worth in the reward, the game's own weights where they are left out. record_to: a folder for a recording of every
    match that is played to its end. scratch: rewards for a learner that starts from random weights (`Game.scratch`).
    """

    faction: str
    duration_ticks: int
    reward_weights: Mapping[str, float]
    record_to: str | Path
    scratch: bool


def takes_options(name: str) -> Callable[[Callable[Given, Made]], Callable[Given, Made]]:
    """Decorate a function with `**options: Unpack[Options]`: it raises UserError (code 2) for other keywords.

    name: of the function or of the environment that it makes, for the message.
    """

    def decorate(make: Callable[Given, Made]) -> Callable[Given, Made]:
        parameters = inspect.signature(make).parameters.values()
        own = [each.name for each in parameters if each.kind is not inspect.Parameter.VAR_KEYWORD]
        known = [*own, *Options.__annotations__]

        @functools.wraps(make)
        def checked(*args: Given.args, **options: Given.kwargs) -> Made:
            if strange := [option for option in options if option not in known]:
                raise UserError(f"{name}: no option {', '.join(strange)}; expected {', '.join(known)}", 2)
            return make(*args, **options)

        return checked

    return decorate
