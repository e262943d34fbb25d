"""From the flags of `evaluate` to matches, tables and a JSON report."""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from botgame.bot_names import files_of, in_style, is_checkpoint, level_name
from botgame.errors import UserError
from botgame.files import check_writable, write_atomic
from botgame.game import Game, Policy
from botgame.games import load_game
from botgame.handicapped import HandicappedPolicy
from botgame.levels import bot_of, find_level
from botgame.outputs import check_result, json_of
from botgame.policies import load_policy
from botgame.seat_limits import limits_of
from botgame.training.console import description_column, plain_console, say
from botgame.training.evaluation.duels import DUEL, Tally, mirrored_results, usual_seats
from botgame.training.evaluation.figures import Pair, standing_dict, standings, versus, versus_dict
from botgame.training.evaluation.placings import Placing, royale_results
from botgame.training.evaluation.tables import (
    counts_table,
    placings_table,
    ratings_table,
    results_table,
    rewards_table,
    versus_line,
    versus_table,
)
from botgame.training.runs.game_flags import chosen_duration, rules_digest
from botgame.wording import counted

FORMAT = "botgame-evaluation-1"
Result = TypeVar("Result", Tally, Placing)


class Plan(NamedTuple):
    """Who takes part, and which pairs of them meet. a, b: the two populations of --versus, b empty without it."""

    names: list[str]
    pairs: list[Pair]
    a: list[int]
    b: list[int]


def evaluate(args: argparse.Namespace) -> int:
    """The whole command: play, print the tables and write the JSON. Returns the exit code; raises UserError."""
    game = load_game(args.game)
    if args.json is not None:
        files = [("POLICY", path) for name in (*args.policies, *args.versus) for path in files_of(name)]
        check_result("--json", args.json, ".json", files, json_of(FORMAT))
    everybody = in_style([*args.policies, *args.versus], args.style)
    first = len(args.policies)
    plan = make_plan(everybody[:first], everybody[first:], game.yardstick, round_robin=args.round_robin)
    args.seats = args.seats or usual_seats(game)
    _check_seats(args, game)
    policies = _load(game, plan.names, args.device, args.threads)
    if args.json is not None:
        check_writable(args.json)
    console = plain_console()
    if args.seats > DUEL:
        placings = _play(game, plan, policies, args, functools.partial(royale_results, seats=args.seats))
        console.print(placings_table(plan.names, placings))
        report = _report(game, plan.names, placings, args)
    else:
        report = _judge_duels(game, plan, policies, args, console)
    lines = *faction_lines(policies, any_faction=args.any_faction), *limit_lines(game, policies)
    for line in (*lines, *level_lines(game, plan.names)):
        say(console, line)
    if args.json is not None:
        write_atomic(args.json, json.dumps(report, indent=2).encode() + b"\n")
        say(console, f"written to {args.json}")
    return 0


def _judge_duels(
    game: Game, plan: Plan, policies: Sequence[Policy], args: argparse.Namespace, console: Console
) -> dict[str, Any]:
    """Play duels and print their tables; returns the figures for the JSON."""
    tallies = _play(game, plan, policies, args, mirrored_results)
    console.print(results_table(plan.names, tallies))
    for line in repeat_lines(plan.names, tallies):
        say(console, line)
    if game.reward_points:
        console.print(rewards_table(plan.names, tallies))
    report = _report(game, plan.names, tallies, args)
    if args.round_robin:
        standing = standings(plan.names, tallies, game.yardstick)
        console.print(ratings_table(standing, game.yardstick))
        report |= {"anchor": game.yardstick, "ratings": [standing_dict(one) for one in standing]}
    if args.versus:
        result = versus(plan.names, plan.a, plan.b, tallies, args.seed)
        say(console, versus_line(result))
        console.print(versus_table(result))
        report |= {"relative_population_performance": versus_dict(result)}
    if game.counted:
        console.print(counts_table(plan.names, game.counted, tallies))
    return report


def repeat_lines(names: Sequence[str], tallies: Mapping[Pair, Tally]) -> list[str]:
    """Which pairs played one match again and again."""
    return [
        f"{names[a]} and {names[b]}: all {counted(tally.matches, 'match')} went alike but for the seats, "
        f"whatever the seed; they count as {tally.distinct}"
        for (a, b), tally in tallies.items()
        if tally.distinct
    ]


def faction_lines(policies: Sequence[Policy], *, any_faction: bool) -> list[str]:
    """What the figures of policies that were trained in one faction alone mean."""
    lines = []
    for policy in policies:
        if faction := getattr(policy, "faction", ""):
            other = "all factions here, which it never learned"
            played = other if any_faction else "that one here (--any-faction: all)"
            lines.append(f"{policy.name} was trained as {faction} only and plays {played}")
    return lines


def limit_lines(game: Game, policies: Sequence[Policy]) -> list[str]:
    """Who plays under other limits than everybody else."""
    trained = [policy for policy in policies if not isinstance(policy, HandicappedPolicy)]
    limits = {policy.name: limits_of(policy) for policy in trained}
    uncapped = game.action_caps.uncapped if game.action_caps else 0
    lines = []
    for name, (cap, reaction) in limits.items():
        if cap:
            text = "no cap" if cap == uncapped else f"a cap of {cap}"
            lines.append(f"{name} plays under {text} on its actions, as it was trained")
        if reaction:
            lines.append(f"{name} sees everything {counted(reaction, 'tick')} late, as it was trained")
    return lines


def level_lines(game: Game, names: Sequence[str]) -> list[str]:
    """What each level among the names is, and the rating that was measured for it."""
    lines = []
    for name in names:
        part = level_name(name)
        if part is not None:
            level = find_level(game, part)
            facts = level.facts(game.spec.ticks_per_second)
            lines.append(f"{name} is {bot_of(game, part)}, {facts}; rated {level.rating:+.0f} among its levels")
    return lines


def _check_seats(args: argparse.Namespace, game: Game) -> None:
    if args.seats not in game.seat_numbers:
        known = ", ".join(map(str, game.seat_numbers))
        raise UserError(f"--seats is {args.seats}, game {game.name} has matches of {known} seats", 2)
    if args.seats > DUEL and (args.round_robin or args.versus):
        raise UserError(f"--seats {args.seats}: --round-robin and --versus rate duels; leave them out", 2)


def make_plan(policies: Sequence[str], rivals: Sequence[str], anchor: str, *, round_robin: bool) -> Plan:
    """Raises UserError (code 2) when there is nobody to meet, or a set names a policy twice."""
    if len(policies) < 2 and not rivals and not round_robin:
        raise UserError("evaluate needs two or more policies: the one to judge, then its opponents", 2)
    for given in (policies, rivals) if round_robin or rivals else ():
        if len(set(given)) < len(given):
            raise UserError(f"a policy is named twice in {' '.join(given)}; name each once", 2)
    names = list(policies) if not round_robin and not rivals else list(dict.fromkeys([*policies, *rivals]))
    if round_robin and anchor not in names:
        print(f"{anchor} takes part as the anchor of the ratings", file=sys.stderr)
        names.append(anchor)
    if len(names) < 2:
        raise UserError(f"{names[0]} has nobody to meet: name further policies", 2)
    a, b = [names.index(name) for name in policies], [names.index(name) for name in rivals]
    pairs = list(itertools.combinations(range(len(names)), 2))
    if rivals and not round_robin:
        pairs = [pair for pair in pairs if (pair[0] in a and pair[1] in b) or (pair[1] in a and pair[0] in b)]
    elif not round_robin:
        pairs = [pair for pair in pairs if pair[0] == 0]
    return Plan(names, pairs, a, b)


def _load(game: Game, names: Sequence[str], device: str, threads: int) -> list[Policy]:
    if any(is_checkpoint(name) for name in names):
        from botgame.training.runs.run import choose_device  # brings torch, which scripted bots do without

        device = str(choose_device(device, cpu=False, threads=threads))
    return [load_policy(game, name, device="cpu" if device == "auto" else device) for name in names]


def _play(
    game: Game, plan: Plan, policies: Sequence[Policy], args: argparse.Namespace, judge: Callable[..., Result]
) -> dict[Pair, Result]:
    """What `judge` says of each pair."""
    results = {}
    columns = (description_column(), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=plain_console(stderr=True), transient=True) as progress:
        everything = progress.add_task("all pairs", total=len(plan.pairs) * (args.matches + -args.matches % args.seats))
        for a, b in plan.pairs:
            progress.update(everything, description=f"{plan.names[a]} - {plan.names[b]}")
            results[a, b] = judge(
                game,
                policies[a],
                policies[b],
                args.matches,
                args.seed,
                duration_ticks=chosen_duration(game, args.episode_duration),
                parallel=args.parallel,
                any_faction=args.any_faction,
                on_match=functools.partial(progress.advance, everything),
            )
    return results


def _report(
    game: Game, names: Sequence[str], results: Mapping[Pair, Tally | Placing], args: argparse.Namespace
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "game": game.name,
        "seed": args.seed,
        "episode_duration": args.episode_duration or game.seconds,
        "rules": rules_digest(game),
        "policies": list(names),
        "pairs": [{"a": names[a], "b": names[b], **result.to_dict()} for (a, b), result in results.items()],
    }
