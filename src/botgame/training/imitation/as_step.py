"""Imitation as a step of another command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from botgame.training import alphastar_imitation
from botgame.training.console import plain_console, say
from botgame.training.imitation.command import train
from botgame.training.runs.run import resume_command


def imitate(flags: Mapping[str, object], module: str, argv: Sequence[str] | None) -> int:
    """Run `alphastar_imitation` with these flags, by name; True and False switch one on or off.

    module, argv: the command whose step it is, which is named where a stopped run says how to go on. Returns the exit
    code; raises UserError.
    """
    words: list[str] = []
    for name, value in flags.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            words += [flag] if value else []
        else:
            words += [flag, str(value)]
    return train(alphastar_imitation.build_parser().parse_args(words), module, argv)


@contextmanager
def keeping(trained: Path, module: str, argv: Sequence[str] | None) -> Iterator[None]:
    """A step after imitation: where it is stopped, say that what was trained is kept, and how the command goes on."""
    try:
        yield
    except KeyboardInterrupt:
        console = plain_console(stderr=True)
        say(console, f"stopped while comparing; the training is done and kept in {trained}; go on with:")
        say(console, resume_command(argv, module))
        raise
