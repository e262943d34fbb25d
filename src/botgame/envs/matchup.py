"""Who plays: the learner's players, the bots against them, and what a learner's program may choose beside that."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Unpack, cast

import numpy as np

from botgame.envs.casting import Casting, drawable_bots
from botgame.envs.number_checks import is_whole
from botgame.envs.options import Options, check_options, takes_options
from botgame.errors import UserError
from botgame.game import (
    USUAL_LIMITS,
    Array,
    Decide,
    Game,
    Policy,
    ScriptedPolicy,
    SeatLimits,
    Setup,
    Simulation,
    own_factions,
)
from botgame.policies import load_policy
from botgame.rng import derive, mix, uniforms
from botgame.seat_limits import possible_limits
from botgame.setups import mirrored_setups
from botgame.wording import counted

Opponent = str | Policy | Decide | Mapping[str, float]
LEARNER = "learner"
"""The name of the learner's players in recordings."""
_MATCHES = 0x656E7673  # purpose of the matches' random key: a learner's are not those that `evaluate` measures it on
_DRAWS = np.uint64(0x6C6164646572)  # purpose of the keys that draw a bot, so that they are not those that it acts by


@dataclass(frozen=True)
class Matchup:
    """A kind of match. Players 0 .. learners - 1 are the learner's; bots are the others.

    policies: the bots, each once; cast: for each player after the learner's, the numbers of its policies. The rest as
    in `Options`. Raises UserError (code 2) for a number of seats that the game does not have.
    """

    game: Game
    policies: tuple[Policy, ...] = ()
    cast: tuple[Casting, ...] = ()
    learners: int = 1
    faction: str = ""
    duration_ticks: int | None = None
    reward_weights: Mapping[str, float] = field(default_factory=dict)
    record_to: Path | None = None
    scratch: bool = False

    def __post_init__(self) -> None:
        """Refuse a number of seats that the game does not have."""
        _check_seats(self.game, self.seats)

    def __deepcopy__(self, memo: dict[int, Any]) -> Matchup:
        """The same with copies of the bots. Raises UserError (code 2) for a bot that cannot be copied."""
        return replace(self, policies=tuple(_copy_of(policy, memo) for policy in self.policies))

    @property
    def seats(self) -> int:
        """Seats of a match."""
        return self.learners + len(self.cast)

    @property
    def limits(self) -> tuple[SeatLimits, ...]:
        """The limits of each player, as `Simulation.reset` takes them."""
        return (USUAL_LIMITS,) * self.learners + tuple(
            possible_limits(self.game, self.policies[each.bots[0]]) for each in self.cast
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names in recordings: of the learner's players, then of each policy."""
        return (LEARNER,) * self.learners + tuple(policy.name for policy in self.policies)

    def draw(self, players: Sequence[int], keys: Array) -> list[int]:
        """The number of the policy in each seat of a match, -1: the learner. keys: uint64 [P], of each seat."""
        first = self.learners
        if all(len(each.bots) == 1 for each in self.cast):
            return [-1 if player < first else self.cast[player - first].bots[0] for player in players]
        with np.errstate(over="ignore"):
            draws = uniforms(mix(keys, _DRAWS), 1)[:, 0].tolist()
        drawn = zip(players, draws, strict=True)
        return [-1 if player < first else self.cast[player - first].drawn(number) for player, number in drawn]

    @property
    def weights(self) -> dict[str, float]:
        """What 1 of each reward stream is worth."""
        scratch = self.game.scratch.reward_weights if self.scratch else {}
        own = {**self.game.reward_weights, **scratch, **self.reward_weights}
        return {reward.name: own.get(reward.name, 1.0) for reward in self.game.spec.rewards}

    def simulate(self, slots: int) -> Simulation:
        """So many slots for such matches."""
        make = (self.game.scratch.simulate if self.scratch else None) or self.game.simulate
        return make(slots, self.seats)

    def setups(self, seed: int) -> Iterator[Setup]:
        """Endless mirrored set-ups: every random seed is played once with each rotation of the players."""
        bound = own_factions(self.game, self.policies)
        bots = enumerate((each.bots[0] for each in self.cast), start=self.learners)
        own = {player: bound[number] for player, number in bots if number in bound}
        if self.faction:
            own |= dict.fromkeys(range(self.learners), self.game.factions.index(self.faction))
        players = tuple(range(self.seats))
        key = derive(seed, _MATCHES)
        return mirrored_setups(self.game, key, None, players, duration_ticks=self.duration_ticks, own=own)


@takes_options("matchup")
def matchup(game: Game, opponents: Opponent | Sequence[Opponent], seats: int, **options: Unpack[Options]) -> Matchup:
    """One player of the learner against bots in the other seats, `opponents` in turn.

    An opponent is the name of a bot (`botgame.policies`), a `botgame.game.Policy`, a function of (observation, memory,
    keys) that returns actions int64 [n, H], or the shares of several bots by name, of which one plays each match.
    Raises UserError (code 2) for what is none of these, and for more opponents than the learner leaves seats.
    """
    listed: list[Opponent] = [*opponents] if isinstance(opponents, list | tuple) else [cast(Opponent, opponents)]
    _check_seats(game, seats)
    if not listed:
        raise UserError("there is no opponent: expected the name of a bot, a policy, a function or shares", 2)
    if len(listed) > seats - 1:
        raise UserError(f"{counted(len(listed), 'opponent')} for {counted(seats - 1, 'seat')}: leave some out", 2)
    policies, castings = list[Policy](), list[Casting]()
    for opponent in listed:
        bots, shares = _bots_of(game, opponent)
        castings.append(Casting(tuple(range(len(policies), len(policies) + len(bots))), shares))
        policies += bots
    players = tuple(castings[seat % len(castings)] for seat in range(seats - 1))
    return Matchup(game, tuple(policies), players, **_fields(game, options))


def learners_only(game: Game, seats: int, **options: Unpack[Options]) -> Matchup:
    """The learner moves every player."""
    _check_seats(game, seats)
    return Matchup(game, learners=seats, **_fields(game, options))


def _fields(game: Game, options: Options) -> dict[str, Any]:
    """The options as the fields of a `Matchup`. Raises UserError."""
    check_options(game, options)
    folder = options.get("record_to")
    return {**options, "record_to": None if folder is None else Path(folder)}


def _bots_of(game: Game, opponent: Opponent) -> tuple[list[Policy], tuple[float, ...]]:
    """The bots that `opponent` may be, and their shares."""
    if isinstance(opponent, Mapping):
        return drawable_bots(game, opponent), tuple(map(float, opponent.values()))
    return [_policy_of(game, opponent)], (1.0,)


def _policy_of(game: Game, opponent: Opponent) -> Policy:
    """The bot that `opponent` names, is, or decides for. Raises UserError for a bad name or another type."""
    if isinstance(opponent, str):
        return load_policy(game, opponent)
    if isinstance(opponent, type):
        raise UserError(f"opponent {opponent.__name__}: it is a class, expected a policy that was made of it", 2)
    if isinstance(opponent, Policy):
        return opponent
    if callable(opponent):
        return ScriptedPolicy(getattr(opponent, "__name__", "opponent"), opponent)
    raise UserError(f"opponent {opponent!r}: expected the name of a bot, a policy, a function or shares", 2)


def _copy_of(policy: Policy, memo: dict[int, Any]) -> Policy:
    try:
        return copy.deepcopy(policy, memo)
    except Exception as error:  # whatever a user's own bot is made of
        raise UserError(
            f"opponent {policy.name}: cannot be copied ({error}), so its environment cannot be either; "
            "give it a __deepcopy__, or make another environment",
            2,
        ) from error


def _check_seats(game: Game, seats: int) -> None:
    if not isinstance(game, Game):
        raise UserError(f"game {game!r}: expected a botgame.game.Game; botgame.games.load_game makes one of a name", 2)
    if not is_whole(seats) or seats not in game.seat_numbers:
        raise UserError(f"{seats!r} seats: game {game.name} has {_range(game.seat_numbers)}", 2)


def _range(numbers: Sequence[int]) -> str:
    return f"{min(numbers)} to {max(numbers)}" if len(numbers) > 1 else str(numbers[0])
