"""Evaluation matches of a league: mirrored, on seeds that training never uses, and outside the payoff.

Each round every main agent meets the anchor bot and a bounded choice of its own past selves (forgetting shows there);
after the last round a choice of all players meets each other, so that the report's table of pairs is filled. In a game
without duels one player has a seat among others of its rival, and wins when it finishes above more of them than below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from botgame.game import Ended, Game, Policy, Setup, own_factions
from botgame.play import play
from botgame.setups import mirrored_setups
from botgame.standings import standings_of
from botgame.training.alphastar.league.league import League
from botgame.training.evaluation import PARALLEL_MATCHES
from botgame.training.evaluation.duels import usual_seats
from botgame.training.evaluation.held_out import held_out_key


def against_each(
    game: Game,
    policy: Policy,
    rivals: Mapping[str, Policy],
    matches: Mapping[str, int],
    *,
    seed: int,
    duration_ticks: int,
) -> dict[str, list[Ended]]:
    """`matches[name]` mirrored duels of `policy` (player 0) against each rival, all in one batch."""
    names = list(rivals)
    pairings = [(0, number) for number in range(1, len(names) + 1)]
    games = [matches[name] for name in names]
    players = [policy, *rivals.values()]
    ended = _play(game, players, pairings, games, held_out_key(seed), duration_ticks)
    out: dict[str, list[Ended]] = {name: [] for name in names}
    for match in ended:
        out[names[max(match.setup.players) - 1]].append(match)
    return out


def cross_play(
    game: Game, policies: Mapping[str, Policy], matches: int, *, seed: int, duration_ticks: int
) -> Iterator[tuple[str, str, Ended]]:
    """Each pair of players in `matches` mirrored duels; yields home, away and the match."""
    names = list(policies)
    pairings = list(combinations(range(len(names)), 2))
    games = [matches] * len(pairings)
    for match in _play(game, list(policies.values()), pairings, games, held_out_key(seed), duration_ticks):
        first, second = sorted(set(match.setup.players))
        yield names[first], names[second], match


def result_for(match: Ended, player: int) -> int:
    """+1, 0 or -1 for the one seat of `player`: above more of the others than below, as many, or fewer."""
    seat = match.setup.players.index(player)
    return int(np.sign(standings_of(match.outcome.places)[seat]))


def chosen_past(league: League, name: str, most: int) -> list[str]:
    """At most `most` past selves, spread evenly from the oldest to the newest that differs from the player now."""
    return _spread([past for past in league.past_selves(name) if past != _same_as(league, name)], most)


def chosen_population(league: League, anchor: str, most: int) -> list[str]:
    """At most `most` players for the cross-play: the anchor, the learning ones, and frozen ones of all roles.

    The anchor and the learning ones are in it whatever `most` is; a copy that a main agent still equals is not.
    """
    must, same = [anchor, *league.learners], {_same_as(league, name) for name in league.mains}
    frozen = [player.name for player in league.frozen if player.parent and player.name not in same]
    return [*must, *_spread(frozen, max(0, most - len(must)))]


def _same_as(league: League, name: str) -> str | None:
    """The frozen copy that main agent `name` has not learned beyond."""
    learner = league.learners[name]
    return league.past_selves(name)[-1] if learner.steps == learner.mark and learner.steps > 0 else None


def _spread(names: Sequence[str], most: int) -> list[str]:
    if len(names) <= most:
        return list(names)
    places = np.unique(np.linspace(0, len(names) - 1, most).round().astype(int)).tolist()
    return [names[place] for place in places]


def _play(
    game: Game,
    policies: Sequence[Policy],
    pairings: Sequence[tuple[int, int]],
    matches: Sequence[int],
    key: int,
    duration_ticks: int,
) -> list[Ended]:
    """All pairings on the same seeds in one batch, in the order of set-ups, whichever ended first.

    The first of a pair has one seat, the second all others: one in a game that has duels.
    """
    own, seats = own_factions(game, policies), usual_seats(game)
    setups: list[Setup] = []
    for (first, second), count in zip(pairings, matches, strict=True):
        players = (first, *(second,) * (seats - 1))
        setups += mirrored_setups(game, key, -(-count // seats), players, duration_ticks=duration_ticks, own=own)
    if not setups:
        return []
    ended = play(game, policies, iter(setups), slots=min(PARALLEL_MATCHES, len(setups)), seats=seats)
    return sorted(ended, key=lambda match: match.episode)
