"""Messages of a match server, for tests of its clients."""

import itertools

import msgspec
import numpy as np

from botgame.game import Due
from botgame.live.arrays import ROWS
from botgame.lms.arena import Arena
from botgame.server import protocol
from botgame.server.rooms import lobby


def welcome(**changes) -> protocol.Welcome:
    return msgspec.structs.replace(lobby.welcome(lobby.LobbySettings(("lms_re",))), **changes)


def room(state="running", name="blue", seat=0, owner=True, rival="kiter") -> protocol.Room:
    seats = [
        protocol.SeatLine(0, "collector", "cryomancer", "client"),
        protocol.SeatLine(1, rival, "pyromancer", "bot", rival),
    ]
    return protocol.Room(name, seat, "secret", "duel", 22, ["1" * 22] * 22, 3600, seats, state, seed="5", owner=owner)


def array(values: np.ndarray) -> protocol.Array:
    return protocol.Array(str(values.dtype), list(values.shape), values.tobytes())


def observation(tick=0, seat=0, **changes) -> protocol.Observation:
    """What a seat sees in some arena, with `changes` to its arrays (None: left out)."""
    arena = Arena(1, 2)
    arena.reset(0, 7, (1, 0), 3600)
    seen = arena.observe(Due(np.zeros(1, np.int32), np.array([seat], np.int32)))
    arrays = {name: array(seen[name][0]) for name in ROWS} | changes
    kept = {name: value for name, value in arrays.items() if value is not None}
    return protocol.Observation(tick, seat, kept, str(2**64 - 1 - tick))


def result(places=(1, 2), replay="duel_5.replay", **changes) -> protocol.Result:
    fields = {"kills": [1, 0], "damage_dealt": [100.0, 20.0], "damage_taken": [20.0, 100.0], "death_ticks": [-1, 900]}
    return protocol.Result("blue", list(places), replay=replay, duration=30.0, **(fields | changes))


def state(tick) -> protocol.State:
    zone = protocol.Zone(11, 11, 15, 10, 500, 900, 3.0)
    return protocol.State(tick, 0, 0, zone, [], [], [])


def entries(count: int):
    return iter([protocol.Create(bots=["kiter"], observe=True, seed=seed) for seed in range(count)])


def frames(*messages) -> list[str]:
    return [protocol.encode(message) for message in messages]


def every(session, *messages) -> list[protocol.ClientMessage]:
    """All that a session sends in answer to messages."""
    return list(itertools.chain.from_iterable(session.receive(frame) for frame in frames(*messages)))
