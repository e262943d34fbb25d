"""The bots of all rooms: requests in, decisions out, one batch for each policy, in a background thread.

The loop that ticks never waits: it hands requests over (`submit`) and takes the decisions that are ready (`collect`)
at the next tick. Results do not depend on how requests fall into batches, because a policy's row depends on that row
alone.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from botgame.game import Observation, Policy, SeatLimits, own_factions
from botgame.lms.actions import HEAD_COUNT
from botgame.lms.game import lms
from botgame.lms.simulation.state import UNCAPPED
from botgame.seat_limits import limits_of
from botgame.server.rooms.match_driver import BotDecision, DecisionRequest

_LOG = logging.getLogger(__name__)
_STAND_STILL = [0] * HEAD_COUNT


class _Pending(NamedTuple):
    room: str
    request: DecisionRequest


class BotWorkers:
    """The operator's bots by name. `start` runs them in a thread; without it, call `process`."""

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self._policies = dict(policies)
        self._memory: dict[tuple[str, int], np.ndarray] = {}
        self._pending: deque[_Pending] = deque()
        self._ended: deque[str] = deque()
        self._decisions: deque[BotDecision] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._failed: set[str] = set()
        self._thread: threading.Thread | None = None

    @property
    def names(self) -> list[str]:
        """The names of the bots."""
        return list(self._policies)

    @property
    def schools(self) -> dict[str, int]:
        """The school of each bot that was trained in one school only. Raises UserError for an unknown school."""
        own = own_factions(lms(), list(self._policies.values()))
        return {name: own[index] for index, name in enumerate(self._policies) if index in own}

    @property
    def limits(self) -> dict[str, SeatLimits]:
        """The limits of each bot; none plays live without a cap on its actions."""
        limits = {name: limits_of(policy) for name, policy in self._policies.items()}
        return {name: own._replace(action_cap=own.action_cap % UNCAPPED) for name, own in limits.items()}

    @property
    def waiting(self) -> int:
        """The number of requests that no batch has taken yet."""
        return len(self._pending)

    def submit(self, room: str, requests: Sequence[DecisionRequest]) -> None:
        """Queue the requests of one room; never blocks."""
        self._pending.extend(_Pending(room, request) for request in requests)
        if requests:
            self._wake.set()

    def collect(self) -> list[BotDecision]:
        """The decisions made since the last call."""
        out = []
        while self._decisions:
            out.append(self._decisions.popleft())
        return out

    def forget(self, room: str) -> None:
        """Drop the memories of a room's bots: its match is over and it sends no more requests."""
        self._ended.append(room)
        self._wake.set()

    def process(self) -> None:
        """Decide on every pending request, one batch for each policy."""
        ended = [self._ended.popleft() for _ in range(len(self._ended))]
        batches: dict[str, list[_Pending]] = {}
        while self._pending:
            pending = self._pending.popleft()
            batches.setdefault(pending.request.bot, []).append(pending)
        for bot, batch in batches.items():
            for pending, action in zip(batch, self._decide(bot, batch), strict=True):
                self._decisions.append(BotDecision(pending.room, pending.request.seat, pending.request.tick, action))
        for key in [key for key in self._memory if key[0] in ended] if ended else []:
            del self._memory[key]

    def start(self) -> None:
        """Process requests in a thread until `stop`."""
        self._thread = threading.Thread(target=self._run, name="bot-workers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; requests that are still pending wait for a call of `process`."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait()
            self._wake.clear()
            self.process()

    def _decide(self, bot: str, batch: Sequence[_Pending]) -> list[list[int]]:
        """The actions of a batch. A bot that fails stands still: its error must not stop a match."""
        try:
            return self._act(self._policies[bot], batch)
        except Exception:
            if bot not in self._failed:
                self._failed.add(bot)
                _LOG.exception("bot %s failed and stands still", bot)
            return [_STAND_STILL] * len(batch)

    def _act(self, policy: Policy, batch: Sequence[_Pending]) -> list[list[int]]:
        keys_of_seats = [(pending.room, pending.request.seat) for pending in batch]
        memory = np.concatenate([self._recall(policy, key) for key in keys_of_seats])
        keys = np.array([pending.request.key for pending in batch], np.uint64)
        actions, memory = policy.act(_stack_observations(batch), memory, keys)
        rows: list[list[int]] = np.asarray(actions, np.int64).reshape(len(batch), HEAD_COUNT).tolist()
        for key, row in zip(keys_of_seats, np.asarray(memory, np.float32), strict=True):
            self._memory[key] = row[None]
        return rows

    def _recall(self, policy: Policy, key: tuple[str, int]) -> np.ndarray:
        """The memory of one seat, float32 [1, M]; the initial one at its start, or where another bot played before."""
        memory = self._memory.get(key)
        if memory is None or memory.shape[1] != policy.memory_size:
            return np.asarray(policy.initial_memory(1), np.float32)
        return memory


def _stack_observations(batch: Sequence[_Pending]) -> Observation:
    """The observations of a batch, one row for each request."""
    first = batch[0].request.observation
    if len(batch) == 1 and len(first["scalars"]) == 1:
        return first
    requests = [pending.request for pending in batch]
    return {name: np.stack([request.observation[name][request.row] for request in requests]) for name in first}
