"""Contract of every scripted bot: shapes, legal choices, one row at a time as in a batch, no hidden state."""

from pathlib import Path

import numpy as np
import pytest

from botgame import policies as registry
from botgame.errors import UserError
from botgame.game import Observation, Policy
from botgame.lms.arena import Arena
from botgame.lms.champion import CHAMPION, CHAMPION_300MS, CHAMPIONS
from botgame.lms.rules import SCHOOLS
from botgame.lms.spec import ARENA_SPEC
from botgame.policies import built_in_names, load_policy
from botgame.rng import derive
from botgame.seat_limits import limits_of
from botgame.training.evaluation.duels import mirrored_results
from matches import LMS

NAMES = tuple(LMS.bots)
LIMITED = """
from types import SimpleNamespace

def make():
    return SimpleNamespace(name="own", memory_size=0, initial_memory=print, act=print, {})
"""
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def keys_of(seed: int, n: int) -> np.ndarray:
    return np.array([derive(seed, row) for row in range(n)], np.uint64)


@pytest.fixture(scope="module")
def moments() -> list[Observation]:
    """Real observations: 24 duels and 4 royales between random and expert seats, every 5th decision step."""
    seen = []
    for matches, seats, steps in ((24, 2, 150), (4, 5, 100)):
        arena = Arena(matches, seats)
        for match in range(matches):
            arena.reset(match, match, tuple((match + seat) % len(SCHOOLS) for seat in range(seats)), 1800)
        players = [load_policy(LMS, "lms_re"), load_policy(LMS, "random")]
        for step in range(steps):
            due = arena.advance()
            if not len(due.slot):
                break
            observation = arena.observe(due)
            if step % 5 == 0:
                seen.append({name: array.copy() for name, array in observation.items()})
            keys, memory = keys_of(step, len(due.slot)), np.zeros((len(due.slot), 0), np.float32)
            first, second = (player.act(observation, memory, keys)[0] for player in players)
            arena.act(due, np.where((due.slot % 2 == 0)[:, None], first, second))
    return seen


def acted(policy: Policy, observation: Observation, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    n = len(observation["scalars"])
    return policy.act(observation, policy.initial_memory(n), keys_of(seed, n))


def legal_rows(observation: Observation, actions: np.ndarray) -> np.ndarray:
    """True where every head that is used holds a legal category and every other holds 0: bool [n, H]."""
    right = np.zeros(actions.shape, bool)
    for column, head in enumerate(ARENA_SPEC.heads):
        used = np.ones(len(actions), bool)
        for condition in head.used_when:
            used &= np.isin(actions[:, ARENA_SPEC.head_index(condition.head)], condition.values)
        legal = observation["legal"][:, ARENA_SPEC.slices[head.name]]
        chosen = legal[np.arange(len(actions)), actions[:, column]]
        right[:, column] = np.where(used, chosen, actions[:, column] == 0)
    return right


@pytest.mark.parametrize("name", NAMES)
def test_actions_have_the_shape_of_the_spec_and_are_legal(name: str, moments: list[Observation]) -> None:
    policy = load_policy(LMS, name)
    assert policy.name == name
    for observation in moments:
        n = len(observation["scalars"])
        actions, memory = acted(policy, observation)
        assert actions.shape == (n, len(ARENA_SPEC.heads))
        assert actions.dtype == np.int64
        assert memory.shape == (n, policy.memory_size)
        assert memory.dtype == np.float32
        assert legal_rows(observation, actions).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_row_does_not_depend_on_its_batch(name: str, moments: list[Observation]) -> None:
    policy = load_policy(LMS, name)
    observation = moments[len(moments) // 2]
    n = len(observation["scalars"])
    keys = keys_of(7, n)
    together, memory = policy.act(observation, policy.initial_memory(n), keys)
    for row in range(n):
        one = {field: array[row : row + 1] for field, array in observation.items()}
        alone, remembered = policy.act(one, policy.initial_memory(1), keys[row : row + 1])
        np.testing.assert_array_equal(alone[0], together[row])
        np.testing.assert_array_equal(remembered[0], memory[row])


@pytest.mark.parametrize("name", NAMES)
def test_acting_is_repeatable_and_leaves_its_inputs_alone(name: str, moments: list[Observation]) -> None:
    observation = moments[3]
    before = {field: array.copy() for field, array in observation.items()}
    first, second = load_policy(LMS, name), load_policy(LMS, name)
    memory = first.initial_memory(len(observation["scalars"]))
    kept = memory.copy()
    keys = keys_of(3, len(memory))
    for _ in range(2):
        np.testing.assert_array_equal(first.act(observation, memory, keys)[0], second.act(observation, memory, keys)[0])
    np.testing.assert_array_equal(memory, kept)
    for field, array in before.items():
        np.testing.assert_array_equal(observation[field], array)


def test_bots_look_at_nothing_but_what_a_learned_bot_sees(moments: list[Observation]) -> None:
    fields = ("scalars", "vectors", "entities", "entity_mask", "legal")
    for name in NAMES:
        policy = load_policy(LMS, name)
        bare = {field: moments[5][field] for field in fields}
        np.testing.assert_array_equal(acted(policy, bare)[0], acted(policy, moments[5])[0])


def test_randomness_changes_only_the_delay_of_the_expert_bots(moments: list[Observation]) -> None:
    delay = ARENA_SPEC.head_index("delay")
    for name in NAMES[3:]:
        one, other = (acted(load_policy(LMS, name), moments[4], seed)[0] for seed in (1, 2))
        assert (one[:, delay] != other[:, delay]).any()
        np.testing.assert_array_equal(np.delete(one, delay, axis=1), np.delete(other, delay, axis=1))


def test_random_reaches_every_legal_category_and_shoots_only_at_mages(moments: list[Observation]) -> None:
    policy = load_policy(LMS, "random")
    seeing = np.array([row["legal"][0, ARENA_SPEC.slices["target"]][1:].any() for row in moments])
    assert seeing.any()
    assert not seeing.all()
    for moment in (moments[seeing.argmax()], moments[(~seeing).argmax()]):
        row = {field: np.repeat(array[:1], 4000, axis=0) for field, array in moment.items()}
        actions = acted(policy, row)[0]
        for column, head in enumerate(ARENA_SPEC.heads[:3]):
            legal = set(np.flatnonzero(row["legal"][0, ARENA_SPEC.slices[head.name]]).tolist())
            blind = head.name == "verb" and not row["legal"][0, ARENA_SPEC.slices["target"]][1:].any()
            assert set(actions[:, column].tolist()) == (legal - {1, 2} if blind else legal)
        shots = np.isin(actions[:, 0], (1, 2))
        assert (actions[shots, 3] > 0).all()


@pytest.mark.parametrize("name", ["lms_rex", "", "idle ", "model.onnx2"])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(UserError) as caught:
        load_policy(LMS, name)
    message = str(caught.value)
    assert "\n" not in message
    assert all(known in message for known in NAMES)


def test_a_missing_checkpoint_is_named() -> None:
    with pytest.raises(UserError, match=r"no such checkpoint 'nowhere/pi\.pt'"):
        load_policy(LMS, "nowhere/pi.pt")


def test_the_documented_example_plays(monkeypatch: pytest.MonkeyPatch, moments: list[Observation]) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    policy = load_policy(LMS, "my_bot:make")
    actions, memory = acted(policy, moments[2])
    assert legal_rows(moments[2], actions).all()
    assert (memory <= 1.0).all()
    assert policy.name == "brawler"


@pytest.mark.parametrize(
    ("source", "name", "message"),
    [
        ("", "no_such_module_here:make", "no module 'no_such_module_here'"),
        ("x = 1", "own_a:make", "has no function 'make'"),
        ("def make(): return 7", "own_b:make", "expected name, memory_size"),
        ("def make(): return 1 / 0", "own_c:make", "ZeroDivisionError"),
        ("import no_such_thing", "own_d:make", "ModuleNotFoundError"),
        ("def (", "own_e:make", "SyntaxError"),
        (LIMITED.format("action_cap=23"), "own_f:make", "^bot 'own': action_cap is 23, game lms allows 0 to 22"),
        (LIMITED.format("reaction_ticks=13"), "own_g:make", "reaction_ticks is 13, game lms allows 0 to 12"),
        (LIMITED.format("action_cap='few'"), "own_h:make", "^bot 'own': .*'few'; correct its limits"),
    ],
)
def test_a_broken_bot_of_ones_own_is_explained_in_one_line(
    source: str, name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{name.partition(':')[0]}.py").write_text(source) if source else None
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UserError, match=message) as caught:
        load_policy(LMS, name)
    assert "\n" not in str(caught.value)


def test_the_champion_comes_with_the_package_and_beats_the_expert() -> None:
    champion = load_policy(LMS, CHAMPION)
    assert champion.name == CHAMPION in built_in_names(LMS)
    tally = mirrored_results(LMS, champion, load_policy(LMS, "lms_re"), 20, 5)
    assert tally.win_rate >= 0.75


def test_a_champion_with_a_persons_reaction_comes_too_and_beats_the_other_under_it() -> None:
    slow = load_policy(LMS, CHAMPION_300MS)
    assert slow.name == CHAMPION_300MS in built_in_names(LMS)
    assert limits_of(slow).reaction_ticks == 9
    tally = mirrored_results(LMS, slow, load_policy(LMS, "level-5"), 30, 5)
    assert tally.win_rate >= 0.5
    assert sum(path.stat().st_size for path in CHAMPIONS.values()) <= 5_000_000


def test_without_torch_there_is_no_champion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.importlib.util, "find_spec", lambda _name: None)
    assert built_in_names(LMS) == tuple(LMS.bots)
    with pytest.raises(UserError, match=r"botgame\[train\]"):
        load_policy(LMS, CHAMPION)
