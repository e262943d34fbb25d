"""`exploit.json`: how well a best response does against a frozen target, for each search that was tried.

Written by `exploit` after every commit, read by `report_league`. Needs no torch.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from botgame.errors import UserError
from botgame.sealed_struct import read_struct, write_struct

FILE = "exploit.json"
FORMAT = "botgame-exploit-1"
DECISION_UNIT, DUEL_UNIT = "decision", "duel"  # what budgets count: a policy's search, and a family's


class Point(msgspec.Struct, frozen=True):
    """A version of the best response, when so much of the budget was spent, over held-out duels against the target.

    low, high: ends of the 95 % interval of the win rate.
    """

    iteration: int
    spent: int
    wins: int
    draws: int
    losses: int
    win_rate: float
    low: float
    high: float

    def __str__(self) -> str:
        record = f"({self.wins} won, {self.draws} drawn, {self.losses} lost)"
        return f"{self.win_rate:.1%} [{self.low:.1%}, {self.high:.1%}] {record}"


class Search(msgspec.Struct, frozen=True):
    """The search for a best response from one start, or over one family of scripted bots.

    source: where its first weights or numbers came from. unit: what the budget counts: the learner's decisions, or
    duels of a family's bots. budget: as planned. curve: periodic evaluations, all on the same seeds, from 0 on.
    final: the best of these versions on seeds of its own, so that choosing it does not flatter it; None while the
    search goes on. checkpoint: the best version's file, beside `exploit.json`.
    """

    source: str
    seed: int
    budget: int
    curve: list[Point]
    final: Point | None
    checkpoint: str
    unit: str = DECISION_UNIT


class Exploit(msgspec.Struct):
    """All searches against one target. digest: of the target's files, "" for a bot without any; rules: their digest."""

    game: str
    target: str
    digest: str
    rules: str
    searches: dict[str, Search] = {}  # by start, or by the family's name
    format: str = FORMAT

    def worst(self) -> tuple[str, Point] | None:
        """The start and the final record of the search that exploits the target most; None while none is over."""
        finals = [(start, search.final) for start, search in self.searches.items() if search.final]
        return max(finals, key=lambda one: one[1].win_rate) if finals else None

    @property
    def identity(self) -> str:
        """What makes the target the one that it is, wherever its files lie: their digest, else the bot's name."""
        return self.digest or self.target

    def same_target(self, other: Exploit) -> bool:
        """Whether both are about the same weights under the same rules."""
        return (self.game, self.identity, self.rules) == (other.game, other.identity, other.rules)


def search_name(start: str, unit: str) -> str:
    """What to call a search in texts, by the start or the family that it is listed under, and its unit."""
    return f"family {start}" if unit == DUEL_UNIT else f"{start} start"


def write_results(path: Path, results: Exploit) -> None:
    """Write atomically. Raises UserError when it cannot be written."""
    write_struct(path, results)


def read_results(path: Path) -> Exploit:
    """Inverse of `write_results`. Raises UserError for a file that is missing, damaged or something else."""
    try:
        results = read_struct(path, Exploit)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; python -m botgame.training.exploit TARGET writes it") from None
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: cannot be read as results of exploit ({error}); delete it and run exploit again"
        ) from error
    if results.format != FORMAT:
        raise UserError(f"{path}: format is {results.format!r}, expected {FORMAT!r}; run exploit again")
    return results
