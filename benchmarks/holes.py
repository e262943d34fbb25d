"""Does finding a hole close it? A bot with an obvious hole, scripted people, one of whom has found it, and training.

    python benchmarks/holes.py --output-dir reports/holes_benchmark

The bot is the champion, fine-tuned to stand still when an enemy is near. Rosa plays like `rusher`, which comes near;
Karl like `kiter`, which does not. Their matches against the bot are recorded as those of people. `find_holes --clone`
groups the matches that they won and makes opponents of them. Then RL trains the bot twice, for as many decisions:
against the opponents that it has anyway, and with those of the holes among them. At last Rosa and Karl play all three
bots on unseen seeds. RL never meets Rosa's own rules, only what was cloned from her matches.

What is done is not done again: run the same command to go on. Figures go to `results.json` and the console.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from botgame import rng
from botgame.files import write_atomic
from botgame.game import Array, Observation, Policy, Setup
from botgame.lms.actions import MOVE
from botgame.lms.arena_simulation import ArenaSimulation
from botgame.lms.game import lms
from botgame.lms.replay.format import Replay, write
from botgame.lms.replay.header import HUMAN, PERSON
from botgame.lms.replay.record import Recorder
from botgame.lms.spec import ARENA_SPEC
from botgame.play import play
from botgame.policies import load_policy
from botgame.setups import mirrored_setups
from botgame.training import alphastar_imitation, alphastar_rl, find_holes
from botgame.training.alphastar.actor.opponents import parse_shares
from botgame.training.evaluation.duels import mirrored_results
from botgame.training.holes.command import FIGURES

GAME = lms()
BOT, HOLES = Path("flawed.pt"), Path("reports/holes/flawed")
VISIBLE, DISTANCE = (ARENA_SPEC.scalar_index(f"enemy_{name}") for name in ("visible", "distance"))
NEAR = 0.4  # of 10 cells: enemies nearer than that find the bot standing still
PEOPLE = {"Rosa": "rusher", "Karl": "kiter"}
TEACHERS = ("rusher", "lms_re", "kiter")
USUAL = "self=0.3,past=0.2,kiter=0.5"
LESSONS, MATCHES, JUDGE = 1, 2, 3  # purposes of seeds


class Flawed:
    """The champion, but for standing still when an enemy is near."""

    name = "flawed"

    def __init__(self) -> None:
        self._champion = load_policy(GAME, "champion")
        self.memory_size, self.initial_memory = self._champion.memory_size, self._champion.initial_memory

    def act(self, observation: Observation, memory: Array, keys: Array) -> tuple[Array, Array]:
        """See `botgame.game.Policy`."""
        actions, memory = self._champion.act(observation, memory, keys)
        seen, far = (observation["scalars"][:, column] for column in (VISIBLE, DISTANCE))
        actions[(seen > 0) & (far < NEAR), MOVE] = 0
        return actions, memory


def main() -> None:
    """Make the bot, record people, find the holes, train, judge, print."""
    options = parse_arguments()
    options.output_dir.mkdir(parents=True, exist_ok=True)
    os.chdir(options.output_dir)
    make_bot(options)
    record_people(options)
    once(HOLES / FIGURES, find_holes.main, [str(BOT), "--clone", "--output-dir", str(HOLES), *machine(options)])
    found = json.loads((HOLES / FIGURES).read_bytes())
    mixture = closing_mixture(found)
    arms = {"before": BOT, "usual opponents": Path("usual.pt"), "with the holes": Path("closed.pt")}
    train(options, arms["usual opponents"], USUAL)
    train(options, arms["with the holes"], mixture)
    results = {name: judge(options, path) for name, path in arms.items()}
    write_atomic(Path("results.json"), json.dumps({"holes": found, "arms": results}, indent=2).encode() + b"\n")


def parse_arguments() -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lessons", type=int, default=96, help="matches that the bot learns its flaw from")
    parser.add_argument("--matches", type=int, default=60, help="recorded matches of each person")
    parser.add_argument("--decisions", type=int, default=120_000, help="of each training by RL")
    parser.add_argument("--judge-matches", type=int, default=600, help="duels of each person against each bot")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output-dir", type=Path, default=Path("reports/holes_benchmark"))
    return parser.parse_args()


def machine(options: argparse.Namespace) -> list[str]:
    """Flags that all trainings share."""
    return ["--cpu", "--threads", str(options.threads), "--seed", str(options.seed)]


def once(result: Path, command: Any, words: list[str]) -> None:
    """Run a command of the project, unless its last file is there."""
    if not result.exists() and command(words):
        sys.exit("the command above failed or was stopped; run the same command to go on")


def make_bot(options: argparse.Namespace) -> None:
    """Teach the champion its flaw by imitation."""
    folder = Path("lessons")
    if not folder.exists():
        for number, rival in enumerate(TEACHERS):
            pairs = options.lessons // 2 // len(TEACHERS)
            setups = mirrored_setups(GAME, rng.derive(options.seed, LESSONS, number), pairs)
            record([Flawed(), load_policy(GAME, rival)], ["flawed", rival], setups, folder)
    words = ["--data-dir", str(folder), "--seats", "flawed", "--start-checkpoint", "champion", "--output", str(BOT)]
    words += ["--epochs", "3", "--eval-every", "0", "--final-matches", "0", *machine(options)]
    once(BOT, alphastar_imitation.main, words)


def record_people(options: argparse.Namespace) -> None:
    """Matches of each person against the bot."""
    folder = Path("data/processed")
    for number, (person, bot) in enumerate(PEOPLE.items()):
        if not (folder / person).exists():
            setups = mirrored_setups(GAME, rng.derive(options.seed, MATCHES, number), options.matches // 2)
            policies = [load_policy(GAME, bot), load_policy(GAME, str(BOT))]
            record(policies, [PERSON + person, str(BOT)], setups, folder / person)


def record(policies: list[Policy], names: list[str], setups: Iterator[Setup], folder: Path) -> None:
    """Play duels and write their replays, in which the seats of `human:NAME` are held by a person."""

    def listen(simulation: ArenaSimulation) -> Recorder:
        return Recorder(simulation.arena, names, lambda _, replay: write(folder, as_people_play(replay)))

    for _ in play(GAME, policies, setups, listen=listen):
        pass


def as_people_play(replay: Replay) -> Replay:
    """The same match, with the controllers that its names say."""
    seats = (
        msgspec.structs.replace(seat, controller=HUMAN) if seat.policy.startswith(PERSON) else seat
        for seat in replay.header.seats
    )
    return replace(replay, header=msgspec.structs.replace(replay.header, seats=tuple(seats)))


def closing_mixture(found: dict[str, Any]) -> str:
    """The usual opponents, with those of the holes among them in the shares that `find_holes` gives them."""
    advised = parse_shares(found["training_command"].split("--opponents ")[1].strip("'"))
    holes = {name: share for name, share in advised.items() if name.startswith("hole-")}
    rest = {name: share * (1 - sum(holes.values())) for name, share in parse_shares(USUAL).items()}
    return ",".join(f"{name}={share:.4f}" for name, share in {**rest, **holes}.items())


def train(options: argparse.Namespace, output: Path, opponents: str) -> None:
    """Train the bot by RL against these opponents."""
    words = ["--supervised-checkpoint", str(BOT), "--output", str(output), "--opponents", opponents]
    words += ["--decisions", str(options.decisions), "--actor-rollouts", "4", "--value-iterations", "2"]
    once(output, alphastar_rl.main, [*words, "--eval-every", "0", "--snapshot-every", "4", *machine(options)])


def judge(options: argparse.Namespace, path: Path) -> dict[str, Any]:
    """The win rate of each person against a bot, on unseen seeds; printed."""
    out: dict[str, Any] = {}
    for person, bot in PEOPLE.items():
        policies = load_policy(GAME, bot), load_policy(GAME, str(path))
        tally = mirrored_results(GAME, *policies, options.judge_matches, rng.derive(options.seed, JUDGE))
        print(f"{person} ({bot}) against {path}: {tally}", flush=True)
        out[person] = tally.to_dict()
    return out


if __name__ == "__main__":
    main()
