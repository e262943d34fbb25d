r"""Play matches of any game between its bots and record them: what imitation learns from.

    python -m botgame.record --game openspiel:connect_four --bots search-4,random --matches 200

writes a file a match into `--data-dir`, `data/GAME` unless given: who played, the seed and every decision. Bots change
seats from match to match. The arena's own recordings, which the viewer shows, are made by `botgame.server.run_match`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from botgame import cli, rng
from botgame.errors import UserError
from botgame.files import check_writable
from botgame.game import Game, Setup, own_factions
from botgame.games import load_game
from botgame.play import play
from botgame.policies import load_policy
from botgame.recordings import Content, MatchRecorder, check_saved, write_recording
from botgame.setups import drawn_factions

SLOTS = 64


def build_parser() -> cli.Parser:
    """The flags of `record`."""
    parser = cli.Parser("botgame.record", "Play matches of any game and record them for imitation.")
    parser.flag("--game", required=True, metavar="NAME|MODULE:FACTORY", help="the game, as every command takes it")
    text = "who plays, one for each seat: names of the game's bots, .pt files, module:factory"
    parser.flag("--bots", required=True, metavar="A,B,...", help=text)
    parser.flag("--matches", type=cli.positive_int, default=200, help="matches to record")
    parser.flag("--seed", type=cli.seed, default=0, help="decides every match")
    parser.flag("--data-dir", type=cli.path, default=None, help="where the files go; data/GAME unless given")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Play and record; returns the exit code."""
    options = build_parser().parse_args(argv)
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
    print(f"{len(saved)} matches, {size:,.0f} KiB in {folder}")
    return 0


def rotated_setups(game: Game, seed: int, matches: int, seats: int, own: Mapping[int, int]) -> Iterator[Setup]:
    """Each match on a seed of its own, the players a seat further each time. own: factions of players that have one."""
    names = {player: game.factions[faction] for player, faction in own.items()}
    for number in range(matches):
        key = rng.derive(seed, number)
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
