"""Bots of all rooms: questions in, decisions out, each policy in one batch, in a thread of its own.

The loop that ticks never waits: it hands over questions (`ask`), and takes whatever is ready (`ready`) at the next
tick. Results do not depend on how questions fall into batches, because a policy's row depends on that row alone.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from botgame.game import Observation, Policy, action_cap, own_factions
from botgame.lms.actions import HEAD_COUNT
from botgame.lms.game import lms
from botgame.lms.simulation.state import UNCAPPED
from botgame.server.rooms.match_driver import Ask

_LOG = logging.getLogger(__name__)
_STAND_STILL = [0] * HEAD_COUNT


class Decided(NamedTuple):
    """The answer to a question of `room`: `action` for `seat`, upon the observation of `tick`."""

    room: str
    seat: int
    tick: int
    action: list[int]


class _Question(NamedTuple):
    room: str
    ask: Ask


class Brains:
    """The operator's bots by name. Call `start` for a thread of its own, or `think` oneself."""

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self._policies = dict(policies)
        self._memory: dict[tuple[str, int], np.ndarray] = {}
        self._questions: deque[_Question] = deque()
        self._ended: deque[str] = deque()
        self._decided: deque[Decided] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._failed: set[str] = set()
        self._thread: threading.Thread | None = None

    @property
    def names(self) -> list[str]:
        """The bots there are."""
        return list(self._policies)

    @property
    def schools(self) -> dict[str, int]:
        """The school of each bot that was trained in one alone. Raises UserError for an unknown one."""
        own = own_factions(lms(), list(self._policies.values()))
        return {name: own[place] for place, name in enumerate(self._policies) if place in own}

    @property
    def caps(self) -> dict[str, int]:
        """The cap on the actions of each bot, 0 for that of the rules: nobody plays live without one."""
        caps = {name: action_cap(policy) for name, policy in self._policies.items()}
        return {name: 0 if cap == UNCAPPED else cap for name, cap in caps.items()}

    @property
    def waiting(self) -> int:
        """Questions that nobody has begun to think about."""
        return len(self._questions)

    def ask(self, room: str, asks: Sequence[Ask]) -> None:
        """Questions of one room; never blocks."""
        self._questions.extend(_Question(room, ask) for ask in asks)
        if asks:
            self._wake.set()

    def ready(self) -> list[Decided]:
        """What has been decided since the last call."""
        out = []
        while self._decided:
            out.append(self._decided.popleft())
        return out

    def forget(self, room: str) -> None:
        """A room is over and asks nothing more: its bots' memories go."""
        self._ended.append(room)
        self._wake.set()

    def think(self) -> None:
        """Answer everything that is asked, one batch a policy."""
        ended = [self._ended.popleft() for _ in range(len(self._ended))]
        batches: dict[str, list[_Question]] = {}
        while self._questions:
            question = self._questions.popleft()
            batches.setdefault(question.ask.bot, []).append(question)
        for bot, batch in batches.items():
            for question, action in zip(batch, self._decide(bot, batch), strict=True):
                self._decided.append(Decided(question.room, question.ask.seat, question.ask.tick, action))
        for key in [key for key in self._memory if key[0] in ended] if ended else []:
            del self._memory[key]

    def start(self) -> None:
        """Think in a thread until `stop`."""
        self._thread = threading.Thread(target=self._run, name="brains", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; questions that are left are answered by whoever calls `think`."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait()
            self._wake.clear()
            self.think()

    def _decide(self, bot: str, batch: Sequence[_Question]) -> list[list[int]]:
        """Actions of a batch. A bot that fails stands still: its mistake must not stop anybody's match."""
        try:
            return self._act(self._policies[bot], batch)
        except Exception:
            if bot not in self._failed:
                self._failed.add(bot)
                _LOG.exception("bot %s failed and stands still", bot)
            return [_STAND_STILL] * len(batch)

    def _act(self, policy: Policy, batch: Sequence[_Question]) -> list[list[int]]:
        places = [(question.room, question.ask.seat) for question in batch]
        memory = np.concatenate([self._recall(policy, place) for place in places])
        keys = np.array([question.ask.key for question in batch], np.uint64)
        actions, memory = policy.act(gather(batch), memory, keys)
        rows: list[list[int]] = np.asarray(actions, np.int64).reshape(len(batch), HEAD_COUNT).tolist()
        for place, row in zip(places, np.asarray(memory, np.float32), strict=True):
            self._memory[place] = row[None]
        return rows

    def _recall(self, policy: Policy, place: tuple[str, int]) -> np.ndarray:
        """Memory of one seat, float32 [1, M]; initial where it begins, or where another bot has played before."""
        memory = self._memory.get(place)
        if memory is None or memory.shape[1] != policy.memory_size:
            return np.asarray(policy.initial_memory(1), np.float32)
        return memory


def gather(batch: Sequence[_Question]) -> Observation:
    """The observations of a batch, one row a question."""
    first = batch[0].ask.observation
    if len(batch) == 1 and len(first["scalars"]) == 1:
        return first
    return {name: np.stack([question.ask.observation[name][question.ask.row] for question in batch]) for name in first}
