"""The spaces of an environment of Gymnasium or PettingZoo as the spec of a game, and its values as arrays."""

from __future__ import annotations

from typing import Any

from gymnasium import Space

from botgame.adapters.action_space import acts_of
from botgame.adapters.adapted import adapted_spec, seat_names
from botgame.adapters.observation_space import MASK, Seen
from botgame.game import Array, Observation
from botgame.spec import Spec


class Layout:
    """How the seats of game `name` see and act. Raises UserError that names a space which cannot be translated.

    An action mask may lie in an observation or beside it in `info`, under `action_mask`.
    """

    def __init__(self, name: str, observation: Space[Any], action: Space[Any], seats: int) -> None:
        self.name, self._seats = name, seats
        self._seen, self._acts = Seen(observation, name), acts_of(action, name)

    @property
    def spec(self) -> Spec:
        """The spec of the game."""
        seen = self._seen
        scalars = [*seen.scalars, *seat_names(self._seats)]
        return adapted_spec(
            self.name, scalars, self._acts.heads, dense=True, raster=seen.raster, raster_size=seen.raster_size
        )

    def write(self, seat: int, observation: Any, info: Any, into: Observation) -> None:
        """Write what a seat sees into one row of the arrays."""
        self._seen.write(observation, into)
        if self._seats > 1:
            into["scalars"][len(self._seen.scalars) + seat] = 1.0
        mask = _mask(observation, info)
        if mask is not None:
            self._acts.write_legal(mask, into["legal"], self.name)

    def action(self, chosen: Array) -> Any:
        """The environment's action for the categories int64 [H] of the heads."""
        return self._acts.decode(chosen.tolist())

    def categories(self, action: Any) -> list[int]:
        """The categories of the heads for an action of the environment, of a continuous number the nearest step's."""
        return self._acts.encode(action)


def _mask(observation: Any, info: Any) -> Any:
    for place in (observation, info):
        if isinstance(place, dict) and MASK in place:
            return place[MASK]
    return None
