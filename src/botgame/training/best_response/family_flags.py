"""The flags of `exploit --family`, and which of the others apply to a search over a family. Needs no torch."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from botgame import cli
from botgame.errors import UserError

SECTION = "search over a family of scripted bots"
DEFAULTS = {"budget": 20_000, "eval_every": 10}  # where --family is given
OWN = ("family", "generation_size", "duels", "spread", "scouting", "scout")
_ALSO = (
    *("target", "game", "budget", "output_dir", "resume", "seed", "device", "cpu", "reward_weights"),
    *("eval_every", "eval_matches", "final_matches"),
)


def add_family_flags(parser: cli.Parser) -> None:
    """Add --family, --scouting, --scout, --generation-size, --duels and --spread."""
    parser.section(SECTION)
    text = (
        "search the numbers of the game's scripted bots instead of training a policy: an evolution strategy over this "
        "family (lms: scripted). Every generation counts as an iteration, and every one and every batch of scouts is "
        "committed; dense rewards have a fifth of their weight unless --reward-weights gives it; flags of policies, "
        "such as --lr, are refused"
    )
    parser.flag("--family", metavar="NAME", help=text)
    text = (
        "share of the budget that looks for a start: bots that have a few numbers or all at random meet the target, "
        "the best of them more often, and the evolution begins at the best. 0: at the standard numbers"
    )
    parser.flag("--scouting", type=cli.probability, default=0.2, help=text)
    text = "bots of the family that scout beside the random ones, such as one that beat an earlier target; after TARGET"
    parser.flag("--scout", nargs="+", default=[], metavar="BOT", help=text)
    text = "bots of a generation"
    parser.flag("--generation-size", type=_two_or_more, default=40, help=text)
    text = "duels of each bot in a generation, all on the same seeds and mirrored"
    parser.flag("--duels", type=cli.positive_int, default=8, help=text)
    text = "standard deviation of the first generation around its start, in shares of their ranges"
    parser.flag("--spread", type=cli.positive_float, default=0.3, help=text)


def parse(parser: cli.Parser, argv: Sequence[str] | None) -> argparse.Namespace:
    """The flags of `argv`, with `DEFAULTS` where it says --family. Raises UserError (code 2) for one without effect."""
    options, given = parser.parse_args(argv), parser.given(argv)
    if options.family is None:
        _refuse(given & {*OWN}, "applies to --family only")
        return options
    _refuse(given - {*OWN, *_ALSO}, "does not apply to --family, whose bots are scripted")
    parser.set_defaults(**DEFAULTS)
    return parser.parse_args(argv)


def values(options: argparse.Namespace) -> dict[str, object]:
    """Plain values of the flags that apply to a family."""
    return {name: getattr(options, name) for name in sorted((*OWN, *_ALSO))}


def _refuse(names: set[str], reason: str) -> None:
    for name in sorted(names):
        raise UserError(f"--{name.replace('_', '-')} {reason}; leave it out", 2)


def _two_or_more(text: str) -> int:
    number = cli.positive_int(text)
    if number < 2:
        raise argparse.ArgumentTypeError(f"expected a whole number of 2 or more, got {text}")
    return number
