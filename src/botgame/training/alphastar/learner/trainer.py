"""The trainer of one learning player: network, teacher, actor, replay buffer and learner, an iteration at a time.

`alphastar_rl` has one trainer, the league one for each learning player. The caller supplies matches and opponents.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from botgame import rng
from botgame.game import Ended
from botgame.standings import standings_of
from botgame.training.alphastar.actor.actor import Environment
from botgame.training.alphastar.actor.actors import make_actor
from botgame.training.alphastar.actor.batching import LEARNER
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.diagnostics import Bounds, Diagnostics, Flagged
from botgame.training.alphastar.learner.gradient import Metrics
from botgame.training.alphastar.learner.learner import Learner
from botgame.training.alphastar.learner.replay_buffer import ReplayBuffer
from botgame.training.alphastar.learner.workers import WorkersByKind
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.statistic_z.seats import Styles

_INSPECTED = 32  # sequences whose entropy and KL are reported by head
_REPLAY = 0x627566  # purpose of the replay buffer's random key


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

    def __init__(
        self,
        environments: Environment | Sequence[Environment],
        student: Network,
        teacher: Network | None,
        config: RLConfig,
        *,
        learning_seats: float = 1.0,
        seed: int = 0,
        workers: WorkersByKind | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        """`student` is trained in place; `teacher`, if any, does not change. Environments differ only in their matches.

        Where no loss reads the teacher's answers it is not asked.

        workers: processes that share the learner's work, see `Learner`.
        """
        environments = [environments] if isinstance(environments, Environment) else list(environments)
        environment = environments[0]
        self._config, self._seed = config, seed
        self._sequences = config.sequences(learning_seats)
        asked = teacher if _is_taught(config, environment.styles) else None
        if asked:
            asked = asked.to(device).requires_grad_(False).eval()
        columns = {"taught": asked is not None, **environment.condition_sizes}
        self.learner = Learner(
            environment.spec,
            student,
            config,
            workers=workers.of(environment.spec, **columns) if workers else None,
            device=device,
            styles=environment.styles,
        )
        self.actor = make_actor(environments, student, asked, config, device)
        # An iteration may overshoot by what closes in its last step.
        rows = sum((each.slots or config.matches) * each.seats for each in environments)
        spare = max(0, self._sequences - config.replay_size) + 2 * rows
        sizes = student.memory_size, config.unroll_length, config.replay_size
        self.replay_buffer = ReplayBuffer(environment.spec, *sizes, spare, **columns)
        self.learner.capture(self.replay_buffer)
        self.iteration = self.episodes = self.decisions = 0
        bounds = Bounds() if config.kl_cost else Bounds(kl=math.inf)  # without an anchor the policy may drift
        self._diagnostics = Diagnostics([head.name for head in environment.spec.heads], bounds)

    def iterate(self, progress: float = 0.0) -> Iteration:
        """Act, then learn. The first iterations train only the critic (`value_iterations`).

        progress: share of the whole run that is done, in [0, 1]; decides the learning rates (`lr_end`) and the
            weight of the KL (`kl_end`).
        """
        started = time.perf_counter()
        self.learner.anneal(progress)
        wanted = max(self._sequences, self._config.min_replay_sequences - len(self.replay_buffer))
        collected = self.actor.collect(self.replay_buffer, wanted, self.learner.steps)
        acted = time.perf_counter()
        losses, updates, learned = self._learn(collected.sequences)
        self.iteration += 1
        self.episodes += len(collected.ended)
        self.decisions += collected.decisions
        seconds = time.perf_counter() - acted
        metrics: Metrics = {
            "episodes": self.episodes,
            "decisions": self.decisions,
            "learner_steps": self.learner.steps,
            "sequences": collected.sequences,
            "replay_sequences": len(self.replay_buffer),
            "updates": updates,
            **losses,
            **self.actor.report(),
            **learning_results(collected.ended),
            **_speeds(collected.decisions, acted - started, learned, seconds),
        }
        diagnostics = self._diagnostics
        flagged = diagnostics.update(self.iteration, metrics)
        return Iteration({**metrics, **diagnostics.figures}, collected.ended, flagged, diagnostics.newly_failing)

    def state_dict(self) -> dict[str, Any]:
        """Everything that later iterations depend on."""
        return {
            "learner": self.learner.state_dict(),
            "actor": self.actor.snapshot(),
            "replay_buffer": self.replay_buffer.snapshot(),
            "iteration": self.iteration,
            "episodes": self.episodes,
            "decisions": self.decisions,
            "diagnostics": self._diagnostics.snapshot(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of `state_dict`; the matches must have been made with the set-ups that follow those already taken."""
        self.learner.load_state_dict(state["learner"])
        self.actor.restore(state["actor"])
        self.replay_buffer.restore(state["replay_buffer"])
        self.learner.capture(self.replay_buffer)
        self.iteration, self.episodes = int(state["iteration"]), int(state["episodes"])
        self.decisions = int(state["decisions"])
        self._diagnostics.restore(state["diagnostics"])

    def _learn(self, fresh: int) -> tuple[Metrics, int, int]:
        """All passes of this iteration; returns mean metrics, the number of updates and of decisions learned from."""
        config = self._config
        value_only = self.iteration < config.value_iterations
        sums: Metrics = {}
        updates = learned = 0
        batches = self.replay_buffer.passes(
            rng.derive(self._seed, _REPLAY, self.iteration),
            fresh,
            passes=config.learner_updates,
            batch_size=config.batch_size,
            fresh_share=config.fresh_share,
        )
        for places in batches:
            for name, value in self.learner.update(self.replay_buffer.columns, places, value_only=value_only).items():
                sums[name] = sums.get(name, 0.0) + value
            updates += 1
            learned += int(self.replay_buffer.columns["length"][places].sum())
        newest = np.arange(max(0, self.replay_buffer.count - min(fresh, _INSPECTED)), self.replay_buffer.count)
        heads = self.learner.inspect(self.replay_buffer.columns, self.replay_buffer.places(newest))
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


def _is_taught(config: RLConfig, styles: Styles | None) -> bool:
    """Whether any loss pulls the learner towards a teacher; if none does, nobody need ask the teacher."""
    return bool(config.kl_cost or (styles and styles.config.z_kl_cost))
