"""The running server: lobby, bots, pacing and archive joined. No HTTP in here; connections come from outside.

server = LiveServer(lobby, workers, archive, metrics)
async with server: ...          # ticks until the block is left, then finishes and saves the running matches
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

from botgame.server.hosting.bot_workers import BotWorkers
from botgame.server.hosting.connection import Connection
from botgame.server.hosting.pacing import Clock, Pacer
from botgame.server.metrics import Metrics
from botgame.server.protocol import Error
from botgame.server.records.archive import Archive, FinishedMatch, SavedMatch
from botgame.server.rooms.lobby import LANES, MatchLobby
from botgame.server.rooms.room import MatchRoom, Outbox

_LOG = logging.getLogger(__name__)


class LiveServer:
    """Ticks the rooms, delivers their messages and saves their matches. Implements `ConnectionHandler`."""

    def __init__(
        self,
        lobby: MatchLobby,
        workers: BotWorkers,
        archive: Archive,
        metrics: Metrics,
        clock: Clock = time.perf_counter,
    ) -> None:
        self.lobby, self.metrics, self.clock, self.archive = lobby, metrics, clock, archive
        self.connections: dict[int, Connection] = {}
        self._numbers = itertools.count(1)
        self._workers = workers
        self._pacer = Pacer(self._tick, clock, skipped=self._count_skipped)
        self._saver = ThreadPoolExecutor(1, thread_name_prefix="saver")
        self._saving: set[asyncio.Task[None]] = set()
        self._pace: asyncio.Task[None] | None = None

    async def __aenter__(self) -> LiveServer:
        self._workers.start()
        self._pace = asyncio.create_task(self._pacer.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop ticking, play the running matches to their end, save them."""
        self._pacer.stop()
        if self._pace is not None:
            await asyncio.gather(self._pace, return_exceptions=True)
        self._workers.stop()
        self._finish_all()
        await asyncio.gather(*self._saving)
        self._saver.shutdown()

    @property
    def is_ticking(self) -> bool:
        """False when the pacer has stopped: no match goes on then."""
        return self._pace is not None and not self._pace.done()

    def next_number(self) -> int:
        """A number for a new connection."""
        return next(self._numbers)

    # ---- connections -------------------------------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        """See `ConnectionHandler`."""
        self.connections[connection.number] = connection
        self.lobby.connect(connection.number)

    def received(self, connection: Connection, frame: str | bytes) -> None:
        """See `ConnectionHandler`."""
        try:
            self._deliver(self.lobby.receive(connection.number, frame))
        except Exception:
            _LOG.exception("a frame of connection %d could not be handled", connection.number)
            connection.push(Error("invalid", "the server could not handle this"))

    def closed(self, connection: Connection) -> None:
        """See `ConnectionHandler`."""
        self.connections.pop(connection.number, None)
        self._deliver(self.lobby.disconnect(connection.number))

    def has_greeted(self, connection: Connection) -> bool:
        """See `ConnectionHandler`."""
        return self.lobby.has_greeted(connection.number)

    def count_drop(self, code: str) -> None:
        """See `ConnectionHandler`."""
        self.metrics.drop(code)

    def _deliver(self, out: Outbox) -> None:
        self.metrics.sent += len(out)
        for client, message in out:
            connection = self.connections.get(client)
            if connection is not None:
                connection.push(message)

    # ---- time --------------------------------------------------------------------------------------------------

    def _tick(self, lane: int, deadline: float) -> None:
        self.lobby.collect()
        for room in self.lobby.rooms_in(lane):
            if room.state == "running":
                self._tick_room(room)
                self.metrics.ticks.add(self.clock() - deadline)
            else:
                self._deliver(self.lobby.tick(room))

    def _tick_room(self, room: MatchRoom) -> None:
        """Tick a running room. An error in one room must not stop the others."""
        try:
            self._deliver(self.lobby.tick(room))
            if room.is_finished:
                self._save(room)
        except Exception:
            _LOG.exception("room %s failed and is closed", room.name)
            self.metrics.unsaved += 1
            self._deliver(self.lobby.close(room))

    def _count_skipped(self, slots: int) -> None:
        self.metrics.ticks.skipped += slots // LANES

    # ---- the end of matches ------------------------------------------------------------------------------------

    def _save(self, room: MatchRoom) -> None:
        task = asyncio.get_running_loop().create_task(self._save_in_background(room, self._finished(room)))
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    def _finished(self, room: MatchRoom) -> FinishedMatch:
        assert room.match.recording is not None
        ratings = [self.lobby.leaderboard.rating(policy) for policy in room.policies]
        outcome = room.match.outcome()
        return FinishedMatch(room.name, room.match.recording, outcome, room.policies, ratings, room.broken_off)

    async def _save_in_background(self, room: MatchRoom, match: FinishedMatch) -> None:
        saved = await asyncio.get_running_loop().run_in_executor(self._saver, self.archive.save, match)
        self._count_match(saved)
        self._deliver(room.saved(saved.replay if saved is not None else ""))

    def _count_match(self, saved: SavedMatch | None) -> None:
        self.metrics.matches += 1
        if saved is None:
            self.metrics.unsaved += 1
        else:
            self.lobby.leaderboard.add(saved.record)

    def _finish_all(self) -> None:
        """Let bots play all running matches to their end, as fast as they can."""
        rooms = list(self.lobby.running())
        for room in rooms:
            room.break_off()
        while rooms:
            self._workers.process()
            self.lobby.collect()
            for room in rooms:
                self.lobby.tick(room, show=False)
            for room in [room for room in rooms if room.is_finished]:
                self._save(room)
            rooms = [room for room in rooms if room.state == "running"]
