"""Levels: a bot under handicaps, their file, their names, and those that come with the game."""

from __future__ import annotations

import shutil
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from botgame.__main__ import main
from botgame.bot_names import files_of, level_name, level_of
from botgame.errors import UserError
from botgame.game import Handicap, SeatLimits
from botgame.games import load_game
from botgame.handicapped import HandicappedPolicy
from botgame.levels import Level, Levels, digest_of, levels_path, own_names, read_levels, write_levels
from botgame.lms.arena import Limits
from botgame.lms.champion import CHAMPION, CHAMPION_FILE
from botgame.lms.replay.format import from_bytes, to_bytes
from botgame.lms.replay.resimulate import trajectories
from botgame.lms.rules import Rules
from botgame.onnx_policy import OnnxPolicy
from botgame.policies import built_in_names, is_network, load_policy
from botgame.seat_limits import limits_of
from botgame.server import play
from botgame.server.hosting.level_lines import level_lines
from live_table import Table, duel
from matches import LMS, Restless, recorded, setups
from toy_run import TOY

PACKAGED = read_levels(levels_path(CHAMPION_FILE))


class Still(Restless):
    """Always the same action; its memory counts."""

    name = "still"

    def act(self, observation, memory, keys):
        _, memory = super().act(observation, memory, keys)
        return np.zeros((len(keys), 6), np.int64), memory


def rows(count: int):
    """An observation of `count` equal rows at the start of a match, and their keys."""
    simulation = LMS.simulate(1, 2)
    simulation.reset(0, next(setups(1)), [SeatLimits()] * 2)
    due = simulation.advance().rows(np.zeros(count, int))
    return simulation.observe(due), np.arange(count, dtype=np.uint64)


def test_chance_makes_its_share_of_the_decisions_and_memory_sees_them_all() -> None:
    bot = HandicappedPolicy(LMS, Still(), Handicap(chance=0.3), "x")
    observation, keys = rows(2000)
    actions, memory = bot.act(observation, bot.initial_memory(2000), keys)
    by_random, _ = load_policy(LMS, "random").act(observation, np.zeros((2000, 0), np.float32), keys)
    still = float((by_random == 0).all(axis=1).mean())  # at random it may stand still too
    assert (actions != 0).any(axis=1).mean() == pytest.approx(0.3 * (1 - still), abs=0.03)
    assert (memory[:, 0] == 1).all()
    some = bot.act({name: array[:7] for name, array in observation.items()}, bot.initial_memory(7), keys[:7])
    np.testing.assert_array_equal(some[0], actions[:7])


def test_a_temperature_is_the_levels_own_and_the_network_is_shared() -> None:
    champion = load_policy(LMS, CHAMPION)
    hot = HandicappedPolicy(LMS, champion, Handicap(temperature=4.0), "hot")
    usual = HandicappedPolicy(LMS, champion, Handicap(), "usual")
    observation, keys = rows(400)
    memory = champion.initial_memory(400)
    own, as_trained, warmer = (bot.act(observation, memory, keys)[0] for bot in (champion, usual, hot))
    np.testing.assert_array_equal(own, as_trained)
    assert len(np.unique(warmer, axis=0)) > 2 * len(np.unique(own, axis=0))
    assert champion.temperature != 4.0


def test_limits_are_the_handicaps_or_else_the_bots() -> None:
    bot = Still()
    bot.action_cap = 9
    assert limits_of(HandicappedPolicy(LMS, bot, Handicap(), "x")) == SeatLimits(9, 0)
    assert limits_of(HandicappedPolicy(LMS, bot, Handicap(action_cap=3, reaction_ticks=9), "x")) == SeatLimits(3, 9)
    assert Limits.of_bots(Rules(), SeatLimits(3, 9)) == Limits(9, 1, 3)
    assert Limits.of_bots(Rules(), SeatLimits(reaction_ticks=1)) == Limits(4, 1, 0)  # no faster than the rules


@pytest.mark.parametrize(
    ("handicap", "says"),
    [
        ({"temperature": 2.0}, "still is no network"),
        ({"reaction_ticks": 13}, "game lms allows 0 to 12"),
        ({"action_cap": 23}, "game lms allows 0 to 22"),
        ({"chance": 1.5}, "expected 0 to 1"),
        ({"action_cap": -1}, "0 or more"),
    ],
)
def test_a_handicap_that_cannot_be_is_refused(handicap, says) -> None:
    with pytest.raises(ValueError, match=says):
        HandicappedPolicy(LMS, Still(), Handicap(**handicap), "x")


def test_a_slow_reaction_is_in_the_replay_and_comes_out_the_same() -> None:
    slow = HandicappedPolicy(LMS, Restless(), Handicap(reaction_ticks=9), "slow")
    matches = [setup.__class__(setup.seed, (0, 1), setup.factions, setup.duration_ticks) for setup in setups(3)]
    replays = recorded([slow, Restless()], iter(matches), slots=2)
    again = [from_bytes(to_bytes(replay), Path("x.botreplay")) for replay in replays]
    assert [[seat.reaction for seat in replay.header.seats] for replay in again] == [[9, 4]] * 3
    for replay in again:
        age, first = replay.decisions.tick - replay.decisions.seen, replay.header.seats[0].decisions
        assert (age[:first].max(), age[first:].max()) == (9, 4)
    assert len(list(trajectories(again))) == 6  # raises where a digest differs


def test_a_live_room_plays_under_it() -> None:
    bot = HandicappedPolicy(LMS, load_policy(LMS, "idle"), Handicap(action_cap=7, reaction_ticks=9), "level")
    room = duel(Table(policies={"idle": bot}))
    assert room.match.recording.opening.limits[1] == Limits(9, 1, 7)


# ---- names and files


def test_names_of_levels() -> None:
    assert level_name("level-4") == ("", 4)
    assert level_name("a/pi.pt@level-10") == ("a/pi.pt", 10)
    for other in ("pi.pt@rusher", "level-0", "level-x", "my_level-4", "level-4.pt"):
        assert level_name(other) is None
    assert not is_network(LMS, "pi.pt@level-3")
    assert files_of(f"{CHAMPION_FILE}@level-3") == [CHAMPION_FILE]
    assert level_of("ann@example.org/pi.pt", 4) == "ann@example.org/pi.pt@level-4"
    for bot in ("pi.pt@rusher", "level-3", "pi.pt@level-3"):
        with pytest.raises(UserError, match="is a level or a style already"):
            level_of(bot, 4)


def test_levels_are_measured_and_then_play(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*TOY, "--matches", "2", "--seed", "3"]
    assert main(["levels", str(trained), *words]) == 0
    said = capsys.readouterr().out
    assert "95 % interval" in said
    assert f"evaluate {' '.join(TOY)} {trained}@level-1 chance" in said.replace("\n", "")
    levels = read_levels(levels_path(trained))
    assert (levels.game, levels.bot, levels.matches, levels.seed) == ("toy", str(trained), 2, 3)
    assert levels.digest == digest_of(trained)
    assert [level.level for level in levels.levels] == list(range(1, 11))
    assert all(level.low <= level.rating <= level.high for level in levels.levels)
    assert all(a.rating <= b.rating for a, b in pairwise(levels.levels))
    assert sum(level.handicap == Handicap() for level in levels.levels) == 1
    game = load_game(TOY[1])
    first, second = (load_policy(game, f"{trained}@level-{k}") for k in (1, 2))
    assert first.name == f"{trained}@level-1"
    assert first._bot.network is second._bot.network
    assert main(["evaluate", f"{trained}@level-1", f"{trained}@level-10", *TOY, "--matches", "4"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"{trained}@level-10 is {trained}, " in said
    assert "as it was trained" not in said
    assert main(["levels", str(trained), *words]) == 0  # its own file may be replaced
    assert read_levels(levels_path(trained)) == levels  # equal seeds, equal ratings


def test_an_exported_model_has_levels_without_torch(
    trained_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model.onnx"
    shutil.copy(trained_model, model)
    assert main(["levels", str(model), *TOY, "--matches", "2"]) == 0
    monkeypatch.setitem(sys.modules, "torch", None)
    bot = load_policy(load_game(TOY[1]), f"{model}@level-3")
    assert isinstance(bot, HandicappedPolicy)
    assert isinstance(bot._bot, OnnxPolicy)


def some_levels(path: Path) -> Levels:
    return Levels("toy", str(path), digest_of(path), "", "chance", 2, 0, [Level(1, 0.0, -1.0, 1.0)])


def test_what_is_wrong_with_a_level_is_said(trained: Path, tmp_path: Path) -> None:
    game = load_game(TOY[1])
    bot = tmp_path / "pi.pt"
    bot.write_bytes(trained.read_bytes())
    path = levels_path(bot)

    def refused(name: str) -> str:
        with pytest.raises(UserError) as caught:
            load_policy(game, name)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "botgame levels" in refused(f"{bot}@level-1")
    assert "comes with no levels" in refused("level-1")
    write_levels(path, some_levels(bot))
    assert "has no level 2; choose one of 1" in refused(f"{bot}@level-2")
    path.write_text(path.read_text().replace("-1.0", "-2.0"))
    assert "changed since it was written" in refused(f"{bot}@level-1")
    path.write_text("{}")
    assert "cannot be read as levels" in refused(f"{bot}@level-1")
    write_levels(path, some_levels(bot))
    bot.write_bytes(bot.read_bytes() + b" ")
    assert "is of other weights" in refused(f"{bot}@level-1")
    with pytest.raises(UserError, match="no trained bot"):
        load_policy(LMS, "lms_re@level-3")


@pytest.mark.parametrize(
    "bot", ["no.pt", "level-4", "champion@rusher", "champion~0.2", "lms_re~0.2", "no:factory", ".."]
)
def test_levels_are_of_a_file_that_is_there(bot: str) -> None:
    with pytest.raises(UserError, match=f"there is no {bot} to be weaker than") as caught:
        load_policy(LMS, f"{bot}@level-4")
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["lms_re"], "lms_re has no levels"),
        (["no.pt"], "no such file"),
        (["champion", "--output", "champion.pt"], "must end in .json"),
    ],
)
def test_usage_errors_of_levels(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["levels", *words]) in (1, 2)
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("name", ["level-4", "champion@level-4", "pi.pt@level-4", "champion~0.2"])
def test_a_weaker_version_is_not_exported(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", name, "-o", str(tmp_path / "model.onnx")]) == 2
    assert f"error: {name} is a weaker version of a bot" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# ---- those that come with the game


def test_ten_levels_come_with_the_game() -> None:
    assert own_names(LMS) == tuple(f"level-{k}" for k in range(1, 11))
    assert set(own_names(LMS)) < set(built_in_names(LMS))
    assert PACKAGED.digest == digest_of(CHAMPION_FILE)
    assert (PACKAGED.game, PACKAGED.bot, PACKAGED.yardstick) == (LMS.name, CHAMPION, "lms_re")
    assert [level.handicap for level in PACKAGED.levels] == list(LMS.handicaps)
    assert PACKAGED.levels[-1].handicap == Handicap(note=PACKAGED.levels[-1].note)
    assert 9 in [level.reaction_ticks for level in PACKAGED.levels]
    assert all(level.note for level in PACKAGED.levels)
    steps = [b.rating - a.rating for a, b in pairwise(PACKAGED.levels)]
    assert all(80 < step < 250 for step in steps), steps  # each is known to 90 points


def test_the_documents_give_the_measured_ratings() -> None:
    docs = Path(__file__).resolve().parent.parent
    text, readme = ((docs / name).read_text(encoding="utf-8") for name in ("docs/levels.md", "README.md"))
    for level in PACKAGED.levels:
        interval = f"{level.low:+.0f} to {level.high:+.0f}"
        facts = level.facts(LMS.spec.ticks_per_second)
        assert f"| {level.level} | {level.rating:+.0f} | {interval} | {facts} | {level.note} |" in text
    assert f"{PACKAGED.matches} duels a pair" in text
    assert f"--matches {PACKAGED.matches} --seed {PACKAGED.seed}" in text
    ends = [f"{PACKAGED.levels[k].rating:+.0f}" for k in (0, -1)]
    assert all(end in readme for end in ends)


def test_a_low_level_loses_to_a_high_one() -> None:
    from botgame.training.evaluation.duels import mirrored_results

    low, high = load_policy(LMS, "level-2"), load_policy(LMS, "level-7")
    assert mirrored_results(LMS, low, high, 20, 4).win_rate < 0.3


def test_play_takes_a_level_and_shows_ratings(capsys: pytest.CaptureFixture[str]) -> None:
    parse = play.build_parser().parse_args
    assert play._opponent(parse(["--level", "4"])) == "level-4"
    assert play._opponent(parse(["pi.pt", "--level", "4"])) == "pi.pt@level-4"
    for words in (["pi.pt@kiter", "--level", "4"], ["--level", "4", "--style", "kiter"]):
        with pytest.raises(UserError) as caught:
            play._opponent(parse(words))
        assert caught.value.code == 2
    with pytest.raises(SystemExit):
        play.main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    for level in PACKAGED.levels:
        assert f"{level.level} ({level.rating:+.0f})" in said


def test_the_lobby_is_told_what_they_are() -> None:
    lines = level_lines(["lms_re", "level-1", "level-10"])
    assert [(line.bot, line.level) for line in lines] == [("level-1", 1), ("level-10", 10)]
    assert lines[1].rating == round(PACKAGED.levels[-1].rating)
    assert lines[1].facts == "as trained"
