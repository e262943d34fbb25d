"""The library of z: how the seats of the imitated matches played, kept in the checkpoint.

RL draws from it the style for a match, and the name of a policy in it is a style to play. `groups` are numbers of the
situations that a style belongs to, given by the game (the arena: own and opposing school); their values have no meaning
here. Notation: n rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from botgame import rng
from botgame.statistic_z import ZSpec
from botgame.training.alphastar.statistic_z.distance import opening_distances

LARGEST = 4096  # rows kept; more would only make checkpoints large
EMPHASIS = 1.5  # a network goes only a part of the way to what it is asked for (docs/LOG.md, 2026-11-28)
_MEDOID_ROWS = 256  # rows of a policy among which its typical opening is chosen


@dataclass(frozen=True)
class StyleLibrary:
    """Styles of n seats.

    rows: float32 [n, ZSpec.width]; groups: int64 [n]; results: float32 [n]; names: the policy of each row.
    """

    style: ZSpec
    rows: NDArray[np.float32]
    groups: NDArray[np.int64]
    results: NDArray[np.float32]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def policies(self) -> list[str]:
        """The names without repetition, the most frequent first."""
        return sorted(set(self.names), key=lambda name: (-self.names.count(name), name))

    def thinned(self, largest: int = LARGEST) -> StyleLibrary:
        """A library of at most `largest` of the rows, spread evenly."""
        if len(self) <= largest:
            return self
        chosen = np.arange(largest) * len(self) // largest
        names = tuple(self.names[k] for k in chosen.tolist())
        return StyleLibrary(self.style, self.rows[chosen], self.groups[chosen], self.results[chosen], names)

    def draw(self, group: int, *key: int) -> int:
        """The number of a random row of this group, or of any group if it has none; decided by `key` alone."""
        same = np.flatnonzero(self.groups == group)
        if not len(same):
            same = np.arange(len(self))
        return int(same[rng.derive(*key) % len(same)])

    def typical(self, name: str) -> NDArray[np.float32]:
        """How policy `name` usually plays: its mean totals, and the opening nearest to all its others (the medoid).

        Raises KeyError for a name that has no row.
        """
        rows = self.rows[[own == name for own in self.names]]
        if not len(rows):
            raise KeyError(name)
        few = rows[:_MEDOID_ROWS]
        distances = [opening_distances(self.style, few, np.broadcast_to(row, few.shape)).sum() for row in few]
        out: NDArray[np.float32] = few[int(np.argmin(distances))].copy()
        out[self.style.parts["totals"]] = rows[:, self.style.parts["totals"]].mean(0)
        return out

    def pronounced(self, name: str) -> NDArray[np.float32]:
        """What to ask for so that play comes near `typical`: totals that differ `EMPHASIS` times as much from the mean.

        The mean is that of all rows. Raises KeyError as `typical` does.
        """
        out, part = self.typical(name), self.style.parts["totals"]
        mean = self.rows[:, part].mean(0)
        out[part] = np.clip(mean + EMPHASIS * (out[part] - mean), 0.0, 1.0)
        return out

    def snapshot(self) -> dict[str, Any]:
        """Tensors for a checkpoint; `policies` are the names, `policy` [n] their numbers."""
        policies = self.policies
        return {
            "rows": torch.from_numpy(self.rows.copy()),
            "groups": torch.from_numpy(self.groups.copy()),
            "results": torch.from_numpy(self.results.copy()),
            "policies": policies,
            "policy": torch.tensor([policies.index(name) for name in self.names], dtype=torch.int64),
        }

    @staticmethod
    def restore(style: ZSpec, snapshot: dict[str, Any]) -> StyleLibrary:
        """Inverse of `snapshot`. Raises KeyError, IndexError or AttributeError for foreign data."""
        names = tuple(str(snapshot["policies"][k]) for k in snapshot["policy"].tolist())
        rows, groups, results = (snapshot[name].numpy() for name in ("rows", "groups", "results"))
        return StyleLibrary(style, rows, groups, results, names)

    @staticmethod
    def build(
        style: ZSpec,
        rows: Sequence[NDArray[np.float32]],
        groups: Sequence[int],
        results: Sequence[float],
        names: Sequence[str],
    ) -> StyleLibrary:
        """A library with one row a seat; there may be none."""
        table = np.array(rows, np.float32).reshape(len(rows), style.width)
        return StyleLibrary(style, table, np.array(groups, np.int64), np.array(results, np.float32), tuple(names))
