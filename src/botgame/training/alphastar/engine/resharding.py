"""A run that goes on in other processes than before: what its parts have learned from is dealt anew.

Sequences are kept. Running matches are not, because their state belongs to the process that they ran in: every process
begins with new ones, whose numbers come after all earlier ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from botgame.training.alphastar.actor.actors import matches_begun


def reshard(snapshots: Sequence[dict[str, Any]], size: int) -> list[dict[str, Any]]:
    """Snapshots of parts (`Part.snapshot`) for `size` processes, from those of another number of them."""
    skip = max(_begun(snapshot) for snapshot in snapshots)
    columns = _by_age([snapshot["replay_buffer"] for snapshot in snapshots])
    dealt = [{name: column[rank::size] for name, column in columns.items()} for rank in range(size)]
    return [{"skip": skip, "replay_buffer": {"count": len(columns["length"]), "columns": columns}} for columns in dealt]


def _begun(snapshot: dict[str, Any]) -> int:
    """Later numbers are those of new matches. Actors of a Ray cluster leave no matches, only that number."""
    return matches_begun(snapshot["actor"]) if "actor" in snapshot else int(snapshot["skip"])


def _by_age(buffers: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
    """The columns of all buffers together, the oldest sequence first; of equally old ones, the first buffer's."""
    parts = [_in_order(buffer) for buffer in buffers]
    whole = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    order = torch.argsort(whole["version"], stable=True)
    return {name: column[order] for name, column in whole.items()}


def _in_order(buffer: dict[str, Any]) -> dict[str, Tensor]:
    """A ring of sequences (`ReplayBuffer.snapshot`), the oldest first."""
    columns = buffer["columns"]
    slots = len(columns["length"])
    oldest = buffer["count"] % slots if buffer["count"] > slots else 0
    return {name: column.roll(-oldest, 0) for name, column in columns.items()}
