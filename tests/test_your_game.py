"""docs/your_game.md keeps its word: its excerpts are the example's, and its commands and its program run."""

import importlib
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "my_game.py"
TEXT = (ROOT / "docs" / "your_game.md").read_text(encoding="utf-8")
TINY = {
    "alphastar_rl": "--iterations 1 --actor-rollouts 1 --matches-per-actor 4 --replay-size 32 --min-replay-sequences 1 "
    "--unroll-length 8 --batch-size 8 --eval-matches 2 --cpu --threads 1",
    "alphastar_imitation": "--epochs 1 --eval-matches 2 --final-matches 2 --cpu --threads 1",
    "evaluate": "--matches 2",
    "record": "--matches 4",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_example_is_small_and_free_of_the_arena() -> None:
    source = EXAMPLE.read_text(encoding="utf-8")
    assert source.count("\n") <= 150
    assert "lms" not in source


def test_excerpts_are_those_of_the_example() -> None:
    excerpts = [block for block in blocks("python") if "import" not in block]
    assert len(excerpts) >= 5
    for block in excerpts:
        assert block in EXAMPLE.read_text(encoding="utf-8")


def test_its_commands_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(EXAMPLE, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("my_game", None)
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    assert len(lines) == 7
    for line in lines:
        _, _, module, *words = shlex.split(line)
        tiny = shlex.split(TINY.get(module.rpartition(".")[2], ""))
        assert importlib.import_module(module).main([*words, *tiny]) == 0, line
    capsys.readouterr()
    (program,) = (block for block in blocks("python") if "import" in block)
    exec(compile(program, "your_game.md", "exec"), {})
    assert capsys.readouterr().out.count("\n") == 4
