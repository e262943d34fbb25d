"""Matches in which one policy has one seat among others of a second: the seeds of every measure of strength.

Each seed is played once for every seat, with the policy in it; factions belong to the seats, so the policy meets every
situation of the seed, and neither seat nor map nor faction helps it. In a duel these are the two mirrored matches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypedDict, Unpack

from botgame.game import Ended, Game, Listener, Policy, own_factions
from botgame.play import play
from botgame.setups import mirrored_setups
from botgame.training.evaluation import PARALLEL_MATCHES


class MatchOptions(TypedDict, total=False):
    """How the matches are played.

    duration_ticks: longest duration, the game's unless given. parallel: how many run at once; results do not depend
    on it. any_faction: also a policy that was trained in one faction plays all of them.
    """

    duration_ticks: int | None
    parallel: int
    any_faction: bool


def one_among_others(
    game: Game,
    a: Policy,
    b: Policy,
    matches: int,
    seed: int,
    seats: int,
    listen: Callable[[Any], Listener] | None = None,
    **options: Unpack[MatchOptions],
) -> Iterator[Ended]:
    """Play `matches` (rounded up to a multiple of `seats`) of `a` as player 0 among `b`, on the seeds of `seed`.

    listen: as in `play`.
    """
    seeds = -(-matches // seats)
    own = {} if options.get("any_faction") else own_factions(game, [a, b])
    players = (0,) + (1,) * (seats - 1)
    setups = mirrored_setups(game, seed, seeds, players, duration_ticks=options.get("duration_ticks"), own=own)
    slots = min(options.get("parallel", PARALLEL_MATCHES), seats * seeds)
    return play(game, [a, b], setups, slots=slots, seats=seats, listen=listen)
