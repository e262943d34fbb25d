"""The panels of the paper's Fig. 3: their arms, its figures, its claims, and what our runs say to them.

The paper's figures are second-hand readings of its bars, not taken from the paper's text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ablation_arms import BY_NAME, LEAGUE_ARMS, Plan
from ablation_runs import finished
from ablation_statistics import difference, t_interval
from botgame import ratings, rng
from botgame.ratings import Interval

ANCHOR = "lms_re"
MEASURES = {  # name: (heading, scale of the printed figure, unit)
    "cpu": ("CPU minutes", 1.0, ""),
    "rating": ("rating", 1.0, ""),
    "lms_re": ("against `lms_re`", 100.0, " %"),
    "imitation": ("against the imitation", 100.0, " %"),
    "past": ("worst against own past", 100.0, " %"),
    "response": ("best response wins", 100.0, " %"),
}
_SAMPLES = 400
Play = Callable[[list[str], int, Path], None]
BySeed = dict[int, float]
Values = dict[str, dict[str, BySeed]]  # of a measure, of an arm, of a seed


class Claim(NamedTuple):
    """That `higher` has more of `measure` than `lower`; `paper`: how the paper's figures put it."""

    higher: str
    lower: str
    measure: str
    paper: str


class Panel(NamedTuple):
    """Arms that meet each other. paper: what the paper has for an arm, in words; bars: the same as a number."""

    key: str
    title: str
    arms: tuple[str, ...]
    paper: Mapping[str, str]
    bars: Mapping[str, float]
    claims: tuple[Claim, ...]


PANELS = (
    Panel(
        "e", "Imitation (Fig. 3e)", ("scratch", "imitation", "no-kl", "kl", "strong-kl", "falling-kl", "z"),
        {"scratch": "149 Elo", "imitation": "936 Elo", "no-kl": "1020 Elo", "kl": "1400 Elo", "z": "1540 Elo"},
        {"scratch": 149, "imitation": 936, "no-kl": 1020, "kl": 1400, "z": 1540},
        (
            Claim("imitation", "scratch", "rating", "+787 Elo"),
            Claim("no-kl", "imitation", "rating", "+84 Elo"),
            Claim("kl", "no-kl", "rating", "+380 Elo"),
            Claim("kl", "strong-kl", "rating", "not reported"),
            Claim("falling-kl", "kl", "rating", "not reported"),
            Claim("z", "kl", "rating", "+140 Elo"),
        ),
    ),
    Panel(
        "cd", "Multi-agent learning, equal CPU time, our defaults (Fig. 3c, d)",
        ("fictitious", "pfsp", "self-play", "main-only"),
        {
            "fictitious": "1143 Elo, worst past 69 %", "pfsp": "1273 Elo, worst past 70 %",
            "self-play": "1519 Elo, worst past 46 %", "main-only": "1540 Elo, worst past 71 %",
        },
        {"fictitious": 1143, "pfsp": 1273, "self-play": 1519, "main-only": 1540},
        (
            Claim("pfsp", "fictitious", "rating", "+130 Elo"),
            Claim("self-play", "pfsp", "rating", "+246 Elo"),
            Claim("main-only", "self-play", "rating", "+21 Elo"),
            Claim("main-only", "self-play", "past", "71 against 46 %"),
            Claim("fictitious", "self-play", "past", "69 against 46 %"),
        ),
    ),
    Panel(
        "ab", "League composition, equal CPU time, our defaults (Fig. 3a, b)",
        LEAGUE_ARMS,
        {"main-only": "1540 Elo, RPP 6 %", "full-league": "1824 Elo, RPP 62 %"},
        {"main-only": 1540, "full-league": 1824},
        (
            Claim("full-league", "main-only", "rating", "+284 Elo"),
            Claim("full-league", "self-play", "rating", "not reported"),
            Claim("prioritised", "self-play", "rating", "not reported"),
            Claim("prioritised", "main-only", "rating", "not reported"),
            Claim("prioritised", "prioritised-league", "rating", "not reported"),
            Claim("main-only", "self-play", "rating", "+21 Elo"),
            Claim("with-main-exploiters", "main-only", "rating", "above (no sure figure)"),
            Claim("response-main-only", "response-full-league", "response", "exploiters buy robustness"),
            Claim("response-self-play", "response-full-league", "response", "exploiters buy robustness"),
            Claim("response-self-play", "response-main-only", "response", "not reported"),
            Claim("response-self-play", "response-prioritised", "response", "not reported"),
        ),
    ),
    Panel(
        "k", "Critic (Fig. 3k)", ("own-critic", "kl"),
        {"own-critic": "22 %", "kl": "82 %"},
        {"own-critic": 22, "kl": 82},
        (
            Claim("kl", "own-critic", "rating", "with opponent information better"),
            Claim("response-kl", "response-kl-own-critic", "response", "82 against 22 %"),
            Claim("response-own-critic", "response-kl", "response", "not reported"),
        ),
    ),
    Panel(
        "i", "Off-policy learning (Fig. 3i)", ("kl", "no-upgo", "falling-kl", "ours"), {"kl": "kept in the paper"}, {},
        (
            Claim("kl", "no-upgo", "rating", "UPGO kept"),
            Claim("falling-kl", "ours", "rating", "UPGO kept"),
        ),
    ),
    Panel(
        "g", "Limits on actions (Fig. 3g)", ("low-cap", "kl", "no-cap"), {}, {},
        (
            Claim("kl", "low-cap", "rating", "a lower cap costs much"),
            Claim("kl", "no-cap", "rating", "a higher cap costs too"),
        ),
    ),
    Panel(
        "f", "Architecture (Fig. 3f)", ("memoryless", "kl", "transformer"),
        {"transformer": "+35 points of win rate against a set"}, {},
        (
            Claim("transformer", "kl", "rating", "+35 points"),
            Claim("imitation-transformer", "imitation", "lms_re", "not reported"),
            Claim("kl", "memoryless", "rating", "not reported; an LSTM in all arms"),
            Claim("imitation", "imitation-memoryless", "lms_re", "the reverse in AlphaStar Unplugged: 70, 84 %"),
        ),
    ),
    Panel(
        "w", "Fine-tuning on winners (the paper's text)", ("imitation", "winners"),
        {"imitation": "87 % against the elite bot", "winners": "96 %"}, {},
        (Claim("winners", "imitation", "lms_re", "+9 points"),),
    ),
)  # fmt: skip


class Found(NamedTuple):
    """What the runs of a panel gave: values of all measures, and each arm's relative population performance."""

    panel: Panel
    values: Values
    performance: dict[str, Interval]

    @property
    def arms(self) -> list[str]:
        """The panel's arms that have runs."""
        return [arm for arm in self.panel.arms if arm in self.values["rating"]]

    def cell(self, arm: str, measure: str) -> Interval | None:
        """Mean over seeds, or None; with its interval from three on: that of two is 9 standard deviations wide."""
        values = list(self.values[measure].get(arm, {}).values())
        if not values:
            return None
        interval = t_interval(values)
        return interval if len(values) > 2 else Interval(interval.estimate, -math.inf, math.inf)

    def gap(self, claim: Claim) -> Interval | None:
        """By how much the claim holds."""
        of = self.values[claim.measure]
        return difference(of.get(claim.higher, {}), of.get(claim.lower, {}))


def collect(panel: Panel, plan: Plan, seeds: Sequence[int], matches: int, play: Play) -> Found | None:
    """Values of a panel from finished runs; None before two of its arms have one.

    `play(checkpoints, matches, file)` plays a round-robin of these and `lms_re`, so many duels a pair, and writes it as
    `evaluate --json` does.
    """
    values: Values = {measure: {} for measure in MEASURES}
    players: dict[str, tuple[str, int]] = {}
    for arm in dict.fromkeys([*panel.arms, *(name for claim in panel.claims for name in (claim.higher, claim.lower))]):
        for seed in seeds:
            result = finished(plan, BY_NAME[arm], seed)
            if result is None:
                continue
            for measure, value in {**result["measures"], "cpu": result.get("cpu_minutes")}.items():
                if value is not None:
                    values[measure].setdefault(arm, {})[seed] = value
            if arm in panel.arms:
                players[str(plan.final(BY_NAME[arm], seed))] = (arm, seed)
    if len({arm for arm, _ in players.values()}) < 2:
        return None
    names, points = _round_robin(panel, plan, list(players), matches, play)
    rated = ratings.bradley_terry(points, names.index(ANCHOR))
    for name, (arm, seed) in players.items():
        values["rating"].setdefault(arm, {})[seed] = float(rated.elo[names.index(name)])
    return Found(panel, values, _performances(names, points, {name: arm for name, (arm, _) in players.items()}))


def _round_robin(
    panel: Panel, plan: Plan, checkpoints: list[str], matches: int, play: Play
) -> tuple[list[str], ratings.Array]:
    """Names and table of points; played again only where the players are others than before."""
    path = plan.folder / "panels" / f"{panel.key}-{matches}.json"
    if not _is_current(path, checkpoints):
        path.parent.mkdir(parents=True, exist_ok=True)
        play(checkpoints, matches, path)
    report = json.loads(path.read_text())
    names = report["policies"]
    points = np.zeros((len(names), len(names)))
    for pair in report["pairs"]:
        a, b, scored = names.index(pair["a"]), names.index(pair["b"]), pair["wins"] + 0.5 * pair["draws"]
        points[a, b] += scored
        points[b, a] += pair["matches"] - scored
    return names, points


def _is_current(path: Path, checkpoints: list[str]) -> bool:
    """Whether the file is of these players, as they are now."""
    if not path.exists() or set(json.loads(path.read_text())["policies"]) != {*checkpoints, ANCHOR}:
        return False
    return all(Path(name).stat().st_mtime <= path.stat().st_mtime for name in checkpoints)


def _performances(names: Sequence[str], points: ratings.Array, arms: Mapping[str, str]) -> dict[str, Interval]:
    """Relative population performance of each arm's final agents against those of the panel's other arms."""
    out = {}
    for arm in dict.fromkeys(arms.values()):
        own = [k for k, name in enumerate(names) if arms.get(name) == arm]
        others = [k for k, name in enumerate(names) if arms.get(name, arm) != arm]
        scored = points[np.ix_(own, others)]
        keys = np.array([rng.derive(0, sample) for sample in range(_SAMPLES)], np.uint64)
        uniforms = np.asarray(rng.uniforms(keys, scored.size), np.float64).reshape(_SAMPLES, *scored.shape)
        out[arm] = ratings.performance_interval(scored, scored + points.T[np.ix_(own, others)], uniforms)
    return out
