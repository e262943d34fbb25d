"""A good file of every kind, to be mutated (`benchmarks/mutants.py`)."""

from __future__ import annotations

import contextlib
import functools
import io
from pathlib import Path

import numpy as np
import torch

import mutants
from botgame import record
from botgame.feedback import MANIFEST_NAME, STREAM_NAME, Decision, Mark, MatchRecord, SeatRecord, encode_line
from botgame.lms.game import lms
from botgame.lms.replay.format import read, write
from botgame.lms.replay.showing.film import film_json
from botgame.lms.replay.showing.policy_readout import read_readout
from botgame.policy_readout import HeadLabels, PolicyReadout, SeatReadout, write_readout
from botgame.statistic_z_file import read_statistic_z, write_statistic_z
from botgame.training import alphastar_rl, export
from botgame.training.alphastar.checkpoint import load_state, save_state
from botgame.training.alphastar.league.league import League, LeagueConfig
from botgame.training.best_response.results import Exploit, Search, write_results
from botgame.training.league.files import EVALUATION, TRAINING, LeagueState, Match, match_lines, write_state
from exploit_points import point_of
from league_rules import BOTH, NoWeights
from matches import record as recorded

RECORDED = {"toy_game:toy": "chance,zero", "openspiel:tic_tac_toe": "search-4,random"}
ROYALE = (("main1", 1), ("main1.v0", 2), ("league_exploiter1", 2))


def league_folder(folder: Path) -> Path:
    league = League.start(LeagueConfig(exploiters=BOTH), 0, NoWeights())
    for result in (1, -1, 0, 1):
        league.report("main1", {"league_exploiter1": [result]})
    (folder / "exploit" / "a").mkdir(parents=True)
    write_state(folder / "league_state.json", LeagueState("toy", league, "chance", 1, 2, 4))
    matches = [
        Match(1, 1, 1, TRAINING, "main1", "main1.v0", 1, 7, 30),
        Match(2, 1, 2, TRAINING, "main1", "", 0, 8, 31, ROYALE),
        Match(3, 1, 2, TRAINING, "league_exploiter1", "main1", -1, 9, 32),
        Match(4, 1, 2, EVALUATION, "main1", "chance", 1, 9, 32),
    ]
    (folder / "matches.jsonl").write_bytes(match_lines(matches))
    point = point_of(3, 400, 6, 1, 3)
    searches = {"scratch": Search("pi.pt", 1, 500, [point], point, "a.pt")}
    write_results(folder / "exploit" / "a" / "exploit.json", Exploit("toy", "zero", "", "r", searches))
    return folder


def feedback_folder(folder: Path) -> Path:
    (folder / "live").mkdir(parents=True)
    path = write(folder, recorded(1)[0])
    seats = [SeatRecord("human:Ann", "human", rating=3.0, place=1, result=1.0), SeatRecord("lms_re", place=2)]
    record = MatchRecord("run/1", path.name, seats)
    (folder / "live" / MANIFEST_NAME).write_bytes(encode_line(record) * 2)
    decisions = read(path).decisions
    action = [int(part) for part in decisions.choices[0]]
    correction = Decision(path.name, 0, int(decisions.tick[0]), action, "human", "run/1")
    stream = [correction, Mark("", 1, 3, 90, "good", "run/1")]
    (folder / "live" / STREAM_NAME).write_bytes(b"".join(map(encode_line, stream)))
    return folder


def recording(folder: Path, game: str, bots: str) -> Path:
    """A recorded match of a game without recordings of its own."""
    words = ["--game", game, "--bots", bots, "--matches", "1", "--data-dir", str(folder)]
    with contextlib.redirect_stdout(io.StringIO()):
        assert record.main(words) == 0
    (path,) = folder.iterdir()
    return path


def trained(folder: Path) -> tuple[Path, Path]:
    """A checkpoint and a model of the toy game, for `targets`."""
    checkpoint, model = folder / "trained.pt", folder / "pi.onnx"
    words = ["--scratch", "tiny", "--output", str(checkpoint), "--iterations", "1", "--eval-matches", "2", "--cpu"]
    words += ["--actor-rollouts", "1", "--learner-updates", "1", "--unroll-length", "4", "--threads", "1"]
    with contextlib.redirect_stdout(io.StringIO()):
        assert alphastar_rl.main(["--game", "toy_game:toy", *words, "--min-replay-sequences", "1"]) == 0
        assert export.main(["--game", "toy_game:toy", str(checkpoint), "-o", str(model)]) == 0
    return checkpoint, model


def targets(folder: Path, checkpoint: Path, model: Path) -> dict[str, mutants.Target]:
    """Every kind, in folders below `folder`. checkpoint, model: of the toy game, no longer whole afterwards."""
    torch.set_num_threads(1)
    league, feedback = league_folder(folder / "league"), feedback_folder(folder / "feedback")
    (folder / "one").mkdir()
    replay = recorded(1)[0]
    path = write(folder / "one", replay)
    live = write(folder / "feedback", recorded(2)[1])
    assert read(live).path == live
    seat = SeatReadout(0, "pi.pt", [1, 2], [0.5, -0.25], [[[20, 80], [30, 70]]], [[0, 1]])
    readout = folder / "a.thoughts.json"
    write_readout(readout, PolicyReadout(replay.name, [HeadLabels("verb", ["x", "y"])], [seat]))
    style, statistic = folder / "style.json", lms().statistic_z
    assert statistic is not None
    write_statistic_z(style, statistic.spec, "lms", np.linspace(0, 1, statistic.spec.width, dtype=np.float32).round())
    state = folder / "state.pt"
    save_state(state, {"optimiser": {"m": torch.arange(5)}, "names": ["a"], "weights": {"w": torch.ones(2)}})
    played = {game: recording(folder / game.partition(":")[0], game, bots) for game, bots in RECORDED.items()}

    def quiet_league() -> None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            mutants.use_league(league)

    return {
        "replay": mutants.replay_target(path, lambda: mutants.use_replay(path)),
        "manifest": mutants.lines_target(feedback / "live" / MANIFEST_NAME, lambda: mutants.use_feedback(feedback)),
        "feedback": mutants.lines_target(feedback / "live" / STREAM_NAME, lambda: mutants.use_feedback(feedback)),
        "league state": restored(mutants.json_target(league / "league_state.json", quiet_league)),
        "matches": restored(mutants.lines_target(league / "matches.jsonl", quiet_league)),
        "exploit": restored(mutants.json_target(league / "exploit" / "a" / "exploit.json", quiet_league)),
        "readout": mutants.json_target(readout, lambda: used(film_json(replay, read_readout(readout, replay)))),
        "style": mutants.json_target(style, lambda: used(read_statistic_z(style, statistic.spec, "lms")), sealed=False),
        "state": mutants.torch_target(state, lambda: used(load_state(state))),
        "checkpoint": mutants.torch_target(checkpoint, lambda: mutants.use_policy(checkpoint)),
        "model": mutants.onnx_target(model, lambda: mutants.use_policy(model)),
        **{
            f"recording of {game}": mutants.json_target(path, functools.partial(mutants.use_recording, path, game))
            for game, path in played.items()
        },
    }


def restored(target: mutants.Target) -> mutants.Target:
    """The file is whole again after each use, for those that share its folder."""
    whole = target.path.read_bytes()

    def use() -> None:
        try:
            target.use()
        finally:
            target.path.write_bytes(whole)

    return target._replace(use=use)


def used(value: object) -> None:
    """For a use that gives something."""
