"""The file of one seat's decisions with what it saw: for play that cannot be repeated from a seed, as in a dataset.

A sealed NumPy archive (`.npz` without pickled objects, `botgame.seals`) named by its content: the arrays of the
observation that a policy reads, `actions`, `ticks`, and `about` as JSON.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from botgame.files import write_atomic
from botgame.game import Array, DemonstrationError, Game, Observation
from botgame.json_reading import decoded
from botgame.seals import opened, sealed

FORMAT = "botgame-seat-1"
ENDING = ".seat.npz"


class About(msgspec.Struct, frozen=True):
    """What a file says of itself. spec: digest of the game's. source: where the decisions are from."""

    game: str
    spec: str
    policy: str
    source: str
    place: int = 1
    faction: int = 0
    decisions: int = 0
    format: str = FORMAT


class SeatContent(NamedTuple):
    """A seat's T decisions: arrays [T, ...] of `Spec.policy_arrays`, actions int64 [T, H], ticks int32 [T]."""

    about: About
    observation: Observation
    actions: Array
    ticks: Array


def write_seat(folder: Path, content: SeatContent) -> Path:
    """Write it into `folder`, under a name that follows from what is in it. Raises UserError."""
    arrays: dict[str, Any] = {**content.observation, "actions": content.actions, "ticks": content.ticks}
    about = msgspec.json.encode(content.about)
    digest = hashlib.sha256(about)
    for array in arrays.values():
        digest.update(np.ascontiguousarray(array).tobytes())
    file = io.BytesIO()
    np.savez_compressed(file, about=np.frombuffer(about, np.uint8), **arrays)
    path = folder / f"{digest.hexdigest()[:16]}{ENDING}"
    write_atomic(path, sealed(file.getvalue()))
    return path


def read_seat(path: Path, game: Game) -> SeatContent:
    """Inverse of `write_seat`. Raises DemonstrationError for what is no play of `game` as that is now."""
    try:
        with np.load(io.BytesIO(opened(path.read_bytes())), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about: About = decoded(arrays.pop("about").tobytes().decode(), About)
        content = SeatContent(about, arrays, arrays.pop("actions"), arrays.pop("ticks"))
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DemonstrationError(f"{path}: not a seat's decisions ({error})") from error
    if fault := _fault(content, game):
        raise DemonstrationError(f"{path}: {fault}; import it again")
    return content


def _fault(content: SeatContent, game: Game) -> str:
    """Why this is no play of `game`; "" where it is."""
    about, spec = content.about, game.spec
    if (about.format, about.game) != (FORMAT, game.name):
        return f"{about.format} of game {about.game}, expected {FORMAT} of game {game.name}"
    if about.spec != spec.digest():
        return "the game has another spec now"
    rows = about.decisions
    shapes = {name: ((rows, *array.shape), array.dtype) for name, array in spec.policy_arrays.items()}
    found = {name: (array.shape, array.dtype) for name, array in content.observation.items()}
    if found != shapes or content.actions.shape != (rows, len(spec.heads)) or content.ticks.shape != (rows,):
        return "its arrays are not those of the game"
    return fault_of_decisions(content.observation, content.actions, game)


def fault_of_decisions(observation: Observation, actions: Array, game: Game) -> str:
    """Why these T decisions cannot be learned from; "" where they can."""
    for name, array in observation.items():
        if array.dtype == np.float32 and not np.isfinite(array).all():
            return f"`{name}` holds numbers that are not finite"
    for column, (head, part) in enumerate(game.spec.slices.items()):
        chosen, legal = actions[:, column], observation["legal"][:, part]
        if len(chosen) and not (chosen.min() >= 0 and chosen.max() < legal.shape[1]):
            return f"head `{head}` has no such category"
        if not legal.any(axis=1).all():
            return f"head `{head}` has no legal category in some row"
    return ""
