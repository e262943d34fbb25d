"""The engine of a cluster: what an actor plays is counted once or not at all, and a run goes on in either engine."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from botgame.errors import UserError
from botgame.training import alphastar_league, alphastar_rl
from botgame.training.alphastar.engine.blocks import BLOCK, Blocks
from botgame.training.alphastar.engine.choice import EngineChoice
from botgame.training.alphastar.engine.resharding import reshard
from botgame.training.league.files import TRAINING, read_matches, read_state
from botgame.training.runs.same_flags import NEUTRAL_FLAGS
from engine_runs import RUNS, league_of
from process_tree import descendants, is_alive
from test_processes import start, stop_after
from toy_run import SMALL, TOY

HERE = sys.platform == "linux" and importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not HERE, reason="no Ray on this machine")
FEW = [*TOY, *SMALL, "--actor-rollouts", "2", "--save-every", "1"]


# The flags.


def test_flags_of_a_cluster_need_a_cluster() -> None:
    with pytest.raises(UserError, match="--actors is for --engine ray") as raised:
        EngineChoice(actors=2)
    assert raised.value.code == 2
    with pytest.raises(UserError, match="--ray-address is for --engine ray"):
        EngineChoice(address="auto")
    assert {"engine", "ray_address", "actors"} <= set(NEUTRAL_FLAGS)


def test_what_a_machine_lacks_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UserError, match=r'pip install "botgame\[ray\]"') as raised:
        EngineChoice("ray")
    assert raised.value.code == 2
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(UserError, match="clusters need Linux"):
        EngineChoice("ray")


@needs_ray
@pytest.mark.parametrize("address", ["10.0.0.1", "ray://10.0.0.1:10001", ":6379", "a b:1"])
def test_an_address_is_auto_or_host_and_port(address: str) -> None:
    EngineChoice("ray", "auto")
    EngineChoice("ray", "node-1.local:6379", 4)
    with pytest.raises(UserError, match="expected auto or HOST:PORT"):
        EngineChoice("ray", address)


@needs_ray
def test_a_cluster_that_does_not_answer_is_named_at_once() -> None:
    from botgame.training.alphastar.engine.ray_cluster import RayCluster

    with pytest.raises(UserError, match=r"--ray-address: 127\.0\.0\.1:1 does not answer .*ray start --head --port 1"):
        RayCluster(EngineChoice("ray", "127.0.0.1:1"), 4)


@needs_ray
def test_auto_without_a_cluster_says_how_to_start_one(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "a" * 32)  # without one Ray refuses before it looks for a cluster
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))  # knows no cluster, whatever ran on this machine before
    words = [*FEW, "--supervised-checkpoint", str(trained), "--output-dir", str(tmp_path / "league")]
    with start("alphastar_league", *words, "--engine", "ray", "--ray-address", "auto") as process:
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert "no Ray cluster runs on this machine; start one, with a token (docs/scaling.md): ray start --head" in said


@needs_ray
@pytest.mark.parametrize("name", RUNS)
def test_a_cluster_that_does_not_answer_leaves_an_earlier_run_where_it_is(
    name: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert RUNS[name](trained, tmp_path, 1, "--threads", "1") == 0
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(files) > 4
    capsys.readouterr()
    assert RUNS[name](trained, tmp_path, 1, "--seed", "1", "--engine", "ray", "--ray-address", "127.0.0.1:1") == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


def test_what_a_cluster_left_is_dealt_to_processes() -> None:
    columns = {"length": np.arange(5), "version": np.array([3, 1, 2, 5, 4])}
    tensors = {name: torch.from_numpy(column) for name, column in columns.items()}
    dealt = reshard([{"skip": 7, "replay_buffer": {"count": 5, "columns": tensors}}], 2)
    assert [part["skip"] for part in dealt] == [7, 7]
    assert [part["replay_buffer"]["columns"]["version"].tolist() for part in dealt] == [[1, 3, 5], [2, 4]]


# Rollouts under way, with a stand-in for Ray.


class LostError(Exception):
    actor_init_failed = False


class InTaskError(LostError):
    pass


class Standin:
    """Has the face of `ray` and of an engine. Results of rollouts are given by hand, in the order of asking."""

    def __init__(self, *results: object) -> None:
        self.ray = self
        self.exceptions = SimpleNamespace(RayError=LostError, RayTaskError=InTaskError)
        self.asked: list[tuple[int, int, bool]] = []
        self._results, self.blocks = list(results), Blocks()

    def wait(self, refs: list[int], num_returns: int, timeout: float) -> tuple[list[int], list[int]]:
        there = [ref for ref in refs if ref < len(self._results)][:num_returns]
        return there, [ref for ref in refs if ref not in there]

    def get(self, refs: Any) -> Any:
        if isinstance(refs, list):
            return [self.get(ref) for ref in refs]
        result = self._results[refs]
        if isinstance(result, Exception):
            raise result
        return result

    def rollout(self, rank: int, player: str, block: int, version: int, *, first: bool) -> int:
        self.asked.append((rank, block, first))
        return len(self.asked) - 1


def flights(standin: Standin, monkeypatch: pytest.MonkeyPatch) -> Any:
    from botgame.training.alphastar.engine import ray_flights

    monkeypatch.setattr(ray_flights, "_AGAIN_SECONDS", 0.0)
    return ray_flights.Flights(standin, "main1", 2)  # type: ignore[arg-type]


def rollout(decisions: int) -> Any:
    from botgame.training.alphastar.engine.rollout import Rollout

    return Rollout({"length": np.array([decisions])}, decisions, [], {})


@needs_ray
def test_an_actor_has_one_rollout_at_a_time_and_keeps_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    standin = Standin(rollout(1), rollout(2), rollout(3))
    made = flights(standin, monkeypatch)
    made.start(0)
    made.start(0)
    assert standin.asked == [(0, 0, True), (1, 1, True)]
    assert [each.decisions for each in made.land()] == [1, 2]
    made.start(1)
    assert standin.asked[2:] == [(0, 0, False), (1, 1, False)]
    assert [each.decisions for each in made.land()] == [3]
    assert made.land() == []


@needs_ray
@pytest.mark.parametrize("lost", [LostError(), None], ids=["died", "restarted"])
def test_a_lost_actor_begins_matches_with_numbers_of_their_own(
    lost: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    standin = Standin(rollout(1), lost, lost, rollout(4), rollout(5))
    made = flights(standin, monkeypatch)
    made.start(0)
    assert [each.decisions for each in made.land()] == [1]
    made.start(0)
    assert standin.asked[2:] == [(0, 0, False), (1, 2, True)]
    assert [each.decisions for each in made.land()] == [4]
    made.start(0)
    assert standin.asked[4:] == [(0, 3, True), (1, 2, False)]
    said = capsys.readouterr().out
    assert said.count("actor 1 was lost: its running matches of main1 are void") == 1
    assert said.count("actor 0 was lost") == 1


@needs_ray
def test_what_an_actor_refuses_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from botgame.training.alphastar.engine.ray_actor import Refused

    made = flights(Standin(Refused("bot 'mine' is missing: put it there", 2), rollout(1)), monkeypatch)
    made.start(0)
    with pytest.raises(UserError, match="put it there") as raised:
        made.land()
    assert raised.value.code == 2


# An actor, without a cluster.


@needs_ray
def test_an_actor_that_was_started_anew_says_so_and_numbers_never_meet(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan made here, followed by an actor, with results in the place of references."""
    import ray

    from botgame.training.alphastar.engine.acting import Order
    from botgame.training.alphastar.engine.messages import packed
    from botgame.training.alphastar.engine.portions import Place
    from botgame.training.alphastar.engine.ray_actor import RayActor, arrays_of
    from botgame.training.league.worker import LeagueWorker, Opposition, make_worker

    monkeypatch.setattr(ray, "get", lambda ref: ref)
    setting, origin = league_of(trained, tmp_path)
    own = LeagueWorker(setting, origin, Place(0, 2, acts=False))
    own.enter("main1", 0)
    own.enter("main_exploiter1", 1, origin.weights)
    own.players.folder.mkdir(parents=True)
    own.players.freeze("main1", "main1.v0")
    factions = dict.fromkeys(("main_exploiter1", "main1", "main1.v0", "chance"), "")
    roster = ["main1", "main1.v0", "chance"]
    own.oppose("main_exploiter1", Opposition(roster, factions, roster))

    def order(block: int, *, first: bool) -> tuple[Order, dict[Any, Any]]:
        plan = own.plan("main_exploiter1")
        assert set(plan.lasting) == {("frozen", "main1.v0"), ("teacher", "main_exploiter1", 1)}
        live = {name: ("live", name, 1) for name in plan.live}
        refs: dict[Any, Any] = {key: arrays_of(made()) for key, made in plan.lasting.items()}
        refs |= {key: arrays_of(own.networks[name].state_dict()) for name, key in live.items()}
        return Order("main_exploiter1", block, first, 5, live, plan.details), refs

    work = [packed((make_worker, (setting.to_dict(), origin)))]
    actor = RayActor(Place(1, 2), sys.path)
    assert actor.rollout(*order(4, first=False), work) is None
    (own.players.folder / "main1.v0.pt").unlink()  # on another machine it is not there
    own.players.frozen = lambda name: origin_of(origin)  # type: ignore[method-assign]
    tags = []
    for block, first in ((4, True), (4, False), (7, True)):
        done = actor.rollout(*order(block, first=first), work)
        assert done.sequences >= own.config("main_exploiter1").sequences() // 2
        assert (done.columns["version"] == 5).all()
        tags += [match.setup.tag for match in done.ended]
        assert {tag // BLOCK for tag in tags[-len(done.ended) :]} <= {block}
    assert len(set(tags)) == len(tags) > 4


def origin_of(origin: Any) -> dict[str, Any]:
    return {"network": origin.network, "weights": origin.weights, "faction": ""}


# Ray itself.


def actors(parent: int) -> list[int]:
    """The processes of Ray actors below another."""
    lines = {process: Path(f"/proc/{process}/cmdline") for process in descendants(parent)}
    return [process for process, line in lines.items() if line.exists() and b"ray::RayActor" in line.read_bytes()]


def listening(parent: int) -> set[str]:
    """The addresses, in hexadecimal, on which a process and those below it wait for connections."""
    sockets = set()
    for process in (parent, *descendants(parent)):
        for file in Path(f"/proc/{process}/fd").glob("*"):
            with suppress(OSError):
                sockets.add(str(file.readlink()).removeprefix("socket:[").removesuffix("]"))
    rows = [row.split() for name in ("tcp", "tcp6") for row in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {row[1].split(":")[0] for row in rows if row[3] == "0A" and row[9] in sockets}


def lines_of(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


@needs_ray
def test_a_league_survives_a_lost_actor_and_goes_on_in_processes(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Begun in one process, gone on with in a cluster of which an actor is killed, ended in one process."""
    home, output = tmp_path / "home", tmp_path / "league"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("RAY_max_direct_call_object_size", "4000")  # what is larger is in the store
    words = [*FEW, "--supervised-checkpoint", str(trained), "--output-dir", str(output), "--league-exploiters", "1"]
    words += ["--rl-iterations-per-round", "2", "--past-matches", "2", "--cross-play-matches", "2"]
    words += ["--rounds", "100000", "--resume"]
    stop_after(monkeypatch, 2)
    assert alphastar_league.main(words) == 130
    with start("alphastar_league", *words, "--engine", "ray", "--actors", "2") as process:

        def wait(lines: int) -> None:
            while lines_of(output / "metrics.jsonl") < lines:
                assert process.poll() is None, process.communicate()[0]
                time.sleep(0.02)

        wait(4)
        seen, below = listening(process.pid), descendants(process.pid)
        os.kill(actors(process.pid)[0], signal.SIGKILL)
        wait(lines_of(output / "metrics.jsonl") + 20)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 130, said
    assert "going on in 2 Ray actors, before in 1 process: running matches begin anew" in said
    assert "was lost: its running matches of main1 are void" in said
    assert not [other for other in below if is_alive(other)]
    assert not (home / ".ray").exists(), "a token lies in the home folder"
    assert {address[-8:] for address in seen} == {"0100007F"}, "somebody else can reach the cluster"
    assert alphastar_league.main(words) == 130
    assert "going on in 1 process, before in 2 Ray actors" in capsys.readouterr().out
    check_sums(output)


def check_sums(output: Path) -> None:
    """Ids without a gap, no match twice, and every count the same."""
    matches, torn = read_matches(output / "matches.jsonl")
    trained = [(match.home, match.seed) for match in matches if match.kind == TRAINING]
    assert len(set(trained)) == len(trained)
    rows = [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
    state = read_state(output / "league_state.json")
    learners = state.league.learners.values()
    assert (torn, len(matches)) == (0, rows[-1]["matches"])
    assert [row["step"] for row in rows] == list(range(1, len(rows) + 1))
    assert len(trained) == sum(learner.games for learner in learners)
    assert len(trained) == sum(rows[-1][f"{learner.name}/episodes"] for learner in learners)
    for learner in learners:
        assert learner.steps == rows[-1][f"{learner.name}/decisions"]


@needs_ray
def test_help_does_not_import_ray() -> None:
    code = "import importlib, sys\nfor name in sys.argv[1:]:\n"
    code += "    importlib.import_module(f'botgame.training.{name}').build_parser()\n"
    code += "    assert 'ray' not in sys.modules, name"
    modules = ["alphastar_rl", "alphastar_league", "exploit"]
    assert subprocess.run([sys.executable, "-c", code, *modules], check=False).returncode == 0


def test_rl_and_league_say_so_when_a_cluster_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = [*TOY, "--scratch", "tiny", "--output", str(tmp_path / "a.pt"), "--actors", "2"]
    assert alphastar_rl.main(words) == 2
    assert "--actors is for --engine ray" in capsys.readouterr().err
