"""The running server: lobby, bots, pace and archive joined. No HTTP in here; connections come from outside.

server = LiveServer(lobby, brains, archive, metrics)
async with server: ...          # ticks until the block is left, then finishes and saves what is running
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

from botgame.server.hosting.bot_workers import Brains
from botgame.server.hosting.connection import Clock, Connection
from botgame.server.hosting.metrics import Metrics
from botgame.server.hosting.pacing import LANES, Pacer
from botgame.server.protocol import Error
from botgame.server.records.archive import Archive, Finished, Saved
from botgame.server.rooms.lobby import Lobby
from botgame.server.rooms.room import Out, Room

_LOG = logging.getLogger(__name__)


class LiveServer:
    """Implements `connection.Handler`."""

    def __init__(
        self, lobby: Lobby, brains: Brains, archive: Archive, metrics: Metrics, clock: Clock = time.perf_counter
    ) -> None:
        self.lobby, self.metrics, self.clock, self.archive = lobby, metrics, clock, archive
        self.connections: dict[int, Connection] = {}
        self._numbers = itertools.count(1)
        self._brains = brains
        self._pacer = Pacer(self._tick, clock, skipped=self._skip)
        self._saver = ThreadPoolExecutor(1, thread_name_prefix="saver")
        self._saving: set[asyncio.Task[None]] = set()
        self._pace: asyncio.Task[None] | None = None

    async def __aenter__(self) -> LiveServer:
        self._brains.start()
        self._pace = asyncio.create_task(self._pacer.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop ticking, play the running matches to their end, save them."""
        self._pacer.stop()
        if self._pace is not None:
            await asyncio.gather(self._pace, return_exceptions=True)
        self._brains.stop()
        self._finish_all()
        await asyncio.gather(*self._saving)
        self._saver.shutdown()

    @property
    def is_ticking(self) -> bool:
        """False when the heart has stopped: the server is of no use then."""
        return self._pace is not None and not self._pace.done()

    def next_number(self) -> int:
        """A number for a new connection."""
        return next(self._numbers)

    # ---- connections -------------------------------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        """See `connection.Handler`."""
        self.connections[connection.number] = connection
        self.lobby.connect(connection.number)

    def said(self, connection: Connection, frame: str | bytes) -> None:
        """See `connection.Handler`."""
        try:
            self._deliver(self.lobby.receive(connection.number, frame))
        except Exception:
            _LOG.exception("a frame of connection %d could not be handled", connection.number)
            connection.push(Error("invalid", "the server could not handle this"))

    def closed(self, connection: Connection) -> None:
        """See `connection.Handler`."""
        self.connections.pop(connection.number, None)
        self._deliver(self.lobby.disconnect(connection.number))

    def is_greeted(self, connection: Connection) -> bool:
        """See `connection.Handler`."""
        return self.lobby.is_greeted(connection.number)

    def dropped(self, code: str) -> None:
        """See `connection.Handler`."""
        self.metrics.drop(code)

    def _deliver(self, out: Out) -> None:
        self.metrics.sent += len(out)
        for client, message in out:
            connection = self.connections.get(client)
            if connection is not None:
                connection.push(message)

    # ---- time --------------------------------------------------------------------------------------------------

    def _tick(self, lane: int, deadline: float) -> None:
        self.lobby.collect()
        for room in self.lobby.lane(lane):
            if room.state == "running":
                self._tick_room(room)
                self.metrics.ticks.add(self.clock() - deadline)
            else:
                self._deliver(self.lobby.tick(room))

    def _tick_room(self, room: Room) -> None:
        """A mistake of ours in one room must not stop the others."""
        try:
            self._deliver(self.lobby.tick(room))
            if room.is_finished:
                self._save(room)
        except Exception:
            _LOG.exception("room %s failed and is closed", room.name)
            self.metrics.unsaved += 1
            self._deliver(self.lobby.close(room))

    def _skip(self, slots: int) -> None:
        self.metrics.ticks.skipped += slots // LANES

    # ---- the end of matches ------------------------------------------------------------------------------------

    def _save(self, room: Room) -> None:
        task = asyncio.get_running_loop().create_task(self._save_in_background(room, self._finished(room)))
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    def _finished(self, room: Room) -> Finished:
        assert room.match.recording is not None
        ratings = [self.lobby.ladder.rating(policy) for policy in room.policies]
        outcome = room.match.outcome()
        return Finished(room.name, room.match.recording, outcome, room.policies, ratings, room.broken_off)

    async def _save_in_background(self, room: Room, match: Finished) -> None:
        saved = await asyncio.get_running_loop().run_in_executor(self._saver, self.archive.save, match)
        self._note(saved)
        self._deliver(room.saved(saved.replay if saved is not None else ""))

    def _note(self, saved: Saved | None) -> None:
        self.metrics.matches += 1
        if saved is None:
            self.metrics.unsaved += 1
        else:
            self.lobby.ladder.add(saved.record)

    def _finish_all(self) -> None:
        """Bots play all running matches to their end, as fast as they can."""
        rooms = list(self.lobby.running())
        for room in rooms:
            room.break_off()
        while rooms:
            self._brains.think()
            self.lobby.collect()
            for room in rooms:
                self.lobby.tick(room, show=False)
            for room in [room for room in rooms if room.is_finished]:
                self._save(room)
            rooms = [room for room in rooms if room.state == "running"]
