"""Reads docs/metrics.md and compares it with the names that runs have written."""

import json
import re
from pathlib import Path

from botgame.lms.game import lms

GAME = lms()
PAGE = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"
FREE = r"[\w.:]+"
PLACEHOLDERS = {
    "HEAD": "|".join(head.name for head in GAME.spec.heads),
    "GROUP": "|".join(dict.fromkeys(head.group for head in GAME.spec.heads)),
    "REWARD": "|".join(reward.name for reward in GAME.spec.rewards),
    "COUNTED": "|".join(GAME.counted[1:]),
    "BLOCK": "opening|totals",
    "RIVAL": FREE,
    "OPPONENT": FREE,
    "PLAYER": FREE,
    "PARAMETER": FREE,
}


def documented(section: str) -> list[str]:
    """The names in the first column of a section's table."""
    text = PAGE.read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def metric_names(path: Path) -> set[str]:
    """Every name in a `metrics.jsonl` but the step."""
    return {name for line in path.read_text().splitlines() for name in json.loads(line)} - {"step"}


def fits(name: str, pattern: str) -> bool:
    """Whether a written name is what the glossary's `pattern` stands for."""
    parts = re.split(rf"\b({'|'.join(PLACEHOLDERS)})\b", pattern)
    regex = "".join(f"(?:{PLACEHOLDERS[part]})" if part in PLACEHOLDERS else re.escape(part) for part in parts)
    return re.fullmatch(regex, name) is not None


def assert_glossary(written: set[str], sections: list[str], must: list[str]) -> None:
    """Each written name is in one of the `sections`, and each name of the sections in `must` was written."""
    patterns = [pattern for section in sections for pattern in documented(section)]
    unknown = sorted(name for name in written if not any(fits(name, pattern) for pattern in patterns))
    assert unknown == [], "written, but not in docs/metrics.md"
    missing = [p for section in must for p in documented(section) if not any(fits(name, p) for name in written)]
    assert missing == [], "in docs/metrics.md, but not written"
