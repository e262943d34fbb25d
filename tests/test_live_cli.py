"""The commands `botgame live` and `botgame play`: flags, refusals, and a true start and stop."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.sync.client import ClientConnection, connect

from botgame.lms.game import lms
from botgame.lms.replay.format import scan
from botgame.lms.replay.verify import verify
from botgame.policies import built_in_names
from botgame.server import live, play, protocol
from forked import Forked, needs_forks


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


posix_signals = pytest.mark.skipif(sys.platform == "win32", reason="signals cannot be sent to one process there")


@posix_signals
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
        assert server.stdout.read() == "stopped; 0 matches saved\n"


@contextlib.contextmanager
def started(folder: Path, *words: str) -> Iterator[tuple[Forked, str]]:
    """A server below `folder`, and the address that it prints."""
    with contextlib.chdir(folder):
        server = Forked("botgame.server.live", "--port", "0", "--bots", "lms_re", *words)
    try:
        found = re.search(r"http://\S+", server.stdout.readline())
        assert found is not None, server.communicate()
        yield server, found.group()
    finally:
        server.kill()


def begin_matches(address: str, count: int, seats: int = 2) -> list[ClientConnection]:
    """Clients that watch matches of bots, which have begun."""
    clients = []
    for _ in range(count):
        client = connect(address.replace("http", "ws") + "ws", max_size=2**20).__enter__()
        client.send(protocol.encode(protocol.Hello(1, protocol.GAME)))
        client.send(protocol.encode(protocol.Create(seats=seats, bots=["lms_re"] * seats, seat=-1)))
        while not isinstance(protocol.decode_server(client.recv(20)), protocol.State):
            pass
        clients.append(client)
    return clients


@needs_forks
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_all_matches_at_once(number: int, tmp_path: Path) -> None:
    with started(tmp_path) as (server, address):
        clients = begin_matches(address, 6, seats=4)
        server.send_signal(number)
        out, _ = server.communicate(timeout=20)
    assert (server.returncode, out) == (0, "stopped; 6 matches saved\n")
    assert [verdict.fault for verdict in verify(scan(tmp_path / "data" / "processed"))] == [None] * 6
    assert len(clients) == 6


@needs_forks
def test_after_a_session_with_people_a_bot_can_learn(tmp_path: Path) -> None:
    with (
        started(tmp_path, "--data-dir", "d") as (server, address),
        connect(address.replace("http", "ws") + "ws", max_size=2**20) as client,
    ):
        client.send(protocol.encode(protocol.Hello(1, protocol.GAME)))
        client.send(protocol.encode(protocol.Create(seats=2, bots=["lms_re"], name="Ann")))
        while not isinstance(protocol.decode_server(client.recv(20)), protocol.State):
            pass
        server.send_signal(signal.SIGINT)
        out, _ = server.communicate(timeout=20)
    saved, _, command = out.splitlines()
    assert saved == "stopped; 1 match saved"
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "botgame.training.learn_from_live"]
    assert words[3:] == ["--bot", "champion", "--data-dir", "d"]


@needs_forks
def test_a_match_that_could_not_be_saved_is_said(tmp_path: Path) -> None:
    with started(tmp_path) as (server, address):
        clients = begin_matches(address, 2)
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        (tmp_path / "data").write_text("in the way")
        server.send_signal(signal.SIGTERM)
        out, _ = server.communicate(timeout=20)
        assert len(clients) == 2
    assert server.returncode == 1
    lines = out.splitlines()
    assert len(lines) == 3
    assert all(
        re.match(r"ERROR: the match of room r\d-\S+ could not be saved: cannot write data", line) for line in lines[:2]
    )
    assert lines[2] == "error: not saved: 2 of 2 matches; the lines above say why"


@pytest.mark.parametrize("flag", ["--data-dir", "--reports-dir", "--feedback-dir"])
@pytest.mark.parametrize("command", [live, play])
def test_folders_are_tried_before_anything_is_played(flag: str, command, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("in the way")
    assert command.main([flag, "file/folder", "--port", "0"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: cannot write {Path('file/folder')}")


@needs_forks
def test_the_printed_link_carries_any_token(tmp_path: Path) -> None:
    token = "a b&c=d#e%f+g/\u0105"
    with started(tmp_path, "--token", token) as (_, address):
        assert parse_qs(urlsplit(address).query) == {"token": [token]}
        with urllib.request.urlopen(address.replace("/?", "/api/replays?"), timeout=10) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(address, timeout=10) as page:
            cookie = page.headers["set-cookie"].split(";")[0]
        bare = address.split("?")[0] + "api/replays"
        with urllib.request.urlopen(urllib.request.Request(bare, headers={"Cookie": cookie}), timeout=10) as answer:
            assert answer.status == 200


def test_a_token_that_no_client_may_send_is_refused(capsys) -> None:
    with pytest.raises(protocol.MalformedError):
        protocol.decode_client(protocol.encode(protocol.Hello(1, token="x" * 129)))
    assert "--token has 129 characters, expected at most 128" in refusal(capsys, "--token", "x" * 129)


@posix_signals
def test_a_small_limit_on_open_files_is_said(tmp_path: Path) -> None:
    command = f"ulimit -n 256; exec {shlex.quote(sys.executable)} -m botgame.server.live --port 0 --bots lms_re"
    made = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60)
    assert made.returncode == 1
    assert made.stderr == "error: this system lets a process open 256 files; raise the limit (ulimit -n)\n"
