"""Finding holes: which matches count, how they are grouped, what is written, and opponents made of them."""

import html
import json
import shlex
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from botgame.game import RecordedSeat
from botgame.lms.demonstrations import ArenaRecord
from botgame.lms.game import lms
from botgame.lms.replay.format import Replay, write
from botgame.lms.replay.header import BOT, HUMAN, Change
from botgame.policies import load_policy
from botgame.setups import mirrored_setups
from botgame.statistic_z import Statistic
from botgame.trained_bots import install, trained_bots
from botgame.training import find_holes
from botgame.training.alphastar.actor.opponents import parse_shares
from botgame.training.holes.groups import grouped, silhouette, traits
from botgame.training.holes.holes import find_holes as holes_of
from botgame.training.holes.meetings import Meeting, _pairs, find_meetings
from matches import held_by, recorded
from short_arena import SHORT

GAME = lms()
SPEC = GAME.statistic_z.spec
PART = SPEC.parts["totals"]


def duels(winner: str, loser: str, pairs: int, seed: int = 7) -> list[Replay]:
    policies = [load_policy(GAME, name) for name in (winner, loser)]
    return recorded(policies, mirrored_setups(GAME, seed, pairs, duration_ticks=900))


def renamed(replay: Replay, policy: str, name: str) -> Replay:
    """The same match as if another bot had played it."""
    seats = (msgspec.structs.replace(s, policy=name) if s.policy == policy else s for s in replay.header.seats)
    return replace(replay, header=msgspec.structs.replace(replay.header, seats=tuple(seats)))


def changed(replay: Replay, policy: str, controller: int) -> Replay:
    """The same match as if another controller had taken the seat of a policy over."""
    seat = next(k for k, each in enumerate(replay.header.seats) if each.policy == policy)
    change = Change(5, seat, controller, *replay.header.seats[seat].limits)
    return replace(replay, header=msgspec.structs.replace(replay.header, changes=(change,)))


def meeting(won: bool, totals: np.ndarray, name: str = "Ann") -> Meeting:
    row = np.zeros(SPEC.width, np.float32)
    row[PART] = totals
    return Meeting(Path(f"{name}.lmsr"), name, "pyromancer", "cryomancer", won, row)


def test_groups_are_found_where_there_are_some() -> None:
    random = np.random.default_rng(0)
    near, far = (centre + 0.02 * random.standard_normal((9, 4)) for centre in (0.2, 0.8))
    totals = np.concatenate([near[:6], far, near[6:]])
    assert grouped(totals) == [[0, 1, 2, 3, 4, 5, 15, 16, 17], list(range(6, 15))]
    assert grouped(random.standard_normal((40, 16))) == [list(range(40))], "one cloud is one group"
    assert grouped(totals[:4]) == [[0, 1, 2, 3]], "too few to divide"
    assert grouped(totals[:0]) == []


def test_silhouette_of_two_points_in_each_of_two_groups() -> None:
    places = np.array([0.0, 1.0, 10.0, 11.0])
    distances = np.abs(places[:, None] - places)
    # Rousseeuw: (b - a) / max(a, b) with a = 1 and b = 10.5 or 9.5
    assert silhouette(distances, np.array([1, 1, 2, 2])) == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2)
    assert silhouette(distances, np.array([1, 1, 2, 3])) == pytest.approx(((9 / 10) + (8 / 9)) / 4)
    assert silhouette(distances, np.array([1, 1, 1, 1])) == 0.0


def test_traits_are_what_differs_most_in_its_own_unit() -> None:
    statistics = [Statistic("a", "uses/s", 2.0), Statistic("b", "share of time", 1.0), Statistic("c", "x", 1.0)]
    here = np.array([[0.5, 0.9, 0.1], [0.5, 0.8, 0.1]])
    elsewhere = np.array([[0.4, 0.1, 0.1], [0.4, 0.2, 0.1]])
    first, second = traits(statistics, here, elsewhere, 2)
    assert (first.statistic.name, second.statistic.name) == ("b", "a")
    assert (second.here, second.elsewhere) == (pytest.approx(1.0), pytest.approx(0.8))
    assert first.effect > second.effect > 0
    assert traits(statistics, here, elsewhere[:0], 2) == []


def test_a_difference_that_chance_explains_is_no_trait() -> None:
    random = np.random.default_rng(0)
    statistics = [Statistic(name, "x", 1.0) for name in "abcd"]
    same = random.standard_normal((3, 4)), random.standard_normal((40, 4))
    same[0][:, 2] += 5.0
    assert [trait.statistic.name for trait in traits(statistics, *same, 4)] == ["c"]


@pytest.mark.parametrize("won", [1, 3, 20])
def test_few_matches_differ_by_chance_no_more_often_than_it_says(won: int) -> None:
    random, count = np.random.default_rng(0), 2000
    statistics = [Statistic(str(k), "x", 1.0) for k in range(count)]
    found = traits(statistics, random.standard_normal((won, count)), random.standard_normal((40, count)), count)
    assert 0.03 < len(found) / count < 0.07


def test_each_way_to_win_is_a_hole() -> None:
    count = len(SPEC.totals)
    near, far, other = np.full(count, 0.1), np.full(count, 0.9), np.full(count, 0.5)
    met = [meeting(True, near)] * 4 + [meeting(True, far, "Bob")] * 5 + [meeting(False, other)] * 3
    holes = holes_of(met, SPEC)
    assert [(len(hole.matches), dict(hole.people)) for hole in holes] == [(5, {"Bob": 5}), (4, {"Ann": 4})]
    assert all(trait.effect > 0 for trait in holes[0].traits)
    assert holes_of([meeting(False, other)], SPEC) == []


@pytest.mark.parametrize(
    ("person", "bot", "counts"), [(True, True, False), (True, False, True), (False, True, True), (False, False, True)]
)
def test_a_match_that_was_broken_off_counts_where_one_was_out(person: bool, bot: bool, counts: bool) -> None:
    ann = RecordedSeat("human:Ann", 0, 1, 9, human=True, person="Ann", human_decisions=9, cut_off=person)
    rival = RecordedSeat("champion", 0, 2 - bot, 9, cut_off=bot)
    assert list(_pairs(SimpleNamespace(seats=(rival, ann)), {"champion"})) == ([(1, 0)] if counts else [])


def test_a_recorded_match_says_who_was_in_it_when_it_was_broken_off() -> None:
    (replay,) = duels("champion", "idle", 1)[:1]
    assert [seat.cut_off for seat in ArenaRecord(Path(), replay).seats] == [False, False]
    header = msgspec.structs.replace(replay.header, is_cut=True)
    seats = ArenaRecord(Path(), replace(replay, header=header)).seats
    assert [seat.cut_off for seat in seats] == [seat.death_tick < 0 for seat in header.seats]


def test_a_match_counts_where_both_played_to_the_end(tmp_path: Path) -> None:
    replays = duels("lms_re", "champion", 2)
    with_ann = [held_by(replay, "lms_re", "Ann") for replay in replays]
    left, taken = changed(with_ann[0], "human:Ann", BOT), changed(with_ann[1], "champion", HUMAN)
    for replay in (left, taken, *with_ann[2:], replays[0]):
        write(tmp_path, replay)
    met = find_meetings(GAME, tmp_path, {"champion"}, pytest.fail)
    assert [each.path.name for each in met] == sorted(replay.name for replay in with_ann[2:])
    assert find_meetings(GAME, tmp_path, {"rusher"}, pytest.fail) == []


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ann, who plays like the champion, and two bots that she meets."""
    folder = tmp_path_factory.mktemp("data")
    for replay in duels("champion", "idle", 3):
        write(folder, held_by(replay, "champion", "<Ann>"))
    for replay in duels("champion", "level-1", 1):
        write(folder, held_by(replay, "champion", "<Ann>"))
    return folder


def test_the_page_and_the_figures(data: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_holes.main(["idle", "--data-dir", str(data)]) == 0
    said = capsys.readouterr().out
    assert "people won 6 of 6 matches against idle" in said
    assert "--clone" not in said, "a scripted bot learns nothing"
    found = json.loads(Path("reports/holes/lms/idle/holes.json").read_text())
    assert (found["meetings"], found["won"]) == (6, 6)
    assert sum(len(hole["matches"]) for hole in found["holes"]) == 6
    page = Path("reports/holes/lms/idle/holes.html").read_text(encoding="utf-8")
    assert "&lt;Ann&gt;" in page
    assert "<Ann>" not in page
    assert f"http://127.0.0.1:8000/replay?file={found['holes'][0]['matches'][0]['file']}" in page
    assert find_holes.main(["idle", "--data-dir", str(data)]) == 0, "its own files are replaced"


def test_where_nobody_has_won_there_is_no_hole(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (replay, _) = duels("champion", "idle", 1)
    write(tmp_path, held_by(replay, "idle", "Ann"))
    assert find_holes.main(["champion", "--clone", "--data-dir", "."]) == 0
    assert "people won 0 of 1 match against champion: no hole to find" in capsys.readouterr().out


def test_the_printed_command_repeats_what_was_given(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    install(GAME, "twin", GAME.checkpoints["champion"])
    for replay in duels("champion", "idle", 1, seed=9):
        write(tmp_path / "my data", renamed(held_by(replay, "champion", "Ann"), "idle", "twin"))
    given = ["twin", "--data-dir", "my data", "--output-dir", "out", "--viewer", "http://x:9/", "--epochs", "3"]
    assert find_holes.main(given) == 0
    printed = capsys.readouterr().out.splitlines()[-1]
    assert shlex.split(printed) == ["python", "-m", find_holes.MODULE, *given, "--clone"]
    assert html.escape(printed) in Path("out/holes.html").read_text(encoding="utf-8")


def test_an_opponent_of_each_hole(data: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    small = [*SHORT, "--epochs", "1", "--matches", "2", "--cpu", "--threads", "1"]
    install(GAME, "twin", GAME.checkpoints["champion"])
    for replay in duels("champion", "idle", 1, seed=9):
        write(tmp_path / "d", renamed(held_by(replay, "champion", "Ann"), "idle", "twin"))
    assert find_holes.main(["twin", "--data-dir", "d", "--clone", *small]) == 0
    said = capsys.readouterr().out
    assert "hole-1-of-twin wins" in said
    assert "hole-1-of-twin" in trained_bots(GAME)
    found = json.loads(Path("reports/holes/lms/twin/holes.json").read_text())
    command = found["training_command"]
    mixture = parse_shares(command.split("--opponents ")[1])
    assert mixture["hole-1-of-twin"] == pytest.approx(0.3, abs=0.01)
    assert load_policy(GAME, "hole-1-of-twin").name == "hole-1-of-twin"
    assert sorted(each.name for each in Path("reports/holes/lms/twin/hole-1").iterdir()) == sorted(
        match["file"] for match in found["holes"][0]["matches"]
    )


def test_mistakes_are_one_line(data: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    for words, code, part in (
        (["champion"], 1, "no person has met champion"),
        (["idle", "--clone"], 2, "--clone needs a trained bot"),
        (["idle", "--game", "openspiel:tic_tac_toe"], 2, "statistic z"),
    ):
        assert find_holes.main([*words, "--data-dir", str(data)]) == code
        (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("error: "))
        assert part in line
