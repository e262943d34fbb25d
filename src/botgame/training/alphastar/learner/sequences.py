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


def sequence_bytes(spec: Spec, steps: int) -> int:
    """Memory of one sequence with a teacher, but without what networks remember or are conditioned on."""
    return sum(column.nbytes for column in allocate(spec, 0, steps, 1).values())


def copy_rows(source: Columns, rows: NDArray[np.intp], target: Columns, places: NDArray[np.intp]) -> None:
    """Copy sequences `rows` of `source` to `places` of `target`."""
    for name, column in target.items():
        column[places] = source[name][rows]


class SequenceBatch(NamedTuple):
    """A minibatch, time first: T decisions of B sequences.

    observation: dict of [T + 1, B, ...] (floats are float32); valid bool [T + 1, B]: rows that were observed;
    memory float32 [B, M]; actions int64 [T + 1, B, H] (row T is 0); mask bool [T, B]: decisions that count;
    behaviour float32 [T, B, H]; teacher float32 [T, B, L], None without one; rewards float32 [T, B, R];
    discount float32 [T, B]: 1, and 0 at true ends and in the padding.

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
    early: Tensor | None = None
    active: Tensor | None = None


def gather(columns: Columns, indices: NDArray[np.intp], device: torch.device | str = "cpu") -> SequenceBatch:
    """The minibatch of sequences `indices`, cut to the longest of them."""
    steps = int(columns["length"][indices].max())
    chosen = {}
    for name, column in columns.items():
        places = slice(steps + (name in _OBSERVED))
        rows = column[indices, places] if name in _OBSERVED + _DECIDED else column[indices]
        chosen[name] = to_device(rows, torch.device(device))
    return batch_of(chosen)


def to_device(array: NDArray[Any], device: torch.device) -> Tensor:
    """The array as a tensor on `device`; the program does not wait while a GPU copies it."""
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def batch_of(chosen: dict[str, Tensor]) -> SequenceBatch:
    """A minibatch from columns of B sequences and T decisions, on the device where they are.

    No operation depends on the data. A sequence may have length 0; none of its decisions counts.
    """
    length, truncated = chosen["length"].long(), chosen["truncated"]
    steps = chosen["actions"].shape[1]
    place = torch.arange(steps + 1, device=length.device)[:, None]
    mask = place[:steps] < length
    ends = (place[:steps] == length - 1) & ~truncated
    observation = {name: _time_first(chosen[name]) for name in OBSERVED}
    styled = "condition" in chosen
    if styled:
        observation["condition"] = chosen["condition"].expand(steps + 1, -1, -1)
        observation["style_distance"] = _time_first(chosen["style_distance"])
    actions = _time_first(chosen["actions"]).long()
    return SequenceBatch(
        observation=observation,
        valid=(place < length) | ((place == length) & truncated),
        memory=chosen["memory"],
        actions=torch.cat([actions, torch.zeros_like(actions[:1])]),
        mask=mask,
        behaviour=_time_first(chosen["behaviour"]),
        teacher=_time_first(chosen["teacher"]) if "teacher" in chosen else None,
        rewards=_time_first(chosen["rewards"]),
        discount=(mask & ~ends).float(),
        early=_time_first(chosen["early"]) if styled else None,
        active=_active(chosen) if styled else None,
    )


def _active(chosen: dict[str, Tensor]) -> Tensor:
    """Which rewards each sequence is paid: all of the spec's own, and the active pseudo-rewards after them."""
    paid = chosen["active"]
    own = chosen["rewards"].shape[2] - paid.shape[1]
    return torch.cat([paid.new_ones((len(paid), own)), paid], dim=1)


def _time_first(column: Tensor) -> Tensor:
    """[B, T, ...] -> [T, B, ...]; float16 becomes float32."""
    rows = column.transpose(0, 1)
    return rows.float() if rows.dtype == torch.float16 else rows


_OBSERVED = (*OBSERVED, "style_distance")  # columns of T + 1 places
_DECIDED = ("actions", "behaviour", "teacher", "rewards", "early")  # of T places; the others are of a whole sequence
