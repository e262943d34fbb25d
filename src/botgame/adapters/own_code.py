"""What an environment's own code raises and returns: a mistake in it is one line that says where."""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from botgame.errors import UserError

_BOTGAME = str(Path(__file__).parents[1])
_LARGEST = 1e30  # reward; the sum of many must be a float32


@contextmanager
def own_code(game: str, call: str, but: type[Exception] = UserError) -> Iterator[None]:
    """Around a call of the environment. Raises UserError for whatever its code raises; `but` passes."""
    try:
        yield
    except (UserError, but):
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0].removesuffix(": ")
        raise UserError(f"game {game}: {call} raised {reason} ({_place(error)}); correct the environment") from error


def _place(error: Exception) -> str:
    """File and line where it was raised: the last of the user's own, or else of a library."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not any(part in frame.filename for part in ("site-packages", "<", _BOTGAME))]
    last = (own or frames)[-1]
    return f"{Path(last.filename).name}, line {last.lineno}"


def several(value: Any, names: tuple[str, ...], game: str, call: str) -> tuple[Any, ...]:
    """What a call returned, as many values as there are names. Raises UserError for anything else."""
    if isinstance(value, tuple | list) and len(value) == len(names):
        return tuple(value)
    found = f"{len(value)} values" if isinstance(value, tuple | list) else f"a {type(value).__name__}"
    raise UserError(f"game {game}: {call} returned {found}, expected {', '.join(names)}; correct the environment")


def as_reward(value: Any, game: str) -> float:
    """A reward as a number; an array may hold it. Raises UserError for what is not one finite number."""
    array = np.asarray(value)
    if array.size == 1 and array.dtype.kind in "biuf":
        number = float(array.item())
        if math.isfinite(number) and abs(number) < _LARGEST:
            return number
    raise UserError(f"game {game}: a reward is {value!r}, expected one finite number; correct the environment")
