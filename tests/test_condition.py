"""The condition of a seat: its encoding, random dropping, the library of styles, and style files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from botgame.errors import UserError
from botgame.lms.replay.format import write
from botgame.lms.statistic_z.definition import ARENA_Z_SPEC, situation_of
from botgame.replay import main as replay_main
from botgame.statistic_z import Statistic, ZSpec
from botgame.statistic_z_file import read_statistic_z, to_plain, write_statistic_z
from botgame.training.alphastar.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from botgame.training.alphastar.statistic_z.condition_spec import RATING_STEPS, ConditionSpec
from botgame.training.alphastar.statistic_z.conditioning import Conditioning
from botgame.training.alphastar.statistic_z.library import StyleLibrary
from matches import record
from toy_network import TOY_SPEC, other_game

STYLE = ZSpec(("hop", "skip"), 3, (Statistic("speed", "cells/s", 2.0), Statistic("rest", "share", 0.5)), 1.0, "mode")
PLAYERS = ("runner", "sleeper")
ALL = ConditionSpec(STYLE, opening=True, totals=True, rating=True, players=PLAYERS)
ROWS = np.array([[2, 1, 0, 0.5, 0.25, 0, 0.1, 0, 0, 0.75, 0.5], [1, 0, 0, -1, 0, 0, 0.2, 0, 0, 0.25, 1.0]], np.float32)


def library() -> StyleLibrary:
    rows = [ROWS[0], ROWS[1], ROWS[0] * np.float32(0.999), ROWS[0]]
    return StyleLibrary.build(STYLE, rows, [1, 2, 1, 3], [1, -1, 0, 1], ["runner", "sleeper", "runner", "runner"])


def test_every_block_is_encoded_as_the_table_says() -> None:
    ratings, names = np.array([60.0, np.nan]), ["sleeper", "stranger"]
    condition = ALL.encode(ROWS, ratings, names)
    opening = [1, *(0, 1), *(1, 0), *(0, 0), 0.5, 0.25, 0, 0.1, 0, 0]
    rating = [1, 60 / 400, *(step < 60 for step in RATING_STEPS)]
    np.testing.assert_allclose(condition[0], np.array([*opening, 1, 0.75, 0.5, *rating, 0, 1], np.float32))
    assert not condition[1, ALL.blocks["rating"]].any()  # not known
    assert not condition[1, ALL.blocks["player"]].any()
    assert condition.shape == (2, ALL.width)
    alone = ConditionSpec(STYLE, rating=True)
    np.testing.assert_array_equal(alone.encode(ROWS, ratings, names), condition[:, ALL.blocks["rating"]])
    assert ConditionSpec(STYLE).width == 0


def test_blocks_are_dropped_independently_at_their_rates() -> None:
    count = 4000
    condition = ALL.encode(np.repeat(ROWS[:1], count, axis=0), np.full(count, 100.0), ["runner"] * count)
    given = {"opening": 0.8, "totals": 0.5, "rating": 1.0, "player": 0.3}
    dropped = ALL.dropout(condition, given, 7, 1)
    kept = {name: dropped[:, part].any(1) for name, part in ALL.blocks.items()}
    unnamed = ~kept["player"]
    assert not any(kept[name][kept["player"]].any() for name in ("opening", "totals", "rating"))  # a name comes alone
    for name, rate in given.items():
        rows = kept[name] if name == "player" else kept[name][unnamed]
        assert abs(rows.mean() - rate) < 0.03, name
        np.testing.assert_array_equal(
            dropped[kept[name]][:, ALL.blocks[name]], condition[kept[name]][:, ALL.blocks[name]]
        )
    assert abs((kept["opening"] & kept["totals"])[unnamed].mean() - 0.4) < 0.03  # independent
    np.testing.assert_array_equal(dropped, ALL.dropout(condition, given, 7, 1))
    assert not np.array_equal(dropped, ALL.dropout(condition, given, 7, 2))


def test_a_library_draws_from_the_group_and_from_all_where_it_is_empty() -> None:
    made = library()
    assert {made.draw(1, 5, k) for k in range(50)} == {0, 2}
    assert {made.draw(9, 5, k) for k in range(100)} == {0, 1, 2, 3}
    assert made.draw(1, 5, 3) == made.draw(1, 5, 3)
    assert made.policies == ["runner", "sleeper"]
    assert len(made.thinned(2)) == 2
    typical = made.typical("runner")
    np.testing.assert_array_equal(typical[:3], ROWS[0, :3])
    np.testing.assert_allclose(typical[-2:], ROWS[0, -2:], rtol=1e-3)
    with pytest.raises(KeyError):
        made.typical("nobody")


def test_a_style_by_name_is_asked_for_with_emphasis() -> None:
    made = library()
    mean, typical = made.rows[:, -2:].mean(0), made.typical("sleeper")
    asked = Conditioning(ConditionSpec(STYLE, opening=True, totals=True), made).find("sleeper", "toy").row
    np.testing.assert_allclose(asked[-2:], np.clip(mean + 1.5 * (typical[-2:] - mean), 0, 1), rtol=1e-6)
    np.testing.assert_array_equal(asked[:-2], typical[:-2])
    assert asked[-2] < typical[-2] < mean[0]  # sleepers are slow


def test_an_imitated_player_is_asked_for_by_name_alone() -> None:
    """What it did in other matches and how strong others are says nothing about it."""
    named = Conditioning(ALL, library(), 120.0)
    condition = named.condition_for(named.find("sleeper", "toy"))
    np.testing.assert_array_equal(condition[ALL.blocks["player"]], [0, 1])
    assert condition.sum() == 1
    assert not named.default()[ALL.blocks["player"]].any()
    only = Conditioning(ConditionSpec(STYLE, players=PLAYERS), StyleLibrary.build(STYLE, [], [], [], []))
    np.testing.assert_array_equal(only.condition_for(only.find("runner", "toy")), [1, 0])
    with pytest.raises(UserError, match=r"is no imitated player \(runner, sleeper\)"):
        only.find("jumper", "toy")


@pytest.mark.parametrize("players", ["runner", ["runner", "runner"], ["runner", 3], [""], {"runner": 1}, None])
def test_players_that_are_no_list_of_names_are_damage(players: object) -> None:
    saved = Conditioning(ALL, library()).snapshot()
    saved["inputs"]["players"] = players
    with pytest.raises(UserError, match="damaged"):
        Conditioning.restore(saved)


def test_conditioning_of_before_players_had_names_is_read() -> None:
    saved = Conditioning(ConditionSpec(STYLE, totals=True), library()).snapshot()
    del saved["inputs"]["players"]
    assert Conditioning.restore(saved).inputs == ConditionSpec(STYLE, totals=True)


def test_conditioning_travels_in_a_checkpoint(tmp_path: Path) -> None:
    conditioning = Conditioning(ALL, library(), 120.0)
    path = tmp_path / "pi.pt"
    save_checkpoint(path, Checkpoint("toy", "imitation", TOY_SPEC, {}, {}, conditioning=conditioning.snapshot()))
    again = Conditioning.restore(load_checkpoint(path, other_game()).conditioning)
    assert again.inputs == ALL
    assert again.library.names == library().names
    np.testing.assert_array_equal(again.library.rows, library().rows)
    sleeper = [each.condition_for(each.find("sleeper", "toy")) for each in (again, conditioning)]
    np.testing.assert_array_equal(*sleeper)
    plain = again.default()
    assert not plain[: ALL.blocks["rating"].start].any()
    assert plain[ALL.blocks["rating"].start] == 1  # the top rating, always
    save_checkpoint(path, Checkpoint("toy", "imitation", TOY_SPEC, {}, {}))
    assert "conditioning" not in torch.load(path, weights_only=True)
    assert load_checkpoint(path, other_game()).conditioning == {}
    with pytest.raises(UserError, match="damaged"):
        Conditioning.restore({"inputs": {}})


def test_styles_are_found_by_name_or_file(tmp_path: Path) -> None:
    conditioning = Conditioning(ConditionSpec(STYLE, totals=True), library())
    assert np.isnan(conditioning.top_rating)
    write_statistic_z(tmp_path / "s.json", STYLE, "toy", ROWS[0])
    found = conditioning.find(str(tmp_path / "s.json"), "toy")
    np.testing.assert_allclose(conditioning.condition_for(found), [1, 0.75, 0.5])
    with pytest.raises(UserError, match="runner, sleeper"):
        conditioning.find("jumper", "toy")
    with pytest.raises(UserError, match="expected 'chess'"):
        conditioning.find(str(tmp_path / "s.json"), "chess")
    blind = Conditioning(ConditionSpec(STYLE, rating=True), library())
    with pytest.raises(UserError, match="--z-totals"):
        blind.find("runner", "toy")


def test_a_style_file_says_what_it_holds_and_half_of_it_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    write_statistic_z(path, STYLE, "toy", ROWS[0])
    data = json.loads(path.read_text())
    assert data["totals"] == {"speed": 1.5, "rest": 0.25}  # in their own units
    assert [entry["event"] for entry in data["opening"]] == ["skip", "hop"]
    again = read_statistic_z(path, STYLE, "toy")
    np.testing.assert_allclose(again.row, ROWS[0], atol=1e-3)
    assert (again.opening, again.totals) == (True, True)
    path.write_text(json.dumps({**data, "opening": None}))
    assert not read_statistic_z(path, STYLE, "toy").opening


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "x"}, "no style file"),
        ({"totals": {"speed": 1}}, "rest"),
        ({"totals": {"speed": "nan", "rest": 0}}, "speed"),
        ({"opening": [{"event": "fly", "along": 0, "aside": 0}]}, "hop, skip"),
        ({"opening": [{"event": "hop"}]}, "along"),
        ({"opening": [{"event": "hop", "along": 0, "aside": 0}] * 4}, "at most 3"),
        ({"opening": 3}, "damaged style file"),
    ],
)
def test_bad_style_files_are_one_line(tmp_path: Path, change: dict, words: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"format": "botgame-style-1", "game": "toy", **to_plain(STYLE, ROWS[0]), **change}))
    with pytest.raises(UserError, match=words) as caught:
        read_statistic_z(path, STYLE, "toy")
    assert "\n" not in str(caught.value)
    path.write_text("{")
    with pytest.raises(UserError, match="JSON"):
        read_statistic_z(path, STYLE, "toy")
    with pytest.raises(UserError, match="cannot read"):
        read_statistic_z(tmp_path / "none.json", STYLE, "toy")


def test_the_command_writes_the_style_of_a_seat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write(tmp_path, record(1)[0]), tmp_path / "style.json"
    assert replay_main(["style", str(path), "--seat", "1", "-o", str(out)]) == 0
    said = capsys.readouterr().out
    assert all(entry.name in said for entry in ARENA_Z_SPEC.totals)
    assert read_statistic_z(out, ARENA_Z_SPEC, "lms-arena").totals
    assert replay_main(["style", str(path), "--seat", "2"]) == 2
    assert "seats 0 to 1" in capsys.readouterr().err


def test_groups_tell_match_ups_apart() -> None:
    groups = {situation_of((own, rival), 0) for own in range(3) for rival in range(3)}
    assert len(groups) == 9
    assert situation_of((0, 1), 1) == situation_of((1, 0), 0)
    assert situation_of((0, 1, 2), 0) not in groups
