"""What a learner's program may choose in every environment, by keyword; anything else is one line that names it."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ParamSpec, TypedDict, TypeVar

from botgame.envs.number_checks import is_finite, is_whole
from botgame.errors import UserError
from botgame.game import Game

Made = TypeVar("Made")
Given = ParamSpec("Given")
_LONGEST = 2**31 - 1  # ticks


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


def check_options(game: Game, options: Options) -> None:
    """Raise UserError (code 2) for a value of another kind, and for what the game does not have."""
    faction, scratch = options.get("faction"), options.get("scratch", False)
    if faction and faction not in game.factions:
        raise UserError(f"faction {faction!r}: expected one of {', '.join(game.factions) or 'none'}", 2)
    if not isinstance(scratch, bool):
        raise UserError(f"scratch {scratch!r}: expected True or False", 2)
    _check_duration(game, options.get("duration_ticks"))
    _check_weights(game, options.get("reward_weights", {}))
    _check_folder(game, options.get("record_to"))


def _check_duration(game: Game, duration: int | None) -> None:
    if duration is None:
        return
    if not is_whole(duration) or not 1 <= duration <= _LONGEST:
        raise UserError(f"duration_ticks {duration!r}: expected a whole number of ticks, 1 to {_LONGEST:,}", 2)
    if not game.duration_ticks:
        raise UserError(f"duration_ticks {duration}: game {game.name} has no duration to choose; leave it out", 2)


def _check_weights(game: Game, weights: Mapping[str, float]) -> None:
    streams = [reward.name for reward in game.spec.rewards]
    if not isinstance(weights, Mapping):
        raise UserError(f"reward_weights {weights!r}: expected numbers by name, such as {{{streams[0]!r}: 1.0}}", 2)
    if strange := {str(name) for name in weights} - {*streams}:
        raise UserError(f"reward_weights of {', '.join(sorted(strange))}: expected {', '.join(streams)}", 2)
    for name, weight in weights.items():
        if not is_finite(weight):
            raise UserError(f"reward_weights of {name}: expected a finite number, got {weight!r}", 2)


def _check_folder(game: Game, folder: str | Path | None) -> None:
    if folder is None:
        return
    if game.recorder is None:
        raise UserError(f"record_to {str(folder)!r}: game {game.name} cannot be recorded; leave it out", 2)
    if not isinstance(folder, str | Path) or "\0" in str(folder):
        raise UserError(f"record_to {folder!r}: expected the path of a folder", 2)
    path = Path(folder).absolute()
    nearest = next(place for place in (path, *path.parents) if os.path.lexists(place))
    if not nearest.is_dir():
        raise UserError(f"record_to {str(folder)!r}: expected the path of a folder, but {nearest} is none", 2)
