"""Files that are read again are as they were written, or a named error, whatever has happened to their bytes."""

import json
import random
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
import torch

from botgame import seals
from botgame.errors import UserError
from botgame.feedback import (
    MANIFEST_NAME,
    STREAM_NAME,
    Decision,
    Mark,
    MatchRecord,
    SeatRecord,
    encode_line,
    read_manifests,
    read_streams,
)
from botgame.lms.replay import format as replay_format
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.showing.policy_readout import read_readout
from botgame.onnx_policy import OnnxPolicy
from botgame.policy_readout import HeadLabels, PolicyReadout, SeatReadout, write_readout
from botgame.training import report_league
from botgame.training.alphastar.checkpoint import Checkpoint, load_checkpoint, load_state, save_checkpoint, save_state
from botgame.training.alphastar.league.league import League, LeagueConfig
from botgame.training.alphastar.network import onnx_graph
from botgame.training.best_response.results import Exploit, Search, read_results, write_results
from botgame.training.league.files import (
    TRAINING,
    LeagueState,
    Match,
    match_lines,
    read_matches,
    read_state,
    write_state,
)
from exploit_points import point_of
from league_rules import BOTH, NoWeights
from matches import record as recorded
from toy_game import TOY_SPEC, toy

torch.set_num_threads(1)
FLIPS, ZEROED = 300, 60


class Kind(NamedTuple):
    """A kind of file. read: gives plain values to compare; it raises one of `errors`, or says what it left out."""

    path: Path
    read: Callable[[Path], Any]
    errors: tuple[type[Exception], ...] = (UserError,)


def plain(value: Any) -> Any:
    """Containers and numbers that compare with ==."""
    if isinstance(value, torch.Tensor):
        return [str(value.dtype), value.tolist()]
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def state_of_league() -> LeagueState:
    league = League.start(LeagueConfig(exploiters=BOTH), 0, NoWeights())
    for result in (1, -1, 0, 1):
        league.report("main1", {"league_exploiter1": [result]})
    return LeagueState("toy", league, "chance", 1, 2, 3)


def some_matches() -> list[Match]:
    return [
        Match(1, 1, 1, TRAINING, "main1", "main1.v0", 1, 7, 30),
        Match(2, 1, 2, TRAINING, "main1", "", 0, 8, 31, (("main1", 1), ("main1.v0", 2), ("league_exploiter1", 2))),
        Match(3, 1, 2, TRAINING, "league_exploiter1", "main1", -1, 9, 32),
    ]


def read_feedback(path: Path) -> Any:
    """Entries, with the number of problems as what was said."""
    lines = (read_manifests if path.name == MANIFEST_NAME else read_streams)(path.parent)
    if lines.problems:
        raise UserError(lines.problems[0])
    return [msgspec.to_builtins(entry.value) for entry in lines.entries]


def read_onnx(path: Path) -> Any:
    policy = OnnxPolicy(path)
    return policy.name, policy.spec.digest(), policy.temperature


def read_cached(path: Path) -> Any:
    model = onnx_graph._cached(path)
    if model is None:
        raise UserError("a miss")
    return model.SerializeToString()


@pytest.fixture(scope="module")
def kinds(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kind]:
    folder = tmp_path_factory.mktemp("kinds")
    checkpoint, state = folder / "pi.pt", folder / "state.pt"
    shutil.copy(trained_model, folder / "pi.onnx")
    save_checkpoint(checkpoint, Checkpoint("toy", "rl", TOY_SPEC, {"preset": "tiny"}, {"w": torch.arange(300.0)}))
    save_state(state, {"optimiser": {"m": torch.arange(500)}, "names": ["a", "b"], "rate": 0.5, "none": None})
    write_state(folder / "league_state.json", state_of_league())
    (folder / "matches.jsonl").write_bytes(match_lines(some_matches()))
    point = point_of(3, 400, 6, 1, 3)
    search = Search("pi.pt", 1, 500, [point], point, "a.pt")
    write_results(folder / "exploit.json", Exploit("toy", "zero", "", "r", {"scratch": search}))
    replay = recorded(1)[0]
    match = replay_format.write(folder, replay)
    seat = SeatReadout(0, "pi.pt", [1, 2], [0.5, -0.25], [[[20, 80], [30, 70]]], [[0, 1]])
    write_readout(folder / "a.thoughts.json", PolicyReadout(replay.name, [HeadLabels("verb", ["x", "y"])], [seat]))
    record = MatchRecord("run/1", "a.lmsr", [SeatRecord("human:Ann", place=1), SeatRecord("lms_re", place=2)])
    (folder / MANIFEST_NAME).write_bytes(encode_line(record) * 2)
    stream = [Decision("a.lmsr", 0, 30, [1, 2, 0, 0, 0, 0], "human", "run/1"), Mark("a.lmsr", 1, 3, 90, "good")]
    (folder / STREAM_NAME).write_bytes(b"".join(map(encode_line, stream)))
    (folder / "graph.onnx").write_bytes(seals.sealed((folder / "pi.onnx").read_bytes()))

    def read_league(path: Path) -> Any:
        found = read_state(path)
        return [found.game, found.anchor, found.rounds_done, found.rounds, found.matches, found.league.snapshot()]

    return {
        "checkpoint": Kind(checkpoint, lambda path: plain({**vars(load_checkpoint(path, toy())), "spec": None})),
        "resume state": Kind(state, lambda path: plain(load_state(path))),
        "league state": Kind(folder / "league_state.json", lambda path: json.loads(json.dumps(read_league(path)))),
        "matches": Kind(folder / "matches.jsonl", read_matches),
        "exploit": Kind(folder / "exploit.json", lambda path: msgspec.to_builtins(read_results(path))),
        "model": Kind(folder / "pi.onnx", read_onnx),
        "graph in the cache": Kind(folder / "graph.onnx", read_cached),
        "replay": Kind(match, lambda path: plain_replay(replay_format.read(path)), (ReplayError,)),
        "readout": Kind(
            folder / "a.thoughts.json", lambda path: msgspec.to_builtins(read_readout(path, replay)), (UserError,)
        ),
        "manifest": Kind(folder / MANIFEST_NAME, read_feedback),
        "feedback": Kind(folder / STREAM_NAME, read_feedback),
    }


def plain_replay(replay: replay_format.Replay) -> Any:
    columns = {name: array.tolist() for name, array in vars(replay.decisions).items()}
    return [msgspec.json.encode(replay.header), columns]


KINDS = ["checkpoint", "resume state", "league state", "matches", "exploit", "model", "graph in the cache", "replay",
         "readout", "manifest", "feedback"]  # fmt: skip


def damaged(data: bytes, chance: random.Random) -> dict[str, bytes]:
    """`data` with flipped bits, zeroed blocks, cuts and additions; never `data` itself."""
    out = {}
    for _ in range(FLIPS):
        place, bit = chance.randrange(len(data)), chance.randrange(8)
        out[f"bit {bit} of byte {place}"] = data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]
    for _ in range(ZEROED):
        start = chance.randrange(len(data))
        end = min(len(data), start + chance.choice((1, 16, 512)))
        out[f"zeros from {start} to {end}"] = data[:start] + bytes(end - start) + data[end:]
    for _ in range(20):
        end = chance.randrange(len(data))
        out[f"cut at {end}"] = data[:end]
    out["cut by a byte"], out["a byte more"], out["twice"] = data[:-1], data + b"\0", data + data
    return {what: changed for what, changed in out.items() if changed != data}


@pytest.mark.parametrize("name", KINDS)
def test_damage_is_never_read_as_something_else(name: str, kinds: dict[str, Kind], tmp_path: Path) -> None:
    kind = kinds[name]
    path = tmp_path / kind.path.name
    whole = kind.read(kind.path)
    if name == "model":
        whole = (str(path), *whole[1:])
    caught = 0
    for what, data in damaged(kind.path.read_bytes(), random.Random(name)).items():
        path.write_bytes(data)
        found = read_or_error(kind, path)
        if isinstance(found, Exception):
            caught += 1
            assert "\n" not in str(found)
        else:
            assert harmless(name, found, whole), what
    assert caught > FLIPS / 2


def read_or_error(kind: Kind, path: Path) -> Any:
    try:
        return kind.read(path)
    except kind.errors as error:
        return error


def harmless(name: str, found: Any, whole: Any) -> bool:
    """Whether it says what was written; of lines at the end of a file that grows, fewer, which is how it grows."""
    if name == "matches":
        matches, torn = found
        return list(matches) == list(whole[0])[: len(matches)] and (torn == 1 or len(matches) <= len(whole[0]))
    if name in ("manifest", "feedback"):
        return list(found) == list(whole)[: len(found)] or list(found) == list(whole) * 2
    return bool(found == whole)


def test_a_cut_list_of_matches_is_told_from_the_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_state(tmp_path / "league_state.json", state_of_league())
    lines = match_lines(some_matches()).splitlines(keepends=True)
    words = ["--league-state", str(tmp_path / "league_state.json"), "--matches", str(tmp_path / "matches.jsonl")]
    words += ["--output", str(tmp_path / "summary.json")]
    for kept, named in ((lines[:2], "2 matches"), ([*lines[:2], lines[2][:-5]], "2 matches"), (lines[1:], "line 1")):
        (tmp_path / "matches.jsonl").write_bytes(b"".join(kept))
        assert report_league.main(words) == 1
        assert named in capsys.readouterr().err
    (tmp_path / "matches.jsonl").write_bytes(b"".join(lines))
    assert report_league.main(words) == 0


def test_sealed_archives_are_archives_to_everybody(kinds: dict[str, Kind]) -> None:
    assert torch.load(kinds["checkpoint"].path, weights_only=True)["kind"] == "rl"
    onnx = pytest.importorskip("onnx")
    model = onnx.load(kinds["model"].path)
    onnx.checker.check_model(model)
    assert {entry.key for entry in model.metadata_props} >= {"format", "spec", "sha256"}


def test_foreign_lines_of_feedback_need_no_seal(tmp_path: Path) -> None:
    line = msgspec.json.encode(MatchRecord("theirs", "b.lmsr", [SeatRecord("x"), SeatRecord("y")])) + b"\n"
    (tmp_path / MANIFEST_NAME).write_bytes(line)
    assert read_manifests(tmp_path).entries[0].value.match == "theirs"


class Case(NamedTuple):
    """A field of a checkpoint with a wrong value, and a word of the error."""

    name: str
    value: Any
    says: str


CASES = [
    Case("game", 3, "game is a int"), Case("kind", None, "kind"), Case("network", [], "network"),
    Case("weights", [1], "weights"), Case("weights", {"w": [1.0]}, "weights w"), Case("weights", {1: 2}, "weights"),
    Case("weights", {"w": torch.tensor([1.0, float("nan")])}, "weights w are not all finite"),
    Case("weights", {"w": torch.tensor([float("inf")])}, "weights w are not all finite"),
    Case("config", "x", "config"), Case("rules", 1, "rules"), Case("lineage", [1], "lineage"),
    Case("counters", {"a": "b"}, "counters"), Case("temperature", "hot", "temperature"),
    Case("temperature", float("nan"), "temperature"), Case("temperature", -1.0, "temperature"),
    Case("extra", {"faction": 3}, "faction"), Case("extra", {"action_cap": "many"}, "cap"),
    Case("extra", {"reaction_ticks": -1}, "reaction"),
    Case("conditioning", {"inputs": 3}, "damaged"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}={str(case.value)[:20]}")
def test_wrong_fields_and_weights_that_are_no_numbers_are_named(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "pi.pt"
    save_checkpoint(path, Checkpoint("toy", "rl", TOY_SPEC, {"preset": "tiny"}, {"w": torch.ones(2)}))
    payload = torch.load(path, weights_only=True) | {case.name: case.value}
    torch.save(payload, path)
    path.write_bytes(seals.sealed(path.read_bytes()))
    with pytest.raises(UserError, match=rf"pi\.pt.*{case.says}"):
        load_checkpoint(path, toy())


@pytest.mark.parametrize("state", [None, 3, [], {"trainer": {"learner": {"weights": {"w": torch.tensor(np.nan)}}}},
                                   {"pool": {"weights": {1: {"w": torch.tensor([np.inf])}}}}])  # fmt: skip
def test_a_state_that_is_none_is_named(state: Any, tmp_path: Path) -> None:
    save_state(tmp_path / "a.resume.pt", state)
    with pytest.raises(UserError, match=r"a\.resume\.pt"):
        load_state(tmp_path / "a.resume.pt")


def test_a_file_is_read_whole_while_others_take_its_place(tmp_path: Path) -> None:
    path, done = tmp_path / "a.resume.pt", threading.Event()

    def write() -> None:
        while not done.is_set():
            for size in (1, 50_000):
                save_state(path, {"numbers": torch.full((size,), 1.0)})

    save_state(path, {"numbers": torch.ones(1)})
    writer = threading.Thread(target=write)
    writer.start()
    try:
        sizes = {len(load_state(path)["numbers"]) for _ in range(200)}
    finally:
        done.set()
        writer.join()
    assert sizes == {1, 50_000}
