"""From a name to a bot: the one door through which bots, and torch with them, come in.

A name is a scripted bot's, `champion` (a trained network in the package), the path of a checkpoint (`.pt`)
or of an exported model (`.onnx`), or a user's own `module:factory`. `pi.pt@STYLE` is a checkpoint playing in a style:
a policy that it was trained on, or the path of a style file (`botgame.statistic_z_file`). Modules are imported when a name
asks for them, so scripted bots and models never load torch.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from botgame.errors import UserError
from botgame.game import Policy

_SCRIPTED = {
    "idle": "botgame.lms.bots.idle:idle",
    "random": "botgame.lms.bots.uniform:uniform",
    "legacy": "botgame.lms.bots.legacy:legacy",
    "lms_re": "botgame.lms.bots.expert.expert:lms_re",
    "rusher": "botgame.lms.bots.expert.expert:rusher",
    "kiter": "botgame.lms.bots.expert.expert:kiter",
    "looter": "botgame.lms.bots.expert.expert:looter",
    "camper": "botgame.lms.bots.expert.expert:camper",
}
CHAMPION = "champion"
_CHAMPION_FILE = Path(__file__).parent / "lms" / "bots" / "champion.pt"
_LEARNED = "botgame.training.alphastar.policy:load_policy"
_STYLED = ".pt@"
_EXPORTED = "botgame.onnx_policy:OnnxPolicy"
STYLE_HELP = "how checkpoints play: a policy that they were trained on, or a style file; short for pi.pt@STYLE"


def scripted_names() -> tuple[str, ...]:
    """Names of the built-in bots: the ladder from weak to strong, then the styles."""
    return tuple(_SCRIPTED)


def built_in_names() -> tuple[str, ...]:
    """The scripted bots and, where torch is installed for it, the champion."""
    return (*_SCRIPTED, CHAMPION) if importlib.util.find_spec("torch") else scripted_names()


def split_style(name: str) -> tuple[str, str]:
    """`pi.pt@rusher` to the path and the style, which is "" where there is none."""
    path, found, style = name.rpartition(_STYLED)
    return (path + _STYLED[:-1], style) if found else (name, "")


def is_checkpoint(name: str) -> bool:
    """Whether the name is that of a trained checkpoint, with a style or without."""
    return split_style(name)[0].endswith(".pt")


def in_style(names: Sequence[str], style: str | None) -> list[str]:
    """`names` of bots, with `@style` behind every checkpoint among them that has no style; None changes nothing.

    Raises UserError (code 2) where there is no such checkpoint.
    """
    if style is None:
        return list(names)
    styled = [f"{name}@{style}" if is_checkpoint(name) and not split_style(name)[1] else name for name in names]
    if styled == list(names):
        raise UserError(f"--style {style}: none of {', '.join(names)} is a checkpoint (.pt) without a style", 2)
    return styled


def load_policy(name: str, device: str = "cpu") -> Policy:
    """The bot called `name`; `device` is where a checkpoint computes. Raises UserError in one line for a bad name."""
    if name in _SCRIPTED:
        policy: Policy = _factory(_SCRIPTED[name])()
        return policy
    if name == CHAMPION:
        return _load_champion(device)
    if is_checkpoint(name):
        return _load_checkpoint(*split_style(name), device)
    if name.endswith(".onnx"):
        exported: Policy = _factory(_EXPORTED)(name)
        return exported
    if ":" in name:
        return _load_own(name)
    known = ", ".join((*_SCRIPTED, CHAMPION))
    raise UserError(f"unknown bot {name!r}: use one of {known}, a .pt checkpoint, an .onnx model or module:factory")


def _load_checkpoint(path: str, style: str, device: str) -> Policy:
    if not Path(path).is_file():
        raise UserError(f"no such checkpoint {path!r}: expected an existing .pt file; train one or correct the path")
    policy: Policy = _factory(_LEARNED)(path, device, style)
    return policy


def _load_champion(device: str) -> Policy:
    if not importlib.util.find_spec("torch"):
        raise UserError(f"bot {CHAMPION!r} is a network and needs PyTorch: install the extra botgame[train]")
    policy: Policy = _factory(_LEARNED)(str(_CHAMPION_FILE), device)
    policy.name = CHAMPION
    return policy


def _load_own(name: str) -> Policy:
    """A user's `module:factory`: imported from the working folder or the environment, called without arguments."""
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        policy = _factory(name)()
    except UserError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"bot {name!r} could not be made ({reason}): correct its module or factory") from error
    if not isinstance(policy, Policy):
        raise UserError(
            f"bot {name!r} gave a {type(policy).__name__}: expected name, memory_size, initial_memory and act"
        )
    return policy


def _factory(path: str) -> Callable[..., Any]:
    module_name, _, attribute = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise UserError(f"bot {path!r}: no module {error.name!r}; run where it lies or install it") from error
    factory = getattr(module, attribute, None)
    if not callable(factory):
        raise UserError(f"bot {path!r}: module {module_name!r} has no function {attribute!r}")
    return factory  # type: ignore[no-any-return]
