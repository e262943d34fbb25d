"""Counts in messages agree with their noun."""

import ast
import re
from pathlib import Path

import pytest

import botgame
from botgame.wording import counted

SOURCE = Path(botgame.__file__).parent
NOUNS = (
    "matches|replays|seats|decisions|duels|episodes|rounds|iterations|epochs|updates|lines|processes|opponents|players"
    "|corrections|marks|kills|searches|sequences|ways|people"
)
COUNT = re.compile(rf"\x00 (\w+ )?({NOUNS})\b(?!/)")
AT_LEAST_TWO = {  # what a count of one cannot reach, or whose number is no count
    ("server/recording.py", "matches"),
    ("server/recording.py", "seats"),
    ("training/alphastar/engine/pipelined_engine.py", "processes"),
    ("training/alphastar/learner/diagnostics.py", "iterations"),
    ("training/exporting.py", "decisions"),
    ("training/league_report/exploits_html.py", "searches"),
    ("training/league_report/html.py", "players"),
}


@pytest.mark.parametrize(
    ("number", "noun", "plural", "text"),
    [
        (0, "match", "", "0 matches"),
        (1, "match", "", "1 match"),
        (1200, "match", "", "1,200 matches"),
        (1, "person", "people", "1 person"),
        (2, "person", "people", "2 people"),
        (2, "process", "", "2 processes"),
        (2, "seat", "", "2 seats"),
    ],
)
def test_the_noun_agrees_with_its_number(number: int, noun: str, plural: str, text: str) -> None:
    assert counted(number, noun, plural) == text


def printed(text: ast.JoinedStr) -> str:
    """The string with a mark in place of each value."""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "\x00" for part in text.values)


def faults(path: Path) -> list[str]:
    """Places of f-strings that set a noun in the plural behind a number that may be one."""
    name, tree = path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))
    raised = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Raise) for part in ast.walk(node)}
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) and id(node) not in raised]
    found = [(string.lineno, match[2]) for string in strings for match in COUNT.finditer(printed(string))]
    return [f"{name}:{line} {noun}" for line, noun in found if (name, noun) not in AT_LEAST_TWO]


def test_no_message_sets_a_plural_behind_a_number_by_hand() -> None:
    assert [fault for path in sorted(SOURCE.rglob("*.py")) for fault in faults(path)] == []
