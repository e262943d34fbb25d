"""Do corrections help? A scripted expert takes over from a clone; the clone is trained again with and without that.

    python benchmarks/corrections.py --student artifacts/alphastar/pi_sup.pt --data-dir data/processed \
        --matches 100 --seeds 3 --output-dir reports/corrections

Both arms learn from the replays of `--data-dir` and `--matches` more: in arm `plain` the expert plays all of each of
them, in arm `corrections` the student plays them and the expert takes its seat over every few seconds (DAgger: Ross,
Gordon, Bagnell, 2011). Seeds, schools, seats and opponents of these matches are equal, as are all flags of training.
Arm `base` has neither. Each arm is trained once a seed and plays mirrored duels against the expert on unseen seeds.

What is done is not done again: run the same command to go on. Figures go to `results.json` and the console.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botgame import rng
from botgame.files import write_atomic
from botgame.game import Setup
from botgame.live.journal import Journal
from botgame.lms.arena_simulation import ArenaSimulation
from botgame.lms.game import lms
from botgame.lms.replay.format import scan, write
from botgame.lms.replay.record import Recorder
from botgame.lms.rules import SCHOOLS
from botgame.play import play
from botgame.policies import load_policy
from botgame.ratings import wilson
from botgame.training import alphastar_imitation
from botgame.training.evaluation.duels import mirrored_results
from takeovers import SLOTS, STUDENT, Takeovers

GAME = lms()
EXPERT = "lms_re"
OPPONENTS = ("lms_re", "rusher", "kiter", "looter", "camper")
ARMS = ("base", "plain", "corrections")
MATCHES, JUDGE = 0x6D61, 0x6A75  # purposes of seeds


def main() -> None:
    """Record, train, judge, print."""
    options = parse_arguments()
    folder: Path = options.output_dir
    check_unchanged(options, folder / "config.json")
    record_corrections(options, folder / "corrections")
    record_plain(options, folder / "plain")
    results: dict[str, Any] = {}
    for seed in range(options.seeds):
        for arm in options.arms:
            results[f"{arm}/{seed}"] = judge(options, arm, seed, train(options, arm, seed))
            write_atomic(folder / "results.json", json.dumps(results, indent=2).encode() + b"\n")
    for line in report(results):
        print(line)


def parse_arguments() -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--student", default="artifacts/alphastar/pi_sup.pt", help="the clone that is corrected")
    parser.add_argument("--data-dir", type=Path, default=Path("data/processed"), help="what it was trained on")
    parser.add_argument("--matches", type=int, default=100, help="matches added in each arm")
    parser.add_argument("--student-seconds", type=float, default=3.0, help="mean length of the student's spans")
    parser.add_argument("--expert-seconds", type=float, default=3.0, help="mean length of the expert's spans")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each arm")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS, metavar="ARM", help="which arms to train")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--preset", default="small")
    parser.add_argument("--judge-matches", type=int, default=2000, help="duels against the expert for each training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--output-dir", type=Path, default=Path("reports/corrections"))
    return parser.parse_args()


def check_unchanged(options: argparse.Namespace, path: Path) -> None:
    """What was recorded and trained with other flags must not be mixed in. More seeds, arms or duels may follow."""
    free = ("threads", "seeds", "judge_matches", "arms")
    config = {name: str(value) for name, value in vars(options).items() if name not in free}
    if path.exists() and json.loads(path.read_bytes()) != config:
        sys.exit(f"{path} is of a run with other flags: choose another --output-dir or delete that one")
    write_atomic(path, json.dumps(config, indent=2).encode())


def setups(options: argparse.Namespace, expert: int) -> Iterator[Setup]:
    """The added matches: the learner's seat and its opponent alternate. expert: who sits there, by player number.

    Players are the student, the expert, then `OPPONENTS`.
    """
    for number in range(options.matches):
        seed = rng.derive(options.seed, MATCHES, number)
        opponent = 2 + rng.derive(seed, 1) % len(OPPONENTS)
        factions = tuple(rng.derive(seed, 2, seat) % len(SCHOOLS) for seat in range(2))
        players = (expert, opponent) if number % 2 == 0 else (opponent, expert)
        yield Setup(seed, players, factions, GAME.duration_ticks)


def record_corrections(options: argparse.Namespace, folder: Path) -> None:
    """The student's matches with take-overs: replays, manifest and feedback stream below `folder`."""
    if (folder / "done").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    names = [options.student, EXPERT, *OPPONENTS]
    with Journal(folder / "live", folder / "feedback", "takeovers") as journal:
        seconds = options.student_seconds, options.expert_seconds
        takeovers = Takeovers([load_policy(GAME, name) for name in names], names, folder / "replays", journal, seconds)
        takeovers.play(setups(options, STUDENT))
    write_atomic(folder / "done", b"")
    print(f"{options.matches} matches with {takeovers.corrections} corrections")


def record_plain(options: argparse.Namespace, folder: Path) -> None:
    """The same matches, all played by the expert."""
    if (folder / "done").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    names = [EXPERT, EXPERT, *OPPONENTS]
    policies = [load_policy(GAME, name) for name in names]

    def listen(simulation: ArenaSimulation) -> Recorder:
        return Recorder(simulation.arena, names, lambda _, replay: write(folder / "replays", replay))

    for _ in play(GAME, policies, setups(options, 1), slots=SLOTS, listen=listen):
        pass
    write_atomic(folder / "done", b"")


def train(options: argparse.Namespace, arm: str, seed: int) -> Path:
    """Train one arm with the project's own command; returns the checkpoint."""
    folder = options.output_dir / arm
    data = folder / "data"
    for path in [*scan(options.data_dir), *(scan(folder / "replays") if arm != "base" else [])]:
        if not (data / path.name).exists():
            data.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, data / path.name)
    output = folder / f"pi_{seed}.pt"
    flags = {
        "data-dir": data, "feedback-dir": folder / "feedback", "reports-live-dir": folder / "live", "output": output,
        "epochs": options.epochs, "preset": options.preset, "seed": options.seed + seed, "threads": options.threads,
        "eval-every": 0, "final-matches": 2,
    }  # fmt: skip
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    if alphastar_imitation.main([*words, "--resume"]):
        sys.exit(f"training of {output} failed or was stopped; run the same command to go on")
    return output


def judge(options: argparse.Namespace, arm: str, seed: int, checkpoint: Path) -> dict[str, Any]:
    """Mirrored duels of a checkpoint against the expert, kept beside it."""
    path = options.output_dir / arm / f"judged_{seed}_{options.judge_matches}.json"
    if not path.exists():
        student, expert = load_policy(GAME, str(checkpoint)), load_policy(GAME, EXPERT)
        tally = mirrored_results(GAME, student, expert, options.judge_matches, rng.derive(options.seed, JUDGE))
        write_atomic(path, json.dumps(tally.to_dict()).encode())
        print(f"{arm}, seed {seed}: {tally}", flush=True)
    result: dict[str, Any] = json.loads(path.read_bytes())
    return result


def report(results: dict[str, Any]) -> list[str]:
    """A line an arm over all its trainings, then the differences."""
    lines, rates = [], {}
    for arm in ARMS:
        tallies = [tally for name, tally in results.items() if name.split("/")[0] == arm]
        if not tallies:
            continue
        matches = sum(tally["matches"] for tally in tallies)
        points = sum(tally["wins"] + tally["draws"] / 2 for tally in tallies)
        rate, low, high = wilson(points, matches)
        rates[arm] = rate, rate * (1 - rate) / matches
        each = ", ".join(f"{tally['win_rate']:.1%}" for tally in tallies)
        lines.append(f"{arm}: {rate:.1%} [{low:.1%}, {high:.1%}] over {matches} duels; by training: {each}")
    for better, worse in (("plain", "base"), ("corrections", "base"), ("corrections", "plain")):
        if not {better, worse} <= rates.keys():
            continue
        difference = rates[better][0] - rates[worse][0]
        margin = 1.96 * (rates[better][1] + rates[worse][1]) ** 0.5
        lines.append(f"{better} - {worse}: {100 * difference:+.1f} points, +- {100 * margin:.1f} (95 %, of the duels)")
    return lines


if __name__ == "__main__":
    main()
