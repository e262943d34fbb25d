"""Learning from live play: the command that a session prints, what it trains, and when a bot is installed."""

import json
import os
import shlex
from argparse import Namespace
from pathlib import Path

import pytest

from botgame.errors import UserError
from botgame.feedback import MatchRecord, SeatRecord
from botgame.learning_command import DATA, FEEDBACK, REPORTS, learning_command, learning_lines
from botgame.live.collecting import session_command
from botgame.live.journal import Journal
from botgame.lms.game import lms
from botgame.lms.replay.format import write
from botgame.policies import load_policy
from botgame.setups import mirrored_setups
from botgame.trained_bots import bots_folder, trained_bots
from botgame.training import learn_from_live
from botgame.training.alphastar.checkpoint import load_checkpoint
from botgame.training.evaluation.duels import Tally
from botgame.training.live_learning import command
from botgame.training.live_learning.comparison import Comparison
from matches import held_by, recorded
from short_arena import SHORT

GAME = lms()
USUAL = DATA, REPORTS, FEEDBACK
ANN = SeatRecord("human:Ann", "human")


def match(*seats: SeatRecord) -> MatchRecord:
    return MatchRecord("run/r1", "x.lmsr", list(seats))


def test_the_network_that_people_met_most_learns() -> None:
    records = [match(ANN, SeatRecord("pi.pt")), match(ANN, SeatRecord("champion")), match(ANN, SeatRecord("champion"))]
    words = "python -m botgame.training.learn_from_live --bot"
    assert learning_command(records, ["champion", "pi.pt"], USUAL, commented=False) == f"{words} champion"
    assert learning_command(records, ["pi.pt"], USUAL, commented=False) == f"{words} pi.pt"
    assert learning_command([match(ANN, SeatRecord("kiter"))], ["pi.pt"], USUAL, commented=False) == f"{words} champion"
    elsewhere = learning_command(records, [], (Path("d"), Path("r"), Path("f")), commented=False)
    assert elsewhere.endswith("--data-dir d --reports-live-dir r --feedback-dir f")


def test_without_people_there_is_nothing_to_learn() -> None:
    bots = [match(SeatRecord("lms_re", "lms_re"), SeatRecord("champion"))]
    assert learning_lines(learning_command(bots, ["champion"], USUAL, commented=False)) == []
    assert learning_command(bots, ["champion"], USUAL, commented=True)
    taken = [match(SeatRecord("champion", "taken over"), SeatRecord("lms_re", "lms_re"))]
    assert learning_command(taken, ["champion"], USUAL, commented=False)


def test_the_collector_says_it_where_people_played_with_it(tmp_path: Path) -> None:
    places = {"reports_live_dir": tmp_path / "live", "bot_feedback_dir": tmp_path / "feedback"}
    options = Namespace(data_dir=None, **places)
    with Journal(*places.values(), "run") as journal:
        assert session_command(options, journal) == ""
        journal.manifest.append(match(SeatRecord("lms_re", "lms_re"), SeatRecord("pi.pt", "alphastar")))
        assert session_command(options, journal) == ""
        journal.manifest.append(match(ANN, SeatRecord("pi.pt", "alphastar")))
        assert " --bot pi.pt " in session_command(options, journal)
        for _ in range(3):
            journal.manifest.append(match(ANN, SeatRecord("\x1b[2J.pt", "alphastar")))
        assert " --bot pi.pt " in session_command(options, journal), "the server of others names bots"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short duels of Ann against the champion, and two of bots."""
    folder = tmp_path_factory.mktemp("data")
    policies = [load_policy(GAME, name) for name in ("lms_re", "champion")]
    for number, replay in enumerate(recorded(policies, mirrored_setups(GAME, 7, 2, duration_ticks=600))):
        write(folder, held_by(replay, "lms_re", "Ann") if number < 2 else replay)
    return folder


def learn(data: Path, *more: str) -> int:
    words = ["--data-dir", str(data), "--epochs", "1", "--matches", "2", "--cpu", "--threads", "1", *SHORT, *more]
    return learn_from_live.main(words)


def tally(wins: int) -> Tally:
    return Tally(wins, 0, 100 - wins, (), (), (), 1.0)


def comparison(wins: int, before: int = 90, after: int = 90) -> Comparison:
    """Of 100 duels each."""
    return Comparison("lms_re", tally(wins), tally(before), tally(after))


def test_better_is_what_wins_beyond_doubt_and_keeps_its_strength() -> None:
    assert comparison(65).is_better
    assert not comparison(55).is_better
    assert "50 %" in comparison(55).reason
    assert "loses" in comparison(20).reason
    assert not comparison(65, after=80).is_better
    assert "lms_re" in comparison(65, after=80).reason


@pytest.mark.parametrize("wins", [70, 50])
def test_only_what_is_better_is_installed(data: Path, tmp_path: Path, monkeypatch, capsys, wins: int) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "compare", lambda *_: comparison(wins))
    assert learn(data) == 0
    said = capsys.readouterr()
    assert "data: 2 replays" in said.err
    assert "head to head: champion-learned against champion" in said.out
    assert ("champion-learned" in trained_bots(GAME)) is (wins == 70)
    assert ("not better" in said.out) is (wins == 50)
    output = Path("artifacts/alphastar/champion-learned.pt")
    assert load_checkpoint(output, GAME).lineage[-1] == str(GAME.checkpoints["champion"])
    assert json.loads(output.with_suffix(".comparison.json").read_text())["is_better"] is (wins == 70)
    if wins == 70:
        assert learn(data, "--name", "champion-learned") == 2
        assert "none is replaced" in capsys.readouterr().err
        assert learn(data) == 0
        assert "champion-learned-2" in trained_bots(GAME)


def test_a_stopped_comparison_says_what_is_kept_and_goes_on(data: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)

    def stop(*_: object) -> Comparison:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "compare", stop)
    assert learn(data) == 130
    said = capsys.readouterr().err.splitlines()
    kept = next(number for number, line in enumerate(said) if "is done and kept in" in line)
    assert "champion-learned.pt" in said[kept]
    line = said[kept + 1]
    assert line.startswith(f"python -m {learn_from_live.MODULE} ")
    assert line.endswith(" --resume")
    monkeypatch.setattr(command, "compare", lambda *_: comparison(70))
    assert learn_from_live.main(shlex.split(line)[3:]) == 0
    assert "finished already" in capsys.readouterr().err
    assert "champion-learned" in trained_bots(GAME)
    assert learn_from_live.main(shlex.split(line)[3:]) == 2  # what is installed is not resumed, nor is another begun
    assert "no run of champion-learned that was stopped" in capsys.readouterr().err


def test_resuming_finds_the_run_that_was_stopped(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    command.ARTIFACTS.mkdir(parents=True)
    with pytest.raises(UserError, match="no run of pi-learned"):
        command.name_to_resume(GAME, "pi-learned")
    for age, name in enumerate(("pi-learned-3", "pi-learned", "pi-learned-2", "pi-learned-more")):
        path = command.ARTIFACTS / f"{name}.resume.pt"
        path.touch()
        os.utime(path, (1000 - age, 1000 - age))
    assert command.name_to_resume(GAME, "pi-learned") == "pi-learned-3"
    installed = bots_folder(GAME) / "pi-learned-3.pt"
    installed.parent.mkdir(parents=True)
    installed.touch()
    assert command.name_to_resume(GAME, "pi-learned") == "pi-learned"


def test_the_comparison_is_played(data: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert learn(data, "--name", "pupil") == 0
    said = capsys.readouterr().out
    assert "before: champion against lms_re" in said
    assert "after: pupil against lms_re" in said
    found = json.loads(Path("artifacts/alphastar/pupil.comparison.json").read_text())
    assert [found[part]["matches"] for part in ("head_to_head", "before", "after")] == [2, 2, 2]


def test_a_candidate_is_nobody_elses_until_it_is_installed(data: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    codes = []

    def meanwhile(*_: object) -> Comparison:
        codes.append(learn(data))
        return comparison(70)

    monkeypatch.setattr(command, "compare", meanwhile)
    assert (learn(data), codes) == (0, [1])
    assert "champion-learned.pt is in use by process" in capsys.readouterr().err


def test_figures_are_said_where_the_bot_cannot_be_installed(data: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "compare", lambda *_: comparison(70))
    Path("artifacts").mkdir()
    Path("artifacts/bots").write_bytes(b"a file in the way")
    assert learn(data) == 1
    said = capsys.readouterr()
    assert "head to head: champion-learned" in said.out
    assert "error: cannot write artifacts" in said.err


def test_mistakes_are_one_line(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    for words, code, part in (
        (["--bot", "lms_re"], 2, "cannot learn"),
        (["--name", "a.b"], 2, "cannot be the name"),
        (["--name", "level-3"], 2, "means something else"),
        (["--bot", "gone.pt"], 1, "gone.pt"),
        ([], 1, "holds no match that a person played in"),
    ):
        assert learn(Path("nowhere"), *words) == code
        (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("error: "))
        assert part in line
