"""Policies at play: each seat's recurrent memory, and whole matches between policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from botgame.bot_answer import checked_answer
from botgame.errors import UserError
from botgame.game import (
    Array,
    Due,
    Ended,
    Game,
    Listener,
    Matches,
    Observation,
    Policy,
    SeatLimits,
    Setup,
    Simulation,
    Step,
)
from botgame.match_batch import MatchBatch
from botgame.seat_limits import possible_limits


class SeatMemory:
    """Recurrent memory of every seat, bound to the match: a seat's memory starts afresh with each new match.

    memory: float32 [B, P, M], where M is the largest memory of any policy so far; a policy uses the first columns.
    """

    def __init__(self, slots: int, seats: int) -> None:
        self.memory = np.zeros((slots, seats, 0), np.float32)
        self._episodes = np.full((slots, seats), -1, np.int64)

    def recall(self, due: Due, episode: Array, policy: Policy) -> Array:
        """Memory of these seats, float32 [n, memory_size]; initial where a seat begins a new match."""
        slot, seat = due
        self._widen(policy.memory_size)
        memory = self.memory[slot, seat, : policy.memory_size]
        fresh = self._episodes[slot, seat] != episode
        if fresh.any():
            memory[fresh] = policy.initial_memory(int(fresh.sum()))
            self._episodes[slot, seat] = episode
        return memory

    def store(self, due: Due, memory: Array) -> None:
        """Keep the memory that a policy returned for these seats."""
        self.memory[due.slot, due.seat, : memory.shape[1]] = memory

    def snapshot(self) -> dict[str, Array]:
        """Plain arrays."""
        return {"memory": self.memory.copy(), "episodes": self._episodes.copy()}

    def restore(self, snapshot: dict[str, Array]) -> None:
        """Inverse of `snapshot`."""
        self.memory = np.array(snapshot["memory"], np.float32)
        self._episodes = np.array(snapshot["episodes"], np.int64)

    def _widen(self, size: int) -> None:
        if size > self.memory.shape[2]:
            wider = np.zeros((*self.memory.shape[:2], size), np.float32)
            wider[:, :, : self.memory.shape[2]] = self.memory
            self.memory = wider


def decide_rows(
    observation: Observation, step: Step, rows: Array, policy: Policy, memory: SeatMemory, heads: int
) -> Array:
    """Let `policy` decide some rows of `step`, of which it has the observation: actions int64 [n, heads].

    Its memory is kept. Raises UserError when a user's own bot returns something of another shape.
    """
    part = Step([], step.slot[rows], step.seat[rows], step.player[rows], step.episode[rows], step.keys[rows])
    return _decide_step(observation, part, policy, memory, heads)


def _decide_step(observation: Observation, step: Step, policy: Policy, memory: SeatMemory, heads: int) -> Array:
    """`decide_rows` for all rows of a step."""
    answer = policy.act(observation, memory.recall(step.due, step.episode, policy), step.keys)
    actions, remembered = checked_answer(policy, answer, len(step.slot), heads)
    memory.store(step.due, remembered)
    return actions


def decide(
    matches: Matches | Simulation, step: Step, memory: SeatMemory, policies: Sequence[Policy], heads: int
) -> Array:
    """Ask each policy once for all its rows: actions int64 [N, heads]. `step.player` indexes `policies`."""
    players = sorted(set(step.player.tolist()))
    if len(players) == 1:  # nothing to take apart
        actions = _decide_step(matches.observe(step.due), step, policies[players[0]], memory, heads)
        return np.asarray(actions, np.int64)
    actions = np.zeros((len(step.slot), heads), np.int64)
    for player in players:
        rows = np.flatnonzero(step.player == player)
        observation = matches.observe(step.due.rows(rows))
        actions[rows] = decide_rows(observation, step, rows, policies[player], memory, heads)
    return actions


def play_batch(batch: MatchBatch, policies: Sequence[Policy], memory: SeatMemory, heads: int) -> Iterator[Ended]:
    """Play a batch to its end and yield each match as it ends."""
    while (step := batch.next()) is not None:
        yield from step.ended
        if len(step.slot):
            batch.act(step.due, decide(batch, step, memory, policies, heads))


def play(
    game: Game,
    policies: Sequence[Policy],
    setups: Iterator[Setup],
    *,
    slots: int = 64,
    seats: int | None = None,
    listen: Callable[[Any], Listener] | None = None,
) -> Iterator[Ended]:
    """Play all set-ups with `policies`, `slots` at a time, and yield each match as it ends (not in their order).

    seats: of every match, the game's usual number where it is None. listen: makes a listener (a recorder, a meter) for
    the simulation. Raises UserError (code 2) for a set-up with a player that has no policy, and for limits of one
    that the game cannot impose.
    """
    seats = seats or game.seats
    simulation = game.simulate(slots, seats)
    limits = {player: possible_limits(game, policy) for player, policy in enumerate(policies)}

    def limits_of_player(player: int) -> SeatLimits:
        if player not in limits:
            raise UserError(f"player {player} of a set-up has no policy: expected 0 to {len(limits) - 1}", 2)
        return limits[player]

    batch = MatchBatch(simulation, setups, listen(simulation) if listen else None, limits_of_player)
    yield from play_batch(batch, policies, SeatMemory(slots, seats), len(game.spec.heads))
