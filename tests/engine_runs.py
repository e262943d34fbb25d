"""The commands that train, as their smallest runs in an engine of several processes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from botgame.games import load_game
from botgame.training import alphastar_league, alphastar_rl, exploit
from botgame.training.league.command import league_setting
from botgame.training.league.setting import LeaguePaths, LeagueSetting
from botgame.training.runs.origin import Origin, supervised_origin
from toy_run import EXPLOITERS, SMALL, TOY

FEW = [*TOY, *SMALL, "--actor-rollouts", "2", "--save-every", "1", "--lr-end", "1", "--kl-end", "1", "--threads", "2"]
LEAGUE = ["--rl-iterations-per-round", "2", "--past-matches", "2", "--cross-play-matches", "2"]
LEAGUE += [*EXPLOITERS, "--min-phase-steps", "60", "--timeout-steps", "60"]


def rl(start: Path, folder: Path, length: int, *more: str) -> int:
    words = ["--supervised-checkpoint", str(start), "--output", str(folder / "main.pt"), "--iterations", str(length)]
    return alphastar_rl.main([*FEW, "--snapshot-every", "1", "--snapshots", "2", *words, *more])


def league(start: Path, folder: Path, length: int, *more: str) -> int:
    words = ["--supervised-checkpoint", str(start), "--output-dir", str(folder), "--rounds", str(length)]
    return alphastar_league.main([*FEW, *LEAGUE, *words, *more])


def best_response(start: Path, folder: Path, length: int, *more: str) -> int:
    words = ["--supervised-checkpoint", str(start), "--output-dir", str(folder), "--budget", str(100 * length)]
    words += ["--start", "supervised", "--final-matches", "2", "--eval-every", "0"]
    return exploit.main(["zero", *FEW, *words, *more])


def league_of(trained: Path, folder: Path) -> tuple[LeagueSetting, Origin]:
    """The smallest league with an exploiter, to make workers of."""
    words = [*TOY, *SMALL, "--supervised-checkpoint", str(trained), "--output-dir", str(folder)]
    words += ["--actor-rollouts", "2", "--exploiter-share", "1", "--scripted-players", "chance", *EXPLOITERS]
    options = alphastar_league.build_parser().parse_args(words)
    game = load_game(options.game)
    return league_setting(options, game, LeaguePaths.inside(folder)), supervised_origin(trained, game)


RUNS = {"rl": rl, "league": league, "exploit": best_response}


def rows(folder: Path) -> list[dict]:
    (path,) = folder.rglob("*metrics.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [{name: value for name, value in line.items() if "time_" not in name} for line in lines]


def stop_after(monkeypatch: pytest.MonkeyPatch, iterations: int, stops: Callable[[], bool] = lambda: True) -> None:
    """Let runs end after so many iterations, as if Ctrl-C had been pressed during the last.

    stops: asked from then on whether it was pressed; it may do something else to the run.
    """

    class Stop:
        def __init__(self) -> None:
            self.left = iterations

        def __bool__(self) -> bool:
            self.left -= 1
            return self.left <= 0 and stops()

    @contextmanager
    def stop_on_signal() -> Iterator[Stop]:
        yield Stop()

    for module in ("rl", "league"):
        monkeypatch.setattr(f"botgame.training.{module}.run.stop_on_signal", stop_on_signal)


def start(module: str, *words: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", f"botgame.training.{module}", *map(str, words)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
