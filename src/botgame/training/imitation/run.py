"""The loop of imitation: epochs, chunks and updates as a generator; evaluation, checkpoints and commits within.

Nothing random outlives an update (orders are hashes of seed, epoch and chunk), so weights, Adam, stored memories and
a position in the epoch are the whole state, and a run that was killed and resumed ends with the same bits.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch

from botgame.errors import UserError
from botgame.policies import load_policy
from botgame.rng import derive
from botgame.spec import Spec
from botgame.training.alphastar.checkpoint import Checkpoint, save_checkpoint
from botgame.training.alphastar.imitation.cloning import Cloner
from botgame.training.alphastar.imitation.dataset import Chunk, divide
from botgame.training.alphastar.learner.diagnostics import Bounds, Diagnostics, Diverged
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import SIZES, NetworkConfig
from botgame.training.alphastar.policy import NetworkPolicy
from botgame.training.alphastar.statistic_z.conditioning import Conditioning
from botgame.training.evaluation.duels import Tally, mirrored_results
from botgame.training.imitation.setting import ImitationSetting
from botgame.training.imitation.source import ReplaySource
from botgame.training.imitation.start import Start
from botgame.training.runs.origin import build_network
from botgame.training.runs.paths import RunPaths
from botgame.training.runs.run import StopRequest, commit, handle_flagged
from botgame.wording import counted

EXTENDS = ("epochs", "winner_epochs")
BOUNDS = Bounds(patience_uniform=3)  # a line is hundreds of updates
PLAN, ORDER, EVALUATION, FINAL, DROPOUT = 1, 2, 3, 4, 5  # purposes of derived seeds


class Event(NamedTuple):
    """Progress: decisions `seen` so far, a short `text`, and a `line` worth keeping on the screen ("" for none)."""

    seen: int
    text: str
    line: str = ""


class ImitationRun:
    """One run, fresh or from the `state` of the last commit. config: plain values of the flags, kept with the run."""

    def __init__(
        self,
        setting: ImitationSetting,
        config: dict[str, Any],
        paths: RunPaths,
        source: ReplaySource,
        state: dict[str, Any] | None,
        conditioning: Conditioning | None = None,
    ) -> None:
        """`conditioning`: what the network is conditioned on; `source` then has the condition of each seat."""
        self.setting, self.config, self.paths, self.source = setting, config, paths, source
        self.game = source.game
        self.conditioning = conditioning
        self.window = min(setting.window, setting.batch_size)
        network = first_network(self.game.spec, setting, conditioning)
        self.cloner = Cloner(network, setting.cloning, setting.device)
        self.epoch = self.chunk = self.batch = self.seen = 0
        self.best, self.finished, self.stopped = -1.0, False, False
        self.diagnostics = Diagnostics([head.name for head in self.game.spec.heads], BOUNDS)
        self._clock = time.monotonic(), 0  # at the last metrics line: time and decisions
        self._whole: Chunk | None = None  # all the data, where it fits into memory
        self._whole_of_winners = False
        self._open: tuple[Chunk, torch.Tensor] | None = None  # the chunk in training and its memories
        if state is not None:
            self._restore(state)

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(weights.numel() for weights in self.cloner.network.parameters())

    @property
    def epochs(self) -> int:
        """Of both phases: over all chosen seats, then over the winners among them."""
        return self.setting.epochs + self.setting.winner_epochs

    @property
    def decisions(self) -> int:
        """How many decisions the run learns from, in all epochs together."""
        return (
            self.setting.epochs * self.source.usage.decisions
            + self.setting.winner_epochs * self.source.winning_decisions
        )

    @property
    def winners(self) -> bool:
        """Whether this epoch is one of the second phase."""
        return self.epoch >= self.setting.epochs

    def train(self, metrics: MetricsWriter, stop: StopRequest) -> Iterator[Event]:
        """Train to the last epoch or until `stop`; yields progress after each update and evaluation."""
        if self.finished and self.epoch >= self.epochs:
            made = counted(self.epoch, "epoch", "epochs")
            yield Event(self.seen, "", f"finished already after {made}; raise --epochs to go on")
            return
        self.finished = False
        while self.epoch < self.epochs and not stop:
            for event in self._epoch(metrics):
                yield event
                if stop:
                    break
            else:
                yield self._close_epoch(metrics)
        if self.epoch < self.epochs:
            self.stopped = True
            self._save()
            self._commit(metrics)
            return
        yield Event(self.seen, "last evaluation")
        yield from self._finish(metrics)

    def _epoch(self, metrics: MetricsWriter) -> Iterator[Event]:
        """The rest of this epoch, from (chunk, batch) on."""
        parts = divide(self.source.sizes, self.setting.capacity, self.setting.seed, PLAN, self.epoch)
        width = max(1, self.setting.batch_size // self.window)
        text = f"epoch {self.epoch + 1}/{self.epochs}" + (" (winners)" if self.winners else "")
        self.cloner.set_rate(self.setting.winner_lr if self.winners else self.setting.cloning.lr)
        while self.chunk < len(parts):
            if self._open is None:
                yield Event(self.seen, f"{text}: reading {counted(len(parts[self.chunk]), 'match')}")
                chunk = self._read(parts)
                self._drop_blocks(chunk)
                self._open = chunk, self.cloner.recall.gather(chunk)
            chunk, memories = self._open
            order = chunk.batches(width, self.setting.seed, ORDER, self.epoch, self.chunk)
            for windows in itertools.islice(order, self.batch, None):
                self.seen += self._learn(chunk, windows, memories, metrics)
                self.batch += 1
                line = ""
                if self.cloner.updates % self.setting.save_every == 0:
                    line = self._report(metrics)
                    self._commit(metrics)
                yield Event(self.seen, text, line)
            self.cloner.recall.keep(chunk, memories)
            self._open = None
            self.chunk, self.batch = self.chunk + 1, 0

    def _learn(self, chunk: Chunk, windows: np.ndarray, memories: torch.Tensor, metrics: MetricsWriter) -> int:
        """One update; returns its decisions. Raises Diverged, which names the last good checkpoint."""
        try:
            return self.cloner.learn(chunk, windows, memories)
        except Diverged as error:
            metrics.log(self.cloner.updates + 1, {"epoch": self.epoch, "diagnostic/nan": 1.0})
            good = self.paths.checkpoint if self.paths.checkpoint.exists() else "none yet"
            raise Diverged(f"{error}; the last good checkpoint: {good}") from error

    def _read(self, parts: list[list[int]]) -> Chunk:
        """The chunk in turn, from memory where it is all there is."""
        if self._whole is not None and self._whole_of_winners == self.winners:
            return self._whole
        trajectories = self.source.read(parts[self.chunk])
        if self.winners:
            trajectories = (trajectory for trajectory in trajectories if trajectory.outcome == 1)
        chunk = Chunk(trajectories, self.window)
        if len(parts) == 1:
            self._whole, self._whole_of_winners = chunk, self.winners
        return chunk

    def _drop_blocks(self, chunk: Chunk) -> None:
        """Choose the condition of each seat of the chunk in this epoch: blocks are dropped at random."""
        if self.conditioning is not None and chunk.conditions is not None:
            key = self.setting.seed, DROPOUT, self.epoch, self.chunk
            chunk.given = self.conditioning.inputs.dropout(chunk.conditions, self.setting.given, *key)

    def _close_epoch(self, metrics: MetricsWriter) -> Event:
        """Count the epoch, judge and save where it is time, and commit. Raises UserError when nothing was learned."""
        if not self.cloner.updates:
            raise UserError(
                "no replay could be re-simulated: they were altered or made by another release; record anew"
            )
        self.epoch, self.chunk, self.batch = self.epoch + 1, 0, 0
        line, every = "", self.setting.eval_every
        if every and self.epoch % every == 0 and self.epoch < self.epochs:
            tallies = self._evaluate(EVALUATION, self.setting.eval_matches)
            line = f"epoch {self.epoch}: {_sentence(tallies)}"
            metrics.log(self.cloner.updates, {"epoch": self.epoch, **_figures("eval", tallies)})
            self._save(tallies, f"epoch {self.epoch}")
        self._commit(metrics)
        return Event(self.seen, f"epoch {self.epoch}/{self.epochs}", line)

    def _finish(self, metrics: MetricsWriter) -> Iterator[Event]:
        """The last evaluation, on seeds that no other evaluation uses."""
        matches = self.setting.final_matches
        tallies = self._evaluate(FINAL, matches) if matches else {}
        line = self._report(metrics, _figures("final", tallies))
        self.finished = True
        self._save(tallies)
        self._commit(metrics)
        if line:
            yield Event(self.seen, "", line)
        for rival, tally in tallies.items():
            yield Event(self.seen, "", f"against {rival} over {counted(tally.matches, 'mirrored match')}: {tally}")

    def _evaluate(self, purpose: int, matches: int) -> dict[str, Tally]:
        """Play against the game's yardsticks on held-out seeds."""
        game, network = self.game, self.cloner.network
        policy = NetworkPolicy(network, "student", str(self.cloner.device), self.setting.temperature)
        seed = derive(self.setting.seed, purpose)
        tallies = {
            rival: mirrored_results(game, policy, load_policy(game, rival), matches, seed) for rival in game.yardsticks
        }
        network.train()
        return tallies

    def _report(self, metrics: MetricsWriter, figures: dict[str, float] | None = None) -> str:
        """Log the statistics since the last line, with further `figures`; returns lines of what is flagged, or ""."""
        means, updates = self._means(), self.cloner.updates
        flagged = self.diagnostics.update(updates, means)
        metrics.log(updates, {"epoch": self.epoch, **means, **self.diagnostics.figures, **(figures or {})})
        where, files = f"after {counted(updates, 'update')}", (self.paths.checkpoint, self.paths.good)
        newly_failing = self.diagnostics.newly_failing
        return "\n".join(handle_flagged(flagged, where, *files, "none yet", newly_failing=newly_failing))

    def _means(self) -> dict[str, float]:
        """Statistics since the last line."""
        means = self.cloner.sums.means()
        now, (then, seen) = time.monotonic(), self._clock
        self._clock = now, self.seen
        means["time_decisions_per_second"] = (self.seen - seen) / max(1e-9, now - then)
        return means

    def _save(self, tallies: dict[str, Tally] | None = None, periodic: str = "") -> None:
        """Write the checkpoint; after an evaluation the best one too, and the periodic one."""
        network, start = self.cloner.network, self.setting.start
        kept = dict(start.extra) if start else {}
        if self.setting.person:
            kept["person"] = self.setting.person
        conditioning = start.conditioning if start else {}
        if self.conditioning:
            conditioning = self.conditioning.snapshot()
        evaluation = {rival: tally.to_dict() for rival, tally in (tallies or {}).items()}
        checkpoint = Checkpoint(
            game=self.game.name,
            kind="imitation",
            spec=self.game.spec,
            network=network.config.to_dict(),
            weights=network.state_dict(),
            config=json.loads(json.dumps(self.config, default=str)),
            rules=dict(self.game.rules),
            lineage=list(start.lineage) if start else [],
            counters={"epochs": self.epoch, "updates": self.cloner.updates, "decisions": self.seen},
            temperature=self.setting.temperature,
            extra={**kept, "evaluation": evaluation},
            conditioning=conditioning,
        )
        save_checkpoint(self.paths.checkpoint, checkpoint)
        if periodic:
            save_checkpoint(self.paths.periodic("epoch", self.epoch), checkpoint)
            self.paths.prune(self.setting.keep)
        if tallies and tallies[self.game.yardstick].win_rate > self.best:
            self.best = tallies[self.game.yardstick].win_rate
            save_checkpoint(self.paths.best, checkpoint)

    def _commit(self, metrics: MetricsWriter) -> None:
        if self._open is not None:
            self.cloner.recall.keep(*self._open)
        names = ("epoch", "chunk", "batch", "seen", "best")
        learned = {"names": self.source.names, "source": self.source.digest}
        state: dict[str, Any] = {"cloner": self.cloner.state_dict(), **learned}
        state["start"] = self.setting.start.to_dict() if self.setting.start else None
        state |= {name: getattr(self, name) for name in names} | {"diagnostics": self.diagnostics.snapshot()}
        commit(self.paths, self.config, state, offset=metrics.offset, finished=self.finished)

    def _restore(self, state: dict[str, Any]) -> None:
        """Raises UserError when the first phase would go on after the second has begun."""
        before = state["config"]["epochs"]
        if self.setting.epochs != before and state["epoch"] > before:
            raise UserError(f"--epochs cannot grow from {before}: the epochs on winners have begun; raise those", 2)
        self.cloner.load_state_dict(state["cloner"])
        for name in ("epoch", "chunk", "batch", "seen", "best", "finished"):
            setattr(self, name, state[name])
        self.diagnostics.restore(state["diagnostics"])
        self._clock = time.monotonic(), self.seen


def first_network(spec: Spec, setting: ImitationSetting, conditioning: Conditioning | None) -> Network:
    """The network that is fine-tuned, or a fresh one with an input for the condition unless `conditioning` is None.

    Raises UserError where the checkpoint to start from does not fit this release.
    """
    start, seed = setting.start, setting.seed
    if start is not None:
        return _network_of(spec, start)
    sizes = SIZES[setting.preset]
    if conditioning is None:
        return Network(spec, sizes, seed=seed)
    inputs = conditioning.inputs
    sizes = replace(sizes, condition=inputs.width, extra_values=len(inputs.pseudo_rewards))
    network = Network(spec, sizes, seed=seed)
    network.set_default_condition(conditioning.default())
    return network


def _network_of(spec: Spec, start: Start) -> Network:
    """The network of a checkpoint; with its weights, unless the resume file of the run has them."""
    if start.weights:
        return build_network(spec, start.network, start.weights, start.source)
    return Network(spec, NetworkConfig.from_dict(start.network))


def _sentence(tallies: dict[str, Tally]) -> str:
    return "; ".join(f"{tally.win_rate:.1%} against {rival}" for rival, tally in tallies.items())


def _figures(prefix: str, tallies: dict[str, Tally]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for rival, tally in tallies.items():
        low, high = tally.interval
        figures |= {f"{prefix}/{rival}": tally.win_rate}
        figures |= {f"{prefix}_low/{rival}": low, f"{prefix}_high/{rival}": high}
        figures |= {f"{prefix}_draws/{rival}": float(tally.draws), f"{prefix}_matches/{rival}": float(tally.matches)}
    return figures
