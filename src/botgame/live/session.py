"""The conversation of a program with a match server, without sockets: messages in, messages to send out.

    hello -> welcome -> create (or join) -> ready -> observation -> act -> ... -> result -> leave -> create ...

Nothing is played on a server that does not say `welcome` to `lms-arena` with our protocol and our spec.
"""

from __future__ import annotations

from collections.abc import Iterator

from botgame.errors import UserError
from botgame.live.seat import SeatPlayer
from botgame.lms.rules import SCHOOLS, Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.server import protocol

SPEC_DIGEST = ARENA_SPEC.digest()
_NOT_OURS = "it is no botgame server or one of another release"
Order = protocol.Create | protocol.Join


def check_welcome(message: protocol.ServerMessage, where: str) -> protocol.Welcome:
    """The welcome of a server that we may play on. Raises UserError for anything else."""
    if isinstance(message, protocol.Error):
        raise UserError(f"{where} refuses us: {message.message} ({message.code})")
    if not isinstance(message, protocol.Welcome):
        raise UserError(f"{where} answers hello with {type(message).__name__.lower()}: {_NOT_OURS}")
    if message.game != protocol.GAME or message.protocol != protocol.PROTOCOL_VERSION:
        found = f"game {message.game[:40]!r}, protocol {message.protocol}"
        raise UserError(f"{where} offers {found}, expected {protocol.GAME!r}, {protocol.PROTOCOL_VERSION}: {_NOT_OURS}")
    if message.spec != SPEC_DIGEST:
        raise UserError(f"{where} has observation spec {message.spec[:40]}, ours is {SPEC_DIGEST}: use equal releases")
    return message


def rules_of(welcome: protocol.Welcome, where: str) -> Rules:
    """The rule numbers that a server plays by. Raises UserError when this release cannot play by them."""
    try:
        abilities = [welcome.abilities[school] for school in SCHOOLS]
        return Rules.from_dict({**welcome.rules, "abilities": abilities})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{where} plays by rules that this release does not know ({error})") from error


class Session:
    """Plays one match after another until `orders` ends; `done` says that nothing is left to do.

    orders: how to come into each match. player: decides and records. where: the server's address, for messages.
    """

    def __init__(self, orders: Iterator[Order], player: SeatPlayer, token: str, where: str) -> None:
        self.player, self.where = player, where
        self.welcome: protocol.Welcome | None = None
        self.done = False
        self._orders, self._token = orders, token
        self._seat_token = ""
        self._ready = False  # said in this room

    def open(self) -> list[protocol.ClientMessage]:
        """First messages of a connection, also of one that replaces a lost one."""
        self.welcome = None
        return [protocol.Hello(protocol.PROTOCOL_VERSION, protocol.GAME, self._token)]

    @property
    def can_return(self) -> bool:
        """Whether a lost connection left a seat behind to which one may come back."""
        return self.player.room is not None and bool(self._seat_token)

    def receive(self, frame: str | bytes) -> list[protocol.ClientMessage]:
        """Take a frame in and say what to send. Raises UserError where playing on makes no sense."""
        try:
            message = protocol.decode_server(frame)
            if self.welcome is None:
                self.welcome = check_welcome(message, self.where)
                rules = rules_of(self.welcome, self.where)
                if self.can_return:
                    return self._return()
                self.player.meet(rules)
                return self._next()
            decided = self.player.see(message)
        except protocol.MalformedError as error:
            raise UserError(f"{self.where} sent what is no message of ours ({error}): {_NOT_OURS}") from None
        if decided is not None:
            return [protocol.Act(decided.tick, decided.action)]
        return self._answer(message)

    def _answer(self, message: protocol.ServerMessage) -> list[protocol.ClientMessage]:
        if isinstance(message, protocol.Room):
            self._seat_token = message.seat_token or self._seat_token
            if message.state == "waiting" and message.owner and not self._ready:
                self._ready = True
                return [protocol.Ready()]
        elif isinstance(message, protocol.Result):
            return [protocol.Leave(), *self._next()]
        elif isinstance(message, protocol.Error):
            raise UserError(f"{self.where}: {message.message} ({message.code})")
        return []

    def _next(self) -> list[protocol.ClientMessage]:
        order = next(self._orders, None)
        self._seat_token, self._ready = "", False
        self.done = order is None
        return [] if order is None else [order]

    def _return(self) -> list[protocol.ClientMessage]:
        assert self.player.room is not None
        return [protocol.Join(self.player.room.room, observe=True, seat_token=self._seat_token)]
