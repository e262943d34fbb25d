"""The dashboard: every kind of run as it goes on, what is not there or not whole, and the page that renews itself."""

from __future__ import annotations

import json
import re
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest

from botgame.__main__ import main
from botgame.locks import is_held, locked
from botgame.ports import free_port, listening
from botgame.training.league.files import read_matches, read_state
from botgame.training.league_report.document import document, main_part
from botgame.training.league_report.summary import summarise
from botgame.training.run_page import curves, run_files
from botgame.training.run_page.lines import GrowingLines
from botgame.training.run_page.progress import Pace, Progress, progress_of
from botgame.training.run_page.run_files import NoRunError, find_run
from botgame.training.run_page.serving import PageServer
from botgame.training.run_page.view import RunView
from browsing import Watched, browser, needs_browser
from server_thread import in_thread
from toy_run import SMALL, TOY


def view_of(path: Path, exploits: Path | None = None, clock=time.monotonic) -> RunView:
    return RunView(path, exploits or path.parent / "no exploits", clock)


def shown(path: Path, exploits: Path | None = None) -> str:
    return document(view_of(path, exploits).content())


# ---- files that are written meanwhile


def test_lines_are_read_as_they_come_and_a_torn_one_is_not_a_line(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    read: list[int] = []
    lines = GrowingLines(path, lambda number, line: read.append(number) or int(line))
    assert not lines.update()
    path.write_bytes(b"1\n2\n3")
    assert lines.update()
    assert lines.items == [1, 2]
    assert not lines.update()
    path.write_bytes(b"1\n2\n34\n5\n")
    assert lines.update()
    assert (lines.items, read) == ([1, 2, 34, 5], [1, 2, 3, 4])


@pytest.mark.parametrize("after", [b"1\n", b"", b"1\n22\n3\n4\n", b"9\n8\n7\n6\n"])
def test_a_file_that_was_cut_back_is_read_anew(after: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"1\n2\n3\n")
    lines = GrowingLines(path, lambda number, line: int(line))
    lines.update()
    path.write_bytes(after)
    assert lines.update()
    assert lines.items == [int(line) for line in after.split()]
    path.unlink()
    lines.update()
    assert lines.items == []


def test_a_line_that_cannot_be_read_does_not_last(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"1\nx\n")
    lines = GrowingLines(path, lambda number, line: int(line))
    with pytest.raises(ValueError, match="invalid"):
        lines.update()
    path.write_bytes(b"1\n2\n")
    lines.update()
    assert lines.items == [1, 2]


def test_a_lock_is_seen_and_what_a_killed_process_left_is_none(tmp_path: Path) -> None:
    path = tmp_path / "main.lock"
    assert not is_held(path)
    with locked(path, path):
        assert is_held(path)
    path.write_text("{}")
    assert not is_held(path)
    with locked(path, path):
        assert is_held(path)


# ---- how far a run is


def loop(kind: str, **config: float) -> run_files.Loop:
    return run_files.Loop("", kind, Path("m"), Path("l"), config)


LONG = {"rounds": 1000, "rl_iterations_per_round": 4, "decisions": 300}


@pytest.mark.parametrize(
    ("kind", "config", "line", "says"),
    [
        (run_files.LEAGUE, {"rounds": 3, "rl_iterations_per_round": 4}, {"step": 6}, "iteration 6 of 12"),
        (run_files.LEAGUE, LONG, {"step": 6, "main1/decisions": 300, "main2/decisions": 5}, "decision 300 of 300"),
        (run_files.LEAGUE, LONG, {"step": 4000, "main1/decisions": 200}, "iteration 4,000 of 4,000"),
        (run_files.RL, {"iterations": 1500, "decisions": None}, {"step": 40}, "iteration 40 of 1,500"),
        (run_files.RL, {"iterations": 9, "decisions": 1000}, {"step": 1, "decisions": 250}, "decision 250 of 1,000"),
        (run_files.SEARCH, {"budget": 60}, {"step": 2, "decisions": 30}, "decision 30 of 60"),
        (run_files.IMITATION, {"epochs": 10, "winner_epochs": 2}, {"epoch": 3.5}, "epoch 4 of 12"),
        (run_files.RL, {}, {"step": "many"}, "iteration 0"),
    ],
)
def test_progress(kind, config, line, says) -> None:
    assert str(progress_of(loop(kind, **config), line)) == says


def test_a_run_that_diverged_stands_where_it_was_before(tmp_path: Path) -> None:
    flags = {"format": "botgame-config-1", "iterations": 9, "decisions": 1000}
    (tmp_path / "x.config.json").write_text(json.dumps(flags))
    lines = {"step": 1, "decisions": 250, "kl": 0.0}, {"step": 2, "diagnostic/nan": 1.0}
    (tmp_path / "x.metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    page = shown(tmp_path / "x.pt")
    assert "decision 250 of 1,000, stopped" in page
    assert "diagnostic nan" in page


def test_time_left_is_that_of_the_watched_pace_and_before_that_of_the_clock_readings() -> None:
    pace, rl = Pace(), loop(run_files.RL, iterations=100)
    lines = [{"step": step, "time_acting": 2.0, "time_learning": 1.0, "time_evaluation": 1.0} for step in range(1, 11)]
    progress = progress_of(rl, lines[-1])
    assert pace.left(progress, lines[:1], rl) is None
    pace.watch(0.0, 10)
    assert pace.left(progress, lines, rl) == pytest.approx(90 * 4.0)
    for now, done in ((7.0, 11), (7.5, 11), (9.0, 12), (11.0, 13)):
        pace.watch(now, done)
    assert pace.left(Progress(13, 100, "iteration"), lines, rl) == pytest.approx(87 * 2.0)
    pace.watch(12.0, 5)  # resumed from an earlier commit
    assert pace.left(Progress(5, 100, "iteration"), lines[:1], rl) is None
    assert pace.left(Progress(100, 100, "iteration"), lines, rl) == 0.0


def test_long_runs_become_short_curves() -> None:
    lines = [{"step": step, "kl/a": float(step % 10), "kl/b": 1.0, "other": 5} for step in range(1, 1001)]
    series = curves.averages(lines, "kl/(.+)", "step")
    assert [one.name for one in series] == ["a", "b"]
    assert len(series[0].points) <= curves.MOST_POINTS
    assert series[0].points[-1].x == 1000
    assert (series[0].points[0].low, series[0].points[0].high) == (0.0, 9.0)
    judged = [{"step": k, "eval/x": 0.5, "eval_low/x": 0.4, "eval_high/x": 0.6} for k in range(200)]
    (one,) = curves.rates(judged, "eval", "step")
    assert len(one.points) <= curves.MOST_POINTS
    assert one.points[-1][:4] == (199, 50.0, 40.0, 60.0)


# ---- every kind of run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of the toy game: `rl.pt`, `league/`, `search/` against `rl.pt`, and `clone.pt`, which imitates."""
    made = tmp_path_factory.mktemp("runs")
    rl = ["--scratch", "tiny", "--output", str(made / "rl.pt"), "--iterations", "2"]
    assert main(["rl", *TOY, *SMALL, *rl]) == 0
    start = ["--supervised-checkpoint", str(made / "rl.pt")]
    league = ["--output-dir", str(made / "league"), "--rounds", "2", "--rl-iterations-per-round", "1"]
    assert main(["league", *TOY, *SMALL, *start, *league, "--past-matches", "2", "--cross-play-matches", "2"]) == 0
    search = ["--output-dir", str(made / "search"), "--budget", "40", "--start", "supervised", "--final-matches", "100"]
    assert main(["exploit", str(made / "rl.pt"), *TOY, *SMALL, *start, *search]) == 0
    data = ["--data-dir", str(made / "data")]
    assert main(["record", *TOY, "--bots", "chance,chance", "--matches", "6", *data]) == 0
    clone = ["--output", str(made / "clone.pt"), "--epochs", "2", "--preset", "tiny", "--eval-matches", "2"]
    assert main(["imitation", *TOY, *data, *clone, "--final-matches", "2", "--cpu", "--threads", "1"]) == 0
    return made


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "rl.pt",
            ["Reinforcement learning", "iteration 2 of 2, finished", "decisions a second", "Win rate in training"],
        ),
        ("clone.pt", ["Imitation", "epoch 2 of 2, finished", "against chance on unseen seeds", "Accuracy", "Loss"]),
        ("search", ["supervised: decision", "Best responses", "best response against rl"]),
        ("league", ["League report", "iteration 2 of 2, finished", "Who plays whom", "Ratings", "Nash mixture"]),
    ],
)
def test_every_kind_of_run_has_its_page(name: str, says: list[str], runs: Path) -> None:
    page = shown(runs / name)
    for words in says:
        assert words in page, words
    assert page.count("<svg") >= 3
    assert "http" not in page.replace("http-equiv", "")
    assert "cannot be read" not in page


def test_what_exploits_a_checkpoint_is_on_its_page(runs: Path) -> None:
    assert "best response against rl" in shown(runs / "rl.pt", runs / "search")
    assert "best response against" not in shown(runs / "clone.pt", runs / "search")


def test_the_report_of_a_league_is_the_same_page(runs: Path) -> None:
    names = {"league-state": "league_state.json", "matches": "matches.jsonl", "output": "summary.json"}
    files = [f"--{flag}={runs / 'league' / name}" for flag, name in names.items()]
    assert main(["report", *files, "--exploit-dir", "none"]) == 0
    report = (runs / "league" / "summary.html").read_text(encoding="utf-8")
    live, written = (page.split("<footer>")[0] for page in (document(view_of(runs / "league").content()), report))
    assert written == live


def test_a_player_stays_on_the_page_until_a_new_round_comes_to_it(runs: Path) -> None:
    state = read_state(runs / "league" / "league_state.json")
    matches, _ = read_matches(runs / "league" / "matches.jsonl")
    first = next(k for k, match in enumerate(matches) if match.round == 2)
    early = summarise(state, matches[: first + 1])
    learning = {player["name"] for player in early["players"] if player["learning"]}
    assert learning == set(state.league.learners)


# ---- what is not there, or not whole


def test_a_run_that_has_not_begun_and_places_that_hold_none(runs: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "config.json").write_text('{"mine": 1}')
    text = tmp_path / "notes.txt"
    text.write_text("x")
    for path, says in (
        (tmp_path / "later.pt", "no run with the output"),
        (tmp_path / "later", "this page fills when it begins"),
        (foreign, "holds no run"),
        (text, "is no run"),
        (runs, "holds several runs; give one of them: clone.pt, rl.pt"),
    ):
        with pytest.raises(NoRunError, match=says):
            find_run(path)
        assert says in shown(path)


def begun(folder: Path, lines: bytes = b"") -> Path:
    """An RL run with these metrics."""
    (folder / "pi.config.json").write_text(json.dumps({"format": "botgame-config-1", "iterations": 10}))
    if lines:
        (folder / "pi.metrics.jsonl").write_bytes(lines)
    return folder / "pi.pt"


def line_of(step: int) -> bytes:
    return (
        json.dumps({"step": step, "training/win_rate": 0.5, "time_decisions_per_second": 100 + step}).encode() + b"\n"
    )


def test_a_run_goes_on_is_killed_and_resumed(tmp_path: Path) -> None:
    path = begun(tmp_path)
    view = view_of(path)
    assert "no line of metrics yet" in main_part(view.content())
    metrics = tmp_path / "pi.metrics.jsonl"
    with locked(tmp_path / "pi.lock", path):
        metrics.write_bytes(line_of(1) + line_of(2) + line_of(3)[:20])
        page = main_part(view.content())
        assert "iteration 2 of 10, at work" in page
        assert "left at this pace" in page
    (tmp_path / "pi.lock").write_text("{}")  # killed: its lock file stays
    assert "iteration 2 of 10, stopped; the same command with --resume goes on" in main_part(view.content())
    metrics.write_bytes(line_of(1))  # resumed: cut back to the last commit
    assert "iteration 1 of 10" in main_part(view.content())
    metrics.write_bytes(b"".join(line_of(step) for step in range(1, 11)))
    page = main_part(view.content())
    assert "iteration 10 of 10, finished" in page
    assert "110" in page


@pytest.mark.parametrize("lines", [b"[1]\n", b"\xff\n", b'{"a": 1}\n', b"{\n"])
def test_foreign_lines_are_a_sentence(lines: bytes, tmp_path: Path) -> None:
    page = shown(begun(tmp_path, lines))
    assert "cannot be read" in page
    assert "line 1 is no line of metrics" in page


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("league_state.json", b"{", "not a league state"),
        ("league_state.json", None, "has not written its state yet"),
        ("matches.jsonl", b"x\n", "matches.jsonl line 1: not a match"),
        ("matches.jsonl", b"", "shorter than"),
        ("metrics.jsonl", None, "no line of metrics yet"),
    ],
)
def test_damaged_files_of_a_league_are_a_sentence(file, content, says, runs: Path, tmp_path: Path) -> None:
    for path in (runs / "league").glob("*.json*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    view = view_of(tmp_path)
    whole = view.content()
    (tmp_path / file).unlink() if content is None else (tmp_path / file).write_bytes(content)
    time.sleep(0.01)
    view = view_of(tmp_path)
    assert says in main_part(view.content())
    (tmp_path / file).write_bytes((runs / "league" / file).read_bytes())
    assert main_part(view_of(tmp_path).content()) == main_part(whole)


def test_charts_are_named_in_words(tmp_path: Path) -> None:
    line = {"step": 1, "training/win_rate": 0.5, "win_rate/lms_re": 0.5, "time_decisions_per_second": 9, "kl/verb": 0.1}
    line["opponents/kiter"] = 0.2
    page = shown(begun(tmp_path, json.dumps(line).encode() + b"\n"))
    for words in ("against all opponents", "against lms_re", "decisions a second", "verb", "kiter"):
        assert f">{words}</text>" in page
    assert not any(raw in page for raw in ("training/", "win_rate", "time_"))


def test_names_are_escaped(tmp_path: Path) -> None:
    line = {"step": 1, "win_rate/<b>x": 0.5, "eval/<i>": 0.5, "eval_low/<i>": 0.4, "eval_high/<i>": 0.6, "kl/<u>": 1.0}
    page = shown(begun(tmp_path, json.dumps(line).encode() + b"\n"))
    assert not any(tag in page for tag in ("<b>x", "<i>", "<u>"))
    assert "against &lt;i&gt;" in page


def test_flagged_diagnostics_and_odd_numbers_are_shown(tmp_path: Path) -> None:
    line = {"step": 1, "diagnostic/kl": 1, "time_decisions_per_second": float("nan"), "training/win_rate": None}
    page = shown(begun(tmp_path, json.dumps(line).encode().replace(b"NaN", b"null") + b"\n"))
    assert "diagnostic kl" in page


@pytest.mark.parametrize("figure", ["1e308", "-1e308", "1e101", "1" + "0" * 400])
@pytest.mark.parametrize("name", ["step", "decisions", "entropy/head", "training/win_rate", "time_acting"])
def test_figures_that_no_run_has_leave_the_page(name: str, figure: str, tmp_path: Path) -> None:
    usual = {"step": 1, "eval/x": 0.5, "eval_low/x": 0.4, "eval_high/x": 0.6, "entropy/head": 1.0}
    line = json.dumps({**usual, name: "figure"}).replace('"figure"', figure).encode() + b"\n"
    page = shown(begun(tmp_path, line * 3))
    assert "Win rate in evaluation" in page
    assert not re.search(r"\b(inf|nan)\b", page)


# ---- the page


@contextmanager
def serving(view: RunView) -> Iterator[PageServer]:
    server = PageServer(view, 0, browser=False, name="x")
    with in_thread(server, server.run_until_stopped):
        yield server


def test_the_server_answers_this_machine_alone(tmp_path: Path) -> None:
    with serving(view_of(begun(tmp_path, line_of(1)))) as server:
        assert server.url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(server.url + "main") as answer:
            version, text = answer.headers["ETag"], answer.read().decode()
        assert "iteration 1 of 10" in text
        with pytest.raises(HTTPError, match="304"):
            urllib.request.urlopen(urllib.request.Request(server.url + "main", headers={"If-None-Match": version}))
        with pytest.raises(HTTPError, match="400"):
            urllib.request.urlopen(urllib.request.Request(server.url, headers={"Host": "elsewhere.test"}))
        with pytest.raises(HTTPError, match="404"):
            urllib.request.urlopen(server.url + "pi.config.json")


def test_dashboards_that_begin_at_once_have_ports_of_their_own() -> None:
    with listening("127.0.0.1", 0) as first:
        wanted = first.getsockname()[1]
        with listening("127.0.0.1", wanted) as second:
            assert second.getsockname()[1] not in (0, wanted)
        assert free_port("127.0.0.1", wanted) == 0


def test_a_dashboard_that_begins_anew_has_the_port_that_it_had() -> None:
    with listening("127.0.0.1", 0) as server:
        address = server.getsockname()
        with socket.create_connection(address) as client:
            server.accept()[0].close()  # the server hangs up first, so the system remembers the connection for a while
            assert client.recv(1) == b""
    assert free_port(*address) == address[1]
    with listening(*address) as again:
        assert again.getsockname() == address


@needs_browser
@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_the_page_renews_itself_without_reloading(width: int, height: int, tmp_path: Path) -> None:
    path = begun(tmp_path, line_of(1))
    with browser() as program:
        watched = Watched(program, width, height)
        page = watched.page
        with serving(view_of(path)) as server:
            page.goto(server.url)
            text = 'document.getElementById("run").innerText'
            watched.until(f'{text}.includes("iteration 1 of 10")')
            page.evaluate('window.kept = "yes"')
            with (tmp_path / "pi.metrics.jsonl").open("ab") as file:
                file.write(line_of(2) + line_of(3))
            watched.until(f'{text}.includes("iteration 3 of 10")')
            assert page.evaluate("window.kept") == "yes"
            assert page.locator("svg circle").count() >= 6
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert all(address.startswith(server.url) for address in watched.requests)
            watched.check()
        watched.until('document.getElementById("status").textContent.includes("does not answer")')
        assert "iteration 3 of 10" in page.evaluate(text)


def test_a_wrong_flag_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["dashboard"])
    assert stopped.value.code == 2
    assert "RUN" in capsys.readouterr().err
