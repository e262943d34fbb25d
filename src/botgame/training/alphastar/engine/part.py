"""One process's part of a learning player: its matches, its sequences, and its part of every minibatch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from botgame import rng
from botgame.game import Ended
from botgame.training.alphastar.actor.actor import Collected, Environment
from botgame.training.alphastar.actor.actors import make_actor, mean_figures
from botgame.training.alphastar.engine.portions import Portion
from botgame.training.alphastar.engine.rollout import Rollout
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.gradient import GradientOptions, Metrics, backward
from botgame.training.alphastar.learner.replay_buffer import Counts, ReplayBuffer, counts_of
from botgame.training.alphastar.learner.sequences import gather
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.statistic_z.seats import Styles

_REPLAY = 0x627566  # purpose of the replay buffer's random key


class Gathered(NamedTuple):
    """What an iteration's acting added to a part.

    fresh: new sequences that are still held; held: all sequences in the buffer. figures: see `Actor.report`.
    """

    sequences: int
    fresh: int
    held: int
    decisions: int
    ended: list[Ended]
    figures: dict[str, float]


class Part:
    """Acts in `environments` with `student` and learns from what comes of it. Environments differ in matches alone."""

    def __init__(
        self,
        environments: Environment | Sequence[Environment],
        student: Network,
        teacher: Network | None,
        config: RLConfig,
        *,
        learning_seats: float = 1.0,
        seed: int = 0,
        rank: int = 0,
        portion: Portion = Portion(),  # noqa: B008 - a constant
        device: torch.device | str = "cpu",
        on_end: Callable[[Sequence[int]], None] = lambda _players: None,
    ) -> None:
        """The learner trains `student` in place; `teacher`, if any, does not change.

        Where no loss reads the teacher's answers it is not asked.

        learning_seats: see `RLConfig.sequences`. seed, rank: decide what minibatches are made of. portion: of the
        player's sequences and of its replay buffer. on_end: called with the players of each match that has ended.
        """
        self.environments = [environments] if isinstance(environments, Environment) else list(environments)
        self.spec, self.styles = self.environments[0].spec, self.environments[0].styles
        self._student, self._config, self._on_end = student, config, on_end
        self._seed, self._rank = seed, rank
        self._wanted = max(1, portion.of(config.sequences(learning_seats)))  # a small portion may round to nothing
        self._least = portion.of(config.min_replay_sequences)
        student.to(device)
        asked = teacher if _is_taught(config, self.styles) else None
        if asked:
            asked = asked.to(device).requires_grad_(False).eval()
        self.actor = make_actor(self.environments, student, asked, config, device)
        self.replay_buffer = self._make_buffer(portion, taught=asked is not None)
        self._new = 0  # sequences of this iteration
        self._minibatches: list[NDArray[np.intp]] = []

    def collect(self, version: int) -> Gathered:
        """Act until this part's sequences of an iteration are there; `version`: learner steps done so far."""
        sequences, decisions, ended = self._collect(self.wanted, version)
        return self._gathered(sequences, decisions, ended, self.actor.report())

    @property
    def wanted(self) -> int:
        """Sequences that the next iteration collects here."""
        return max(self._wanted, self._least - len(self.replay_buffer))

    def roll(self, version: int) -> Rollout:
        """Act for a part elsewhere until this part's sequences are there; they are valid until the next call."""
        sequences, decisions, ended = self._collect(self._wanted, version)
        columns = {name: column[:sequences] for name, column in self.replay_buffer.columns.items()}
        self.replay_buffer.clear()
        return Rollout(columns, decisions, ended, self.actor.report())

    def receive(self, rollouts: Sequence[Rollout]) -> Gathered:
        """Take what parts elsewhere acted in place of acting."""
        for rollout in rollouts:
            self.replay_buffer.add(rollout.columns, np.arange(rollout.sequences))
        figures = mean_figures([rollout.figures for rollout in rollouts])
        return self._gathered(
            sum(rollout.sequences for rollout in rollouts),
            sum(rollout.decisions for rollout in rollouts),
            [match for rollout in rollouts for match in rollout.ended],
            figures,
        )

    def plan(self, iteration: int, whole: int) -> list[Counts]:
        """Draw this iteration's minibatches, and say what is in each. whole: fresh sequences of all parts together."""
        config, buffer = self._config, self.replay_buffer
        own = (self._rank,) if self._rank else ()
        batches = buffer.passes(
            rng.derive(self._seed, _REPLAY, iteration, *own),
            self._new,
            passes=config.learner_updates,
            batch_size=config.batch_size,
            fresh_share=config.fresh_share,
            whole=whole,
        )
        self._minibatches = list(batches)
        return [counts_of(buffer.columns, places) for places in self._minibatches]

    def minibatch(self, number: int) -> NDArray[np.intp]:
        """Places in the buffer of this part's sequences in minibatch `number` of the iteration; may be none."""
        return self._minibatches[number]

    def newest(self, most: int) -> NDArray[np.intp]:
        """Places of this iteration's sequences, of many the last `most`."""
        count = self.replay_buffer.count
        return self.replay_buffer.places(np.arange(max(0, count - min(self._new, most)), count))

    def gradient(self, number: int, options: GradientOptions) -> Metrics | None:
        """Leave this part's share of a minibatch's gradient in the student; None where no sequence of it is here."""
        places = self.minibatch(number)
        if not len(places):
            return None
        return backward(self.spec, self._student, gather(self.replay_buffer.columns, places), options)

    def snapshot(self) -> dict[str, Any]:
        """Exact state between two iterations."""
        return {"actor": self.actor.snapshot(), "replay_buffer": self.replay_buffer.snapshot()}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Inverse of `snapshot`; of one that was dealt anew, see `reshard`, the matches begin anew."""
        if "actor" in snapshot:
            self.actor.restore(snapshot["actor"])
        else:
            for environment in self.environments:
                environment.numbers.skip(int(snapshot["skip"]))
        self.replay_buffer.restore(snapshot["replay_buffer"])

    def _collect(self, wanted: int, version: int) -> Collected:
        collected = self.actor.collect(self.replay_buffer, wanted, version)
        for match in collected.ended:
            self._on_end(match.setup.players)
        return collected

    def _gathered(self, sequences: int, decisions: int, ended: list[Ended], figures: dict[str, float]) -> Gathered:
        held = len(self.replay_buffer)
        self._new = sequences
        return Gathered(sequences, min(held, sequences), held, decisions, ended, figures)

    def _make_buffer(self, portion: Portion, *, taught: bool) -> ReplayBuffer:
        config, capacity = self._config, max(1, portion.of(self._config.replay_size))
        # An iteration may overshoot by what closes in its last step.
        rows = sum((each.slots or config.matches) * each.seats for each in self.environments)
        spare = max(0, self._wanted - capacity) + 2 * rows
        columns = {"taught": taught, **self.environments[0].condition_sizes}
        return ReplayBuffer(self.spec, self._student.memory_size, config.unroll_length, capacity, spare, **columns)


def _is_taught(config: RLConfig, styles: Styles | None) -> bool:
    """Whether any loss pulls the learner towards a teacher; if none does, nobody need ask the teacher."""
    return bool(config.kl_cost or (styles and styles.config.z_kl_cost))
