r"""How far are learned policies from a Nash equilibrium, exactly? For small two-player games of OpenSpiel.

    python benchmarks/openspiel_nash.py --game openspiel:kuhn_poker artifacts/kuhn/pi.iter*.pt
    python benchmarks/openspiel_nash.py --game openspiel:kuhn_poker artifacts/kuhn/pi.pt \
        --response reports/exploit/kuhn/scratch/best_response.best.pt

NashConv is what both players could gain in all if each answered the policy best: 0 at an equilibrium. Exploitability is
half of it. Of several checkpoints also that of two mixtures, which draw one of them before a match: the mean of the
newer half, and the Nash mixture, which none of them beats (a league's answer: name its `players/*.pt`). With
`--response`, a best response that `botgame exploit` has trained against the one checkpoint: what it wins of it, and
which share that is of what the exact best response wins, both computed over the whole game tree.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyspiel
import torch
from open_spiel.python import policy as openspiel_policy
from open_spiel.python.algorithms import best_response, exploitability

from botgame import ratings
from botgame.adapters.openspiel import Sight
from botgame.errors import UserError
from botgame.game import Game
from botgame.games import load_game
from botgame.training.alphastar.checkpoint import load_checkpoint
from botgame.training.alphastar.policy import NetworkPolicy, load_policy

FAMILY = "openspiel:"


class _Walk:
    """Fills a table of action probabilities by a walk over the game tree, carrying each seat's memory.

    The tree lets one player move after the other. Where the moves of our game are simultaneous, `shown` is the state
    that both still see, and `moves` are those that have been chosen in it.
    """

    def __init__(self, game: Game, policy: NetworkPolicy) -> None:
        original, tree = pyspiel.load_game(_name(game)), tree_of(game)
        self.table = openspiel_policy.TabularPolicy(tree)
        self._sight, self._spec, self._policy = Sight(original, game.name), game.spec, policy
        self._after: dict[str, np.ndarray] = {}  # memory after the decision in each information state
        start = policy.initial_memory(1)
        self._visit(tree.new_initial_state(), original.new_initial_state(), (), [start, start])

    def _visit(self, state: Any, shown: Any, moves: tuple[int, ...], memories: Sequence[np.ndarray]) -> None:
        if state.is_terminal():
            return
        if not state.is_chance_node():
            seat = state.current_player()
            name = state.information_state_string(seat)
            if name not in self._after:
                self._after[name] = self._fill(shown, seat, name, memories[seat])
            memories = [self._after[name] if one == seat else memory for one, memory in enumerate(memories)]
        for action in state.legal_actions():
            chosen = (*moves, action)
            if not shown.is_simultaneous_node():
                self._visit(state.child(action), shown.child(action), (), memories)
            elif len(chosen) < shown.num_players():
                self._visit(state.child(action), shown, chosen, memories)
            else:
                after = shown.clone()
                after.apply_actions(list(chosen))
                self._visit(state.child(action), after, (), memories)

    def _fill(self, state: Any, seat: int, name: str, memory: np.ndarray) -> np.ndarray:
        seen = {key: np.zeros((1, *array.shape), array.dtype) for key, array in self._spec.arrays.items()}
        self._sight.write(state, seat, {key: array[0] for key, array in seen.items()})
        _, after, log_probs = self._policy.act_full(seen, memory, np.zeros(1, np.uint64))
        shares = np.exp(log_probs[0].astype(np.float64)) * seen["legal"][0]
        self.table.action_probability_array[self.table.state_lookup[name]] = shares / shares.sum()
        return after


def tabular(game: Game, policy: NetworkPolicy) -> Any:
    """The policy as OpenSpiel's table of probabilities, sampled as its checkpoint says.

    Raises UserError for a game of more than two players.
    """
    if tree_of(game).num_players() != 2:
        raise UserError(f"{game.name}: expected a game of two players", 2)
    return _Walk(game, policy).table


def mixture(game: Game, tables: Sequence[Any], shares: Sequence[float]) -> Any:
    """The table that plays like one of `tables`, drawn by `shares` before each match: they are weighed by reach."""
    tree = tree_of(game)
    mixed = openspiel_policy.TabularPolicy(tree)
    filled = set[str]()

    def visit(state: Any, reaches: Sequence[np.ndarray]) -> None:
        """reaches: of each seat, how likely each table with its share has come here by that seat's own moves."""
        if state.is_terminal():
            return
        if state.is_chance_node():
            for action in state.legal_actions():
                visit(state.child(action), reaches)
            return
        seat, name = state.current_player(), state.information_state_string()
        if name not in filled and reaches[seat].sum() > 0:
            mixed.action_probability_array[mixed.state_lookup[name]] = (
                reaches[seat] @ _played(state, tables) / reaches[seat].sum()
            )
            filled.add(name)
        for action, further in _further(state, tables, reaches):
            visit(state.child(action), further)

    visit(tree.new_initial_state(), [np.asarray(shares, np.float64)] * 2)
    return mixed


def payoffs(game: Game, tables: Sequence[Any]) -> np.ndarray:
    """What each of `tables` in seat 0 wins of each in seat 1, float [n, n] in the game's points."""
    won = np.zeros((len(tables), len(tables)))

    def visit(state: Any, chance: float, reaches: Sequence[np.ndarray]) -> None:
        """reaches: of each seat, how likely each table would have come here by that seat's own moves."""
        if state.is_terminal():
            won[:] += chance * state.player_return(0) * np.outer(*reaches)
        elif state.is_chance_node():
            for action, share in state.chance_outcomes():
                visit(state.child(action), chance * share, reaches)
        else:
            for action, further in _further(state, tables, reaches):
                visit(state.child(action), chance, further)

    visit(tree_of(game).new_initial_state(), 1.0, [np.ones(len(tables))] * 2)
    return won


def _played(state: Any, tables: Sequence[Any]) -> np.ndarray:
    """What each table does where a player is to move: float [n, actions]."""
    row = tables[0].state_lookup[state.information_state_string()]
    return np.stack([table.action_probability_array[row] for table in tables])


def _further(
    state: Any, tables: Sequence[Any], reaches: Sequence[np.ndarray]
) -> Iterator[tuple[int, list[np.ndarray]]]:
    """Each legal action and the reaches after it."""
    played, seat = _played(state, tables), state.current_player()
    for action in state.legal_actions():
        yield action, [reach * played[:, action] if one == seat else reach for one, reach in enumerate(reaches)]


def nash_shares(game: Game, tables: Sequence[Any]) -> np.ndarray:
    """The Nash mixture of `tables` against each other, float [n], from exact values."""
    won = payoffs(game, tables)
    advantage = (won - won.T) / 2
    return ratings.nash(0.5 + advantage / (2 * max(1.0, np.abs(advantage).max())))


def tree_of(game: Game) -> Any:
    """OpenSpiel's game behind ours, with simultaneous moves made one after the other, unseen."""
    game_of_theirs = pyspiel.load_game(_name(game))
    if game_of_theirs.get_type().dynamics == pyspiel.GameType.Dynamics.SIMULTANEOUS:
        return pyspiel.convert_to_turn_based(game_of_theirs)
    return game_of_theirs


def _name(game: Game) -> str:
    return game.name.removeprefix(FAMILY)


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
    won = payoffs(game, [table, rival])
    return float(won[0, 1] - won[1, 0]) / 2


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
    tables = []
    for path in options.checkpoints:
        tables.append(table := tabular(game, load_policy(game, path)))
        decisions = load_checkpoint(path, game).counters.get("decisions", 0)
        print(f"{decisions:12,} {nash_conv(game, table):9.4f} {best_wins(game, table):19.4f}  {path}")
    if len(tables) > 1:
        newer = tables[len(tables) // 2 :]
        for name, mixed in (
            ("newer half", mixture(game, newer, [1 / len(newer)] * len(newer))),
            ("Nash mixture", mixture(game, tables, nash_shares(game, tables))),
        ):
            print(f"{name:>12} {nash_conv(game, mixed):9.4f} {best_wins(game, mixed):19.4f}")
    if options.response:
        found = wins(game, tabular(game, load_policy(game, options.response)), table)
        print(f"{options.response} wins {found:.4f}, {found / best_wins(game, table):.1%} of what is possible")


if __name__ == "__main__":
    main()
