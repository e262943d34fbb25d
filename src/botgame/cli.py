"""What every command shares: flags in both spellings, checked number types, one-line errors, exit codes.

Exit codes: 0 done, 1 failure, 2 usage, 130 stopped with Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import argparse
import functools
import math
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeVar

from botgame import streams
from botgame.errors import UserError
from botgame.signals import termination_as_interrupt

LARGEST_INT = 10**12


class _Help(argparse.HelpFormatter):
    """Shows the default of a flag that has one to show."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],  # noqa: ARG002
        prefix: str | None = None,
    ) -> None:
        """Only what must be given: a list of fifty flags helps nobody, and --help lists them below."""
        needed = [action for action in actions if action.required or not action.option_strings]
        rest = argparse.Action([], "flags", nargs="?", metavar="flags")
        super().add_usage(usage, [*needed, rest], [], prefix)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if not action.help or not action.option_strings or _is_nothing(action.default):
            return action.help
        return f"{action.help} (default: %(default)s)"


def _is_nothing(default: Any) -> bool:
    """Whether a default says nothing to a reader; 0 does, and equals False."""
    return default is None or default is False or default in ("", [], argparse.SUPPRESS)


class Parser(argparse.ArgumentParser):
    """argparse without abbreviations, where `--two-words` is also accepted as `--two_words`.

    Flags belong to the section that was begun last. --help shows `sections` in their order, then any others.
    """

    def __init__(self, prog: str, description: str, sections: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(
            prog=prog,
            description=description,
            allow_abbrev=False,
            formatter_class=_Help,
            **kwargs,
        )
        self._sections: dict[str, argparse._ArgumentGroup] = {}
        self._section: argparse._ActionsContainer = self
        self._words: list[str] = []  # of the command line that was parsed last
        for title in sections:
            self.section(title)

    def section(self, title: str) -> None:
        """Put the flags that follow under this heading of --help."""
        if title not in self._sections:
            self._sections[title] = self.add_argument_group(title)
        self._section = self._sections[title]

    def flag(self, name: str, **kwargs: Any) -> argparse.Action:
        """Add an option given with dashes; the underscore spelling works too and is not shown twice in --help."""
        action = self._section.add_argument(name, **kwargs)
        alias = "--" + name[2:].replace("-", "_")
        if alias != name:
            self._option_string_actions[alias] = action
        return action

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # the type is one of many overloads
        """As argparse does."""
        self._words = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """As argparse does; says so where a flag with many values may have taken the argument that is missing."""
        actions = map(self._option_string_actions.get, self._words)
        greedy = [word for word, action in zip(self._words, actions, strict=True) if action and action.nargs == "+"]
        if greedy and "arguments are required" in message:
            message += f"; put it before {greedy[-1]}, which takes all words that follow it"
        super().error(message)

    def given(self, argv: Sequence[str] | None) -> set[str]:
        """The names of the arguments that a command line gives itself, rather than leaving them at their defaults."""
        names = {action.dest for action in self._actions}
        options = self.parse_args(argv, argparse.Namespace(**dict.fromkeys(names, self)))
        return {name for name in names if getattr(options, name) is not self}


Number = TypeVar("Number", int, float)


def _number(text: str, kind: type[Number], low: float, high: float, expected: str) -> Number:
    try:
        value = kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}") from None
    if not (low <= value <= high) or (isinstance(value, float) and not math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"expected {expected}, got {text}")
    return value


def positive_int(text: str) -> int:
    """An integer of 1 or more."""
    return _number(text, int, 1, LARGEST_INT, "a whole number of 1 or more")


def non_negative_int(text: str) -> int:
    """An integer of 0 or more."""
    return _number(text, int, 0, LARGEST_INT, "a whole number of 0 or more")


def positive_float(text: str) -> float:
    """A finite number above 0."""
    return _number(text, float, sys.float_info.min, 1e12, "a number above 0, at most 1e12")


def non_negative_float(text: str) -> float:
    """A finite number of 0 or more."""
    return _number(text, float, 0.0, 1e12, "a number of 0 or more, at most 1e12")


def probability(text: str) -> float:
    """A number in [0, 1]."""
    return _number(text, float, 0.0, 1.0, "a number between 0 and 1")


def seed(text: str) -> int:
    """A seed: a whole number from 0 to 2^63 - 1."""
    return _number(text, int, 0, 2**63 - 1, "a whole number from 0 to 2^63 - 1")


def path(text: str) -> Path:
    """A path that this machine can look up, whether or not anything lies there; "" is none."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"expected a path, got {text!r}")
    try:
        os.stat(text)  # noqa: PTH116 - Path.exists hides what is wrong
    except (FileNotFoundError, NotADirectoryError):
        pass  # what is to be written, or a mistake that the command names
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise argparse.ArgumentTypeError(f"expected a path, got {text!r} ({reason})") from None
    return Path(text)


def command_line(words: Iterable[str], system: str = os.name) -> str:
    """A command as a line to paste: into PowerShell where `system` is "nt" (Windows), else into a POSIX shell."""
    return _powershell(list(words)) if system == "nt" else shlex.join(words)


def _powershell(words: list[str]) -> str:
    """No version of PowerShell passes an empty word on, so one that is the value of a flag is joined to it with "="."""
    line: list[str] = []
    for word in words:
        if not word and line:
            line[-1] += "="
        else:
            line.append(_powershell_word(word))
    return " ".join(line)


def _powershell_word(word: str) -> str:
    """Quoted where PowerShell would read more into it; it splits a flag with a dot in it."""
    if re.fullmatch(r"[\w./\\:+=-]+", word) and not re.match("-.*[.:]|--$", word):
        return word
    slashes = len(word) - len(word.rstrip("\\"))  # before the closing quote that it passes on they would escape it
    doubled = re.sub("['\u2018-\u201b]", r"\g<0>\g<0>", word)  # all of these are quotes to PowerShell
    return "'" + doubled + "\\" * slashes + "'"


class Main(Protocol):
    """The entry point of a command; without `argv` it reads the command line."""

    def __call__(self, argv: Sequence[str] | None = None) -> int:
        """Run and return the exit code."""


def command(main: Callable[[Sequence[str] | None], int]) -> Main:
    """Decorate a `main(argv)`: what a user can put right becomes one line on stderr and an exit code.

    Ctrl-C becomes one line too, also while `main` imports; so a command's module imports at its top only what is quick.
    """

    @functools.wraps(main)
    def wrapped(argv: Sequence[str] | None = None) -> int:
        streams.show_everything()
        try:
            code = _code_of(main, argv)
        except SystemExit:  # from argparse
            streams.finish()
            raise
        return code if streams.finish() else code or 1

    return wrapped


def _code_of(main: Callable[[Sequence[str] | None], int], argv: Sequence[str] | None) -> int:
    """The exit code of `main`, after the line about what ended it."""
    try:
        with termination_as_interrupt():
            return main(argv)
    except UserError as error:
        streams.say(f"error: {error}")
        return error.code
    except KeyboardInterrupt:
        streams.say("stopped")
        return 130
    except OSError as error:  # what the machine refuses, and nothing in the command foresaw
        if not streams.is_reader_gone(error):
            place = f"{error.filename}: " if error.filename else ""
            streams.say(f"error: {place}{error.strerror or error}")
        return 1
