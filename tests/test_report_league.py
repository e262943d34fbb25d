"""The league report: figures that can be worked out by hand, a page that stands alone, files that are damaged."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import numpy as np
import pytest

from botgame import ratings
from botgame.training import report_league
from botgame.training.alphastar.league.league import League, LeagueConfig
from botgame.training.best_response.results import Exploit, Search, write_results
from botgame.training.league.files import (
    EVALUATION,
    TRAINING,
    GameRecord,
    LeagueState,
    Match,
    MatchLog,
    match_lines,
    read_matches,
    read_state,
    write_state,
)
from botgame.training.league_report import exploits as league_exploits
from botgame.training.league_report import summary as league_summary
from botgame.training.league_report.forgetting import worst_of
from exploit_points import point_of
from league_rules import BOTH, NoWeights


def league_of_two_rounds():
    """main1 was frozen twice (v0 at the start), the main exploiter once."""
    config = LeagueConfig(exploiters=BOTH, min_phase_steps=10, timeout_steps=20, scripted=("rusher",))
    league = League.start(config, 0, NoWeights())
    for name in ("main1", "main_exploiter1"):
        league.learners[name].steps = 21
        league.review(name, NoWeights())
    return LeagueState("lms", league, "lms_re", 2, 2, 0)


def matches_of(*groups):
    """Each group: (round, kind, home, away, wins, draws, losses)."""
    out = []
    for number, kind, home, away, *counts in groups:
        for result, count in zip((1, 0, -1), counts, strict=True):
            out += [(number, kind, home, away, result)] * count
    return [
        Match(i, number, number, kind, home, away, result, i, 900)
        for i, (number, kind, home, away, result) in enumerate(out, 1)
    ]


GAMES = matches_of(
    (1, EVALUATION, "main1", "lms_re", 12, 2, 6),
    (2, EVALUATION, "main1", "lms_re", 30, 0, 10),
    (1, EVALUATION, "main1", "main1.v0", 11, 0, 9),
    (2, EVALUATION, "main1", "main1.v0", 15, 0, 5),
    (2, EVALUATION, "main1", "main1.v1", 8, 0, 12),
    (1, TRAINING, "main_exploiter1", "main1", 2, 0, 8),
    (2, TRAINING, "main_exploiter1", "main1", 4, 0, 6),
    (2, TRAINING, "main1", "main1", 3, 0, 2),
    (2, TRAINING, "league_exploiter1", "main1.v0", 5, 0, 5),
    (2, TRAINING, "main1", "main_exploiter1.v0", 9, 0, 1),
)


@pytest.fixture(scope="module")
def summary():
    return league_summary.summarise(league_of_two_rounds(), GAMES)


def player(summary, name):
    return next(entry for entry in summary["players"] if entry["name"] == name)


def test_the_anchor_is_zero_and_rounds_are_rated_apart(summary):
    anchor = player(summary, "lms_re")
    assert (anchor["rating"], anchor["rating_low"], anchor["rating_high"], anchor["anchor"]) == (0, 0, 0, True)
    first, second = summary["rating_by_round"]["main1"]
    assert 0 < first["rating"] < second["rating"] == player(summary, "main1")["rating"]
    assert second["low"] < second["rating"] < second["high"]


def test_a_player_that_met_nobody_has_no_rating(summary):
    assert player(summary, "main_exploiter1.v0")["rating"] is not None
    assert "rusher" not in [entry["name"] for entry in summary["players"]]


def test_pairs_hold_records_of_the_last_round_with_wilson_intervals(summary):
    pairs = {(pair["home"], pair["away"]): pair for pair in summary["pairs"]}
    pair = pairs["main1", "lms_re"]
    assert (pair["wins"], pair["draws"], pair["losses"]) == (30, 0, 10)
    assert (pair["win_rate"], pair["low"], pair["high"]) == tuple(ratings.wilson(30, 40))
    assert pairs["lms_re", "main1"]["win_rate"] == 0.25
    assert ("main1", "main1") not in pairs


def test_evaluation_against_the_anchor_by_round(summary):
    first, second = summary["win_rate_against_anchor"]["main1"]
    assert (first["win_rate"], second["win_rate"]) == (13 / 20, 30 / 40)


def test_evaluation_in_games_without_duels_rates_by_every_pair_of_seats():
    """Equals, of whom one of three takes all, win a third and have equal ratings."""
    names, ends = ("main1", "lms_re", "lms_re"), [(1, 2, 2), (2, 1, 2), (2, 2, 1)] * 10
    seated = [tuple(zip(names, places, strict=True)) for places in ends]
    matches = [Match(k, 1, 1, EVALUATION, "main1", "", 0, k, 9, seats) for k, seats in enumerate(seated, 1)]
    found = league_summary.summarise(league_of_two_rounds(), matches)
    assert player(found, "main1")["rating"] == pytest.approx(0, abs=1e-6)
    (against,) = found["win_rate_against_anchor"]["main1"]
    assert (against["wins"], against["draws"], against["losses"]) == (10, 0, 20)
    assert found["royale"] == {}, "these are training matches"
    past = [[(name.replace("lms_re", "main1.v0"), place) for name, place in seats] for seats in seated]
    met = [replace(match, seats=tuple(seats)) for match, seats in zip(matches, past, strict=True)]
    assert worst_of(met)["opponent"] == "main1.v0"


def test_forgetting_is_the_worst_past_self_of_each_round(summary):
    forgetting = summary["forgetting"]["main1"]
    assert [(entry["opponent"], entry["win_rate"]) for entry in forgetting["rounds"]] == [
        ("main1.v0", 11 / 20),
        ("main1.v1", 8 / 20),
    ]
    assert forgetting["mean_win_rate"] == pytest.approx((0.55 + 0.4) / 2)


def test_the_worst_past_self_is_not_made_worse_by_chance():
    """Six past selves, all beaten in 55 % of 50 duels each: the least of the six measured rates is 46 % in the mean."""
    random, found, least = np.random.default_rng(0), [], []
    for _ in range(200):
        won = {f"main1.v{k}": random.random(50) < 0.55 for k in range(6)}
        cells = [(k, away, result) for away, each in won.items() for k, result in enumerate(each)]
        matches = [Match(0, 1, 1, EVALUATION, "main1", away, 2 * int(r) - 1, k, 9) for k, away, r in cells]
        found.append(worst_of(matches)["win_rate"])
        least.append(min(each.mean() for each in won.values()))
    assert np.mean(found) == pytest.approx(0.55, abs=0.015)
    assert np.mean(least) < 0.48


def test_a_past_self_that_is_worst_by_far_is_found():
    sure = [Match(0, 1, 1, EVALUATION, "main1", "main1.v3", -1, k, 9) for k in range(20)]
    even = [Match(0, 1, 1, EVALUATION, "main1", "main1.v1", (-1) ** (k // 2), k, 9) for k in range(20)]
    entry = worst_of([*even, *sure])
    assert (entry["opponent"], entry["losses"], entry["wins"], entry["past_selves"]) == ("main1.v3", 20, 0, 2)
    alone = worst_of([match for match in (*even, *sure) if match.seed == 4])
    assert (alone["opponent"], alone["losses"], alone["past_selves"]) == ("main1.v3", 1, 2)


def test_exploitability_from_the_exploiters_matches_and_the_population(summary):
    entry = summary["exploitability"]["main1"]
    assert [point["win_rate"] for point in entry["rounds"]] == [0.2, 0.4]
    assert entry["worst"] == "main1.v1"
    assert entry["exploitability"] == pytest.approx(entry["worst_win_rate"] - 0.5)
    assert (entry["worst_win_rate"], entry["worst_low"], entry["worst_high"]) == tuple(ratings.wilson(12, 20))


def test_a_few_lucky_matches_are_not_the_worst_for_a_main_agent():
    lucky = matches_of((2, TRAINING, "league_exploiter1", "main1", 2, 0, 0))
    games = [*GAMES, *(replace(match, id=1000 + match.id) for match in lucky)]
    entry = league_summary.summarise(league_of_two_rounds(), games)["exploitability"]["main1"]
    assert (entry["worst"], entry["worst_win_rate"]) == ("main1.v1", 0.6)


def test_nash_shares_sum_to_one_and_relative_performance_is_a_win_rate(summary):
    assert sum(entry["nash"] for entry in summary["players"]) == pytest.approx(1.0, abs=1e-3)
    assert 0.5 < summary["relative_population_performance"]["value"] < 1.0


def test_counts(summary):
    counts = summary["matches"]
    assert counts["total"] == len(GAMES)
    assert counts["by_kind"] == {EVALUATION: 120, TRAINING: 45}
    assert counts["draws"] == 2
    assert counts["by_home"]["main_exploiter1"] == 20


def test_doubled_and_unknown_matches_do_not_count():
    strange = [*GAMES, GAMES[0], Match(10_000, 2, 2, TRAINING, "main1", "nobody", 1, 7, 900)]
    counts = league_summary.summarise(league_of_two_rounds(), strange)["matches"]
    assert (counts["total"], counts["skipped"]) == (len(GAMES), 2)


def test_a_league_without_matches_has_a_summary():
    empty = league_summary.summarise(league_of_two_rounds(), [])
    assert empty["matches"]["total"] == 0
    assert empty["relative_population_performance"] is None


def write(folder, games=GAMES, tail=b""):
    write_state(folder / "league_state.json", league_of_two_rounds())
    (folder / "matches.jsonl").write_bytes(match_lines(games) + tail)


def run(folder, *more):
    return report_league.main(
        [
            *("--league-state", str(folder / "league_state.json"), "--matches", str(folder / "matches.jsonl")),
            *("--output", str(folder / "summary.json"), "--exploit-dir", str(folder / "exploit")),
            *more,
        ]
    )


class Page(HTMLParser):
    """Collects what a page would fetch or run, and checks that its tags close."""

    def __init__(self):
        super().__init__()
        self.foreign, self.open = [], []

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "link", "img", "iframe") or any(name in ("src", "href") for name, _ in attributes):
            self.foreign.append(tag)
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        pass


def test_the_command_writes_json_and_a_page_that_stands_alone(tmp_path, capsys):
    write(tmp_path)
    assert run(tmp_path) == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["anchor"] == "lms_re"
    text = (tmp_path / "summary.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.foreign == []
    assert page.open == []
    assert text.count("<svg") >= 6
    assert "<h2>Exploitability</h2>" in text
    assert not re.search(r"https?://|nan|None|url\(", text.replace("http://www.w3.org", ""))
    assert "main1 against lms_re, round 2: 75.0%" in capsys.readouterr().out


def test_the_report_says_where_it_comes_from(tmp_path):
    write(tmp_path)
    assert run(tmp_path) == 0
    made = json.loads((tmp_path / "summary.json").read_text())["made"]
    assert (made["seed"], made["supervised_checkpoint"], made["checkpoint"]) == (0, None, None)
    (tmp_path / "config.json").write_text('{"supervised_checkpoint": "pi_<sup>.pt"}')
    (tmp_path / "main.pt").touch()
    assert run(tmp_path) == 0
    made = json.loads((tmp_path / "summary.json").read_text())["made"]
    assert made["supervised_checkpoint"] == "pi_<sup>.pt"
    assert made["command"].startswith("python -m botgame.training.report_league --league-state ")
    assert abs(datetime.now(UTC) - datetime.strptime(made["date"] + "+0000", "%Y-%m-%d %H:%M UTC%z")) < timedelta(
        hours=1
    )
    text = (tmp_path / "summary.html").read_text(encoding="utf-8")
    for shown in (made["date"], f"seed 0, started from pi_&lt;sup&gt;.pt, its main agent in {made['checkpoint']}"):
        assert shown in text


def test_a_best_response_over_few_matches_is_no_headline(tmp_path):
    search = Search("a", 0, 1000, curve(3), point_of(20, 1000, 8, 0, 0), "c.pt")
    write(tmp_path)
    write_results(tmp_path / "exploit" / "exploit.json", Exploit("lms", "pi.pt", "d", "r", {"scratch": search}))
    assert run(tmp_path) == 0
    text = (tmp_path / "summary.html").read_text(encoding="utf-8")
    assert "best response against" not in text
    assert "100% [68%, 100%]" in text  # it stands in the table


def curve(*wins):
    """Evaluations of 100 duels each, 50,000 decisions apart."""
    return [point_of(10 * k, 50_000 * k, won, 0, 100 - won) for k, won in enumerate(wins)]


def write_exploits(folder):
    """Two targets: one searched from both starts, one whose search goes on; and one of another game."""
    supervised = Search("pi_sup.pt", 0, 100_000, curve(20, 35, 42), point_of(20, 100_000, 380, 40, 580), "a.pt")
    scratch = Search("a random start", 0, 100_000, curve(1, 8, 15), point_of(20, 100_000, 140, 0, 860), "b.pt")
    finished = Exploit("lms", "reports/league/main.pt", "d1", "r", {"supervised": supervised, "scratch": scratch})
    opened = Exploit("lms", "pi_<rl>.pt", "d2", "r", {"scratch": Search("a", 0, 10**6, curve(3), None, "c.pt")})
    foreign = Exploit("chess", "queen.pt", "d3", "r", {"supervised": supervised})
    write_results(folder / "exploit" / "queen" / "exploit.json", foreign)
    write_results(folder / "exploit" / "main" / "exploit.json", finished)
    write_results(folder / "exploit" / "deep" / "pi_rl" / "exploit.json", opened)


def test_best_responses_are_taken_in(tmp_path, capsys):
    write(tmp_path)
    write_exploits(tmp_path)
    assert run(tmp_path) == 0
    first, second = json.loads((tmp_path / "summary.json").read_text())["best_responses"]
    assert (first["name"], first["target"], first["start"]) == ("main", "reports/league/main.pt", "supervised")
    assert (first["win_rate"], first["low"], first["high"]) == pytest.approx(tuple(ratings.wilson(400, 1000)))
    assert [point["win_rate"] for point in first["searches"]["scratch"]["curve"]] == [0.01, 0.08, 0.15]
    assert first["searches"]["scratch"]["spent"] == 100_000
    assert (second["target"], second["win_rate"]) == ("pi_<rl>.pt", None)
    text = (tmp_path / "summary.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.foreign == page.open == []
    assert "best response against main (supervised start)" in text
    assert "40% [37%, 43%]" in text
    assert "not over" in text
    assert "pi_<rl>" not in text
    said = capsys.readouterr().out
    assert "best response against main (supervised start): 40.0% [37.0%, 43.1%]" in said
    assert "best responses: 2 targets" in said


def test_targets_of_the_same_name_are_told_apart(tmp_path):
    targets = [Exploit("lms", f"{folder}/main.pt", "", "r", {}) for folder in "ab"]
    assert [entry["name"] for entry in league_exploits.best_responses(targets)] == ["a/main.pt", "b/main.pt"]


CROWD = Match(0, 2, 2, TRAINING, "main1", "", 0, 7, 900, (("main1", 2), ("lms_re", 1), ("main1", 4), ("main1.v0", 3)))
WON = Match(0, 2, 2, TRAINING, "main1", "", 0, 7, 900, (("main1", 1), ("lms_re", 1), ("lms_re", 3), ("lms_re", 3)))


def test_a_free_for_all_is_a_line_with_seats(tmp_path):
    games = [*GAMES[:2], replace(CROWD, id=3)]
    write(tmp_path, games=games)
    lines = (tmp_path / "matches.jsonl").read_text().splitlines()
    assert "seats" not in json.loads(lines[1])
    assert set(json.loads(lines[2])) == {"id", "round", "iteration", "kind", "home", "seed", "ticks", "seats", "check"}
    assert read_matches(tmp_path / "matches.jsonl") == (games, 0)
    assert CROWD.orders == {"lms_re": [-1, -1], "main1.v0": [1, -1]}
    assert CROWD.players == {"main1", "lms_re", "main1.v0"}
    alone = replace(CROWD, seats=(("main1", 1), ("main1", 2), ("main1", 3)))
    assert alone.orders == {"main1": [0]}


def test_free_for_alls_are_rated_by_order_and_told_apart(tmp_path):
    games = [*GAMES, replace(CROWD, id=len(GAMES) + 1), replace(WON, id=len(GAMES) + 2)]
    summary = league_summary.summarise(league_of_two_rounds(), games)
    pairs = {(pair["home"], pair["away"]): pair for pair in summary["pairs"]}
    pair = pairs["main1", "lms_re"]
    assert (pair["wins"], pair["draws"], pair["losses"]) == (30 + 2, 1, 10 + 2)
    assert summary["forgetting"] == league_summary.summarise(league_of_two_rounds(), GAMES)["forgetting"]
    assert (summary["matches"]["royale"], summary["matches"]["draws"]) == (2, 2)
    (entry,) = summary["royale"]["main1"]
    assert (entry["round"], entry["seats"], entry["matches"], entry["own_seats"], entry["par"]) == (2, 4, 2, 3, 0.25)
    assert entry["first"] == pytest.approx(0.5 / 3)
    assert entry["above"] == pytest.approx((0 + 0 + 1 + 0 + 0.5 + 1 + 1) / 7)
    write(tmp_path, games=games)
    assert run(tmp_path) == 0
    assert "17% [" in (tmp_path / "summary.html").read_text(encoding="utf-8")


def crowd(number, kind, seed, own, won):
    """`own` seats of main1 above two of the anchor, or below them."""
    names, places = ("main1",) * own + ("lms_re",) * 2, (1,) * own + (own + 1,) * 2 if won else (3,) * own + (1, 1)
    return Match(number, 1, 1, kind, "main1", "", 0, seed, 9, tuple(zip(names, places, strict=True)))


@pytest.mark.parametrize(("kind", "own"), [(TRAINING, 2), (EVALUATION, 1)])
def test_free_for_alls_of_one_seed_are_one_observation(kind, own):
    """A hundred matches of 25 seeds, all turns of which end alike: they say no more than 25 matches."""
    matches = [crowd(number, kind, number % 25, own, number % 25 < 12) for number in range(1, 101)]
    found = league_summary.summarise(league_of_two_rounds(), matches)
    widths = [found["pairs"][0]]
    widths += found["meetings"] if kind == TRAINING else found["win_rate_against_anchor"]["main1"]
    widths += [] if kind == TRAINING else [worst_of(matches)]
    _, low, high = ratings.wilson(12, 25)
    assert all(entry["high"] - entry["low"] > 0.95 * (high - low) for entry in widths)
    if kind == TRAINING:  # of which its two seats share the first place
        assert found["royale"]["main1"][0]["high"] - found["royale"]["main1"][0]["low"] > 0.45 * (high - low)
    rated = player(found, "main1")
    assert rated["rating_high"] - rated["rating"] > 0.95 * ratings.Z_95 * ratings.ELO_PER_LOGIT / np.sqrt(25 / 4)


def test_damaged_results_of_exploit_are_named_and_left_out(tmp_path, capsys):
    write(tmp_path)
    write_exploits(tmp_path)
    damaged = tmp_path / "exploit" / "main" / "exploit.json"
    damaged.write_bytes(b"{")
    assert run(tmp_path) == 0
    assert str(damaged) in capsys.readouterr().err
    assert len(json.loads((tmp_path / "summary.json").read_text())["best_responses"]) == 1


def test_an_early_league_has_a_page(tmp_path):
    write(tmp_path, games=[])
    assert run(tmp_path) == 0
    text = (tmp_path / "summary.html").read_text(encoding="utf-8")
    assert "No such match was played yet" in text
    assert "botgame.training.exploit TARGET" in text


def test_a_league_of_main_agents_alone_has_nothing_to_say_of_exploiters(tmp_path):
    write(tmp_path, games=matches_of((1, TRAINING, "main1", "rusher", 1, 0, 1)))
    league = League.start(LeagueConfig(scripted=("rusher",)), 0, NoWeights())
    write_state(tmp_path / "league_state.json", LeagueState("lms", league, "lms_re", 2, 2, 0))
    assert run(tmp_path) == 0
    text = (tmp_path / "summary.html").read_text(encoding="utf-8")
    assert "<h2>Best responses</h2>" in text
    assert "Exploitability" not in text
    assert "exploiters" not in text


def test_names_are_escaped(tmp_path):
    state = league_of_two_rounds()
    state.league.frozen.append(state.league.frozen[-1]._replace(name="<script>"))
    write_state(tmp_path / "league_state.json", state)
    games = matches_of((2, TRAINING, "main1", "<script>", 5, 0, 5), (2, EVALUATION, "main1", "lms_re", 5, 0, 5))
    (tmp_path / "matches.jsonl").write_bytes(match_lines(games))
    assert run(tmp_path) == 0
    assert "<script>" not in (tmp_path / "summary.html").read_text(encoding="utf-8")


def test_a_torn_last_line_is_left_out(tmp_path, capsys):
    write(tmp_path, tail=b'{"id": 999, "round"')
    assert run(tmp_path) == 0
    assert "last line is incomplete" in capsys.readouterr().err
    assert json.loads((tmp_path / "summary.json").read_text())["matches"]["torn_lines"] == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("league_state.json", None, "no such league state"),
        ("league_state.json", b"{", "not a league state"),
        ("league_state.json", b"[]", "not a league state"),
        ("league_state.json", b'{"format": "botgame-league-1"}', "damaged"),
        ("league_state.json", b"\xff\xfe", "cannot be read"),
        ("matches.jsonl", None, "no such match list"),
        ("matches.jsonl", b"nonsense\n", "line 1"),
        ("matches.jsonl", match_lines(GAMES[:2]) + b'{"id": 3}\n', "line 3"),
        ("matches.jsonl", match_lines(GAMES[:1]).replace(b'"result": 1', b'"result": 5'), "line 1"),
        ("matches.jsonl", match_lines(GAMES[:1]).replace(b"}", b', "seats": [["main1", 1]]}'), "line 1"),
    ],
)
def test_damaged_files_are_one_line_errors(tmp_path, capsys, name, content, words):
    write(tmp_path)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    assert run(tmp_path) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error
    assert name in error
    assert error.count("\n") == 1
    assert not (tmp_path / "summary.json").exists()


def test_an_output_that_would_hit_the_page_is_refused(tmp_path, capsys):
    write(tmp_path)
    assert run(tmp_path, "--output", str(tmp_path / "summary.html")) == 2
    assert "must end in .json" in capsys.readouterr().err


def test_state_and_matches_round_trip(tmp_path):
    write(tmp_path)
    state = read_state(tmp_path / "league_state.json")
    assert state.league.snapshot() == league_of_two_rounds().league.snapshot()
    assert (state.game, state.anchor, state.rounds_done, state.rounds) == ("lms", "lms_re", 2, 2)
    assert read_matches(tmp_path / "matches.jsonl") == (GAMES, 0)


def test_the_match_log_cuts_what_no_commit_knew(tmp_path):
    path = tmp_path / "matches.jsonl"
    games = [GameRecord("main1", "lms_re", result, 7, 900) for result in (1, 0, -1, 1, 1)]
    log = MatchLog(path, 0, 0)
    log.append(EVALUATION, 1, 20, games[:2])
    committed = log.offset, log.count
    log.append(TRAINING, 2, 21, games)
    log.close()
    again = MatchLog(path, *committed)
    again.append(EVALUATION, 2, 22, games[2:3])
    again.sync()
    again.close()
    expected = [
        Match(1, 1, 20, EVALUATION, "main1", "lms_re", 1, 7, 900),
        Match(2, 1, 20, EVALUATION, "main1", "lms_re", 0, 7, 900),
        Match(3, 2, 22, EVALUATION, "main1", "lms_re", -1, 7, 900),
    ]
    assert read_matches(path) == (expected, 0)
