"""From a name to a bot of a game: the one place where bots come in, and torch with them.

`botgame.bot_names` says what names there are. Modules are imported when a name asks for them, so scripted bots and
models never load torch.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from botgame.bot_file import load_bot
from botgame.bot_names import LevelName, is_bot_file, is_checkpoint, is_weaker, level_name, split_noise, split_style
from botgame.errors import UserError
from botgame.games import call_factory
from botgame.levels import bot_of, find_level, own_names
from botgame.trained_bots import bot_files, checkpoint_path, trained_bots

if TYPE_CHECKING:
    from botgame.game import Game, Policy

_LEARNED = "botgame.training.alphastar.policy"
_EXPORTED = "botgame.onnx_policy"
_LOADED: WeakValueDictionary[tuple[str, str, str, int], Policy] = WeakValueDictionary()  # bots that have levels


def built_in_names(game: Game) -> tuple[str, ...]:
    """The scripted bots and, where torch is installed for them, the trained bots and the levels of the game's first.

    A family is no one bot, and left out.
    """
    learned = (*own_names(game), *trained_bots(game)) if importlib.util.find_spec("torch") else ()
    return (*game.bots, *learned, *bot_files(game))


def working_names(game: Game, report: Callable[[str], None]) -> tuple[str, ...]:
    """`built_in_names` without the installed bots that cannot be loaded; `report` is called with a line for each."""
    return tuple(name for name in built_in_names(game) if _works(game, name, report))


def is_network(game: Game, name: str) -> bool:
    """Whether the name is that of a checkpoint that plays as trained: a path, or a trained bot."""
    return name in trained_bots(game) or (is_checkpoint(name) and not is_weaker(name))


def load_policy(game: Game, name: str, device: str = "cpu") -> Policy:
    """The bot called `name`; `device` is where a checkpoint computes. Raises UserError in one line for a bad name."""
    if not isinstance(name, str):
        raise UserError(f"bot {name!r}: expected its name or path as text", 2)
    bot, share = split_noise(name)
    if bot != name:
        from botgame.noise import noisy  # brings NumPy, which --help does without

        return noisy(game, load_policy(game, bot, device), share)
    level = level_name(name)
    if level is not None:
        return _load_level(game, name, level, device)
    if name in game.bots:
        return game.bots[name]()
    if name in game.families:
        from botgame.families import RandomMember  # brings NumPy, which --help does without

        return RandomMember(name, game.families[name])
    if name in trained_bots(game):
        return _load_trained(game, name, device)
    if is_bot_file(name) or name in bot_files(game):
        return load_bot(bot_files(game).get(name, Path(name)), game, name)
    if is_checkpoint(name):
        return _load_checkpoint(game, *split_style(name), device)
    if name.endswith(".onnx"):
        exported: Policy = importlib.import_module(_EXPORTED).load_model(game, name)
        return exported
    if ":" in name:
        return _load_own(game, name)
    known = ", ".join((*game.bots, *game.families, *trained_bots(game), *bot_files(game)))
    raise UserError(f"unknown bot {name!r}: use one of {known}, a .pt, .onnx or .bot.json file or module:factory")


def _works(game: Game, name: str, report: Callable[[str], None]) -> bool:
    """Whether a bot can be loaded; those that come with the game can."""
    if name in game.checkpoints or name not in {**trained_bots(game), **bot_files(game)}:
        return True
    try:
        load_policy(game, name)
    except UserError as error:
        report(f"warning: bot {name} is left out: {error}")
        return False
    return True


def _load_level(game: Game, name: str, level: LevelName, device: str) -> Policy:
    """A level of a bot, whose network is in memory once for all its levels."""
    from botgame.handicapped import HandicappedPolicy  # brings NumPy, which --help does without

    handicap = find_level(game, level).handicap
    try:
        return HandicappedPolicy(game, _shared(game, bot_of(game, level), device), handicap, name)
    except ValueError as error:
        raise UserError(f"{name}: {error}; measure its levels again with: python -m botgame levels BOT") from error


def _shared(game: Game, bot: str, device: str) -> Policy:
    """The bot, loaded once for as long as one of its levels is in use and its file stays as it is."""
    path = checkpoint_path(game, bot)
    stamp = path.stat().st_mtime_ns if path.is_file() else 0
    key = (game.name, str(path.resolve()), device, stamp)
    policy = _LOADED.get(key)
    if policy is None:
        policy = _LOADED[key] = load_policy(game, bot, device)
    return policy


def _load_checkpoint(game: Game, path: str, style: str, device: str) -> Policy:
    if not Path(path).is_file():
        raise UserError(f"no such checkpoint {path!r}: expected an existing .pt file; train one or correct the path")
    policy: Policy = importlib.import_module(_LEARNED).load_policy(game, path, device, style)
    return policy


def _load_trained(game: Game, name: str, device: str) -> Policy:
    if not importlib.util.find_spec("torch"):
        raise UserError(f"bot {name!r} is a network and needs PyTorch: install the extra botgame[train]")
    policy = _load_checkpoint(game, str(trained_bots(game)[name]), "", device)
    policy.name = name
    return policy


def _load_own(game: Game, name: str) -> Policy:
    """A user's `module:factory`: imported from the working folder or the environment, called without arguments."""
    from botgame.game import Policy  # brings NumPy, which --help does without
    from botgame.own_bot import OwnBot
    from botgame.seat_limits import possible_limits

    policy = call_factory(name, "bot")
    if not isinstance(policy, Policy):
        raise UserError(
            f"bot {name!r} gave a {type(policy).__name__}: expected name, memory_size, initial_memory and act"
        )
    possible_limits(game, policy)
    return policy if game.corrects_actions else OwnBot(policy, game.spec)
