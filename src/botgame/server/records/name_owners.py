"""Who owns a name: the person who first played a recorded match under it. There are no accounts.

A browser draws a secret key and keeps it. The server turns name and key into a hash; the manifest's line of a match
holds the hash of each person (`SeatRecord.name_key`), so names are kept with the records and a thief of the records
learns no key.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from botgame.feedback import MatchRecord
from botgame.lms.replay.header import PERSON

_LATIN_LIKE = str.maketrans("авеіјкмнорстухѕԁԛԝһαεικνορτυχ", "abeijkmhopctyxsdqwhaeikvoptux")
"""Cyrillic and Greek small letters that look like Latin ones, they or their capitals."""
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters that Unicode calls printable although they show nothing."""


def folded(name: str) -> str:
    """The name without differences that are hard to see: two people may not have names that are equal then."""
    return unicodedata.normalize("NFKC", name).casefold().translate(_LATIN_LIKE)


def printable(name: str) -> str:
    """The name without letters that show nothing, and with single spaces between its words."""
    seen = "".join(letter if letter.isprintable() else " " for letter in _UNSEEN.sub("", name))
    return " ".join(seen.split())


def hashed(name: str, key: str) -> str:
    """The hash that shows who owns `name`, "" without a key. The same key gives another hash for another name."""
    return hashlib.sha256(f"{folded(name)}\0{key}".encode(errors="replace")).hexdigest()[:32] if key else ""


class NameOwners:
    """The hash that each name of a person belongs to."""

    def __init__(self, records: Iterable[MatchRecord] = ()) -> None:
        self._owners: dict[str, str] = {}
        for record in records:
            self.add(record)

    def add(self, record: MatchRecord) -> None:
        """A match was recorded: its people own their names from now on, unless others do."""
        for seat in record.seats:
            if seat.name_key and seat.policy.startswith(PERSON):
                self._owners.setdefault(folded(seat.policy.removeprefix(PERSON)), seat.name_key)

    def may_use(self, name: str, name_key: str) -> bool:
        """Whether nobody else owns `name`; `name_key`: the hash of the person who asks."""
        return self._owners.get(folded(name), name_key) == name_key
