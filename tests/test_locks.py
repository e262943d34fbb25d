"""One writer at a time: a second command on the same run is refused by name, and a killed one leaves no lock."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from botgame import files, locks
from botgame.errors import UserError
from botgame.locks import locked
from botgame.server import run_match
from botgame.training import alphastar_imitation, alphastar_league, alphastar_rl, exploit
from botgame.training.runs.paths import RunPaths
from botgame.training.runs.run import begin
from forked import Forked, needs_forks
from toy_run import SMALL, TOY

torch.set_num_threads(1)
SCRATCH = [*TOY, "--scratch", "tiny", *SMALL]


def python(*words: object, **options: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([sys.executable, "-u", *map(str, words)], env=environment, **pipes, **options)


HOLDER = """
import signal, sys, time
from pathlib import Path
from botgame.locks import locked
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it runs in the background ignore it
with locked(Path(sys.argv[1]), Path(sys.argv[1])):
    print("held")
    time.sleep(600)
"""


def test_a_lock_names_its_holder_and_ends_with_its_block(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "pi.lock"
    with locked(path, tmp_path / "pi.pt"):
        with pytest.raises(UserError) as refused, locked(path, tmp_path / "pi.pt"):
            pytest.fail("two hold it")
        for word in ("pi.pt is in use", f"process {os.getpid()}", socket.gethostname(), "since 20"):
            assert word in str(refused.value)
    assert list(path.parent.iterdir()) == []
    with locked(path, path):
        pass


def test_a_lock_is_waited_for_as_long_as_wanted(tmp_path: Path) -> None:
    path, events = tmp_path / "pi.lock", []

    def second() -> None:
        with locked(path, path, patience=60):
            events.append("second")

    with locked(path, path):
        waiting = threading.Thread(target=second)
        waiting.start()
        with pytest.raises(UserError, match="in use"), locked(path, path, patience=0.2):
            pytest.fail("two hold it")
        events.append("first")
    waiting.join()
    assert events == ["first", "second"]


def test_a_lock_that_cannot_be_written_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "pi.lock"
    with monkeypatch.context() as patch:
        patch.setattr(locks.os, "write", full)
        with pytest.raises(UserError, match="No space left"), locked(path, path):
            pytest.fail("it has no room")
    assert not locks.is_held(path)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_lock_dies_with_its_process(tmp_path: Path, how: signal.Signals) -> None:
    path = tmp_path / "pi.lock"
    with python("-c", HOLDER, path) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=f"process {holder.pid} "), locked(path, path):
            pass
        holder.send_signal(how)
    with locked(path, path):
        pass
    assert not path.exists()


COUNTER = """
import sys
from pathlib import Path
from botgame.errors import UserError
from botgame.locks import locked
lock, number = Path(sys.argv[1]), Path(sys.argv[2])
done = 0
while done < 200:
    try:
        with locked(lock, lock):
            number.write_text(str(int(number.read_text()) + 1))
            done += 1
    except UserError:
        pass
"""


def test_never_two_at_a_time_though_the_file_comes_and_goes(tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    together = [python("-c", COUNTER, tmp_path / "lock", number) for _ in range(3)]
    assert [each.communicate()[0] for each in together] == ["", "", ""]
    assert number.read_text() == "600"


def test_where_there_are_no_locks_it_says_so_and_goes_on(tmp_path, monkeypatch, capsys) -> None:
    def lock(_descriptor: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks, "_lock", lock)
    with locked(tmp_path / "pi.lock", tmp_path / "pi.pt"):
        assert "No locks available" in capsys.readouterr().err


def test_a_lock_that_cannot_be_written_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write"), locked(tmp_path / "file" / "pi.lock", tmp_path):
        pass


def trainers(start: Path, folder: Path) -> list[tuple]:
    """Each command that writes a run, with the file of its lock."""
    supervised = ["--supervised-checkpoint", str(start)]
    inside = [*supervised, "--output-dir", str(folder)]
    league = [*inside, "--rounds", "1", "--rl-iterations-per-round", "1", *SMALL]
    return [
        (alphastar_rl, [*SCRATCH, "--output", str(folder / "pi.pt")], "pi.lock"),
        (alphastar_league, [*TOY, *league], "main.lock"),
        (exploit, [*TOY, "zero", *inside, "--budget", "50", *SMALL], "exploit.lock"),
        (exploit, [*TOY, "zero", *inside, "--budget", "50", *SMALL], "supervised/best_response.lock"),
    ]


@pytest.mark.parametrize("resume", [[], ["--resume"]])
@pytest.mark.parametrize("number", range(4))
def test_every_trainer_is_refused_while_another_is_at_work(number, resume, trained, tmp_path, capsys) -> None:
    command, words, name = trainers(trained, tmp_path / "out")[number]
    lock = tmp_path / "out" / name
    with locked(lock, lock):
        assert command.main([*words, *resume]) == 1
    said = capsys.readouterr().err
    assert f"in use by process {os.getpid()}" in said
    assert [path.name for path in (tmp_path / "out").rglob("*.pt")] == []


def test_imitation_is_refused_while_another_is_at_work(tmp_path, monkeypatch, capsys) -> None:
    module = "botgame.training.imitation.command"
    monkeypatch.setattr(f"{module}.open_source", lambda *_: None)
    monkeypatch.setattr(f"{module}.begin", lambda *_, **__: pytest.fail("it began"))
    with locked(tmp_path / "pi.lock", tmp_path):
        assert alphastar_imitation.main(["--output", str(tmp_path / "pi.pt"), "--cpu"]) == 1
    assert "pi.pt is in use by" in capsys.readouterr().err


@needs_forks
def test_a_run_that_is_at_work_is_not_disturbed(tmp_path: Path, capsys) -> None:
    words = [*SCRATCH, "--output", str(tmp_path / "pi.pt"), "--iterations", "4000", "--save-every", "1"]
    first = Forked("botgame.training.alphastar_rl", *words)
    while not (tmp_path / "pi.resume.pt").exists():
        assert first.poll() is None
        first.stdout.readline()
    for more in ([], ["--resume"]):
        assert alphastar_rl.main([*words, *more]) == 1
        assert f"process {first.pid}" in capsys.readouterr().err
    first.send_signal(signal.SIGINT)
    first.communicate()
    assert first.returncode == 130
    assert b"\0" not in (tmp_path / "pi.metrics.jsonl").read_bytes()
    assert not (tmp_path / "pi.lock").exists()


def test_many_may_write_the_same_file_at_once(tmp_path: Path) -> None:
    target = tmp_path / "file"
    contents = [bytes([number]) * 100_000 for number in range(8)]
    together = [threading.Thread(target=files.write_atomic, args=(target, data)) for data in contents for _ in range(5)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert target.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [target]


@needs_forks
def test_recorders_share_a_folder(tmp_path: Path) -> None:
    """Files are named by content and written whole, so recorders need no lock."""

    def words(folder: str, seed: int, matches: int) -> list[object]:
        few = ["--record-replay", "--num-matches", matches, "--episode-duration", 10]
        return [*few, "--data-dir", tmp_path / folder, "--seed", seed]

    together = [Forked("botgame.server.run_match", *words("shared", seed, 6)) for seed in (1, 3, 3)]
    assert [(each.communicate(), each.returncode)[1] for each in together] == [0, 0, 0]
    assert run_match.main([*map(str, words("alone", 1, 8))]) == 0
    one, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("shared", "alone")
    )
    assert one == other
    assert len(one) == 8


def test_a_run_removes_what_killed_ones_left_of_its_files_and_nothing_else(tmp_path: Path) -> None:
    paths = RunPaths.beside(tmp_path / "pi.pt", "rl")
    left = [".pi.pt.0123abcd.tmp", ".pi.resume.pt.0123abcd.tmp", ".pi.iter000010.pt.ffffffff.tmp"]
    stays = [".other.pt.0123abcd.tmp", ".pi.pt.tmp", ".pipe.pt.0123abcd.tmp", "pi.pt.0123abcd.tmp", ".mine"]
    for name in (*left, *stays):
        (tmp_path / name).touch()
    begin(paths, {}, resume=False, extends=[])
    assert {path.name for path in tmp_path.iterdir()} == {*stays}
