"""A small smoke of the ladder and the styles; the proof over 1,000 duels a pair is in docs/LOG.md."""

import numpy as np
import pytest

from botgame.game import Ended
from botgame.lms.game import lms
from botgame.lms.rules import DEFENCE, INTERACT, MOBILITY, OFFENCE
from botgame.play import play
from botgame.policies import load_policy
from botgame.setups import mirrored_setups

STYLES = ("rusher", "kiter", "looter", "camper")


def duels(first: str, second: str, pairs: int = 50, seed: int = 2026) -> list[Ended]:
    return list(
        play(
            lms(),
            [load_policy(lms(), first), load_policy(lms(), second)],
            mirrored_setups(lms(), seed, pairs),
            matches=2 * pairs,
        )
    )


def points(matches: list[Ended]) -> float:
    """Share of the points that the first bot won; a draw is half a point."""
    return float(np.mean([(match.results[match.setup.players.index(0)] + 1) / 2 for match in matches]))


def casts_of(matches: list[Ended], player: int) -> np.ndarray:
    """Mean number of decisions by verb in a match, float64 [6]."""
    return np.mean([match.outcome.casts[match.setup.players.index(player)] for match in matches], axis=0)


@pytest.mark.parametrize(
    ("better", "worse", "least"),
    [("random", "idle", 0.6), ("legacy", "random", 0.85), ("lms_re", "random", 0.9), ("lms_re", "legacy", 0.85)],
)
def test_each_rung_beats_the_one_below(better: str, worse: str, least: float) -> None:
    assert points(duels(better, worse)) > least


def test_the_expert_is_fair_to_both_seats_and_uses_every_verb() -> None:
    matches = duels("lms_re", "lms_re")
    seconds = [match.outcome.ticks / 30 for match in matches]
    assert 0.3 < np.mean([(match.results[0] + 1) / 2 for match in matches]) < 0.7
    assert 20 < np.median(seconds) < 90
    for verb in (OFFENCE, MOBILITY, DEFENCE, INTERACT):
        assert casts_of(matches, 0)[verb] > 0.3
    assert np.mean([match.outcome.illegal.sum() for match in matches]) < 4


def test_styles_hold_their_own_and_play_differently() -> None:
    dealt, seconds = {}, {}
    for style in STYLES:
        matches = duels(style, "lms_re", pairs=40)
        assert 0.2 < points(matches) < 0.8, style
        seconds[style] = np.median([match.outcome.ticks for match in matches])
        dealt[style] = np.mean([match.outcome.damage_dealt.sum() for match in matches])
    assert seconds["rusher"] < 0.8 * seconds["kiter"]
    assert seconds["rusher"] < 0.8 * seconds["camper"]
    assert dealt["rusher"] > dealt["camper"]
