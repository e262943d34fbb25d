"""docs/your_learner.md keeps its word: every block of Python in it runs, at tiny size."""

from pathlib import Path

import pytest

from test_docs import ROOT, blocks

BLOCKS = blocks(ROOT / "docs" / "your_learner.md", ("python",))


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a block may record
    code = BLOCKS[number].replace("num_envs=256", "num_envs=4")
    exec(compile(code, f"docs/your_learner.md, block {number}", "exec"), {})


def test_there_are_blocks() -> None:
    assert len(BLOCKS) == 6
