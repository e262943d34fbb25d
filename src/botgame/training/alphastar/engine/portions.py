"""How the work of a learning player is dealt to processes: matches, sequences and places in the replay buffer.

Every process gets as many matches as any other, give or take one, and so much of the rest as its matches bring in.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple


class Place(NamedTuple):
    """Which process of a run this is: number `rank` of `size`; number 0 is the parent of the others.

    acts: False for a process that learns alone, from what `size` other processes collect.
    """

    rank: int = 0
    size: int = 1
    acts: bool = True


class Portion(NamedTuple):
    """What lies between `begin` and `end`, as shares of the whole; the portions of all processes are the whole."""

    begin: float = 0.0
    end: float = 1.0

    def of(self, amount: int) -> int:
        """How many of `amount` things fall into it."""
        return round(amount * self.end) - round(amount * self.begin)


class Table(NamedTuple):
    """Matches of one kind: seats of each, how many run at once, and their share of the learner's sequences.

    first, step: their numbers in the stream of all such matches are first, first + step, first + 2 step, ...
    """

    seats: int
    slots: int
    share: float
    first: int = 0
    step: int = 1


class Hand(NamedTuple):
    """What one process gets: tables whose shares sum to 1, and its portion of the whole."""

    tables: list[Table]
    portion: Portion


def deal(tables: Sequence[Table], size: int) -> list[Hand]:
    """The hands of `size` processes; at most as many as there are slots, so that each has one.

    The slots of all tables go round: process k gets slots k, k + size, ... A table with fewer slots than processes is
    with some of them only.
    """
    if size == 1:
        return [Hand(list(tables), Portion())]
    hands: list[list[Table]] = [[] for _ in range(size)]
    place = 0
    for table in tables:
        turns = [(place + slot) % size for slot in range(table.slots)]
        ranks = list(dict.fromkeys(turns))
        for first, rank in enumerate(ranks):
            slots = turns.count(rank)
            share = table.share * slots / table.slots
            hands[rank].append(Table(table.seats, slots, share, first, len(ranks)))
        place += table.slots
    return [_normalized(hand, portion) for hand, portion in zip(hands, _portions(hands), strict=True)]


def hand_of(tables: Sequence[Table], place: Place) -> Hand:
    """The hand of one process. One that does not act has the whole replay buffer, and one match of each kind."""
    if not place.acts:
        return Hand([table._replace(slots=1) for table in tables], Portion())
    return deal(tables, place.size)[place.rank]


def _portions(hands: Sequence[Sequence[Table]]) -> list[Portion]:
    ends = list(accumulate(sum(table.share for table in hand) for hand in hands))
    edges = [0.0, *(end / ends[-1] for end in ends)]
    return [Portion(begin, end) for begin, end in pairwise(edges)]


def _normalized(tables: Sequence[Table], portion: Portion) -> Hand:
    total = sum(table.share for table in tables)
    return Hand([table._replace(share=table.share / total) for table in tables], portion)
