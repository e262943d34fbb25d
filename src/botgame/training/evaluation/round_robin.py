"""Everybody against everybody in one batch of mirrored matches: ratings with one of the players at 0."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from botgame.game import Game, Policy, Setup, own_factions
from botgame.play import play
from botgame.ratings import Pairs, Ratings, add_pairs, bradley_terry, pairs_by_seed, ranking
from botgame.setups import mirrored_setups
from botgame.training.evaluation import PARALLEL_MATCHES
from botgame.training.evaluation.duels import DUEL, usual_seats


def matches_in_all(game: Game, players: int, matches: int) -> int:
    """How many matches a round-robin of so many players has, with `matches` a pair, rounded up as below."""
    seats = usual_seats(game)
    return players * (players - 1) // 2 * -(-matches // seats) * seats


def rate(
    game: Game,
    policies: Sequence[Policy],
    anchor: int,
    matches: int,
    seed: int,
    on_match: Callable[[], object] = lambda: None,
) -> Ratings:
    """Ratings of `policies`, that of number `anchor` is 0, from `matches` of each pair (a multiple of the seats).

    Every pair plays the seeds that `seed` gives, as `mirrored_results` does. `on_match` is called after each match.
    """
    points, seats, crowds = np.zeros((len(policies), len(policies))), usual_seats(game), list[tuple[int, Pairs]]()
    setups = _setups(game, policies, -(-matches // seats), seed)
    slots = min(PARALLEL_MATCHES, matches_in_all(game, len(policies), matches))
    for match in play(game, policies, setups, slots=slots, seats=seats):
        pairs = ranking(match.setup.players, match.outcome.places.tolist())
        add_pairs(points, pairs)
        crowds += [(match.setup.seed, pairs)] if seats > DUEL else []
        on_match()
    return bradley_terry(points, anchor, clusters=pairs_by_seed(crowds))


def _setups(game: Game, policies: Sequence[Policy], seeds: int, seed: int) -> Iterator[Setup]:
    """The matches of every pair."""
    own = own_factions(game, policies)
    for a, b in itertools.combinations(range(len(policies)), 2):
        yield from mirrored_setups(game, seed, seeds, (a,) + (b,) * (usual_seats(game) - 1), own=own)
