"""What a bot's `act` returned, checked before anybody works with it: a user's own bot may be wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.errors import UserError
from botgame.game import Array, Policy


def checked_answer(policy: Policy, answer: Any, rows: int, heads: int) -> tuple[Array, Array]:
    """The actions [n, H] and the memory [n, M] of an answer, as they are. Raises UserError that names the bot."""
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise UserError(f"bot {policy.name!r} returned no pair from act, expected actions and memory: correct it")
    actions, memory = answer
    return (
        _numbers(policy, "actions", actions, (rows, heads)),
        _numbers(policy, "memory", memory, (rows, policy.memory_size)),
    )


def _numbers(policy: Policy, what: str, values: Any, shape: tuple[int, int]) -> Array:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise UserError(
            f"bot {policy.name!r} returned {what} with rows of several lengths, expected shape {shape}: correct it"
        ) from error
    if array.shape != shape:
        raise UserError(f"bot {policy.name!r} returned {what} of shape {array.shape}, expected {shape}: correct it")
    if array.dtype.kind not in "biuf":
        raise UserError(f"bot {policy.name!r} returned {what} of dtype {array.dtype}, expected numbers: correct it")
    return array
