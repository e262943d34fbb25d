"""Levels: weaker and stronger opponents made of one trained bot, with measured ratings.

Level k of a bot is that bot under a handicap (`botgame.game.Handicap`), and `BOT@level-k` is its name, as in
`pi.pt@level-4`. `level-4` is a level of the first trained bot that comes with the game. Handicaps and ratings are in a
JSON file beside the bot's own, `pi.levels.json`, which `botgame levels` measures and writes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from botgame.bot_names import LevelName
from botgame.errors import UserError
from botgame.sealed_struct import read_struct, write_struct
from botgame.trained_bots import checkpoint_path

if TYPE_CHECKING:
    from botgame.game import Game, Handicap

FORMAT = "botgame-levels-1"
SUFFIX = ".levels.json"
_DIGITS = 16  # of a digest

Points = Annotated[float, Meta(ge=-10_000, le=10_000)]


class Level(Struct, frozen=True, forbid_unknown_fields=True):
    """One level: its handicap, and its rating with a 95 % interval; 400 points are odds of 10 to 1."""

    level: Annotated[int, Meta(ge=1)]
    rating: Points
    low: Points
    high: Points
    note: Annotated[str, Meta(max_length=200)] = ""
    temperature: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    chance: Annotated[float, Meta(ge=0, le=1)] = 0.0
    action_cap: Annotated[int, Meta(ge=0, le=1000)] = 0
    reaction_ticks: Annotated[int, Meta(ge=0, le=1000)] = 0

    @property
    def handicap(self) -> Handicap:
        """The handicap as `botgame.game` has it."""
        from botgame.game import Handicap  # brings NumPy, which --help does without

        return Handicap(self.note, self.temperature, self.chance, self.action_cap, self.reaction_ticks)

    def facts(self, ticks_per_second: float) -> str:
        """The handicap in words, as `reacts in 0.3 s, 20 % of its decisions at random`; "as trained" without one."""
        facts = []
        if self.reaction_ticks:
            facts.append(f"reacts in {self.reaction_ticks / ticks_per_second:.2g} s")
        if self.action_cap:
            facts.append(f"a cap of {self.action_cap} on its actions")
        if self.chance:
            facts.append(f"{self.chance:.0%} of its decisions at random")
        if self.temperature:
            facts.append(f"temperature {self.temperature:g}")
        return ", ".join(facts) or "as trained"


class Levels(Struct, frozen=True, forbid_unknown_fields=True):
    """The levels of a bot, the weakest first, and how they were measured.

    digest: of the bot's file. rules: digest of the game's rules. yardstick: the bot whose rating is 0. matches: played
    by each pair, on the seeds of `seed`.
    """

    game: str
    bot: str
    digest: str
    rules: str
    yardstick: str
    matches: int
    seed: int
    levels: list[Level]
    format: str = FORMAT


def levels_path(model: Path) -> Path:
    """The file with the levels of the bot in `model`."""
    return model.with_name(model.stem + SUFFIX)


def own_names(game: Game) -> tuple[str, ...]:
    """The levels that come with the game, by name; () where it has none."""
    bot = next(iter(game.checkpoints.values()), None)
    path = None if bot is None else levels_path(bot)
    return tuple(f"level-{level.level}" for level in read_levels(path).levels) if path and path.is_file() else ()


def bot_of(game: Game, name: LevelName) -> str:
    """The bot that the level is of. Raises UserError where the game has none of its own."""
    if not name.bot and not game.checkpoints:
        raise UserError(f"level-{name.level}: game {game.name} comes with no levels; name a bot, as pi.pt@level-4")
    return name.bot or next(iter(game.checkpoints))


def find_level(game: Game, name: LevelName) -> Level:
    """The level of that name. Raises UserError in one line."""
    bot = bot_of(game, name)
    if bot in game.bots:
        raise UserError(f"{bot} has no levels: it is no trained bot; name a checkpoint, as pi.pt@level-4", 2)
    model = checkpoint_path(game, bot)
    if not model.is_file():
        raise UserError(f"there is no {bot} to be weaker than: expected a .pt or .onnx file, as pi.pt@level-4", 2)
    path = levels_path(model)
    levels = read_levels(path)
    if levels.game != game.name:
        raise UserError(f"{path}: levels of game {levels.game!r}, this is game {game.name!r}")
    if digest_of(model) != levels.digest:
        raise UserError(f"{path} is of other weights than those in {model}; measure: python -m botgame levels {bot}")
    found = next((level for level in levels.levels if level.level == name.level), None)
    if found is None:
        known = ", ".join(str(level.level) for level in levels.levels)
        raise UserError(f"{path} has no level {name.level}; choose one of {known}", 2)
    return found


def digest_of(path: Path) -> str:
    """16 hex digits that change with a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS]


def write_levels(path: Path, levels: Levels) -> None:
    """Write atomically. Raises UserError."""
    write_struct(path, levels)


def read_levels(path: Path) -> Levels:
    """Inverse of `write_levels`. Raises UserError for a file that is missing, damaged or something else."""
    try:
        levels = read_struct(path, Levels)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; python -m botgame levels BOT measures levels and writes it") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as levels ({error}); run botgame levels again") from error
    if levels.format != FORMAT or not levels.levels:
        raise UserError(f"{path}: not a file of levels: its format is {levels.format!r}; run botgame levels again")
    return levels
