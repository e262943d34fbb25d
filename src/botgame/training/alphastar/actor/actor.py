"""The actor: plays many matches in one batch and turns what the learning player sees and does into sequences.

Matches, opponents and networks are handed in, so this file knows no game. Player 0 of every match is the learner (in
one seat or several); any other player is a policy that stays the same for the whole match. The teacher, which the
learner is pulled towards, sees the same observations and is forced to the student's actions; it runs over whole
sequences, with its own recurrent memory carried from one to the next. From random weights there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch

from botgame import rng
from botgame.game import Array, Ended, Matches, Observation, Policy, Step
from botgame.play import SeatMemory, decide_rows
from botgame.spec import OBSERVED, Spec
from botgame.training.alphastar.actor.batching import LEARNER, Batching
from botgame.training.alphastar.actor.numbers import MatchNumbers
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.replay_buffer import ReplayBuffer
from botgame.training.alphastar.learner.sequences import LEAST_LOG_PROB, allocate, gather
from botgame.training.alphastar.network.acting import acting_step
from botgame.training.alphastar.network.action_distribution import head_log_probs
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.statistic_z.seats import Seen, Styles, StyleSeats
from botgame.training.alphastar.trees import to_arrays, to_tensors


@dataclass(frozen=True)
class Environment:
    """Where a learner plays, and against whom.

    matches: has `slots` slots (0: `config.matches`) of `seats` seats. opponent: the policy of a player other than the
    learner. may_wait: whether that player's rows may wait for a fuller batch (`Batching`). styles: what the learner's
    seats are to follow; `spec` then has the pseudo-rewards behind its own rewards (`Styles.extend`). share: of the
    learner's sequences that are to come from here (`Actors`). numbers: of the matches; what `matches` takes its set-ups
    from asks it for them, so that restoring an actor puts both in the same place.
    """

    spec: Spec
    matches: Matches
    opponent: Callable[[int], Policy]
    may_wait: Callable[[int], bool] = lambda _player: False
    seats: int = 2
    styles: Styles | None = None
    slots: int = 0
    share: float = 1.0
    numbers: MatchNumbers = field(default_factory=MatchNumbers)

    @property
    def condition_sizes(self) -> dict[str, int]:
        """Sizes of what sequences hold in addition: see `sequences.allocate`."""
        if self.styles is None:
            return {}
        return {"condition": self.styles.conditioning.inputs.width, "distances": len(self.styles.names)}


class Collected(NamedTuple):
    """What one call of `collect` added: sequences, the learner's decisions in them, and the matches that ended."""

    sequences: int
    decisions: int
    ended: list[Ended]


class _Pending(NamedTuple):
    """A sequence that waits for the teacher: its place in the buffer, its seat, and whether the match began with it."""

    place: int
    row: int
    first: bool


class Actor:
    """Plays the matches of one environment. Row r of the arrays below is seat r % seats of slot r // seats."""

    def __init__(
        self,
        environment: Environment,
        student: Network,
        teacher: Network | None,
        config: RLConfig,
        device: torch.device | str = "cpu",
    ) -> None:
        slots, seats = environment.slots or config.matches, environment.seats
        rows = slots * seats
        self._environment, self._spec, self._teacher = environment, environment.spec, teacher
        self._act = acting_step(student)
        self._matches, self._numbers = environment.matches, environment.numbers
        self._batching = Batching(slots, seats, environment.may_wait)
        self._opponents = SeatMemory(slots, seats)
        self._seats, self._steps = seats, config.unroll_length
        self._temperature, self._device = config.temperature, torch.device(device)
        self._styles = StyleSeats(environment.styles, slots, seats) if environment.styles else None
        self._pseudo = (
            len(environment.styles.names) if environment.styles else 0
        )  # pseudo-rewards: the last ones of the spec
        own = environment.spec.rewards[: len(environment.spec.rewards) - self._pseudo]
        self._rewards = tuple(reward.name for reward in own)
        self._open = allocate(
            environment.spec,
            student.memory_size,
            config.unroll_length,
            rows,
            taught=teacher is not None,
            **environment.condition_sizes,
        )
        self._position = np.zeros(rows, np.int64)  # decisions in the open sequence
        self._episode = np.full(rows, -1, np.int64)
        self._start = student.initial_memory(1).cpu().numpy()
        self._memory = np.zeros((rows, student.memory_size), np.float32)
        self._teacher_start = teacher.initial_memory(1).cpu().numpy() if teacher else self._start
        self._teacher_memory = np.zeros((rows, teacher.memory_size if teacher else 0), np.float32)
        self._first = np.zeros(rows, np.bool_)  # the open sequence is the first of its match
        self._earned = np.zeros((rows, len(own)), np.float32)  # each reward of the match, as far as it is paid
        self._pending: list[_Pending] = []

    def collect(self, buffer: ReplayBuffer, sequences: int, version: int) -> Collected:
        """Play until at least `sequences` more are in `buffer`; `version`: learner steps done so far."""
        start = buffer.count
        decisions = 0
        ended: list[Ended] = []
        while buffer.count - start < sequences:
            step = self._matches.next()
            if step is None:
                raise RuntimeError("the stream of set-ups must not end during training")
            self._end_matches(step.ended, buffer)
            ended += step.ended
            if len(step.slot):
                decisions += self._decide(step, buffer, version)
        if self._teacher:
            self._teach(self._teacher, buffer)
        return Collected(buffer.count - start, decisions, ended)

    def snapshot(self) -> dict[str, Any]:
        """Exact state between two calls of `collect`, tensors and numbers."""
        parts = {part: getattr(self, "_" + part).snapshot() for part in self._parts}
        return dict(to_tensors({**parts, **{name: getattr(self, name) for name in _ARRAYS}}))

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Inverse of `snapshot`."""
        arrays = to_arrays(snapshot)
        for part in self._parts:
            getattr(self, "_" + part).restore(arrays[part])
        for name in _ARRAYS:
            setattr(self, name, arrays[name])

    def report(self) -> dict[str, float]:
        """Figures to log about the matches that ended since the last report."""
        return self._styles.report() if self._styles else {}

    @property
    def _parts(self) -> tuple[str, ...]:
        return (*_PARTS, "styles") if self._styles else _PARTS

    def _decide(self, step: Step, buffer: ReplayBuffer, version: int) -> int:
        """Let the players whose turn it is decide, and return how many of the answered rows are the learner's."""
        turns = self._batching.next(step)
        actions = np.zeros((len(step.slot), len(self._spec.heads)), np.int64)
        rows = np.sort(np.concatenate(list(turns.values())))
        observed = self._matches.observe(step.due.rows(rows))  # of all at once: large batches go to many threads
        for player, own in turns.items():
            observation = _rows_of(observed, np.searchsorted(rows, own)) if len(turns) > 1 else observed
            if player == LEARNER:
                actions[own] = self._learner_acts(step, own, observation, buffer, version)
            else:
                policy = self._environment.opponent(player)
                actions[own] = decide_rows(observation, step, own, policy, self._opponents, actions.shape[1])
        self._matches.act(step.due.rows(rows), actions[rows])
        return len(turns.get(LEARNER, ()))

    def _learner_acts(
        self, step: Step, rows: Array, observed: Observation, buffer: ReplayBuffer, version: int
    ) -> Array:
        due = step.due.rows(rows)
        row = due.slot * self._seats + due.seat
        self._begin_matches(row, step.episode[rows])
        seen = self._styles.look(row) if self._styles else None
        self._pay(row, self._stacked(self._matches.rewards(due)), seen)
        observation = {name: observed[name] for name in OBSERVED}
        if seen:
            observation["style_distance"] = seen.distance
        self._observe(row, observation, buffer)
        self._begin_sequences(row[self._position[row] == 0], version)
        place = self._position[row]
        if seen:
            self._open["early"][row, place] = seen.early
            observation["condition"] = seen.condition
        uniforms = rng.uniforms(step.keys[rows], len(self._spec.heads))
        decided = self._act(observation, self._memory[row], uniforms, self._temperature)
        log_probs, actions = torch.from_numpy(decided.log_probs), torch.from_numpy(decided.actions)
        self._open["actions"][row, place] = decided.actions
        self._open["behaviour"][row, place] = head_log_probs(self._spec, log_probs, actions).numpy()
        self._memory[row] = decided.memory
        self._position[row] += 1
        return decided.actions

    def _begin_matches(self, row: Array, episode: Array) -> None:
        fresh = self._episode[row] != episode
        new = row[fresh]
        if len(new):
            self._memory[new] = self._start
            self._first[new] = True
            self._earned[new] = 0
            self._position[new] = 0
            if self._styles:
                self._styles.begin(new, self._numbers.of(episode[fresh]))
            self._episode[row] = episode

    def _pay(self, row: Array, earned: Array, seen: Seen | None) -> None:
        """Pay what each reward grew by, and what came nearer to the wanted style, to the decision before."""
        paid = self._position[row] > 0
        places = (row[paid], self._position[row[paid]] - 1)
        gain = earned[paid] - self._earned[row[paid]]
        if seen:
            gain = np.concatenate([gain, seen.paid[paid]], axis=1)
        self._open["rewards"][places] += gain
        self._earned[row] = earned

    def _stacked(self, rewards: Mapping[str, Array]) -> Array:
        """Rewards by name as columns in the order of the spec."""
        return np.stack([rewards[name] for name in self._rewards], axis=1).astype(np.float32, copy=False)

    def _observe(self, row: Array, observation: dict[str, Array], buffer: ReplayBuffer) -> None:
        """Write the observations; a sequence that is full takes them as its bootstrap and the next one begins."""
        place = self._position[row]
        full = place == self._steps
        for name, column in observation.items():
            self._open[name][row, place] = column
        if full.any():
            self._close(row[full], True, buffer)
            for name, column in observation.items():
                self._open[name][row[full], 0] = column[full]

    def _begin_sequences(self, row: Array, version: int) -> None:
        self._open["memory"][row] = self._memory[row]
        self._open["version"][row] = version
        self._open["rewards"][row] = 0
        if self._styles:
            self._open["condition"][row] = self._styles.condition[row]
            self._open["active"][row] = self._styles.active[row]

    def _end_matches(self, ended: Sequence[Ended], buffer: ReplayBuffer) -> None:
        """True ends: pay what each reward still grew by, and close the learner's sequences."""
        for match in ended:
            final = self._environment.styles.meter.final(match.episode) if self._environment.styles else None
            earned = self._stacked(match.outcome.rewards)
            for seat, player in enumerate(match.setup.players):
                row = match.slot * self._seats + seat
                if player != LEARNER or self._episode[row] != match.episode:
                    continue
                reward = earned[seat] - self._earned[row]
                if self._styles and final is not None:
                    reward = np.concatenate([reward, self._styles.finish(row, final[seat])])
                self._open["rewards"][row, self._position[row] - 1] += reward
                self._close(np.array([row]), False, buffer)

    def _close(self, rows: Array, truncated: bool, buffer: ReplayBuffer) -> None:
        self._open["length"][rows] = self._position[rows]
        self._open["truncated"][rows] = truncated
        places = buffer.add(self._open, rows)
        if self._teacher:
            for place, row in zip(places.tolist(), rows.tolist(), strict=True):
                self._pending.append(_Pending(place, row, bool(self._first[row])))
        self._first[rows] = False
        self._position[rows] = 0

    def _teach(self, teacher: Network, buffer: ReplayBuffer) -> None:
        """Add the teacher's log-probabilities, a wave at a time: the k-th waiting sequence of every seat."""
        while self._pending:
            wave: dict[int, _Pending] = {}
            rest = [item for item in self._pending if wave.setdefault(item.row, item) is not item]
            self._teach_wave(teacher, list(wave.values()), buffer)
            self._pending = rest

    def _teach_wave(self, teacher: Network, wave: list[_Pending], buffer: ReplayBuffer) -> None:
        places = np.array([item.place for item in wave])
        rows = np.array([item.row for item in wave])
        first = np.array([item.first for item in wave])
        memory = self._teacher_memory[rows]
        memory[first] = self._teacher_start
        batch = gather(buffer.columns, places, self._device)
        steps = len(batch.mask)
        observation = {name: column[:steps] for name, column in batch.observation.items()}
        with torch.inference_mode():
            start = torch.from_numpy(memory).to(self._device)
            taught = teacher.unroll(
                observation, start, batch.actions[:steps], batch.mask, values=False, temperature=self._temperature
            )
        log_probs = taught.log_probs.clamp(min=LEAST_LOG_PROB).transpose(0, 1)
        buffer.columns["teacher"][places, :steps] = log_probs.half().cpu().numpy()
        self._teacher_memory[rows] = taught.memory.cpu().numpy()


def _rows_of(observation: Observation, rows: Array) -> Observation:
    return {name: column[rows] for name, column in observation.items()}


_PARTS = ("matches", "numbers", "batching", "opponents")
_ARRAYS = ("_open", "_position", "_episode", "_memory", "_teacher_memory", "_first", "_earned")
