"""Plays matches of any game and records them: the work behind `botgame.record`."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from botgame import rng
from botgame.errors import UserError
from botgame.files import check_writable
from botgame.game import Game, Setup, own_factions
from botgame.games import load_game
from botgame.play import play
from botgame.policies import load_policy
from botgame.recordings.format import Content, write_recording
from botgame.recordings.recorder import MatchRecorder, check_saved
from botgame.setups import drawn_factions
from botgame.wording import counted

SLOTS = 64
_RECORDED = 0x7265636F7264  # purpose of the matches' random key: what learns from them is measured on others


def record(options: Namespace) -> str:
    """Play and record what the flags say. Returns one line about it; raises UserError."""
    game, names = load_game(options.game), [name.strip() for name in options.bots.split(",")]
    check_recordable(game, names)
    folder = options.data_dir or Path("data") / re.sub(r"[^A-Za-z0-9._-]", "_", game.name)
    check_writable(folder / "match")
    policies = [load_policy(game, name) for name in names]
    seats, saved = len(names), []

    def save(content: Content) -> None:
        saved.append(write_recording(folder, content))

    setups = rotated_setups(game, options.seed, options.matches, seats, own_factions(game, policies))
    for _ in play(
        game,
        policies,
        setups,
        slots=SLOTS,
        seats=seats,
        listen=lambda simulation: MatchRecorder(game, simulation, names, save),
    ):
        pass
    size = sum(path.stat().st_size for path in saved) / 1024
    return f"{counted(len(saved), 'match')}, {size:,.0f} KiB in {folder}"


def rotated_setups(game: Game, seed: int, matches: int, seats: int, own: Mapping[int, int]) -> Iterator[Setup]:
    """Each match on a seed of its own, the players a seat further each time. own: factions of players that have one."""
    names = {player: game.factions[faction] for player, faction in own.items()}
    for number in range(matches):
        key = rng.derive(seed, _RECORDED, number)
        players = tuple((number + seat) % seats for seat in range(seats))
        draws = [rng.derive(key, seat, 1) for seat in range(seats)]
        factions = drawn_factions(game, draws, [names.get(player, "") for player in players])
        yield Setup(key, players, factions, game.duration_ticks, tag=number)


def check_recordable(game: Game, names: Sequence[str]) -> None:
    """Raise UserError (code 2) for a game that cannot be recorded here, and for bots that it has no seats for."""
    if game.demonstrations is not None:
        raise UserError(f"game {game.name} has recordings of its own: python -m botgame.server.run_match makes them", 2)
    check_saved(game)
    if len(names) not in game.seat_numbers:
        known = ", ".join(map(str, game.seat_numbers))
        raise UserError(f"--bots names {len(names)}, game {game.name} has matches of {known} seats", 2)
