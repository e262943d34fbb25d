"""People and bots of live matches stand in the league's table of ratings, on the league's scale."""

import json
import math
from pathlib import Path

import msgspec
import pytest

from botgame.feedback import TAKEN_OVER, Entry, MatchRecord, SeatRecord, encode_line, rated_matches
from botgame.training.league.files import write_state
from botgame.training.league_report import summary as league_summary
from botgame.training.league_report.live import LiveMatch, live_matches
from test_report_league import GAMES, Page, league_of_two_rounds, matches_of, run, write


def record(number, *seats, backend=""):
    """seats: (policy, place)."""
    return MatchRecord(f"r{number}", f"duel_{number}.lmsr", [SeatRecord(p, backend, place=k) for p, k in seats])


def summarise(live, games=GAMES):
    return league_summary.summarise(league_of_two_rounds(), games, live=live)


def entry(summary, name):
    return next(player for player in summary["live"]["players"] if player["name"] == name)


def test_a_person_is_rated_by_the_anchor():
    live = [LiveMatch(["human:Ann", "lms_re"], [1, 2])] * 3 + [LiveMatch(["lms_re", "human:Ann"], [1, 2])]
    summary = summarise(live)
    ann = entry(summary, "human:Ann")
    assert (ann["role"], ann["matches"], summary["live"]["matches"]) == ("person", 4, 4)
    assert ann["rating"] == pytest.approx(400 * math.log10(3.025 / 1.025))  # 3 to 1, and half of 0.05 games each
    assert ann["rating_low"] < ann["rating"] < ann["rating_high"]


def test_the_league_tells_who_has_not_met_the_anchor():
    near, far = [LiveMatch(["human:Ann", "main1.v0"], [2, 1])], [LiveMatch(["human:Bob", "human:Eve"], [1, 2])]
    summary = summarise(near + far)
    strength = next(player["rating"] for player in summary["players"] if player["name"] == "main1.v0")
    assert entry(summary, "human:Ann")["rating"] < strength
    assert entry(summary, "human:Bob")["rating"] is None


def test_all_who_finish_lower_are_beaten_and_other_figures_stay():
    plain, summary = summarise([]), summarise([LiveMatch(["human:Ann", "remote:x", "lms_re"], [1, 3, 2])])
    assert entry(summary, "human:Ann")["rating"] > 0 > entry(summary, "remote:x")["rating"]
    assert entry(summary, "remote:x")["role"] == "program"
    for unchanged in ("pairs", "matches", "forgetting", "win_rate_against_anchor"):
        assert summary[unchanged] == plain[unchanged]
    assert plain["live"] == {"matches": 0, "players": []}


def test_frozen_players_are_known_by_their_files(tmp_path):
    records = [record(1, (str(tmp_path / "players" / "main1.v0.pt"), 1), ("elsewhere/main1.v0.pt", 2))]
    records.append(msgspec.structs.replace(records[0], game="chess"))  # of no concern to this league
    (match,) = live_matches(records, "lms", tmp_path / "players", ["main1.v0"])
    assert match == (["main1.v0", "elsewhere/main1.v0.pt"], [1, 2])


def test_each_match_counts_once_if_it_was_played_out_by_two():
    good = record(1, ("human:Ann", 1), ("lms_re", 2))
    others = [
        record(1, ("remote:other name", 1), ("lms_re", 2)),  # the collector's word on the same replay
        record(2, ("human:Ann", None), ("lms_re", None)),  # broken off
        record(3, ("human:Ann", 1), ("lms_re", 2), backend=TAKEN_OVER),
        record(4, ("lms_re", 1), ("lms_re", 2)),
    ]
    assert rated_matches([Entry(Path("m"), value) for value in (good, *others)]) == [good]


def test_the_report_shows_both_in_one_table(tmp_path, capsys):
    write(tmp_path)
    live = tmp_path / "live" / "run"
    live.mkdir(parents=True)
    places = [(1, 2) if number % 4 else (2, 1) for number in range(60)]
    lines = [encode_line(record(k, ("human:<Ann>", a), ("lms_re", b))) for k, (a, b) in enumerate(places)]
    (live / "manifest.jsonl").write_bytes(b"".join(lines) + b"nonsense\n")
    assert run(tmp_path) == 0
    assert "human:<Ann>" not in capsys.readouterr().out
    assert json.loads((tmp_path / "summary.json").read_text())["live"] == {"matches": 0, "players": []}
    assert run(tmp_path, "--reports-live-dir", str(tmp_path / "live")) == 0
    said = capsys.readouterr()
    assert "human:<Ann>" in said.out.split("main1.v0")[0]  # above the frozen player
    assert "live: 60 rated matches" in said.out
    assert "manifest.jsonl:61" in said.err
    text = (tmp_path / "summary.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.foreign == page.open == []
    assert text.count("human:&lt;Ann&gt;") >= 2  # in the table and, being sure enough, in the chart
    assert json.loads((tmp_path / "summary.json").read_text())["live"]["players"][0]["matches"] == 60


def test_a_league_that_has_not_played_has_a_table_too(tmp_path):
    write_state(tmp_path / "league_state.json", league_of_two_rounds())
    summary = summarise([LiveMatch(["human:Ann", "rusher"], [1, 2])], matches_of())
    assert entry(summary, "human:Ann")["rating"] is None
