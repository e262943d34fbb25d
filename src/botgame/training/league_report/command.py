"""From the files of a league to `summary.json`, `summary.html` and a table."""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botgame.errors import UserError
from botgame.feedback import rated_matches, read_manifests
from botgame.files import write_atomic
from botgame.outputs import check_own, check_result, file_with, json_of
from botgame.training.league import files as league_files
from botgame.training.league_report import exploits as league_exploits
from botgame.training.league_report import summary as league_summary
from botgame.training.league_report.document import GENERATOR, document
from botgame.training.league_report.exploits import read_exploits
from botgame.training.league_report.html import league_content
from botgame.training.league_report.html_parts import by_rating
from botgame.training.league_report.live import live_matches
from botgame.training.league_report.provenance import provenance
from botgame.training.run_page.view import RunView
from botgame.wording import counted


def report(options: argparse.Namespace) -> int:
    """The whole command. Returns the exit code; raises UserError."""
    check_result("--output", options.output, ".json", _inputs(options), json_of(league_summary.FORMAT))
    page = options.output.with_suffix(".html")
    check_own({page: file_with(GENERATOR)})
    state = league_files.read_state(options.league_state)
    if options.game not in (None, state.game):
        raise UserError(f"{options.league_state}: a league of game {state.game!r}, --game is {options.game!r}", 2)
    matches, torn = league_files.read_matches(options.matches)
    if torn:
        print(f"note: {options.matches}: the last line is incomplete and left out", file=sys.stderr)
    if len(matches) < state.matches:
        raise UserError(
            f"{options.matches} has {counted(len(matches), 'match')}, {options.league_state} knows {state.matches}: "
            "the list was cut, or they are of two leagues; give both files of one"
        )
    exploits, problems = read_exploits(options.exploit_dir, state.game)
    manifests = read_manifests(options.reports_live_dir)
    for problem in (*problems, *manifests.problems):
        print(f"note: left out: {problem}", file=sys.stderr)
    frozen = [player.name for player in state.league.frozen]
    live = live_matches(rated_matches(manifests.entries), state.game, options.league_state.parent / "players", frozen)
    summary = league_summary.summarise(state, matches, torn, exploits, live)
    summary["made"] = provenance(options, state, datetime.now(UTC))
    write_atomic(options.output, json.dumps(summary, indent=2).encode() + b"\n")
    view = RunView(options.league_state.parent, options.exploit_dir, time.monotonic)
    write_atomic(page, document(view.beside(league_content(summary))).encode())
    print(_table(summary))
    print(f"best responses: {len(exploits)} targets in {options.exploit_dir}")
    if options.reports_live_dir is not None:
        print(f"live: {counted(len(live), 'rated match')} in {options.reports_live_dir}")
    print(f"wrote {options.output} and {page}")
    return 0


def _inputs(options: argparse.Namespace) -> list[tuple[str, Path]]:
    """What is read, with its flag."""
    names = ("league_state", "matches", "exploit_dir", "reports_live_dir")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    return [("--" + name.replace("_", "-"), path) for name, path in given.items()]


def _table(summary: dict[str, Any], most: int = 12) -> str:
    rated = by_rating([*summary["players"], *summary["live"]["players"]])
    lines = [f"{'player':<24} {'rating':>7} {'95 % interval':>17} {'Nash':>7}"]
    for player in rated[:most]:
        interval = f"[{player['rating_low']:.0f}, {player['rating_high']:.0f}]"
        lines.append(f"{player['name']:<24} {player['rating']:>+7.0f} {interval:>17} {player['nash']:>7.1%}")
    if len(rated) > most:
        lines.append(f"... and {len(rated) - most} more")
    for name, rounds in summary["win_rate_against_anchor"].items():
        last = rounds[-1]
        lines.append(
            f"{name} against {summary['anchor']}, round {last['round']}: {last['win_rate']:.1%} "
            f"[{last['low']:.1%}, {last['high']:.1%}]"
        )
    return "\n".join([*lines, *league_exploits.lines(summary["best_responses"])])
