"""The runbook from top to bottom at a tiny size: its artefacts are there, and the glossary names their metrics."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from glossary import assert_glossary, documented, fits, metric_names

RUNBOOK = Path(__file__).resolve().parent.parent / "docs" / "runbook.md"
START = " --supervised-checkpoint artifacts/alphastar/pi_sup.pt --threads 1"
SMALL = (
    " --actor-rollouts 1 --learner-updates 1 --unroll-length 8 --matches-per-actor 2 --batch-size 2 --replay-size 32"
)
TRAINER = START + SMALL + " --min-replay-sequences 1 --eval-matches 2"
STEPS = [
    "server.run_match --num_scripted_bots 2 --episode_duration 15 --record_replay --num-matches 4",
    "training.alphastar_imitation --data-dir data/processed --output artifacts/alphastar/pi_sup.pt --epochs 2"
    " --eval-every 1 --preset tiny --seats all --eval-matches 2 --final-matches 2 --threads 1",
    "training.alphastar_rl --output artifacts/alphastar/pi_rl_smoke_test.pt --iterations 1" + TRAINER,
    "training.alphastar_rl --output artifacts/alphastar/pi_rl.pt --iterations 2 --opponents lms_re=1"
    + TRAINER.replace("--actor-rollouts 1", "--actor-rollouts 12"),  # long enough for matches to end
    "training.alphastar_league --output-dir reports/league --rounds 1 --rl-iterations-per-round 1"
    " --past-matches 2 --cross-play-matches 2 --episode-duration 15" + TRAINER,
    "training.report_league --league-state reports/league/league_state.json"
    " --matches reports/league/matches.jsonl --output reports/league/summary.json",
]


def listed_artefacts() -> list[str]:
    table = RUNBOOK.read_text(encoding="utf-8").split("## Artefacts")[1]
    return re.findall(r"^\| \d \| `([^`]+)` \|$", table, re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the steps were run."""
    here = tmp_path_factory.mktemp("runbook")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        for step in STEPS:
            module, *argv = step.split()
            assert importlib.import_module(f"botgame.{module}").main(argv) == 0, module
        yield here


def test_every_listed_artefact_exists_after_a_small_run(folder: Path) -> None:
    listed = listed_artefacts()
    assert len(listed) >= 9
    for name in listed:
        path = folder / name
        assert path.exists(), name
        assert any(path.iterdir()) if path.is_dir() else path.stat().st_size > 0, name


def test_the_glossary_names_exactly_what_imitation_writes(folder: Path) -> None:
    written = metric_names(folder / "artifacts" / "alphastar" / "pi_sup.metrics.jsonl")
    assert_glossary(written, ["Imitation"], must=["Imitation"])


def test_the_glossary_names_exactly_what_rl_writes(folder: Path) -> None:
    written = metric_names(folder / "artifacts" / "alphastar" / "pi_rl.metrics.jsonl")
    assert_glossary(written, ["Reinforcement learning"], must=["Reinforcement learning"])


def test_the_glossary_names_exactly_what_a_league_writes(folder: Path) -> None:
    written = metric_names(folder / "reports" / "league" / "metrics.jsonl")
    own = {name for name in written if any(fits(name, pattern) for pattern in documented("League"))}
    assert_glossary(own, ["League"], must=["League"])
    players = {name.partition("/")[2] for name in written - own}  # the rest is what RL writes, player by player
    assert players
    assert_glossary(players, ["Reinforcement learning"], must=[])


def test_the_glossary_check_can_fail() -> None:
    assert fits("kl/verb", "kl/HEAD")
    assert not fits("kl/verbs", "kl/HEAD")
    assert not fits("kl/verb/more", "kl/HEAD")
    with pytest.raises(AssertionError):
        assert_glossary({"nonsense"}, ["Imitation"], must=[])
    with pytest.raises(AssertionError):
        assert_glossary({"loss"}, ["Imitation"], must=["Imitation"])
