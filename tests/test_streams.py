"""Both streams of a command: no character ends it, and a reader that leaves early or a full disk is no traceback."""

import argparse
import errno
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from botgame import streams
from botgame.__main__ import COMMANDS

NAME = "żółć\udcff"  # letters that cp1252 lacks, and a byte that is no text in any encoding
MODULES = sorted(module for module, _ in COMMANDS.values())
SHOWS = f"""
import sys
from botgame import cli

@cli.command
def main(argv=None):
    print({NAME!r})
    print({NAME!r}, file=sys.stderr)
    return 0

sys.exit(main())
"""
MANY_LINES = """
import sys
from botgame import cli

@cli.command
def main(argv=None):
    for number in range({lines}):
        print(number, flush={flush})
    return 0

sys.exit(main())
"""


def run(code: str, **options) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, **options)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8", "cp1252:strict"])
def test_every_character_can_be_printed_on_both_streams(encoding: str) -> None:
    done = run(SHOWS, env={**os.environ, "PYTHONIOENCODING": encoding})
    assert done.returncode == 0, done.stderr
    for said in (done.stdout, done.stderr):
        assert said.rstrip().endswith(rb"\udcff")
        assert b"Traceback" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps file names as text")
def test_matches_are_played_and_recorded_in_a_folder_that_the_console_cannot_show(tmp_path: Path) -> None:
    words = ["-m", "botgame.server.run_match", "--num-matches", "3", "--episode-duration", "10", "--record-replay"]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(
        [sys.executable, *words, "--data-dir", tmp_path / NAME], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / NAME).iterdir())) == 3
    assert rb"\u017c\xf3\u0142\u0107" in done.stdout.replace("ó".encode("cp1252"), rb"\xf3")


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell's pipe")
@pytest.mark.parametrize("unbuffered", [[], ["-u"]])
@pytest.mark.parametrize("lines", [3, 100_000])
def test_a_reader_that_leaves_early_ends_a_command_without_a_word(lines: int, unbuffered: list[str]) -> None:
    """With few lines the writer learns it only at its very end."""
    code = MANY_LINES.format(lines=lines, flush=False).replace(
        "    return 0", "    import time; time.sleep(1)\n    return 0"
    )
    command = [sys.executable, *unbuffered, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert said == b""
    assert process.returncode == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")  # noqa: PTH110
@pytest.mark.parametrize("lines", [3, 100_000])
def test_output_that_cannot_be_written_is_one_line(lines: int) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        command = [sys.executable, "-c", MANY_LINES.format(lines=lines, flush=False)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"ignored" not in done.stderr


def test_what_windows_raises_for_a_pipe_without_a_reader_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    error = OSError(errno.EINVAL, "Invalid argument")
    assert streams.is_reader_gone(BrokenPipeError())
    assert not streams.is_reader_gone(error)
    monkeypatch.setattr(streams.os, "name", "nt")
    assert streams.is_reader_gone(error)
    assert not streams.is_reader_gone(OSError(errno.EINVAL, "Invalid argument", "a:b"))


INTERRUPTED = """
import runpy, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {at!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
sys.argv = [{module!r}, *{words!r}]
runpy.run_module({module!r}, run_name="__main__")
"""
FEWEST = {  # words with which a command goes on to import what it works with
    "botgame.quickstart": None,  # starts other commands, imports nothing
    "botgame.minari": ["export", "--game", "x", "--dataset", "x/y-v0", "--data-dir", "x"],
    "botgame.record": ["--game", "x", "--bots", "a"],
    "botgame.training.dashboard": ["x"],
    "botgame.training.average": ["x.pt", "--output", "y.pt"],
    "botgame.training.levels": ["x.pt"],
    "botgame.training.evaluate": ["idle", "random"],
    "botgame.replay": ["verify", "x"],
    "botgame.training.alphastar_rl": ["--output", "x.pt"],
    "botgame.training.alphastar_imitation": [],
    "botgame.training.learn_from_live": [],
    "botgame.training.find_holes": ["x.pt"],
    "botgame.training.export": ["x.pt"],
    "botgame.training.exploit": ["idle"],
    "botgame.training.policy_readout": ["x.lmsr"],
    "botgame.training.report_league": None,  # as quick as that
}


@pytest.mark.parametrize("module", [name for name in MODULES if FEWEST.get(name, []) is not None])
def test_ctrl_c_while_a_command_imports_is_one_line(module: str) -> None:
    done = run(INTERRUPTED.format(at="numpy", module=module, words=FEWEST.get(module, [])))
    assert (done.returncode, done.stderr.splitlines()) == (130, [b"stopped"])


HEAVY = {"numba", "scipy", "torch", "starlette", "uvicorn", "websockets", "rich", "onnx", "onnxruntime"}
HELP = """
import contextlib, io, runpy, sys
sys.argv = [{module!r}, "--help"]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    runpy.run_module({module!r}, run_name="__main__")
print(*sorted({{name.split(".")[0] for name in sys.modules}} & set({heavy!r})))
"""


@pytest.mark.parametrize("module", [*MODULES, "botgame.live.collector"])
def test_help_imports_nothing_that_takes_long(module: str) -> None:
    done = run(HELP.format(module=module, heavy=sorted(HEAVY)))
    assert done.stdout.split() == [], done.stderr


def parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """A parser and those of its sub-commands."""
    choices = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return [parser, *(inner for each in choices for inner in each.values())]


@pytest.mark.parametrize("module", [*MODULES, "botgame.live.collector"])
def test_help_says_each_default_once(module: str) -> None:
    for parser in parsers(importlib.import_module(module).build_parser()):
        formatter = parser._get_formatter()
        for action in parser._actions:
            shown = formatter._expand_help(action) if action.help else ""
            assert shown.count("default") <= 1, shown
            assert "[]" not in shown, shown


def test_what_commands_a_terminal_is_shown_instead(capsys: pytest.CaptureFixture[str]) -> None:
    streams.say("error: --person x: there are \x1b[2J\x07, a\nb, \u202egnirts, Zoë, 日本")
    assert capsys.readouterr().err == "error: --person x: there are \\x1b[2J\\x07, a\\nb, \\u202egnirts, Zoë, 日本\n"
