"""The styles that the learner's seats follow: drawn at the start of a match, and rewarded during it.

Each block of z (opening, totals) has a pseudo-reward: the decrease of the distance between how the seat has played so
far and the drawn style, so over a match it sums to the distance at the start minus that at the end. A seat without a z,
and a block that is not active, gets none, and the losses of that reward leave it out.

Notation: n rows of the actor; C columns of a condition; X pseudo-rewards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from botgame import rng
from botgame.game import Array, Due, StatisticMeter
from botgame.spec import Reward, Spec
from botgame.statistic_z_file import Wanted
from botgame.training.alphastar.statistic_z.conditioning import Conditioning
from botgame.training.alphastar.statistic_z.config import EARLY_SHARE, StyleConfig
from botgame.training.alphastar.statistic_z.distance import opening_distances, totals_distances

_DISTANCES = {"opening": opening_distances, "totals": totals_distances}
_DRAW, _GIVEN, _ACTIVE = 1, 2, 3  # purposes of random keys


@dataclass(frozen=True)
class Styles:
    """Everything that a learner needs to follow styles. `seed` decides which ones are drawn."""

    conditioning: Conditioning
    config: StyleConfig
    meter: StatisticMeter
    seed: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The X pseudo-rewards, by their blocks."""
        return self.conditioning.inputs.pseudo_rewards

    def extend(self, spec: Spec) -> Spec:
        """`spec` with the pseudo-rewards after its own rewards: the learner's columns and losses loop over these."""
        extra = tuple(Reward(f"z_{name}", dense=True) for name in self.names)
        return replace(spec, rewards=(*spec.rewards, *extra))


class Seen(NamedTuple):
    """What `StyleSeats.look` gives of n rows: condition float32 [n, C]; distance, paid float32 [n, X]; early bool [n].

    distance: to the wanted style so far, 0 where it is not followed; paid: its decrease since the last look; early: the
    extra KL holds.
    """

    condition: Array
    distance: Array
    paid: Array
    early: Array


class StyleSeats:
    """State of `slots` x `seats` rows; row r is seat r % seats of slot r // seats."""

    def __init__(self, styles: Styles, slots: int, seats: int) -> None:
        self._styles, self._seats = styles, seats
        rows, inputs, extra = slots * seats, styles.conditioning.inputs, len(styles.names)
        self.condition = np.zeros((rows, inputs.width), np.float32)
        self.active = np.zeros((rows, extra), np.bool_)
        self._target = np.zeros((rows, inputs.style.width), np.float32)
        self._given = np.zeros(rows, np.bool_)
        self._distance = np.zeros((rows, extra), np.float32)
        self._reached: list[Array] = []  # distances at the end of matches with a z, since the last `report`

    def begin(self, row: Array, episode: Array) -> None:
        """A match begins in these rows: draw their styles and which pseudo-rewards are active."""
        groups = self._styles.meter.groups(self._due(row))
        for r, number, group in zip(row.tolist(), episode.tolist(), groups.tolist(), strict=True):
            self._draw(r, rng.derive(self._styles.seed, int(number), r % self._seats), int(group))
        self._distance[row] = self._measure(row, self._styles.meter.rows(self._due(row)))

    def look(self, row: Array) -> Seen:
        """These rows are about to decide."""
        before = self._distance[row].copy()
        self._distance[row] = self._measure(row, self._styles.meter.rows(self._due(row)))
        now = self._distance[row]
        early = self._given[row] & (self._styles.meter.progress(row // self._seats) < EARLY_SHARE)
        has_totals = self._styles.conditioning.inputs.totals
        return Seen(self.condition[row], now, before - now, early & has_totals)

    def finish(self, row: int, final: Array) -> Array:
        """The match of a row is over and `final` [ZSpec.width] is how it played; what is still paid, float32 [X]."""
        one = np.array([row])
        before = self._distance[row].copy()
        self._distance[row] = self._measure(one, final[None])[0]
        if self._given[row]:
            self._reached.append(self._distances(one, final[None])[0])
        return np.asarray(before - self._distance[row])

    def report(self) -> dict[str, float]:
        """Mean distance at the end of the matches with a z since the last report, by block; nothing without any."""
        reached, self._reached = self._reached, []
        if not reached:
            return {}
        means = np.mean(reached, axis=0).tolist()
        return {f"z/{name}": value for name, value in zip(self._styles.names, means, strict=True)}

    def snapshot(self) -> dict[str, Any]:
        """Exact state between two reports, plain arrays."""
        return {"meter": self._styles.meter.snapshot(), **{name: getattr(self, name) for name in _ARRAYS}}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Inverse of `snapshot`."""
        self._styles.meter.restore(snapshot["meter"])
        for name in _ARRAYS:
            getattr(self, name)[...] = snapshot[name]

    def _due(self, row: Array) -> Due:
        return Due(row // self._seats, row % self._seats)

    def _draw(self, row: int, key: int, group: int) -> None:
        """Draw whether the row has a z, which one, and which of its pseudo-rewards are active."""
        styles, config = self._styles, self._styles.config
        library = styles.conditioning.library
        self._given[row] = _uniform(key, _GIVEN) < config.z_share
        self._target[row] = library.rows[library.draw(group, key, _DRAW)]
        given = bool(self._given[row])
        self.condition[row] = styles.conditioning.condition_for(Wanted(self._target[row], given, given))
        for k in range(len(styles.names)):
            self.active[row, k] = given and _uniform(key, _ACTIVE, k) * config.z_share < config.z_reward_share

    def _measure(self, row: Array, rows: Array) -> Array:
        """Distances of these rows, 0 where a block is not active: float32 [n, X]."""
        out = np.zeros((len(row), len(self._styles.names)), np.float32)
        active = self.active[row]
        chosen = np.flatnonzero(active.any(1))
        if len(chosen):
            out[chosen] = self._distances(row[chosen], rows[chosen])
        return np.where(active, out, np.float32(0))

    def _distances(self, row: Array, rows: Array) -> Array:
        style = self._styles.conditioning.inputs.style
        columns: Sequence[Array] = [_DISTANCES[name](style, rows, self._target[row]) for name in self._styles.names]
        return np.stack(columns, axis=1)


def _uniform(key: int, *purpose: int) -> float:
    """One number in [0, 1)."""
    return float(rng.uniforms(np.array([rng.derive(key, *purpose)], np.uint64), 1)[0, 0])


_ARRAYS = ("condition", "active", "_target", "_given", "_distance")
