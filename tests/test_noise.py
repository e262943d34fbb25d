"""`BOT~SHARE`: how often it acts at random, that both bots keep their memory, and what is said of a bad name."""

import numpy as np
import pytest

from botgame.bot_names import files_of, in_style, is_checkpoint, split_noise
from botgame.errors import UserError
from botgame.game import Array, Observation
from botgame.noise import NoisyPolicy
from botgame.policies import is_network, load_policy
from botgame.rng import derive
from botgame.training.evaluation.duels import mirrored_results
from matches import LMS

KEYS = np.array([derive(5, row) for row in range(4000)], np.uint64)


class Counting:
    """Answers with its number, and counts its own decisions in its memory."""

    memory_size = 1

    def __init__(self, number: int) -> None:
        self.name, self._number = f"bot{number}", number

    def initial_memory(self, n: int) -> Array:
        return np.full((n, 1), 10.0 * self._number, np.float32)

    def act(self, observation: Observation, memory: Array, keys: Array) -> tuple[Array, Array]:
        return np.full((len(keys), 3), self._number, np.int64), memory + self._number


def test_it_acts_at_random_in_that_share_and_both_remember() -> None:
    policy = NoisyPolicy(Counting(1), Counting(2), 0.2)
    memory = policy.initial_memory(len(KEYS))
    actions, after = policy.act({}, memory, KEYS)
    assert (actions == actions[:, :1]).all()  # whole decisions
    assert 0.18 < (actions[:, 0] == 2).mean() < 0.22
    assert (after == [11.0, 22.0]).all()
    assert policy.name == "bot1~0.2"


def test_a_row_depends_on_its_own_key_alone() -> None:
    policy = NoisyPolicy(Counting(1), Counting(2), 0.5)
    together = policy.act({}, policy.initial_memory(100), KEYS[:100])[0]
    alone = [policy.act({}, policy.initial_memory(1), KEYS[row : row + 1])[0][0] for row in range(100)]
    assert (together == np.stack(alone)).all()


def test_more_noise_is_a_weaker_bot_and_all_of_it_is_random() -> None:
    expert = load_policy(LMS, "lms_re")
    rates = [mirrored_results(LMS, load_policy(LMS, f"lms_re~{s}"), expert, 40, 3).win_rate for s in (0.05, 0.2, 0.6)]
    assert rates[0] > rates[1]
    assert rates[2] <= 0.1
    random = load_policy(LMS, "lms_re~1")
    assert mirrored_results(LMS, random, load_policy(LMS, "random"), 40, 3).win_rate == pytest.approx(0.5, abs=0.25)


def test_names_are_taken_apart() -> None:
    assert split_noise("lms_re~0.2") == ("lms_re", 0.2)
    assert split_noise("PROGRA~1/pi.pt") == ("PROGRA~1/pi.pt", 0.0)
    assert split_noise("a~b.pt@rusher~0.5") == ("a~b.pt@rusher", 0.5)
    assert is_checkpoint("pi.pt@rusher~0.5")
    assert not is_network(LMS, "pi.pt~0.5")  # nobody asks for the thoughts of a random decision
    assert in_style(["pi.pt~0.5", "lms_re"], "rusher") == ["pi.pt@rusher~0.5", "lms_re"]


def test_its_files_are_those_of_the_bot(tmp_path) -> None:
    path = tmp_path / "pi.pt"
    path.touch()
    assert files_of(f"{path}~0.5") == [path]


@pytest.mark.parametrize("share", ["2", "-0.1", "nan", "inf", "0", "0.0", "1e-400"])
def test_a_share_beyond_0_to_1_is_named(share: str) -> None:
    with pytest.raises(UserError, match="expected a share above 0, at most 1") as caught:
        load_policy(LMS, f"lms_re~{share}")
    assert "\n" not in str(caught.value)


def test_an_unknown_bot_is_named_without_its_share() -> None:
    with pytest.raises(UserError, match="unknown bot 'nobody'"):
        load_policy(LMS, "nobody~0.2")
