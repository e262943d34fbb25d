"""A small smoke of the ladder and the styles; the proof over 1,000 duels a pair is in docs/LOG.md."""

from pathlib import Path

import numpy as np
import pytest

from botgame.lms.replay.header import Header
from botgame.lms.rules import DEFENCE, INTERACT, MOBILITY, OFFENCE
from botgame.policies import load_policy
from botgame.setups import mirrored_setups
from botgame.standings import order_of
from matches import LMS, recorded

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
STYLES = ("rusher", "kiter", "looter", "camper")


def duels(first: str, second: str, pairs: int = 30, seed: int = 2026) -> list[Header]:
    """What the recordings of mirrored duels say of them."""
    policies = [load_policy(LMS, name) for name in (first, second)]
    return [replay.header for replay in recorded(policies, mirrored_setups(LMS, seed, pairs), slots=2 * pairs)]


def points(match: Header, seat: int) -> float:
    """1 for a win of `seat`, a half for a draw."""
    return (order_of([each.place for each in match.seats], seat, 1 - seat) + 1) / 2


def share(matches: list[Header], name: str) -> float:
    """Share of the points that the bot `name` won."""
    return float(np.mean([points(match, [seat.policy for seat in match.seats].index(name)) for match in matches]))


def mean_of(matches: list[Header], name: str) -> np.ndarray:
    """Mean of a field of the seats over the matches, [seats, ...]."""
    return np.mean([[getattr(seat, name) for seat in match.seats] for match in matches], axis=0)


@pytest.mark.parametrize(
    ("better", "worse", "least"),
    [("random", "idle", 0.6), ("legacy", "random", 0.85), ("lms_re", "random", 0.9), ("lms_re", "legacy", 0.85)],
)
def test_each_rung_beats_the_one_below(better: str, worse: str, least: float) -> None:
    assert share(duels(better, worse), better) > least


def test_the_documented_example_beats_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    assert share(duels("my_bot:make", "random"), "brawler") > 0.55


def test_the_expert_is_fair_to_both_seats_and_uses_every_verb() -> None:
    matches = duels("lms_re", "lms_re")
    seconds = [match.ticks / 30 for match in matches]
    assert 0.3 < np.mean([points(match, 0) for match in matches]) < 0.7
    assert 20 < np.median(seconds) < 90
    for verb in (OFFENCE, MOBILITY, DEFENCE, INTERACT):
        assert mean_of(matches, "casts")[0, verb] > 0.3
    assert mean_of(matches, "illegal").sum() < 4


def test_styles_hold_their_own_and_play_differently() -> None:
    dealt, seconds = {}, {}
    for style in STYLES:
        matches = duels(style, "lms_re", pairs=24)
        assert 0.2 < share(matches, style) < 0.8, style
        seconds[style] = np.median([match.ticks for match in matches])
        dealt[style] = mean_of(matches, "damage_dealt").sum()
    assert seconds["rusher"] < 0.8 * seconds["kiter"]
    assert seconds["rusher"] < 0.8 * seconds["camper"]
    assert dealt["rusher"] > dealt["camper"]
