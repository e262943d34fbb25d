"""Matches between bots as `run_match` plays and records them: who plays what, and a line for each match."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from botgame import rng
from botgame.bot_names import in_style
from botgame.errors import UserError
from botgame.files import check_writable
from botgame.game import Ended, Policy, Setup, own_factions
from botgame.lms.arena_simulation import ArenaSimulation
from botgame.lms.game import EXPERT, STYLES, lms
from botgame.lms.replay.format import Replay, write
from botgame.lms.replay.record import Recorder
from botgame.lms.rules import MAX_SEATS, MAX_SECONDS, MIN_SEATS, MIN_SECONDS, SCHOOLS, TICKS_PER_SECOND
from botgame.lms.simulation.kernel import is_cold
from botgame.play import play
from botgame.policies import load_policy
from botgame.server.schools import drawn_school
from botgame.wording import counted

SLOTS = 64
MOST_MATCHES = 1_000_000
_ROYALE_SEATS = 8
_EXPERT_SEAT, _BOT = 0x736561, 0x626F74  # purposes of random draws


@dataclass(frozen=True)
class RecordingPlan:
    """The matches to play. bots: all that may play; cast: the bot of each seat, or None to draw them by seed."""

    bots: tuple[str, ...]
    cast: tuple[int, ...] | None
    seats: int
    schools: tuple[int | None, ...]
    duration_ticks: int
    seed: int
    matches: int

    def setups(self, own: Mapping[int, int] | None = None) -> Iterator[Setup]:
        """Match i has seed `seed + i`; everything about it follows from that number.

        own: school of each bot that was trained in one school only; it plays that school unless another is chosen.
        """
        for seed in range(self.seed, self.seed + self.matches):
            bots = self.cast or self._draw_bots(seed)
            drawn = [drawn_school(seed, seat) for seat in range(self.seats)]
            schools = zip(self.schools, ((own or {}).get(bot) for bot in bots), drawn, strict=True)
            chosen = tuple(next(school for school in each if school is not None) for each in schools)
            yield Setup(seed, bots, chosen, self.duration_ticks)

    def _draw_bots(self, seed: int) -> tuple[int, ...]:
        """`lms_re` (bot 0) in one seat; in the others `lms_re` or, half the time, one of the rest."""
        expert = rng.derive(seed, _EXPERT_SEAT) % self.seats
        draws = [rng.derive(seed, _BOT, seat) for seat in range(self.seats)]
        others = [0 if draw % 2 == 0 else 1 + draw // 2 % (len(self.bots) - 1) for draw in draws]
        return tuple(0 if seat == expert else other for seat, other in enumerate(others))


def record(arguments: Namespace) -> None:
    """The whole of `run_match`, from parsed flags on. Raises UserError."""
    plan = make_plan(arguments)
    policies = [load_policy(lms(), name) for name in plan.bots]
    if arguments.record_replay:
        check_writable(arguments.data_dir / "replay")
    if is_cold():
        print("compiling the simulation once, this takes about half a minute", file=sys.stderr)
    _run(plan, policies, arguments.data_dir if arguments.record_replay else None)


def make_plan(arguments: Namespace) -> RecordingPlan:
    """Check the flags and make the plan. Raises UserError (exit code 2), naming the flag."""
    bots = _names(arguments.bots, "--bots") if arguments.bots is not None else None
    if arguments.style is not None:
        bots = in_style(bots or _default_bots(), arguments.style)
    seats = _seats(arguments, bots)
    duration = arguments.episode_duration
    if not MIN_SECONDS <= duration <= MAX_SECONDS:
        raise _usage(f"--episode-duration is {duration:g}, expected {MIN_SECONDS:g} to {MAX_SECONDS:g} seconds")
    if arguments.num_matches > MOST_MATCHES:
        raise _usage(f"--num-matches is {arguments.num_matches}, expected 1 to {MOST_MATCHES}")
    if arguments.seed + arguments.num_matches > 2**63:
        raise _usage(f"--seed {arguments.seed} is too large for {arguments.num_matches} matches, use a smaller one")
    return RecordingPlan(
        bots=tuple(dict.fromkeys(bots)) if bots else _default_bots(),
        cast=tuple(list(dict.fromkeys(bots)).index(name) for name in bots) if bots else None,
        seats=seats,
        schools=_schools(arguments.seat_schools, seats),
        duration_ticks=round(duration * TICKS_PER_SECOND),
        seed=arguments.seed,
        matches=arguments.num_matches,
    )


def _usage(message: str) -> UserError:
    return UserError(message, code=2)


def _names(text: str, flag: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise _usage(f"{flag} is {text!r}, expected names with commas between them")
    return names


def _default_bots() -> tuple[str, ...]:
    """The expert, then the styles."""
    return EXPERT, *STYLES


def _seats(arguments: Namespace, bots: list[str] | None) -> int:
    flag = "--bots" if bots is not None else "--num-scripted-bots"
    if bots is not None:
        seats = len(bots)
    elif arguments.num_scripted_bots is not None:
        seats = int(arguments.num_scripted_bots)
    else:
        seats = _ROYALE_SEATS if arguments.mode == "royale" else MIN_SEATS
    if not MIN_SEATS <= seats <= MAX_SEATS:
        raise _usage(f"{flag} gives {counted(seats, 'seat')}, expected {MIN_SEATS} to {MAX_SEATS}")
    if arguments.mode is not None and (arguments.mode == "duel") != (seats == MIN_SEATS):
        wanted = "2 seats" if arguments.mode == "duel" else f"3 to {MAX_SEATS} seats"
        raise _usage(f"--mode {arguments.mode} needs {wanted}, {flag} gives {seats}")
    return seats


def _schools(text: str | None, seats: int) -> tuple[int | None, ...]:
    if text is None:
        return (None,) * seats
    names = _names(text, "--seat-schools")
    if len(names) != seats:
        raise _usage(f"--seat-schools names {len(names)} schools for {seats} seats, expected one for each seat")
    for name in names:
        if name not in (*SCHOOLS, "any"):
            raise _usage(f"--seat-schools has {name!r}, expected {', '.join(SCHOOLS)} or any")
    return tuple(None if name == "any" else SCHOOLS.index(name) for name in names)


def _run(plan: RecordingPlan, policies: list[Policy], folder: Path | None) -> None:
    """Play all matches and print a line for each, in the order of the seeds."""
    game, saved, began = lms(), _SavedReplays(folder), time.perf_counter()

    def listen(simulation: ArenaSimulation) -> Recorder:
        return Recorder(simulation.arena, plan.bots, saved.save)

    setups, slots = plan.setups(own_factions(game, policies)), min(SLOTS, plan.matches)
    listener, lines = listen if folder is not None else None, _OrderedLines()
    try:
        for ended in play(game, policies, setups, slots=slots, seats=plan.seats, listen=listener):
            lines.add(ended.episode, _line(plan, ended, saved.paths.pop(ended.episode, None)))
    finally:  # also after Ctrl-C: finished matches are on disk already
        lines.print_rest()
    if plan.matches > 1:
        spent, size = time.perf_counter() - began, f", {saved.bytes / 1024:.0f} KiB in {folder}" if folder else ""
        print(f"{plan.matches} matches in {spent:.1f} s{size}")


class _SavedReplays:
    """Writes replays into a folder; `paths`: their files by episode; `bytes`: their size in all."""

    def __init__(self, folder: Path | None) -> None:
        self.paths: dict[int, Path] = {}
        self.bytes = 0
        self._folder = folder

    def save(self, episode: int, replay: Replay) -> None:
        """Write one replay."""
        assert self._folder is not None
        self.paths[episode] = write(self._folder, replay)
        self.bytes += self.paths[episode].stat().st_size


class _OrderedLines:
    """Prints a line for each match in the order of the episodes, which may end in any order."""

    def __init__(self) -> None:
        self._waiting: dict[int, str] = {}
        self._printed = 0

    def add(self, episode: int, line: str) -> None:
        """Print the line as soon as those before it are printed."""
        self._waiting[episode] = line
        while self._printed in self._waiting:
            print(self._waiting.pop(self._printed), flush=True)
            self._printed += 1

    def print_rest(self) -> None:
        """Print the lines that still wait."""
        for episode in sorted(self._waiting):
            print(self._waiting[episode], flush=True)


def _line(plan: RecordingPlan, ended: Ended, path: Path | None) -> str:
    """`seed 1001: duel of 34.2 s, lms_re (pyromancer) beats kiter (stormcaller)  data/processed/...`."""
    places = ended.outcome.places.tolist()
    names = [f"{plan.bots[p]} ({SCHOOLS[s]})" for p, s in zip(ended.setup.players, ended.setup.factions, strict=True)]
    mode = "duel" if plan.seats == MIN_SEATS else f"royale of {plan.seats}"
    first = [name for name, place in zip(names, places, strict=True) if place == 1]
    rest = [name for _, name in sorted(zip(places, names, strict=True), key=lambda pair: pair[0])][len(first) :]
    if len(first) == 1:
        result = f"{first[0]} beats {', '.join(rest)}"
    else:
        result = f"draw of {' and '.join(first)}" + (f", then {', '.join(rest)}" if rest else "")
    line = f"seed {ended.setup.seed}: {mode}, {ended.outcome.ticks / TICKS_PER_SECOND:.1f} s, {result}"
    return line if path is None else f"{line} -> {path.as_posix()}"
