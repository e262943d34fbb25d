"""The room without sockets: seats, inputs, spectators, coming back, taking over, the end."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botgame.feedback import MatchRecord, SeatRecord
from botgame.lms.arena import Limits
from botgame.lms.game import lms
from botgame.lms.replay.format import from_bytes, to_bytes
from botgame.lms.replay.live_recording import RecordedMatch, make_replays
from botgame.lms.replay.resimulate import resimulate
from botgame.lms.rules import DELAY_TICKS, SCHOOLS
from botgame.lms.simulation.state import UNCAPPED
from botgame.policies import load_policy
from botgame.server import protocol
from botgame.server.protocol import Act, Create, Error, Follow, Input, Join, Mark, Ready, Release, State, Take
from botgame.server.records.name_claims import NameClaims
from botgame.server.records.name_looks import looks
from botgame.server.records.name_owners import NameOwners, hashed
from botgame.server.rooms.live_match import LiveMatch
from botgame.server.rooms.player_input import QUEUE_TICKS
from botgame.server.rooms.room import LINGER_TICKS, MatchRoom
from botgame.server.rooms.seat_ownership import GRACE_TICKS
from live_table import Table, duel, small_rules


def mage(state: State, seat: int) -> protocol.MageView:
    return next(mage for mage in state.mages if mage.seat == seat)


def test_a_duel_against_a_bot_starts_at_once_and_ticks() -> None:
    table = Table()
    room = duel(table)
    said = table.last(1, protocol.Room)
    assert (said.state, said.seat, said.mode, said.owner) == ("running", 0, "duel", True)
    assert [(seat.controller, seat.name) for seat in said.seats] == [("human", "Ann"), ("bot", "idle")]
    assert len(said.walls) == said.cells == len(said.walls[0])
    assert said.walls[0] == "1" * said.cells
    table.tick(5)
    states = [message for message in table.heard[1] if isinstance(message, State)]
    assert [state.tick for state in states] == [1, 2, 3, 4, 5]
    assert room.match.tick == 5


def test_a_bot_that_was_trained_in_one_school_plays_it() -> None:
    bot = load_policy(lms(), "idle")
    bot.faction = "stormcaller"
    for seed in range(6):
        room = duel(Table(policies={"idle": bot}), seed=seed)
        assert SCHOOLS[room.ownership.seats[1].school] == "stormcaller"


def test_a_bot_keeps_its_cap_on_actions() -> None:
    for own, cap in ((7, 7), (UNCAPPED, 0)):
        bot = load_policy(lms(), "idle")
        bot.action_cap = own
        room = duel(Table(policies={"idle": bot}))
        limits = room.match.recording.opening.limits
        assert [limit.cap for limit in limits] == [0, cap]
        assert room.match.arena.state.mages["cap"][0].tolist() == [0, cap]


def test_inputs_move_the_mage_and_are_acknowledged() -> None:
    table = Table()
    duel(table)
    table.tick()
    walked = []
    for move in range(1, 9):
        table.say(1, Input(seq=move, move=move))
        table.tick(2)
        state = table.last(1, State)
        assert state.ack == move
        walked.append((mage(state, 0).vx, mage(state, 0).vy))
        assert mage(state, 0).move == move
    assert len(set(walked)) >= 4
    table.say(1, Input(seq=9, move=0))
    table.say(1, Input(seq=4, move=3))  # an old one that came late
    table.tick(2)
    after = mage(table.last(1, State), 0)
    assert (after.vx, after.vy, after.move) == (0, 0, 0)


def test_a_cast_waits_for_its_cooldown_and_is_then_forgotten() -> None:
    table = Table()
    room = duel(table, school="pyromancer")
    table.tick()
    table.say(1, Input(seq=1, verb=1, aim=8))
    table.tick()
    state = table.last(1, State)
    assert [(event.kind, event.seat, event.verb) for event in state.events] == [("cast", 0, 1)]
    assert [shot.owner for shot in state.shots] == [0]
    assert state.you is not None
    cooldown = state.you.cooldowns[0]
    assert cooldown == room.match.rules.abilities[0][0].cooldown * 30
    table.say(1, Input(seq=2, verb=1, aim=8))  # far too early: tried for a while, then dropped
    table.tick()
    assert table.last(1, State).you.queued == 1
    table.tick(QUEUE_TICKS)
    assert table.last(1, State).you.queued == 0
    table.tick(cooldown - QUEUE_TICKS - 4)
    table.say(1, Input(seq=3, verb=1, aim=8))  # a little too early: cast as soon as it is possible
    table.tick(QUEUE_TICKS)
    assert room.match.outcome().casts[0, 1] == 2
    assert room.match.outcome().illegal[0] == room.match.outcome().capped[0] == 0


def test_people_wait_for_each_other_and_ready_fills_with_bots() -> None:
    table = Table()
    table.connect(1, 2, 3)
    table.say(1, Create(seats=4, bots=["kiter"], name="Ann"))
    room = table.room_of(1)
    table.tick(40)
    assert (room.state, room.match.tick) == ("waiting", 0)
    table.say(2, Join(room=room.name, name="Bob", school="cryomancer"))
    assert table.last(1, protocol.Room).seats[1].name == "Bob"
    assert table.say(3, Ready())[0].code == "no_room"
    table.say(3, Join(room=room.name, spectate=True))
    assert table.say(3, Ready())[0].code == "not_allowed"
    table.say(2, Ready())
    seats = table.last(1, protocol.Room).seats
    assert [(seat.controller, seat.bot) for seat in seats] == [("human", ""), ("human", ""), *[("bot", "kiter")] * 2]
    assert seats[1].school == "cryomancer"
    assert all(seat.school != "any" for seat in seats)
    assert room.policies == ["human:Ann", "human:Bob", "kiter", "kiter"]
    assert table.say(2, Ready())[0].code == "not_now"
    assert table.say(3, Join(room=room.name, name="Cid"))[0].code == "not_now"
    table.connect(4)
    assert table.say(4, Join(room=room.name, name="Dan"))[0].code == "no_seat"


def test_spectators_see_everything_or_what_a_seat_sees() -> None:
    table = Table()
    table.connect(1, 2)
    table.say(1, Create(seats=2, bots=["lms_re", "kiter"], seat=-1, seed=3, duration=60))
    table.say(2, Join(room="r1-secret0", spectate=True))
    table.tick()
    whole = table.last(1, State)
    assert (whole.view, whole.you, len(whole.mages)) == (-1, None, 2)
    assert all(view.mana is not None for view in whole.mages)
    table.say(2, Follow(seat=1))
    table.tick()
    followed = table.last(2, State)
    assert (followed.view, followed.you) == (1, None)
    assert [view.seat for view in followed.mages] == [1]  # they begin out of each other's sight
    assert len(table.last(1, State).items) > len(followed.items)
    assert table.say(2, Follow(seat=2))[0].code == "no_seat"


def test_whoever_loses_the_line_comes_back_with_the_token() -> None:
    table = Table()
    room = duel(table, duration=90)
    token = table.last(1, protocol.Room).seat_token
    table.say(1, Input(seq=50, move=1))
    table.tick(3)
    table.drop(1)
    table.tick(GRACE_TICKS - 1)
    table.connect(2)
    assert table.say(2, Join(room=room.name, seat_token="guess"))[0].code == "no_seat"
    table.say(2, Join(room=room.name, seat_token=token))
    assert table.last(2, protocol.Room).seat == 0
    table.say(2, Input(seq=1, move=5))  # a page that was loaded anew counts from the start
    table.tick(2)
    assert table.last(2, State).ack == 1
    assert mage(table.last(2, State), 0).move == 5


def test_a_second_window_takes_the_place_of_the_first() -> None:
    table = Table()
    room = duel(table)
    table.connect(2)
    table.say(2, Join(room=room.name, seat_token=table.last(1, protocol.Room).seat_token))
    assert table.last(2, protocol.Room).owner
    table.tick()
    assert isinstance(table.heard[2][-1], State)
    assert (table.heard[1][-1].code, "replaced" in protocol.FATAL) == ("replaced", True)  # its connection is closed
    assert table.say(1, Input(seq=1))[0].code == "no_room"


def test_a_bot_plays_on_for_who_does_not_come_back_or_leaves_as_long_as_anybody_watches() -> None:
    table = Table()
    room = duel(table, duration=90)
    token = table.last(1, protocol.Room).seat_token
    table.connect(2)
    table.say(2, Join(room=room.name, spectate=True))
    table.say(1, Input(seq=1, move=1))
    table.tick()
    table.drop(1)
    table.tick(2)
    assert room.match.arena.state.mages["move"][0, 0] == 0  # nobody holds the key any more
    table.tick(GRACE_TICKS)
    assert (room.ownership.seats[0].kind, room.ownership.seats[0].bot) == ("bot", "idle")
    assert [(change.seat, change.controller) for change in room.match.recording.changes] == [(0, 0)]
    assert table.say(2, Join(room=room.name, seat_token=token))[0].code == "not_now"
    table.connect(4)
    assert table.say(4, Join(room=room.name, seat_token=token))[0].code == "no_seat"
    other = duel(table, 3)
    table.say(4, Join(room=other.name, spectate=True))
    table.say(3, protocol.Leave())
    assert other.ownership.seats[0].kind == "bot"
    table.play_out(other)
    assert not other.match.is_cut


@pytest.mark.parametrize("seats", [2, 3])
@pytest.mark.parametrize("how", ["leave", "lost", "spectator"])
def test_a_match_without_people_is_cut_off(how: str, seats: int) -> None:
    table = Table()
    table.connect(1)
    seat = -1 if how == "spectator" else 0
    table.say(1, Create(seats=seats, bots=["idle"] * (seats - seat - 1), duration=120, seat=seat))
    room = table.room_of(1)
    table.tick(5)
    if how == "leave":
        table.say(1, protocol.Leave())
        table.tick()
    else:
        table.drop(1)
        table.tick(GRACE_TICKS)
        assert room.state == "running"  # its people may come back
        table.tick(1)
    assert (room.state, room.match.is_cut) == ("over", True)
    assert room.match.outcome().places.tolist() == [1] * seats
    assert room.take_finished()
    assert not room.take_finished()
    room.saved("")
    table.tick()
    assert not table.lobby.rooms


def test_rooms_without_people_make_way() -> None:
    table = Table(max_rooms=3)
    rooms = [duel(table, client, duration=120) for client in (1, 2, 3)]
    table.tick()
    table.connect(4)
    assert table.say(4, Create(bots=["idle"]))[0].code == "busy"
    table.drop(2)
    table.tick()
    table.drop(1)
    new = [duel(table, client, duration=120) for client in (4, 5)]
    table.connect(7)
    assert table.say(7, Join(room=rooms[0].name, spectate=True))[0].code == "no_room"
    table.tick()
    assert [room.state for room in rooms + new] == ["over", "over", "running", "running", "running"]
    table.connect(6)
    assert table.say(6, Create(bots=["idle"]))[0].code == "busy"


def test_a_room_that_ends_before_its_first_tick_leaves_nothing_to_save() -> None:
    table = Table()
    room = duel(table)
    table.say(1, protocol.Leave())
    table.tick(2)
    assert not room.take_finished()
    assert not table.lobby.rooms


def test_who_leaves_after_dying_has_played_the_whole_match() -> None:
    table = Table()
    room = duel(table, seats=3, bots=["lms_re", "lms_re"], duration=30)
    while room.match.is_alive(0):
        table.tick()
    assert room.state == "running"
    table.say(1, protocol.Leave())
    table.tick(GRACE_TICKS + 2)
    assert room.match.recording.changes == []  # so the match is rated


def test_a_match_against_bots_is_played_again_in_the_same_seats() -> None:
    table = Table(rules=small_rules())
    table.connect(1)
    table.say(1, Create(seats=4, bots=["idle", "kiter"], name="Ann", school="cryomancer", duration=20.0))
    old = table.room_of(1)
    table.say(1, Ready())  # a third bot takes the free seat
    assert table.say(1, protocol.Rematch())[0].code == "not_now"
    table.play_out(old)
    table.say(1, protocol.Rematch())
    said = table.last(1, protocol.Room)
    assert (said.state, said.seat, said.owner, said.duration_ticks) == ("running", 0, True, 600)
    assert [(seat.name, seat.controller) for seat in said.seats] == [
        ("Ann", "human"),
        *[(bot, "bot") for bot in ("idle", "idle", "kiter")],
    ]
    assert said.seats[0].school == "cryomancer"
    assert (said.room != old.name, said.seed != str(old.match.seed), old.members) == (True, True, {})
    table.tick(3)
    assert table.last(1, State).tick == 3


def test_both_people_are_asked_for_a_rematch_and_meet_in_one_room() -> None:
    table = Table(rules=small_rules())
    table.connect(1, 2, 3)
    table.say(1, Create(name="Ann"))
    old = table.room_of(1)
    table.say(2, Join(room=old.name, name="Bob"))
    table.say(3, Join(room=old.name, spectate=True))
    table.play_out(old)
    table.say(2, protocol.Rematch())
    asked = table.last(1, protocol.Room)
    assert (asked.room, asked.rematch) == (old.name, "Bob")
    waiting = table.last(2, protocol.Room)
    assert (waiting.state, waiting.seat, waiting.seats[0].controller) == ("waiting", 1, "open")
    table.say(1, protocol.Rematch())
    for client in (1, 2):
        said = table.last(client, protocol.Room)
        assert (said.room, said.state, said.rematch) == (waiting.room, "running", "")
        assert (said.seat, [seat.name for seat in said.seats]) == (client - 1, ["Ann", "Bob"])
    table.say(3, protocol.Rematch())
    assert table.last(3, protocol.Room).seat == -1
    assert len(table.lobby.rooms[waiting.room].members) == 3


def test_nobody_acts_in_the_countdown_of_a_match_with_people() -> None:
    table = Table(countdown_ticks=90)
    room = duel(table, bot="lms_re")
    assert table.last(1, protocol.Room).countdown_ticks == room.match.countdown_ticks == 90
    table.say(1, Input(seq=1, move=1, verb=1))
    table.tick(90)
    assert np.all(room.match.arena.state.mages["vx"] == 0)
    table.tick(3)
    assert mage(table.last(1, State), 0).move == 1
    (replay,) = make_replays([RecordedMatch(cut_off(room).recording, room.match.outcome(), room.policies, [None] * 2)])
    assert replay.header.countdown_ticks == 90
    assert (replay.decisions.tick.min(), set(replay.decisions.seat.tolist())) == (90, {0, 1})
    read_again = from_bytes(to_bytes(replay), Path("live.lmsr"))
    assert read_again.header.countdown_ticks == 90
    assert [finished.fault for finished in resimulate([read_again])] == [None]


def cut_off(room: MatchRoom) -> LiveMatch:
    room.end()
    return room.match


def test_matches_without_people_and_short_ones_count_down_less() -> None:
    table = Table(countdown_ticks=90)
    assert duel(table, duration=20).match.countdown_ticks == 60
    table.connect(2)
    table.say(2, Create(bots=["idle", "kiter"], seat=-1))
    assert table.room_of(2).match.countdown_ticks == 0
    assert duel(table, 3, observe=True).match.countdown_ticks == 0


def test_who_leaves_a_match_has_lost_it_whatever_the_bot_achieves() -> None:
    table = Table(rules=small_rules())
    table.connect(1, 2)
    table.say(1, Create(seats=2, name="Ann"))
    room = table.room_of(1)
    table.say(2, Join(room=room.name, name="Bob"))
    table.tick(2)
    assert table.last(1, protocol.Room).rated
    table.say(2, protocol.Leave())
    assert table.last(1, protocol.Room).rated  # for the one who stays
    room.match.arena.state.mages["health"][0, 0] = 0.5  # so Ann dies before the bot in Bob's seat
    table.play_out(room)
    assert room.match.outcome().places.tolist() == [2, 1]
    table.deliver(room.saved("duel.lmsr"))
    result = table.last(1, protocol.Result)
    assert (result.places, result.left, result.broken_off, result.killers) == ([1, 2], [1], False, [-1, -1])


def test_leaving_a_bot_is_a_loss_too_and_so_is_staying_away() -> None:
    table = Table()
    room = duel(table, duration=120)
    table.tick(5)
    table.say(1, protocol.Leave())
    table.tick()
    assert (room.state, room.ownership.forfeits) == ("over", {0: 5})
    away = duel(table, 2, duration=120)
    table.drop(2)
    table.tick(GRACE_TICKS + 2)
    assert (away.state, list(away.ownership.forfeits)) == ("over", [0])


def test_matches_of_the_unnamed_are_not_rated() -> None:
    table = Table()
    duel(table, name="")
    assert not table.last(1, protocol.Room).rated
    table.connect(2)
    table.say(2, Create(seats=2, bots=["idle", "kiter"], seat=-1))
    table.say(2, Take(seat=0))
    assert not table.last(2, protocol.Room).rated


def test_spectators_of_rated_matches_see_late_and_up_to_the_end() -> None:
    table = Table(delay_ticks=10, rules=small_rules())
    room = duel(table, bot="lms_re")
    table.connect(2)
    table.say(2, Join(room=room.name, spectate=True))
    assert table.last(2, protocol.Room).delay_ticks == 10
    table.tick(10)
    assert not [message for message in table.heard[2] if isinstance(message, State)]
    table.tick()
    assert (table.last(1, State).tick, table.last(2, State).tick) == (11, 1)
    table.say(2, Follow(seat=1))
    table.tick()
    assert table.last(2, State).view == -1  # nobody watched that view at the time
    table.tick(10)
    assert table.last(2, State).view == 1
    table.say(2, Mark(seat=1, verdict="good"))
    assert [(mark.tick, mark.seat) for mark in room.match.recording.marks] == [(12, 1)]
    table.play_out(room)
    last = table.last(1, State).tick
    table.deliver(room.saved("duel.lmsr"))
    assert isinstance(table.heard[1][-1], protocol.Result)
    assert table.last(2, State).tick == last - 10
    table.tick(10)
    assert table.last(2, State).tick == last
    assert isinstance(table.heard[2][-1], protocol.Result)


def test_who_watches_a_program_to_correct_it_sees_the_present() -> None:
    table = Table(delay_ticks=10)
    duel(table, observe=True)
    table.connect(2)
    table.say(2, Join(room=table.room_of(1).name, spectate=True))
    table.tick()
    assert (table.last(2, State).tick, table.last(2, protocol.Room).delay_ticks) == (1, 0)


def test_a_room_is_found_by_its_short_code() -> None:
    table = Table()
    table.connect(1, 2)
    table.say(1, Create(name="Ann"))
    table.say(2, Join(room="R1", name="Bob"))
    assert table.last(2, protocol.Room).room == table.room_of(1).name == "r1-secret0"
    assert table.say(2, Join(room="r"))[0].code == "no_room"


def test_taking_over_and_giving_back() -> None:
    table = Table()
    table.connect(1, 2)
    table.say(1, Create(seats=2, bots=["lms_re", "kiter"], seat=-1, seed=3, duration=60))
    room = table.room_of(1)
    table.say(2, Join(room=room.name, spectate=True))
    table.tick(10)
    table.say(2, Take(seat=1))
    said = table.last(2, protocol.Room)
    assert (said.seat, said.seats[1].controller, said.seats[1].bot) == (1, "human", "kiter")
    assert table.say(1, Take(seat=1))[0].code == "no_seat"
    table.say(2, Input(seq=1, move=3))
    table.tick(4)
    state = table.last(2, State)
    assert (state.view, mage(state, 1).move) == (1, 3)
    assert state.you is not None
    decided = room.match.outcome().casts[1].sum()
    table.say(2, Release())
    assert table.last(2, protocol.Room).seats[1].controller == "bot"
    table.tick(10)
    assert room.match.outcome().casts[1].sum() > decided
    assert table.say(2, Release())[0].code == "not_now"
    assert [(c.tick, c.seat, c.controller) for c in room.match.recording.changes] == [(10, 1, 1), (14, 1, 0)]
    table.say(2, Take(seat=0))
    table.drop(2)
    assert room.ownership.seats[0].kind == "bot"


def test_nobody_takes_over_what_people_play_against() -> None:
    table = Table()
    room = duel(table)
    table.connect(2)
    table.say(2, Join(room=room.name, spectate=True))
    assert table.say(2, Take(seat=1))[0].code == "not_allowed"
    refused = table.say(1, Take(seat=1))[0]
    assert (refused.code, refused.message) == (
        "not_allowed",
        "only spectators take over a bot's seat, and you have a seat",
    )
    assert table.say(2, Take(seat=0))[0].code == "no_seat"
    assert table.say(2, Take(seat=7))[0].code == "no_seat"
    assert not room.match.recording.changes


def test_a_program_is_shown_what_is_due_and_its_decision_counts() -> None:
    table = Table()
    room = duel(table, observe=True)
    assert table.last(1, protocol.Room).seats[0].controller == "client"
    seen = table.last(1, protocol.Observation)
    assert (seen.tick, seen.seat) == (0, 0)
    assert set(seen.arrays) == {"scalars", "vectors", "entities", "entity_mask", "raster", "legal"}
    delay = 3
    table.say(1, Act(tick=seen.tick, action=[0, delay, 5, 0, 0, 0]))
    table.say(1, Act(tick=seen.tick, action=[0, 0, 1, 0, 0, 0]))  # a second answer to one question
    table.tick()
    assert mage(table.last(1, State), 0).move == 5
    decided = room.match.tick - 1
    table.tick(DELAY_TICKS[delay] + 1)
    assert table.last(1, protocol.Observation).tick == decided + DELAY_TICKS[delay]
    limits = room.match.recording.opening.limits[0]
    assert limits == Limits.of_bots(room.match.rules)
    assert room.policies[0] == "remote:Ann"


def test_a_program_at_the_keys_lives_under_the_limits_of_bots() -> None:
    table = Table()
    room = duel(table, observe=True)
    for tick in range(60):
        table.say(1, Input(seq=tick + 1, move=1 + tick % 8))
        table.tick()
    stamps = room.match.arena.state.mages["stamp_count"][0, 0]
    assert 60 // 3 >= stamps > 60 // 5  # turning counts, and at most every third tick
    shown = [message.tick for message in table.heard[1] if isinstance(message, protocol.Observation)]
    assert shown[0] == 0
    assert len(shown) >= 15


def test_its_own_person_takes_over_from_a_program() -> None:
    table = Table()
    room = duel(table, observe=True)
    table.tick(3)
    table.say(1, Take(seat=0))
    assert table.last(1, protocol.Room).seats[0].controller == "human"
    assert table.say(1, Act(tick=0, action=[0] * 6))[0].code == "not_allowed"
    table.say(1, Release())
    assert (table.last(1, protocol.Room).seat, room.ownership.seats[0].kind) == (0, "client")


def test_marks_are_kept_and_shown() -> None:
    table = Table()
    room = duel(table)
    assert table.say(1, Mark(seat=1, verdict="good")) == []
    table.tick(4)
    table.say(1, Mark(seat=0, verdict="bad"))
    table.tick()
    assert [(mark.tick, mark.seat, mark.value) for mark in room.match.recording.marks] == [(0, 1, 1), (4, 0, -1)]
    events = [event for event in table.last(1, State).events if event.kind == "mark"]
    assert [(event.seat, event.verdict) for event in events] == [(0, "bad")]
    assert table.say(1, Mark(seat=2, verdict="bad"))[0].code == "no_seat"


def test_the_end_is_told_once_it_is_saved_and_the_room_goes() -> None:
    table = Table(rules=small_rules())
    room = duel(table)
    table.play_out(room)
    assert table.last(1, protocol.Room).state == "over"
    assert room.take_finished()
    table.deliver(room.saved("duel_s11_0.lmsr"))
    result = table.last(1, protocol.Result)
    assert result.replay == "duel_s11_0.lmsr"
    assert result.places == room.match.outcome().places.tolist()
    assert table.say(1, Mark(seat=0, verdict="good"))[0].code == "not_now"
    assert table.say(1, Take(seat=1))[0].code == "not_now"
    table.tick(LINGER_TICKS + 2)
    assert not table.lobby.rooms


def test_a_dead_player_watches_the_others() -> None:
    table = Table(rules=small_rules())
    table.connect(1)
    table.say(1, Create(seats=3, bots=["idle", "idle"], name="Ann", seed=2))
    room = table.room_of(1)
    table.tick(2)
    room.match.arena.state.mages["health"][0, 0] = 0.5  # the zone takes it first
    while room.state == "running" and room.match.arena.state.mages["alive"][0, 0]:
        table.tick()
    assert room.state == "running"
    state = table.last(1, State)
    assert (state.view, state.you, len(state.mages)) == (-1, None, 3)
    assert [(event.seat, event.by) for event in state.events if event.kind == "kill"] == [(0, -1)]


@pytest.mark.parametrize("keep", [False, True])
def test_a_room_nobody_enters_goes_unless_the_operator_made_it(keep: bool) -> None:
    table = Table()
    if keep:
        table.lobby.open_duel("idle", 900)
    else:
        table.connect(1)
        table.say(1, Create(seats=2))
        table.say(1, protocol.Leave())
    table.tick(GRACE_TICKS + 3)
    assert bool(table.lobby.rooms) is keep
    if keep:
        table.connect(2)
        table.say(2, Join(room="r1-secret0", name="Ann"))
        assert table.last(2, protocol.Room).state == "running"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (" a\n\tb\x1b ", "a b"),
        ("", "player"),
        ("lms_re", "player"),
        ("lms_re.pt", "player"),
        ("x/LMS_RE", "player"),
        ("C:\\lms_re.onnx", "player"),
        ("\uff4cms_re", "player"),
        ("Ims_re", "player"),
        ("lrns_re", "player"),
        ("my lms_re", "my lms_re"),
    ],
)
def test_names_are_made_fit_and_nobody_looks_like_a_bot(given: str, shown: str) -> None:
    table = Table()
    duel(table, name=given)
    assert table.last(1, protocol.Room).seats[0].name == shown
    (lobby,) = table.say(1, protocol.ListRooms())
    assert lobby.rooms[0].names == [f"human:{shown}", "idle"]


def test_the_lobby_lists_rooms_and_refuses_what_it_must() -> None:
    table = Table(max_rooms=2)
    table.connect(1, 2, 3)
    assert table.say(1, Create(bots=["builtins:exec"]))[0].code == "bad_bot"
    assert table.say(1, Create(bots=["artifacts/x.pt"]))[0].code == "bad_bot"
    assert table.say(1, Create(bots=["idle"] * 3))[0].code == "no_seat"
    assert table.say(1, Create(bots=["idle", "idle"]))[0].code == "no_seat"
    assert not table.lobby.rooms
    assert table.say(1, Join(room="r9"))[0].code == "no_room"
    table.say(1, Create(bots=["idle"], name="Ann"))
    table.say(2, Create(seats=3, bots=[], duration=60))
    (lobby,) = table.say(3, protocol.ListRooms())
    assert [(line.state, line.seats, line.taken, line.humans) for line in lobby.rooms] == [
        ("running", 2, 2, 1),
        ("waiting", 3, 1, 1),
    ]
    assert lobby.rooms[1].duration == 60
    assert table.say(3, Create(bots=["idle"]))[0].code == "busy"
    table.connect(4)
    table.drop(2)  # nobody is left in the room that waits: it makes way
    assert table.say(4, Create(seats=4))[0].seat == 0
    table.tick()
    assert len(table.lobby.rooms) == 2
    (lobby,) = table.say(3, protocol.ListRooms())
    table.say(1, Join(room=lobby.rooms[1].room, name="Ann"))  # whoever goes elsewhere leaves
    assert table.last(1, protocol.Room).room == lobby.rooms[1].room
    assert table.lobby.rooms[lobby.rooms[0].room].ownership.seats[0].kind == "bot"


def test_the_first_message_is_hello_with_the_right_words() -> None:
    table = Table(token="open sesame")
    table.connect(1, 2, 3, 4, hello=False)
    assert table.say(1, protocol.ListRooms())[0].code == "protocol"
    assert table.say(2, protocol.Hello(1, protocol.GAME, "wrong"))[0].code == "token"
    assert table.say(3, protocol.Hello(2, protocol.GAME, "open sesame"))[0].code == "protocol"
    assert table.say(3, protocol.Hello(1, "chess", "open sesame"))[0].code == "protocol"
    (welcome,) = table.say(4, protocol.Hello(1, protocol.GAME, "open sesame"))
    assert welcome.bots == ["lms_re", "kiter", "idle"]
    assert welcome.heads[0] == ("verb", 6)
    assert set(welcome.abilities) == set(welcome.schools)
    assert table.say(4, protocol.Hello(1, protocol.GAME, "open sesame"))[0].code == "protocol"


def test_frames_that_are_no_messages_are_answered_and_at_last_fatal() -> None:
    table = Table()
    room = duel(table)
    codes = [table.say(1, frame)[0].code for frame in (b"\xff", "{", "[]", '{"type":"nothing"}') * 5]
    assert codes == ["invalid"] * 19 + ["malformed"]
    assert "malformed" in protocol.FATAL
    assert "invalid" not in protocol.FATAL
    table.tick()
    assert room.match.tick == 1
    assert isinstance(table.say(1, protocol.Ping(2.5))[0], protocol.Pong)
    assert isinstance(table.say(1, Join(room=room.name))[0], Error)


def test_a_dead_player_sees_the_match_late_while_another_person_plays() -> None:
    table = Table(rules=small_rules(), delay_ticks=20)
    table.connect(1, 2)
    table.say(1, Create(seats=4, bots=["idle", "idle"], name="Ann", seed=2))
    table.say(2, Join(room=table.room_of(1).name, name="Bob"))
    room, mages = table.room_of(1), table.room_of(1).match.arena.state.mages
    table.tick(30)
    mages["health"][0, 0] = 0.1  # the zone takes it next
    while mages["alive"][0, 0]:
        table.tick()
    died = room.match.tick
    assert table.last(2, State).tick == died
    assert table.last(1, State).tick == died - 20
    table.say(1, Mark(seat=1, verdict="bad"))
    assert [mark.tick for mark in room.match.recording.marks] == [died - 20]
    mages["health"][0, 1] = 0.1
    while mages["alive"][0, 1]:
        table.tick()
    assert room.state == "running"  # only bots are left: nobody can be helped
    assert table.last(1, State).tick == table.last(2, State).tick == room.match.tick


# ---- names ---------------------------------------------------------------------------------------------------------


def test_a_name_belongs_to_the_key_that_played_with_it_first() -> None:
    table = Table()
    room = duel(table, key="of Ann")
    table.play_out(room)
    seats = [SeatRecord(policy, name_key=key) for policy, key in zip(room.policies, room.name_keys, strict=True)]
    assert [bool(seat.name_key) for seat in seats] == [True, False]
    assert "of Ann" not in repr(room.name_keys)
    table.say(1, protocol.Leave())
    table.tick(2)
    table.lobby.names.add(MatchRecord("m", "a.lmsr", seats))
    table.connect(2, 3)
    for name in ("Ann", "ANN", "\uff21nn", "\u0410nn", "\u0391nn", "Ann\ufe0f", "A\u034fnn\u3164", " Ann\u2800"):
        (refusal,) = table.say(2, Create(bots=["idle"], name=name, key="of Bob"))
        assert refusal.code == "name_taken"
    assert "choose another" in refusal.message
    assert table.say(2, Create(bots=["idle"], name="Ann"))[0].code == "name_taken"  # no key is nobody's key
    table.say(2, Create(bots=["idle"], name="Ann", key="of Ann"))
    assert table.last(2, protocol.Room).seats[0].name == "Ann"
    table.say(3, Create(bots=["idle"], name="Ann", observe=True))  # `remote:Ann` is another player
    assert table.last(3, protocol.Room).seats[0].controller == "client"


@pytest.mark.parametrize(
    ("taken", "same", "other"),
    [
        (
            "Paul",
            ["PauI", "Pau1", "Pau|", "PAUL", "P\u0430ul", "Pa\u200bul", "Pau\u00adl"],
            ["PAUI", "Paula", "Pau", "P\u00e4ul"],
        ),
        ("Milo", ["MiIo", "Mi1o", "M\u0456lo", "rnilo", "mi\u2060lo", "Mi10"], ["Nilo", "Mlio"]),
        ("Karl", ["Kar1", "KarI", "kar1"], ["KARI", "Kari", "Carl"]),
        ("Bernie", ["Bemie", "BERNIE", "bernie"], ["Berie", "Bernice"]),
        ("Oz", ["0z", "oz", "\u039fz"], ["0zz", "Q z"]),
        ("Ann Bo", ["Ann  Bo", "ann\u2009bo", "Ann \u200b Bo"], ["AnnBo", "Ann-Bo", "Ann Bo 2"]),
        ("vvill", ["will", "wiII"], ["vill"]),
    ],
)
def test_a_name_that_looks_like_a_taken_one_is_refused_and_no_other_is(
    taken: str, same: list[str], other: list[str]
) -> None:
    table = Table(max_rooms=32)
    table.lobby.names.add(MatchRecord("m", "a.lmsr", [SeatRecord(f"human:{taken}", name_key="x"), SeatRecord("idle")]))
    table.connect(1)
    for name in same:
        assert table.say(1, Create(bots=["idle"], name=name, key="1"))[0].code == "name_taken", name
    for name in other:
        table.say(1, Create(bots=["idle"], name=name, key="1"))
        assert table.last(1, protocol.Room).seats[0].name == name


def two_tables(folder: Path, **settings: Any) -> tuple[Table, Table]:
    """Two servers on one folder that started before anybody had a name."""
    tables = Table(**settings), Table(**settings)
    for table in tables:
        table.lobby.names = NameOwners((), NameClaims(folder))
        table.connect(1, 2)
    return tables


def test_a_second_server_on_the_folder_knows_at_once_which_names_are_given_away(tmp_path: Path) -> None:
    one, two = two_tables(tmp_path)
    one.say(1, Create(seats=2, name="Paul", key="1"))
    for name in ("paul", "PauI"):
        assert two.say(1, Create(seats=2, name=name, key="2"))[0].code == "name_taken"
    assert two.say(1, Create(seats=2, name="Paul"))[0].code == "name_taken"
    two.say(1, Create(seats=2, name="Paul", key="1"))  # the same person may be on both
    assert two.last(1, protocol.Room).seats[0].name == "Paul"
    two.say(2, Create(seats=2, name="Paula", key="2"))
    assert two.last(2, protocol.Room).seats[0].name == "Paula"


def test_a_name_is_free_again_when_its_room_ends_without_a_match_and_stays_with_a_recorded_one(tmp_path: Path) -> None:
    one, two = two_tables(tmp_path)
    one.say(1, Create(seats=2, name="Ann", key="1"))
    one.say(2, Create(seats=2, name="Bob", key="2"))
    seats = [SeatRecord("human:Bob", name_key=hashed("Bob", "2")), SeatRecord("idle")]
    one.lobby.names.add(MatchRecord("m", "a.lmsr", seats))
    one.say(1, protocol.Leave())
    one.say(2, protocol.Leave())
    one.tick(GRACE_TICKS + 3)
    assert not one.lobby.rooms
    two.say(1, Create(seats=2, name="Ann", key="3"))
    assert two.last(1, protocol.Room).seats[0].name == "Ann"
    assert two.say(2, Create(seats=2, name="Bob", key="3"))[0].code == "name_taken"


def test_however_many_names_a_room_has_seen_their_claims_end_in_one_step(tmp_path: Path, monkeypatch) -> None:
    one, two = two_tables(tmp_path)
    one.say(1, Create(seats=2, seat=-1))
    room = one.room_of(1).name
    for number in range(50):
        one.say(2, Join(room=room, name=f"name {number}", key="1"))
        one.say(2, protocol.Leave())
    one.say(1, protocol.Leave())
    opened, connect = [], sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **more: (opened.append(given), connect(*given, **more))[1])
    one.tick(GRACE_TICKS + 3)
    assert (len(one.lobby.rooms), len(opened)) == (0, 1)
    two.say(1, Create(seats=2, name="name 7", key="2"))
    assert two.last(1, protocol.Room).seats[0].name == "name 7"


def test_who_may_make_no_room_claims_no_name(tmp_path: Path) -> None:
    one, two = two_tables(tmp_path)
    one.lobby.may_create = lambda client: False
    assert one.say(1, Create(seats=2, name="Ann", key="1"))[0].code == "busy"
    two.say(1, Create(seats=2, name="Ann", key="2"))
    assert two.last(1, protocol.Room).seats[0].name == "Ann"


def test_of_many_servers_that_give_one_name_away_at_a_time_one_does(tmp_path: Path) -> None:
    claims = [NameClaims(tmp_path) for _ in range(8)]
    for name in ("Ann", "Bob", "Cy"):
        with ThreadPoolExecutor(len(claims)) as pool:
            given = list(pool.map(lambda number: claims[number].claim(looks(name), str(number)), range(8)))  # noqa: B023
        assert given.count(True) == 1


def test_a_folder_that_cannot_hold_claims_refuses_nobody_and_says_so(tmp_path: Path, caplog: Any) -> None:
    (tmp_path / "names.sqlite").write_bytes(b"something else" * 100)
    one, _ = two_tables(tmp_path)
    one.say(1, Create(seats=2, name="Ann", key="1"))
    assert one.last(1, protocol.Room).seats[0].name == "Ann"
    assert "names.sqlite" in caplog.text


@pytest.mark.parametrize("name", ["\u200b", "\u3164", "\u2800 \ufe0f", "idle\ufe0f", "\u0456dl\u0435", "ID\u034fLE"])
def test_a_name_that_shows_nothing_or_a_bots_is_no_name(name: str) -> None:
    table = Table()
    table.connect(1)
    table.say(1, Create(bots=["idle"], name=name, key="1"))
    assert table.last(1, protocol.Room).seats[0].name == "player"


def test_nobody_takes_the_name_of_a_person_who_is_in_a_room() -> None:
    table = Table()
    table.connect(1, 2)
    table.say(1, Create(seats=2, name="Ann", key="1"))
    room = table.room_of(1)
    assert table.say(2, Join(room=room.name, name="ann", key="2"))[0].code == "name_taken"
    table.say(2, Join(room=room.name, name="ann", key="2", spectate=True))  # spectators have no name
    assert table.last(2, protocol.Room).seat == -1
    table.say(2, protocol.Leave())
    table.say(2, Join(room=room.name, key="2"))
    assert table.last(2, protocol.Room).seats[1].name == "player"


def test_a_rematch_keeps_whose_name_it_is() -> None:
    table = Table(rules=small_rules())
    room = duel(table, key="1")
    table.play_out(room)
    table.say(1, protocol.Rematch())
    assert table.room_of(1) is not room
    assert table.room_of(1).name_keys == room.name_keys
