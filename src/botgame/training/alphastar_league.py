r"""League training from a supervised checkpoint: main agents, and exploiters if asked for.

    python -m botgame.training.alphastar_league --supervised-checkpoint artifacts/alphastar/pi_sup.pt \
        --output-dir reports/league --rounds 20 --rl-iterations-per-round 20

In the output folder: `main.pt` (the first main agent, latest), `main.best.pt`, `league_state.json`, `matches.jsonl`,
`players/<id>.pt`, `metrics.jsonl`, `config.json`, `tb/` and `resume.pt`, which --resume goes on from. With
`--main-agents per-faction` there is a main agent for each faction, and a `main.FACTION.pt` beside `main.pt`. After a
flagged diagnostic `good/<id>.pt` is the player from before. A tiny run:

    python -m botgame.training.alphastar_league --supervised-checkpoint artifacts/alphastar/pi_sup.pt \
        --output-dir reports/league_smoke --rounds 1 --rl-iterations-per-round 1 --actor-rollouts 1 \
        --learner-updates 1 --unroll-length 16 --eval-matches 2 --past-matches 2 --cross-play-players 4 --cpu
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from botgame import cli
from botgame.training.league.main_agents import PER_FACTION, main_agents
from botgame.training.rl.flags import (
    JUDGING,
    OPPOSITION,
    SECTIONS,
    START,
    add_commit_flag,
    add_engine_flags,
    add_evaluation_flags,
    add_machine_flags,
    add_start_flag,
    add_style_flags,
    add_training_flags,
)
from botgame.training.rl.free_for_alls import add_royale_flags
from botgame.training.rl.small_steps import LEAGUE, defaults_words, league_defaults, parse
from botgame.training.runs.game_flags import add_game_flag

MODULE = "botgame.training.alphastar_league"
# Where a league's defaults differ from RL's: it is long, and its main agent strong before half of it is over.
_TRAINING: dict[str, Any] = {
    "unroll_length": 32, "batch_size": 32, "matches_per_actor": 80, "lr_end": 0.05, "lr_fall": "geometric",
}  # fmt: skip


def build_parser() -> cli.Parser:
    """The flags of `alphastar_league`."""
    parser = cli.Parser(MODULE, "Train a league of agents from a supervised policy.", SECTIONS)
    parser.section(START)
    add_game_flag(parser)
    add_start_flag(parser)
    text = (
        "learn by many small steps from fresh data, as alphastar_rl --small-steps does: what you do not give is "
        f"{defaults_words(LEAGUE)}"
    )
    parser.flag("--small-steps", action="store_true", help=text)
    parser.flag("--output-dir", type=cli.path, required=True, help="folder of the league's files")
    parser.flag("--rounds", type=cli.positive_int, default=20, help="rounds; each ends with an evaluation")
    text = "end once the first main agent has made so many decisions, though rounds are left; may grow"
    parser.flag("--decisions", type=cli.positive_int, default=None, help=text)
    parser.flag(
        "--rl-iterations-per-round", type=cli.positive_int, default=20, help="iterations of each learning player"
    )
    add_training_flags(parser, **_TRAINING)
    add_style_flags(parser)
    add_royale_flags(parser)
    parser.section(OPPOSITION)
    text = "longest match, in game seconds (default: the game's)"
    parser.flag("--episode-duration", type=cli.positive_int, default=None, help=text)
    _add_league_flags(parser)
    _add_evaluation_flags(parser)
    add_commit_flag(parser)
    add_machine_flags(parser)
    add_engine_flags(parser)
    return parser


def _add_league_flags(parser: cli.Parser) -> None:
    from botgame.training.alphastar.league.matchmaking import VARIANTS  # brings NumPy
    from botgame.training.alphastar.league.roles import EXPLOITERS

    parser.section("advanced: the league")
    parser.flag(
        "--main-agents",
        type=main_agents,
        default="all",
        metavar=f"all|{PER_FACTION}|N",
        help=f"all: one for all factions; {PER_FACTION}: one for each, which plays no other; N: so many for all",
    )
    for role in EXPLOITERS:
        flag, text = f"--{role.replace('_', '-')}s", f"{role.replace('_', ' ')}s that learn beside the main agents"
        parser.flag(flag, type=cli.non_negative_int, default=0, help=text)
    parser.flag(
        "--exploiter-share", type=cli.probability, default=0.25, help="an exploiter's share of a main agent's matches"
    )
    text = "bots that count as frozen players, '' for none (default: those among the game's usual opponents)"
    parser.flag("--scripted-players", default=None, metavar="A,B,...", help=text)
    text = (
        "whose rules decide who plays whom; prioritised: AlphaStar's (pseudocode), but main agents meet live ones in "
        "place of frozen players that they beat, the more often the surer they beat them"
    )
    parser.flag("--matchmaking", choices=tuple(VARIANTS), default="prioritised", help=text)
    parser.flag(
        "--opponent-slots", type=cli.positive_int, default=4, help="pairings that a player draws for each iteration"
    )
    parser.flag("--players-in-memory", type=cli.positive_int, default=24, help="frozen networks that are kept loaded")
    parser.flag(
        "--min-phase-steps",
        type=cli.non_negative_int,
        default=0,
        help="decisions of a main agent before it may be frozen again; 0: about one round, several where matches are "
        "shorter than --unroll-length",
    )
    parser.flag(
        "--timeout-steps",
        type=cli.non_negative_int,
        default=0,
        help="decisions after which it is; 0: twice the minimum",
    )
    parser.flag(
        "--beats-all", type=cli.probability, default=0.7, help="win rate against each opponent to be frozen early"
    )
    parser.flag("--min-games", type=cli.non_negative_float, default=8.0, help="games before that win rate is trusted")
    parser.flag("--payoff-decay", type=cli.probability, default=0.99, help="memory of results, for each game of a pair")
    parser.flag(
        "--exploiter-reset",
        choices=("supervised", "main"),
        default="supervised",
        help="weights that an exploiter starts anew from",
    )


def _add_evaluation_flags(parser: cli.Parser) -> None:
    add_evaluation_flags(parser, "a round against the game's yardstick bot")
    parser.section(JUDGING)
    parser.flag(
        "--past-selves", type=cli.non_negative_int, default=6, help="past selves that a main agent meets a round"
    )
    parser.flag("--past-matches", type=cli.positive_int, default=50, help="held-out duels a round against each of them")
    parser.flag("--cross-play-players", type=cli.positive_int, default=12, help="players of the final cross-play")
    parser.flag("--cross-play-matches", type=cli.positive_int, default=30, help="duels of each of its pairs")


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Train; returns the exit code."""
    options = parse(build_parser(), argv, league_defaults)
    from botgame.training.league.command import train_league  # brings torch, which --help does without

    return train_league(options, MODULE, argv)


if __name__ == "__main__":
    sys.exit(main())
