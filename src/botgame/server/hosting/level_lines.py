"""What the lobby shows of the levels among a server's bots."""

from __future__ import annotations

from collections.abc import Iterable

from botgame.bot_names import level_name
from botgame.levels import find_level
from botgame.lms.game import lms
from botgame.server.protocol import LevelLine


def level_lines(bots: Iterable[str]) -> tuple[LevelLine, ...]:
    """A line for each of `bots` that is a level. Raises UserError for one that does not exist."""
    game = lms()
    lines = []
    for bot in bots:
        name = level_name(bot)
        if name is not None:
            level = find_level(game, name)
            facts = level.facts(game.spec.ticks_per_second)
            lines.append(LevelLine(bot, level.level, round(level.rating), level.note, facts))
    return tuple(lines)
