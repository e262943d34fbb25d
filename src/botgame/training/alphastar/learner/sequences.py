"""Sequences in compact arrays: the actor writes them a row at a time, and the learner reads minibatches of them.

A sequence is up to T decisions of one seat within one match. Observations have T + 1 places: the last one is after the
T-th decision, and its value is the bootstrap value if the match goes on. The end of a match is a true end: its last
decision has discount 0, and there is no bootstrap value. Observations are stored as `compact` says, the teacher's
log-probabilities as float16.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from botgame.spec import OBSERVED, Spec
from botgame.training.alphastar.compact import stored_dtype

LEAST_LOG_PROB = -60.0  # stored instead of the -1e9 of illegal categories, which float16 cannot hold
Columns = dict[str, NDArray[Any]]


def allocate(
    spec: Spec,
    memory_size: int,
    steps: int,
    capacity: int,
    *,
    taught: bool = True,
    condition: int = 0,
    distances: int = 0,
) -> Columns:
    """Zeroed columns for `capacity` sequences of `steps` decisions.

    Observation fields are [capacity, steps + 1, ...]; `actions` int16 and `behaviour` float32 (log-probability of each
    head's choice) [capacity, steps, heads]; `teacher` float16 [capacity, steps, logits], where there is one (`taught`);
    `rewards` float32 [capacity, steps, rewards]; `memory` float32 [capacity, memory_size] before the first decision;
    `length` int32; `truncated` bool: the match went on; `version` int64: learner steps done when the sequence began.

    Where networks are conditioned (`condition` columns) and follow styles (`distances`: number of pseudo-rewards):
    `condition` float32 [capacity, condition]; `style_distance` float32 [capacity, steps + 1, distances]; `active` bool
    [capacity, distances]: the pseudo-reward is paid; `early` bool [capacity, steps]: the extra KL holds.
    """
    columns: Columns = {
        name: np.zeros((capacity, steps + 1, *array.shape), stored_dtype(name, array.dtype, exact=True))
        for name, array in spec.arrays.items()
    }
    columns["actions"] = np.zeros((capacity, steps, len(spec.heads)), np.int16)
    columns["behaviour"] = np.zeros((capacity, steps, len(spec.heads)), np.float32)
    if taught:
        columns["teacher"] = np.zeros((capacity, steps, spec.logits), np.float16)
    columns["rewards"] = np.zeros((capacity, steps, len(spec.rewards)), np.float32)
    columns["memory"] = np.zeros((capacity, memory_size), np.float32)
    columns["length"] = np.zeros(capacity, np.int32)
    columns["truncated"] = np.zeros(capacity, np.bool_)
    columns["version"] = np.zeros(capacity, np.int64)
    if condition:
        columns["condition"] = np.zeros((capacity, condition), np.float32)
        columns["style_distance"] = np.zeros((capacity, steps + 1, distances), np.float32)
        columns["active"] = np.zeros((capacity, distances), np.bool_)
        columns["early"] = np.zeros((capacity, steps), np.bool_)
    return columns


def copy_rows(source: Columns, rows: NDArray[np.intp], target: Columns, places: NDArray[np.intp]) -> None:
    """Copy sequences `rows` of `source` to `places` of `target`."""
    for name, column in target.items():
        column[places] = source[name][rows]


class SequenceBatch(NamedTuple):
    """A minibatch, time first: T decisions of B sequences.

    observation: dict of [T + 1, B, ...] (floats are float32); valid bool [T + 1, B]: rows that were observed;
    memory float32 [B, M]; actions int64 [T + 1, B, H] (row T is 0); mask bool [T, B]: decisions that count;
    behaviour float32 [T, B, H]; teacher float32 [T, B, L], None without one; rewards float32 [T, B, R];
    discount float32 [T, B]: 1, and 0 at true ends and in the padding; version int64 [B].

    Where seats follow styles: observation has `condition` [T + 1, B, C] and `style_distance` [T + 1, B, X] too, and
    early bool [T, B] and active bool [B, R] (True for the spec's own rewards) are not None.
    """

    observation: dict[str, Tensor]
    valid: Tensor
    memory: Tensor
    actions: Tensor
    mask: Tensor
    behaviour: Tensor
    teacher: Tensor | None
    rewards: Tensor
    discount: Tensor
    version: Tensor
    early: Tensor | None = None
    active: Tensor | None = None


def gather(columns: Columns, indices: NDArray[np.intp], device: torch.device | str = "cpu") -> SequenceBatch:
    """The minibatch of sequences `indices`, cut to the longest of them."""
    length = torch.from_numpy(columns["length"][indices].astype(np.int64))
    truncated = torch.from_numpy(columns["truncated"][indices])
    steps = int(length.max())
    place = torch.arange(steps + 1)[:, None]
    mask = place[:steps] < length
    ends = (place[:steps] == length - 1) & ~truncated
    valid = (place < length) | ((place == length) & truncated)
    take = _Reader(columns, indices, torch.device(device))
    observation = {name: take(name, steps + 1) for name in OBSERVED}
    styled = "condition" in columns
    if styled:
        condition = torch.from_numpy(columns["condition"][indices]).to(device)
        observation |= {
            "condition": condition.expand(steps + 1, -1, -1),
            "style_distance": take("style_distance", steps + 1),
        }
    actions = take("actions", steps)
    last = torch.zeros((1, *actions.shape[1:]), dtype=torch.int64, device=device)
    return SequenceBatch(
        observation=observation,
        valid=valid.to(device),
        memory=torch.from_numpy(columns["memory"][indices]).to(device),
        actions=torch.cat([actions.long(), last]),
        mask=mask.to(device),
        behaviour=take("behaviour", steps),
        teacher=take("teacher", steps) if "teacher" in columns else None,
        rewards=take("rewards", steps),
        discount=(mask & ~ends).float().to(device),
        version=torch.from_numpy(columns["version"][indices]),
        early=take("early", steps) if styled else None,
        active=_active(columns, indices).to(device) if styled else None,
    )


def _active(columns: Columns, indices: NDArray[np.intp]) -> Tensor:
    """Which rewards each sequence is paid: all of the spec's own, and the active pseudo-rewards after them."""
    paid = columns["active"][indices]
    own = columns["rewards"].shape[2] - paid.shape[1]
    return torch.from_numpy(np.concatenate([np.ones((len(paid), own), np.bool_), paid], axis=1))


class _Reader:
    """Reads one column of chosen sequences as a time-major tensor on the device; float16 becomes float32."""

    def __init__(self, columns: Columns, indices: NDArray[np.intp], device: torch.device) -> None:
        self._columns, self._indices, self._device = columns, indices, device

    def __call__(self, name: str, steps: int) -> Tensor:
        rows = torch.from_numpy(self._columns[name][self._indices, :steps]).transpose(0, 1).to(self._device)
        return rows.float() if rows.dtype == torch.float16 else rows
