"""A policy with a cap on actions of its own: it holds wherever that policy plays, and replays know it."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from botgame.lms.replay.format import from_bytes, to_bytes
from botgame.lms.replay.resimulate import trajectories
from botgame.lms.simulation.state import UNCAPPED
from botgame.training.evaluation.command import limit_lines
from botgame.training.evaluation.duels import mirrored_results
from botgame.training.league.evaluation import against_each
from matches import LMS, Restless, recorded, setups


class Limited(Restless):
    """Restless under a cap of its own."""

    def __init__(self, action_cap: int) -> None:
        self.name, self.action_cap = f"cap {action_cap}", action_cap


def test_replays_know_the_cap_and_come_out_the_same() -> None:
    policies = [Restless(), Limited(2), Limited(UNCAPPED)]
    matches = (replace(setup, players=(0, 1, 2)) for setup in setups(3, 3))
    replays = recorded(policies, matches, slots=2, seats=3)
    again = [from_bytes(to_bytes(replay), Path("x.botreplay")) for replay in replays]
    assert [[seat.cap for seat in replay.header.seats] for replay in again] == [[0, 2, UNCAPPED]] * 3
    for one in trajectories(again):
        counted = _counted_ticks(one.ticks, one.actions)
        most = max(int(((counted > tick - 150) & (counted <= tick)).sum()) for tick in counted)
        assert most <= (22, 2, 50)[one.seat]
        assert most > (2, 0, 2)[one.seat]


def test_evaluations_play_under_it() -> None:
    free, slow, rival = Restless(), Limited(1), Restless()
    results = [mirrored_results(LMS, policy, rival, 6, 1, duration_ticks=600) for policy in (free, slow)]
    assert sum(results[1].counts[1:]) < sum(results[0].counts[1:]) / 3
    casts = [
        sum(int(match.outcome.counts[match.setup.players.index(0)][1:].sum()) for match in played["rival"])
        for played in (
            against_each(LMS, policy, {"rival": rival}, {"rival": 6}, seed=1, duration_ticks=600)
            for policy in (free, slow)
        )
    ]
    assert casts[1] < casts[0] / 3
    lines = limit_lines(LMS, [free, slow, Limited(UNCAPPED)])
    assert lines == [
        "cap 1 plays under a cap of 1 on its actions, as it was trained",
        f"cap {UNCAPPED} plays under no cap on its actions, as it was trained",
    ]


def _counted_ticks(ticks: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """Ticks of the non-repeating actions of a bot."""
    held = np.concatenate([[0], actions[:-1, 2]])
    return ticks[(actions[:, 0] != 0) | (actions[:, 2] != held)]
