"""Summarise a league: ratings, Nash mixture, forgetting, exploitability as JSON and as a page to look at.

    python -m botgame.training.report_league --league-state reports/league/league_state.json \
        --matches reports/league/matches.jsonl --output reports/league/summary.json

writes `summary.json` and, next to it, the self-contained `summary.html`. Works while the league is running. Results of
trained best responses, which `botgame.training.exploit` writes, are taken in from `--exploit-dir`. With
`--reports-live-dir reports/live` people and bots of these live matches are rated on the same scale.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from botgame import cli


def build_parser() -> cli.Parser:
    """The flags of this command."""
    parser = cli.Parser("botgame.training.report_league", "Write summary.json and summary.html of a league.")
    parser.flag("--game", default=None, metavar="NAME", help="insist that the league is of this game")
    parser.flag(
        "--league-state", type=cli.path, default=Path("reports/league/league_state.json"), help="state of the league"
    )
    parser.flag("--matches", type=cli.path, default=Path("reports/league/matches.jsonl"), help="matches of the league")
    parser.flag(
        "--exploit-dir",
        type=cli.path,
        default=Path("reports/exploit"),
        help="results of botgame.training.exploit, searched recursively; may be missing",
    )
    parser.flag(
        "--reports-live-dir",
        type=cli.path,
        help="also rate the people and bots of these live matches: a folder of manifests, searched recursively",
    )
    parser.flag(
        "--output",
        type=cli.path,
        default=Path("reports/league/summary.json"),
        help="where the JSON goes; the page goes next to it with the ending .html",
    )
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = build_parser().parse_args(argv)
    from botgame.training.league_report.command import report  # brings what takes long to import

    return report(options)


if __name__ == "__main__":
    sys.exit(main())
