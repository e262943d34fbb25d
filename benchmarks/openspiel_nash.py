r"""How far are learned policies from a Nash equilibrium, exactly? For small two-player games of OpenSpiel.

    python benchmarks/openspiel_nash.py --game openspiel:kuhn_poker artifacts/kuhn/pi.iter*.pt
    python benchmarks/openspiel_nash.py --game openspiel:kuhn_poker artifacts/kuhn/pi.pt \
        --response reports/exploit/kuhn/scratch/best_response.best.pt

NashConv is what both players could gain in all if each answered the policy best: 0 at an equilibrium. Exploitability is
half of it. With `--response`, a best response that `botgame exploit` has trained against the one checkpoint: what it
wins of it, and which share that is of what the exact best response wins, both computed over the whole game tree.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyspiel
import torch
from open_spiel.python import policy as openspiel_policy
from open_spiel.python.algorithms import best_response, expected_game_score, exploitability

from botgame.adapters.openspiel import Sight
from botgame.errors import UserError
from botgame.game import Game
from botgame.games import load_game
from botgame.training.alphastar.checkpoint import load_checkpoint
from botgame.training.alphastar.policy import NetworkPolicy, load_policy

FAMILY = "openspiel:"


class _Walk:
    """Fills a table of action probabilities by a walk over the game tree, carrying each seat's memory."""

    def __init__(self, tree: Any, game: Game, policy: NetworkPolicy) -> None:
        self.table = openspiel_policy.TabularPolicy(tree)
        self._sight, self._spec, self._policy = Sight(tree, game.name), game.spec, policy
        self._after: dict[str, np.ndarray] = {}  # memory after the decision in each information state
        start = policy.initial_memory(1)
        self._visit(tree.new_initial_state(), [start, start])

    def _visit(self, state: Any, memories: Sequence[np.ndarray]) -> None:
        if state.is_terminal():
            return
        if not state.is_chance_node():
            seat = state.current_player()
            name = state.information_state_string(seat)
            if name not in self._after:
                self._after[name] = self._fill(state, seat, name, memories[seat])
            memories = [self._after[name] if one == seat else memory for one, memory in enumerate(memories)]
        for action in state.legal_actions():
            self._visit(state.child(action), memories)

    def _fill(self, state: Any, seat: int, name: str, memory: np.ndarray) -> np.ndarray:
        seen = {key: np.zeros((1, *array.shape), array.dtype) for key, array in self._spec.arrays.items()}
        self._sight.write(state, seat, {key: array[0] for key, array in seen.items()})
        _, after, log_probs = self._policy.act_full(seen, memory, np.zeros(1, np.uint64))
        shares = np.exp(log_probs[0].astype(np.float64)) * seen["legal"][0]
        self.table.action_probability_array[self.table.state_lookup[name]] = shares / shares.sum()
        return after


def tabular(game: Game, policy: NetworkPolicy) -> Any:
    """The policy as OpenSpiel's table of probabilities, sampled as its checkpoint says.

    Raises UserError for a game of more players or simultaneous moves.
    """
    tree = tree_of(game)
    if tree.num_players() != 2 or tree.get_type().dynamics != pyspiel.GameType.Dynamics.SEQUENTIAL:
        raise UserError(f"{game.name}: expected a game of two players who move in turn", 2)
    return _Walk(tree, game, policy).table


def tree_of(game: Game) -> Any:
    """OpenSpiel's game behind ours."""
    return pyspiel.load_game(game.name.removeprefix(FAMILY))


def nash_conv(game: Game, table: Any) -> float:
    """NashConv in the game's points."""
    return float(exploitability.nash_conv(tree_of(game), table))


def best_wins(game: Game, table: Any) -> float:
    """What an exact best response wins of `table`, the mean over both seats, in the game's points."""
    tree = tree_of(game)
    root = tree.new_initial_state()
    return sum(best_response.BestResponsePolicy(tree, seat, table).value(root) for seat in (0, 1)) / 2


def wins(game: Game, table: Any, rival: Any) -> float:
    """What `table` wins of `rival`, the mean over both seats, in the game's points."""
    root = tree_of(game).new_initial_state()
    first = expected_game_score.policy_value(root, [table, rival])[0]
    second = expected_game_score.policy_value(root, [rival, table])[1]
    return float(first + second) / 2


def main() -> None:
    """Compute and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+")
    parser.add_argument("--game", required=True, help="openspiel:NAME")
    parser.add_argument("--response", help="a best response to the one checkpoint, trained by botgame exploit")
    options = parser.parse_args()
    torch.set_num_threads(1)
    game = load_game(options.game)
    uniform = openspiel_policy.TabularPolicy(tree_of(game))
    print(f"{'decisions':>12} {'NashConv':>9} {'best response wins':>19}")
    print(f"{'uniform':>12} {nash_conv(game, uniform):9.4f} {best_wins(game, uniform):19.4f}")
    for path in options.checkpoints:
        table = tabular(game, load_policy(game, path))
        decisions = load_checkpoint(path, game).counters.get("decisions", 0)
        print(f"{decisions:12,} {nash_conv(game, table):9.4f} {best_wins(game, table):19.4f}  {path}")
    if options.response:
        found = wins(game, tabular(game, load_policy(game, options.response)), table)
        print(f"{options.response} wins {found:.4f}, {found / best_wins(game, table):.1%} of what is possible")


if __name__ == "__main__":
    main()
