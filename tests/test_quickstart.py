"""The quickstart is a word of the `botgame` command, and its steps are commands that the real parsers accept."""

import importlib
import runpy
import subprocess
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from botgame.__main__ import COMMANDS, main
from botgame.quickstart import steps

BOOTSTRAP = Path(__file__).resolve().parent.parent / "scripts" / "bootstrap_repo.py"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_its_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([name, "--help"])
    assert stopped.value.code == 0
    assert "usage:" in capsys.readouterr().out


def test_it_runs_as_a_module_too() -> None:
    command = [sys.executable, "-m", COMMANDS["quickstart"][0], "--help"]
    assert "--folder" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("threads", [0, 1, 2])
@pytest.mark.parametrize("scale", [0.001, 1.0])
def test_the_steps_of_the_quickstart_parse(scale: float, threads: int) -> None:
    for _, module, words in steps(Path("quickstart"), scale, seed=3, threads=threads, preset="tiny"):
        importlib.import_module(module).build_parser().parse_args(words)


def test_the_bootstrap_runs_a_command_that_exists() -> None:
    assert '"-m", "botgame", "quickstart"' in BOOTSTRAP.read_text(encoding="utf-8")
    assert "quickstart" in COMMANDS


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_ctrl_c_ends_the_bootstrap_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bootstrap = runpy.run_path(str(BOOTSTRAP))
    monkeypatch.setattr(sys, "argv", ["bootstrap_repo.py"])
    monkeypatch.chdir(Path.cwd())
    monkeypatch.setitem(bootstrap["main"].__globals__, "make_environment", interrupted)
    assert bootstrap["main"]() == 130
    assert capsys.readouterr().out == "stopped; the same command goes on from here\n"


def test_the_bootstrap_waits_for_an_interrupted_job(monkeypatch: pytest.MonkeyPatch) -> None:
    job = MagicMock()
    job.__enter__.return_value.wait.side_effect = [KeyboardInterrupt, 130]
    monkeypatch.setattr(subprocess, "Popen", lambda _: job)
    assert runpy.run_path(str(BOOTSTRAP))["wait_for"](["job"]) == 130
