"""One run of `alphastar_rl` in memory: wires arena, bots and trainer together, evaluates, logs and commits."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from botgame import rng
from botgame.bots.policy import Policy
from botgame.bots.registry import load_policy
from botgame.errors import UserError
from botgame.game.arena import Arena
from botgame.game.arena_spec import ARENA_SPEC
from botgame.game.rules import SCHOOLS, Rules
from botgame.match import Ended, MatchBatch, Setup
from botgame.training.alphastar.actor import Venue
from botgame.training.alphastar.checkpoint import Checkpoint, save_checkpoint
from botgame.training.alphastar.config import RLConfig
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.alphastar.network import Network
from botgame.training.alphastar.opponents import SELF, OpponentPool
from botgame.training.alphastar.policy import NetworkPolicy
from botgame.training.alphastar.presets import NetworkConfig
from botgame.training.alphastar.seating import LEARNER
from botgame.training.alphastar.trainer import Trainer
from botgame.training.rl_evaluation import (
    BEST,
    START,
    YARDSTICK,
    Best,
    Weights,
    evaluate,
    evaluation_lines,
    evaluation_metrics,
    is_better,
)
from botgame.training.rl_progress import ProgressClock
from botgame.training.run import RunPaths, commit

SEATS = 2
_TRAINING = 0x747261696E  # purpose of the training matches' random key


def build_network(config: dict[str, Any], weights: Weights, source: str) -> Network:
    """A network from the fields of a checkpoint. Raises UserError when they do not fit this release."""
    try:
        network = Network(ARENA_SPEC, NetworkConfig.from_dict(config))
        network.load_state_dict(weights)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{source}: its weights do not fit this release's network; train it again") from error
    return network


def training_setups(seed: int, pool: OpponentPool, taken: int = 0) -> Iterator[Setup]:
    """Endless duels from number `taken` on, with players drawn by the pool and schools by seed."""
    episode = taken
    while True:
        key = rng.derive(seed, _TRAINING, episode)
        schools = tuple(rng.derive(key, seat) % len(SCHOOLS) for seat in range(SEATS))
        _, players = pool.draw(episode)
        yield Setup(key, players, schools, tag=episode)
        episode += 1


class RLRun:
    """One run in memory: trainer, opponents and the best version."""

    def __init__(
        self,
        options: argparse.Namespace,
        config: RLConfig,
        shares: dict[str, float],
        fixed: dict[str, Policy],
        origin: dict[str, Any],
        threads: int,
        device: torch.device,
    ) -> None:
        self._options, self._config, self._origin, self._device = options, config, origin, device
        self._threads = threads
        self._source = str(options.supervised_checkpoint)
        self._student = build_network(origin["network"], origin["weights"], self._source)
        self._teacher = build_network(origin["network"], origin["weights"], self._source)
        self._pool = OpponentPool(shares, fixed, self._policy, seed=options.seed, capacity=options.snapshots)
        self._pool.freeze(origin["weights"])
        self._yardstick = load_policy(YARDSTICK)
        self._best: Best | None = None
        self._trainer = self._make_trainer(taken=0)

    @property
    def iteration(self) -> int:
        """Iterations done."""
        return self._trainer.iteration

    @property
    def best_iteration(self) -> int:
        """Iteration of the best version so far; 0 before the first evaluation."""
        return self._best.iteration if self._best else 0

    def iterations(self, paths: RunPaths, flags: dict[str, Any], writer: MetricsWriter) -> Iterator[int]:
        """Train to `options.iterations`, yielding after each one; logs, evaluates and commits on the way."""
        options = self._options
        if self.iteration:
            print(f"resuming after iteration {self.iteration} of {options.iterations}")
            self.write_artefacts(paths)
        else:
            self._print_start()
        clock, first = ProgressClock(), self.iteration
        while self.iteration < options.iterations:
            self._pool.turn(self.iteration)
            metrics = self._iterate()
            number = self.iteration
            if number % options.snapshot_every == 0:
                self._pool.freeze(self._student.state_dict())
            last = number == options.iterations
            evaluated = self._evaluate() if last or (options.eval_every and number % options.eval_every == 0) else {}
            writer.log(number, {**metrics, **evaluated})
            clock.report(number, first, options.iterations, metrics, force=last or bool(evaluated))
            if last or number % options.save_every == 0:
                self.commit(paths, flags, writer, finished=last)
            yield number

    def commit(self, paths: RunPaths, flags: dict[str, Any], writer: MetricsWriter, *, finished: bool) -> None:
        """Make the present state the one to resume from, then write the checkpoints that follow from it."""
        state = {
            "origin": self._origin,
            "trainer": self._trainer.state(),
            "pool": self._pool.state(),
            "best": self._best.state() if self._best else None,
        }
        commit(paths, flags, state, offset=writer.offset, finished=finished)
        self.write_artefacts(paths)

    def write_artefacts(self, paths: RunPaths) -> None:
        """The latest, the periodic and the best checkpoint of the present state."""
        latest = self._checkpoint(self._student.state_dict(), self.iteration)
        save_checkpoint(paths.checkpoint, latest)
        if self.iteration % self._options.save_every == 0:
            save_checkpoint(paths.periodic("iter", self.iteration), latest)
            paths.prune("iter", self._options.keep)
        if self._best:
            best = self._checkpoint(self._best.weights, self._best.iteration)
            best.extra["yardstick"] = self._best.yardstick
            save_checkpoint(paths.best, best)

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a committed state. Raises UserError (code 2) when the rules have changed since."""
        if state["origin"]["rules"] != Rules().to_dict():
            raise UserError("the run was made under other rule numbers and cannot be resumed; start a new one", 2)
        self._pool.load(state["pool"])
        self._best = Best(**state["best"]) if state["best"] else None
        self._trainer.close()
        self._trainer = self._make_trainer(taken=int(state["trainer"]["actor"]["matches"]["taken"]))
        self._trainer.load(state["trainer"])

    def close(self) -> None:
        """End the worker threads."""
        self._trainer.close()

    def _make_trainer(self, taken: int) -> Trainer:
        options, config = self._options, self._config
        matches = MatchBatch(Arena(config.matches, SEATS), training_setups(options.seed, self._pool, taken))
        return Trainer(
            Venue(ARENA_SPEC, matches, self._pool.policy, self._pool.patient, SEATS),
            self._student,
            self._teacher,
            config,
            learning_seats=self._pool.learning_seats,
            seed=options.seed,
            threads=self._threads,
            device=self._device,
        )

    def _iterate(self) -> dict[str, Any]:
        done = self._trainer.iterate()
        for match in done.ended:
            self._pool.ended(match.setup.players)
        return {**done.metrics, **self._results_by_kind(done.ended)}

    def _results_by_kind(self, ended: Sequence[Ended]) -> dict[str, float]:
        """Win rate of the learner by kind of opponent over the matches that ended."""
        results: dict[str, list[float]] = {}
        for match in ended:
            kind = self._pool.kind(match.setup.players)
            if kind != SELF:
                results.setdefault(kind, []).append(float(match.results[match.setup.players.index(LEARNER)]))
        return {f"win_rate/{kind}": 0.5 + 0.5 * sum(values) / len(values) for kind, values in sorted(results.items())}

    def _evaluate(self) -> dict[str, float]:
        weights = {name: tensor.detach().cpu().clone() for name, tensor in self._student.state_dict().items()}
        rivals: dict[str, Policy] = {YARDSTICK: self._yardstick, START: self._policy(self._origin["weights"])}
        if self._best:
            rivals[BEST] = self._policy(self._best.weights)
        started = time.perf_counter()
        options = self._options
        tallies = evaluate(self._policy(weights), rivals, options.eval_matches, options.seed, self._threads)
        if is_better(tallies, self._best):
            self._best = Best(self.iteration, tallies[YARDSTICK].win_rate, weights)
        print(f"evaluation after iteration {self.iteration} (best so far: iteration {self.best_iteration})")
        print("\n".join(evaluation_lines(tallies)))
        return {
            **evaluation_metrics(tallies),
            "eval/best_iteration": self.best_iteration,
            "time_evaluation": time.perf_counter() - started,
        }

    def _policy(self, weights: Weights) -> NetworkPolicy:
        network = build_network(self._origin["network"], weights, self._source)
        return NetworkPolicy(network, "network", str(self._device), self._config.temperature)

    def _checkpoint(self, weights: Weights, iteration: int) -> Checkpoint:
        return Checkpoint(
            kind="rl",
            spec=ARENA_SPEC,
            network=self._origin["network"],
            weights=weights,
            config=self._config.to_dict(),
            rules=self._origin["rules"],
            lineage=self._origin["lineage"],
            counters={
                "iteration": iteration,
                "decisions": self._trainer.decisions,
                "learner_steps": self._trainer.learner.steps,
            },
            temperature=self._config.temperature,
        )

    def _print_start(self) -> None:
        config = self._config
        sequences = config.sequences(self._pool.learning_seats)
        print(
            f"seed {self._options.seed}, device {self._device}, {self._threads} threads: {config.matches} matches at "
            f"once, {sequences} sequences of up to {config.unroll_length} decisions an iteration"
        )
