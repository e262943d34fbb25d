"""The trainer of one learning player: its learner, and its parts in all processes, an iteration at a time.

`alphastar_rl` has one trainer, the league one for each learning player. The caller supplies matches and opponents.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from botgame.game import Ended
from botgame.standings import standings_of
from botgame.training.alphastar.actor.actors import mean_figures
from botgame.training.alphastar.actor.batching import LEARNER
from botgame.training.alphastar.engine.part import Gathered, Part
from botgame.training.alphastar.engine.parts import Parts
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.diagnostics import Bounds, Diagnostics, Flagged
from botgame.training.alphastar.learner.gradient import Metrics
from botgame.training.alphastar.learner.learner import Learner
from botgame.training.alphastar.network.network import Network

_INSPECTED = 32  # sequences whose entropy and KL are reported by head


class Iteration(NamedTuple):
    """What one iteration did.

    metrics: figures to log (clock readings start with `time_`); ended: matches that ended; flagged: diagnostics that
    this iteration flags; newly_failing: a check fails and none did before (`Diagnostics`), so the caller keeps a copy
    of the last checkpoint.
    """

    metrics: Metrics
    ended: list[Ended]
    flagged: list[Flagged]
    newly_failing: bool


class Trainer:
    """`iterate` collects `config.sequences(learning_seats)` sequences and learns from them and older ones."""

    def __init__(self, parts: Parts, student: Network, config: RLConfig, *, device: torch.device | str = "cpu") -> None:
        """`student` is trained in place: the network that this process's part acts with."""
        self._parts, self._config = parts, config
        own = parts.own
        self.learner = Learner(own.spec, student, config, device=device, styles=own.styles)
        self.learner.capture(own.replay_buffer)
        self.iteration = self.episodes = self.decisions = 0
        bounds = Bounds() if config.kl_cost else Bounds(kl=math.inf)  # without an anchor the policy may drift
        self._diagnostics = Diagnostics([head.name for head in own.spec.heads], bounds)

    @property
    def part(self) -> Part:
        """The part of the player's work that is this process's."""
        return self._parts.own

    def iterate(self, progress: float = 0.0) -> Iteration:
        """Act, then learn. The first iterations train only the critic (`value_iterations`).

        progress: share of the whole run that is done, in [0, 1]; decides the learning rates (`lr_end`) and the
            weight of the KL (`kl_end`).
        """
        started = time.perf_counter()
        self.learner.anneal(progress)
        gathered = self._parts.collect(self.learner.steps)
        acted = time.perf_counter()
        losses, updates, learned = self._learn(gathered)
        self._parts.publish()
        decisions, ended = (
            sum(each.decisions for each in gathered),
            [match for each in gathered for match in each.ended],
        )
        self.iteration += 1
        self.episodes += len(ended)
        self.decisions += decisions
        seconds = time.perf_counter() - acted
        metrics: Metrics = {
            "episodes": self.episodes,
            "decisions": self.decisions,
            "learner_steps": self.learner.steps,
            "sequences": sum(each.sequences for each in gathered),
            "replay_sequences": sum(each.held for each in gathered),
            "updates": updates,
            **losses,
            **mean_figures([each.figures for each in gathered]),
            **learning_results(ended),
            **_speeds(decisions, acted - started, learned, seconds),
        }
        diagnostics = self._diagnostics
        flagged = diagnostics.update(self.iteration, metrics)
        return Iteration({**metrics, **diagnostics.figures}, ended, flagged, diagnostics.newly_failing)

    def state_dict(self) -> dict[str, Any]:
        """Everything that later iterations depend on."""
        return {
            "learner": self.learner.state_dict(),
            "parts": self._parts.snapshot(),
            "iteration": self.iteration,
            "episodes": self.episodes,
            "decisions": self.decisions,
            "diagnostics": self._diagnostics.snapshot(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of `state_dict`."""
        self.learner.load_state_dict(state["learner"])
        self._parts.publish()
        self._parts.restore(state["parts"])
        self.learner.capture(self.part.replay_buffer)
        self.iteration, self.episodes = int(state["iteration"]), int(state["episodes"])
        self.decisions = int(state["decisions"])
        self._diagnostics.restore(state["diagnostics"])

    def _learn(self, gathered: Sequence[Gathered]) -> tuple[Metrics, int, int]:
        """All passes of this iteration; returns mean metrics, the number of updates and of decisions learned from."""
        value_only = self.iteration < self._config.value_iterations
        sums: Metrics = {}
        part, columns = self.part, self.part.replay_buffer.columns
        minibatches = self._parts.plan(self.iteration, sum(each.fresh for each in gathered))
        for each in minibatches:
            places = part.minibatch(each.number)
            metrics = self.learner.update(columns, places, value_only=value_only, elsewhere=each)
            for name, value in metrics.items():
                sums[name] = sums.get(name, 0.0) + value
        updates, learned = len(minibatches), sum(each.whole.decisions for each in minibatches)
        heads = self.learner.inspect(columns, part.newest(_INSPECTED))
        means = {name if "/" in name or name in _PLAIN else f"loss/{name}": v / updates for name, v in sums.items()}
        return {**means, **heads}, updates, learned


def _speeds(acted: int, acting: float, learned: int, learning: float) -> Metrics:
    """Seconds spent acting and learning, and decisions a second."""
    return {
        "time_acting": acting,
        "time_learning": learning,
        "time_acting_decisions_per_second": acted / max(acting, 1e-9),
        "time_learning_decisions_per_second": learned / max(learning, 1e-9),
        "time_decisions_per_second": acted / max(acting + learning, 1e-9),
    }


_PLAIN = ("staleness", "gradient_norm", "critic_gradient_norm", "entropy", "kl")


def learning_results(ended: Sequence[Ended]) -> Metrics:
    """Win rate of the learner (draws count half) and the mean of each reward over matches against other players.

    Where it met itself alone, only the means of its rewards. In a free-for-all the win rate is the mean share of the
    other seats that finished below. Free-for-alls also give the share of the learner's seats that won without a tie,
    and their own win rate.
    """
    seats = [(match, seat) for match in ended for seat, player in enumerate(match.setup.players) if player == LEARNER]
    alone, seats = seats, [(match, seat) for match, seat in seats if set(match.setup.players) != {LEARNER}]
    if not seats:
        return _mean_rewards(alone)
    results = [float(standings_of(match.outcome.places)[seat]) for match, seat in seats]
    crowded = [result for result, (match, _) in zip(results, seats, strict=True) if len(match.setup.players) > 2]
    royale = {
        "royale/first": sum(result == 1 for result in crowded) / max(1, len(crowded)),
        "royale/above": 0.5 + 0.5 * sum(crowded) / max(1, len(crowded)),
    }
    return {
        **(royale if crowded else {}),
        "training/win_rate": 0.5 + 0.5 * sum(results) / len(results),
        **_mean_rewards(seats),
    }


def _mean_rewards(seats: Sequence[tuple[Ended, int]]) -> Metrics:
    """Mean of each reward stream over these seats of ended matches, by the name of its metric."""
    sums: Metrics = {}
    for match, seat in seats:
        for name, gains in match.outcome.rewards.items():
            sums[name] = sums.get(name, 0.0) + float(gains[seat])
    return {f"training/reward/{name}": total / len(seats) for name, total in sums.items()}
