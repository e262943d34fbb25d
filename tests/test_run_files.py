"""The files of a run: which periodic checkpoints stay, whatever the output is called."""

from pathlib import Path

import pytest

from botgame.training.runs.paths import RunPaths

NAMES = ["pi", "p[i]", "[!p]", "p*", "p?", "pi.v1", "p+i", "p(i", "p^$|i", "pi "]


def made(folder: Path, name: str, unit: str, numbers: list[int]) -> RunPaths:
    paths = RunPaths.beside(folder / f"{name}.pt", "rl")
    paths.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        paths.periodic(unit, number).touch()
    return paths


@pytest.mark.parametrize("folder", ["plain", "a[1]", "a*", "{b}"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("unit", ["iter", "epoch"])
def test_periodic_checkpoints_are_pruned_whatever_the_path(tmp_path: Path, folder: str, name: str, unit: str) -> None:
    paths = made(tmp_path / folder, name, unit, [2, 10, 999_999, 1_000_000])
    others = [made(tmp_path / folder, other, unit, [1, 2, 3]) for other in NAMES if other != name]
    bystanders = [f"{name}.{unit}000002.backup1.pt", f"{name}.{unit}0002.pt", f"x{name}.{unit}000002.pt",
                  f"{name}.{unit}000002.pt.txt", f"{name}.best.pt"]  # fmt: skip
    for bystander in bystanders:
        (tmp_path / folder / bystander).touch()
    paths.prune(0)
    assert len(paths.periodic_files()) == 4
    paths.prune(2)
    assert paths.periodic_files() == [paths.periodic(unit, 999_999), paths.periodic(unit, 1_000_000)]
    assert all(len(other.periodic_files()) == 3 for other in others)
    assert all((tmp_path / folder / bystander).exists() for bystander in bystanders)
