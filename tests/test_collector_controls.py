"""A decision as keys and clicks: the same walk, the same cast, the same line of fire as the simulation's own."""

import itertools

import numpy as np
import pytest

from botgame.live.gestures import Gesture, gesture, walking_keys
from botgame.live.page_controls import PageControls
from botgame.lms.arena import Arena
from botgame.lms.game import lms
from botgame.lms.rules import BOLT, DIRECTIONS, MOBILITY, MOVES, NONE, OFFENCE, Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.policies import load_policy

HEADS = {head.name: column for column, head in enumerate(ARENA_SPEC.heads)}


def shots_of(arena, seat):
    """Velocities of the shots of a seat, by where in the arrays they lie."""
    shots = arena.state.shots[0]
    return {
        index: (float(shot["vx"]), float(shot["vy"]))
        for index, shot in enumerate(shots)
        if shot["active"] and shot["owner"] == seat
    }


def test_pointing_gives_the_shot_that_the_simulation_fires():
    rules, policy, errors = Rules(), load_policy(lms(), "lms_re"), []
    for seed in range(4):
        arena = Arena(1, 2, rules)
        arena.reset(0, seed, (seed % 3, (seed + 1) % 3), 3600)
        memory = np.zeros((2, policy.memory_size), np.float32)
        while len((due := arena.advance()).slot):
            observation = arena.observe(due)
            keys = np.arange(len(due.seat), dtype=np.uint64)
            actions, memory[due.seat] = policy.act(observation, memory[due.seat], keys)
            accepted = arena.act(due, actions)
            before = [shots_of(arena, seat) for seat in due.seat]
            arena.advance(1)
            for row, seat in enumerate(due.seat):
                new = [velocity for index, velocity in shots_of(arena, seat).items() if index not in before[row]]
                if accepted[row, 0] in (BOLT, OFFENCE) and new:
                    seen = {name: array[row : row + 1] for name, array in observation.items()}
                    aim = gesture(accepted[row].tolist(), seen, rules).aim
                    errors.append(np.degrees(abs(np.angle(complex(*new[0]) / complex(*aim)))))
    assert len(errors) > 100
    assert np.median(errors) < 1.0
    assert np.percentile(errors, 95) < 6.0  # half a direction bin: more than that a person could not tell


def test_gestures_without_a_target():
    seen = {"entities": np.zeros((1, 12, 28), np.float32), "scalars": np.zeros((1, 114), np.float32)}
    action = [NONE, 3, 5, 0, 0, 0]
    assert gesture(action, seen, Rules()) == Gesture(5, NONE, None)
    action = [MOBILITY, 0, 0, 0, 8, 0]
    assert gesture(action, seen, Rules()) == Gesture(0, MOBILITY, tuple(DIRECTIONS[8].tolist()))


@pytest.mark.parametrize("move", range(len(MOVES)))
def test_keys_walk_where_the_move_points(move):
    ways = {"KeyW": (0, -1), "KeyA": (-1, 0), "KeyS": (0, 1), "KeyD": (1, 0)}
    walked = np.sum([ways[key] for key in walking_keys(move)] or [(0, 0)], axis=0)
    np.testing.assert_allclose(walked / max(1.0, np.hypot(*walked)), MOVES[move], atol=1e-6)


class Device:
    """Notes what is done to it."""

    def __init__(self):
        self.log = []

    def __getattr__(self, name):
        return lambda *args: self.log.append((name, *args))


def test_hands_press_and_let_go():
    keyboard, mouse = Device(), Device()
    controls = PageControls(keyboard, mouse)
    south_east, south = 2, 3
    controls.perform(Gesture(south_east, NONE, None), None)
    assert keyboard.log == [("down", "KeyD"), ("down", "KeyS")]
    controls.perform(Gesture(south, BOLT, (1.0, 0.0)), (10.0, 20.0))
    assert keyboard.log[2:] == [("up", "KeyD")]
    assert mouse.log == [("move", 10.0, 20.0), ("down",), ("up",)]
    for verb, key in ((OFFENCE, "Digit1"), (MOBILITY, "Digit2"), (4, "Digit3"), (5, "KeyE")):
        controls.perform(Gesture(south, verb, None), None)
        assert keyboard.log[-1] == ("press", key)
    controls.release()
    assert keyboard.log[-1] == ("up", "KeyS")
    downs = [entry[1] for entry in keyboard.log if entry[0] == "down"]
    ups = [entry[1] for entry in keyboard.log if entry[0] == "up"]
    assert sorted(downs) == sorted(ups)
    assert len(list(itertools.chain(mouse.log))) == 3
