"""Printed commands can be pasted: each word arrives as it was, in a POSIX shell and in PowerShell."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell
from hypothesis import given, settings
from hypothesis import strategies as st

from botgame.cli import command_line
from botgame.training.alphastar_league import MODULE
from botgame.training.league.command import _report_command
from botgame.training.league.setting import LeaguePaths
from botgame.training.runs.run import resume_command

POWERSHELL = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
HOSTILE = [
    "my runs/pi rl.pt", "it's", "a'b''c", "$HOME", "$(x)", "`id`", "a;b", "a|b", "a&b", "a>b", "#x", "@x", "a,b", "%x",
    "*", "?[x]", "{a}", "!x", "a\\b", "C:\\Users\\A B\\pi.pt", "C:\\A B\\", "--output=a.pt", "-v.x", "--opponents", "~",
    "self=0.6,lms_re=0.4", "żółć/pi.pt", "pi.pt@rush", "1kb", "0x10", "(a)", "<x>", "^x", "a=b", "--", "-1e3", "\u2019",
]  # fmt: skip
words = st.lists(st.sampled_from(HOSTILE) | st.text(st.characters(codec="utf-8", exclude_characters='\0"'), max_size=8))


def posix_words(line: str) -> list[str]:
    """The words that a POSIX shell makes of a line, after its first."""
    script = f"set -- {line}\nshift\nfor word; do printf '%s\\0' \"$word\"; done"
    said = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True).stdout
    return [word.decode() for word in said.split(b"\0")[:-1]]


def powershell_words(line: str) -> list[str]:
    """The words that PowerShell makes of a line, after its first, by its grammar."""
    tree = POWERSHELL.parse(line.encode())
    assert not tree.root_node.has_error, line
    found, todo = [], [tree.root_node]
    while todo:
        node = todo.pop()
        if node.type == "command_elements":
            found += [each for each in node.children if each.type != "command_argument_sep"]
        todo += node.children
    texts = [node.text.decode() for node in found]
    return [re.sub("(['\u2018-\u201b])\\1", r"\1", text[1:-1]) if text.startswith("'") else text for text in texts]


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX shell")
@settings(deadline=None, max_examples=60)
@given(words)
def test_a_posix_shell_gets_every_word(given_words: list[str]) -> None:
    assert posix_words(command_line(["python", *given_words], "posix")) == given_words


@pytest.mark.parametrize("word", HOSTILE)
def test_powershell_gets_every_word(word: str) -> None:
    doubled = word + "\\" if word.endswith(" B\\") else word  # what its quoting makes of a last backslash
    assert powershell_words(command_line(["python", "--output", word, "x"], "nt")) == ["--output", doubled, "x"]


@given(words)
def test_powershell_reads_nothing_into_a_word(given_words: list[str]) -> None:
    line = command_line(["python", *(word for word in given_words if word)], "nt")
    outside = "".join(
        re.split("['\u2018-\u201b]", line)[::2]
    )  # a doubled quote inside a string opens and closes nothing
    assert not set(outside) & set('$`;|&<>(){}@#,"~%*?!^\n')


def test_an_empty_word_is_joined_to_its_flag_where_the_shell_would_drop_it() -> None:
    assert command_line(["python", "--scripted-players", "", "--cpu"], "nt") == "python --scripted-players= --cpu"
    assert command_line(["python", "--scripted-players", ""], "posix") == "python --scripted-players ''"


def test_the_commands_that_runs_print_are_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    argv = ["--output-dir", "my runs/it's", "--rounds", "3"]
    line = resume_command(argv, MODULE)
    assert posix_words(line) == ["-m", MODULE, *argv, "--resume"]
    folder = Path("my runs", "[x] $y")
    report = _report_command(LeaguePaths.inside(folder))
    assert posix_words(report)[2:] == [
        *("--league-state", str(folder / "league_state.json"), "--matches", str(folder / "matches.jsonl")),
        *("--output", str(folder / "summary.json")),
    ]
