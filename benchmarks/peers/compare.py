r"""Learners from nothing on our arena, side by side: decisions a second and strength over CPU minutes, one core each.

    pip install stable-baselines3==2.9.2 sb3-contrib==2.9.2
    python benchmarks/peers/compare.py --minutes 2 5 10

One after the other, each in a process of its own: Stable-Baselines3's PPO, MaskablePPO of sb3-contrib, the loop of
`examples/ppo_loop.py`, and `alphastar_rl --scratch small-fast`. The first three learn in the environment as it is, and
then with `scratch=True`, which gives them the rewards and opponents of ours (docs/scratch.md). Strength is the win rate
in 200 mirrored duels against `lms_re` that nobody trains on. What is written lies in a temporary folder.
docs/benchmarks.md has a table and what it says.
"""

from __future__ import annotations

import argparse
import itertools
import json
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
import torch

from botgame.envs.options import Options
from botgame.game import Array, Decide, Game, Observation
from botgame.games import load_game

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from peers.marks import Mark, Marks

LOOP = Path(__file__).resolve().parent.parent.parent / "examples" / "ppo_loop.py"
PEERS = ("PPO", "MaskablePPO", "loop")
LEARNERS = (*(f"{peer}/{setting}" for peer in PEERS for setting in ("lms_re", "scratch")), "ours/scratch")


def loop(options: Options, minutes: Sequence[float], game: Game) -> list[Mark]:
    """The loop of the example, until the last mark."""
    example = runpy.run_path(str(LOOP))
    settings, marks = example["Settings"](), Marks(game, minutes)
    envs = gymnasium.make_vec("botgame/Duel-v0", settings.matches, **options)
    for decisions, agent, _ in example["train"](envs, settings):
        if marks.passed(decisions, _decide(example, agent)):
            break
    return marks.taken


def _decide(example: dict[str, Any], agent: Any) -> Decide:
    def act(observation: Observation, _memory: Array, _keys: Array) -> Array:
        actions: Array = agent.act(*example["tensors"](observation))[0].numpy()
        return actions

    return act


def run(learner: str, minutes: Sequence[float]) -> list[Mark]:
    """Train one of `LEARNERS` in this process and return its marks."""
    game = load_game("lms")
    peer, setting = learner.split("/")
    options: Options = {"scratch": setting == "scratch"}
    torch.set_num_threads(1)
    if peer == "ours":
        from peers.alphastar import train as ours

        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            return ours(Path(folder), minutes, game)
    if peer == "loop":
        return loop(options, minutes, game)
    from peers.stable_baselines import train as peers

    return peers(peer == "MaskablePPO", options, minutes, game).taken


def cells(marks: Sequence[Mark]) -> list[str]:
    """The decisions a second, and the win rate at each mark with its interval."""
    speed = marks[-1].decisions / (60 * marks[-1].minutes)
    rates = [f"{100 * mark.duels.win_rate:.1f} % [{_percent(mark.duels.interval)}]" for mark in marks]
    return [f"{speed:,.0f}", *rates]


def _percent(interval: tuple[float, float]) -> str:
    return ", ".join(f"{100 * end:.1f}" for end in interval)


def compare(learners: Sequence[str], minutes: Sequence[float]) -> None:
    """Run them one after the other, each in a process, and print a row of the table as soon as it is known."""
    print("| learner | setting | decisions/s | " + " | ".join(f"{mark:g} min" for mark in minutes) + " |")
    print("|---" * (3 + len(minutes)) + "|", flush=True)
    for learner in learners:
        words = [sys.executable, __file__, "--one", learner, "--minutes", *map(str, minutes)]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
        row = json.loads(done.stdout.splitlines()[-1])
        print(f"| {' | '.join(itertools.chain(learner.split('/'), row))} |", flush=True)


def main() -> None:
    """Compare, or run one learner."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[2, 5, 10], help="of CPU time, when to measure")
    parser.add_argument("--learners", nargs="+", choices=LEARNERS, default=LEARNERS)
    parser.add_argument("--one", choices=LEARNERS, help="run this one here and print its row as JSON")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(cells(run(options.one, sorted(options.minutes)))))
    else:
        compare(options.learners, sorted(options.minutes))


if __name__ == "__main__":
    main()
