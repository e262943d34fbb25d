"""From a name to a bot of a game: the one place where bots come in, and torch with them.

A name is a scripted bot's of the game, a trained bot's that comes with the game (`champion`), the path of a checkpoint
(`.pt`) or of an exported model (`.onnx`), or a user's own `module:factory`. `pi.pt@STYLE` is a checkpoint playing in a
style: a policy that it was trained on, or the path of a style file (`botgame.statistic_z_file`). `pi.pt@level-4` and
`level-4` are weaker versions of a trained bot (`botgame.levels`). `BOT~0.2` is any of them, acting at random in a fifth
of its decisions (`botgame.noise`). Modules are imported when a name asks for them, so scripted bots and models never
load torch.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from botgame.bot_names import split_noise
from botgame.errors import UserError
from botgame.games import call_factory
from botgame.levels import LevelName, bot_of, find_level, level_name, own_names

if TYPE_CHECKING:
    from botgame.game import Game, Policy

_LEARNED = "botgame.training.alphastar.policy"
_EXPORTED = "botgame.onnx_policy"
_STYLED = ".pt@"
_LOADED: WeakValueDictionary[tuple[str, str, str, int], Policy] = WeakValueDictionary()  # bots that have levels
STYLE_HELP = "how checkpoints play: a policy that they were trained on, or a style file; short for pi.pt@STYLE"


def built_in_names(game: Game) -> tuple[str, ...]:
    """The scripted bots and, where torch is installed for them, the game's trained bots and the levels of the first."""
    learned = (*own_names(game), *game.checkpoints) if importlib.util.find_spec("torch") else ()
    return (*game.bots, *learned)


def split_style(name: str) -> tuple[str, str]:
    """`pi.pt@rusher` to the path and the style, which is "" where there is none."""
    path, found, style = name.rpartition(_STYLED)
    return (path + _STYLED[:-1], style) if found else (name, "")


def is_checkpoint(name: str) -> bool:
    """Whether the name is that of a trained checkpoint, with a style or without."""
    return split_style(split_noise(name)[0])[0].endswith(".pt")


def is_network(game: Game, name: str) -> bool:
    """Whether the name is that of a checkpoint that plays as trained: a path, or one that comes with the game."""
    return name in game.checkpoints or (is_checkpoint(name) and not is_weaker(name))


def is_weaker(name: str) -> bool:
    """Whether the name is that of a weaker version of a bot: a level, or one that acts at random now and then."""
    return split_noise(name)[0] != name or level_name(name) is not None


def files_of(name: str) -> list[Path]:
    """The files that the bot of that name is read from: a model, and a style; none for a bot that is code."""
    name = split_noise(name)[0]
    level = level_name(name)
    name = level.bot if level else name
    parts = split_style(name) if is_checkpoint(name) or name.endswith(".onnx") else ()
    return [Path(part) for part in parts if part and Path(part).is_file()]


def in_style(names: Sequence[str], style: str | None) -> list[str]:
    """`names` of bots, with `@style` behind every checkpoint among them that has no style; None changes nothing.

    Raises UserError (code 2) where there is no such checkpoint.
    """
    if style is None:
        return list(names)
    styled = [_styled(name, style) for name in names]
    if styled == list(names):
        raise UserError(f"--style {style}: none of {', '.join(names)} is a checkpoint (.pt) without a style", 2)
    return styled


def _styled(name: str, style: str) -> str:
    bot, _ = split_noise(name)
    return f"{bot}@{style}{name[len(bot) :]}" if is_checkpoint(bot) and not split_style(bot)[1] else name


def load_policy(game: Game, name: str, device: str = "cpu") -> Policy:
    """The bot called `name`; `device` is where a checkpoint computes. Raises UserError in one line for a bad name."""
    bot, share = split_noise(name)
    if bot != name:
        from botgame.noise import noisy  # brings NumPy, which --help does without

        return noisy(game, load_policy(game, bot, device), share)
    level = level_name(name)
    if level is not None:
        return _load_level(game, name, level, device)
    if name in game.bots:
        return game.bots[name]()
    if name in game.checkpoints:
        return _load_packaged(game, name, device)
    if is_checkpoint(name):
        return _load_checkpoint(game, *split_style(name), device)
    if name.endswith(".onnx"):
        exported: Policy = importlib.import_module(_EXPORTED).load_model(game, name)
        return exported
    if ":" in name:
        return _load_own(name)
    known = ", ".join((*game.bots, *game.checkpoints))
    raise UserError(f"unknown bot {name!r}: use one of {known}, a .pt checkpoint, an .onnx model or module:factory")


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
    path = game.checkpoints.get(bot) or Path(bot)
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


def _load_packaged(game: Game, name: str, device: str) -> Policy:
    if not importlib.util.find_spec("torch"):
        raise UserError(f"bot {name!r} is a network and needs PyTorch: install the extra botgame[train]")
    policy = _load_checkpoint(game, str(game.checkpoints[name]), "", device)
    policy.name = name
    return policy


def _load_own(name: str) -> Policy:
    """A user's `module:factory`: imported from the working folder or the environment, called without arguments."""
    from botgame.game import Policy  # brings NumPy, which --help does without

    policy = call_factory(name, "bot")
    if not isinstance(policy, Policy):
        raise UserError(
            f"bot {name!r} gave a {type(policy).__name__}: expected name, memory_size, initial_memory and act"
        )
    return policy
