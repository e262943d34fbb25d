"""Whom the learner meets in `alphastar_rl`: itself, its own frozen past, and scripted or other fixed policies.

A learner that only meets one bot learns that bot (it saturates without ranking agents), one that only meets itself
forgets. Opponents are drawn per match and stay for the whole match; a frozen self that is dropped from the pool is
kept until its last running match is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from botgame import rng
from botgame.errors import UserError
from botgame.game import Policy
from botgame.handicapped import HandicappedPolicy
from botgame.training.alphastar.actor.batching import LEARNER
from botgame.training.alphastar.policy import NetworkPolicy

SELF, PAST = "self", "past"
_ROYALE = 3  # purpose of random keys
_FIRST_PAST = 1000  # players below are the learner (0) and the fixed policies (1, 2, ...)
Weights = dict[str, torch.Tensor]


def parse_shares(text: str) -> dict[str, float]:
    """`self=0.3,past=0.2,lms_re=0.5` to shares that sum to 1. Raises UserError (code 2)."""
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = part.strip().rpartition("=")
        try:
            share = float(number)
        except ValueError:
            share = -1.0
        if not name or not 0 <= share < float("inf") or name in shares:
            raise UserError(
                f"--opponents {text!r}: cannot read {part.strip()!r}; expected name=share,... with shares of 0 or "
                "more, names self, past or a bot, each once",
                2,
            )
        shares[name] = share
    if not sum(shares.values()):
        raise UserError(f"--opponents {text!r}: the shares sum to 0; give at least one opponent a share", 2)
    return normalized(shares)


def normalized(shares: Mapping[str, float]) -> dict[str, float]:
    """The same shares, those of 0 left out, with a sum of 1."""
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items() if share}


class OpponentPool:
    """Draws opponents and holds frozen selves: at most `capacity` of them can be drawn.

    Within one iteration only one frozen self is drawn, so that its seats act as one batch.
    """

    def __init__(
        self,
        shares: Mapping[str, float],
        fixed: Mapping[str, Policy],
        make_policy: Callable[[Weights], Policy],
        *,
        seed: int,
        capacity: int = 8,
    ) -> None:
        """`fixed`: the policy of every name in `shares` but self and past; `make_policy`: a policy around weights."""
        self._kinds, self._shares = list(shares), list(shares.values())
        self._names = [name for name in shares if name not in (SELF, PAST)]
        self._fixed = [fixed[name] for name in self._names]
        self._make, self._seed, self._capacity = make_policy, seed, capacity
        self._weights: dict[int, Weights] = {}  # every frozen self that may still be playing, by player number
        self._policies: dict[int, Policy] = {}
        self._drawable: list[int] = []
        self._playing: dict[int, int] = {}  # seats of each frozen self in running matches
        self._elsewhere: set[int] = set()  # frozen selves that play in other processes' matches
        self._frozen = 0
        self._current = LEARNER

    def learning_seats(self, seats: int) -> float:
        """Mean number of seats that learn, of a match of so many."""
        return 1.0 + (seats - 1) * dict(zip(self._kinds, self._shares, strict=True)).get(SELF, 0.0)

    def freeze(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Add a frozen self. A full pool first drops the one whose neighbours in time are closest together."""
        number = _FIRST_PAST + self._frozen
        self._frozen += 1
        self._weights[number] = {name: tensor.detach().cpu().clone() for name, tensor in weights.items()}
        self._drawable.append(number)
        while len(self._drawable) > self._capacity:
            self._forget(self._drawable.pop(_most_crowded(self._drawable)))

    def reshare(self, shares: Mapping[str, float]) -> None:
        """Draw the opponents of matches that begin from now on by these shares of the kinds that the pool has."""
        self._shares = [shares[kind] for kind in self._kinds]

    def turn(self, iteration: int) -> None:
        """Choose the frozen self of this iteration: newer ones rather than older, by a share of half."""
        if self._drawable:
            recent, pick = (float(u) for u in _uniforms(self._seed, 2, iteration))
            count = len(self._drawable)
            newest = max(1, count // 3)
            index = count - 1 - int(pick * newest) if recent < 0.5 else int(pick * count)
            before, self._current = self._current, self._drawable[index]
            self._forget(before)

    def draw(self, episode: int) -> tuple[str, tuple[int, int]]:
        """The kind of opponent of match number `episode`, and the players of its two seats."""
        kind_u, seat_u = (float(u) for u in _uniforms(self._seed, 1, episode))
        kind = self._kind(kind_u)
        if kind == SELF or (kind == PAST and self._current == LEARNER):
            return SELF, (LEARNER, LEARNER)
        other = self._current if kind == PAST else 1 + self._names.index(kind)
        if kind == PAST:
            self._playing[other] = self._playing.get(other, 0) + 1
        return kind, (LEARNER, other) if seat_u < 0.5 else (other, LEARNER)

    def draw_royale(self, episode: int, seats: int) -> tuple[int, ...]:
        """The players of free-for-all number `episode`: the learner in one seat, in each other whom its share gives."""
        key = rng.derive(self._seed, _ROYALE, seats, episode)
        own = rng.derive(key, seats) % seats
        return tuple(LEARNER if seat == own else self._rival(rng.derive(key, seat)) for seat in range(seats))

    def _rival(self, key: int) -> int:
        kind = self._kind(float(rng.uniforms(np.array([key], np.uint64), 1)[0, 0]))
        if kind == SELF or (kind == PAST and self._current == LEARNER):
            return LEARNER
        if kind != PAST:
            return 1 + self._names.index(kind)
        self._playing[self._current] = self._playing.get(self._current, 0) + 1  # counts seats: see `ended`
        return self._current

    def kind(self, player: int) -> str:
        """Which kind of opponent a player is."""
        if player == LEARNER:
            return SELF
        return PAST if player >= _FIRST_PAST else self._names[player - 1]

    def faction(self, player: int) -> str:
        """The only faction that a player plays; "" where it may be any."""
        return str(getattr(self._fixed[player - 1], "faction", "")) if 0 < player < _FIRST_PAST else ""

    def policy(self, player: int) -> Policy:
        """The policy of a player that is not the learner."""
        if player < _FIRST_PAST:
            return self._fixed[player - 1]
        if player not in self._policies:
            self._policies[player] = self._make(self._weights[player])
        return self._policies[player]

    def may_wait(self, player: int) -> bool:
        """Whether a player's rows may wait for a fuller batch: networks are the faster the more rows they get."""
        return player >= _FIRST_PAST or isinstance(self._fixed[player - 1], NetworkPolicy | HandicappedPolicy)

    def ended(self, players: Sequence[int]) -> None:
        """A match is over: forget a frozen self that plays in no other and can no longer be drawn."""
        for number in players:
            if number < _FIRST_PAST:
                continue
            self._playing[number] -= 1
            if not self._playing[number]:
                del self._playing[number]
                self._forget(number)

    def playing(self) -> dict[int, int]:
        """Seats of each frozen self in running matches, by player number."""
        return dict(self._playing)

    def keep(self, numbers: Iterable[int]) -> None:
        """Do not forget these frozen selves for now: other processes play against them, and a commit needs them."""
        before, self._elsewhere = self._elsewhere, set(numbers)
        for number in before:
            self._forget(number)

    def snapshot(self) -> dict[str, Any]:
        """Exact state but for `playing`, tensors and numbers."""
        return {
            "weights": dict(self._weights),
            "drawable": list(self._drawable),
            "frozen": self._frozen,
            "current": self._current,
            "shares": list(self._shares),
        }

    def restore(self, snapshot: dict[str, Any], playing: Mapping[int, int], keep: Iterable[int] = ()) -> None:
        """Inverse of `snapshot`, `playing` and `keep`; leaves out frozen selves that are in none of them."""
        self._weights = {int(number): dict(weights) for number, weights in snapshot["weights"].items()}
        self._drawable = [int(number) for number in snapshot["drawable"]]
        self._playing = {int(number): int(count) for number, count in playing.items()}
        self._frozen, self._current = int(snapshot["frozen"]), int(snapshot["current"])
        self._shares = list(snapshot["shares"])
        self._policies, self._elsewhere = {}, set(keep)
        for number in list(self._weights):
            self._forget(number)

    def follow(self, snapshot: Mapping[str, Any], fetch: Callable[[int], Weights]) -> None:
        """Draw as the pool does whose `snapshot` this is, its weights aside; `fetch` gives those of a frozen self.

        Who still plays here stays.
        """
        self._drawable = [int(number) for number in snapshot["drawable"]]
        self._frozen, self._current = int(snapshot["frozen"]), int(snapshot["current"])
        self._shares = list(snapshot["shares"])
        for number in {*self._drawable, self._current} - {LEARNER, *self._weights}:
            self._weights[number] = fetch(number)
        for number in list(self._weights):
            self._forget(number)

    def _forget(self, number: int) -> None:
        needed = {*self._drawable, *self._playing, *self._elsewhere, self._current}
        if number not in needed:
            self._weights.pop(number, None)
            self._policies.pop(number, None)

    def _kind(self, u: float) -> str:
        for kind, share in zip(self._kinds, self._shares, strict=True):
            u -= share
            if u < 0:
                return kind
        return self._kinds[-1]


def _uniforms(seed: int, purpose: int, number: int) -> Any:
    """Two uniform numbers that depend on the arguments alone."""
    return rng.uniforms(np.array([rng.derive(seed, purpose, number)], np.uint64), 2)[0]


def _most_crowded(numbers: Sequence[int]) -> int:
    """Position, neither first nor last, of the number whose neighbours are closest together; the oldest of equals."""
    if len(numbers) < 3:
        return 0
    gaps = [numbers[k + 1] - numbers[k - 1] for k in range(1, len(numbers) - 1)]
    return 1 + gaps.index(min(gaps))
