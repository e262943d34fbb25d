"""Alpha-beta search to a fixed depth over states with OpenSpiel's interface: two players whose points sum to 0.

States at the depth count 0, so all that is seen is whether somebody can force a result by then; sooner counts more.
"""

from __future__ import annotations

from typing import Any

_INFINITY = float("inf")
_HURRY = 0.99  # what a result is worth a move later
_NEARLY = 1e-9


def best_actions(state: Any, depth: int) -> list[int]:
    """All legal actions of the player to move that are best as far as `depth` moves show, ascending."""
    player, best, chosen = state.current_player(), -_INFINITY, list[int]()
    for action in state.legal_actions():
        value = _HURRY * _value(state.child(action), player, depth - 1, (best - _NEARLY) / _HURRY, _INFINITY)
        if value > best + _NEARLY:
            chosen = []
        if value > best - _NEARLY:
            chosen.append(action)
        best = max(best, value)
    return chosen


def _value(state: Any, player: int, depth: int, low: float, high: float) -> float:
    """What the state is worth to `player`, exactly where that lies between `low` and `high`, else a bound."""
    if state.is_terminal():
        return float(state.player_return(player))
    if not depth:
        return 0.0
    own = state.current_player() == player
    best = -_INFINITY if own else _INFINITY
    for action in state.legal_actions():
        value = _HURRY * _value(state.child(action), player, depth - 1, low / _HURRY, high / _HURRY)
        if own:
            best = max(best, value)
            low = max(low, best)
        else:
            best = min(best, value)
            high = min(high, best)
        if low >= high:
            break
    return best
