"""The file of a recorded match: JSON, sealed (`botgame.seals`) and named by its content."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from botgame.files import write_atomic
from botgame.game import DemonstrationError, Game
from botgame.json_reading import decoded
from botgame.seals import opened_json, sealed_json

FORMAT = "botgame-match-1"
ENDING = ".match.json"


class Content(msgspec.Struct, frozen=True):
    """What a file holds. spec: digest of the game's. policies, places: of each seat. ticks: how long the match took.

    decisions: (tick, seat, *action), in the order in which they were made.
    """

    game: str
    spec: str
    seed: int
    factions: tuple[int, ...]
    duration_ticks: int
    policies: tuple[str, ...]
    places: tuple[int, ...]
    ticks: int
    decisions: tuple[tuple[int, ...], ...]
    format: str = FORMAT

    def fault(self, game: Game) -> str:
        """Why it is no match of `game` as that is now; "" where it is."""
        if (self.format, self.game) != (FORMAT, game.name):
            return f"{self.format} of game {self.game}, expected {FORMAT} of game {game.name}"
        if self.spec != game.spec.digest():
            return "the game has another spec now"
        sizes, seats = [head.size for head in game.spec.heads], len(self.policies)
        known = len(self.factions) == (seats if game.factions else 0)
        known = known and all(0 <= faction < len(game.factions) for faction in self.factions)
        if seats not in game.seat_numbers or len(self.places) != seats or not known:
            return "its seats are not those of the game"
        if not 0 <= self.seed < 2**64 or not min(1, game.duration_ticks) <= self.duration_ticks <= game.duration_ticks:
            return "the game has no match of such a seed and duration"
        for _, seat, *action in (row if len(row) > 1 else (0, -1) for row in self.decisions):
            fits = len(action) == len(sizes) and all(0 <= a < size for a, size in zip(action, sizes, strict=True))
            if not 0 <= seat < seats or not fits:
                return "it has a decision that the game does not know"
        return ""


def write_recording(folder: Path, content: Content) -> Path:
    """Write it into `folder`, under a name that follows from what is in it. Raises UserError."""
    text = msgspec.json.encode(content).decode()
    path = folder / f"{content.seed:016x}-{hashlib.sha256(text.encode()).hexdigest()[:8]}{ENDING}"
    write_atomic(path, sealed_json(text).encode() + b"\n")
    return path


def read_recording(path: Path, game: Game) -> Content:
    """Inverse of `write_recording`. Raises DemonstrationError for what is no match of `game` as that is now."""
    try:
        content: Content = decoded(opened_json(path.read_text(encoding="utf-8")), Content)
    except (OSError, ValueError) as error:
        raise DemonstrationError(f"{path}: not a recorded match ({error})") from error
    if fault := content.fault(game):
        raise DemonstrationError(f"{path}: {fault}; record the match again")
    return content
