"""The loop of imitation: epochs, chunks and updates as a generator; evaluation, checkpoints and commits within.

Nothing random outlives an update (orders are hashes of seed, epoch and chunk), so weights, Adam, stored memories and
a position in the epoch are the whole state, and a run that was killed and resumed ends with the same bits.
"""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch

from botgame.bots.registry import load_policy
from botgame.errors import UserError
from botgame.game.arena_spec import ARENA_SPEC
from botgame.game.rules import Rules
from botgame.rng import derive
from botgame.training.alphastar.checkpoint import Checkpoint, save_checkpoint
from botgame.training.alphastar.cloning import Cloner, CloningConfig
from botgame.training.alphastar.dataset import Chunk, plan
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.alphastar.network import Network
from botgame.training.alphastar.policy import NetworkPolicy
from botgame.training.alphastar.presets import PRESETS
from botgame.training.imitation_source import ReplaySource
from botgame.training.mirrored import Tally, mirrored_results
from botgame.training.run import RunPaths, StopRequest, commit

EXTENDS = ("epochs",)
RIVALS = ("lms_re", "random")
PLAN, ORDER, EVALUATION, FINAL = 1, 2, 3, 4  # purposes of derived seeds


class Event(NamedTuple):
    """Progress: decisions `seen` so far, a short `text`, and a `line` worth keeping on the screen ("" for none)."""

    seen: int
    text: str
    line: str = ""


class ImitationRun:
    """One run from its flags, fresh or from the `state` of the last commit."""

    def __init__(
        self,
        args: Any,
        config: dict[str, Any],
        paths: RunPaths,
        source: ReplaySource,
        device: torch.device,
        state: dict[str, Any] | None,
    ) -> None:
        self.args, self.config, self.paths, self.source = args, config, paths, source
        self.window = min(args.window, args.batch_size)
        network = Network(ARENA_SPEC, PRESETS[args.preset], seed=args.seed)
        cloning = CloningConfig(args.lr, args.value_weight, args.clip_norm, args.precision, args.compile)
        self.cloner = Cloner(network, cloning, device)
        self.epoch = self.chunk = self.batch = self.seen = 0
        self.best, self.finished, self.stopped = -1.0, False, False
        self._clock = time.monotonic(), 0  # at the last metrics line: time and decisions
        self._whole: Chunk | None = None  # all the data, where it fits into memory
        self._open: tuple[Chunk, torch.Tensor] | None = None  # the chunk in training and its memories
        if state is not None:
            self._restore(state)

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(weights.numel() for weights in self.cloner.network.parameters())

    def train(self, metrics: MetricsWriter, stop: StopRequest) -> Iterator[Event]:
        """Train to the last epoch or until `stop`; yields progress after each update and evaluation."""
        if self.finished and self.epoch >= self.args.epochs:
            yield Event(self.seen, "", f"finished already after {self.epoch} epochs; raise --epochs to go on")
            return
        self.finished = False
        while self.epoch < self.args.epochs and not stop:
            for event in self._epoch(metrics):
                yield event
                if stop:
                    break
            else:
                yield self._close_epoch(metrics)
        if self.epoch < self.args.epochs:
            self.stopped = True
            self._save()
            self._commit(metrics)
            return
        yield Event(self.seen, "last evaluation")
        yield from self._finish(metrics)

    def _epoch(self, metrics: MetricsWriter) -> Iterator[Event]:
        """The rest of this epoch, from (chunk, batch) on."""
        parts = plan(self.source.sizes, self.args.capacity, self.args.seed, PLAN, self.epoch)
        width = max(1, self.args.batch_size // self.window)
        text = f"epoch {self.epoch + 1}/{self.args.epochs}"
        while self.chunk < len(parts):
            if self._open is None:
                yield Event(self.seen, f"{text}: reading {len(parts[self.chunk])} matches")
                chunk = self._read(parts)
                self._open = chunk, self.cloner.recall.gather(chunk)
            chunk, memories = self._open
            order = chunk.batches(width, self.args.seed, ORDER, self.epoch, self.chunk)
            for windows in itertools.islice(order, self.batch, None):
                self.seen += self.cloner.learn(chunk, windows, memories)
                self.batch += 1
                if self.cloner.updates % self.args.save_every == 0:
                    metrics.log(self.cloner.updates, {"epoch": self.epoch, **self._means()})
                    self._commit(metrics)
                yield Event(self.seen, text)
            self.cloner.recall.keep(chunk, memories)
            self._open = None
            self.chunk, self.batch = self.chunk + 1, 0

    def _read(self, parts: list[list[int]]) -> Chunk:
        """The chunk in turn, from memory where it is all there is."""
        if self._whole is not None:
            return self._whole
        chunk = Chunk(self.source.read(parts[self.chunk]), self.window)
        if not chunk.windows and len(parts) == 1:
            raise UserError(
                "no replay could be re-simulated: they were altered or made by another release; record anew"
            )
        if len(parts) == 1:
            self._whole = chunk
        return chunk

    def _close_epoch(self, metrics: MetricsWriter) -> Event:
        """Count the epoch, judge and save where it is time, and commit."""
        self.epoch, self.chunk, self.batch = self.epoch + 1, 0, 0
        line, every = "", self.args.eval_every
        if every and self.epoch % every == 0 and self.epoch < self.args.epochs:
            tallies = self._evaluate(EVALUATION, self.args.eval_matches)
            line = f"epoch {self.epoch}: {_sentence(tallies)}"
            metrics.log(self.cloner.updates, {"epoch": self.epoch, **_figures("eval", tallies)})
            self._save(tallies, f"epoch {self.epoch}")
        self._commit(metrics)
        return Event(self.seen, f"epoch {self.epoch}/{self.args.epochs}", line)

    def _finish(self, metrics: MetricsWriter) -> Iterator[Event]:
        """The last evaluation, on seeds that no other evaluation uses."""
        tallies = self._evaluate(FINAL, self.args.final_matches)
        metrics.log(self.cloner.updates, {"epoch": self.epoch, **self._means(), **_figures("final", tallies)})
        self.finished = True
        self._save(tallies)
        self._commit(metrics)
        for rival, tally in tallies.items():
            yield Event(self.seen, "", f"against {rival} over {tally.matches} mirrored duels: {tally}")

    def _evaluate(self, purpose: int, matches: int) -> dict[str, Tally]:
        """Play against the fixed rivals on held-out seeds."""
        network = self.cloner.network
        policy = NetworkPolicy(network, "student", str(self.cloner.device), self.args.temperature)
        seed = derive(self.args.seed, purpose)
        tallies = {rival: mirrored_results(policy, load_policy(rival), matches, seed) for rival in RIVALS}
        network.train()
        return tallies

    def _means(self) -> dict[str, float]:
        """Statistics since the last line. Raises UserError when training has diverged."""
        means = self.cloner.sums.means()
        now, (then, seen) = time.monotonic(), self._clock
        self._clock = now, self.seen
        means["time_decisions_per_second"] = (self.seen - seen) / max(1e-9, now - then)
        if not all(math.isfinite(value) for value in means.values()):
            raise UserError(f"the loss is no longer a number after {self.cloner.updates} updates: lower --lr")
        return means

    def _save(self, tallies: dict[str, Tally] | None = None, periodic: str = "") -> None:
        """Write the checkpoint; after an evaluation the best one too, and the periodic one."""
        extra = {"evaluation": {rival: tally.to_dict() for rival, tally in (tallies or {}).items()}}
        network = self.cloner.network
        checkpoint = Checkpoint(
            kind="imitation",
            spec=ARENA_SPEC,
            network=network.config.to_dict(),
            weights=network.state_dict(),
            config=json.loads(json.dumps(self.config, default=str)),
            rules=Rules().to_dict(),
            counters={"epochs": self.epoch, "updates": self.cloner.updates, "decisions": self.seen},
            temperature=self.args.temperature,
            extra=extra,
        )
        save_checkpoint(self.paths.checkpoint, checkpoint)
        if periodic:
            save_checkpoint(self.paths.periodic("epoch", self.epoch), checkpoint)
            self.paths.prune("epoch", self.args.keep)
        if tallies and tallies[RIVALS[0]].win_rate > self.best:
            self.best = tallies[RIVALS[0]].win_rate
            save_checkpoint(self.paths.best, checkpoint)

    def _commit(self, metrics: MetricsWriter) -> None:
        if self._open is not None:
            self.cloner.recall.keep(*self._open)
        names = ("epoch", "chunk", "batch", "seen", "best")
        state = {"cloner": self.cloner.state_dict(), "names": self.source.names}
        state |= {name: getattr(self, name) for name in names}
        commit(self.paths, self.config, state, offset=metrics.offset, finished=self.finished)

    def _restore(self, state: dict[str, Any]) -> None:
        self.cloner.load_state_dict(state["cloner"])
        for name in ("epoch", "chunk", "batch", "seen", "best", "finished"):
            setattr(self, name, state[name])
        self._clock = time.monotonic(), self.seen


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
