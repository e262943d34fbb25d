"""Mirrored matches are counted right, and `evaluate` prints and writes what it counted."""

import json
from pathlib import Path

import pytest

from botgame.bots.registry import load_policy
from botgame.training import evaluate
from botgame.training.mirrored import Tally, mirrored_results


def test_a_policy_against_itself_is_even_up_to_draws() -> None:
    """Both turns of a pair are the same match seen from either side."""
    bot = load_policy("lms_re")
    result = mirrored_results(bot, bot, 20, 3, duration_ticks=900)
    assert (result.matches, result.wins) == (20, result.losses)
    assert result.win_rate == 0.5
    assert result.verbs == result.rival_verbs


def test_exchanging_the_policies_exchanges_the_result() -> None:
    a, b = load_policy("legacy"), load_policy("random")
    one, other = mirrored_results(a, b, 12, 5), mirrored_results(b, a, 12, 5)
    assert (one.wins, one.draws, one.losses) == (other.losses, other.draws, other.wins)
    assert (one.verbs, one.ticks) == (other.rival_verbs, other.ticks)
    assert one.wins > one.losses


def test_results_do_not_depend_on_the_batch() -> None:
    a, b = load_policy("legacy"), load_policy("random")
    assert mirrored_results(a, b, 7, 5, parallel=3) == mirrored_results(a, b, 8, 5, parallel=8)


def test_figures_of_a_tally() -> None:
    tally = Tally(wins=6, draws=2, losses=2, verbs=(90, 3, 1, 0, 0, 0), rival_verbs=(5, 0, 0, 0, 0, 0), ticks=9000)
    assert (tally.matches, tally.win_rate, tally.mean_seconds) == (10, 0.7, 30.0)
    assert tally.interval == pytest.approx((0.3968, 0.8922), abs=1e-4)
    assert tally.verb_shares == {"bolt": 0.75, "offence": 0.25, "mobility": 0, "defence": 0, "interact": 0}
    assert set(tally.rival_verb_shares.values()) == {0.0}


@pytest.mark.parametrize(("more", "pairs"), [([], 2), (["--round-robin"], 3)])
def test_the_command_prints_tables_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], pairs: int
) -> None:
    path = tmp_path / "deep" / "figures.json"
    names = ["legacy", "random", "idle"]
    words = [*names, "--matches", "4", "--seed", "3", "--episode-duration", "20", "--json", str(path), *more]
    assert evaluate.main(words) == 0
    said = capsys.readouterr().out
    assert "win rate" in said
    assert "bolt" in said
    report = json.loads(path.read_text())
    assert len(report["pairs"]) == pairs
    first = report["pairs"][0]
    assert (first["a"], first["b"], first["matches"]) == ("legacy", "random", 4)
    assert first["wins"] + first["draws"] + first["losses"] == 4
    assert first["win_rate"] == (first["wins"] + first["draws"] / 2) / 4


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["lms_re"], 2, "two or more"),
        (["lms_re", "wizard"], 1, "wizard"),
        (["lms_re", "gone.pt"], 1, "gone.pt"),
    ],
)
def test_mistakes_are_one_line(words: list[str], code: int, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(words) == code
    assert expected in capsys.readouterr().err


def test_numbers_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        evaluate.main(["lms_re", "random", "--matches", "0"])
    assert stopped.value.code == 2
    assert "--matches" in capsys.readouterr().err
