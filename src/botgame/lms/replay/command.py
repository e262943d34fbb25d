"""What `botgame.replay` does: it verifies, shows and exports replays, and measures how a seat played."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from botgame import files
from botgame.errors import UserError
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import Replay, read
from botgame.lms.replay.header import CONTROLLERS
from botgame.lms.replay.showing.export import export
from botgame.lms.replay.showing.picture import picture
from botgame.lms.replay.showing.policy_readout import find_readout, read_readout
from botgame.lms.replay.showing.style import show_statistic_z
from botgame.lms.replay.showing.texts import clock, printable, winner
from botgame.lms.replay.verify import Verdict, expand, verify
from botgame.lms.rules import SCHOOLS, TICKS_PER_SECOND, VERBS
from botgame.lms.simulation.kernel import is_cold
from botgame.lms.simulation.state import UNCAPPED
from botgame.outputs import check_apart, check_own, file_with, json_of
from botgame.statistic_z_file import FORMAT as STYLE

_RESULTS = {"show": file_with("<svg"), "export": file_with("<title>botgame replay"), "style": json_of(STYLE)}


def run(arguments: Namespace) -> int:
    """Run the sub-command that was parsed; returns the exit code. Raises UserError."""
    _check_results(arguments)
    commands = {"verify": _verify, "show": _show, "export": _export, "style": _style}
    return commands[arguments.command](arguments)


def _check_results(arguments: Namespace) -> None:
    """Raise UserError (code 2) when a result would take the place of what is read, or of a file of another kind."""
    given = [("replay", path) for path in (arguments.paths if "paths" in arguments else [arguments.path])]
    if getattr(arguments, "thoughts", None) is not None:
        given.append(("--thoughts", arguments.thoughts))
    for name in ("output", "svg"):
        if (result := getattr(arguments, name, None)) is not None:
            check_apart(f"--{name}", [result], given)
            check_own({result: _RESULTS[arguments.command]})


def _style(arguments: Namespace) -> int:
    for line in show_statistic_z(arguments.path, arguments.seat, arguments.output):
        print(line)
    return 0


def _verify(arguments: Namespace) -> int:
    paths, missing = _expand(arguments.paths)
    if is_cold():
        print("compiling the simulation once, this takes about half a minute", file=sys.stderr)
    good, bad = 0, len(missing)
    for verdict in verify(paths, min(arguments.matches, 1024)):
        if verdict.fault is not None:
            bad += 1
            print(f"BAD {verdict.path}: {verdict.fault}")
        else:
            good += 1
            if len(paths) == 1:
                print(_good(verdict))
    print(f"{good + bad} checked: {good} good, {bad} bad")
    return 1 if bad else 0


def _expand(given: Sequence[Path]) -> tuple[list[Path], list[ReplayError]]:
    """Files to check, and the paths that lead to none (which are printed)."""
    paths: list[Path] = []
    missing = []
    for path in given:
        try:
            paths += expand([path])
        except ReplayError as error:
            missing.append(error)
            print(f"BAD {error}")
    return list(dict.fromkeys(paths)), missing


def _good(verdict: Verdict) -> str:
    assert verdict.replay is not None
    digests = len(verdict.replay.decisions.digest)
    return f"good {verdict.path}: {winner(verdict.replay)}, {digests} state digests and the outcome agree"


def _show(arguments: Namespace) -> int:
    paths, missing = _expand(arguments.paths)
    if arguments.svg is not None and len(paths) + len(missing) != 1:
        raise UserError(f"--svg draws one match, got {len(paths)} replays: name one file", code=2)
    bad = len(missing)
    for path in paths:
        try:
            replay = read(path)
            print("\n".join(_summary(replay)))
            if arguments.svg is not None:
                files.write_atomic(arguments.svg, picture(replay).encode())
                print(f"picture written to {arguments.svg}")
        except ReplayError as error:
            bad += 1
            print(f"BAD {error}")
    return 1 if bad else 0


def _export(arguments: Namespace) -> int:
    replay = read(arguments.path)
    readout = find_readout(replay) if arguments.thoughts is None else read_readout(arguments.thoughts, replay)
    size = export(replay, arguments.output, readout)
    print(f"{winner(replay)}; page of {size // 1024} KiB written to {arguments.output}")
    return 0


def _summary(replay: Replay) -> Iterator[str]:
    header = replay.header
    yield f"{replay.path}"
    played = f"{clock(header.ticks)} of {clock(header.duration_ticks)}"
    yield f"  {header.mode}, seed {header.seed}, {played}: {winner(replay)}"
    yield "  seat place policy               school       held by  kills  dealt  taken  decisions  per s"
    for index, seat in enumerate(header.seats):
        rating = "" if seat.rating is None else f"  rating {seat.rating:.0f}"
        end = seat.death_tick if seat.death_tick >= 0 else header.ticks
        pace = seat.decisions * TICKS_PER_SECOND / max(1, end)
        yield (
            f"  {index:4d} {seat.place:5d} {printable(seat.policy):20s} {SCHOOLS[seat.school]:12s} "
            f"{CONTROLLERS[seat.controller]:7s} {seat.kills:6d} {seat.damage_dealt:6.0f} {seat.damage_taken:6.0f} "
            f"{seat.decisions:10d} {pace:6.1f}{rating}"
        )
    for index, seat in enumerate(header.seats):
        casts = ", ".join(f"{name} {count}" for name, count in zip(VERBS[1:], seat.casts[1:], strict=True) if count)
        limits = f"sees {seat.reaction} ticks late" if seat.reaction else "sees at once"
        limits += {0: "", UNCAPPED: ", uncapped"}.get(seat.cap, f", capped at {seat.cap}")
        yield f"  seat {index}: {casts or 'no casts'}; {limits}, {seat.illegal} illegal, {seat.capped} over the cap"
    for change in header.changes:
        yield f"  {clock(change.tick)}: seat {change.seat} is taken over by a {CONTROLLERS[change.controller]}"
    for mark in header.marks:
        yield f"  {clock(mark.tick)}: seat {mark.seat} marked {mark.value:+d}"
