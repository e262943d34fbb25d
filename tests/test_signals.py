"""SIGTERM ends every command as Ctrl-C does: a trainer with a commit, the others with their clean-up."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
import torch

from botgame.signals import STOPPING, Terminated, handled, termination_as_interrupt
from botgame.training.alphastar.checkpoint import load_state
from botgame.training.runs.run import stop_on_signal
from forked import Forked
from toy_run import SMALL, TOY

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGTERM to a process")
torch.set_num_threads(1)
FEW = [*SMALL, "--save-every", "100000"]
LINES = 3  # of a run's metrics before it is asked to end


def start(*words: object) -> subprocess.Popen[str]:
    """A command in a process group of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([sys.executable, "-u", *map(str, words)], env=environment, start_new_session=True, **pipes)


def wait_for_lines(path: Path, process: subprocess.Popen[str] | Forked) -> None:
    while not path.exists() or path.read_bytes().count(b"\n") < LINES:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)


RUNS = {
    "alphastar_rl": (["--output", "out/pi.pt", "--iterations", "100000"], "pi.metrics.jsonl", "pi.resume.pt"),
    "alphastar_league": (["--output-dir", "out", "--rounds", "9", "--rl-iterations-per-round", "99999"],
                         "metrics.jsonl", "resume.pt"),
    "exploit": (["zero", "--output-dir", "out", "--start", "supervised", "--budget", "100000000", "--eval-every", "0"],
                "supervised/metrics.jsonl", "supervised/resume.pt"),
}  # fmt: skip


@pytest.mark.parametrize("name", ["alphastar_rl", "exploit"])
def test_a_trainer_commits_and_says_how_to_go_on(name: str, trained: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    metrics = RUNS[name][1]
    process = Forked(f"botgame.training.{name}", *words_of(name, trained), "--threads", 1)
    wait_for_lines(tmp_path / "out" / metrics, process)
    process.send_signal(signal.SIGTERM)
    check_commit(name, process, tmp_path / "out")


def test_a_trainer_of_two_processes_commits_and_says_how_to_go_on(trained: Path, tmp_path: Path, monkeypatch) -> None:
    """Sent to the whole group, as service managers do; so the second process gets it too."""
    monkeypatch.chdir(tmp_path)
    name = "alphastar_league"
    with start("-m", f"botgame.training.{name}", *words_of(name, trained), "--threads", 2) as process:
        wait_for_lines(tmp_path / "out" / RUNS[name][1], process)
        os.killpg(process.pid, signal.SIGTERM)
        check_commit(name, process, tmp_path / "out")


def words_of(name: str, trained: Path) -> list[str]:
    return [*TOY, *FEW, *RUNS[name][0], "--supervised-checkpoint", str(trained)]


def check_commit(name: str, process: subprocess.Popen[str] | Forked, folder: Path) -> None:
    _, metrics, resume = RUNS[name]
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 130, said
    assert "--resume" in said.splitlines()[-1]
    assert "Traceback" not in said
    state = load_state(folder / resume)
    steps = [json.loads(line)["step"] for line in (folder / metrics).read_text().splitlines()]
    assert steps[-1] == (state["iteration"] if name == "alphastar_league" else state["trainer"]["iteration"])
    assert not list(folder.rglob("*.lock"))


def test_any_other_command_ends_with_its_clean_up(tmp_path: Path) -> None:
    words = [*TOY, "zero", "chance", "--matches", "100000000", "--json", str(tmp_path / "out.json")]
    code = f"""
        import sys, threading, os, signal
        from botgame.training.evaluation import command
        plain = command._play
        def play(*given):
            print("playing")
            return plain(*given)
        command._play = play
        from botgame.training import evaluate
        sys.exit(evaluate.main({words!r}))
    """
    with start("-c", textwrap.dedent(code)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "playing\n"
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 130
    assert said.splitlines()[-1] == "stopped"
    assert "Traceback" not in said


def test_the_quickstart_asks_its_step_to_end_and_waits(tmp_path: Path) -> None:
    step = tmp_path / "step.py"
    step.write_text(
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    time.sleep(0.5)\n"
        "    open(sys.argv[1], 'w').close()\n"
        "    sys.exit(130)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    code = f"""
        import sys
        from botgame import cli
        from botgame.quickstart import run_step
        @cli.command
        def main(argv=None):
            return run_step([sys.executable, {str(step)!r}, {str(tmp_path / "committed")!r}])
        sys.exit(main([]))
    """
    with start("-c", textwrap.dedent(code)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert (tmp_path / "committed").exists()


@pytest.mark.parametrize("number", STOPPING)
def test_the_first_signal_is_a_request_and_a_later_one_ends(number, monkeypatch, capsys) -> None:
    now = [100.0]
    monkeypatch.setattr("botgame.signals.time.monotonic", lambda: now[0])
    before = {each: signal.getsignal(each) for each in STOPPING}
    with stop_on_signal() as stop:
        assert not stop
        for _ in range(3):  # from the terminal, the service manager and the parent: one wish
            signal.raise_signal(number)
            now[0] += 0.4
        assert stop
        now[0] += 2
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert {each: signal.getsignal(each) for each in STOPPING} == before
    assert capsys.readouterr().err.count("safe point") == 1


def test_termination_is_an_interrupt_while_a_command_runs() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated), termination_as_interrupt():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_outside_the_main_thread_nothing_is_handled() -> None:
    def work() -> None:
        with handled(STOPPING, lambda: None):
            done.append(signal.getsignal(signal.SIGTERM))

    done: list[object] = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [signal.getsignal(signal.SIGTERM)]
