"""The files of a run: which periodic checkpoints stay whatever the output is called, and files of lines that grow."""

from collections.abc import Callable
from pathlib import Path

import pytest

from botgame.errors import UserError
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.league.files import MatchLog
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


WRITERS: dict[str, Callable[[Path, int], object]] = {
    "metrics": lambda path, size: MetricsWriter(path, offset=size),
    "matches": lambda path, size: MatchLog(path, size, 2),
}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("there", [None, b"", b'{"a": 1}\n', b'{"a": 1}\n{"b"'])
def test_what_is_shorter_than_the_commit_is_a_named_error(kind: str, there: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "kept.jsonl"
    if there is not None:
        path.parent.mkdir()
        path.write_bytes(there)
    with pytest.raises(UserError, match=rf"kept\.jsonl has {len(there or b'')} bytes, at the last commit it had 18"):
        WRITERS[kind](path, 18)
    assert (path.read_bytes() if path.exists() else None) == there


@pytest.mark.parametrize("kind", WRITERS)
def test_what_is_another_file_is_a_named_error(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    path.write_bytes(b'{"something": "else"}\n')
    with pytest.raises(UserError, match=r"kept\.jsonl has no end of a line after 18 bytes"):
        WRITERS[kind](path, 18)
    assert path.read_bytes() == b'{"something": "else"}\n'


@pytest.mark.parametrize("kind", WRITERS)
def test_what_is_longer_is_cut_and_goes_on(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b": 2}\n{"torn": ')
    writer = WRITERS[kind](path, 18)
    if isinstance(writer, MetricsWriter):
        writer.log(3, {"c": 3})
    else:
        assert isinstance(writer, MatchLog)
        writer.append("training", 1, 1, [])
    writer.close()
    assert path.read_bytes().startswith(b'{"a": 1}\n{"b": 2}\n')
    assert b"torn" not in path.read_bytes()
    assert b"\0" not in path.read_bytes()
