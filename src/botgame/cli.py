"""What every command shares: flags in both spellings, checked number types, one-line errors, exit codes.

Exit codes: 0 done, 1 failure, 2 usage, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import argparse
import functools
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from botgame.errors import UserError

LARGEST_INT = 10**12


class Parser(argparse.ArgumentParser):
    """argparse without abbreviations, where `--two-words` is also accepted as `--two_words`."""

    def __init__(self, prog: str, description: str, **kwargs: Any) -> None:
        super().__init__(
            prog=prog,
            description=description,
            allow_abbrev=False,
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
            **kwargs,
        )

    def flag(self, name: str, **kwargs: Any) -> argparse.Action:
        """Add an option given with dashes; the underscore spelling works too and is not shown twice in --help."""
        action = self.add_argument(name, **kwargs)
        alias = "--" + name[2:].replace("-", "_")
        if alias != name:
            self._option_string_actions[alias] = action
        return action


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
    return _number(text, float, sys.float_info.min, 1e12, "a number above 0")


def non_negative_float(text: str) -> float:
    """A finite number of 0 or more."""
    return _number(text, float, 0.0, 1e12, "a number of 0 or more")


def probability(text: str) -> float:
    """A number in [0, 1]."""
    return _number(text, float, 0.0, 1.0, "a number between 0 and 1")


def seed(text: str) -> int:
    """A seed: a whole number from 0 to 2^63 - 1."""
    return _number(text, int, 0, 2**63 - 1, "a whole number from 0 to 2^63 - 1")


class Main(Protocol):
    """The entry point of a command; without `argv` it reads the command line."""

    def __call__(self, argv: Sequence[str] | None = None) -> int:
        """Run and return the exit code."""


def command(main: Callable[[Sequence[str] | None], int]) -> Main:
    """Decorate a `main(argv)`: what a user can put right becomes one line on stderr and an exit code."""

    @functools.wraps(main)
    def wrapped(argv: Sequence[str] | None = None) -> int:
        try:
            return main(argv)
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            return error.code
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            return 130
        except BrokenPipeError:
            return 1

    return wrapped
