"""Which seats of recorded matches imitation learns from."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from botgame.errors import UserError
from botgame.feedback import HUMAN
from botgame.game import RecordedMatch, RecordedSeat

ALL, WINNERS = "all", "winners"  # words beside names of policies
_MOST_NAMED = 20  # persons in a message


@dataclass(frozen=True)
class SeatChoice:
    """What the flags say of it.

    words: names of policies, `human`, `winners` or `all`. person: the name of the one person to learn from, as the
    replays have it, and then from nobody and nothing else; "" for none. only_with_people: leave out matches in which
    no person played and which nobody commented.
    """

    words: tuple[str, ...] = ()
    person: str = ""
    only_with_people: bool = False

    def of(self, seat: RecordedSeat, names: Iterable[str], result: float) -> tuple[bool, bool]:
        """Whether to take what the bot in a seat did, and what a person in it did.

        names: all that the seat's player is called; result: 1 where the seat won.
        """
        if self.person:
            return False, seat.person == self.person
        chosen = ALL in self.words or (WINNERS in self.words and result == 1) or bool(set(names) & set(self.words))
        return chosen, (seat.human or seat.taken_over) and (chosen or HUMAN in self.words)

    def leaves_out(self, match: RecordedMatch, *, commented: bool) -> bool:
        """Whether to leave out a whole match. commented: there is feedback about it."""
        with_people = commented or any(seat.human or seat.taken_over for seat in match.seats)
        return self.only_with_people and not with_people


@dataclass
class Played:
    """How much of one person there is."""

    matches: int = 0
    decisions: int = 0


def played_by(people: Mapping[str, Played], name: str, where: str) -> Played:
    """What there is of a person. Raises UserError (code 2), which names who is there, nearest names first.

    where: the folder, in words.
    """
    if name in people:
        return people[name]
    if not people:
        raise UserError(f"--person {name}: no person has played in {where}; play there first, with botgame play", 2)
    by_folded = {known.casefold(): known for known in people}
    near = [by_folded[found] for found in difflib.get_close_matches(name.casefold(), by_folded, 3)]
    others = sorted(set(people) - set(near), key=lambda known: -people[known].matches)
    listed = [*near, *others][:_MOST_NAMED]
    more = len(people) - len(listed)
    names = ", ".join(listed) + (f" and {more} more" if more else "")
    raise UserError(f"--person {name}: nobody of that name has played in {where}; who has: {names}", 2)
