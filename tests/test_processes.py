"""A run in several processes: it repeats and resumes exactly, does each match once, and leaves no process behind."""

import copy
import dataclasses
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from botgame.errors import UserError
from botgame.training import alphastar_rl
from botgame.training.alphastar.checkpoint import load_state
from botgame.training.alphastar.engine.messages import packed, unpacked
from botgame.training.alphastar.engine.part import Part
from botgame.training.alphastar.engine.portions import Place, Portion, Table, deal
from botgame.training.alphastar.engine.processes import Processes, processes_for
from botgame.training.alphastar.engine.resharding import reshard
from botgame.training.alphastar.learner.gradient import GradientOptions, backward
from botgame.training.alphastar.learner.learner import loss_weights
from botgame.training.alphastar.learner.replay_buffer import ReplayBuffer
from botgame.training.alphastar.learner.sequences import gather
from botgame.training.alphastar.learner.trainer import Trainer
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from engine_runs import FEW, RUNS, league, rl, rows, start, stop_after
from forked import forked_children
from process_tree import descendants, is_alive
from toy_game import TOY_SPEC
from toy_trainer import CONFIG, ToyWorker, processes_of, trainer

torch.set_num_threads(1)
Pair = Processes[ToyWorker]
FEWER = dataclasses.replace(CONFIG, actor_rollouts=2, learner_updates=1)


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Two processes, which start once for all tests."""
    with forked_children():
        made = processes_of(2)
        yield made
        made.close()


def figures(made: Trainer, iterations: int) -> list[dict[str, float]]:
    """What so many iterations report, the clock aside."""
    rows = [made.iterate().metrics for _ in range(iterations)]
    return [{name: value for name, value in row.items() if not name.startswith("time_")} for row in rows]


def weights(made: Trainer) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in made.learner.network.state_dict().items()}


def assert_equal(mine: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert mine.keys() == other.keys()
    for name, tensor in other.items():
        assert torch.equal(mine[name], tensor), name


def buffers(processes: Pair, player: str = "a") -> list[dict[str, np.ndarray]]:
    """The sequences in each process."""
    parts = processes.everywhere("of_part", player, "snapshot")
    return [
        {name: column.numpy().copy() for name, column in part["replay_buffer"]["columns"].items()} for part in parts
    ]


def test_it_repeats_exactly_and_every_process_has_the_weights(pair: Pair) -> None:
    found = []
    for _ in range(2):
        made = trainer(FEWER, processes=pair)
        found.append((figures(made, 4), weights(made)))
    assert found[0][0] == found[1][0]
    assert_equal(found[0][1], found[1][1])
    assert found[0][0][-1]["learner_steps"] >= 4 * 3
    own, others = (made.learner.network.state_dict(), pair.everywhere("weights", "a"))
    for each in others:
        assert_equal(each, own)


def test_each_match_is_in_one_process_and_none_is_left_out(pair: Pair) -> None:
    made = trainer(FEWER, processes=pair)
    ended = [match for _ in range(5) for match in made.iterate().ended]
    numbers = sorted(match.setup.tag for match in ended)
    assert len(set(numbers)) == len(numbers)
    missing = set(range(max(numbers))) - set(numbers)
    assert len(missing) <= CONFIG.matches + 4  # those still run, and one process may be ahead of the other
    assert {number % 2 for number in numbers} == {0, 1}


def test_the_parts_gradients_add_up_to_that_of_the_whole(pair: Pair) -> None:
    made = trainer(FEWER, processes=pair)
    gathered = pair.everywhere("of_part", "a", "collect", 0)
    counts = pair.everywhere("of_part", "a", "plan", 0, sum(each.fresh for each in gathered))
    places = pair.everywhere("of_part", "a", "minibatch", 0)
    decisions = sum(part[0].decisions for part in counts)
    assert all(len(part) for part in places)
    options = GradientOptions(loss_weights(TOY_SPEC, FEWER), decisions, 1.0, CONFIG.temperature, False)
    pair.begin_gradient("a", 0, options, 2)
    metrics = [pair.worker.parts["a"].gradient(0, options), *pair.finish_gradient("a", 2)]
    network = Network(TOY_SPEC, PRESETS["tiny"], 0)
    chosen = [
        {name: column[at] for name, column in each.items()} for each, at in zip(buffers(pair), places, strict=True)
    ]
    whole = {name: np.concatenate([part[name] for part in chosen]) for name in chosen[0]}
    alone = backward(TOY_SPEC, network, gather(whole, np.arange(len(whole["length"]))), options)
    for name, value in alone.items():
        assert sum(part[name] for part in metrics) == pytest.approx(value, abs=1e-5), name
    for mine, other in zip(made.learner.network.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad, atol=1e-6, rtol=1e-4)


def test_a_restored_trainer_ends_with_the_same_bits(pair: Pair) -> None:
    cut = trainer(FEWER, processes=pair)
    figures(cut, 3)
    state = copy.deepcopy(cut.state_dict())
    whole = figures(cut, 3), weights(cut)
    other = trainer(FEWER, processes=pair)
    other.load_state_dict(state)
    assert figures(other, 3) == whole[0]
    assert_equal(weights(other), whole[1])


def test_players_take_turns_with_the_same_processes(pair: Pair) -> None:
    """What one does changes nothing for the other, as if each had processes of its own."""
    alone = [figures(trainer(FEWER, processes=pair, player=name), 3) for name in ("a", "b")]
    first, second = (trainer(FEWER, processes=pair, player=name) for name in ("a", "b"))
    turns = [[figures(each, 1)[0] for each in (first, second)] for _ in range(3)]
    assert [row[0] for row in turns] == alone[0] == alone[1] == [row[1] for row in turns]


def test_from_one_process_to_two_and_back_sequences_stay_and_matches_are_new(pair: Pair) -> None:
    config = dataclasses.replace(FEWER, replay_size=512)
    one = trainer(config)
    figures(one, 3)
    before = one.state_dict()
    two = trainer(config, processes=pair)
    two.load_state_dict(copy.deepcopy(before))
    (kept,) = [part["replay_buffer"]["columns"] for part in before["parts"]]
    parts = buffers(pair)
    joined = np.concatenate([part["scalars"] for part in parts])
    assert sorted(map(bytes, joined)) == sorted(map(bytes, kept["scalars"].numpy()))
    assert abs(len(parts[0]["length"]) - len(parts[1]["length"])) <= 1
    assert_equal(weights(two), weights(one))
    done = two.iterate()
    begun = int(before["parts"][0]["actor"]["numbers"]["taken"])
    assert min(match.setup.tag for match in done.ended) >= begun
    assert done.metrics["decisions"] > before["decisions"]
    state = two.state_dict()
    back = trainer(config)
    back.load_state_dict(copy.deepcopy(state))
    assert len(back.part.replay_buffer) == sum(len(part["length"]) for part in buffers(pair))
    later = back.iterate().ended
    assert not {match.setup.tag for match in later} & {match.setup.tag for match in done.ended}


def test_a_full_buffer_that_is_dealt_anew_keeps_the_newest() -> None:
    made = trainer(FEWER)
    figures(made, 12)
    (part,) = made.state_dict()["parts"]
    columns = part["replay_buffer"]["columns"]
    assert part["replay_buffer"]["count"] > len(columns["length"])
    dealt = reshard([part], 3)
    for rank, each in enumerate(dealt):
        versions = each["replay_buffer"]["columns"]["version"]
        assert each["replay_buffer"]["count"] == len(versions)
        assert torch.equal(versions, torch.sort(columns["version"], stable=True).values[rank::3])


def test_what_another_engine_left_is_dealt_to_one_process_too() -> None:
    """Its replay buffer has fewer spare places, so every sequence is at another place here."""
    config = dataclasses.replace(FEWER, min_replay_sequences=64)
    made = trainer(config)
    figures(made, 1)
    held = made.part.replay_buffer
    sizes = (held.columns["memory"].shape[1], held.columns["actions"].shape[1], held.capacity)
    theirs = ReplayBuffer(TOY_SPEC, *sizes)
    for version in range(2 * held.capacity - 5):
        held.columns["version"][:] = version
        theirs.add(held.columns, np.arange(1))
    left = {**made.state_dict(), "parts": [{"skip": 1000, "replay_buffer": theirs.snapshot()}]}
    other = trainer(config)
    other.load_state_dict(left)
    mine = other.part.replay_buffer
    newest = mine.places(np.arange(mine.count - len(mine), mine.count))
    assert mine.columns["version"][newest].tolist() == list(range(held.capacity - 5, 2 * held.capacity - 5))
    assert mine.columns["length"][newest].all()
    assert min(match.setup.tag for match in other.iterate().ended) >= 1000


def test_a_process_with_the_smallest_portion_collects_something() -> None:
    worker = ToyWorker(Place())
    worker.begin("a", FEWER, "tiny")
    network = worker.networks["a"]
    small = Part(worker.parts["a"].environments, network, None, FEWER, portion=Portion(0.0, 0.001))
    assert small.collect(0).sequences >= 1
    assert len(small.newest(8)) >= 1


def test_there_are_no_more_processes_than_there_is_work() -> None:
    def processes(threads: int, **changed: bool) -> int:
        return processes_for(threads, 12, 8, **{"on_cpu": True, "compiled": False, **changed})

    assert [processes(threads) for threads in (1, 2, 8, 64)] == [1, 2, 8, 8]
    assert processes_for(64, 3, 8, on_cpu=True, compiled=False) == 3
    assert processes(8, on_cpu=False) == processes(8, compiled=True) == 1


@pytest.mark.parametrize("size", [1, 2, 3, 5, 10])
def test_every_slot_and_every_number_is_dealt_once(size: int) -> None:
    tables = [Table(2, 7, 0.75), Table(4, 2, 0.125), Table(8, 1, 0.125)]
    hands = deal(tables, size)
    assert max(each := [sum(table.slots for table in hand.tables) for hand in hands]) - min(each) <= 1
    for table in tables:
        parts = [one for hand in hands for one in hand.tables if one.seats == table.seats]
        assert sum(one.slots for one in parts) == table.slots
        assert sorted(one.first for one in parts) == list(range(len(parts)))
        assert {one.step for one in parts} == {len(parts)}
    for amount in (1, 7, 100):
        assert sum(hand.portion.of(amount) for hand in hands) == amount
    for hand in hands:
        assert sum(one.share for one in hand.tables) == pytest.approx(1)
    if size == 1:
        assert hands == [(tables, Portion(0.0, 1.0))]


def test_all_buffers_give_equally_many_parts_and_one_alone_gives_whole_minibatches() -> None:
    def sizes(fresh: int, whole: int | None) -> list[int]:
        buffer = ReplayBuffer(TOY_SPEC, 4, 2, 64)
        buffer.count = fresh
        drawn = buffer.passes(5, fresh, passes=2, batch_size=8, fresh_share=1.0, whole=whole)
        return [len(places) for places in drawn]

    assert sizes(19, None) == sizes(19, 19) == [8, 8, 3] * 2
    parts = [sizes(fresh, 30) for fresh in (16, 13, 1)]
    assert [len(part) for part in parts] == [8, 8, 8]
    assert [sum(part) for part in parts] == [32, 26, 2]
    for minibatch, whole in zip(zip(*parts, strict=True), [8, 8, 8, 6] * 2, strict=True):
        assert abs(sum(minibatch) - whole) <= 2


def test_messages_keep_tensors_and_arrays() -> None:
    message = {
        "tensor": torch.arange(3.0), "half": torch.zeros(2, dtype=torch.float16), "array": np.arange(4, dtype=np.int16),
        "number": torch.tensor(2.5), "empty": [torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64)],
    }  # fmt: skip
    again = unpacked(packed(message))
    assert torch.equal(again["tensor"], message["tensor"])
    assert (again["half"].dtype, again["number"].item()) == (torch.float16, 2.5)
    assert again["array"].dtype == np.int16
    assert [tuple(each.shape) for each in again["empty"]] == [(0, 2), (0,)]
    torch.save(again, os.devnull)
    again["tensor"] += 1  # it can be written to


def test_what_a_process_raises_is_raised_here(pair: Pair) -> None:
    with pytest.raises(UserError, match="correct it") as raised:
        pair.everywhere("fail", UserError("bot 'mine' returned nothing: correct it", 2))
    assert raised.value.code == 2
    with pytest.raises(RuntimeError, match="ZeroDivisionError: my own"):
        pair.everywhere("fail", ZeroDivisionError("my own"))
    assert pair.everywhere("fail", None) == [None, None]  # it goes on


@pytest.mark.usefixtures("quick_children")
def test_a_process_that_cannot_begin_says_why() -> None:
    network = Network(TOY_SPEC, PRESETS["tiny"], 0)
    made = Processes(ToyWorker(Place(0, 2)), network, 2, refuse)
    with pytest.raises(UserError, match="no such game"):
        made.everywhere("fail", None)
    made.close()


def refuse(*_given: object) -> ToyWorker:
    raise UserError("no such game: choose another")


@pytest.mark.usefixtures("quick_children")
def test_a_process_that_dies_is_named_and_the_weights_stay() -> None:
    others = set(multiprocessing.active_children())
    processes = processes_of(2)
    made = trainer(FEWER, processes=processes)
    figures(made, 3)
    before = weights(made)
    (child,) = set(multiprocessing.active_children()) - others
    child.kill()
    with pytest.raises(UserError, match="has died") as raised:
        made.iterate()
    assert "\n" not in str(raised.value)
    processes.close()
    assert_equal(weights(made), before)


@pytest.mark.usefixtures("quick_children")
@pytest.mark.parametrize("name", ["rl", "league"])
def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(
    name: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run: Callable[..., int] = RUNS[name]
    assert run(trained, tmp_path / "whole", 3) == 0
    assert "2 processes" in capsys.readouterr().out
    stop_after(monkeypatch, 1)
    assert run(trained, tmp_path / "cut", 3) == 130
    monkeypatch.undo()
    assert run(trained, tmp_path / "cut", 3, "--resume") == 0
    assert "going on in" not in capsys.readouterr().out
    assert rows(tmp_path / "cut") == rows(tmp_path / "whole")
    (mine,), (other,) = (
        [load_state(path) for path in (tmp_path / each).rglob("*resume.pt")] for each in ("cut", "whole")
    )
    for path in (tmp_path / "whole").rglob("matches.jsonl"):
        assert path.read_bytes() == (tmp_path / "cut" / path.name).read_bytes()
    trainers = [
        state["trainer"] if "trainer" in state else state["seats"]["main1"]["trainer"] for state in (mine, other)
    ]
    assert_equal(*(each["learner"]["weights"] for each in trainers))
    assert len(trainers[0]["parts"]) == 2


@pytest.mark.usefixtures("quick_children")
def test_a_run_goes_on_with_another_number_of_processes_and_says_so(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, run in (("rl", rl), ("league", league)):
        folder = tmp_path / name
        assert run(trained, folder, 1, "--threads", "1") == 0
        capsys.readouterr()
        assert run(trained, folder, 2, "--resume") == 0
        assert "going on in 2 processes, before in 1 process" in capsys.readouterr().out
        steps = [row["step"] for row in rows(folder)]
        assert steps == list(range(1, len(steps) + 1))
    lines = (tmp_path / "league" / "matches.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == list(range(1, len(lines) + 1))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
@pytest.mark.parametrize("early", [True, False])
def test_no_process_outlives_a_parent_that_was_killed(early: bool, trained: Path, tmp_path: Path) -> None:
    """Killed while the others still start, and in the middle of its work."""
    words = [*FEW, "--threads", 3, "--supervised-checkpoint", trained, "--output", tmp_path / "pi.pt"]
    with start("alphastar_rl", *words, "--iterations", 100000) as process:
        deadline = time.monotonic() + 120
        while len(descendants(process.pid)) < 2 or not (early or (tmp_path / "pi.metrics.jsonl").exists()):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        others = descendants(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed = time.monotonic()
        while any(map(is_alive, others)) and time.monotonic() < killed + 5:
            time.sleep(0.02)
        assert not [other for other in others if is_alive(other)]


@pytest.mark.usefixtures("quick_children")
@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_a_process_that_is_killed_ends_the_run_in_one_line_and_the_run_goes_on(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*FEW, "--supervised-checkpoint", str(trained), "--output", str(tmp_path / "pi.pt")]
    more = [*words, "--iterations", "100000", "--resume"]
    others = set(multiprocessing.active_children())

    def kill() -> bool:
        for child in set(multiprocessing.active_children()) - others:
            child.kill()
        return False

    stop_after(monkeypatch, 2, kill)
    assert alphastar_rl.main(more) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "--resume" in said.splitlines()[-1]
    assert "has died (exit code -9)" in said.splitlines()[-1]
    done = load_state(tmp_path / "pi.resume.pt")["trainer"]["iteration"]
    assert done == 2
    assert alphastar_rl.main([*more, "--seed", "1"]) == 2
    stop_after(monkeypatch, 1)
    assert alphastar_rl.main(more) == 130
    assert load_state(tmp_path / "pi.resume.pt")["trainer"]["iteration"] == done + 1
