"""Where a league report comes from: when and by which command it was written, the league's seed and checkpoints."""

from __future__ import annotations

import argparse
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botgame
from botgame.errors import UserError
from botgame.json_reading import parsed
from botgame.training.league.files import LeagueState

_FLAGS = ("league_state", "matches", "exploit_dir", "reports_live_dir", "output")


def provenance(options: argparse.Namespace, state: LeagueState, now: datetime) -> dict[str, Any]:
    """An entry of the summary. checkpoint: what the league started from, None where its `config.json` is missing."""
    given = {name: value for name in _FLAGS if (value := getattr(options, name)) is not None}
    flags = [word for name, value in given.items() for word in ("--" + name.replace("_", "-"), str(value))]
    folder = options.league_state.parent
    main = folder / "main.pt"
    return {
        "date": now.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "version": botgame.__version__,
        "command": shlex.join(["python", "-m", "botgame.training.report_league", *flags]),
        "seed": state.league.seed,
        "supervised_checkpoint": _started_from(folder / "config.json"),
        "checkpoint": main.as_posix() if main.is_file() else None,
    }


def sentences(made: dict[str, Any]) -> list[str]:
    """The entry in words."""
    start, main = made["supervised_checkpoint"], made["checkpoint"]
    league = f"The league: seed {made['seed']}"
    league += f", started from {start}" if start else ""
    league += f", its main agent in {main}" if main else ""
    return [f"Written {made['date']} by botgame {made['version']}: {made['command']}.", league + "."]


def _started_from(config: Path) -> str | None:
    try:
        found = parsed(config.read_text(encoding="utf-8"))["supervised_checkpoint"]
    except (OSError, ValueError, KeyError, TypeError, UserError):
        return None  # the report tells what it can
    return str(found)
