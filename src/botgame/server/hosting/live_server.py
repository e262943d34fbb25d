"""The running server: lobby, bots, pacing and archive joined. No HTTP in here; connections come from outside.

async with server: ...          # ticks until the block is left, then cuts the running matches off and saves them
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

from botgame.lms.replay.live_recording import RecordedMatch
from botgame.server.hosting.bot_workers import BotWorkers
from botgame.server.hosting.connection import Connection
from botgame.server.hosting.pacing import Clock, Pacer
from botgame.server.hosting.token_bucket import AddressLimits
from botgame.server.hosting.token_guesses import TokenGuesses
from botgame.server.metrics import Metrics
from botgame.server.protocol import Error, RatingChange
from botgame.server.records.archive import Archive, FinishedMatch, SavedMatch
from botgame.server.rooms.lobby import LANES, MatchLobby
from botgame.server.rooms.room import MatchRoom, Outbox

TOGETHER = 16  # matches that are saved at a time when the server stops
_LOG = logging.getLogger(__name__)


class LiveServer:
    """Ticks the rooms, delivers their messages and saves their matches. Implements `ConnectionHandler`."""

    def __init__(
        self,
        lobby: MatchLobby,
        workers: BotWorkers,
        archive: Archive,
        metrics: Metrics,
        guesses: TokenGuesses,
        room_limits: AddressLimits,
        join_limits: AddressLimits,
        message_limits: AddressLimits,
        clock: Clock = time.perf_counter,
    ) -> None:
        self.lobby, self.metrics, self.clock, self.archive = lobby, metrics, clock, archive
        self.guesses, self._messages = guesses, message_limits
        lobby.may_create = lambda client: self._is_within(room_limits, client)
        lobby.may_join = lambda client: self._is_within(join_limits, client)
        self.connections: dict[int, Connection] = {}
        self._numbers = itertools.count(1)
        self._workers = workers
        self._pacer = Pacer(self._tick, clock, skipped=self._count_skipped)
        self._saver = ThreadPoolExecutor(1, thread_name_prefix="saver")
        self._saving: set[asyncio.Task[None]] = set()
        self._pace: asyncio.Task[None] | None = None
        self._stopping = False

    async def __aenter__(self) -> LiveServer:
        self._workers.start()
        self._pace = asyncio.create_task(self._pacer.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stop ticking, cut the running matches off where they are, and save them. Later calls do nothing."""
        if self._stopping:
            return
        self._stopping = True
        self._pacer.stop()
        if self._pace is not None:
            await asyncio.gather(self._pace, return_exceptions=True)
        self._save_all()
        await asyncio.gather(*self._saving)
        self.lobby.names.release()
        await asyncio.to_thread(self._workers.stop)
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

    def delay(self, connection: Connection) -> float:
        """See `ConnectionHandler`."""
        address = connection.socket.address
        return self._messages.wait(address) if self.has_greeted(connection) else self.guesses.delay(address)

    def received(self, connection: Connection, frame: bytes) -> None:
        """See `ConnectionHandler`."""
        if self._stopping:
            return
        was_stranger = not self.has_greeted(connection)
        try:
            out = self.lobby.receive(connection.number, frame)
        except Exception:
            _LOG.exception("a frame of connection %d could not be handled", connection.number)
            connection.push(Error("invalid", "the server could not handle this"))
            return
        if was_stranger and self.has_greeted(connection) and not connection.socket.admit():
            connection.push(Error("full", "as many clients as this server takes are connected; try again later"))
        else:
            self._deliver(out)

    def closed(self, connection: Connection) -> None:
        """See `ConnectionHandler`."""
        self.connections.pop(connection.number, None)
        self._deliver(self.lobby.disconnect(connection.number))

    def has_greeted(self, connection: Connection) -> bool:
        """Whether the client has sent `hello`."""
        return self.lobby.has_greeted(connection.number)

    def dropped(self, connection: Connection, code: str) -> None:
        """See `ConnectionHandler`."""
        self.metrics.drop(code)
        if code == "token":
            self.guesses.count_wrong(connection.socket.address)

    def _is_within(self, limits: AddressLimits, client: int) -> bool:
        """Whether the address of a client is within its limit; counts one more event of it."""
        connection = self.connections.get(client)
        return connection is not None and limits.allows(connection.socket.address)

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
            was_running = room.state == "running"
            self._tick_room(room)
            if was_running:
                self.metrics.ticks.add(self.clock() - deadline)

    def _tick_room(self, room: MatchRoom) -> None:
        """Tick a room. An error in one room must not stop the others."""
        try:
            self._deliver(self.lobby.tick(room))
            self._save_finished(room)
        except Exception:
            _LOG.exception("room %s failed and is closed", room.name)
            self._count_match(None)
            self._deliver(self.lobby.close(room))

    def _count_skipped(self, slots: int) -> None:
        self.metrics.ticks.skipped += slots // LANES

    # ---- the end of matches ------------------------------------------------------------------------------------

    def _save_finished(self, room: MatchRoom) -> None:
        """Begin to save the match of the room if it has just ended."""
        if room.take_finished():
            self._save([room])

    def _save(self, rooms: list[MatchRoom]) -> None:
        """Begin to save the matches of rooms with equal numbers of seats."""
        task = asyncio.get_running_loop().create_task(self._save_in_background(rooms))
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    def _finished(self, room: MatchRoom) -> FinishedMatch:
        assert room.match.recording is not None
        ratings = [self.lobby.leaderboard.rating(policy) for policy in room.policies]
        match = RecordedMatch(room.match.recording, room.match.outcome(), room.policies, ratings)
        return FinishedMatch(room.name, match, room.name_keys, room.ownership.forfeits)

    async def _save_in_background(self, rooms: list[MatchRoom]) -> None:
        matches = [self._finished(room) for room in rooms]
        try:
            saved = await asyncio.get_running_loop().run_in_executor(self._saver, self.archive.save, matches)
        except Exception:
            _LOG.exception("matches of rooms %s could not be saved", ", ".join(room.name for room in rooms))
            saved = [None] * len(rooms)
        for room, match in zip(rooms, saved, strict=True):
            ratings = self._count_match(match)
            self._deliver(room.saved(match.replay if match is not None else "", ratings))

    def _save_all(self) -> None:
        """Cut all running matches off and save them: one at once, the others many at a time, which is faster."""
        rooms = list(self.lobby.rooms.values())
        for room in rooms:
            self._deliver(room.end())
        finished = sorted((room for room in rooms if room.take_finished()), key=lambda room: room.setup.seats)
        if finished:
            self._save(finished[:1])
        for _, equal in itertools.groupby(finished[1:], key=lambda room: room.setup.seats):
            rest = list(equal)
            for start in range(0, len(rest), TOGETHER):
                self._save(rest[start : start + TOGETHER])

    def _count_match(self, saved: SavedMatch | None) -> list[RatingChange]:
        """Count a match, and say what it made of each seat's rating."""
        self.metrics.matches += 1
        if saved is None:
            self.metrics.unsaved += 1
            return []
        self.lobby.names.add(saved.record)
        return self.lobby.leaderboard.add(saved.record)
