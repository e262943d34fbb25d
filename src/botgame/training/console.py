"""Tables, lines and progress on the console, in which names and paths stand as they are: nothing in them is markup."""

from __future__ import annotations

import os

from rich.console import Console
from rich.progress import TextColumn

from botgame.streams import visible

_WIDE = 240  # columns, where a file or a pipe takes the text, so that no table breaks a path


def plain_console(*, stderr: bool = False) -> Console:
    """A console that reads nothing into text: no `[tags]`, no `:emoji:`, no colours for what looks like a number.

    As wide as the terminal, or as `COLUMNS` says.
    """
    console = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDE
    return console


def say(console: Console, line: str) -> None:
    """Print a line, or some, as long as it is, so that a path in it can be copied."""
    console.print("\n".join(map(visible, line.split("\n"))), soft_wrap=True)


def description_column() -> TextColumn:
    """What a progress bar is about, as it is."""
    return TextColumn("{task.description}", markup=False)
