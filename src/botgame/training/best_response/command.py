"""From the flags of `exploit` to its searches, and what they found as a table."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from rich.table import Table

from botgame.bot_names import files_of, level_name, split_noise, split_style
from botgame.errors import UserError
from botgame.families import Member, standard_numbers, to_shares
from botgame.game import Array, Family, Game
from botgame.games import load_game
from botgame.levels import bot_of, levels_path
from botgame.locks import locked
from botgame.outputs import check_apart, check_folder
from botgame.policies import load_policy
from botgame.trained_bots import bot_files, trained_bots
from botgame.training.best_response import family_flags
from botgame.training.best_response.family_search import search_family
from botgame.training.best_response.family_task import FamilyTask
from botgame.training.best_response.generation import Contest, usual_weights
from botgame.training.best_response.judge import Trial
from botgame.training.best_response.results import DUEL_UNIT, FILE, Exploit, Point, Search, search_name
from botgame.training.best_response.search import (
    SCRATCH,
    SUPERVISED,
    Task,
    files_in,
    fresh_origins,
    paths_of,
    prepare,
    search,
)
from botgame.training.console import plain_console
from botgame.training.rl.command import inputs
from botgame.training.rl.flags import engine_choice, flag_values, reward_weights, thread_count, training_config
from botgame.training.rl.setting import Schedule
from botgame.training.rl.small_steps import check_untaught
from botgame.training.rl.training_against import training_against
from botgame.training.runs.game_flags import rules_digest
from botgame.training.runs.run import choose_device, resume_command
from botgame.training.runs.same_flags import NEUTRAL_FLAGS
from botgame.training.runs.target_folder import folder_of
from botgame.wording import counted

REPORTS = Path("reports/exploit")
_HARDLY_EVER = 0.05  # a win rate from which a search learns next to nothing


def exploit(options: argparse.Namespace, module: str, argv: Sequence[str] | None, given: Collection[str]) -> int:
    """The whole command. Returns the exit code; raises UserError. module: how --resume is told to start it.

    given: the flags that `argv` gives itself.
    """
    game = load_game(options.game)
    folder = options.output_dir or REPORTS / folder_of(game.name, options.target)
    check_folder("--output-dir", folder)
    if options.start == SCRATCH and not (options.resume and paths_of(folder, SCRATCH).resumable):
        check_untaught(options, given, "--start scratch")
    results = Exploit(game.name, options.target, _digest(game, options.target), rules_digest(game))
    search_all = _search_family if options.family else _search_policies
    if not search_all(options, game, folder, results, resume_command(argv, module)):
        return 130
    plain_console().print(curves_table(results))
    for line in _verdict(game, options, results, folder):
        print(line)
    return 0


def _verdict(game: Game, options: argparse.Namespace, results: Exploit, folder: Path) -> list[str]:
    """What to say at the end: how exploitable the target is, where everything lies, what trains it against that."""
    worst = results.worst()
    if not worst:
        return [f"written to {folder}"]
    (start, final), found = worst, results.searches[worst[0]]
    best = f"the best response ({search_name(start, found.unit)}) wins {final}"
    lines = [f"exploitability of {options.target}: {best}", *advice(found), f"written to {folder}"]
    opponents = {(folder / found.checkpoint).as_posix(): 1.0} if final.win_rate else {}
    command = training_against(game, options.game, options.target, opponents)
    return [*lines, "to train against it:", command] if command else lines


def advice(found: Search) -> list[str]:
    """What to do about a search for a policy that hardly ever won: it says little of how exploitable the target is."""
    if found.unit == DUEL_UNIT or not found.final or found.final.win_rate >= _HARDLY_EVER:
        return []
    return [
        "it hardly ever won, so it had little to learn from; a stronger start may find more: "
        "--start supervised --supervised-checkpoint FILE of a policy that wins now and then"
    ]


def _search_policies(options: argparse.Namespace, game: Game, folder: Path, results: Exploit, go_on: str) -> bool:
    """Train from each start that the flags ask for; False when Ctrl-C stopped it. Raises UserError."""
    device = choose_device(
        options.device, cpu=options.cpu, threads=1, precision=options.precision, compiled=options.compile
    )
    check_apart("--output-dir", files_in(folder), inputs(options, "TARGET", [options.target]))
    task = Task(
        game=game,
        config=training_config(options, game),
        target=load_policy(game, options.target, str(device)),
        folder=folder,
        supervised=options.supervised_checkpoint,
        preset=options.preset,
        critic=options.critic,
        budget=options.budget,
        schedule=Schedule(options.eval_every, options.save_every, evaluate_ends=True),
        matches=options.eval_matches,
        final_matches=options.final_matches,
        flags=flag_values(options, leave_out=family_flags.OWN),
        resume=options.resume,
        seed=options.seed,
        threads=thread_count(options),
        device=device,
        engine=engine_choice(options),
    )
    starts = (SUPERVISED, SCRATCH) if options.start == "both" else (options.start,)
    origins = fresh_origins(task, starts, results.identity)
    with locked(folder / "exploit.lock", folder):
        prepare(folder, map(task.paths, origins), starts, results, resume=task.resume)
        for start in starts:
            print(f"best response against {options.target}, start: {start}")
            if not search(task, start, origins.get(start), results, go_on):
                return False
    return True


def _search_family(options: argparse.Namespace, game: Game, folder: Path, results: Exploit, go_on: str) -> bool:
    """Search the numbers of a family of scripted bots; False when Ctrl-C stopped it. Raises UserError."""
    if options.family not in game.families:
        known = ", ".join(game.families) or "none"
        raise UserError(f"--family {options.family}: game {game.name} has the families {known}", 2)
    if options.family in (SUPERVISED, SCRATCH):
        raise UserError(f"--family {options.family}: that is the name of a start; the game must rename its family", 2)
    task = _family_task(options, game, folder)
    fresh = [] if task.resume and task.paths.resumable else [task.paths]
    if fresh:  # one that goes on has its scouts
        _check_room(task)
    check_apart("--output-dir", [folder / FILE, *task.paths.files], [("TARGET", p) for p in files_of(options.target)])
    with locked(folder / "exploit.lock", folder):
        prepare(folder, fresh, [task.name], results, resume=task.resume)
        print(f"best response against {options.target}, family: {task.name}")
        found = search_family(task, results, go_on)
    if found is None:
        return False
    plain_console().print(numbers_table(task.contest.family, found))
    print(f"play it as {task.paths.checkpoint}")
    return True


def _family_task(options: argparse.Namespace, game: Game, folder: Path) -> FamilyTask:
    device = choose_device(options.device, cpu=options.cpu, threads=1)
    target = load_policy(game, options.target, str(device))
    weights = dict(reward_weights(options.reward_weights, game, usual_weights(game)))
    return FamilyTask(
        contest=Contest(game, game.families[options.family], target, weights),
        name=options.family,
        trial=Trial(game, target, options.eval_matches, options.final_matches, options.seed, unit=DUEL_UNIT),
        folder=folder,
        budget=options.budget,
        size=options.generation_size,
        duels=options.duels,
        spread=options.spread,
        scouting=options.scouting,
        known=_known_scouts(options, game),
        eval_every=options.eval_every,
        flags={name: value for name, value in family_flags.values(options).items() if name not in NEUTRAL_FLAGS},
        resume=options.resume,
    )


def _known_scouts(options: argparse.Namespace, game: Game) -> Array:
    """The numbers of the bots of `--scout`, float64 [K, D]. Raises UserError (code 2) for one of no such family."""
    family, known = game.families[options.family], []
    for name in options.scout:
        bot = load_policy(game, name)
        if not isinstance(bot, Member) or bot.family.parameters != family.parameters:
            what = "a whole family" if name in game.families else f"not a bot of family {options.family}"
            expected = f"one bot of family {options.family}, by its name or its .bot.json file"
            raise UserError(f"--scout {name}: {what}; expected {expected}", 2)
        known.append(bot.numbers)
    return np.array(known).reshape(-1, len(family.parameters))


def _check_room(task: FamilyTask) -> None:
    """Raise UserError (code 2) unless the known bots fit among the scouts, of which the first is the standard bot."""
    room = task.rounds[0].scouts - 1 if task.rounds else 0
    if len(task.known) > room:
        too_many = f"--scout: {counted(len(task.known), 'bot')} given, and the scouting has room for {room}"
        raise UserError(f"{too_many}; raise --budget or --scouting", 2)


def numbers_table(family: Family, numbers: Array) -> Table:
    """The numbers of a bot beside the standard ones, those that moved the farthest in their range first."""
    moved = to_shares(family, numbers) - to_shares(family, standard_numbers(family))
    table = Table(title="the bot that was found")
    table.add_column("number", overflow="fold")
    for heading in ("standard", "found", "moved by, of its range"):
        table.add_column(heading, justify="right", no_wrap=True)
    for k in np.argsort(-np.abs(moved), kind="stable"):
        parameter = family.parameters[k]
        table.add_row(parameter.name, f"{parameter.standard:g}", f"{numbers[k]:g}", f"{moved[k]:+.0%}")
    return table


def curves_table(results: Exploit) -> Table:
    """Win rate over time of every search; its last row is the best version on unseen seeds."""
    table = Table(title=f"best responses against {results.target}: win rate with its 95 % Wilson interval")
    table.add_column("start or family", overflow="fold")
    for heading in ("spent", "won", "drawn", "lost", "win rate", "interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    for start, search_of in results.searches.items():
        for point in search_of.curve:
            table.add_row(start, *_cells(point, search_of.unit))
        if search_of.final:
            table.add_row(f"{start}, best", *_cells(search_of.final, search_of.unit), style="bold", end_section=True)
    return table


def _cells(point: Point, unit: str) -> tuple[str, ...]:
    counts = (f"{number:,}" for number in (point.wins, point.draws, point.losses))
    return (counted(point.spent, unit), *counts, f"{point.win_rate:.1%}", f"{100 * point.low:.1f}-{point.high:.1%}")


def _digest(game: Game, target: str) -> str:
    """SHA-256 of the files behind a target, so that --resume meets the same weights; "" for a bot without one.

    What is no file, as the name of a style, counts as it is written.
    """
    name, level = split_noise(target)[0], level_name(split_noise(target)[0])
    bot, style = (bot_of(game, level), f"level-{level.level}") if level else split_style(name)
    known = {**bot_files(game), **trained_bots(game)}
    if bot not in known and not files_of(target):
        return ""
    file = known.get(bot, Path(bot))
    parts = [file, Path(style), *([levels_path(file)] if level else []), *([Path(target)] if name != target else [])]
    return hashlib.sha256(b"".join(p.read_bytes() if p.is_file() else bytes(p) for p in parts)).hexdigest()
