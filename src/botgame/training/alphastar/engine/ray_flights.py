"""The rollouts of a learning player that are under way in a Ray cluster: at most one in each actor."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from botgame.errors import UserError
from botgame.training.alphastar.engine.ray_actor import Refused
from botgame.training.alphastar.engine.rollout import Rollout

if TYPE_CHECKING:
    from botgame.training.alphastar.engine.ray_engine import RayEngine

_AGAIN_SECONDS = 1.0  # between two rollouts that an actor is asked for while it cannot answer
_SILENCE_SECONDS = 60.0


class Flights:
    """Those of `player`, in the first `size` actors of `engine`.

    An actor that was lost has lost its running matches: it begins new ones, in a block of numbers of their own, so no
    match can be counted twice.
    """

    def __init__(self, engine: RayEngine[Any], player: str, size: int) -> None:
        self._engine, self._player, self._size = engine, player, size
        self._away: dict[Any, int] = {}  # the actor of each rollout under way
        self._blocks: dict[int, int] = {}
        self._begun: set[int] = set()  # actors with a rollout of their present block here
        self._later: dict[int, float] = {}  # when to ask an actor again that was lost
        self._heard = time.monotonic()

    def start(self, version: int) -> None:
        """Ask every actor that is free for a rollout with the present weights."""
        now = time.monotonic()
        for rank in sorted(set(range(self._size)) - set(self._away.values())):
            if self._later.get(rank, 0.0) > now:
                continue
            if rank not in self._blocks:
                self._blocks[rank] = self._engine.blocks.new()
            first = rank not in self._begun
            ref = self._engine.rollout(rank, self._player, self._blocks[rank], version, first=first)
            self._away[ref] = rank

    def land(self) -> list[Rollout]:
        """Wait for rollouts, for a second at most; returns those that are there. Raises UserError of an actor."""
        ray = self._engine.ray
        if not self._away:
            time.sleep(_AGAIN_SECONDS)
            return []
        there, _ = ray.wait(list(self._away), num_returns=1, timeout=_AGAIN_SECONDS)
        there, _ = ray.wait(list(self._away), num_returns=len(self._away), timeout=0) if there else ([], None)
        results = zip(there, self._results(there), strict=True)
        landed = [self._landed(self._away.pop(ref), result) for ref, result in results]
        self._notice_silence(bool(landed))
        return [rollout for rollout in landed if rollout]

    def _results(self, refs: list[Any]) -> list[Any]:
        """What each rollout returned, None for one that was lost."""
        ray = self._engine.ray
        try:
            results: list[Any] = ray.get(refs)
        except ray.exceptions.RayTaskError:
            raise
        except ray.exceptions.RayError:
            return [self._result(ref) for ref in refs]  # some are lost, and only asking tells which
        return results

    def _result(self, ref: Any) -> Any:
        ray = self._engine.ray
        try:
            return ray.get(ref)
        except ray.exceptions.RayTaskError:
            raise
        except ray.exceptions.RayError as error:
            if getattr(error, "actor_init_failed", False):
                raise UserError(f"an actor cannot start, see that each machine has this botgame: {error}") from error
            return None

    def _landed(self, rank: int, result: Rollout | Refused | None) -> Rollout | None:
        if isinstance(result, Refused):
            raise UserError(result.message, result.code)
        if result is None:
            self._lose(rank)
            return None
        self._begun.add(rank)
        self._later.pop(rank, None)
        return result

    def _lose(self, rank: int) -> None:
        if rank not in self._later:
            print(f"actor {rank} was lost: its running matches of {self._player} are void, and new ones begin")
        self._later[rank] = time.monotonic() + _AGAIN_SECONDS
        self._blocks.pop(rank, None)
        self._begun.discard(rank)

    def _notice_silence(self, heard: bool) -> None:
        now = time.monotonic()
        if heard:
            self._heard = now
        elif now - self._heard > _SILENCE_SECONDS:
            self._heard = now
            print(f"no actor has answered for {_SILENCE_SECONDS:.0f} s: see whether the cluster has lost machines")
