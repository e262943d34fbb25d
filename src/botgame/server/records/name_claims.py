"""Names that servers on one folder have given away: a second server knows at once what the first one did.

`names.sqlite` holds them. A name is claimed when its person enters a room, before anything is recorded; the claim ends
with the room unless a match was recorded. What a killed server has claimed stays with the person who claimed it.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path

FILE = "names.sqlite"
_WAIT = 1.0  # seconds for another server that is just writing
_TABLE = "CREATE TABLE IF NOT EXISTS claims (look TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID"
_LOG = logging.getLogger(__name__)


class NameClaims:
    """The claims of all servers on `folder`. A folder that cannot be used is logged, and nobody is refused then."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def may_use(self, looks: Collection[str], owner: str) -> bool:
        """Whether nobody but `owner` has claimed one of these looks."""
        try:
            with self._open() as database:
                return _owners(database, looks) <= {owner}
        except (sqlite3.Error, OSError) as error:
            return self._fail(error)

    def claim(self, looks: Collection[str], owner: str) -> bool:
        """Claim all of these looks for `owner`; False, and nothing is claimed, where one is another person's."""
        try:
            with self._open() as database:
                database.execute("BEGIN IMMEDIATE")  # reading and writing are one step for other servers
                if not _owners(database, looks) <= {owner}:
                    return False
                rows = [(look, owner) for look in looks]
                database.executemany("INSERT OR IGNORE INTO claims VALUES (?, ?)", rows)
                database.commit()
                return True
        except (sqlite3.Error, OSError) as error:
            return self._fail(error)

    def release(self, claims: Collection[tuple[str, str]]) -> None:
        """End claims: (look, owner) of each. All in one step, because each step writes to the disk."""
        try:
            with self._open() as database:
                database.executemany("DELETE FROM claims WHERE look = ? AND owner = ?", claims)
                database.commit()
        except (sqlite3.Error, OSError) as error:
            self._fail(error)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The database for a moment: Windows deletes no folder with an open file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(self._path, timeout=_WAIT)) as database:
            database.execute("PRAGMA synchronous = OFF")  # a claim outlives its process, not a power cut
            database.execute(_TABLE)
            yield database

    def _fail(self, error: Exception) -> bool:
        _LOG.warning(
            "%s cannot be used (%s): other servers do not learn which names this one gives away", self._path, error
        )
        return True


def _owners(database: sqlite3.Connection, looks: Collection[str]) -> set[str]:
    """Who has claimed one of these looks."""
    marks = ", ".join("?" * len(looks))
    return {owner for (owner,) in database.execute(f"SELECT owner FROM claims WHERE look IN ({marks})", [*looks])}  # noqa: S608
