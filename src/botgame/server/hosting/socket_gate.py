"""Which TCP connections stay open: few and short-lived ones of strangers, never in the way of clients with a seat.

A connection is a stranger until its client has sent `hello` (with the token, where there is one); then it is
*admitted*. Strangers and admitted clients are counted apart. Where there is one stranger too many, from one address or
in all, the one that has waited longest is closed, so that a newcomer always has the time to say `hello`.

No sockets, no clock: the protocols of `wire` report what happens, and `sweep` is called about once a second.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Callable, Iterator
from typing import Protocol

MOST_STRANGERS = 256
MOST_OF_ADDRESS = 32  # strangers
STRANGER_SECONDS = 15.0  # until `hello`, a whole request, or between two looks at how an answer is read
SLOWEST_READER = 8192  # bytes a second by which a stranger's unread answer has to shrink
CLOSING_SECONDS = 5.0  # for an admitted client to read the rest of what was sent
_IPV6_NETWORK = 64  # bits that one subscriber has


class Transport(Protocol):
    """What is needed of an `asyncio.Transport`."""

    def abort(self) -> None:
        """Close at once, without sending what is left."""

    def is_closing(self) -> bool:
        """Whether it is closed, or will be when the rest is sent."""

    def get_write_buffer_size(self) -> int:
        """Bytes that are still to be sent."""


class OpenSocket:
    """One TCP connection. address: of the client, as limits count it; since: when it last did something that counts."""

    def __init__(self, gate: SocketGate, transport: Transport, host: str, now: float) -> None:
        self.address = address_of(host)
        self.since = now
        self._unsent = 0  # bytes then
        self.is_answered = False  # a request of it is being answered
        self.closing: float | None = None  # since when it is being closed
        self._gate, self._transport = gate, transport

    def admit(self) -> bool:
        """Its client has sent `hello`. False: there are as many clients as there may be."""
        return self._gate.admit(self)

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """A request of it is answered within this block; it is closed for its age only before or after."""
        self.is_answered = True
        try:
            yield
        finally:
            self.is_answered = False
            self._gate.touch(self)

    def begin(self, now: float) -> None:
        """Its time starts anew."""
        self.since, self._unsent = now, self._transport.get_write_buffer_size()

    def has_had_its_time(self, now: float) -> bool:
        """Whether it has waited too long; never while a request of it is answered."""
        return not self.is_answered and now - self.since > STRANGER_SECONDS

    def is_being_read(self, now: float) -> bool:
        """Whether its client has since read enough of what was sent, as over a slow link."""
        return self._unsent - self._transport.get_write_buffer_size() >= SLOWEST_READER * (now - self.since)

    def abort(self) -> None:
        """Close at once, without sending what is left."""
        self._transport.abort()

    def is_overdue(self, now: float) -> bool:
        """Whether it has been closing for longer than an admitted client may take to read the rest."""
        if self.closing is None and self._transport.is_closing():
            self.closing = now
        return self.closing is not None and now - self.closing > CLOSING_SECONDS


class SocketGate:
    """All open connections. clock: seconds, never going back. count_drop: called with the reason for closing one."""

    def __init__(
        self,
        most_admitted: int,
        most_strangers: int,
        clock: Callable[[], float],
        count_drop: Callable[[str], None],
    ) -> None:
        self.most_admitted, self.most_strangers = most_admitted, most_strangers
        self.count_drop = count_drop
        self._clock = clock
        self._strangers: dict[OpenSocket, None] = {}  # the oldest first
        self._admitted: set[OpenSocket] = set()

    def open(self, transport: Transport, host: str) -> OpenSocket:
        """A connection was accepted. `host`: the client's IP address."""
        socket = OpenSocket(self, transport, host, self._clock())
        self._strangers[socket] = None
        neighbours = [other for other in self._strangers if other.address == socket.address]
        if len(neighbours) > MOST_OF_ADDRESS:
            self._drop(_longest_idle(neighbours))
        if len(self._strangers) > self.most_strangers:
            self._drop(_longest_idle(list(self._strangers)))
        return socket

    def close(self, socket: OpenSocket) -> None:
        """A connection is closed."""
        self._strangers.pop(socket, None)
        self._admitted.discard(socket)

    def admit(self, socket: OpenSocket) -> bool:
        """See `OpenSocket.admit`."""
        if socket not in self._strangers or len(self._admitted) >= self.most_admitted:
            return False
        del self._strangers[socket]
        self._admitted.add(socket)
        return True

    def touch(self, socket: OpenSocket) -> None:
        """A stranger has done something that counts: its time starts anew."""
        if socket in self._strangers:
            del self._strangers[socket]
            self._strangers[socket] = None
            socket.begin(self._clock())

    def sweep(self) -> None:
        """Close what has had its time."""
        now = self._clock()
        for socket in [socket for socket in self._strangers if socket.has_had_its_time(now)]:
            if socket.is_being_read(now):
                self.touch(socket)
            else:
                self._drop(socket)
        for socket in [socket for socket in self._admitted if socket.is_overdue(now)]:
            self._drop(socket)

    def _drop(self, socket: OpenSocket) -> None:
        self.close(socket)
        self.count_drop("stranger")
        socket.abort()


def address_of(host: str) -> str:
    """An IP address as limits count it: an IPv6 subscriber has a whole network. Other text is returned as it is."""
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _IPV6_NETWORK), strict=False))


def _longest_idle(sockets: list[OpenSocket]) -> OpenSocket:
    """The oldest one that is not being answered, if there is one. `sockets`: the oldest first."""
    return next((socket for socket in sockets if not socket.is_answered), sockets[0])
