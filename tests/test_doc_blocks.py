"""Python in documents runs: every block of these pages, in the order in which a reader meets it, at tiny size."""

import pkgutil
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from botgame import minari, record
from botgame.lms.spec import ARENA_SPEC
from botgame.server.run_match import main as run_match
from botgame.training.alphastar.network.observations import random_observation
from test_docs import ROOT, blocks

SMALLER = {
    "num_envs=256": "num_envs=4",
    "num_envs=128": "num_envs=4",
    "simulate(64, 2)": "simulate(4, 2)",
    "SeatMemory(64, 2)": "SeatMemory(4, 2)",
    "pairs=32": "pairs=2",
    "pairs=16), slots=32": "pairs=1), slots=2",
    "duration_ticks=1800": "duration_ticks=300",
}
COUNTS = {"your_learner.md": 7, "api.md": 3, "replays.md": 1, "minari.md": 1}
BLOCKS = [
    (name, number, code) for name in COUNTS for number, code in enumerate(blocks(ROOT / "docs" / name, ("python",)))
]


@pytest.mark.parametrize(("name", "number", "code"), BLOCKS, ids=lambda value: str(value)[:20] if value else "first")
def test_a_block_runs(name: str, number: int, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a block may record
    if "data/processed" in code:
        words = ["--num_scripted_bots", "2", "--episode_duration", "10", "--record_replay", "--seed", "1"]
        assert run_match(words) == 0
    if "mine/kuhn-v0" in code:
        monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
        words = ["--game", "openspiel:kuhn_poker", "--data-dir", "data/kuhn"]
        assert record.main([*words, "--bots", "random,random", "--matches", "2"]) == 0
        assert minari.main(["export", *words, "--dataset", "mine/kuhn-v0"]) == 0
    for long, short in SMALLER.items():
        code = code.replace(long, short)
    exec(compile(code, f"docs/{name}, block {number}", "exec"), {})


def test_the_bot_of_the_page_decides_as_that_of_the_example() -> None:
    example = runpy.run_path(str(ROOT / "examples" / "my_bot.py"))
    (code,) = blocks(ROOT / "docs" / "bots.md", ("python",))
    page = dict(example)
    exec(compile(code, "docs/bots.md", "exec"), page)
    assert page["Brawler"] is not example["Brawler"]
    observation = random_observation(ARENA_SPEC, 50, np.random.default_rng(0))
    keys = np.arange(50, dtype=np.uint64)
    one, other = (each["make"]() for each in (example, page))
    for found, expected in zip(
        other.act(observation, other.initial_memory(50), keys),
        one.act(observation, one.initial_memory(50), keys),
        strict=True,
    ):
        np.testing.assert_array_equal(found, expected)


def public_names() -> list[str]:
    """Dotted names that docs/api.md calls public."""
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").split("## Names")[1].split("## One match")[0]
    found = []
    for cell in re.findall(r"^\| (`botgame.*?) \|", text, re.MULTILINE):
        module = ""
        for name, is_module in re.findall(r"`(botgame[\w.]*|\w+)(?:\([^)]*\))?`(:?)", cell):
            module = name if is_module else module
            found.append(name if name.startswith("botgame") else f"{module}.{name}")
    return found


def test_what_is_public_is_there() -> None:
    names = public_names()
    assert {"botgame.games.load_game", "botgame.game.Policy", "botgame.errors.UserError"} <= set(names)
    for name in names:
        pkgutil.resolve_name(name)


def test_there_are_blocks() -> None:
    assert {name: sum(block[0] == name for block in BLOCKS) for name in COUNTS} == COUNTS
    text = "".join(code for _, _, code in BLOCKS)
    assert all(long in text for long in SMALLER)
