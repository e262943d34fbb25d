"""The arena as a `botgame.game.Simulation`: set-ups in, due seats and outcomes out."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from botgame.families import Member
from botgame.game import Array, Due, Observation, Outcome, Policy, SeatLimits, Setup, Snapshot
from botgame.lms.arena import Arena, Limits
from botgame.lms.bots.expert.family import SCRIPTED_FAMILY
from botgame.standings import standings_of

if TYPE_CHECKING:
    from botgame.lms.bots.expert.answering import ExpertSeats


class ArenaSimulation:
    """`slots` matches of `seats` mages under the rules of this release. `arena`: what runs them, for listeners."""

    def __init__(self, slots: int, seats: int) -> None:
        self.arena = Arena(slots, seats)
        self._opponents = seats - 1  # of each mage
        self._experts: ExpertSeats | None = None  # made, and compiled, for the first bot that is answered here

    def reset(self, slot: int, setup: Setup, limits: Sequence[SeatLimits]) -> None:
        """See `Simulation.reset`. Raises ValueError for factions, a duration or limits that make no match."""
        of_bots = [Limits.of_bots(self.arena.rules, own) for own in limits]
        self.arena.reset(slot, setup.seed, setup.factions, setup.duration_ticks, of_bots)
        if self._experts is not None:
            self._experts.release(slot)

    def can_answer(self, policy: Policy) -> bool:
        """See `AnswersBots.can_answer`: the bots of the family `scripted`."""
        return type(policy) is Member and policy.family is SCRIPTED_FAMILY  # a subclass may decide in another way

    def answer(self, slot: int, seat: int, policy: Policy, key_base: int) -> None:
        """See `AnswersBots.answer`."""
        assert isinstance(policy, Member)
        if self._experts is None:
            from botgame.lms.bots.expert.answering import ExpertSeats

            self._experts = ExpertSeats(self.arena.state, self.arena.tables)
        self._experts.hold(slot, seat, policy, key_base)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A simulation that goes on as this one would, with an arena of its own."""
        other = copy.copy(self)
        other.arena = copy.deepcopy(self.arena, memo)
        if self._experts is not None:
            other._experts = self._experts.copied(other.arena.state, other.arena.tables)
        return other

    def advance(self) -> Due:
        """See `Simulation.advance`."""
        return self.arena.advance() if self._experts is None else self.arena.run_ranges(self._experts.advance)

    def observe(self, due: Due) -> Observation:
        """See `Simulation.observe`."""
        return self.arena.observe(due)

    def rewards(self, due: Due) -> dict[str, Array]:
        """`result` is paid at the end; `damage` so far: (dealt - taken) / 100 hp for each opponent.

        So a match of many seats pays about as much for damage as for its result, as a duel does.
        """
        damage = self.arena.score(due) / np.float32(self._opponents)
        return {"result": np.zeros(len(due.slot), np.float32), "damage": damage}

    def act(self, due: Due, actions: Array) -> Array:
        """See `Simulation.act`."""
        return self.arena.act(due, actions)

    @property
    def ticks(self) -> Array:
        """Ticks of 1/30 s since each match began."""
        return np.asarray(self.arena.state.matches["tick"], np.int64)

    @property
    def done(self) -> Array:
        """See `Simulation.done`."""
        return self.arena.done

    def outcome(self, slot: int) -> Outcome:
        """`result` is the mean finishing order against the others; counted are the verbs that were carried out."""
        over = self.arena.outcome(slot)
        damage = (np.asarray(over.damage_dealt) - np.asarray(over.damage_taken)) / (100 * self._opponents)
        rewards = {"result": standings_of(over.places), "damage": damage.astype(np.float32)}
        return Outcome(over.ticks, over.places, rewards, over.casts.astype(np.int64))

    def snapshot(self) -> Snapshot:
        """See `Simulation.snapshot`."""
        return dict(self.arena.snapshot())

    def restore(self, snapshot: Snapshot) -> None:
        """See `Simulation.restore`."""
        self.arena.restore(snapshot)


class HealthLeadSimulation(ArenaSimulation):
    """The arena for beginners: `damage` is how much health a mage has more than the others in the mean, / 100 hp.

    The zone counts in it. Where it does not, a beginner soon learns to flee into the zone, where nobody damages it.
    """

    def rewards(self, due: Due) -> dict[str, Array]:
        """See `Simulation.rewards`."""
        health = self.arena.state.mages["health"][due.slot]
        return {**super().rewards(due), "damage": _leads(health)[np.arange(len(due.slot)), due.seat]}

    def outcome(self, slot: int) -> Outcome:
        """See `Simulation.outcome`."""
        over = super().outcome(slot)
        return over._replace(rewards={**over.rewards, "damage": _leads(self.arena.state.mages["health"][slot])})


def _leads(health: Array) -> Array:
    """Health float64 [..., P] minus the mean of the other seats', / 100 hp: float32 [..., P]."""
    others = (health.sum(axis=-1, keepdims=True) - health) / (health.shape[-1] - 1)
    leads: Array = ((health - others) / 100).astype(np.float32)
    return leads
