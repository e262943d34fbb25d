"""The engine that acts for the next iteration while it learns: it repeats, counts matches once, and loses nothing."""

import json
import multiprocessing
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from botgame.training.alphastar.actor.opponents import PAST
from botgame.training.alphastar.checkpoint import load_state
from botgame.training.alphastar.engine import pipelined_engine
from botgame.training.alphastar.engine.messages import packed
from botgame.training.alphastar.engine.pipelined_engine import PipelinedEngine
from botgame.training.alphastar.engine.plan import ForgottenError, Key
from botgame.training.alphastar.engine.portions import Place
from botgame.training.league.loop import LeagueRun
from botgame.training.league.worker import Details, LeagueWorker, Opposition
from botgame.training.rl.run import RLRun
from engine_runs import RUNS, league, league_of, rl, rows, stop_after
from styled_checkpoint import save_styled

pytestmark = pytest.mark.usefixtures("quick_children")
PIPELINED = ("--engine", "pipelined")
ALONE = ("--threads", "1")


def learned(folder: Path, names: tuple[str, ...] = ("decisions", "episodes", "gradient_norm", "loss/total")) -> list:
    """What each iteration of a run learned from, and what it made of that."""
    return [[row[name] for name in names] for row in rows(folder) if "loss/total" in row]


def whole_and_killed(
    run: Callable[..., int], start: Path, folder: Path, length: int, killed: int, *words: str
) -> tuple[Path, Path]:
    """The folders of an undisturbed run, and of one that was killed after `killed` iterations and went on.

    The files of a killed run are those that the undisturbed one has on disk at that moment.
    """
    whole, cut = folder / "whole", folder / "killed"
    with pytest.MonkeyPatch.context() as patch:
        after_iteration(killed, lambda: shutil.copytree(whole, cut), patch)
        assert run(start, whole, length, *PIPELINED, *words) == 0
    assert run(start, cut, length, *PIPELINED, *words, "--resume") == 0
    return whole, cut


def after_iteration(last: int, act: Callable[[], object], patch: pytest.MonkeyPatch) -> None:
    """Let runs call `act` once, between iteration `last` and the next."""

    def acting(iterations: Callable[..., Iterator[int]]) -> Callable[..., Iterator[int]]:
        def acting_iterations(*given: Any) -> Iterator[int]:
            for number in iterations(*given):
                yield number
                if number == last:
                    act()

        return acting_iterations

    for kind in (RLRun, LeagueRun):
        patch.setattr(kind, "iterations", acting(kind.iterations))


def assert_same_end(cut: Path, whole: Path) -> None:
    """Metrics, matches, payoff and weights are equal to the bit."""
    assert rows(cut) == rows(whole)
    for path in [*whole.rglob("matches.jsonl"), *whole.rglob("league_state.json")]:
        assert path.read_bytes() == (cut / path.name).read_bytes()
    mine, other = (load_state(next(each.rglob("*resume.pt"))) for each in (cut, whole))
    states = [state.get("seats", {"main": state}) for state in (mine, other)]
    for name, seat in states[1].items():
        own = states[0][name]["trainer"]
        for part, tensor in seat["trainer"]["learner"]["weights"].items():
            assert torch.equal(own["learner"]["weights"][part], tensor), (name, part)
        assert own["parts"][0]["replay_buffer"]["count"] == seat["trainer"]["parts"][0]["replay_buffer"]["count"]


@pytest.mark.parametrize("name", ["rl", "league"])
def test_a_run_that_was_killed_ends_as_if_it_had_not_been(
    name: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last commit is older than the kill; dropped past selves still play, and players start anew."""
    words = ["--save-every", "2", "--threads", "3", *(["--opponents", "self=0.2,past=0.8"] if name == "rl" else [])]
    whole, cut = whole_and_killed(RUNS[name], trained, tmp_path, 7 if name == "rl" else 4, 5, *words)
    said = capsys.readouterr().out
    assert "running matches" not in said
    assert "3 processes, of which one learns" in said
    assert_same_end(cut, whole)
    assert len(rows(whole)) >= 6


def test_exploiters_that_start_anew_from_the_main_agent_go_on_to_the_bit(trained: Path, tmp_path: Path) -> None:
    words = ("--exploiter-reset", "main", "--save-every", "1", "--exploiter-share", "1")
    whole, cut = whole_and_killed(league, trained, tmp_path, 4, 5, *words)
    assert_same_end(cut, whole)
    assert max(row["main_exploiter1/resets"] for row in rows(whole)) > 0


def test_styles_and_free_for_alls_go_on_to_the_bit(tmp_path: Path) -> None:
    start = tmp_path / "start.pt"
    save_styled(start)
    words = [*("--game", "lms", "--matches-per-actor", "6", "--royale-share", "0.5", "--royale-seats", "3")]
    words += [
        *("--z-share", "0.8", "--z-reward-share", "0.5", "--save-every", "1", "--eval-every", "0", "--threads", "3")
    ]
    whole, cut = whole_and_killed(rl, start, tmp_path, 3, 1, *words, "--opponents", "past=0.5,legacy=0.5")
    assert_same_end(cut, whole)
    assert "loss/early_kl" in rows(whole)[-1]
    state = load_state(cut / "main.resume.pt")["trainer"]["parts"][0]["acting"]
    tables = [actor for matches in state["matches"] for actor in matches["actor"]["actors"]]
    assert len(tables) == 4
    assert all(table["styles"]["_given"].any() for table in tables)


def test_only_the_age_of_the_weights_differs_from_one_process(trained: Path, tmp_path: Path) -> None:
    """The first iteration is that of one process; later ones act with weights that are one update older."""
    words = ("--eval-every", "0", "--value-iterations", "0", "--lr", "0.01")
    assert rl(trained, tmp_path / "alone", 3, *ALONE, *words) == 0
    assert rl(trained, tmp_path / "pipelined", 3, *PIPELINED, *words) == 0
    alone, pipelined = learned(tmp_path / "alone"), learned(tmp_path / "pipelined")
    assert pipelined[0] == alone[0]
    assert pipelined[2] != alone[2]
    staleness = [[row["staleness"] for row in rows(tmp_path / each)] for each in ("alone", "pipelined")]
    assert staleness[1][0] == staleness[0][0]
    assert staleness[1][2] > staleness[0][2]


def test_each_match_of_a_league_is_counted_once_and_a_run_goes_on_in_any_engine(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for length, words in enumerate((PIPELINED, (*PIPELINED, "--threads", "3"), (), PIPELINED), 1):
        assert league(trained, tmp_path, length, *words, *(["--resume"] if length > 1 else [])) == 0
        said = capsys.readouterr().out
        assert ("running matches begin anew" in said) == (length > 1), said
    lines = [json.loads(line) for line in (tmp_path / "matches.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == list(range(1, len(lines) + 1))
    played = Counter((line["home"], line["seed"]) for line in lines if line["kind"] == "training")
    assert set(played.values()) <= {1}
    steps = [row["step"] for row in rows(tmp_path)]
    assert steps == list(range(1, len(steps) + 1))


def test_an_interrupt_ends_the_run_and_its_processes_at_once(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        started.extend(multiprocessing.active_children())
        raise KeyboardInterrupt

    started: list[multiprocessing.Process] = []
    after_iteration(1, interrupt, monkeypatch)
    assert rl(trained, tmp_path, 3, *PIPELINED, "--save-every", "2") == 130
    assert len(started) == 1
    assert not started[0].is_alive()
    assert len(rows(tmp_path)) == 1
    assert not list(tmp_path.rglob("*.resume.pt"))


def test_a_run_that_was_stopped_keeps_what_it_learned(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(monkeypatch, 2)
    assert rl(trained, tmp_path, 4, *PIPELINED) == 130
    monkeypatch.undo()
    before = load_state(tmp_path / "main.resume.pt")["trainer"]
    assert rl(trained, tmp_path, 4, *PIPELINED, "--resume") == 0
    after = load_state(tmp_path / "main.resume.pt")["trainer"]
    assert (before["iteration"], after["iteration"]) == (2, 4)
    assert after["parts"][0]["skip"] == before["parts"][0]["skip"]
    assert after["parts"][0]["replay_buffer"]["count"] > before["parts"][0]["replay_buffer"]["count"]
    assert after["decisions"] > before["decisions"]


@pytest.mark.parametrize("name", RUNS)
def test_one_thread_cannot_do_both_and_no_file_is_touched(
    name: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert RUNS[name](trained, tmp_path, 1, *PIPELINED, *ALONE) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"] == []


def test_a_process_keeps_the_frozen_selves_that_can_be_drawn_and_no_others(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = []
    monkeypatch.setattr(pipelined_engine, "packed", lambda message: messages.append(message) or packed(message))
    assert rl(trained, tmp_path, 8, *PIPELINED, "--opponents", "past=1", "--eval-every", "0") == 0
    held: set[Key] = set()
    for method, given, kept, told in messages[1:]:  # the first one says what the process does
        assert kept <= held
        held = {*kept, *(key for key in told if key[0] == PAST)}
        assert len(held) <= 3  # --snapshots 2, and the one of this iteration
        if method == "rollout":
            (order,) = given
            assert {number for _, number in held} >= set(order.details["drawable"])
    assert order.details["frozen"] > 6


def test_a_frozen_player_that_a_process_has_forgotten_is_read_from_its_file(trained: Path, tmp_path: Path) -> None:
    def forgotten(key: Key) -> None:
        raise ForgottenError(key)

    setting, origin = league_of(trained, tmp_path)
    worker = LeagueWorker(setting, origin, Place())
    worker.follow("main1", Details(0, ("main1",), Opposition([], {}, [])), forgotten)
    with pytest.raises(ForgottenError):  # on another machine there is no such file
        worker.players.policy("main1.v0")
    setting.paths.players.mkdir(parents=True)
    worker.players.freeze("main1", "main1.v0")
    assert worker.players.policy("main1.v0").name == "main1.v0"


def test_a_bot_that_vanishes_before_the_processes_load_it_is_named(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bot, order = tmp_path / "bot.pt", PipelinedEngine.order

    def order_without(engine: PipelinedEngine[Any], *given: Any) -> None:
        bot.unlink(missing_ok=True)
        order(engine, *given)

    bot.write_bytes(trained.read_bytes())
    monkeypatch.setattr(PipelinedEngine, "order", order_without)
    assert rl(trained, tmp_path, 1, *PIPELINED, "--opponents", f"{bot}=1", "--eval-every", "0") in (1, 2)
    said = capsys.readouterr().err
    assert "bot.pt" in said
    assert said.count("\n") == 1
