"""Bots that search the states of an OpenSpiel game: `search-2`, `search-4`, and OpenSpiel's Monte-Carlo search, `mcts`.

They play any game of two players without chance and without secrets whose points sum to 0. A seat knows all moves so
far there, so the game adds them to its observation, and each decision is searched from the state that they lead to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pyspiel

from botgame.adapters.alpha_beta import best_actions
from botgame.game import Array, Observation, Policy, ScriptedPolicy
from botgame.rng import uniforms

HISTORY = "history"  # array of an observation: int64 [N, L], the moves so far, -1 behind them
_DEPTHS = (2, 4)  # moves that a search looks ahead
_SIMULATIONS = 200
_EXPLORATION = 1.5
_MEGABYTES = 100


def search_bots(game: Any) -> Mapping[str, Callable[[], Policy]]:
    """The bots for a game of OpenSpiel, by name; {} where these searches mean nothing."""
    kinds = pyspiel.GameType
    kind = game.get_type()
    plain = kind.dynamics == kinds.Dynamics.SEQUENTIAL and kind.chance_mode == kinds.ChanceMode.DETERMINISTIC
    open_to_all = kind.information == kinds.Information.PERFECT_INFORMATION
    if not (plain and open_to_all and kind.utility == kinds.Utility.ZERO_SUM and game.num_players() == 2):
        return {}
    searches = {f"search-{depth}": partial(_search_bot, game, depth) for depth in _DEPTHS}
    return {**searches, "mcts": lambda: _mcts_bot(game)}


def _search_bot(game: Any, depth: int) -> Policy:
    """Alpha-beta over the next moves; it sees nothing but who has won, and draws among equally good moves."""

    def choose(state: Any, key: int) -> int:
        best = best_actions(state, depth)
        return best[int(uniforms(np.array([key], np.uint64), 1)[0, 0] * len(best))]

    return _state_bot(f"search-{depth}", game, choose)


def _mcts_bot(game: Any) -> Policy:

    def choose(state: Any, key: int) -> int:
        seed = key % 2**31
        evaluator = pyspiel.RandomRolloutEvaluator(1, seed)
        settings = (_EXPLORATION, _SIMULATIONS, _MEGABYTES, True, seed, False)
        return int(pyspiel.MCTSBot(game, evaluator, *settings).step(state))

    return _state_bot("mcts", game, choose)


def _state_bot(name: str, game: Any, choose: Callable[[Any, int], int]) -> Policy:
    """A policy around a function of (state, random key) to an action."""

    def decide(observation: Observation, _memory: Array, keys: Array) -> Array:
        rows = zip(observation[HISTORY], keys.tolist(), strict=True)
        return np.array([[choose(_state_after(game, moves), key)] for moves, key in rows], np.int64).reshape(-1, 1)

    return ScriptedPolicy(name, decide)


def _state_after(game: Any, moves: Array) -> Any:
    state = game.new_initial_state()
    for move in moves[moves >= 0].tolist():
        state.apply_action(move)
    return state
