"""From a name to a bot: the one door through which bots, and torch with them, come in.

A name is a scripted bot's, the path of a checkpoint (`.pt`) or of an exported model (`.onnx`), or a user's own
`module:factory`. `pi.pt@STYLE` is a checkpoint that plays in a style: a policy that it was trained on, or the path of a
style file (`botgame.style_file`). Modules are imported when a name asks for them, so scripted bots and models never
load torch.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from botgame.bots.policy import Policy
from botgame.errors import UserError

_SCRIPTED = {
    "idle": "botgame.bots.idle:idle",
    "random": "botgame.bots.uniform:uniform",
    "legacy": "botgame.bots.legacy:legacy",
    "lms_re": "botgame.bots.expert:lms_re",
    "rusher": "botgame.bots.expert:rusher",
    "kiter": "botgame.bots.expert:kiter",
    "looter": "botgame.bots.expert:looter",
    "camper": "botgame.bots.expert:camper",
}
_LEARNED = "botgame.training.alphastar.policy:load_policy"
_STYLED = ".pt@"
_EXPORTED = "botgame.bots.onnx_policy:OnnxPolicy"
STYLE_HELP = "how checkpoints play: a policy that they were trained on, or a style file; short for pi.pt@STYLE"


def scripted_names() -> tuple[str, ...]:
    """Names of the built-in bots: the ladder from weak to strong, then the styles."""
    return tuple(_SCRIPTED)


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
    if is_checkpoint(name):
        return _load_checkpoint(*split_style(name), device)
    if name.endswith(".onnx"):
        exported: Policy = _factory(_EXPORTED)(name)
        return exported
    if ":" in name:
        return _load_own(name)
    raise UserError(
        f"unknown bot {name!r}: use one of {', '.join(_SCRIPTED)}, a .pt checkpoint, an .onnx model or module:factory"
    )


def _load_checkpoint(path: str, style: str, device: str) -> Policy:
    if not Path(path).is_file():
        raise UserError(f"no such checkpoint {path!r}: expected an existing .pt file; train one or correct the path")
    policy: Policy = _factory(_LEARNED)(path, device, style)
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
