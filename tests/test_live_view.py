"""Views: what the protocol's types read back is what the simulation holds, and nothing that fog hides."""

from __future__ import annotations

import numpy as np
import pytest

from botgame.lms.readiness import COOLDOWNS
from botgame.lms.rules import MAX_SECONDS, MIN_SECONDS, TICKS_PER_SECOND, Rules
from botgame.lms.simulation.state import compile_rules
from botgame.lms.simulation.zone import zone_radius
from botgame.server import protocol
from botgame.server.metrics import Lateness
from botgame.server.protocol import Create, Input, State
from botgame.server.rooms import frame as at
from botgame.server.rooms.frame import Frame
from botgame.server.rooms.live_match import PEOPLE, LiveMatch
from botgame.server.rooms.match_driver import MatchDriver
from botgame.server.rooms.room import MatchRoom
from botgame.server.rooms.room_seat import RoomSeat
from live_table import Table


def running(seats: int = 4, ticks: int = 240) -> tuple[Table, MatchRoom]:
    """A fight of bots with a spectator, some seconds in."""
    table = Table()
    table.connect(1)
    bots = ["lms_re", "kiter", "lms_re", "kiter"][:seats]
    table.say(1, Create(seats=seats, bots=bots, seat=-1, seed=4, duration=40))
    table.tick(ticks)
    return table, table.room_of(1)


def read(text: str) -> State:
    message = protocol.decode_server(text)
    assert isinstance(message, State)
    return message


def test_a_spectator_sees_what_the_simulation_holds() -> None:
    table, room = running()
    for _ in range(120):
        table.tick()
        state, arena = table.last(1, State), room.match.arena.state
        mages, match = arena.mages[0], arena.matches[0]
        assert state.tick == match["tick"]
        assert state.zone.r == pytest.approx(match["zone_r"], abs=1e-3)
        assert state.zone.damage == pytest.approx(match["zone_damage"] * TICKS_PER_SECOND, abs=1e-2)
        for view in state.mages:
            mage = mages[view.seat]
            for field, name, scale in (
                *(("x", "x", 1), ("y", "y", 1), ("vx", "vx", 30), ("vy", "vy", 30), ("fx", "face_x", 1)),
                *(("fy", "face_y", 1), ("hp", "health", 1), ("mana", "mana", 1), ("shield", "shield", 1)),
                ("kills", "kills", 1),
            ):
                assert getattr(view, field) == pytest.approx(mage[name] * scale, abs=0.051), field
            assert view.alive == bool(mage["alive"])
            assert view.slow == pytest.approx(1 - (1 - mage["slow"]) * (1 - mage["self_slow"]), abs=0.01)
            assert view.dash == max(0, mage["dash_until"] - state.tick)
            assert view.rune == max(0, mage["rune_until"] - state.tick)
        assert len(state.shots) == (arena.shots["active"][0] != 0).sum()
        assert {item.id for item in state.items} == set(np.flatnonzero(arena.items["available"][0]).tolist())


def test_a_player_sees_no_more_than_its_seat() -> None:
    table, room = running()
    hidden = 0
    for _ in range(200):
        table.tick()
        if room.state != "running":
            break
        arena, sight = room.match.arena.state, room.match.rules.sight
        mages = arena.mages[0]
        for seat in np.flatnonzero(mages["alive"]).tolist():
            state = read(room.driver.viewer.state(seat, plays=True))
            visible = {s for s in range(4) if mages["visible"][seat] >> s & 1 and mages["alive"][s]}
            assert {view.seat for view in state.mages} == visible | {seat}
            assert [view.seat for view in state.mages if view.mana is not None] == [seat]
            hidden += 4 - len(state.mages)
            me = mages[seat]
            for thing in (*state.shots, *state.items):
                assert np.hypot(thing.x - me["x"], thing.y - me["y"]) <= sight + 0.02
            near = np.hypot(arena.items["x"][0] - me["x"], arena.items["y"][0] - me["y"]) <= sight
            assert len(state.items) == (near & (arena.items["available"][0] != 0)).sum()
    assert hidden > 100


def test_events_reach_those_who_can_know_of_them() -> None:
    table, room = running(ticks=0)
    told: dict[str, int] = {}
    withheld = 0
    while room.state == "running":
        table.tick()
        everything = table.last(1, State).events
        visible = room.match.arena.state.mages["visible"][0]
        for seat in range(4):
            mine = read(room.driver.viewer.state(seat)).events
            for event in everything:
                told[event.kind] = told.get(event.kind, 0) + 1
                if event.kind == "kill" or seat in (event.seat, event.by if event.kind == "hit" else -1):
                    assert event in mine
                elif event.kind == "cast" and not visible[seat] >> event.seat & 1:
                    assert event not in mine
                    withheld += 1
    assert set(told) >= {"cast", "impact", "hit", "kill"}
    assert withheld > 50


def test_the_zone_tells_where_it_will_be() -> None:
    table = Table(rules=Rules(health=10_000.0))
    table.connect(1)
    table.say(1, Create(bots=["idle", "idle"], seat=-1, duration=20))
    table.play_out(table.room_of(1))
    zones = {state.tick: state.zone for state in table.heard[1] if isinstance(state, State)}
    assert len(zones) == 600
    phases = {zone.closed: zone for zone in zones.values()}
    assert len(phases) == 4
    for closed, zone in phases.items():
        assert zones[closed].r == pytest.approx(zone.target, abs=0.01)
        assert zones[zone.closes - 1].r == pytest.approx(zones[max(zone.closes - 20, 1)].r, abs=0.01)
        assert zones[(zone.closes + closed) // 2].r == pytest.approx((zones[zone.closes].r + zone.target) / 2, abs=0.15)


WHOLE_SECONDS = range(int(MIN_SECONDS), int(MAX_SECONDS) + 1)
PLAIN_ZONE_RADIUS = getattr(zone_radius, "py_func", zone_radius)  # also where nothing is compiled


def test_zone_phases_are_those_of_the_simulation_for_every_whole_second() -> None:
    """One tick earlier or later would be wrong: the radius before, at and after both ends of each phase."""
    rules = Rules()
    constants = compile_rules(rules).constants.view(np.recarray)[0]
    assert len(WHOLE_SECONDS) == 591
    for seconds in WHOLE_SECONDS:
        duration = seconds * TICKS_PER_SECOND

        def radius(tick: int, duration: int = duration) -> float:
            return PLAIN_ZONE_RADIUS(constants, tick / duration) * rules.size(2)

        size = rules.zone_start * rules.size(2)
        for phase in rules.zone_phases(duration, 2):
            assert radius(phase.closes) == size > radius(phase.closes + 1)
            assert radius(phase.closed - 1) > phase.radius == radius(phase.closed)
            size = phase.radius


def test_pages_show_the_same_zone_live_and_recorded() -> None:
    for seconds in WHOLE_SECONDS:
        phases = Rules().zone_phases(seconds * TICKS_PER_SECOND, 2)
        match = LiveMatch(2, 1, seconds * TICKS_PER_SECOND, Rules())
        driver = MatchDriver(match, [RoomSeat(0, "client"), RoomSeat(1, "client")], Lateness())
        driver.begin([PEOPLE] * 2)
        for before, phase in zip([None, *phases], phases, strict=False):
            match.arena.state.matches["tick"][0] = 0 if before is None else before.closed
            driver.frame.read()
            driver.viewer.look([], [])
            zone = read(driver.viewer.state(0)).zone
            assert (zone.closes, zone.closed) == (phase.closes, phase.closed)
            assert zone.target == pytest.approx(phase.radius, abs=1e-3)


def test_you_knows_what_the_next_decision_may_do() -> None:
    """`you` and the queue of casts must agree with the simulation about cap, cooldown, mana and chests."""
    table = Table()
    table.connect(1)
    table.say(1, Create(bots=["idle"], name="Ann", seed=6, duration=60))
    room = table.room_of(1)
    agreed = {True: 0, False: 0}
    for tick in range(600):
        table.say(1, Input(seq=tick + 1, move=tick // 40 % 9, verb=tick % 5, aim=tick % 32))
        table.tick()
        if room.state != "running":
            break
        state = table.last(1, State)
        legal = room.match.observe([0])["legal"][0]
        for verb in range(1, 6):
            spaced = state.you.spacing == 0 and state.you.budget > 0
            possible = room.driver.frame.can_cast(0, verb)
            assert possible == (bool(legal[verb]) and spaced), (tick, verb)
            agreed[possible] += 1
        if state.you.cooldowns[1] and not room.match.arena.state.mages["pending"][0, 0]:
            assert state.you.cooldowns[1] == room.match.arena.state.mages["ready"][0, 0, 1] - state.tick
        assert state.you.chest == bool(legal[5])
    assert min(agreed.values()) > 50
    assert room.match.outcome().illegal[0] == room.match.outcome().capped[0] == 0


def test_a_frame_is_a_copy_of_the_arrays() -> None:
    _, room = running()
    frame = Frame(room.match.arena)
    mages = room.match.arena.state.mages[0]
    assert [row[at.HEALTH] for row in frame.floats] == mages["health"].tolist()
    left = np.maximum(0, mages["ready"] - frame.tick)
    assert [row[COOLDOWNS] for row in frame.readiness] == left.tolist()
    assert [row[at.CAPPED] for row in frame.ints] == mages["capped"].tolist()
    shots = room.match.arena.state.shots[0]
    assert [shot[0] for shot in frame.shots] == np.flatnonzero(shots["active"]).tolist()
    for slot, x, _, vx, _, owner, row, school in frame.shots:
        assert (x, vx, owner, row, school) == tuple(shots[slot][["x", "vx", "owner", "row", "school"]].tolist())
    before = frame.floats[0][at.X]
    mages["x"][0] += 1
    assert frame.floats[0][at.X] == before
