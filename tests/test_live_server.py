"""The whole server over real sockets: play, come back, spectate, be thrown out, be saved."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from botgame.feedback import MANIFEST_NAME, MatchRecord, SeatRecord, encode_line, read_manifests
from botgame.lms.replay.verify import expand, verify
from botgame.server import protocol
from botgame.server.hosting import app, connection, serving
from botgame.server.protocol import Create, Error, Input, Join, Mark, Result, Room, State
from botgame.server.records.archive import append
from held_listing import hold_listings
from live_server import Client, running_server


def get(url: str, **headers: str) -> tuple[int, str, dict[str, str]]:
    """Status, body, headers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


def wait_for(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


HELLO = protocol.encode(protocol.Hello(1, protocol.GAME))


def ws(url: str) -> str:
    return url.replace("http", "ws", 1) + "ws"


def read_to_the_end(line: ClientConnection) -> None:
    """Until the server closes. Raises TimeoutError when it does not."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            line.recv(5)


def test_two_people_play_a_match_and_are_rated(tmp_path: Path, monkeypatch) -> None:
    with running_server(tmp_path, monkeypatch) as server:
        one, two = Client(server), Client(server)
        one.send(Create(name="Ann", school="stormcaller", duration=15, seed=3))
        room = one.until(Room)
        two.send(Join(room=room.room, name="Bob"))
        for client in (one, two):
            client.until(Room, lambda room: room.state == "running")
        for seq in range(1, 40):
            one.send(Input(seq=seq, move=seq % 9, verb=seq % 5, aim=seq % 32))
            two.send(Input(seq=seq, move=(seq + 4) % 9, verb=(seq + 1) % 5))
            assert one.until(State).view == 0
        one.send(Mark(seat=1, verdict="good"))
        one.until(State, lambda state: any(event.kind == "mark" for event in state.events))
        results = [client.until(Result) for client in (one, two)]
        assert results[0] == results[1]
        assert sorted(results[0].places) in ([1, 1], [1, 2])
        one.send(protocol.ListRooms())
        lobby = one.until(protocol.Lobby)
        assert {line.name for line in lobby.leaderboard} == {"human:Ann", "human:Bob"}
        assert lobby.rooms[0].state == "over"
        listed = json.loads(get(server.url + "api/replays")[1])["replays"]
        assert [entry["file"] for entry in listed] == [results[0].replay]
        assert [seat["name"] for seat in listed[0]["seats"]] == ["human:Ann", "human:Bob"]
        status, body, _ = get(f"{server.url}api/replays/{results[0].replay}")
        assert (status, json.loads(body)["seed"]) == (200, "3")
        (tmp_path / "replays" / results[0].replay).with_suffix(".thoughts.json").write_text("{}")
        status, again, _ = get(f"{server.url}api/replays/{results[0].replay}")
        assert (status, again) == (200, body)  # a film without thoughts rather than none
    assert [verdict.fault for verdict in verify(expand([tmp_path / "replays"]))] == [None]
    (entry,) = read_manifests(tmp_path / "live").entries
    assert [seat.backend for seat in entry.value.seats] == ["human", "human"]
    assert (tmp_path / "feedback" / "server" / "feedback_stream.jsonl").read_text().count('"mark"') == 1


def test_two_servers_on_one_folder_give_a_name_away_once(tmp_path: Path, monkeypatch) -> None:
    with running_server(tmp_path, monkeypatch) as first, running_server(tmp_path, monkeypatch) as second:
        ann, other = Client(first), Client(second)
        ann.send(Create(seats=2, name="Ann", key="1"))
        ann.until(Room)
        other.send(Create(seats=2, name="ann", key="2"))
        with pytest.raises(AssertionError, match="name_taken"):
            other.until(Room)


def test_a_lost_line_is_taken_up_again(tmp_path: Path, monkeypatch) -> None:
    with running_server(tmp_path, monkeypatch, speed=2) as server:
        one = Client(server)
        one.send(Create(bots=["idle"], name="Ann", duration=60))
        room = one.until(Room)
        one.until(State)
        one.socket.close()
        again = Client(server)
        again.send(Join(room=room.room, seat_token=room.seat_token))
        assert again.until(Room).seat == 0
        again.send(Input(seq=1, move=3))
        state = again.until(State, lambda state: state.ack == 1)
        assert state.you is not None


def test_stopping_the_server_cuts_and_saves_what_is_running(tmp_path: Path, monkeypatch) -> None:
    with running_server(tmp_path, monkeypatch, speed=1) as server:
        clients = [Client(server) for _ in range(3)]
        for client in clients[:2]:
            client.send(Create(bots=["lms_re"], name="Ann", duration=60))
            client.until(State, lambda state: state.tick > 5)
        clients[2].send(Create(bots=["kiter", "lms_re"], seat=-1, duration=60))
        clients[2].until(State)
    result = clients[0].until(Result)
    assert (result.broken_off, result.places) == (True, [1, 1])
    assert (tmp_path / "replays" / result.replay).is_file()
    read_to_the_end(clients[0].socket)
    verdicts = list(verify(expand([tmp_path / "replays"])))
    assert [verdict.fault for verdict in verdicts] == [None] * 3
    records = [entry.value for entry in read_manifests(tmp_path / "live").entries]
    assert [seat.place for record in records for seat in record.seats] == [None] * 6
    headers = [verdict.replay.header for verdict in verdicts if verdict.replay is not None]
    assert [(header.is_cut, header.changes) for header in headers] == [(True, ())] * 3


def test_an_error_in_one_room_stops_no_other(tmp_path: Path, monkeypatch, caplog) -> None:
    with running_server(tmp_path, monkeypatch, speed=2) as server:
        unlucky, other = Client(server), Client(server)
        unlucky.send(Create(bots=["idle"], duration=60))
        room = server.lobby.rooms[unlucky.until(Room).room]
        other.send(Create(bots=["idle"], duration=60))
        monkeypatch.setattr(room.driver, "tick", lambda: 1 / 0)
        line = unlucky.socket
        while not isinstance(said := protocol.decode_server(line.recv(5)), Error):
            pass
        assert said.code == "no_room"
        tick = other.until(State).tick
        assert other.until(State, lambda state: state.tick > tick + 10).mages[0].alive
        assert [name.split("-")[0] for name in server.lobby.rooms] == ["r2"]
        assert server.live.metrics.unsaved == 1
        assert get(server.url + "healthz")[0] == 200
    assert f"room {room.name} failed and is closed" in caplog.text


def test_malformed_frames_lose_no_match(tmp_path: Path, monkeypatch) -> None:
    rng = random.Random(1)
    with running_server(tmp_path, monkeypatch) as server:
        player = Client(server)
        player.send(Create(bots=["idle"], name="Ann", duration=60))
        before = player.until(State).tick
        for round_ in range(12):
            with connect(ws(server.url)) as line:
                if round_ % 2:
                    line.send(protocol.encode(protocol.Hello(1, protocol.GAME)))
                with contextlib.suppress(ConnectionClosed):
                    for _ in range(40):
                        line.send(rng.choice((rng.randbytes(60), '{"type":', "[" * 900, '{"type":"input","seq":[]}')))
                read_to_the_end(line)
        with connect(ws(server.url)) as line:
            line.send("x" * (protocol.MAX_MESSAGE + 1))
            read_to_the_end(line)
        after = player.until(State, lambda state: state.tick > before + 20)
        assert after.mages[0].alive
        assert server.live.metrics.dropped["malformed"] == 12
        assert server.live.metrics.malformed >= 12


def test_who_floods_or_is_silent_or_too_many_is_dropped(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(connection, "HELLO_SECONDS", 0.3)
    with running_server(tmp_path, monkeypatch) as server:
        dropped = server.live.metrics.dropped
        with connect(ws(server.url)) as silent:
            assert protocol.decode_server(silent.recv(5)) == Error("silent", "no hello within 0.3 s")
            with pytest.raises(ConnectionClosed):
                silent.recv(5)
        flood = Client(server)
        flood.send(Create(bots=["idle"]))
        with contextlib.suppress(ConnectionClosed):
            for seq in range(5000):
                flood.send(Input(seq=seq))
        read_to_the_end(flood.socket)
        wait_for(lambda: not server.live.connections)
        assert {code for code in dropped if code != "stranger"} == {"silent", "too_fast"}
        (room,) = server.lobby.rooms.values()
        assert room.state == "running"  # and waits for its person to come back


def test_there_is_room_for_so_many_clients_and_no_more(tmp_path: Path, monkeypatch) -> None:
    with running_server(tmp_path, monkeypatch) as server:
        server.gate.most_admitted = 2
        clients = [Client(server) for _ in range(2)]
        with connect(ws(server.url)) as line:
            line.send(HELLO)
            assert protocol.decode_server(line.recv(5)).code == "full"
            read_to_the_end(line)
        clients[0].socket.close()
        wait_for(lambda: len(server.live.connections) == 1)
        Client(server)


def test_an_address_makes_rooms_at_a_limited_rate(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(serving, "_ROOM_RATE", 0.0)
    with running_server(tmp_path, monkeypatch, max_rooms=4) as server:
        codes = []
        for _ in range(3):
            client = Client(server)
            for _ in range(2):
                client.send(Create(seats=2))
                codes.append(getattr(protocol.decode_server(client.socket.recv(5)), "code", "made"))
            client.socket.close()
        assert codes == ["made"] * 4 + ["busy"] * 2


def test_an_address_enters_rooms_at_a_limited_rate(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(serving, "_JOIN_RATE", 0.0)
    with running_server(tmp_path, monkeypatch, max_clients=4) as server:
        host, guest = Client(server), Client(server)
        host.send(Create(seats=16))
        room = host.until(Room).room
        codes = []
        for number in range(6):
            guest.send(Join(room=room, name=f"name {number}", spectate=number % 2 == 0))
            codes.append(getattr(protocol.decode_server(guest.socket.recv(5)), "code", "in"))
            guest.send(protocol.Leave())
            if codes[-1] == "busy":
                assert protocol.decode_server(guest.socket.recv(5)).code == "no_room"
        assert codes == ["in"] * 4 + ["busy"] * 2


def test_a_large_folder_holds_up_no_match(tmp_path: Path, monkeypatch) -> None:
    seats = [SeatRecord("human:Ann", place=1, result=1.0), SeatRecord("idle", place=2, result=-1.0)]
    append(tmp_path / "live" / "old" / MANIFEST_NAME, encode_line(MatchRecord("m", "duel_s1_x.lmsr", seats)))
    (tmp_path / "replays").mkdir()
    listing = hold_listings(monkeypatch)
    with running_server(tmp_path, monkeypatch) as server, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(get, server.url + "api/player?name=Ann")
        assert listing.begun.wait(10)
        try:
            assert get(server.url + "healthz")[:2] == (200, "ok\n")
        finally:
            listing.go_on.set()
        assert [match["file"] for match in json.loads(asked.result()[1])["matches"]] == ["duel_s1_x.lmsr"]


def test_who_does_not_read_is_cut_off_and_the_match_goes_on(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(connection, "MAX_QUEUED", 20)
    with running_server(tmp_path, monkeypatch, speed=32) as server:
        player = Client(server)
        player.send(Create(seats=16, bots=["lms_re"] * 15, name="Ann", duration=120))
        room = player.until(Room).room
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", int(server.url.rsplit(":", 1)[1].strip("/"))))
        with connect(ws(server.url), sock=slow, max_queue=1, close_timeout=0.2) as line:
            line.send(protocol.encode(protocol.Hello(1, protocol.GAME)))
            line.send(protocol.encode(Join(room=room, spectate=True)))
            wait_for(lambda: len(server.live.connections) == 2)
            before = player.until(State).tick
            while "too_slow" not in server.live.metrics.dropped:
                state = player.until((State, Result))
                assert isinstance(state, State)
            assert player.until(State).tick > before


def test_origins_token_and_files(tmp_path: Path, monkeypatch) -> None:
    with running_server(tmp_path, monkeypatch, token="sesame") as server:
        url = server.url
        port = url.rsplit(":", 1)[1].strip("/")
        assert get(url + "healthz")[:2] == (200, "ok\n")
        assert get(url + "api/replays")[0] == get(url + "metrics")[0] == 403
        assert get(url + "metrics?token=wrong")[0] == 403
        assert get(url + "api/replays", Authorization="Bearer sesame")[0] == 200
        status, text, _ = get(url + "metrics?token=sesame")
        assert status == 200
        assert "botgame_ticks_total 0" in text
        status, _, headers = get(url + "?token=sesame")
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "default-src 'none'" in headers["content-security-policy"]
        assert get(url + "api/replays", Cookie=headers["set-cookie"].split(";")[0])[0] == 200
        for path in ("static/../server/app.py", "static/%2e%2e/server/app.py", "api/replays/..%2f..%2fpyproject.toml"):
            assert get(f"{url}{path}?token=sesame")[0] == 404
        assert get(url + "api/replays/duel_s1_000000000000.lmsr?token=sesame")[0] == 404
        (tmp_path / "replays").mkdir(exist_ok=True)
        (tmp_path / "replays" / "duel_s1_bad.lmsr").write_bytes(b"no replay")
        time.sleep(2.1)  # a listing is reused for 2 s
        for what in ("", "/thoughts"):
            status, text, _ = get(f"{url}api/replays/duel_s1_bad.lmsr{what}?token=sesame")
            assert (status, text) == (422, "duel_s1_bad.lmsr: it is not a botgame replay")
        assert get(url, Host="evil.example")[0] == 421
        with connect(ws(url), origin=f"http://127.0.0.1:{port}") as line:
            line.send(protocol.encode(protocol.Hello(1, protocol.GAME, "guess")))
            assert protocol.decode_server(line.recv(5)).code == "token"
        for origin in ("http://evil.example", f"http://localhost:{port}", "null", "http://[::1", "\xe9"):
            with pytest.raises(InvalidStatus):
                connect(ws(url), origin=origin)


@pytest.mark.parametrize(("page", "file"), sorted(app.PAGES.items()))
def test_every_page_is_in_the_package(page: str, file: str) -> None:
    assert (app.WEB / file).is_file(), page
