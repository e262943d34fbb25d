"""From the flags of `alphastar_league` to a run, and the run from start to end."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from botgame.cli import command_line
from botgame.errors import UserError
from botgame.game import Game
from botgame.games import load_game
from botgame.outputs import check_apart, check_folder
from botgame.policies import load_policy
from botgame.training.alphastar.league.league import LeagueConfig
from botgame.training.alphastar.league.matchmaking import VARIANTS
from botgame.training.alphastar.league.roles import EXPLOITERS
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.evaluation.duels import DUEL
from botgame.training.league.main_agents import PER_FACTION
from botgame.training.league.run import train
from botgame.training.league.setting import EvaluationPlan, LeaguePaths, LeagueSchedule, LeagueSetting
from botgame.training.rl.command import inputs
from botgame.training.rl.flags import engine_choice, flag_values, style_config, thread_count, training_config
from botgame.training.rl.free_for_alls import royale_share
from botgame.training.rl.small_steps import defaults_line, league_defaults
from botgame.training.runs.game_flags import chosen_duration
from botgame.training.runs.run import choose_device, resume_command
from botgame.training.runs.same_flags import NEUTRAL_FLAGS


def train_league(options: argparse.Namespace, module: str, argv: Sequence[str] | None) -> int:
    """The whole command. Returns the exit code; raises UserError. module: how --resume is told to start it."""
    game = load_game(options.game)
    if game.seats < DUEL:
        raise UserError(f"game {game.name} has matches of one seat, and in a league players meet each other", 2)
    paths = LeaguePaths.inside(options.output_dir)
    check_folder("--output-dir", options.output_dir)
    read = inputs(options, "--scripted-players", _scripted(options.scripted_players, game))
    check_apart("--output-dir", [*paths.run.files, *paths.more(game.factions)], read)
    setting = league_setting(options, game, paths)
    flags = flag_values(options, leave_out=NEUTRAL_FLAGS)
    if defaults := league_defaults(options):
        print(defaults_line(options, "--small-steps", defaults))
    if not train(
        setting, flags, options.supervised_checkpoint, resume=options.resume, go_on=resume_command(argv, module)
    ):
        return 130
    print(f"done: {paths.run.checkpoint}; report: {_report_command(paths)}")
    return 0


def league_config(options: argparse.Namespace, config: RLConfig, game: Game) -> LeagueConfig:
    """The league that parsed flags describe. Raises UserError (code 2) for contradictions."""
    per_faction = options.main_agents == PER_FACTION
    if per_faction and not game.factions:
        raise UserError(f"--main-agents {PER_FACTION}: game {game.name} has no factions; give a number", 2)
    sequences = options.rl_iterations_per_round * config.sequences()
    phase = options.min_phase_steps or sequences * config.unroll_length
    exploiters = {role: getattr(options, f"{role}s") for role in EXPLOITERS}
    if any(exploiters.values()) and not options.exploiter_share:
        raise UserError(
            "--exploiter-share 0 leaves the exploiters without matches; give them a share or none of them", 2
        )
    try:
        return LeagueConfig(
            mains=len(game.factions) if per_faction else options.main_agents,
            factions=game.factions if per_faction else (),
            exploiters=exploiters,
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
    named = tuple(name.strip() for name in names.split(",") if name.strip())
    if repeated := [name for name in dict.fromkeys(named) if named.count(name) > 1]:
        raise UserError(f"--scripted-players: {', '.join(repeated)} stands there twice; name each player once", 2)
    return named


def league_setting(options: argparse.Namespace, game: Game, paths: LeaguePaths) -> LeagueSetting:
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
        game_name=options.game,
        config=config,
        league=league,
        paths=paths,
        bots={name: load_policy(game, name, str(device)) for name in names},
        schedule=schedule,
        evaluation=plan,
        duration_ticks=game.duration_ticks if duration is None else duration,
        seed=options.seed,
        threads=thread_count(options),
        device=device,
        opponent_slots=options.opponent_slots,
        players_in_memory=options.players_in_memory,
        exploiter_share=options.exploiter_share,
        reset_from_main=options.exploiter_reset == "main",
        styles=style_config(options),
        royale=royale_share(options, game),
        engine=engine_choice(options),
    )


def _report_command(paths: LeaguePaths) -> str:
    files = {
        "--league-state": paths.state,
        "--matches": paths.matches,
        "--output": paths.state.with_name("summary.json"),
    }
    words = [word for flag, path in files.items() for word in (flag, str(path))]
    return command_line(["python", "-m", "botgame.training.report_league", *words])
