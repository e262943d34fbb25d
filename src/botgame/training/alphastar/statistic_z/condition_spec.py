"""The condition: an input, constant over a match, that says how a seat plays (statistic z), how strong it is, and who.

It is one row of columns, `observation["condition"]`, in blocks that can each be absent:

| block     | columns                                                                                  |
|-----------|------------------------------------------------------------------------------------------|
| `opening` | 1 if given; one-hot of each of K events; where each happened                              |
| `totals`  | 1 if given; each total in [0, 1]                                                          |
| `rating`  | 1 if known; rating / 400; for each threshold whether it is above (AlphaStar: one-hot MMR) |
| `player`  | one-hot of the players that were imitated                                                 |

An absent block is all zeros. Imitation drops each block at random, so that one network plays with and without it.
Notation: N rows; C columns in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botgame import rng
from botgame.statistic_z import ZSpec

Floats = NDArray[np.float32]
RATING_STEPS = (-400.0, -200.0, -100.0, -50.0, 50.0, 100.0, 200.0, 400.0)
RATING_SCALE, LARGEST_RATING = 400.0, 1200.0
BLOCKS = ("opening", "totals", "rating", "player")
_SWITCHES = BLOCKS[:3]  # blocks that are there or not; `player` has names


@dataclass(frozen=True)
class ConditionSpec:
    """Which blocks a condition has. `style` describes the rows that `opening` and `totals` are made from.

    players: the names of the block `player`, which is there if there are any.
    """

    style: ZSpec
    opening: bool = False
    totals: bool = False
    rating: bool = False
    players: tuple[str, ...] = ()

    @property
    def blocks(self) -> dict[str, slice]:
        """Columns of every block that there is."""
        sizes = {
            "opening": self.opening * (1 + self.style.opening * (len(self.style.events) + 2)),
            "totals": self.totals * (1 + len(self.style.totals)),
            "rating": self.rating * (2 + len(RATING_STEPS)),
            "player": len(self.players),
        }
        out, start = {}, 0
        for name, size in sizes.items():
            if size:
                out[name] = slice(start, start + size)
                start += size
        return out

    @property
    def width(self) -> int:
        """C: columns of all blocks."""
        return max((part.stop for part in self.blocks.values()), default=0)

    @property
    def has_style(self) -> bool:
        """Whether statistic z is an input."""
        return bool(self.pseudo_rewards)

    @property
    def pseudo_rewards(self) -> tuple[str, ...]:
        """Blocks of z: each can be followed for a pseudo-reward."""
        return tuple(name for name in self.blocks if name in ("opening", "totals"))

    def encode(self, rows: NDArray[Any], ratings: NDArray[Any], names: Sequence[str]) -> Floats:
        """All blocks: rows of styles [N, ZSpec.width], ratings [N] (NaN: not known), names [N] -> float32 [N, C].

        A name that is none of `players` is left out.
        """
        out = np.zeros((len(rows), self.width), np.float32)
        for name, part in self.blocks.items():
            if name == "rating":
                out[:, part] = _rating(ratings)
            elif name == "player":
                out[:, part] = np.array(names)[:, None] == np.array(self.players)
            else:
                block = self._opening(rows) if name == "opening" else rows[:, self.style.parts["totals"]]
                out[:, part.start] = 1.0
                out[:, part.start + 1 : part.stop] = block
        return out

    def masked(self, condition: Floats, masks: dict[str, NDArray[np.bool_]]) -> Floats:
        """A copy with blocks set to zero where their mask, bool [N], is False; blocks without a mask stay."""
        out = condition.copy()
        for name, part in self.blocks.items():
            if name in masks:
                out[~masks[name], part] = 0.0
        return out

    def dropout(self, condition: Floats, kept: dict[str, float], *key: int) -> Floats:
        """A copy that keeps each block of each row with probability `kept`, independently; decided by `key` alone.

        A row that keeps the player's name keeps no other block, as at play.
        """
        draws = rng.uniforms(_keys(len(condition), *key), len(BLOCKS))
        masks = {name: draws[:, BLOCKS.index(name)] < kept[name] for name in self.blocks}
        if "player" in masks:
            named = masks["player"] & condition[:, self.blocks["player"]].any(1)
            masks = {name: mask if name == "player" else mask & ~named for name, mask in masks.items()}
        return self.masked(condition, masks)

    def to_dict(self) -> dict[str, Any]:
        """The blocks in plain JSON types."""
        switches = {name: getattr(self, name) for name in _SWITCHES}
        return {"style": self.style.to_dict(), **switches, "players": list(self.players)}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> ConditionSpec:
        """Inverse of `to_dict`. Raises KeyError, TypeError or ValueError for foreign data."""
        switches = {name: bool(data[name]) for name in _SWITCHES}
        players = data.get("players", [])  # none in checkpoints before 2026-11-28
        if not (isinstance(players, list) and all(isinstance(name, str) and name for name in players)):
            raise TypeError("its players are no list of names")
        if len(set(players)) < len(players):
            raise ValueError("it has two players of one name")
        return ConditionSpec(ZSpec.from_dict(data["style"]), **switches, players=tuple(players))

    def _opening(self, rows: NDArray[Any]) -> NDArray[Any]:
        """One-hot of every event, then all places: [N, K * (events + 2)]."""
        parts = self.style.parts
        kinds = rows[:, parts["kinds"]].astype(np.int64)
        hot = kinds[:, :, None] == np.arange(1, 1 + len(self.style.events))
        return np.concatenate([hot.reshape(len(rows), -1), rows[:, parts["along"]], rows[:, parts["aside"]]], axis=1)


def _rating(ratings: NDArray[Any]) -> Floats:
    """The block of ratings [N] (NaN: not known)."""
    known = ~np.isnan(ratings)
    value = np.where(known, np.clip(np.nan_to_num(ratings), -LARGEST_RATING, LARGEST_RATING), 0.0)
    above = value[:, None] > np.array(RATING_STEPS)
    columns = np.concatenate([np.ones_like(value)[:, None], value[:, None] / RATING_SCALE, above], axis=1)
    return np.asarray(columns * known[:, None], np.float32)


def _keys(count: int, *key: int) -> NDArray[np.uint64]:
    """One random key a row."""
    with np.errstate(over="ignore"):
        return np.asarray(rng.mix(np.uint64(rng.derive(*key)), np.arange(count, dtype=np.uint64)))
