"""Diagnostics: signs that a network unlearns, found in a trainer's metrics long before the win rate shows them.

A check looks at one report; `failing` lists the checks that fail in it. A diagnostic is flagged once its check has
failed in `patience` reports in a row, and stays flagged while it fails. Names: `uniform/HEAD` (mini-AlphaStar's place
head stayed at ln(65536) for weeks, unnoticed), `collapse/HEAD`, `kl`, `staleness`, `nan`. docs/metrics.md lists the
bounds. The run keeps a copy of the checkpoint from before a check first fails (`Diagnostics.newly_failing`), since the
flag comes later. Plain Python, no torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from botgame.errors import UserError


class Diverged(UserError):  # noqa: N818 - a state that training reached
    """The loss is not a finite number: the weights of the last commit are the last good ones."""


@dataclass(frozen=True)
class Bounds:
    """When a check fails, and in how many reports in a row before it is flagged. Infinity turns a check off."""

    uniform: float = 0.99  # of what a uniform guess over the legal categories has: entropy, or loss in imitation
    collapse: float = 0.002  # entropy over ln(size) of a head that had `collapse_from` when the run began
    collapse_from: float = 0.02
    kl: float = 60.0  # nats a decision from the teacher; sound long runs reach 20 as its weight falls
    staleness: float = 8.0  # iterations between acting and learning
    uses: float = 0.01  # share of decisions that must use a head before it is judged
    patience: int = 3
    patience_uniform: int = 20  # a policy with random weights starts uniform


class Flagged(NamedTuple):
    """A diagnostic that has just been flagged. `since`: the step of the first report in which its check failed."""

    name: str
    text: str
    since: int

    def line(self, where: str, good: object) -> str:
        """The line of the log. where: names the run and the moment; good: the last good checkpoint."""
        what = f"diagnostic {self.name} {where}, failing since step {self.since}: {self.text}"
        return f"{what}; last good checkpoint: {good}"


class Diagnostics:
    """The diagnostics of one run."""

    def __init__(self, heads: Sequence[str], bounds: Bounds | None = None) -> None:
        self._heads, self._bounds = tuple(heads), bounds or Bounds()
        self._first: dict[str, float] = {}  # entropy of each head in the first report that judges it
        self._since: dict[str, int] = {}  # failing checks: step of the first report in which they failed
        self._failures: dict[str, int] = {}  # and in how many reports in a row they have
        self.newly_failing = False  # whether a check fails in the last report and none did in the one before

    def update(self, step: int, metrics: Mapping[str, float]) -> list[Flagged]:
        """Take in one report; returns the diagnostics that it flags."""
        for head in judged(metrics, self._heads, self._bounds):
            if f"entropy/{head}" in metrics:
                self._first.setdefault(head, metrics[f"entropy/{head}"])
        found = failing(metrics, self._heads, self._bounds, self._first)
        self.newly_failing = bool(found) and not self._since
        self._since = {name: self._since.get(name, step) for name in found}
        self._failures = {name: self._failures.get(name, 0) + 1 for name in found}
        return [
            Flagged(name, text, self._since[name])
            for name, text in found.items()
            if self._failures[name] == self._patience(name)
        ]

    @property
    def figures(self) -> dict[str, float]:
        """`diagnostic/NAME`: 1 for each diagnostic that is flagged now."""
        flagged = (name for name, count in self._failures.items() if count >= self._patience(name))
        return {f"diagnostic/{name}": 1.0 for name in flagged}

    def snapshot(self) -> dict[str, Any]:
        """Everything that later flags depend on, in plain JSON types."""
        return {"first": dict(self._first), "since": dict(self._since), "failures": dict(self._failures)}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Inverse of `snapshot`."""
        self._first, self._since = dict(snapshot["first"]), dict(snapshot["since"])
        self._failures = dict(snapshot["failures"])

    def _patience(self, name: str) -> int:
        if name == "nan":
            return 1
        return self._bounds.patience_uniform if name.startswith("uniform/") else self._bounds.patience


def failing(
    metrics: Mapping[str, float], heads: Sequence[str], bounds: Bounds, first: Mapping[str, float]
) -> dict[str, str]:
    """The checks that fail in one report: name -> a sentence with advice. `first`: entropies that heads began with."""
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
    text = f"the {what} of head {head}, {value:.4g}, is that of a uniform guess ({guess:.4g})"
    return {f"uniform/{head}": f"{text}: it has learned nothing so far"}


def _collapse(metrics: Mapping[str, float], head: str, bounds: Bounds, first: Mapping[str, float]) -> dict[str, str]:
    value, began = metrics.get(f"entropy/{head}", math.inf), first.get(head, 0.0)
    if began < bounds.collapse_from or value > bounds.collapse:
        return {}
    text = f"the entropy of head {head} fell from {began:.3g} to {value:.2g}: raise --entropy-cost or --kl-cost"
    return {f"collapse/{head}": text}
