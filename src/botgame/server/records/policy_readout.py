"""Thoughts about a recorded match, made when somebody asks for them, by a program beside this one.

The program is `botgame.training.policy_readout`; nothing here knows networks. Only checkpoints among the operator's
bots are asked, one match at a time, and what they say is kept beside the replay.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Sequence

from botgame.errors import UserError
from botgame.lms.replay.format import Replay
from botgame.lms.replay.showing.policy_readout import Thoughts, beside, find_thoughts
from botgame.policies import is_checkpoint

PATIENCE_SECONDS = 300.0  # on a machine that is busy with training
_COMMAND = (sys.executable, "-m", "botgame.training.policy_readout")


class Thinker:
    """`bots`: what the operator offers. `command`: the program, which is told a replay and its seats."""

    def __init__(self, bots: Sequence[str], command: Sequence[str] = _COMMAND) -> None:
        self._networks = {name for name in bots if is_checkpoint(name)}
        nice = shutil.which("nice")  # matches that are being played come first
        self._command = [nice, "-n", "10", *command] if nice else list(command)
        self._busy = asyncio.Lock()

    async def think(self, replay: Replay) -> Thoughts:
        """The thoughts of those who played `replay`, which came from a file. Raises UserError when there are none."""
        path = replay.path
        assert path is not None
        seats = [str(seat) for seat, info in enumerate(replay.header.seats) if info.policy in self._networks]
        async with self._busy:
            if not beside(path).is_file():
                if not seats:
                    raise UserError("none of this server's networks played in this match")
                await asyncio.to_thread(self._run, str(path), "--seats", ",".join(seats))
        thoughts = find_thoughts(replay)
        if thoughts is None:
            raise UserError("the networks said nothing")
        return thoughts

    def _run(self, *words: str) -> None:
        """Run the program to its end."""
        try:
            subprocess.run(  # noqa: S603 - our own module
                [*self._command, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=PATIENCE_SECONDS,
                check=True,
            )
        except subprocess.TimeoutExpired:
            raise UserError(f"the networks took longer than {PATIENCE_SECONDS:.0f} s") from None
        except subprocess.CalledProcessError as error:
            raise UserError((error.stderr.strip() or "the networks could not be asked").split("\n")[-1]) from None
