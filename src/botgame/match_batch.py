"""Many matches as a stream of decisions: the loop that joins a game's simulation, set-ups and listeners.

`MatchBatch` runs B matches at once and hands out the seats that are due; its user (an actor, an evaluation, a
recording run) answers with actions. Results do not depend on B: each decision's random key is a hash of the match's
seed, the seat and the tick, and a slot that becomes free takes the next set-up at once.

    batch = MatchBatch(game.simulate(64, 2), setups)
    memory = SeatMemory(64, 2)
    while (step := batch.next()) is not None:
        batch.act(step.due, decide(batch, step, memory, policies, len(game.spec.heads)))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from botgame import rng
from botgame.errors import UserError
from botgame.game import USUAL_LIMITS, Array, Due, Ended, Listener, Observation, SeatLimits, Setup, Simulation, Step

_KEY_PURPOSE = 0x6B6579  # keeps policy keys apart from the random stream of the simulation


def key_bases(seed: int, seats: int) -> Array:
    """Base key of each seat, uint64 [P]; a decision's key is `mix(base, tick)`."""
    return np.array([rng.derive(seed, _KEY_PURPOSE, seat) for seat in range(seats)], np.uint64)


class MatchBatch:
    """Plays the matches of `setups` in the slots of `simulation`, one `next`/`act` round at a time."""

    def __init__(
        self,
        simulation: Simulation,
        setups: Iterator[Setup],
        listener: Listener | None = None,
        limits: Callable[[int], SeatLimits] = lambda _player: USUAL_LIMITS,
        out: Callable[[Any], Array] | None = None,
    ) -> None:
        """`simulation`: fresh, nothing started. `limits`: of a player's seats, see `seat_limits.limits_of`.

        out: as `Game.out`; given it, a match ends once all seats of player 0 are out, with the outcome as it stands.
        """
        self.simulation = simulation
        self.taken = 0  # set-ups taken from the iterator so far
        self._limits, self._listener, self._out = limits, listener, out
        self._setups = iter(setups)
        slots = len(simulation.done)
        self._running: list[Setup | None] = [None] * slots
        self._episodes = np.full(slots, -1, np.int64)
        self._players = np.zeros((slots, 0), np.int32)  # as wide as the seats, from the first set-up on
        self._key_bases = np.zeros((slots, 0), np.uint64)
        self._started = False

    def next(self) -> Step | None:
        """Run on to the next decisions. None when the set-ups are exhausted and every match is over.

        The last step may hold ended matches and no rows. Rows that are not answered come again in the next step.
        """
        if not self._started:
            self._started = True
            for slot in range(len(self._running)):
                self._take(slot)
        if all(setup is None for setup in self._running):
            return None
        due = self.simulation.advance()
        ended = self._collect()
        if ended:
            due = self.simulation.advance()
        elif not len(due.slot):
            raise UserError("advance() returned no seat while a match goes on: let it run on until one is due")
        return self._step(ended, due)

    def observe(self, due: Due) -> Observation:
        """See `Simulation.observe`."""
        return self.simulation.observe(due)

    def rewards(self, due: Due) -> dict[str, Array]:
        """See `Simulation.rewards`."""
        return self.simulation.rewards(due)

    def act(self, due: Due, actions: Array) -> Array:
        """Answer due seats with actions int64 [n, H]; returns the accepted ones."""
        if self._listener is not None:
            self._listener.decisions(due)
        accepted = self.simulation.act(due, actions)
        if self._listener is not None:
            self._listener.accepted(due, accepted)
        return accepted

    def snapshot(self) -> dict[str, Any]:
        """Everything but the set-ups iterator: plain arrays and JSON numbers. A listener is not part of it.

        Of a simulation that cannot be saved only the set-ups of the running matches.
        """
        try:
            simulation = self.simulation.snapshot()
        except UserError:
            simulation = {}
        return {
            "simulation": simulation,
            "taken": self.taken,
            "started": self._started,
            "running": [None if setup is None else asdict(setup) for setup in self._running],
            "episodes": self._episodes.tolist(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Inverse of `snapshot`. The iterator given to the constructor must stand after the first `taken` set-ups.

        Where the simulation could not be saved, the running matches begin again, as new episodes. Raises UserError for
        a snapshot of another release, whose simulation looked otherwise.
        """
        try:
            if snapshot["simulation"]:
                self.simulation.restore(snapshot["simulation"])
        except ValueError as error:
            raise UserError(f"the run was made by another release of botgame ({error}); start a new one", 2) from error
        self.taken = int(snapshot["taken"])
        self._started = bool(snapshot["started"])
        self._episodes[:] = snapshot["episodes"]
        for slot, fields in enumerate(snapshot["running"]):
            self._running[slot] = None
            if fields is not None:
                self._seat(slot, Setup.from_dict(fields))
                if not snapshot["simulation"]:
                    self._begin_again(slot)

    def _begin_again(self, slot: int) -> None:
        """Start the match in `slot` anew, with a number that no other episode has: what went before is forgotten."""
        setup = self._running[slot]
        assert setup is not None
        self.simulation.reset(slot, setup, [self._limits(player) for player in setup.players])
        self._episodes[slot] = -2 - self._episodes[slot]

    def _seat(self, slot: int, setup: Setup) -> None:
        seats = len(setup.players)
        if self._players.shape[1] != seats:
            self._players = np.zeros((len(self._running), seats), np.int32)
            self._key_bases = np.zeros((len(self._running), seats), np.uint64)
        self._running[slot] = setup
        self._players[slot] = setup.players
        self._key_bases[slot] = key_bases(setup.seed, seats)

    def _take(self, slot: int) -> None:
        """Start the next set-up in `slot`, or leave it empty when there is none."""
        setup = next(self._setups, None)
        self._running[slot] = None
        if setup is None:
            return
        self.simulation.reset(slot, setup, [self._limits(player) for player in setup.players])
        self._seat(slot, setup)
        self._episodes[slot] = self.taken
        self.taken += 1
        if self._listener is not None:
            self._listener.begin(slot, setup)

    def _collect(self) -> list[Ended]:
        """Report the matches that are over and refill their slots."""
        ended = []
        for slot in np.flatnonzero(self.simulation.done | self._left()).tolist():
            setup = self._running[slot]
            if setup is None:
                continue
            over = Ended(slot, int(self._episodes[slot]), setup, self.simulation.outcome(slot))
            if self._listener is not None:
                self._listener.end(over)
            ended.append(over)
            self._take(slot)
        return ended

    def _left(self) -> Array:
        """Bool [B]: the matches whose player 0 is out in all its seats."""
        if self._out is None:
            return np.zeros(len(self._running), np.bool_)
        out: Array = (self._out(self.simulation) | (self._players != 0)).all(axis=1)
        return out

    def _step(self, ended: list[Ended], due: Due) -> Step:
        slot, seat = due
        tick = self.simulation.ticks[slot].astype(np.uint64)
        with np.errstate(over="ignore"):
            keys = rng.mix(self._key_bases[slot, seat], tick)
        return Step(ended, slot, seat, self._players[slot, seat], self._episodes[slot], keys)
