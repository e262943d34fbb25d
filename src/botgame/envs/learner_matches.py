"""Matches of a learner against bots, from one decision of the learner to the next: what every environment stands on.

    matches = LearnerMatches(matchup(load_game("lms"), "lms_re", seats=2), slots=256)
    observation, info = matches.reset(range(256))
    while True:
        observation, rewards, terminated, truncated, info = matches.step(actions)

B matches run at once, each in a slot with its own endless stream of mirrored set-ups, so that a slot plays the same
whatever runs beside it. The bots are answered inside, with the same random keys as in `botgame.match_batch`.

N: due seats of the learner, H: heads, L: players of the learner in a match. S is (B,) for one player, else (B, L).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from botgame import rng
from botgame.action_check import ActionCheck
from botgame.envs.matchup import Matchup
from botgame.envs.number_checks import is_whole
from botgame.envs.payments import Payments
from botgame.errors import UserError
from botgame.game import AnswersBots, Array, Due, Ended, Listener, Observation, Policy, Setup, Step
from botgame.match_batch import key_bases
from botgame.play import SeatMemory, decide

Stepped = tuple[Observation, Array, Array, Array, dict[str, Any]]


class LearnerMatches:
    """`slots` matches of `matchup`, which stand still whenever the learner has to decide.

    refill: a slot whose match is over starts the next one within the same step; else it waits for `reset`.
    most_decisions: a match is truncated after so many of the learner's decisions; 0: never. Raises UserError (code 2)
    for numbers that are none.
    """

    def __init__(self, matchup: Matchup, slots: int = 1, *, refill: bool = True, most_decisions: int = 0) -> None:
        for name, number, least in (("matches at once", slots, 1), ("decisions of a match", most_decisions, 0)):
            if not is_whole(number) or number < least:
                raise UserError(f"{number!r} {name}: expected a whole number of {least} or more", 2)
        game, seats = matchup.game, matchup.seats
        self.matchup, self.simulation = matchup, matchup.simulate(slots)
        self.due = Due(np.zeros(0, np.int32), np.zeros(0, np.int32))
        self._refill, self._most = refill, most_decisions
        self._check = ActionCheck(game.spec.heads)
        self._policies: list[Policy] = list(matchup.policies)
        self._limits = matchup.limits
        self._policy = np.zeros((slots, seats), np.int32)  # of each seat, -1: the learner
        self._memory, self._payments = SeatMemory(slots, seats), Payments(matchup, slots)
        self._streams: list[Iterator[Setup] | None] = [None] * slots
        self._running: list[Setup | None] = [None] * slots
        self._unfinished = np.zeros(slots, bool)
        self._player = np.zeros((slots, seats), np.int32)
        self._seat = np.zeros((slots, matchup.learners), np.int32)  # of each of the learner's players
        self._bases = np.zeros((slots, seats), np.uint64)
        self._episodes = np.zeros(slots, np.int64)
        self._decisions = np.zeros(slots, np.int64)  # of the learner in the match that runs
        self._started = 0  # matches, ever
        self._out = game.out if seats > 2 else None  # with two, the match is over when one is out
        self._listener: Listener | None = None
        if matchup.record_to is not None and game.recorder is not None:
            self._listener = game.recorder(self.simulation, matchup.names, matchup.record_to)
        self._answers = self._answering()
        self._one_each = matchup.learners == 1 and self._answers is not None  # at most one seat is due in a slot

    def _answering(self) -> AnswersBots | None:
        """The simulation, if it answers all bots itself. A recording asks for each decision, so then it does not."""
        if self._listener is None and self._policies and isinstance(self.simulation, AnswersBots):
            return self.simulation if all(map(self.simulation.can_answer, self._policies)) else None
        return None

    @property
    def player(self) -> Array:
        """The player of each due seat, int32 [N], 0 .. L - 1."""
        if self.matchup.learners == 1:
            return np.zeros(len(self.due.slot), np.int32)
        return self._player[self.due.slot, self.due.seat]

    def reset(self, seeds: Sequence[int | None]) -> tuple[Observation, dict[str, Any]]:
        """Start a match in every slot and run to the learner's first decisions.

        seeds: of each slot, where its stream of set-ups begins; None: the next match of its stream, which begins at a
        random place when there is none yet. A match that still runs is dropped. Returns the observation of the due
        seats and `info` as `step` does. Raises UserError (code 2) unless there is a seed or None for each slot.
        """
        for slot, seed in enumerate(self._checked_seeds(seeds)):
            if seed is not None or self._streams[slot] is None:
                drawn = int(np.random.default_rng().integers(2**63)) if seed is None else seed
                self._streams[slot] = self.matchup.setups(drawn)
            self._begin(slot)
        self._payments.open()
        self._play_on()
        paid = self._payments.close(self.simulation, self.due, self.player)
        return self.observe(), {"ticks": paid.ticks, "rewards": paid.streams}

    def observe(self) -> Observation:
        """What the due seats see, a row each in the order of `due`. With one player and `refill` row b is slot b."""
        return self.simulation.observe(self.due)

    def step(self, actions: Array | Sequence[Array]) -> Stepped:
        """Answer all due seats with int64 [N, H], and run to the next decisions of the learner in every slot.

        Returns the observation of the seats that are due then, and of the decisions that were answered: rewards
        float32 S, each the weighted sum of what every stream grew by; terminated and truncated bool [B], of the
        slots; and info:

        - `ticks` int64 S: game ticks since each player's last decision, to its next one or to the end of the match; 0
          in a slot that waits for `reset`;
        - `rewards`: float32 S by stream, before they are weighted;
        - `places` int32 S, only when matches ended: each player's place, 0 in the others;
        - `final` dict, only when matches were truncated: the last observation of their seats, one row a seat, and
          `final_slots` int [n], the slot of each row.

        Raises UserError (code 2) for actions of another shape or outside their heads, and while no seat waits for one.
        """
        actions = self._checked_actions(actions)
        self._payments.open()
        self._payments.decided(self.simulation.ticks, self.due, self.player)
        self._decisions[self.due.slot] += 1
        self._act(self.due, actions)
        self._play_on()
        paid = self._payments.close(self.simulation, self.due, self.player)
        if not self._refill:
            paid.ticks[~(self._unfinished | paid.terminated)] = 0
        info: dict[str, Any] = {"ticks": paid.ticks, "rewards": paid.streams}
        if paid.terminated.any():
            info["places"] = paid.places
        truncated = self._truncate(paid.terminated, info)
        return self.observe(), paid.rewards, paid.terminated, truncated, info

    def _checked_seeds(self, seeds: Sequence[int | None]) -> list[int | None]:
        listed = list(seeds) if isinstance(seeds, Iterable) else []
        slots = len(self._running)
        if len(listed) != slots or not all(seed is None or is_whole(seed) for seed in listed):
            raise UserError(f"seeds {seeds!r}: expected a whole number for each match, {slots} in all", 2)
        return [None if seed is None else int(seed) for seed in listed]

    def _checked_actions(self, actions: Array | Sequence[Array]) -> Array:
        if not len(self.due.slot):
            raise UserError("no seat waits for an action; call reset first", 2)
        return self._check.checked(actions, len(self.due.slot))

    def _truncate(self, terminated: Array, info: dict[str, Any]) -> Array:
        """Replace the matches that have lasted for the learner's most decisions; bool [B], which they are."""
        truncated = np.zeros(len(terminated), bool)
        if not self._most:
            return truncated
        truncated |= (self._decisions >= self._most) & ~terminated
        if truncated.any():
            rows = self.due.rows(np.flatnonzero(truncated[self.due.slot]))
            info["final"], info["final_slots"] = self.simulation.observe(rows), rows.slot
            for slot in np.flatnonzero(truncated).tolist():
                self._begin(slot)
            self._play_on()
        return truncated

    def _begin(self, slot: int) -> None:
        """Start the next match of the slot's stream."""
        stream = self._streams[slot]
        assert stream is not None
        setup = next(stream)
        self.simulation.reset(slot, setup, [self._limits[player] for player in setup.players])
        self._running[slot], self._unfinished[slot], self._decisions[slot] = setup, True, 0
        self._player[slot], self._bases[slot] = setup.players, key_bases(setup.seed, len(setup.players))
        self._policy[slot] = drawn = self.matchup.draw(setup.players, self._bases[slot])
        if self._answers is not None:
            for seat, number in enumerate(drawn):
                if number >= 0:
                    self._answers.answer(slot, seat, self._policies[number], int(self._bases[slot, seat]))
        self._seat[slot] = [setup.players.index(player) for player in range(self.matchup.learners)]
        self._episodes[slot] = self._started
        self._started += 1
        self._payments.begin(slot)
        if self._listener is not None:
            self._listener.begin(slot, self._recorded(slot, setup))

    def _play_on(self) -> None:
        """Answer the bots until only the learner is due, and take up the matches that end."""
        while True:
            due = self.simulation.advance()
            if over := self._over(due):
                self._end(over)
                continue
            if self._out is not None and self._leave():
                continue
            if self._answers is not None or not self._answer_bots(due):
                break
        if not self._refill and self._answers is None:  # bots are due in a match that was left
            due = due.rows(np.flatnonzero(self._policy[due.slot, due.seat] < 0))
        self.due = due

    def _over(self, due: Due) -> list[int]:
        """The slots whose matches are over but not settled; a match with a due seat is not over."""
        slots = len(self._running)
        if (len(due.slot) == slots and self._one_each) or (len(due.slot) and slots == 1):
            return []
        return np.flatnonzero(self.simulation.done & self._unfinished).tolist()

    def _answer_bots(self, due: Due) -> bool:
        """Let the bots among the due seats decide. Whether there were."""
        policy = self._policy[due.slot, due.seat]
        bots = np.flatnonzero(policy >= 0)
        if not self._refill:  # a match that was left stands still
            bots = bots[self._unfinished[due.slot[bots]]]
        if len(bots):
            self._answer(due.rows(bots), policy[bots])
        return bool(len(bots))

    def _answer(self, due: Due, policy: Array) -> None:
        """Let the bots decide that move these seats; policy: their number, int32 [n]."""
        slot, seat = due
        keys = rng.mix(self._bases[slot, seat], self.simulation.ticks[slot].astype(np.uint64))
        step = Step([], slot, seat, policy, self._episodes[slot], keys)
        heads = len(self.matchup.game.spec.heads)
        self._act(due, decide(self.simulation, step, self._memory, self._policies, heads))

    def _act(self, due: Due, actions: Array) -> None:
        if self._listener is not None:
            self._listener.decisions(due)
        accepted = self.simulation.act(due, actions)
        if self._listener is not None:
            self._listener.accepted(due, accepted)

    def _end(self, slots: list[int]) -> None:
        """Settle matches that are over, and start the next ones where slots are refilled."""
        for slot in slots:
            setup, outcome = self._running[slot], self.simulation.outcome(slot)
            assert setup is not None
            self._payments.settle(slot, self._seat[slot], outcome)
            if self._listener is not None:
                self._listener.end(Ended(slot, int(self._episodes[slot]), self._recorded(slot, setup), outcome))
        for slot in slots:
            self._finish(slot)

    def _recorded(self, slot: int, setup: Setup) -> Setup:
        """The set-up of a running match with players whose names are `Matchup.names`."""
        policy, learners = self._policy[slot], self.matchup.learners
        players = np.where(policy < 0, setup.players, learners + policy)
        return replace(setup, players=tuple(players.tolist()))

    def _leave(self) -> bool:
        """Settle matches that go on without the learner; they are left unless they are recorded. Whether there were."""
        assert self._out is not None
        out = np.take_along_axis(self._out(self.simulation), self._seat, axis=1).all(axis=1)
        slots = np.flatnonzero(out & self._unfinished & ~self._payments.terminated).tolist()
        for slot in slots:
            self._payments.settle(slot, self._seat[slot], self.simulation.outcome(slot))
            if self._listener is None:
                self._finish(slot)
        return bool(slots)

    def _finish(self, slot: int) -> None:
        self._unfinished[slot] = False
        if self._refill:
            self._begin(slot)
