"""A batch of copies of somebody else's environment as a `botgame.game.Simulation`.

An adapter writes a `Copy`: one match, driven by the seats' decisions. `Copies` runs B of them and saves each as its
seed and the decisions made so far, from which the match is played again; so a copy must repeat itself exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from botgame.action_check import ActionCheck
from botgame.errors import UserError
from botgame.game import Array, Due, Observation, Outcome, SeatLimits, Setup, Snapshot
from botgame.spec import Array as Layout
from botgame.spec import Spec
from botgame.standings import standings_of

RETURN = "return"
RESULT = "result"


class Copy(Protocol):
    """One match of P seats. Everything random in it follows from the seed."""

    def reset(self, seed: int) -> None:
        """Begin a match; seed: 0 to 2^64 - 1."""

    @property
    def waiting(self) -> Sequence[int]:
        """The seats without whose decisions the match stands still, ascending; () once it is over."""

    @property
    def out(self) -> Sequence[int]:
        """The seats that will never be waiting again, ascending; a copy that cannot tell says () until the end."""

    def observe(self, seat: int, into: Observation) -> None:
        """Write what a waiting seat sees into one row of each array; they hold zeros, and all is legal."""

    def act(self, actions: Mapping[int, Array]) -> None:
        """Go on with the decision int64 [H] of every waiting seat."""

    @property
    def returns(self) -> Array:
        """What each seat has earned so far, float32 [P]."""


@dataclass
class _Slot:
    """The match of one slot. answers: decisions of waiting seats; history: (seat, *decision) of all, in order."""

    copy: Copy
    seed: int = 0
    started: bool = False
    ticks: int = 0
    answers: dict[int, Array] = field(default_factory=dict)
    history: list[tuple[int, ...]] = field(default_factory=list)

    def begin(self, seed: int) -> None:
        self.seed, self.started, self.ticks = seed, True, 0
        self.answers, self.history = {}, []
        self.copy.reset(seed)

    def answer(self, seat: int, action: Array) -> None:
        """Take a seat's decision; the match goes on once every waiting seat has made its own."""
        self.history.append((seat, *action.tolist()))
        self.answers[seat] = action
        if len(self.answers) == len(self.copy.waiting):
            answers, self.answers = self.answers, {}
            self.copy.act(answers)
            self.ticks += 1

    @property
    def due(self) -> list[int]:
        return [seat for seat in self.copy.waiting if seat not in self.answers] if self.started else []


class Copies:
    """See `botgame.game.Simulation`. A tick is one decision of every waiting seat.

    Of the spec's rewards `return` is what a seat has earned, `result` the mean finishing order against the others, paid
    at the end like every reward that is not dense. extra: arrays of an observation beside the spec's, for the game's
    own bots, by name. unsaved: why matches cannot be saved, "" if they can. guard: entered around every batch of calls
    in which environments run.
    """

    def __init__(
        self,
        spec: Spec,
        make: Callable[[], Copy],
        slots: int,
        *,
        extra: Mapping[str, Layout] | None = None,
        unsaved: str = "",
        guard: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._spec, self._make, self._extra, self._unsaved = spec, make, dict(extra or {}), unsaved
        self._guard = guard
        self._check = ActionCheck(spec.heads)
        self._slots = [_Slot(make()) for _ in range(slots)]

    def reset(self, slot: int, setup: Setup, limits: Sequence[SeatLimits]) -> None:
        """See `Simulation.reset`."""
        assert not any(map(any, limits))
        self._slots[slot].begin(setup.seed)

    def advance(self) -> Due:
        """See `Simulation.advance`; matches go on as they are answered, so there is nothing left to run."""
        rows = [(number, seat) for number, slot in enumerate(self._slots) for seat in slot.due]
        columns = np.array(rows, np.int32).reshape(-1, 2)
        return Due(columns[:, 0], columns[:, 1])

    def observe(self, due: Due) -> Observation:
        """See `Simulation.observe`."""
        seen = self._blank(len(due.slot))
        for row, (slot, seat) in enumerate(zip(due.slot.tolist(), due.seat.tolist(), strict=True)):
            self._slots[slot].copy.observe(seat, {name: array[row] for name, array in seen.items()})
        return seen

    def rewards(self, due: Due) -> dict[str, Array]:
        """See `Simulation.rewards`."""
        earned = {reward.name: np.zeros(len(due.slot), np.float32) for reward in self._spec.rewards}
        for reward in self._spec.rewards:
            if reward.dense:
                for row, (slot, seat) in enumerate(zip(due.slot.tolist(), due.seat.tolist(), strict=True)):
                    earned[reward.name][row] = self._slots[slot].copy.returns[seat]
        return earned

    def act(self, due: Due, actions: Array) -> Array:
        """See `Simulation.act`. Raises UserError for a category that a head does not have."""
        actions = self._check.checked(actions, len(due.slot))
        with self._guard():
            for slot, seat, action in zip(due.slot.tolist(), due.seat.tolist(), actions, strict=True):
                self._slots[slot].answer(seat, action.copy())
        return actions

    @property
    def ticks(self) -> Array:
        """See `Simulation.ticks`."""
        return np.array([slot.ticks for slot in self._slots], np.int64)

    @property
    def done(self) -> Array:
        """See `Simulation.done`."""
        return np.array([not slot.started or not slot.copy.waiting for slot in self._slots], np.bool_)

    def outcome(self, slot: int) -> Outcome:
        """See `Simulation.outcome`: who earned more finished before who earned less."""
        over = self._slots[slot]
        returns = over.copy.returns
        places, counts = places_of(returns), np.zeros((len(returns), 0), np.int64)
        known = {RETURN: returns, RESULT: standings_of(places)}
        rewards = {reward.name: known[reward.name] for reward in self._spec.rewards}
        return Outcome(over.ticks, places, rewards, counts)

    @property
    def out(self) -> Array:
        """The seats that will never be due again, bool [B, P]."""
        out = np.zeros((len(self._slots), len(self._slots[0].copy.returns)), np.bool_)
        for number, slot in enumerate(self._slots):
            if slot.started:
                out[number, list(slot.copy.out)] = True
        return out

    def __deepcopy__(self, _memo: dict[int, Any]) -> Copies:
        """Played again: nobody knows what an environment is tied to. Raises UserError where it cannot be saved."""
        settings: dict[str, Any] = {"extra": self._extra, "unsaved": self._unsaved, "guard": self._guard}
        other = Copies(self._spec, self._make, len(self._slots), **settings)
        other.restore(self.snapshot())
        return other

    def snapshot(self) -> Snapshot:
        """See `Simulation.snapshot`: seeds and decisions."""
        if self._unsaved:
            raise UserError(self._unsaved)
        return {
            "seeds": [slot.seed for slot in self._slots],
            "started": [slot.started for slot in self._slots],
            "histories": [self._rows(slot.history) for slot in self._slots],
        }

    def restore(self, snapshot: Snapshot) -> None:
        """See `Simulation.restore`: every match is played again."""
        if len(snapshot["seeds"]) != len(self._slots):
            raise ValueError(f"{len(snapshot['seeds'])} slots")
        for number, slot in enumerate(self._slots):
            slot.started = False
            if snapshot["started"][number]:
                slot.begin(int(snapshot["seeds"][number]))
                self._replay(slot, np.asarray(snapshot["histories"][number]))

    def _replay(self, slot: _Slot, history: Array) -> None:
        if history.shape[1] != 1 + len(self._spec.heads):
            raise ValueError("decisions have another number of heads")
        for seat, *action in history.tolist():
            if seat not in slot.due:
                raise ValueError("a match does not repeat itself")
            slot.answer(seat, np.array(action, np.int64))

    def _rows(self, history: list[tuple[int, ...]]) -> Array:
        return np.array(history, np.int64).reshape(-1, 1 + len(self._spec.heads))

    def _blank(self, rows: int) -> Observation:
        extra = {name: np.zeros((rows, *layout.shape), layout.dtype) for name, layout in self._extra.items()}
        blank = {**self._spec.zeros(rows), **extra}
        blank["legal"][:] = True
        return blank


def places_of(returns: Array) -> Array:
    """Finishing places int32 [P] of returns [P]: the highest is first, equal ones share a place."""
    above: Array = (returns[None, :] > returns[:, None]).sum(1)
    return (1 + above).astype(np.int32)
