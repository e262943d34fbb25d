"""Mistakes in environments of other libraries are one line, and what only looks odd is played."""

from pathlib import Path

import numpy as np
import pytest
from gymnasium import spaces

import broken_environments
from botgame import rng
from botgame.adapters import rehearsal
from botgame.adapters.action_space import acts_of
from botgame.errors import UserError
from botgame.game import USUAL_LIMITS, Game, Setup
from botgame.games import load_game
from refusals import refusal


def gymnasium_game(kind: str) -> Game:
    return load_game(f"gymnasium:broken_environments:{kind}-v0")


def pettingzoo_game(monkeypatch: pytest.MonkeyPatch, kind: str, **parts: object) -> Game:
    made = type(kind, (getattr(broken_environments, kind),), parts)
    monkeypatch.setattr(broken_environments, "parallel_env" if kind == "Together" else "env", made, raising=False)
    return load_game("pettingzoo:broken_environments")


def first_look(game: Game) -> dict:
    simulation = game.simulate(1, game.seats)
    simulation.reset(0, Setup(rng.derive(9), (0,) * game.seats), [USUAL_LIMITS] * game.seats)
    return simulation.observe(simulation.advance())


def points(game: Game) -> tuple[int, list[float]]:
    """The steps of a match in which everybody chooses the first category, and what was earned."""
    simulation = game.simulate(1, game.seats)
    simulation.reset(0, Setup(rng.derive(9), (0,) * game.seats), [USUAL_LIMITS] * game.seats)
    while not simulation.done.all():
        due = simulation.advance()
        simulation.act(due, np.zeros((len(due.seat), len(game.spec.heads)), np.int64))
    outcome = simulation.outcome(0)
    return outcome.ticks, (outcome.rewards["return"] * game.reward_points["return"]).tolist()


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("RaisesInReset", "reset raised ValueError: no such file (broken_environments.py, line"),
        ("RaisesInStep", "step raised ValueError: no such file (broken_environments.py, line"),
        ("OldStep", "step returned 4 values, expected observation, reward, terminated"),
        ("OldReset", "reset returned a ndarray, expected observation, info"),
        ("PaysNone", "a reward is None"),
        ("PaysNan", "a reward is nan"),
        ("PaysInfinity", "a reward is inf"),
        ("PaysTwice", "a reward is array([1., 1.]), expected one finite number"),
        ("SeesOne", "its shape is (1,), expected (3,)"),
        ("SeesNothing", "its shape is (), expected (3,)"),
        ("LacksAPart", "b of an observation does not fit its space"),
        ("IsTurned", "its shape is (12, 10, 3), expected (10, 12, 3)"),
        ("HasALargeNumber", "[2, 0] is out of its range"),
        ("HasANegativeNumber", "[-1] is out of its range"),
        ("ChoosesNothing", "no numbers to choose"),
        ("HasALongMask", "4 entries, expected 3"),
    ],
)
def test_a_mistake_in_an_environment_is_one_line(kind: str, says: str) -> None:
    said = refusal(gymnasium_game, kind)
    assert says in said
    assert f"{kind}-v0" in said


@pytest.mark.parametrize("kind", ["PaysAnArray", "PaysBool"])
def test_a_reward_may_be_of_another_type(kind: str) -> None:
    assert points(gymnasium_game(kind)) == (3, [3, 3])


def test_nan_is_seen_as_zero_and_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    seen = first_look(gymnasium_game("SeesNan"))
    assert seen["scalars"].tolist() == [[0, 0, 0.5]] * 2
    assert capsys.readouterr().err.count("observation 1 was NaN") == 1


def test_infinity_is_far_away() -> None:
    far, near, here = first_look(gymnasium_game("SeesInfinity"))["scalars"][0].tolist()
    assert (far, near, here) == (pytest.approx(np.arcsinh(1e6)), -far, 0)


def test_a_cell_beyond_its_bound_is_as_bright_as_can_be() -> None:
    assert (first_look(gymnasium_game("IsBright"))["raster"] == 255).all()


@pytest.mark.parametrize("kind", ["HasManyChannels", "ChannelsFirst"])
def test_a_square_map_may_have_more_channels_than_cells_a_side(kind: str) -> None:
    spec = gymnasium_game(kind).spec
    assert (len(spec.raster_channels), spec.raster_size) == (17, 9)


def test_small_integers_of_a_wide_range_are_steps() -> None:
    assert [head.size for head in gymnasium_game("ChoosesBytes").spec.heads] == [9, 9]
    acts = acts_of(spaces.Box(-128, 127, (2,), np.int8), "bytes")
    assert acts.encode(np.array([127, -128], np.int8)) == [8, 0]
    assert acts.decode([8, 0]).tolist() == [127, -128]


def test_a_mask_may_name_its_parts() -> None:
    assert first_look(gymnasium_game("HasAMaskByName"))["legal"][0].tolist() == [1, 0, 0, 1, 0, 1, 1]


def test_a_mask_may_have_the_shape_of_the_actions() -> None:
    assert first_look(gymnasium_game("HasAMaskOfRows"))["legal"][0].tolist() == [1, 0, 0, 0, 1, 1, 1]


def test_a_mask_that_is_not_where_masks_are_is_seen() -> None:
    assert first_look(gymnasium_game("HasAMaskWithin"))["scalars"].tolist() == [[1, 0]] * 2


def test_matches_that_disturb_each_other_are_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    gymnasium_game("SharesItsGenerator")
    assert "does not repeat a match from its seed while another runs" in capsys.readouterr().err
    gymnasium_game("Noisy")
    assert "does not repeat a match from its seed, so" in capsys.readouterr().err


def test_a_unit_that_differs_each_time_is_no_rule_that_has_changed() -> None:
    first, second = gymnasium_game("Noisy"), gymnasium_game("Noisy")
    assert first.reward_points != second.reward_points
    assert first.rules == second.rules


@pytest.mark.parametrize("name", ["./here", "..here", "", "no-name"])
def test_a_name_that_no_module_has_is_one_line(name: str) -> None:
    with pytest.raises(UserError, match=r"there is no module .*; correct the name"):
        load_game(f"pettingzoo:{name}")


@pytest.mark.parametrize("text", ["x =", "raise ImportError('needs libfoo')", "1 / 0"])
def test_a_module_that_cannot_be_imported_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "broken_module.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=r"import broken_module raised .*broken_module\.py, line 1"):
        load_game("pettingzoo:broken_module")


def test_a_match_that_never_ends_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(rehearsal, "_LONGEST", 20)
    monkeypatch.setattr(rehearsal, "_SLOW", 0.0)
    gymnasium_game("NeverEnds")
    slow, endless = capsys.readouterr().err.splitlines()
    assert "6 random matches of at most 20 steps" in slow
    assert "was not over after 20 steps" in endless


@pytest.mark.parametrize("infos", [{}, None])
def test_agents_that_are_over_may_be_left_in_agents(monkeypatch: pytest.MonkeyPatch, infos: object) -> None:
    assert points(pettingzoo_game(monkeypatch, "Together", infos=infos)) == (3, [3, 3])


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"drops": ("b",)}, "no observation of b"),
        ({"bonus": {"team": 1.0}}, "'team' is none of possible_agents, a, b"),
        ({"possible_agents": ("a",)}, "'b' is none of possible_agents, a"),
        ({"possible_agents": ()}, "possible_agents are missing or empty"),
        ({"step": lambda self, _: self.nothing}, "step raised AttributeError"),
        ({"infos": 7}, "reset raised TypeError"),
        ({"reset": lambda self, **_: (setattr(self, "agents", []) or {}, {})}, "matches are over when they begin"),
        ({"bonus": None}, "step raised TypeError"),
        ({"reset": lambda self, **_: {"a": 0}}, "reset returned a dict, expected observations, infos"),
    ],
)
def test_a_mistake_with_agents_is_one_line(monkeypatch: pytest.MonkeyPatch, parts: dict, says: str) -> None:
    with pytest.raises(UserError, match=r"^game pettingzoo:broken_environments: ") as caught:
        pettingzoo_game(monkeypatch, "Together", **parts)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_agent_that_is_over_leaves_by_step_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert points(pettingzoo_game(monkeypatch, "InTurns"))[1] == [1, 2]
    with pytest.raises(UserError, match=r"step\(None\) has not removed a"):
        pettingzoo_game(monkeypatch, "InTurns", removes=False)
    with pytest.raises(UserError, match=r"reset raised AttributeError: .*terminations"):
        pettingzoo_game(monkeypatch, "InTurns", reset=lambda self, **_: setattr(self, "agents", ["a", "b"]))
