"""From the flags of `alphastar_imitation` to a run, and the run from start to end."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from botgame.cli import command_line
from botgame.errors import UserError
from botgame.feedback import name_replays, read_manifests, read_streams
from botgame.game import Game
from botgame.games import load_game
from botgame.outputs import check_apart, check_checkpoint, check_folder
from botgame.statistic_z import NOTHING_MEASURED
from botgame.trained_bots import check_name, checkpoint_path, distinct_name, install
from botgame.training.alphastar.imitation.cloning import CloningConfig
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.alphastar.statistic_z.condition_spec import ConditionSpec
from botgame.training.alphastar.statistic_z.conditioning import Conditioning
from botgame.training.console import description_column, plain_console, say
from botgame.training.imitation.conditioning import describe as describe_conditioning
from botgame.training.imitation.conditioning import imitated_players, measure_conditions
from botgame.training.imitation.run import EXTENDS, ImitationRun
from botgame.training.imitation.seat_choice import SeatChoice, played_by
from botgame.training.imitation.setting import ImitationSetting
from botgame.training.imitation.source import ReplaySource, Usage
from botgame.training.imitation.start import Start, load_start, start_of_resumed
from botgame.training.rl.flags import flag_values
from botgame.training.runs.artifacts import artifact
from botgame.training.runs.paths import RunPaths
from botgame.training.runs.run import (
    at_work,
    begin,
    choose_device,
    make_room,
    restoring,
    resume_command,
    stop_on_signal,
)
from botgame.wording import counted

LARGEST_BATCH = 16_384
PRESET = "small"
TEMPERATURE = 0.5  # at which a clone of a deterministic bot plays best
_FOLDERS = {"--data-dir": "data_dir", "--feedback-dir": "feedback_dir", "--reports-live-dir": "reports_live_dir"}


def train(options: argparse.Namespace, module: str, argv: Sequence[str] | None) -> int:
    """The whole command; returns the exit code (130 after Ctrl-C, with the command that goes on). Raises UserError."""
    game = load_game(options.game)
    resolve(options)
    if options.person:
        check_name(game, ghost_of(options.person))
    paths = output_paths(options, game)
    setting = imitation_setting(options)
    console = plain_console(stderr=True)
    source = open_source(options, game, console)
    config = flag_values(options, leave_out=("command",))
    with at_work(paths, paths.checkpoint):
        state = begin(paths, config, resume=options.resume, extends=EXTENDS)
        if state:
            start = _same_start(state, source, paths, options.start_checkpoint)
        else:
            start = load_start(game, options.start_checkpoint) if options.start_checkpoint else None
        setting = with_start(setting, start, options.temperature)
        conditioning = open_conditioning(options, source, console)
        with restoring(paths.resume, state):
            run = ImitationRun(setting, config, paths, source, state, conditioning)
        device = f"seed {setting.seed}, device {setting.device}"
        say(console, f"{device}, {run.parameters:,} parameters, output {options.output}")
        if not state:
            make_room(paths, config)
        carry_out(run, paths, state, console)
    if run.stopped:
        say(console, "stopped and saved; go on with:")
        say(console, resume_command(argv, module))
        return 130
    say(console, f"written to {options.output}")
    if options.person:
        _install_ghost(options, game, console)
    return 0


def _install_ghost(options: argparse.Namespace, game: Game, console: Console) -> None:
    """Let the bot that imitates a person be known by its name."""
    installed = install(game, ghost_of(options.person), options.output)
    say(console, f"installed as {installed}: play it with botgame play {installed.stem}")


def output_paths(options: argparse.Namespace, game: Game) -> RunPaths:
    """The files that the run writes. Raises UserError (code 2) where it would write over what it reads."""
    check_checkpoint("--output", options.output)
    paths = RunPaths.beside(options.output, "imitation")
    inputs = [(flag, getattr(options, name)) for flag, name in _FOLDERS.items()]
    if options.start_checkpoint:
        inputs.append(("--start-checkpoint", checkpoint_path(game, options.start_checkpoint)))
    check_apart("--output", paths.files, inputs)
    return paths


def _same_start(state: dict[str, Any], source: ReplaySource, paths: RunPaths, start: str | None) -> Start | None:
    """What a run that goes on fine-tunes; `source` then has the matches that the run learns from. Raises UserError."""
    with restoring(paths.resume, state):
        source.restrict(state["names"])
        source.check_unchanged(state["source"])
        return start_of_resumed(state, source.game, start)


def carry_out(run: ImitationRun, paths: RunPaths, state: dict[str, Any] | None, console: Console) -> None:
    """Train `run` to its end or to Ctrl-C, from `state` if there is one, with its metrics and a progress bar."""
    offset, step = (state["metrics_offset"], state["cloner"]["updates"] + 1) if state else (0, 0)
    with (
        MetricsWriter(paths.metrics, paths.tensorboard, offset=offset, step=step) as metrics,
        stop_on_signal() as stop,
        Progress(*_columns(), console=console, transient=True) as progress,
    ):
        task = progress.add_task("imitation", total=max(1, run.decisions), completed=run.seen)
        for event in run.train(metrics, stop):
            progress.update(task, completed=event.seen, description=event.text)
            if event.line:
                say(progress.console, event.line)


def ghost_of(person: str) -> str:
    """The name of the bot that imitates a person, another one for each name that replays have."""
    return f"ghost-of-{distinct_name(person)}"


def resolve(options: argparse.Namespace) -> None:
    """Fill in what is not given, where that depends on other flags. Raises UserError (code 2) for contradictions."""
    for flag, value in (("--seats", options.seats), ("--winner-epochs", options.winner_epochs)):
        if options.person and value:
            raise UserError(f"--person {options.person} and {flag} do not go together: leave one out", 2)
    if options.start_checkpoint:
        fixed = {"--preset": options.preset, "--z-opening": options.z_opening, "--z-totals": options.z_totals}
        told = {"--rating-input": options.rating_input, "--player-input": options.player_input}
        for flag, value in {**fixed, **told}.items():
            if value:
                raise UserError(f"{flag}: the network of --start-checkpoint stays as it is; leave one of both out", 2)
    if options.output is None:
        options.output = artifact(ghost_of(options.person) if options.person else "pi_sup")


def with_start(setting: ImitationSetting, start: Start | None, temperature: float | None) -> ImitationSetting:
    """The run with the checkpoint that it fine-tunes, whose `temperature` it keeps where the flag gives none."""
    usual = start.temperature if start else TEMPERATURE
    return replace(setting, start=start, temperature=usual if temperature is None else temperature)


def imitation_setting(options: argparse.Namespace) -> ImitationSetting:
    """The run that parsed flags describe. Raises UserError (code 2) for contradictions."""
    if options.batch_size > LARGEST_BATCH:
        raise UserError(f"--batch-size {options.batch_size} is absurd: many small updates clone best; try 128", 2)
    device = choose_device(
        options.device,
        cpu=options.cpu,
        threads=options.threads,
        precision=options.precision,
        compiled=options.compile,
    )
    names: tuple[str, ...] = (
        "epochs",
        "winner_epochs",
        "winner_lr",
        "batch_size",
        "window",
        "capacity",
        "person",
    )
    names += ("eval_every", "eval_matches", "final_matches", "save_every", "keep", "seed")
    return ImitationSetting(
        cloning=CloningConfig(options.lr, options.value_weight, options.clip_norm, options.precision, options.compile),
        preset=options.preset or PRESET,
        temperature=TEMPERATURE,
        given=_given(options),
        device=device,
        **{name: getattr(options, name) for name in names},
    )


def open_source(options: argparse.Namespace, game: Game, console: Console) -> ReplaySource:
    """Find and choose what to learn from, and say what there is. Raises UserError when that is nothing."""
    for flag, name in _FOLDERS.items():
        check_folder(flag, getattr(options, name))
    seats = f"{game.yardstick},human" if options.seats is None else options.seats
    words = tuple(word.strip() for word in seats.split(",") if word.strip())
    choice = SeatChoice(words, options.person, options.only_with_people)
    manifests = read_manifests(options.reports_live_dir)
    streams = name_replays(read_streams(options.feedback_dir), manifests)
    source = ReplaySource(game, options.data_dir, choice, manifests, streams, lambda line: say(console, line))
    usage = source.usage
    if options.person:
        say(console, describe_person(source, options.person, options.data_dir))
    if not usage.replays and options.only_with_people:
        raise UserError(f"--data-dir {options.data_dir} holds no match that a person played in or commented; play some")
    if not usage.replays:
        how = _recording_command(options, game)
        raise UserError(f"--data-dir {options.data_dir} holds no usable replay; record some with {how}")
    if not usage.decisions:
        raise UserError(f"--seats {seats} matches no seat of {counted(usage.replays, 'replay')}; try --seats all", 2)
    if options.winner_epochs and not source.winning_decisions:
        raise UserError(f"--winner-epochs {options.winner_epochs}: no seat of --seats {seats} has won a match", 2)
    for line in describe(usage, options.person or seats):
        say(console, line)
    return source


def describe_person(source: ReplaySource, name: str, data_dir: Path) -> str:
    """How much there is of the person to imitate. Raises UserError (code 2) when that is nothing."""
    played = played_by(source.people, name, f"{data_dir} ({counted(source.usage.replays, 'replay')})")
    if not played.decisions:
        raise UserError(f"--person {name}: that person has made no decision in {data_dir}; play a match to its end", 2)
    return f"person {name}: {counted(played.matches, 'match')}, {counted(played.decisions, 'decision')}"


def _recording_command(options: argparse.Namespace, game: Game) -> str:
    """The command that records matches of the game."""
    if game.demonstrations is not None:
        return "python -m botgame.server.run_match --num_matches 200 --num_scripted_bots 2 --record_replay"
    bots = ",".join([game.yardstick] * game.seats)
    words = ["--game", options.game, "--bots", bots, "--matches", "200", "--data-dir", str(options.data_dir)]
    return command_line(["python", "-m", "botgame.record", *words])


def open_conditioning(options: argparse.Namespace, source: ReplaySource, console: Console) -> Conditioning | None:
    """Measure what the network is conditioned on, and print it. None without a condition."""
    given = _given(options)
    if not any(given.values()):
        return None
    statistic = source.game.statistic_z
    if statistic is None and (given["opening"] or given["totals"]):
        raise UserError(f"--z-opening, --z-totals: game {source.game.name} measures no statistic z", 2)
    players = imitated_players(source) if given["player"] else ()
    if given["player"] and not players:
        raise UserError("--player-input: no imitated player has a name that can stand behind BOT@; leave it out", 2)
    switches = {name: given[name] > 0 for name in ("opening", "totals", "rating")}
    inputs = ConditionSpec(statistic.spec if statistic else NOTHING_MEASURED, **switches, players=players)
    conditioning = measure_conditions(source, inputs)
    for line in describe_conditioning(conditioning, source):
        say(console, line)
    return conditioning


def _given(options: argparse.Namespace) -> dict[str, float]:
    """How often each block of the condition is given to the network."""
    return {
        "opening": options.z_opening,
        "totals": options.z_totals,
        "rating": options.rating_input,
        "player": options.player_input,
    }


def describe(usage: Usage, whose: str) -> list[str]:
    """What is used, in sentences for the console; whose: the seats that were chosen."""
    return [
        f"data: {counted(usage.replays, 'replay')} ({usage.skipped} skipped), "
        f"{counted(usage.seats, 'seat')} of {whose}, {counted(usage.decisions, 'decision')}",
        f"feedback: {counted(usage.corrections, 'correction')} and {counted(usage.marks, 'mark')} used, "
        f"{usage.corrections_unmatched} and {usage.marks_unmatched} without a decision",
        f"live reports: {counted(usage.live_matches, 'match')} used for {counted(usage.outcomes, 'outcome')} and "
        f"{counted(usage.ratings, 'rating')}, {usage.live_matches_unmatched} without a replay",
    ]


def _columns() -> tuple[Any, ...]:
    return (
        description_column(),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
