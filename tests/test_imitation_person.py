"""Imitation of one named person, fine-tuning of a checkpoint, and the ghost that comes of it."""

from pathlib import Path

import pytest
import torch

from botgame.feedback import Decision, encode_line, read_manifests, read_streams
from botgame.lms.game import lms
from botgame.lms.replay.format import read, write
from botgame.policies import built_in_names, load_policy
from botgame.setups import mirrored_setups
from botgame.trained_bots import check_name
from botgame.training import alphastar_imitation as imitation
from botgame.training.alphastar.checkpoint import load_checkpoint, save_checkpoint
from botgame.training.alphastar.network.presets import NetworkConfig
from botgame.training.imitation.command import ghost_of
from botgame.training.imitation.seat_choice import SeatChoice
from botgame.training.imitation.source import ReplaySource
from matches import held_by, recorded
from short_arena import SHORT

GAME = lms()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four short duels of Ann, one of Bob, each against `rusher`, and one of two bots."""
    folder = tmp_path_factory.mktemp("data")
    policies = [load_policy(GAME, name) for name in ("lms_re", "rusher")]
    replays = recorded(policies, mirrored_setups(GAME, 7, 3, duration_ticks=600))
    people = ["Ann"] * 4 + ["Bob"]
    for replay, person in zip(replays, people, strict=False):
        write(folder, held_by(replay, "lms_re", person))
    write(folder, replays[5])
    return folder


def source(data: Path, choice: SeatChoice, live: Path | None = None) -> ReplaySource:
    return ReplaySource(GAME, data, choice, read_manifests(None), read_streams(live), lambda _line: None)


def flags(data: Path, *more: str) -> list[str]:
    return [
        *(*SHORT, "--data-dir", str(data), "--cpu", "--threads", "1", "--epochs", "1", "--batch-size", "32"),
        *("--eval-every", "0", "--final-matches", "2", "--feedback-dir", "none", "--reports-live-dir", "none", *more),
    ]


def of_person(data: Path, name: str) -> list[int]:
    """The decisions of a person in each match."""
    headers = [read(path).header for path in sorted(data.glob("*.lmsr"))]
    return [seat.decisions for header in headers for seat in header.seats if seat.policy == f"human:{name}"]


def test_only_the_seats_of_the_person_count(data: Path, tmp_path: Path) -> None:
    one = source(data, SeatChoice(person="Ann"))
    assert (len(of_person(data, "Ann")), one.usage.seats) == (4, 4)
    assert (one.people["Ann"].matches, one.people["Ann"].decisions) == (4, sum(of_person(data, "Ann")))
    assert one.usage.decisions == one.people["Ann"].decisions
    replays = map(read, sorted(data.glob("*.lmsr")))
    replay = next(each for each in replays if "human:Ann" in [seat.policy for seat in each.header.seats])
    rusher = next(k for k, seat in enumerate(replay.header.seats) if seat.policy == "rusher")
    tick = int(replay.decisions.tick[replay.decisions.seat == rusher][3])
    correction = Decision(replay.name, rusher, tick, [0, 0, 0, 0, 0, 0], "human")
    (tmp_path / "feedback_stream.jsonl").write_bytes(encode_line(correction))
    assert source(data, SeatChoice(person="Ann"), tmp_path).usage.corrections == 0
    assert source(data, SeatChoice(("human",)), tmp_path).usage.corrections == 1


def test_matches_without_people_can_be_left_out(data: Path) -> None:
    whole, live = (source(data, SeatChoice(("all",), only_with_people=only)) for only in (False, True))
    assert (whole.usage.replays, live.usage.replays) == (6, 5)


def test_a_ghost_is_fine_tuned_installed_and_plays(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = load_checkpoint(GAME.checkpoints["champion"], GAME)
    assert imitation.main(flags(data, "--person", "Ann", "--start-checkpoint", "champion")) == 0
    said = capsys.readouterr().err
    assert f"person Ann: 4 matches, {sum(of_person(data, 'Ann')):,} decisions" in said
    assert "ghost-of-Ann" in said
    ghost = load_checkpoint(Path("artifacts/alphastar/ghost-of-Ann.pt"), GAME)
    assert (ghost.extra["person"], ghost.lineage[-1]) == ("Ann", str(GAME.checkpoints["champion"]))
    sizes = [NetworkConfig.from_dict(each.network) for each in (ghost, before)]
    assert (sizes[0], ghost.temperature) == (sizes[1], before.temperature)
    assert not all(torch.equal(ghost.weights[name], before.weights[name]) for name in before.weights)
    assert "ghost-of-Ann" in built_in_names(GAME)
    assert load_policy(GAME, "ghost-of-Ann").name == "ghost-of-Ann"
    again = flags(data, "--person", "Ann", "--resume")
    assert imitation.main([*again, "--epochs", "2"]) == 0, "the start is in the resume file"
    assert load_checkpoint(Path("artifacts/bots/lms/ghost-of-Ann.pt"), GAME).counters["epochs"] == 2
    assert Path("artifacts/bots/lms/ghost-of-Ann.backup1.pt").exists()
    assert [name for name in built_in_names(GAME) if "Ann" in name] == ["ghost-of-Ann"]


def test_each_person_has_a_ghost_of_their_own() -> None:
    people = ["Ann", "Ann B", "Ann/B", "Ann-B", "Ann  B", "\u0141ucja", "Ann "]
    ghosts = [ghost_of(person) for person in people]
    assert len(set(ghosts)) == len(people)
    assert ghosts[0] == "ghost-of-Ann"
    for name in ghosts:
        check_name(GAME, name)


def test_a_resumed_run_keeps_the_checkpoint_that_it_began_from(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert imitation.main(flags(data, "--preset", "tiny", "--seats", "human", "--output", "a.pt")) == 0
    start = flags(data, "--person", "Bob", "--start-checkpoint", "a.pt", "--output", "b.pt")
    assert imitation.main(start) == 0
    other = load_checkpoint(Path("a.pt"), GAME)
    next(iter(other.weights.values())).add_(1.0)
    save_checkpoint(Path("a.pt"), other)
    assert imitation.main([*start, "--resume", "--epochs", "2"]) == 2
    assert "cannot change on --resume" in capsys.readouterr().err
    files = {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    assert imitation.main(flags(data, "--start-checkpoint", "gone.pt", "--output", "b.pt")) == 1
    assert "gone.pt" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path().iterdir() if path.is_file()} == files, "no run has started"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--person", "an"], "who has: Ann, Bob"),
        (["--person", "Bobby"], "Bob, Ann"),
        (["--person", "Ann", "--seats", "all"], "--seats"),
        (["--start-checkpoint", "champion", "--preset", "tiny"], "--preset"),
        (["--start-checkpoint", "champion", "--z-opening", "0.5"], "--z-opening"),
    ],
)
def test_mistakes_are_one_line(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], more, words
) -> None:
    monkeypatch.chdir(tmp_path)
    assert imitation.main(flags(data, *more)) == 2
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("error: "))
    assert words in line


def test_where_nobody_has_played_the_folder_is_named(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert imitation.main(flags(Path("empty"), "--person", "Ann")) == 2
    assert "no person has played in empty" in capsys.readouterr().err
