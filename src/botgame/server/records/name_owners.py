"""Who owns a name: the person who first played a recorded match under it. There are no accounts.

A browser draws a secret key and keeps it. The server turns name and key into a hash; the manifest's line of a match
holds the hash of each person (`SeatRecord.name_key`), so names are kept with the records and a thief of the records
learns no key. While a person is in a room, other servers on the folder know that too (`NameClaims`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

from botgame.feedback import MatchRecord
from botgame.lms.replay.header import PERSON
from botgame.server.records.name_claims import NameClaims
from botgame.server.records.name_looks import folded, looks


def hashed(name: str, key: str) -> str:
    """The hash that shows who owns `name`, "" without a key. The same key gives another hash for another name."""
    return hashlib.sha256(f"{folded(name)}\0{key}".encode(errors="replace")).hexdigest()[:32] if key else ""


class NameOwners:
    """The hash that each name of a person belongs to. claims: what servers on the same folder have given away."""

    def __init__(self, records: Iterable[MatchRecord] = (), claims: NameClaims | None = None) -> None:
        self._owners: dict[str, str] = {}  # by look
        self._claims, self._claimed = claims, dict[str, str]()  # names of people in rooms, and their hashes
        for record in records:
            self.add(record)

    def add(self, record: MatchRecord) -> None:
        """A match was recorded: its people own their names from now on, unless others do."""
        for seat in record.seats:
            if seat.name_key and seat.policy.startswith(PERSON):
                name = seat.policy.removeprefix(PERSON)
                self._claimed.pop(name, None)
                for look in looks(name):
                    self._owners.setdefault(look, seat.name_key)

    def take(self, name: str, name_key: str) -> bool:
        """Let the person with that hash enter a room under `name`; False where the name is another person's.

        A person without a key, "", may use a name that nobody owns, and owns nothing.
        """
        mine = looks(name)
        if any(self._owners.get(look, name_key) != name_key for look in mine):
            return False
        if self._claims is None:
            return True
        if not name_key:
            return self._claims.may_use(mine, name_key)
        if not self._claims.claim(mine, name_key):
            return False
        if not self._is_recorded(name, name_key):
            self._claimed[name] = name_key
        return True

    def release(self, names: Collection[str] = ()) -> None:
        """End the claims on names that no match was recorded under; names: those of people who are still in rooms."""
        ended = [(name, self._claimed.pop(name)) for name in self._claimed.keys() - set(names)]
        claims = [(look, owner) for name, owner in ended if not self._is_recorded(name, owner) for look in looks(name)]
        if self._claims is not None and claims:
            self._claims.release(claims)

    def _is_recorded(self, name: str, name_key: str) -> bool:
        """Whether a match of the person under that name was recorded."""
        return self._owners.get(folded(name)) == name_key
