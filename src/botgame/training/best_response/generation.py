"""One generation of a family's bots against the target: all of them in one batch of matches, on the same seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from botgame.families import members
from botgame.game import Array, Ended, Family, Game, Policy, Setup, own_factions
from botgame.match_batch import MatchBatch
from botgame.play import SeatMemory, decide
from botgame.seat_limits import limits_of
from botgame.setups import mirrored_setups
from botgame.training.evaluation import PARALLEL_MATCHES
from botgame.training.evaluation.duels import Tally, tally, usual_seats

_BOT, _TARGET = 0, 1  # players
# Ranks are all that an evolution strategy looks at. Dense rewards are there to rank bots that win equally often; with
# the weights that they have in RL, bots that lose slowly outrank bots that win now and then.
_DENSE_SHARE = 0.2


class Contest(NamedTuple):
    """Whom the bots of a family meet, and what counts there. weights: of each reward stream."""

    game: Game
    family: Family
    target: Policy
    weights: Mapping[str, float]

    @property
    def seats(self) -> int:
        """Of every match: two, or the game's usual number in a game without duels."""
        return usual_seats(self.game)

    def matches_each(self, wanted: int) -> int:
        """Matches of each bot: `wanted`, rounded up so that it has every seat of every seed."""
        return -(-wanted // self.seats) * self.seats

    def setups(self, bots: int, each: int, seed: int) -> Iterator[Setup]:
        """The matches of all bots: `each` of the first, then as many with the same seeds of the next, and so on."""
        players = (_BOT, *[_TARGET] * (self.seats - 1))
        faction = own_factions(self.game, [self.target]).get(0)
        own = {} if faction is None else {_TARGET: faction}
        for _ in range(bots):
            yield from mirrored_setups(self.game, seed, each // self.seats, players, own=own)


def usual_weights(game: Game) -> dict[str, float]:
    """The weight of each reward stream in fitness unless another is given: as in RL, but less for dense rewards."""
    known = {reward.name: game.reward_weights.get(reward.name, 1.0) for reward in game.spec.rewards}
    return {reward.name: known[reward.name] * (_DENSE_SHARE if reward.dense else 1.0) for reward in game.spec.rewards}


def play_generation(contest: Contest, numbers: Array, each: int, seed: int) -> tuple[Array, Tally]:
    """The fitness of every bot, float64 [K], and what all of them did together.

    numbers: float64 [K, D]. each: matches of every bot (`matches_each`). Fitness is the mean of a bot's rewards, summed
    with their weights.
    """
    ended = sorted(_play(contest, numbers, each, seed), key=lambda match: match.episode)
    earned = np.array([_earned(match, contest.weights) for match in ended])
    return earned.reshape(len(numbers), each).mean(axis=1), tally(contest.game, ended)


def _earned(match: Ended, weights: Mapping[str, float]) -> float:
    """The weighted rewards of the bot in a match."""
    seat = match.setup.players.index(_BOT)
    return sum(weights[name] * float(rewards[seat]) for name, rewards in match.outcome.rewards.items())


def _play(contest: Contest, numbers: Array, each: int, seed: int) -> Iterator[Ended]:
    """The matches of a generation, as they end: every bot decides in one call for all."""
    game, family, target, seats = contest.game, contest.family, contest.target, contest.seats
    slots = min(PARALLEL_MATCHES, len(numbers) * each)
    limits = [limits_of(None), limits_of(target)]
    setups = contest.setups(len(numbers), each, seed)
    batch = MatchBatch(game.simulate(slots, seats), setups, limits=limits.__getitem__)
    memory, heads = SeatMemory(slots, seats), len(game.spec.heads)
    while (step := batch.next()) is not None:
        yield from step.ended
        if len(step.slot):
            rows = numbers[step.episode[step.player == _BOT] // each]
            policies = [members("generation", family, rows), target]
            batch.act(step.due, decide(batch, step, memory, policies, heads))
