r"""How near to a Nash equilibrium do OpenSpiel's own learners come in as many decisions? Beside `openspiel_nash.py`.

    python benchmarks/openspiel_peers.py --game openspiel:kuhn_poker --decisions 150000

`nfsp` is its neural fictitious self-play in PyTorch, the average policy, with the settings of its example for Kuhn
poker, except that schedules end with the run. `mccfr` is Monte-Carlo counterfactual regret minimisation with sampled
outcomes: a table with a row for each information state, which no larger game allows, and its average policy. A decision
is one of either seat. PSRO of OpenSpiel 2.0.2 does not import without cvxpy, matplotlib and JAX's libraries, which
OpenSpiel does not bring.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from open_spiel.python import policy as openspiel_policy
from open_spiel.python import rl_environment
from open_spiel.python.algorithms.outcome_sampling_mccfr import OutcomeSamplingSolver
from open_spiel.python.pytorch.nfsp import MODE, NFSP

from botgame.games import load_game
from openspiel_nash import best_wins, nash_conv, tree_of

Curve = Iterator[tuple[int, Any]]
"""Decisions so far and the policy then, without end."""


class Average(openspiel_policy.Policy):
    """The average policies of both agents of NFSP as one policy."""

    def __init__(self, tree: Any, agents: list[NFSP]) -> None:
        super().__init__(tree, [0, 1])
        self._agents = agents

    def action_probabilities(self, state: Any, _player_id: int | None = None) -> dict[int, float]:
        """Probability of each legal action of the player to move."""
        seat, legal = state.current_player(), state.legal_actions()
        seen: dict[str, Any] = {"info_state": [None, None], "legal_actions": [None, None], "current_player": seat}
        seen["info_state"][seat], seen["legal_actions"][seat] = state.information_state_tensor(seat), legal
        with self._agents[seat].temp_mode_as(MODE.AVERAGE_POLICY):
            step = rl_environment.TimeStep(observations=seen, rewards=None, discounts=None, step_type=None)
            shares = self._agents[seat].step(step, is_evaluation=True).probs
        return {action: float(shares[action]) for action in legal}


def nfsp(tree: Any, decisions: int, seed: int) -> Curve:
    """Neural fictitious self-play, one match after the other."""
    environment = rl_environment.Environment(tree)
    environment.seed(seed)
    size, actions = environment.observation_spec()["info_state"][0], environment.action_spec()["num_actions"]
    schedule = {"epsilon_decay_duration": decisions, "epsilon_start": 0.06, "epsilon_end": 0.001}
    agents = [
        NFSP(seat, size, actions, [128], 2_000_000, 0.1, replay_buffer_capacity=200_000, seed=seed + seat, **schedule)
        for seat in (0, 1)
    ]
    done, average = 0, Average(tree, agents)
    while True:
        step = environment.reset()
        while not step.last():
            step = environment.step([agents[step.observations["current_player"]].step(step).action])
            done += 1
        for agent in agents:
            agent.step(step)
        yield done, average


class _Counting(OutcomeSamplingSolver):
    """Counts the decisions of its matches."""

    decisions = 0

    def _lookup_infostate_info(self, *arguments: Any) -> Any:
        self.decisions += 1
        return super()._lookup_infostate_info(*arguments)


def mccfr(tree: Any, _decisions: int, seed: int) -> Curve:
    """Counterfactual regret minimisation with sampled outcomes, a match for each seat and step."""
    np.random.seed(seed)  # noqa: NPY002 (OpenSpiel draws from it)
    solver = _Counting(tree)
    while True:
        solver.iteration()
        yield solver.decisions, solver.average_policy()


LEARNERS = {"nfsp": nfsp, "mccfr": mccfr}


def measure(learner: str, game: Any, decisions: int, points: int, seed: int) -> None:
    """Let one learn, and print its NashConv at even distances."""
    tree, began, next_one = tree_of(game), time.process_time(), decisions / points
    for done, policy in LEARNERS[learner](tree, decisions, seed):
        if done < next_one:
            continue
        spent = time.process_time() - began
        table = openspiel_policy.tabular_policy_from_callable(tree, policy.action_probabilities)
        print(
            f"{learner:>12} {done:12,} {nash_conv(game, table):9.4f} {best_wins(game, table):19.4f} {spent:11.1f}",
            flush=True,
        )
        next_one, began = next_one + decisions / points, time.process_time() - spent
        if done >= decisions:
            return


def main() -> None:
    """Let each learn, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", required=True, help="openspiel:NAME, of two players")
    parser.add_argument("--decisions", type=int, default=150_000)
    parser.add_argument("--points", type=int, default=5, help="how often to measure")
    parser.add_argument("--learners", nargs="+", choices=LEARNERS, default=list(LEARNERS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    game = load_game(options.game)
    print(f"{'learner':>12} {'decisions':>12} {'NashConv':>9} {'best response wins':>19} {'CPU seconds':>11}")
    for learner in options.learners:
        measure(learner, game, options.decisions, options.points, options.seed)


if __name__ == "__main__":
    main()
