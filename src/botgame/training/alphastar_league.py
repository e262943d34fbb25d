r"""League training from a supervised checkpoint: main agents, main exploiters and league exploiters.

    python -m botgame.training.alphastar_league --supervised-checkpoint artifacts/alphastar/pi_sup.pt \
        --output-dir reports/league --rounds 20 --rl-iterations-per-round 20

In the output folder: `main.pt` (the first main agent, latest), `main.best.pt`, `league_state.json`, `matches.jsonl`,
`players/<id>.pt`, `metrics.jsonl`, `config.json`, `tb/` and `resume.pt`, which --resume goes on from. With
`--main-agents per-faction` there is a main agent for each faction, and a `main.FACTION.pt` beside `main.pt`. After an
alarm `good/<id>.pt` is the player from before. A tiny run:

    python -m botgame.training.alphastar_league --supervised-checkpoint artifacts/alphastar/pi_sup.pt \
        --output-dir reports/league_smoke --rounds 1 --rl-iterations-per-round 1 --actor-rollouts 1 \
        --learner-updates 1 --unroll-length 16 --eval-matches 2 --past-matches 2 --cross-play-players 4 --cpu
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botgame import cli
from botgame.errors import UserError
from botgame.game import Game
from botgame.games import load_game
from botgame.policies import load_policy
from botgame.training.alphastar.league.league import LeagueConfig
from botgame.training.alphastar.league.matchmaking import VARIANTS
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.league.run import train
from botgame.training.league.setting import EvaluationPlan, LeaguePaths, LeagueSchedule, LeagueSetting
from botgame.training.rl.flags import (
    add_commit_flag,
    add_evaluation_flags,
    add_machine_flags,
    add_start_flag,
    add_style_flags,
    add_training_flags,
    flag_values,
    style_config,
    training_config,
)
from botgame.training.rl.free_for_alls import add_royale_flags, royale_share
from botgame.training.runs.game_flags import add_game_flag, chosen_duration
from botgame.training.runs.origin import supervised_origin
from botgame.training.runs.run import NEUTRAL_FLAGS, choose_device, resume_command

MODULE = "botgame.training.alphastar_league"
PER_FACTION = "per-faction"
# Where a league's defaults differ from RL's: it is long, and its main agent strong before half of it is over.
_TRAINING: dict[str, Any] = {
    "unroll_length": 32, "batch_size": 32, "matches_per_actor": 80, "lr_end": 0.05, "lr_fall": "geometric",
}  # fmt: skip


def build_parser() -> cli.Parser:
    """The flags of `alphastar_league`."""
    parser = cli.Parser(MODULE, "Train a league of agents from a supervised policy.")
    add_game_flag(parser)
    add_start_flag(parser)
    parser.flag("--output-dir", type=Path, required=True, help="folder of the league's files")
    parser.flag("--rounds", type=cli.positive_int, default=20, help="rounds; each ends with an evaluation")
    text = "end once the first main agent has made so many decisions, though rounds are left; may grow"
    parser.flag("--decisions", type=cli.positive_int, default=None, help=text)
    parser.flag(
        "--rl-iterations-per-round", type=cli.positive_int, default=20, help="iterations of each learning player"
    )
    add_training_flags(parser, **_TRAINING)
    add_style_flags(parser)
    add_royale_flags(parser)
    text = "longest match, in game seconds; the game's own unless given"
    parser.flag("--episode-duration", type=cli.positive_int, default=None, help=text)
    _add_league_flags(parser)
    _add_evaluation_flags(parser)
    add_commit_flag(parser)
    add_machine_flags(parser)
    return parser


def main_agents(text: str) -> int | str:
    """`--main-agents`: the number of main agents that play every faction, or `per-faction`."""
    if text == PER_FACTION:
        return text
    try:
        return 1 if text == "all" else cli.positive_int(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"expected all, {PER_FACTION} or a number of 1 or more, got {text!r}"
        ) from None


def _add_league_flags(parser: cli.Parser) -> None:
    parser.flag(
        "--main-agents",
        type=main_agents,
        default="all",
        metavar=f"all|{PER_FACTION}|N",
        help=f"all: one for all factions; {PER_FACTION}: one for each, which plays no other; N: so many for all",
    )
    parser.flag("--main-exploiters", type=cli.non_negative_int, default=1, help="main exploiters")
    parser.flag("--league-exploiters", type=cli.non_negative_int, default=1, help="league exploiters")
    parser.flag(
        "--exploiter-share", type=cli.probability, default=0.25, help="an exploiter's share of a main agent's matches"
    )
    text = "bots that count as frozen players, '' for none; unless given the bots among the game's default opponents"
    parser.flag("--scripted-players", default=None, metavar="A,B,...", help=text)
    parser.flag(
        "--matchmaking", choices=tuple(VARIANTS), default="pseudocode", help="whose rules decide who plays whom"
    )
    parser.flag(
        "--opponent-slots", type=cli.positive_int, default=4, help="pairings that a player draws for each iteration"
    )
    parser.flag("--players-in-memory", type=cli.positive_int, default=24, help="frozen networks that are kept loaded")
    parser.flag(
        "--min-phase-steps",
        type=cli.non_negative_int,
        default=0,
        help="decisions of a main agent before it may be frozen again; 0: about one round",
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
    parser.flag(
        "--past-selves", type=cli.non_negative_int, default=6, help="past selves that a main agent meets a round"
    )
    parser.flag("--past-matches", type=cli.positive_int, default=50, help="held-out duels a round against each of them")
    parser.flag("--cross-play-players", type=cli.positive_int, default=12, help="players of the final cross-play")
    parser.flag("--cross-play-matches", type=cli.positive_int, default=30, help="duels of each of its pairs")


def league_config(options: argparse.Namespace, config: RLConfig, game: Game) -> LeagueConfig:
    """The league that parsed flags describe. Raises UserError (code 2) for contradictions."""
    per_faction = options.main_agents == PER_FACTION
    if per_faction and not game.factions:
        raise UserError(f"--main-agents {PER_FACTION}: game {game.name} has no factions; give a number", 2)
    sequences = options.rl_iterations_per_round * config.sequences()
    phase = options.min_phase_steps or sequences * config.unroll_length
    if options.main_exploiters + options.league_exploiters and not options.exploiter_share:
        raise UserError(
            "--exploiter-share 0 leaves the exploiters without matches; give them a share or none of them", 2
        )
    try:
        return LeagueConfig(
            mains=len(game.factions) if per_faction else options.main_agents,
            factions=game.factions if per_faction else (),
            main_exploiters=options.main_exploiters,
            league_exploiters=options.league_exploiters,
            scripted=_scripted(options.scripted_players, game),
            decay=options.payoff_decay,
            min_phase_steps=phase,
            timeout_steps=options.timeout_steps or 2 * phase,
            beats_all=options.beats_all,
            min_games=options.min_games,
            exploiter_phase=options.exploiter_share or 1.0,
            rules=VARIANTS[options.matchmaking],
        )
    except ValueError as error:
        raise UserError(f"the league cannot be set up: {error}; see --help", 2) from error


def _scripted(names: str | None, game: Game) -> tuple[str, ...]:
    if names is None:
        return tuple(name for name in game.opponents if name in game.bots)
    return tuple(name.strip() for name in names.split(",") if name.strip())


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Train; returns the exit code."""
    options = build_parser().parse_args(argv)
    game = load_game(options.game)
    setting = league_setting(options, game)
    flags = flag_values(options, leave_out=NEUTRAL_FLAGS)
    go_on = resume_command(argv, MODULE)
    start = functools.partial(supervised_origin, options.supervised_checkpoint, game)
    if not train(setting, flags, start, resume=options.resume, go_on=go_on):
        return 130
    paths = setting.paths
    print(f"done: {paths.run.checkpoint} after {options.rounds} rounds; report: {_report_command(paths)}")
    return 0


def league_setting(options: argparse.Namespace, game: Game) -> LeagueSetting:
    """The run that parsed flags describe. Raises UserError (code 2) for contradictions."""
    device = choose_device(
        options.device, cpu=options.cpu, threads=1, precision=options.precision, compiled=options.compile
    )
    config = training_config(options, game)
    league = league_config(options, config, game)
    schedule = LeagueSchedule(options.rounds, options.rl_iterations_per_round, options.decisions, options.save_every)
    plan = EvaluationPlan(
        options.eval_matches,
        options.past_selves,
        options.past_matches,
        options.cross_play_players,
        options.cross_play_matches,
    )
    duration = chosen_duration(game, options.episode_duration)
    names = dict.fromkeys([game.yardstick, *league.scripted])
    return LeagueSetting(
        game=game,
        config=config,
        league=league,
        paths=LeaguePaths.inside(options.output_dir),
        bots={name: load_policy(game, name, str(device)) for name in names},
        schedule=schedule,
        evaluation=plan,
        duration_ticks=game.duration_ticks if duration is None else duration,
        seed=options.seed,
        threads=options.threads or os.cpu_count() or 1,
        device=device,
        opponent_slots=options.opponent_slots,
        players_in_memory=options.players_in_memory,
        exploiter_share=options.exploiter_share,
        reset_from_main=options.exploiter_reset == "main",
        styles=style_config(options),
        royale=royale_share(options, game),
    )


def _report_command(paths: LeaguePaths) -> str:
    return (
        f"python -m botgame.training.report_league --league-state {paths.state} --matches {paths.matches} "
        f"--output {paths.state.with_name('summary.json')}"
    )


if __name__ == "__main__":
    sys.exit(main())
