"""Checkpoints, which hold weights and what is needed to use and trace them, and the state files that runs resume from.

Both are `torch.save` archives of plain containers and tensors with a seal behind (`seals`). They are read with
`weights_only=True`, which never runs pickled code, and written to a temporary file that is then renamed.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, cast

import torch

from botgame.errors import UserError
from botgame.files import write_atomic
from botgame.game import Game, SeatLimits
from botgame.seals import Sealer, SealError, check_seal
from botgame.spec import Spec
from botgame.spec_columns import difference
from botgame.training.alphastar.checkpoint_upgrade import upgraded
from botgame.training.alphastar.statistic_z.conditioning import Conditioning

FORMAT = "botgame-checkpoint-1"
STATE_FORMAT = "botgame-state-1"
_TYPES: dict[str, type | tuple[type, ...]] = {
    "game": str,
    "kind": str,
    "network": dict,
    "weights": dict,
    "config": dict,
    "rules": dict,
    "lineage": list,
    "counters": dict,
    "temperature": (int, float),
    "extra": dict,
    "conditioning": dict,
}


@dataclass
class Checkpoint:
    """One trained policy.

    game: its name (`botgame.games`). kind: `imitation`, `rl`, `league`, `exploit` or `average`.
    network: fields of `NetworkConfig`. config: the flags of the run.
    rules: the rule numbers it was trained on. lineage: the checkpoints it came from, oldest first.
    counters: how far training went. temperature: for sampling actions at play.
    extra: JSON types only (evaluation figures; `faction`: the only one that it was trained in;
    `action_cap`, `reaction_ticks`: see `SeatLimits`, where they are not those of the rules).
    conditioning: the inputs and the styles of a conditioned network (`Conditioning.snapshot`); {} for any other, and
    then not written.
    """

    game: str
    kind: str
    spec: Spec
    network: dict[str, Any]
    weights: dict[str, torch.Tensor]
    config: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)
    lineage: list[str] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    temperature: float = 1.0
    extra: dict[str, Any] = field(default_factory=dict)
    conditioning: dict[str, Any] = field(default_factory=dict)

    @property
    def faction(self) -> str:
        """The only faction that it was trained in; "" for a policy of all factions."""
        return str(self.extra.get("faction", ""))

    @property
    def limits(self) -> SeatLimits:
        """Those that it was trained under and plays under."""
        return SeatLimits(*(self.extra.get(name, 0) for name in SeatLimits._fields))


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write atomically. Raises UserError when the file cannot be written."""
    payload = {**vars(checkpoint), "format": FORMAT, "spec": checkpoint.spec.to_dict()}
    if not checkpoint.conditioning:
        del payload["conditioning"]
    payload["weights"] = {name: tensor.detach().cpu().clone() for name, tensor in checkpoint.weights.items()}
    write_atomic(path, lambda file: _dump(payload, file))


def load_checkpoint(path: Path | str, game: Game) -> Checkpoint:
    """Read a checkpoint of `game` on the CPU, brought to the game's spec, which may have grown since (`spec_columns`).

    Raises UserError when the file is missing, empty, cut short, foreign, holds pickled code, is of another game, or
    does not fit the game's spec.
    """
    path = Path(path)
    payload = _read(path, FORMAT, "checkpoint", "train one with botgame.training.alphastar_imitation")
    try:
        payload["spec"] = Spec.from_dict(payload["spec"])
        payload["spec"].digest()  # which a spec of anything but plain values has not got
        names = Checkpoint.__dataclass_fields__
        payload.setdefault("conditioning", {})
        checkpoint = _checked(Checkpoint(**{name: payload[name] for name in names}))
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError, UserError) as error:
        raise UserError(f"{path}: the checkpoint is damaged: {error}; make it again") from error
    if checkpoint.game != game.name:
        raise UserError(
            f"{path}: a bot of game {checkpoint.game!r}, this is game {game.name!r}; choose its game with --game"
        )
    return _fitted(checkpoint, game, path)


def _fitted(checkpoint: Checkpoint, game: Game, path: Path) -> Checkpoint:
    """The checkpoint for the game's spec. Raises UserError that names what of its own spec is gone or has changed."""
    if checkpoint.spec.digest() == game.spec.digest():
        return checkpoint
    reason = difference(checkpoint.spec, game.spec)
    if reason:
        raise UserError(f"{path}: made for another version of game {game.name}: {reason}; train it again")
    try:
        network, weights = upgraded(checkpoint.network, checkpoint.weights, checkpoint.spec, game.spec)
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: its weights do not fit this release's network; train it again") from error
    return replace(checkpoint, spec=game.spec, network=network, weights=weights)


def checkpoint_kind(path: Path) -> str:
    """The kind of run that wrote the checkpoint at `path`, of any game; "" where there is no checkpoint."""
    try:
        return str(_read(path, FORMAT, "checkpoint", "").get("kind", ""))
    except UserError:
        return ""


def save_state(path: Path, state: dict[str, Any], before: Path | None = None) -> None:
    """Write a resume state (nested dicts and lists of tensors, numbers and strings) atomically.

    before: where the file that it replaces is kept; None: nowhere.
    """
    write_atomic(path, lambda file: _dump({"format": STATE_FORMAT, "state": state}, file), before)


def load_state(path: Path) -> dict[str, Any]:
    """Inverse of `save_state`. Raises UserError like `load_checkpoint`."""
    payload = _read(path, STATE_FORMAT, "resume state", "start the run again without --resume and another output")
    state = payload.get("state")
    try:
        if not isinstance(state, dict):
            raise TypeError(f"it is a {type(state).__name__}")
        _check_weights(state)
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: the resume state is damaged: {error}; start the run again") from error
    return state


def is_state(path: Path) -> bool:
    """Whether `path` is a resume state."""
    try:
        load_state(path)
    except UserError:
        return False
    return True


def _dump(payload: dict[str, Any], file: IO[bytes]) -> None:
    """`torch.save` and a seal. Where torch says RuntimeError of a full disk, raises the OSError that was the reason."""
    sealer = Sealer(file)
    try:
        torch.save(payload, cast(IO[bytes], sealer))  # it asks for write and flush, nothing else
    except RuntimeError as error:
        raise (sealer.error or error) from None
    sealer.seal()


def _checked(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint. Raises ValueError or TypeError, with the name, for a field of a wrong type or weights as NaN."""
    for name, kind in _TYPES.items():
        if not isinstance(getattr(checkpoint, name), kind):
            raise TypeError(f"its {name} is a {type(getattr(checkpoint, name)).__name__}")
    if not all(isinstance(part, str) for part in checkpoint.lineage):
        raise TypeError("its lineage has what is no path")
    if not all(isinstance(count, int) for count in checkpoint.counters.values()):
        raise TypeError("its counters are not all whole numbers")
    if not 0 < checkpoint.temperature < math.inf:
        raise ValueError(f"its temperature is {checkpoint.temperature}")
    if not isinstance(checkpoint.extra.get("faction", ""), str):
        raise TypeError(f"its faction is a {type(checkpoint.extra['faction']).__name__}")
    if not all(isinstance(limit, int) and limit >= 0 for limit in checkpoint.limits):
        raise TypeError("its cap on actions or its reaction is no whole number from 0 on")
    if checkpoint.conditioning:
        Conditioning.restore(checkpoint.conditioning)
    _check_finite(checkpoint.weights)
    return checkpoint


def _check_finite(weights: dict[str, torch.Tensor]) -> None:
    for name, tensor in weights.items():
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"its weights {name} are a {type(tensor).__name__}")
        if not bool(torch.isfinite(tensor).all()):
            raise ValueError(f"its weights {name} are not all finite numbers")


def _check_weights(state: Any, name: str = "") -> None:
    """Raise ValueError where a tensor of a resume state that is part of something called "weights" is not finite."""
    if isinstance(state, torch.Tensor) and "weights" in name and not bool(torch.isfinite(state).all()):
        raise ValueError(f"its {name} are not all finite numbers")
    parts = state.items() if isinstance(state, dict) else enumerate(state) if isinstance(state, list | tuple) else ()
    for key, part in parts:
        _check_weights(part, f"{name} {key}".strip())


def _read(path: Path, expected: str, what: str, advice: str) -> dict[str, Any]:
    if not path.exists():
        raise UserError(f"{path}: no such {what}; {advice}, or give the path of one that exists")
    if path.is_dir():
        raise UserError(f"{path}: is a folder, expected a {what} file")
    if path.stat().st_size == 0:
        raise UserError(f"{path}: the {what} is empty (0 bytes); {advice}")
    try:
        with path.open("rb") as file:  # opened once: a run that is going on may replace it meanwhile
            check_seal(file)
            payload = _unpacked(file)
    except SealError as error:
        raise UserError(f"{path}: not a whole botgame {what}: {error}; {advice}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UserError as error:
        raise UserError(f"{path}: not a botgame {what}: {error}; {advice}") from error
    if not isinstance(payload, dict) or payload.get("format") != expected:
        raise UserError(f"{path}: not a botgame {what}: its format is not {expected}; {advice}")
    return payload


def _unpacked(file: IO[bytes]) -> Any:
    """What `torch.save` wrote. Raises UserError with the reason."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged archive; each means the same to the user
        reason = "holds pickled code, which is never run" if "Unsupported" in str(error) else "is no archive"
        raise UserError(f"it {reason}") from error
