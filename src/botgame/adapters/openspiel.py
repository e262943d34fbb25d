"""`--game openspiel:NAME`: the games of OpenSpiel, sequential and with simultaneous moves.

NAME may have parameters, as in `openspiel:goofspiel(num_cards=4,imp_info=True)`. A seat sees the information state
tensor where a game hides something, else the observation tensor, and the critic also sees what the others see. Chance
is drawn from the match's seed. A return of 1 is the largest utility of the game.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


class Sight:
    """What a seat sees of a state of `game`. Raises UserError for a game without a tensor; title: for that message.

    size: numbers of the tensor. hidden: whether the others see something else.
    """

    def __init__(self, game: Any, title: str) -> None:
        kind, self.seats = game.get_type(), game.num_players()
        self._marks = np.eye(self.seats, dtype=np.float32)  # which seat sees
        secrets = kind.information == pyspiel.GameType.Information.IMPERFECT_INFORMATION
        self.hidden = secrets and self.seats > 1
        self._of_information = kind.provides_information_state_tensor and (
            secrets or not kind.provides_observation_tensor
        )
        if self._of_information:
            self.size = game.information_state_tensor_size()
        elif kind.provides_observation_tensor:
            self.size = game.observation_tensor_size()
        else:
            raise UserError(f"game {title}: it has neither an observation tensor nor one of the information state", 2)

    def write(self, state: Any, seat: int, into: Observation) -> None:
        """Write it into one row of the arrays."""
        into["scalars"][: self.size] = self._tensor(state, seat)
        if self.seats > 1:
            into["scalars"][self.size :] = self._marks[seat]
        into["legal"][:] = state.legal_actions_mask(seat)
        if self.hidden:
            others = [other for other in range(self.seats) if other != seat]
            into["privileged"][:] = [number for other in others for number in self._tensor(state, other)]
        if HISTORY in into:
            history = state.history()
            into[HISTORY][:] = -1
            into[HISTORY][: len(history)] = history

    def _tensor(self, state: Any, seat: int) -> Sequence[float]:
        numbers: Sequence[float]
        numbers = state.information_state_tensor(seat) if self._of_information else state.observation_tensor(seat)
        return numbers


class OpenSpielCopy:
    """A `Copy` around one state. unit: what a return of 1 is."""

    def __init__(self, game: Any, sight: Sight, unit: float) -> None:
        self._game, self._sight, self._unit = game, sight, unit
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

    @property
    def out(self) -> Sequence[int]:
        """See `Copy.out`."""
        return ()

    def observe(self, seat: int, into: Observation) -> None:
        """See `Copy.observe`."""
        self._sight.write(self._state, seat, into)

    def act(self, actions: Mapping[int, Array]) -> None:
        """See `Copy.act`. Raises UserError for what the rules forbid, after which a state is undefined."""
        for seat, action in actions.items():
            self._check_legal(seat, int(action[0]))
        if self._state.is_simultaneous_node():
            self._state.apply_actions([int(actions[seat][0]) for seat in range(self._sight.seats)])
        else:
            ((_, action),) = actions.items()
            self._state.apply_action(int(action[0]))
        self._pass_chance()

    def _check_legal(self, seat: int, action: int) -> None:
        if action not in self._state.legal_actions(seat):
            name = self._game.get_type().short_name
            raise UserError(
                f"game openspiel:{name}: action {action} of seat {seat} is not legal; choose one that `legal` allows"
            )

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
            return list(range(self._sight.seats))
        return [self._state.current_player()]


def openspiel(name: str) -> Game:
    """The game of that name. Raises UserError for one that there is not, or that cannot be played here."""
    game = _load(name)
    kind, title = game.get_type(), f"openspiel:{name}"
    if kind.dynamics == pyspiel.GameType.Dynamics.MEAN_FIELD:
        raise UserError(f"game {title}: a mean field game, expected sequential or simultaneous moves", 2)
    sight = Sight(game, title)
    unit = max(abs(game.min_utility()), abs(game.max_utility())) or 1.0
    at_the_end = kind.reward_model == pyspiel.GameType.RewardModel.TERMINAL
    zero_sum = kind.utility == pyspiel.GameType.Utility.ZERO_SUM
    spec = _spec(sight, game.num_distinct_actions(), title, dense=not (at_the_end and zero_sum))
    bots = search_bots(game)
    sampled = kind.chance_mode == pyspiel.GameType.ChanceMode.SAMPLED_STOCHASTIC
    return adapted_game(
        spec,
        lambda: OpenSpielCopy(game, sight, unit),
        sight.seats,
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


def _spec(sight: Sight, actions: int, title: str, *, dense: bool) -> Spec:
    scalars = [*(f"tensor {number}" for number in range(sight.size)), *seat_names(sight.seats)]
    others = [f"other {other}: tensor {number}" for other in range(1, sight.seats) for number in range(sight.size)]
    head = Head("action", actions, "categorical", "action")
    return adapted_spec(title, scalars, [head], dense=dense, privileged=others if sight.hidden else ())
