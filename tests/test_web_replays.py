"""Replays as links and files: a moment in the address, the file to keep, and a file that is dropped onto the page."""

from __future__ import annotations

import base64
import socket
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest

from botgame.lms.replay.format import MAX_FILE, Replay, from_bytes, to_bytes, write
from botgame.lms.replay.verify import verify
from botgame.server.hosting.replay_routes import LANDING, UPLOAD_BURST
from browsing import Watched, browser, needs_browser
from live_server import running_server
from matches import record


@pytest.fixture(scope="module")
def replay() -> Replay:
    return record(1)[0]


def post(url: str, data: bytes, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_a_foreign_file_is_read_strictly_and_kept_nowhere(tmp_path: Path, monkeypatch, replay: Replay) -> None:
    data = to_bytes(replay)
    with running_server(tmp_path, monkeypatch, token="t") as server:
        address = f"{server.url}api/films?token=t"
        status, text = post(address, data)
        assert (status, f'"name":"{replay.name}"' in text) == (200, True)
        assert post(address, data[:-1])[0] == 422
        assert post(address, b"no replay") == (422, "this file: it is not a botgame replay")
        assert post(address, bytes(MAX_FILE + 1)) == (413, "the file is larger than any replay (8 MiB)")
        assert post(address, data, Origin="http://evil.example")[0] == 403
        assert post(f"{server.url}api/films", data)[0] == 403
        answers = [post(address, b"")[0] for _ in range(round(UPLOAD_BURST))]
        assert (answers[0], answers[-1]) == (422, 429)
    assert list((tmp_path / "replays").rglob("*.lmsr")) == []


def test_who_goes_away_while_a_file_is_sent_leaves_no_traceback(tmp_path: Path, monkeypatch, caplog) -> None:
    with running_server(tmp_path, monkeypatch) as server:
        port = int(server.url.rsplit(":", 1)[1].strip("/"))
        head = f"POST /api/films HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 100\r\nConnection: close\r\n\r\n"
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as line:
                line.sendall(head.encode() + b"half")
                line.shutdown(socket.SHUT_WR)
                line.settimeout(10)
                line.recv(1000)
        assert post(f"{server.url}api/films", b"no replay")[0] == 422
    assert [record.message for record in caplog.records if record.exc_info] == []


DROP = """(text) => {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], "match.lmsr"));
  window.dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
}"""
# A browser lists a folder as a file that cannot be read.
DROP_A_FOLDER = """() => {
  const dataTransfer = { files: [{ name: "matches" }] };
  window.dispatchEvent(Object.assign(new Event("drop", { cancelable: true }), { dataTransfer }));
}"""


@needs_browser
def test_the_lobby_plays_the_match_that_comes_with_it_in_a_loop(tmp_path: Path, monkeypatch) -> None:
    assert [verdict.fault for verdict in verify([LANDING])] == [None]
    with running_server(tmp_path, monkeypatch) as server, browser() as program:
        watched = Watched(program)
        page = watched.page
        page.goto(server.url)
        page.wait_for_selector("#landing:not([hidden])")
        assert page.inner_text("#landing-seats").split() == ["champion", "lms_re"]
        page.evaluate("landing.head.seek(landing.head.ticks - 15)")
        watched.until("landing.head.tick > 0 && landing.head.tick < 90")
        page.click("#landing-pause")
        watched.until("document.getElementById('landing-pause').textContent === 'Play it'")
        still = page.evaluate("landing.head.tick")
        page.wait_for_timeout(150)
        assert page.evaluate("landing.head.tick") == still
        page.click("#landing-pause")
        watched.until(f"landing.head.tick > {still}")
        watched.check()


@needs_browser
def test_a_link_leads_to_a_moment_and_files_go_both_ways(tmp_path: Path, monkeypatch, replay: Replay) -> None:
    write(tmp_path / "replays", replay)
    other = tmp_path / "other.lmsr"
    other.write_bytes(to_bytes(record(1, seats=3)[0]))
    with running_server(tmp_path, monkeypatch) as server, browser() as program:
        watched = Watched(program)
        page = watched.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{server.url}replay?file={replay.name}&t=2.5")
        watched.until("window.viewer?.head.tick === 75")
        page.keyboard.press("ArrowRight")
        page.click("#copy-moment")
        watched.until("document.getElementById('copy-moment').textContent === 'Copied'")
        link = page.evaluate("navigator.clipboard.readText()")
        assert link == f"{server.url}replay?file={replay.name}&t=3.5"
        with page.expect_download() as download:
            page.click("#download")
        assert download.value.suggested_filename == replay.name
        assert from_bytes(Path(download.value.path()).read_bytes(), Path("x")).name == replay.name
        page.evaluate(DROP, base64.b64encode(other.read_bytes()).decode())
        watched.until("viewer.film.mages.length === 3")
        assert page.is_hidden("#share")  # nothing is kept, so there is no link
        page.keyboard.press("End")
        assert page.evaluate("viewer.head.tick === viewer.film.ticks")
        page.goto(f"{server.url}replays")
        page.click("text=Watch a replay file of yours")
        page.wait_for_selector("#open:not([hidden])")
        page.set_input_files("#open-file", other)
        watched.until("window.viewer?.film.mages.length === 3")
        page.goto(f"{server.url}replays")
        page.wait_for_selector("#replays tr")
        page.evaluate(DROP_A_FOLDER)
        page.wait_for_selector("text=no folder")
        page.evaluate(DROP, base64.b64encode(other.read_bytes()).decode())
        page.wait_for_url("**/replay?dropped=1")
        for _ in range(2):  # loading the viewer again shows the same film
            watched.until("window.viewer?.film.mages.length === 3")
            page.reload()
        page.goto(f"{server.url}replay?file={replay.name}")
        watched.until("window.viewer?.film.mages.length === 2")
        watched.check()
        page.evaluate(DROP, base64.b64encode(b"<script>").decode())
        page.wait_for_selector("#open:not([hidden])")
        assert page.inner_text("#open-note") == "match.lmsr cannot be shown: this file: it is not a botgame replay"
        assert "422" in watched.faults.pop()  # what the browser notes of every refusal
        watched.check()
