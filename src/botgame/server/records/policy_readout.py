"""Policy readouts of recorded matches, made on request by a separate program.

The program (`botgame.training.policy_readout`) knows networks; this module does not. Only the operator's networks are
evaluated, one match at a time, and the readout is kept beside the replay.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Sequence

from botgame.errors import UserError
from botgame.lms.game import lms
from botgame.lms.replay.format import Replay
from botgame.lms.replay.showing.policy_readout import find_readout
from botgame.policies import is_network
from botgame.policy_readout import PolicyReadout, readout_path

TIMEOUT_SECONDS = 300.0  # on a machine that is busy with training
_COMMAND = (sys.executable, "-m", "botgame.training.policy_readout")


class ReadoutMaker:
    """Makes readouts.

    bots: the operator's; `networks`: those of them that can be asked. command: the program; its arguments are a replay
    and the seats.
    """

    def __init__(self, bots: Sequence[str], command: Sequence[str] = _COMMAND) -> None:
        self.networks = frozenset(name for name in bots if is_network(lms(), name))
        nice = shutil.which("nice")  # running matches come first
        self._command = [nice, "-n", "10", *command] if nice else list(command)
        self._busy = asyncio.Lock()

    async def make(self, replay: Replay) -> PolicyReadout:
        """The readout of the networks that played `replay`, which was read from a file. Raises UserError."""
        path = replay.path
        assert path is not None
        seats = [str(seat) for seat, info in enumerate(replay.header.seats) if info.policy in self.networks]
        async with self._busy:
            if not readout_path(path).is_file():
                if not seats:
                    raise UserError("none of this server's networks played in this match")
                await asyncio.to_thread(self._run, str(path), "--seats", ",".join(seats))
        readout = find_readout(replay)
        if readout is None:
            raise UserError("the networks gave no readout")
        return readout

    def _run(self, *arguments: str) -> None:
        """Run the program to its end. Raises UserError when it fails."""
        try:
            subprocess.run(  # noqa: S603 - our module
                [*self._command, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=TIMEOUT_SECONDS,
                check=True,
            )
        except subprocess.TimeoutExpired:
            raise UserError(f"the networks took longer than {TIMEOUT_SECONDS:.0f} s") from None
        except subprocess.CalledProcessError as error:
            raise UserError((error.stderr.strip() or "the readout program failed").split("\n")[-1]) from None
