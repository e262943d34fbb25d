"""The collector on a real server: over WebSocket, through a browser, and what training makes of it."""

import itertools
import subprocess
import threading
import time
from pathlib import Path

import pytest
from websockets.sync.server import serve

from botgame.errors import UserError
from botgame.feedback import name_replays, read_manifests, read_streams
from botgame.live import collector
from botgame.live.local_server import LocalServer
from botgame.lms.replay.format import read, scan
from botgame.replay import main as replay_command
from botgame.server import protocol
from botgame.training.alphastar_imitation import main as imitate
from browsing import PROGRAM, needs_browser
from live_server import Client, running_server
from short_arena import SHORT


def collect(folder: Path, url: str, *words: str) -> int:
    places = ["--reports-live-dir", str(folder / "live"), "--bot-feedback-dir", str(folder / "feedback")]
    where = ["--server", url] if url else ["--data-dir", str(folder / "replays")]
    return collector.main([*where, *places, "--run", "ours", "--episode-duration", "10", *words])


def lines_of(folder: Path):
    """The collector's own manifest lines and stream lines."""
    manifests = read_manifests(folder / "live" / "ours")
    streams = name_replays(read_streams(folder / "feedback" / "ours"), manifests)
    assert not manifests.problems
    return [entry.value for entry in manifests.entries], [entry.value for entry in streams.entries]


def test_two_matches_over_a_websocket(tmp_path, monkeypatch, capsys):
    with running_server(tmp_path, monkeypatch) as server:
        assert collect(tmp_path, server.url, "--matches", "2", "--opponents", "kiter", "--seed", "3") == 0
    records, decisions = lines_of(tmp_path)
    out = capsys.readouterr().out
    assert "2 of 2 matches" in out
    assert "written to" in out
    replays = {path.name: read(path) for path in scan(tmp_path / "replays")}
    assert [record.match for record in records] == ["ours/0001", "ours/0002"]
    assert {record.replay for record in records} == set(replays)
    assert replay_command(["verify", str(tmp_path / "replays")]) == 0
    for record in records:
        header, rows = replays[record.replay].header, replays[record.replay].decisions
        assert [seat.place for seat in record.seats] == [seat.place for seat in header.seats]
        assert (record.seed, record.ticks) == (header.seed, header.ticks)
        assert [seat.backend for seat in record.seats] == ["lms_re", "kiter"]
        assert header.seats[0].policy == "remote:lms_re bot"
        mine = [decision for decision in decisions if decision.replay == record.replay]
        assert mine[0].tick == 0  # asked at once, not after a second of standing still
        played = rows.tick[rows.seat == 0]
        assert len(played) > 10
        assert abs(len(mine) - len(played)) <= 2  # all but the last one or two took effect


def test_it_stops_when_its_time_is_up_within_a_match(tmp_path, monkeypatch, capsys):
    with running_server(tmp_path, monkeypatch, speed=1) as server:
        began = time.monotonic()
        assert collect(tmp_path, server.url, "--bot-run-max-sec", "1", "--report-every-sec", "0.3") == 0
        assert time.monotonic() - began < 5
    out = capsys.readouterr().out
    assert out.count("0 of 1 match") >= 3
    records, decisions = lines_of(tmp_path)
    assert (records, decisions) == ([], [])  # a match that was left has no replay to name
    assert len(read_streams(tmp_path / "feedback").entries) > 1
    assert not (tmp_path / "live" / "ours").exists()


def test_a_dropped_connection_is_taken_up_again(tmp_path, monkeypatch):
    with running_server(tmp_path, monkeypatch, speed=2) as server:
        codes = []
        thread = threading.Thread(target=lambda: codes.append(collect(tmp_path, server.url, "--opponents", "idle")))
        thread.start()
        stream = tmp_path / "feedback" / "ours" / "feedback_stream.jsonl"
        while not stream.exists() or stream.stat().st_size < 500:
            time.sleep(0.02)
        loop = server.servers[0].get_loop()
        for connection in list(server.live.connections.values()):
            loop.call_soon_threadsafe(connection.socket.abort)  # the line breaks without a word
        thread.join(30)
    assert codes == [0]
    (record,), decisions = lines_of(tmp_path)
    gaps = [b.tick - a.tick for a, b in itertools.pairwise(decisions)]
    assert record.seats[0].result == 1.0  # against a bot that does nothing
    assert max(gaps) < 90


def test_people_correct_a_bot_and_imitation_learns_from_all_of_it(tmp_path, monkeypatch, capsys):
    with running_server(tmp_path, monkeypatch, speed=3) as server:
        person = Client(server)
        person.send(protocol.Create(seats=2, bots=["kiter"], seat=-1, duration=12.0, name="Ann"))
        room = person.until(protocol.Room)
        code = []
        words = ["--server", server.url, "--room", room.room, "--run", "ours"]
        words += ["--reports-live-dir", str(tmp_path / "live"), "--bot-feedback-dir", str(tmp_path / "feedback")]
        thread = threading.Thread(target=lambda: code.append(collector.main(words)))
        thread.start()
        person.until(protocol.State, lambda state: state.tick > 20)
        person.send(protocol.Take(1))
        for turn in range(12):
            tick = person.until(protocol.State).tick
            person.send(protocol.Input(turn + 1, move=1 + turn % 8, verb=turn % 3 % 2, aim=(4 * turn) % 32))
            person.until(protocol.State, lambda state, tick=tick: state.tick > tick + 6)
        person.send(protocol.Release())
        person.send(protocol.Mark(0, "good"))
        person.send(protocol.Mark(1, "bad"))
        result = person.until(protocol.Result)
        thread.join(20)
    assert code == [0]
    header = read(tmp_path / "replays" / result.replay).header
    assert {change.seat for change in header.changes} == {1}
    capsys.readouterr()
    words = [
        "--data-dir",
        tmp_path / "replays",
        "--feedback-dir",
        tmp_path / "feedback",
        "--output",
        tmp_path / "pi.pt",
    ]
    words += ["--reports-live-dir", tmp_path / "live", "--preset", "tiny", "--epochs", "1", "--eval-every", "0"]
    words += ["--final-matches", "2", "--threads", "1", "--cpu", *SHORT]
    assert imitate([str(word) for word in words]) == 0
    told = capsys.readouterr().err
    used = {line.split(":")[0]: line for line in told.splitlines() if ":" in line}
    corrections, marks = (int(used["feedback"].split()[where]) for where in (1, 4))
    assert corrections >= 5
    assert marks == 2
    assert "0 and 0 without a decision" in used["feedback"]
    assert "live reports: 1 match used for 2 outcomes" in told  # both server and collector wrote them
    assert (tmp_path / "pi.pt").exists()


def test_a_local_server(tmp_path, monkeypatch, capsys):
    started, start = [], subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **how: started.append(start(*args, **how)) or started[-1])
    with LocalServer(["--data-dir", str(tmp_path / "replays"), "--reports-dir", str(tmp_path)]) as server:
        assert collect(tmp_path, server.address, "--bot-run-max-sec", "0.5") == 0
    assert [process.returncode for process in started] == [0]  # stopped, not killed
    assert "ws://127.0.0.1:" in capsys.readouterr().out


def test_a_local_server_that_does_not_start_says_why(monkeypatch):
    with pytest.raises(UserError, match=r"did not start: .*--port"):
        LocalServer(["--port", "70000"]).__enter__()


@pytest.mark.parametrize("answer", ["hello yourself", '{"type":"welcome"}', '{"type":"pong","t":1}'])
def test_foreign_servers_are_refused(tmp_path, capsys, answer):
    with serve(lambda connection: connection.send(answer), "127.0.0.1", 0) as foreign:
        threading.Thread(target=foreign.serve_forever, daemon=True).start()
        port = foreign.socket.getsockname()[1]
        for words in ([], ["--play-game", "--executable-path", "none"]):
            assert collect(tmp_path, f"127.0.0.1:{port}", *words) == 1
            assert "botgame server" in capsys.readouterr().err
        foreign.shutdown()
    assert not list(tmp_path.rglob("*.jsonl"))


@needs_browser
def test_a_match_through_the_page(tmp_path):
    """On a machine that is busy with other work a bot at the keys comes too late to hit: then it plays once more."""
    words = ["--play-game", "--headless", "--executable-path", PROGRAM, "--opponents", "idle", "--gif-sec", "2"]
    words += ["--episode-duration", "40", "--screenshot-every-sec", "2"]
    with LocalServer(server_flags(tmp_path)) as server:  # a process of its own, which ticks while the browser works
        tries = [tmp_path / str(number) for number in range(3)]
        folder = next((folder for folder in tries if hits_the_other(folder, tmp_path, server.address, words)), None)
    assert folder is not None
    (record,), decisions = lines_of(folder)
    replay = read(tmp_path / "replays" / record.replay)
    rows = replay.decisions
    assert len(decisions) > 10
    assert len(set(rows.choices[rows.seat == 0][:, 2].tolist())) > 2  # keys have been pressed
    assert sum(replay.header.seats[0].casts[1:]) > 0  # and the mouse
    assert replay.header.seats[0].controller == 0
    pictures = folder / "live" / "ours" / "pictures"
    assert (pictures / "match001.gif").stat().st_size > 10_000
    assert list(pictures.glob("*.jpg"))


def server_flags(folder: Path) -> list[str]:
    """Those of a server that writes below `folder`."""
    places = {"--data-dir": "replays", "--reports-dir": "server", "--feedback-dir": "server"}
    return ["--bots", "idle", *(word for flag, name in places.items() for word in (flag, str(folder / name)))]


def hits_the_other(folder: Path, served: Path, url: str, words: list[str]) -> bool:
    """Play a match through the page, recorded below `folder`; whether the mouse pointed at the other mage."""
    assert collect(folder, url, *words) == 0
    (record,), _ = lines_of(folder)
    return read(served / "replays" / record.replay).header.seats[0].damage_dealt > 0
