"""The mean of checkpoints: exact weights, the same kind of policy, and errors that name what differs."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from botgame.games import load_game
from botgame.lms.game import lms
from botgame.policies import load_policy
from botgame.training.alphastar.checkpoint import load_checkpoint, save_checkpoint
from botgame.training.average import main
from styled_checkpoint import save_styled
from toy_run import TOY

GAME = load_game("toy_game:toy")


def moved(start: Path, path: Path, by: float, **changes: object) -> Path:
    """The checkpoint with all weights moved, and other fields changed."""
    made = load_checkpoint(start, GAME)
    weights = {name: tensor + by for name, tensor in made.weights.items()}
    save_checkpoint(path, replace(made, weights=weights, **changes))
    return path


def test_weights_are_the_mean_and_the_policy_plays(trained: Path, tmp_path: Path, capsys) -> None:
    parts = [moved(trained, tmp_path / f"{by}.pt", by, extra={"reaction_ticks": 0, "evaluation": {}}) for by in (0, 3)]
    output = tmp_path / "mean.pt"
    assert main([*map(str, [*parts, parts[0]]), *TOY, "--output", str(output)]) == 0
    said = capsys.readouterr().out
    assert "the mean of 3 checkpoints" in said
    assert f"botgame evaluate --game toy_game:toy {output} {parts[0]}" in said
    before, after = load_checkpoint(trained, GAME), load_checkpoint(output, GAME)
    assert all(torch.allclose(after.weights[name], before.weights[name] + 1, atol=1e-5) for name in before.weights)
    assert (after.kind, after.temperature, after.counters) == ("average", before.temperature, {})
    assert after.lineage[-2:] == list(map(str, parts))
    assert "evaluation" not in after.extra
    assert load_policy(GAME, str(output)).memory_size == load_policy(GAME, str(trained)).memory_size
    assert main([str(parts[1]), str(parts[1]), *TOY, "--output", str(output)]) == 0, "its own result it may replace"
    again = load_checkpoint(output, GAME).weights
    assert all(torch.allclose(again[name], before.weights[name] + 3, atol=1e-5) for name in again)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"network": {"core": "other"}}, "network"),
        ({"temperature": 0.25}, "temperature"),
        ({"extra": {"action_cap": 5}}, "limits"),
        ({"extra": {"faction": "x"}}, "faction"),
    ],
)
def test_another_kind_of_policy_is_one_line(trained: Path, tmp_path: Path, changes, named: str, capsys) -> None:
    other = moved(trained, tmp_path / "other.pt", 1.0, **changes)
    assert main([str(trained), str(other), *TOY, "--output", str(tmp_path / "mean.pt")]) == 1
    error = capsys.readouterr().err
    assert f"{other} differs from {trained} in its {named}" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "mean.pt").exists()


def test_policies_with_the_same_styles_have_a_mean_and_others_have_none(tmp_path: Path, capsys) -> None:
    one, other = (tmp_path / f"{name}.pt" for name in ("one", "other"))
    for path in (one, other):
        save_styled(path)
    assert main([str(one), str(other), "--output", str(tmp_path / "mean.pt")]) == 0
    made, mean = (load_checkpoint(path, lms()) for path in (one, tmp_path / "mean.pt"))
    assert all(torch.allclose(mean.weights[name], tensor) for name, tensor in made.weights.items())
    made.conditioning["library"]["rows"][0, 0] += 1
    save_checkpoint(other, made)
    assert main([str(one), str(other), "--output", str(tmp_path / "mean.pt")]) == 1
    assert "differs from" in (said := capsys.readouterr().err)
    assert "in its conditioning" in said


def test_places_are_checked(trained: Path, tmp_path: Path, capsys) -> None:
    other = moved(trained, tmp_path / "other.pt", 1.0)
    for words, says in (
        ([str(trained), "--output", str(tmp_path / "mean.pt")], "two checkpoints or more"),
        ([str(trained), str(other), "--output", str(other)], "would take the place of CHECKPOINT"),
        ([str(trained), str(trained), "--output", str(other)], "is in the way"),
        ([str(trained), str(other), "--output", str(tmp_path / "mean.onnx")], "must end in .pt"),
    ):
        assert main([*words, *TOY]) == 2
        assert says in capsys.readouterr().err
