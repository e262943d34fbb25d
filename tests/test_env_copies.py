"""`copy.deepcopy` of an environment: the copy goes on as the original would, and neither disturbs the other."""

import copy
import threading
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import botgame.envs  # noqa: F401 - registers
from botgame.envs.flat import FlatObservation
from botgame.envs.learner_matches import LearnerMatches
from botgame.envs.matchup import matchup
from botgame.envs.pettingzoo import env as turns_env
from botgame.envs.pettingzoo import parallel_env
from botgame.errors import UserError
from botgame.games import load_game
from botgame.lms.replay.format import read, scan
from botgame.lms.replay.verify import verify

SIZES = [head.size for head in load_game("lms").spec.heads]
SHORT = 240  # ticks of a match


class Turning:
    """An opponent that remembers, between its calls, how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, observation, memory, keys) -> np.ndarray:
        self.asked += 1
        return np.full((len(keys), len(SIZES)), self.asked % 4)


def duel(**options):
    return gymnasium.make("botgame/Duel-v0", duration_ticks=SHORT, **options)


def royale(**options):
    return gymnasium.make("botgame/Royale-v0", seats=4, duration_ticks=SHORT, **options)


def batch(**options):
    return gymnasium.make_vec("botgame/Duel-v0", 3, duration_ticks=SHORT, **options)


def played(env, steps: int, seed: int) -> list:
    """What an environment hands out in so many steps, match after match."""
    rows = np.random.default_rng(seed).integers(0, SIZES, (steps, *env.action_space.shape))
    found = []
    for row in rows:
        seen, reward, over, truncated, info = env.step(row)
        if "final_obs" in info:  # an array of objects, which NumPy cannot compare
            info["final_obs"] = list(info["final_obs"])
        found.append((seen, reward, over, truncated, info))
        if np.ndim(over) == 0 and over:
            found.append(env.reset())
    return found


@pytest.mark.parametrize(
    "make",
    [
        lambda: duel(opponent="lms_re"),  # answered in the compiled loop
        lambda: duel(opponent={"legacy": 0.5, "champion": 0.5}),
        lambda: duel(opponent=Turning()),
        lambda: FlatObservation(duel(scratch=True), ("scalars",)),
        lambda: royale(opponents=("lms_re", "looter", "random")),
        lambda: batch(opponent="lms_re", max_episode_steps=20),
    ],
)
def test_a_copy_goes_on_as_the_original_does(make) -> None:
    original = make()
    fresh = copy.deepcopy(original)
    first = original.reset(seed=3), played(original, 25, seed=0)
    np.testing.assert_equal((fresh.reset(seed=3), played(fresh, 25, seed=0)), first)
    whole, other = copy.deepcopy(original), copy.deepcopy(original)
    played(other, 40, seed=2)  # does not disturb the others
    expected = played(original, 120, seed=1)
    np.testing.assert_equal(played(whole, 120, seed=1), expected)


@pytest.mark.parametrize("make", [parallel_env, turns_env])
def test_a_copy_of_several_agents_goes_on_as_the_original_does(make) -> None:
    original = make(seats=3, duration_ticks=SHORT)
    original.reset(seed=3)
    whole, found = copy.deepcopy(original), []
    for env in (whole, original):
        rows, seen = np.random.default_rng(1).integers(0, SIZES, (60, len(SIZES))), []
        for row in rows:
            if not env.agents:
                env.reset()
            if make is parallel_env:
                seen.append(env.step(dict.fromkeys(env.agents, row)))
            else:
                seen.append((env.agent_selection, env.last()))
                env.step(None if env.terminations[env.agent_selection] else row)
        found.append(seen)
    np.testing.assert_equal(*found)


@pytest.mark.parametrize("name", ["pettingzoo:tictactoe_v3", "openspiel:leduc_poker"])
def test_matches_of_games_that_others_wrote_are_copied_too(name: str) -> None:
    game = load_game(name)
    original = LearnerMatches(matchup(game, "random", 2), 3)
    original.reset(range(3))
    copied, found = copy.deepcopy(original), []
    for matches in (original, copied):
        rng, seen = np.random.default_rng(1), []
        for _ in range(20):
            (head,) = game.spec.slices.values()
            legal = matches.observe()["legal"][:, head]
            seen.append(matches.step(np.array([[rng.choice(np.flatnonzero(row))] for row in legal])))
        found.append(seen)
    np.testing.assert_equal(*found)


def test_a_copy_records_its_own_match(tmp_path: Path) -> None:
    original = duel(opponent="lms_re", record_to=tmp_path)
    original.reset(seed=3)
    played(original, 5, seed=0)
    copied = copy.deepcopy(original)
    for number, env in enumerate((original, copied)):
        over = False
        while not over:
            over = env.step([0, 7, 1 + number, 0, 0, 0])[2]
    replays = [read(path) for path in scan(tmp_path)]
    assert len(replays) == 2
    for replay in replays:
        verify(replay)


def test_what_cannot_be_copied_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Locked(Turning):
        def __init__(self) -> None:
            super().__init__()
            self.lock = threading.Lock()

    with pytest.raises(UserError, match=r"^opponent opponent: cannot be copied \(cannot pickle .*\), so its env"):
        copy.deepcopy(duel(opponent=Locked()))
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    shown = duel(render_mode="human")
    with pytest.raises(UserError, match="an environment with a window cannot be copied"):
        copy.deepcopy(shown)
