"""Signs that a network unlearns, read off a trainer's metrics: what was wrong long before the win rate says so.

`conditions` says what holds in one report; `Watch` counts reports, and an alarm begins once its condition has held for
`patience` of them in a row. Names: `uniform/HEAD` (mini-AlphaStar's place head sat at ln(65536) for weeks, unnoticed),
`collapse/HEAD`, `kl`, `staleness`, `nan`. docs/metrics.md lists the thresholds. When a condition first holds, and not
only when its alarm begins, the checkpoint from before is put aside (`Watch.uneasy`). Plain Python, no torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from botgame.errors import UserError


class Diverged(UserError):  # noqa: N818 - a state that training reached
    """The loss is no number any more: the weights of the last commit are the last good ones."""


@dataclass(frozen=True)
class Bounds:
    """When a condition holds, and for how many reports in a row it must. Set a bound to infinity to leave it out."""

    uniform: float = 0.99  # of what a uniform guess over the legal categories has: entropy, or loss in imitation
    collapse: float = 0.002  # entropy over ln(size) of a head that had `collapse_from` when the run began
    collapse_from: float = 0.02
    kl: float = 60.0  # nats a decision from the teacher; sound long runs reach 20 as its pull fades
    staleness: float = 8.0  # iterations between acting and learning
    uses: float = 0.01  # share of decisions that a head must have to be judged
    patience: int = 3
    patience_uniform: int = 20  # a policy from random weights starts there


class Alarm(NamedTuple):
    """One that begins. `since`: the step of the first report in which its condition held."""

    name: str
    text: str
    since: int

    def line(self, where: str, good: object) -> str:
        """What the log says. where: words for the run and the moment; good: the last good checkpoint."""
        return f"alarm {self.name} {where}, seen since step {self.since}: {self.text}; last good checkpoint: {good}"


class Watch:
    """Alarms of one run."""

    def __init__(self, heads: Sequence[str], bounds: Bounds | None = None) -> None:
        self._heads, self._bounds = tuple(heads), bounds or Bounds()
        self._first: dict[str, float] = {}  # entropy of each head in the first report that judges it
        self._since: dict[str, int] = {}  # conditions that hold: step of their first report
        self._held: dict[str, int] = {}  # and for how many reports they have
        self.uneasy = False  # whether a condition holds in the last report and none did in the one before

    def update(self, step: int, metrics: Mapping[str, float]) -> list[Alarm]:
        """Take in one report; returns the alarms that begin with it."""
        for head in judged(metrics, self._heads, self._bounds):
            if f"entropy/{head}" in metrics:
                self._first.setdefault(head, metrics[f"entropy/{head}"])
        found = conditions(metrics, self._heads, self._bounds, self._first)
        self.uneasy = bool(found) and not self._since
        self._since = {name: self._since.get(name, step) for name in found}
        self._held = {name: self._held.get(name, 0) + 1 for name in found}
        return [
            Alarm(name, text, self._since[name]) for name, text in found.items() if self._held[name] == self._wait(name)
        ]

    @property
    def figures(self) -> dict[str, float]:
        """`alarm/NAME`: 1 for each alarm that is on."""
        return {f"alarm/{name}": 1.0 for name, held in self._held.items() if held >= self._wait(name)}

    def state(self) -> dict[str, Any]:
        """Everything that later alarms depend on."""
        return {"first": dict(self._first), "since": dict(self._since), "held": dict(self._held)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Inverse of `state`."""
        self._first, self._since, self._held = (dict(state[name]) for name in ("first", "since", "held"))

    def _wait(self, name: str) -> int:
        if name == "nan":
            return 1
        return self._bounds.patience_uniform if name.startswith("uniform/") else self._bounds.patience


def conditions(
    metrics: Mapping[str, float], heads: Sequence[str], bounds: Bounds, first: Mapping[str, float]
) -> dict[str, str]:
    """What is wrong in one report: name -> a sentence. `first`: entropies that heads began with."""
    broken = [name for name, value in metrics.items() if isinstance(value, float) and not math.isfinite(value)]
    found = {"nan": f"{broken[0]} is {metrics[broken[0]]}: lower --lr"} if broken else {}
    for head in judged(metrics, heads, bounds):
        found |= _uniform(metrics, head, bounds) | _collapse(metrics, head, bounds, first)
    if (kl := metrics.get("kl", 0.0)) > bounds.kl:
        found["kl"] = f"the policy is {kl:.3g} nats a decision from its teacher: raise --kl-cost or lower --lr"
    age = metrics.get("staleness", 0.0) / max(1.0, metrics.get("updates", 1.0))
    if age > bounds.staleness:
        advice = "raise --fresh-share or lower --replay-size"
        found["staleness"] = f"sequences are learned from {age:.3g} iterations after they were played: {advice}"
    return found


def judged(metrics: Mapping[str, float], heads: Sequence[str], bounds: Bounds) -> list[str]:
    """The heads that enough decisions of this report use."""
    return [head for head in heads if metrics.get(f"uses/{head}", 0.0) >= bounds.uses]


def _uniform(metrics: Mapping[str, float], head: str, bounds: Bounds) -> dict[str, str]:
    what = "entropy" if f"entropy/{head}" in metrics else "loss"
    value, guess = metrics.get(f"{what}/{head}", 0.0), metrics.get(f"uniform/{head}", 0.0)
    if guess <= 0 or value < bounds.uniform * guess:
        return {}
    text = f"the {what} of head {head}, {value:.4g}, is that of a uniform guess ({guess:.4g}): it has learned nothing"
    return {f"uniform/{head}": text}


def _collapse(metrics: Mapping[str, float], head: str, bounds: Bounds, first: Mapping[str, float]) -> dict[str, str]:
    value, began = metrics.get(f"entropy/{head}", math.inf), first.get(head, 0.0)
    if began < bounds.collapse_from or value > bounds.collapse:
        return {}
    text = f"the entropy of head {head} fell from {began:.3g} to {value:.2g}: raise --entropy-cost or --kl-cost"
    return {f"collapse/{head}": text}
