"""Makes recordings while matches are played."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from botgame.action_check import ActionCheck
from botgame.errors import UserError
from botgame.game import Array, Due, Ended, Game, Setup, Simulation
from botgame.recordings.format import Content


class MatchRecorder:
    """A `botgame.game.Listener` that hands each finished match to `save`. names: of the players."""

    def __init__(
        self, game: Game, simulation: Simulation, names: Sequence[str], save: Callable[[Content], None]
    ) -> None:
        self._game, self._simulation, self._names, self._save = game, simulation, names, save
        self._check = ActionCheck(game.spec.heads)
        self._ticks: list[int] = []
        self._rows: dict[int, list[tuple[int, ...]]] = {}

    def begin(self, slot: int, setup: Setup) -> None:  # noqa: ARG002 - `end` has it too
        """See `Listener.begin`."""
        self._rows[slot] = []

    def decisions(self, due: Due) -> None:
        """See `Listener.decisions`."""
        self._ticks = self._simulation.ticks[due.slot].tolist()

    def accepted(self, due: Due, actions: Array) -> None:
        """See `Listener.accepted`. Raises UserError for a category that a head does not have."""
        actions = self._check.checked(actions, len(due.slot))
        rows = zip(self._ticks, due.slot.tolist(), due.seat.tolist(), actions.tolist(), strict=True)
        for tick, slot, seat, action in rows:
            self._rows[slot].append((tick, seat, *action))

    def end(self, ended: Ended) -> None:
        """See `Listener.end`."""
        setup, game = ended.setup, self._game
        self._save(
            Content(
                game=game.name,
                spec=game.spec.digest(),
                seed=setup.seed,
                factions=setup.factions,
                duration_ticks=setup.duration_ticks,
                policies=tuple(self._names[player] for player in setup.players),
                places=tuple(ended.outcome.places.tolist()),
                ticks=ended.outcome.ticks,
                decisions=tuple(self._rows.pop(ended.slot)),
            )
        )


def check_saved(game: Game) -> None:
    """Raise UserError (code 2) for a game whose matches do not repeat themselves: no recording of it means anything."""
    simulation = game.simulate(1, game.seats)
    try:
        simulation.snapshot()
    except UserError as error:
        raise UserError(str(error), 2) from error
