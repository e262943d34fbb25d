"""The commands `botgame live` and `botgame play`: flags, refusals, and a true start and stop."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from botgame.lms.game import lms
from botgame.policies import built_in_names
from botgame.server import live, play


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert live.main(list(words)) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_an_address_that_others_reach_demands_a_token(capsys) -> None:
    assert "--host 0.0.0.0 can be reached by others" in refusal(capsys, "--host", "0.0.0.0")
    assert "--host example.org" in refusal(capsys, "--host", "example.org")
    assert "--port is 70000" in refusal(capsys, "--port", "70000")
    assert "--bots is 'lms_re,,kiter'" in refusal(capsys, "--bots", "lms_re,,kiter")


def test_a_bot_that_does_not_exist_is_named(capsys) -> None:
    assert live.main(["--bots", "lms_re,nobody"]) == 1
    assert "unknown bot 'nobody'" in capsys.readouterr().err


def test_all_built_in_bots_are_offered_and_the_expert_fills_seats() -> None:
    names = live.offered_bots(None)
    assert names[0] == "lms_re"
    assert sorted(names) == sorted(built_in_names(lms()))
    assert live.offered_bots("kiter, lms_re,kiter") == ("kiter", "lms_re")


def test_play_checks_the_duration(capsys) -> None:
    assert play.main(["--duration", "5"]) == 2
    assert "--duration is 5" in capsys.readouterr().err
    assert play.main(["nobody", "--no-browser"]) == 1
    assert "unknown bot 'nobody'" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process there")
@pytest.mark.parametrize("module", ["live", "play"])
def test_a_true_start_and_stop(module: str, tmp_path: Path) -> None:
    words = ["--port", "0", "--data-dir", "data", "--reports-dir", "live", "--feedback-dir", "feedback", "--seed", "3"]
    words += ["--bots", "lms_re"] if module == "live" else ["kiter", "--no-browser"]
    command = [sys.executable, "-m", f"botgame.server.{module}", *words]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert address is not None
        with urllib.request.urlopen(address.group() + "healthz", timeout=10) as answer:
            assert answer.read() == b"ok\n"
        assert ("room=r1-" in line) is (module == "play")
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0
        assert "stopped" in server.stdout.read()
