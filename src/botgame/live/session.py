"""A program's conversation with a match server, without sockets: messages in, messages to send out.

    hello -> welcome -> create (or join) -> ready -> observation -> act -> ... -> result -> leave -> create ...

The session refuses a server whose `welcome` names another game, protocol or spec.
"""

from __future__ import annotations

from collections.abc import Iterator

from botgame.errors import UserError
from botgame.live.seat import SeatPlayer
from botgame.lms.rules import SCHOOLS, Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.server import protocol

SPEC_DIGEST = ARENA_SPEC.digest()
_NO_BOTGAME = "it is no botgame server, or one of another release"
Entry = protocol.Create | protocol.Join  # how to enter a match


def check_welcome(message: protocol.ServerMessage, where: str) -> protocol.Welcome:
    """The welcome of a server to play on. Raises UserError for anything else."""
    if isinstance(message, protocol.Error):
        raise UserError(f"{where} refuses the connection: {message.message} ({message.code})")
    if not isinstance(message, protocol.Welcome):
        raise UserError(f"{where} answers hello with {type(message).__name__.lower()}: {_NO_BOTGAME}")
    if message.game != protocol.GAME or message.protocol != protocol.PROTOCOL_VERSION:
        found = f"game {message.game[:40]!r}, protocol {message.protocol}"
        raise UserError(
            f"{where} offers {found}, expected {protocol.GAME!r}, {protocol.PROTOCOL_VERSION}: {_NO_BOTGAME}"
        )
    if message.spec != SPEC_DIGEST:
        raise UserError(f"{where} has observation spec {message.spec[:40]}, expected {SPEC_DIGEST}: use equal releases")
    return message


def rules_of(welcome: protocol.Welcome, where: str) -> Rules:
    """The rule numbers of a server. Raises UserError when this release does not know them."""
    try:
        abilities = [welcome.abilities[school] for school in SCHOOLS]
        return Rules.from_dict({**welcome.rules, "abilities": abilities})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{where} has rules that this release does not know ({error})") from error


class Session:
    """Plays one match after another until `entries` ends; then `done` is True.

    entries: how to enter each match. player: decides and records. where: the server's address, for messages.
    """

    def __init__(self, entries: Iterator[Entry], player: SeatPlayer, token: str, where: str) -> None:
        self.player, self.where = player, where
        self.welcome: protocol.Welcome | None = None
        self.done = False
        self._entries, self._token = entries, token
        self._seat_token = ""
        self._is_ready = False  # `Ready` was sent in this room

    def open(self) -> list[protocol.ClientMessage]:
        """The first messages of a connection, also of one that replaces a lost connection."""
        self.welcome = None
        return [protocol.Hello(protocol.PROTOCOL_VERSION, protocol.GAME, self._token)]

    @property
    def can_return(self) -> bool:
        """Whether a lost connection left a seat to come back to."""
        return self.player.room is not None and bool(self._seat_token)

    def receive(self, frame: str | bytes) -> list[protocol.ClientMessage]:
        """Handle a frame and return the messages to send. Raises UserError where playing on makes no sense."""
        try:
            message = protocol.decode_server(frame)
            if self.welcome is None:
                self.welcome = check_welcome(message, self.where)
                rules = rules_of(self.welcome, self.where)
                if self.can_return:
                    return self._return()
                self.player.check_rules(rules)
                return self._next()
            decided = self.player.handle(message)
        except protocol.MalformedError as error:
            raise UserError(f"{self.where} sent an unknown message ({error}): {_NO_BOTGAME}") from None
        if decided is not None:
            return [protocol.Act(decided.tick, decided.action)]
        return self._answer(message)

    def _answer(self, message: protocol.ServerMessage) -> list[protocol.ClientMessage]:
        if isinstance(message, protocol.Room):
            self._seat_token = message.seat_token or self._seat_token
            if message.state == "waiting" and message.owner and not self._is_ready:
                self._is_ready = True
                return [protocol.Ready()]
        elif isinstance(message, protocol.Result):
            return [protocol.Leave(), *self._next()]
        elif isinstance(message, protocol.Error):
            raise UserError(f"{self.where}: {message.message} ({message.code})")
        return []

    def _next(self) -> list[protocol.ClientMessage]:
        entry = next(self._entries, None)
        self._seat_token, self._is_ready = "", False
        self.done = entry is None
        return [] if entry is None else [entry]

    def _return(self) -> list[protocol.ClientMessage]:
        assert self.player.room is not None
        return [protocol.Join(self.player.room.room, observe=True, seat_token=self._seat_token)]
