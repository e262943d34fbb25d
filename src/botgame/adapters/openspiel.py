"""`--game openspiel:NAME`: the games of OpenSpiel, sequential and with simultaneous moves.

NAME may have parameters, as in `openspiel:goofspiel(num_cards=4,imp_info=True)`. A seat sees the information state
tensor where a game hides something, else the observation tensor, and the critic also sees what the others see. Chance
is drawn from the match's seed. A return of 1 is the largest utility of the game.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyspiel

from botgame import rng
from botgame.adapters.adapted import adapted_game, adapted_spec, seat_names
from botgame.adapters.search_bots import HISTORY, search_bots
from botgame.errors import UserError
from botgame.game import Array, Game, Observation
from botgame.spec import Array as Layout
from botgame.spec import Head, Spec

_CHANCE = 0x6368616E6365  # purpose of the random numbers of chance nodes


class OpenSpielCopy:
    """A `Copy` around one state. tensor: what a seat sees of a state; hidden: whether the others see something else."""

    def __init__(self, game: Any, tensor: Callable[[Any, int], Sequence[float]], *, hidden: bool, unit: float) -> None:
        self._game, self._tensor, self._hidden, self._unit = game, tensor, hidden, unit
        self._seats = game.num_players()
        self.reset(0)

    def reset(self, seed: int) -> None:
        """See `Copy.reset`."""
        self._key, self._draws = rng.derive(seed, _CHANCE), 0
        self._state = self._game.new_initial_state()
        self._pass_chance()

    @property
    def waiting(self) -> Sequence[int]:
        """See `Copy.waiting`."""
        return self._waiting

    def observe(self, seat: int, into: Observation) -> None:
        """See `Copy.observe`."""
        marks = np.eye(self._seats)[seat] if self._seats > 1 else ()
        into["scalars"][:] = (*self._tensor(self._state, seat), *marks)
        into["legal"][:] = self._state.legal_actions_mask(seat)
        if self._hidden:
            others = [other for other in range(self._seats) if other != seat]
            into["privileged"][:] = [number for other in others for number in self._tensor(self._state, other)]
        if HISTORY in into:
            history = self._state.history()
            into[HISTORY][:] = -1
            into[HISTORY][: len(history)] = history

    def act(self, actions: Mapping[int, Array]) -> None:
        """See `Copy.act`."""
        if self._state.is_simultaneous_node():
            self._state.apply_actions([int(actions[seat][0]) for seat in range(self._seats)])
        else:
            ((_, action),) = actions.items()
            self._state.apply_action(int(action[0]))
        self._pass_chance()

    @property
    def returns(self) -> Array:
        """See `Copy.returns`."""
        return np.array(self._state.returns(), np.float32) / np.float32(self._unit)

    def _pass_chance(self) -> None:
        """Draw the outcomes of chance nodes until somebody is to move."""
        state = self._state
        while state.is_chance_node():
            outcomes, shares = zip(*state.chance_outcomes(), strict=True)
            draw = rng.uniforms(np.array([rng.derive(self._key, self._draws)], np.uint64), 1)[0, 0]
            place = np.searchsorted(np.cumsum(shares), draw * sum(shares), side="right")
            state.apply_action(outcomes[min(int(place), len(outcomes) - 1)])
            self._draws += 1
        self._waiting = self._to_move()

    def _to_move(self) -> list[int]:
        if self._state.is_terminal():
            return []
        if self._state.is_simultaneous_node():
            return list(range(self._seats))
        return [self._state.current_player()]


def openspiel(name: str) -> Game:
    """The game of that name. Raises UserError for one that there is not, or that cannot be played here."""
    game = _load(name)
    kind, title = game.get_type(), f"openspiel:{name}"
    if kind.dynamics == pyspiel.GameType.Dynamics.MEAN_FIELD:
        raise UserError(f"game {title}: a mean field game, expected sequential or simultaneous moves", 2)
    hidden = kind.information == pyspiel.GameType.Information.IMPERFECT_INFORMATION
    tensor, size = _tensor_of(game, title, hidden=hidden)
    unit = max(abs(game.min_utility()), abs(game.max_utility())) or 1.0
    at_the_end = kind.reward_model == pyspiel.GameType.RewardModel.TERMINAL
    zero_sum = kind.utility == pyspiel.GameType.Utility.ZERO_SUM
    seats = game.num_players()
    spec = _spec(game, title, size, hidden=hidden and seats > 1, dense=not (at_the_end and zero_sum))
    bots = search_bots(game)
    sampled = kind.chance_mode == pyspiel.GameType.ChanceMode.SAMPLED_STOCHASTIC
    return adapted_game(
        spec,
        lambda: OpenSpielCopy(game, tensor, hidden=bool(spec.privileged), unit=unit),
        seats,
        unit=unit,
        rules={"environment": str(game)},
        bots=bots,
        extra={HISTORY: Layout((game.max_game_length(),), np.dtype(np.int64))} if bots else None,
        unsaved=f"game {title} draws its own chance, so its matches cannot be saved" if sampled else "",
    )


def _load(name: str) -> Any:
    if name.partition("(")[0] not in pyspiel.registered_names():
        raise UserError(f"game openspiel:{name}: OpenSpiel has no such game; see pyspiel.registered_names()", 2)
    try:
        return pyspiel.load_game(name)
    except pyspiel.SpielError as error:
        raise UserError(f"game openspiel:{name}: {str(error).splitlines()[0]}; correct its parameters", 2) from None


def _tensor_of(game: Any, title: str, *, hidden: bool) -> tuple[Callable[[Any, int], Sequence[float]], int]:
    """What a seat sees of a state, and how many numbers that are. Raises UserError for a game without a tensor."""
    kind = game.get_type()
    if kind.provides_information_state_tensor and (hidden or not kind.provides_observation_tensor):
        return lambda state, seat: state.information_state_tensor(seat), game.information_state_tensor_size()
    if kind.provides_observation_tensor:
        return lambda state, seat: state.observation_tensor(seat), game.observation_tensor_size()
    raise UserError(f"game {title}: it has neither an observation tensor nor one of the information state", 2)


def _spec(game: Any, title: str, size: int, *, hidden: bool, dense: bool) -> Spec:
    seats = game.num_players()
    scalars = [*(f"tensor {number}" for number in range(size)), *seat_names(seats)]
    others = [f"other {other}: tensor {number}" for other in range(1, seats) for number in range(size)]
    head = Head("action", game.num_distinct_actions(), "categorical", "action")
    return adapted_spec(title, scalars, [head], dense=dense, privileged=others if hidden else ())
