"""Streams of set-ups: which matches are played, by whom, in which seats and factions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping

from botgame import rng
from botgame.game import Game, Setup

_TURN = 0x7475726E  # purpose of the seeds of further turns


def mirrored_setups(
    game: Game,
    seed: int,
    pairs: int | None,
    players: tuple[int, ...] = (0, 1),
    *,
    duration_ticks: int | None = None,
    factions: tuple[int, ...] | None = None,
    own: Mapping[int, int] | None = None,
) -> Iterator[Setup]:
    """Each of `pairs` random seeds once per rotation of `players` over the seats (two players: seats swapped).

    With `pairs` None the stream never ends.

    Factions belong to the seats (drawn by seed unless given), so they change hands together with them and every
    player meets exactly the same situations. `tag` is the number of the seed, 0 .. pairs - 1. duration_ticks: the
    game's usual duration where it is None.

    Where seats are `apart`, each turn has a seed of its own: on one seed both would be the same match, counted twice.

    own: faction of the players that always play the same one. With such a player in a match every faction goes round
    with its player, so that both rotations of a seed are the same match-up.
    """
    own = own or {}
    duration = game.duration_ticks if duration_ticks is None else duration_ticks

    def of_pair(pair: int) -> Iterator[Setup]:
        match_seed = rng.derive(seed, pair)
        drawn = factions or drawn_factions(game, [rng.derive(match_seed, seat, 1) for seat in range(len(players))])
        theirs = tuple(own.get(player, faction) for player, faction in zip(players, drawn, strict=bool(drawn)))
        for turn in range(len(players)):
            rotated = players[turn:] + players[:turn]
            seated = theirs[turn:] + theirs[:turn] if own.keys() & set(players) else drawn
            seed_of_turn = rng.derive(match_seed, _TURN, turn) if game.apart and turn else match_seed
            yield Setup(seed_of_turn, rotated, seated, duration, tag=pair)

    return _Stream(of_pair, pairs)


class _Stream(Iterator[Setup]):
    """The set-ups of pair 0, then those of pair 1, and so on; unlike a generator it can be copied where it stands."""

    def __init__(self, of_pair: Callable[[int], Iterator[Setup]], pairs: int | None) -> None:
        self._of_pair = of_pair
        self._pairs = iter(range(sys.maxsize if pairs is None else pairs))
        self._left: list[Setup] = []  # of the running pair, the next one last

    def __next__(self) -> Setup:
        while not self._left:
            self._left = [*self._of_pair(next(self._pairs))][::-1]
        return self._left.pop()


def drawn_factions(game: Game, draws: list[int], own: list[str] | None = None) -> tuple[int, ...]:
    """The faction of each seat: its own where `own` names one, else as its random number says; () without factions."""
    if not game.factions:
        return ()
    names = own or [""] * len(draws)
    count = len(game.factions)
    return tuple(game.factions.index(name) if name else draw % count for name, draw in zip(names, draws, strict=True))
