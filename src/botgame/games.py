"""From a name to a game: the only module that knows which games there are. Imports a game when it is asked for.

A name is a game that comes with the package (`lms`), one that others wrote (`openspiel:NAME`, see `docs/games.md`), or
a user's own `module:factory`, a function without arguments that returns a `botgame.game.Game`.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botgame.errors import UserError

if TYPE_CHECKING:
    from botgame.game import Game

DEFAULT = "lms"
_GAMES = {"lms": "botgame.lms.game:lms"}
_ADAPTERS = {  # of games that others wrote: the function, the package that it needs, and how to get that
    "openspiel": ("botgame.adapters.openspiel:openspiel", "pyspiel", "open-spiel==2.0.2"),
    "pettingzoo": ("botgame.adapters.pettingzoo:pettingzoo", "pettingzoo", "pettingzoo[classic]==1.27.0"),
    "gymnasium": ("botgame.adapters.gymnasium:gymnasium", "gymnasium", "gymnasium>=1.2.0,<2"),
    "kaggle": ("botgame.adapters.kaggle:kaggle", "kaggle_environments", "kaggle-environments==1.33.2"),
}


def load_game(name: str) -> Game:
    """The game called `name`. Raises UserError (code 2) in one line for a bad name, or an own game that is broken."""
    from botgame.game import Game  # brings NumPy, which --help does without

    if not isinstance(name, str):
        raise UserError(f"game {name!r}: expected its name, or module:factory", 2)
    family, colon, rest = name.partition(":")
    if colon and family in _ADAPTERS:
        return _load_adapted(family, rest)
    if name not in _GAMES and not colon:
        known = ", ".join((*_GAMES, *(f"{family}:NAME" for family in _ADAPTERS)))
        raise UserError(f"unknown game {name!r}: expected {known} or your own module:factory", 2)
    game = call_factory(_GAMES.get(name, name), "game")
    if not isinstance(game, Game):
        raise UserError(f"game {name!r} is a {type(game).__name__}: expected a botgame.game.Game", 2)
    if name not in _GAMES:
        from botgame.game_check import check_game

        check_game(game)
    return game


def _load_adapted(family: str, name: str) -> Game:
    path, package, requirement = _ADAPTERS[family]
    if importlib.util.find_spec(package) is None:
        raise UserError(f'game {family}:{name} needs the package {package}: pip install "{requirement}"', 2)
    _look_in_working_folder()
    game: Game = find_factory(path, "game")(name)
    return game


def call_factory(path: str, what: str) -> Any:
    """Import `module` of `module:factory`, from the working folder too, and call the factory. Raises UserError."""
    _look_in_working_folder()
    try:
        return find_factory(path, what)()
    except UserError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"{what} {path!r} could not be made ({reason}): correct its module or factory") from error


def _look_in_working_folder() -> None:
    """Let modules be found where the command runs: a user's own lie there."""
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))


def find_factory(path: str, what: str) -> Callable[..., Any]:
    """The function behind `module:factory`. Raises UserError when there is none."""
    module_name, _, attribute = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise UserError(f"{what} {path!r}: no module {error.name!r}; run where it lies or install it") from error
    factory = getattr(module, attribute, None)
    if not callable(factory):
        raise UserError(f"{what} {path!r}: module {module_name!r} has no function {attribute!r}")
    return factory  # type: ignore[no-any-return]
