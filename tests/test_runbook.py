"""The runbook from top to bottom at a tiny size: every artefact that its table lists is there afterwards."""

import importlib
import re
from pathlib import Path

import pytest

RUNBOOK = Path(__file__).resolve().parent.parent / "docs" / "runbook.md"
START = " --supervised-checkpoint artifacts/alphastar/pi_sup.pt --threads 1"
SMALL = (
    " --actor-rollouts 1 --learner-updates 1 --unroll-length 8 --matches-per-actor 2 --batch-size 2 --replay-size 32"
)
TRAINER = START + SMALL + " --min-replay-sequences 1 --eval-matches 2"
STEPS = [
    "server.run_match --num_scripted_bots 2 --episode_duration 15 --record_replay --num-matches 4",
    "training.alphastar_imitation --data-dir data/processed --output artifacts/alphastar/pi_sup.pt --epochs 1"
    " --preset tiny --seats all --eval-matches 2 --final-matches 2 --threads 1",
    "training.alphastar_rl --output artifacts/alphastar/pi_rl_smoke_test.pt --iterations 1" + TRAINER,
    "training.alphastar_rl --output artifacts/alphastar/pi_rl.pt --iterations 2" + TRAINER,
    "training.alphastar_league --output-dir reports/league --rounds 1 --rl-iterations-per-round 1" + TRAINER,
    "training.report_league --league-state reports/league/league_state.json"
    " --matches reports/league/matches.jsonl --output reports/league/summary.json",
]


def listed_artefacts() -> list[str]:
    table = RUNBOOK.read_text(encoding="utf-8").split("## Artefacts")[1]
    return re.findall(r"^\| \d \| `([^`]+)` \|$", table, re.MULTILINE)


def test_every_listed_artefact_exists_after_a_small_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for step in STEPS:
        module, *argv = step.split()
        assert importlib.import_module(f"botgame.{module}").main(argv) == 0, module
    listed = listed_artefacts()
    assert len(listed) >= 9
    for name in listed:
        path = tmp_path / name
        assert path.exists(), name
        assert any(path.iterdir()) if path.is_dir() else path.stat().st_size > 0, name
