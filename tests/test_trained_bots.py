"""Bots of your own by name: what is installed, under which names, and that nothing is lost."""

import os
from pathlib import Path

import pytest

from botgame.bot_names import RANDOM, WORDS
from botgame.errors import UserError
from botgame.feedback import HUMAN
from botgame.lms.game import lms
from botgame.policies import load_policy
from botgame.server.live import offered_bots
from botgame.trained_bots import as_name, checkpoint_path, free_name, install, trained_bots
from botgame.training.alphastar.actor.opponents import PAST, SELF
from botgame.training.evaluate import main as evaluate
from botgame.training.imitation.seat_choice import ALL, WINNERS

GAME = lms()
CHAMPION = GAME.checkpoints["champion"]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_an_installed_bot_has_a_name_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    path = install(GAME, "pupil", CHAMPION)
    assert trained_bots(GAME) == {**GAME.checkpoints, "pupil": path}
    assert load_policy(GAME, "pupil").name == "pupil"
    assert load_policy(GAME, "pupil~0.2").name == "pupil~0.2"
    assert "pupil" in offered_bots(None)
    assert checkpoint_path(GAME, "pupil") == path
    assert checkpoint_path(GAME, "else.pt") == Path("else.pt")
    assert evaluate(["pupil", "idle", "--matches", "2"]) == 0
    assert "pupil" in capsys.readouterr().out


def test_a_bot_of_the_same_name_moves_to_a_backup() -> None:
    first, second = Path("first.pt"), Path("second.pt")
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    path = install(GAME, "pupil", first)
    install(GAME, "pupil", second)
    assert (path.read_bytes(), path.with_name("pupil.backup1.pt").read_bytes()) == (b"2", b"1")
    assert list(trained_bots(GAME)) == [*GAME.checkpoints, "pupil"]


def test_names() -> None:
    assert as_name("Zoë B. (2)") == "Zoë-B-2-"
    assert free_name(GAME, "champion") == "champion-2"
    install(GAME, "champion-2", CHAMPION)
    assert free_name(GAME, "champion") == "champion-3"
    for name in ("a/b", "a.b", "a@b", "a~0", "", "champion", "rusher"):
        with pytest.raises(UserError):
            install(GAME, name, CHAMPION)
    with pytest.raises(UserError, match=r"gone\.pt"):
        install(GAME, "pupil", Path("gone.pt"))


def test_a_name_that_means_something_else_is_no_bots_name() -> None:
    for name in ("level-4", *sorted(WORDS), "CON", "nul", "Com1", "-x", "x" * 181, "日" * 61):
        with pytest.raises(UserError) as caught:
            install(GAME, name, CHAMPION)
        assert caught.value.code == 2
    path = install(GAME, "日" * 60, CHAMPION)
    for name in ("level-4", "self", "nul"):  # copied there
        path.with_name(name + ".pt").write_bytes(path.read_bytes())
    assert list(trained_bots(GAME)) == [*GAME.checkpoints, "日" * 60]


def test_the_words_are_those_of_the_flags() -> None:
    assert {SELF, PAST, ALL, WINNERS, HUMAN, RANDOM} == WORDS


def test_a_bot_stays_where_another_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    path = install(GAME, "pupil", CHAMPION)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left"):
        install(GAME, "pupil", CHAMPION)
    assert [(each.name, each.read_bytes()) for each in path.parent.iterdir()] == [("pupil.pt", before)]


def test_an_installed_bot_that_is_broken_is_left_out_where_nobody_asked_for_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = install(GAME, "pupil", CHAMPION)
    path.with_name("broken.pt").write_bytes(path.read_bytes()[:-100])
    offered = offered_bots(None)
    assert ("pupil" in offered, "broken" in offered) == (True, False)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: bot broken is left out: ")
    assert offered_bots("broken") == ("broken",), "the server then says what is wrong with it, and ends"
