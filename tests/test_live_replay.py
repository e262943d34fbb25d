"""Replays of live matches play again exactly: late bots, people, take-overs, marks; and what training gets of them."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import msgspec
import numpy as np
import pytest

from botgame.errors import UserError
from botgame.feedback import TAKEN_OVER, Decision, is_rated, read_manifests, read_streams
from botgame.feedback import Mark as MarkLine
from botgame.game import Setup
from botgame.lms.replay.format import Replay, from_bytes, read, to_bytes
from botgame.lms.replay.header import HUMAN, ReplayMark
from botgame.lms.replay.live_recording import RecordedMatch, human_decisions, make_replays
from botgame.lms.replay.resimulate import resimulate, trajectories
from botgame.lms.replay.showing.film import film
from botgame.lms.replay.showing.texts import winner
from botgame.lms.replay.verify import verify
from botgame.lms.rules import DELAY_TICKS
from botgame.policies import load_policy
from botgame.server import protocol
from botgame.server.protocol import Act, Create, Input, Mark, Release, Take
from botgame.server.records.archive import Archive, FinishedMatch, append
from botgame.server.records.replay_list import ReplayList
from botgame.server.rooms.room import MatchRoom
from botgame.training.imitation.seat_choice import SeatChoice
from botgame.training.imitation.source import ReplaySource
from held_listing import hold_listings
from live_table import Table, duel
from matches import LMS, recorded


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let this process write no file beyond so many bytes."""
    resource = pytest.importorskip("resource", reason="Windows has no limit on the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def recorded_match(room: MatchRoom) -> RecordedMatch:
    assert room.match.recording is not None
    return RecordedMatch(room.match.recording, room.match.outcome(), room.policies, [None] * len(room.policies))


def replay_of(room: MatchRoom) -> Replay:
    (replay,) = make_replays([recorded_match(room)])
    assert isinstance(replay, Replay), replay
    return from_bytes(to_bytes(replay), Path("live.lmsr"))  # through the file's own checks


def faults(replay: Replay) -> list[str | None]:
    return [finished.fault for finished in resimulate([replay])]


def fidget(table: Table, client: int, seq: int) -> None:
    """A person's input of no great sense."""
    draw = seq * 2654435761 % 2**32
    table.say(client, Input(seq=seq, move=draw % 9, verb=(0, 0, 1, 2, 3, 4)[draw // 9 % 6], aim=draw // 64 % 32))


def busy_match(late: int = 2) -> MatchRoom:
    """Three seats: a person, two late bots, one of which is taken over for a while; marks all along."""
    table = Table(late=late)
    table.connect(1, 2)
    table.say(1, Create(seats=3, bots=["lms_re", "kiter"], name="Ann", seed=8, duration=15))
    room = table.room_of(1)
    table.say(2, protocol.Join(room=room.name, spectate=True))
    seq = 0
    while room.state == "running":
        seq += 1
        if seq % 7 == 0:
            fidget(table, 1, seq)
        if seq == 40:
            table.say(1, Mark(seat=1, verdict="good"))
            table.say(2, Mark(seat=2, verdict="bad"))
        table.tick()
    return room


@pytest.mark.parametrize("late", [0, 1, 3, 9])
def test_late_bots_and_people_play_again_exactly(late: int) -> None:
    room = busy_match(late)
    replay = replay_of(room)
    header, decisions = replay.header, replay.decisions
    assert faults(replay) == [None]
    assert header.live is True
    assert [seat.controller for seat in header.seats] == [1, 0, 0]
    assert [(seat.reaction, seat.cap_moves) for seat in header.seats] == [(0, 0), (4, 1), (4, 1)]
    assert [(mark.seat, mark.value) for mark in header.marks] == [(1, 1), (2, -1)]
    bots = decisions.seat > 0
    age = (decisions.tick - decisions.seen)[bots & (decisions.tick > 20)]
    assert age.min() >= 4
    assert 4 + late // 2 <= age.max() <= 4 + late
    assert (decisions.tick == decisions.seen)[~bots].all()


def test_a_match_of_bots_that_are_never_late_is_the_match_that_is_played_without_a_clock() -> None:
    table = Table()
    table.connect(1)
    table.say(1, Create(bots=["lms_re", "kiter"], seat=-1, seed=21, duration=40))
    room = table.room_of(1)
    table.play_out(room)
    live = replay_of(room)
    setup = Setup(21, (0, 1), tuple(seat.school for seat in live.header.seats), 40 * 30)
    (plain,) = recorded([load_policy(LMS, name) for name in ("lms_re", "kiter")], iter([setup]), slots=1)
    assert live.decisions == plain.decisions
    assert msgspec.structs.replace(live.header, live=msgspec.UNSET) == plain.header
    assert b"live" not in msgspec.json.encode(plain.header)


GOLDEN = {0: "royale_s8_f1b916fd753d.lmsr", 3: "royale_s8_adb6fe026a3a.lmsr", 9: "royale_s8_da855f0dcc35.lmsr"}


@pytest.mark.parametrize("late", sorted(GOLDEN))
def test_a_live_match_is_the_same_to_the_bit(late: int) -> None:
    """The name of a replay holds a hash of its contents, with the state digests of every second."""
    assert replay_of(busy_match(late)).name == GOLDEN[late]


def taken_over() -> tuple[Table, MatchRoom]:
    """A spectator takes over seat 1 twice, the second time to the end."""
    table = Table(late=1)
    table.connect(1)
    table.say(1, Create(bots=["kiter", "lms_re"], seat=-1, seed=5, duration=15))
    room = table.room_of(1)
    for seq in range(1, 10_000):
        if seq in (30, 150):
            table.say(1, Take(seat=1))
        if seq == 90:
            table.say(1, Release())
        if seq % 5 == 0:
            fidget(table, 1, seq)
        table.tick()
        if room.state == "over":
            break
    return table, room


def test_taking_over_plays_again_exactly_and_gives_corrections(tmp_path: Path) -> None:
    _, room = taken_over()
    replay = replay_of(room)
    assert faults(replay) == [None]
    assert [(change.seat, change.controller, change.reaction) for change in replay.header.changes][:2] == [
        (1, 1, 0),
        (1, 0, 4),
    ]
    seat = next(seat for seat in trajectories([replay]) if seat.seat == 1)
    corrections = human_decisions(replay, 1)
    held = seat.ticks[seat.controllers == HUMAN]
    assert [tick for tick, _ in corrections] == held.tolist()
    assert len(corrections) > 20
    assert human_decisions(replay, 0) == []


def test_a_change_after_the_last_decision_is_part_of_the_end_state() -> None:
    table = Table()
    room = duel(table, observe=True, duration=15)  # a program that never answers: seat 0 decides nothing
    table.tick(299)
    table.workers.process = lambda: None  # and from here on the bot decides nothing either
    table.tick(20)
    table.say(1, Take(seat=0))
    room.ownership.seats[0].input.decide = lambda *_, **__: None
    table.play_out(room)
    replay = replay_of(room)
    assert replay.header.changes[0].tick > replay.decisions.tick.max()
    assert faults(replay) == [None]


def test_people_get_the_delay_that_passed_until_their_next_decision() -> None:
    replay = replay_of(busy_match())
    mine = replay.decisions.seat == 0
    ticks, delays = replay.decisions.tick[mine], replay.decisions.choices[mine, 1]
    passed = np.diff(ticks)
    nearest = np.abs(np.array(DELAY_TICKS)[None] - passed[:, None]).argmin(axis=1)
    np.testing.assert_array_equal(delays[:-1], nearest)
    assert passed.max() <= DELAY_TICKS[-1]  # who goes on longer decides to go on


def test_a_program_over_the_network_may_be_late_too() -> None:
    table = Table()
    room = duel(table, bot="lms_re", observe=True, duration=15)
    asked: list[int] = []
    while room.state == "running":
        table.tick()
        shown = [m.tick for m in table.heard[1] if isinstance(m, protocol.Observation)]
        if shown and shown[-1] not in asked and room.match.tick - shown[-1] >= 2:
            asked.append(shown[-1])
            table.say(1, Act(tick=shown[-1], action=[1, 2, shown[-1] % 9, 0, shown[-1] % 32, 0]))
    replay = replay_of(room)
    assert faults(replay) == [None]
    mine = (replay.decisions.seat == 0) & (replay.decisions.tick > 10)
    assert set((replay.decisions.tick - replay.decisions.seen)[mine].tolist()) == {6}
    assert replay.header.seats[0].policy == "remote:Ann"


def test_a_live_replay_that_was_altered_is_noticed() -> None:
    replay = replay_of(busy_match())
    header = msgspec.structs.replace(replay.header, final="0" * 16)
    assert "does not replay" in (faults(dataclasses.replace(replay, header=header))[0] or "")
    choices = replay.decisions.choices.copy()
    choices[-1, 1] = (choices[-1, 1] + 1) % len(DELAY_TICKS)
    changed = dataclasses.replace(replay, decisions=dataclasses.replace(replay.decisions, choices=choices))
    assert faults(changed)[0] is not None


def test_the_archive_writes_replay_manifest_and_stream(tmp_path: Path) -> None:
    _, room = taken_over()
    room.match.recording.mark(ReplayMark(50, 1, 1))
    archive = Archive(tmp_path / "data", tmp_path / "live", tmp_path / "feedback" / "live", "run1")
    finished = FinishedMatch(room.name, recorded_match(room)._replace(ratings=[None, 12.5]), room.name_keys)
    (saved,) = archive.save([finished])
    assert saved is not None
    assert [verdict.fault for verdict in verify([tmp_path / "data" / saved.replay])] == [None]
    (entry,) = read_manifests(tmp_path / "live").entries
    assert entry.value == saved.record
    assert [(seat.policy, seat.backend, seat.rating) for seat in saved.record.seats] == [
        ("kiter", "kiter", None),
        ("lms_re", TAKEN_OVER, 12.5),
    ]
    assert [seat.place for seat in saved.record.seats] == room.match.outcome().places.tolist()
    stream = [entry.value for entry in read_streams(tmp_path / "feedback").entries]
    replay = read(Path(saved.record.replay))
    corrections = [line for line in stream if isinstance(line, Decision)]
    assert [(line.tick, line.action) for line in corrections] == human_decisions(replay, 1)
    assert {(line.seat, line.controller, line.replay) for line in corrections} == {(1, "human", saved.record.replay)}
    (mark,) = [line for line in stream if isinstance(line, MarkLine)]
    assert (mark.seat, mark.start, mark.end, mark.verdict) == (1, 0, 50, "good")


def test_a_left_match_counts_as_the_leavers_loss(tmp_path: Path) -> None:
    table = Table()
    room = duel(table, duration=120)
    table.tick(40)
    table.say(1, protocol.Leave())
    table.tick()
    archive = Archive(tmp_path / "data", tmp_path / "live", tmp_path / "feedback", "run1")
    (saved,) = archive.save([FinishedMatch(room.name, recorded_match(room), room.name_keys, room.ownership.forfeits)])
    assert saved is not None
    seats = [(seat.policy, seat.backend, seat.place, seat.result, seat.left) for seat in saved.record.seats]
    assert seats == [("human:Ann", "human", 2, -1.0, True), ("idle", "idle", 1, 1.0, False)]
    assert is_rated(saved.record)
    assert [verdict.fault for verdict in verify([tmp_path / "data" / saved.replay])] == [None]


def cut(seats: int, ticks: int, seed: int = 11, countdown: int = 0) -> MatchRoom:
    """A match that was cut off: a person and bots in a duel or a royale, in which nobody acts for `countdown` ticks."""
    table = Table(countdown_ticks=countdown)
    room = duel(table, seats=seats, bots=["lms_re"] * (seats - 1), seed=seed, duration=60)
    for seq in range(1, ticks + 1):
        fidget(table, 1, seq)
        table.tick()
    table.deliver(room.end())
    return room


@pytest.mark.parametrize(("seats", "ticks"), [(2, 1), (2, 100), (3, 31), (8, 700)])
def test_a_match_that_was_cut_off_is_a_whole_replay_without_a_result(seats: int, ticks: int, tmp_path: Path) -> None:
    room = cut(seats, ticks)
    alive = [room.match.is_alive(seat) for seat in range(seats)]
    assert sum(alive) > 1
    archive = Archive(tmp_path, tmp_path, tmp_path, "run")
    (saved,) = archive.save([FinishedMatch("r1", recorded_match(room), room.name_keys)])
    assert saved is not None
    assert [(seat.place, seat.result) for seat in saved.record.seats] == [(None, None)] * seats
    assert not is_rated(saved.record)
    path = tmp_path / saved.replay
    assert [verdict.fault for verdict in verify([path])] == [None]
    header = read(path).header
    assert (header.is_cut, header.ticks, header.changes) == (True, ticks, ())
    assert [seat.place == 1 for seat in header.seats] == alive
    assert [seat.death_tick < 0 for seat in header.seats] == alive
    made = film(read(path))
    assert (made["ticks"], made["is_cut"], len(made["zone"]["r"])) == (ticks, True, ticks + 1)
    assert winner(read(path)) == "broken off"
    assert ReplayList(tmp_path).entries()[0].is_cut


@pytest.mark.parametrize(("forfeits", "told"), [({}, ["nan 1", "nan 1"]), ({0: 90}, ["-1.0 2", "1.0 1"])])
def test_imitation_takes_a_match_that_was_cut_off_as_decided_only_if_somebody_left(
    forfeits: dict[int, int], told: list[str], tmp_path: Path
) -> None:
    room, archive = cut(2, 100), Archive(tmp_path, tmp_path, tmp_path, "run")
    archive.save([FinishedMatch("r1", recorded_match(room), room.name_keys, forfeits)])
    lines = read_manifests(tmp_path), read_streams(tmp_path)
    source = ReplaySource(LMS, tmp_path, SeatChoice(("all",)), *lines, lambda _line: None)
    assert [f"{plan.result} {plan.place}" for plan in source.matches[0][1]] == told


def test_a_match_is_in_the_list_as_soon_as_it_is_recorded(tmp_path: Path) -> None:
    replays = ReplayList(tmp_path, clock=lambda: 0.0)  # no time passes
    assert replays.entries() == []
    room = cut(2, 1)
    (saved,) = Archive(tmp_path, tmp_path, tmp_path, "run").save(
        [FinishedMatch("r1", recorded_match(room), room.name_keys)]
    )
    assert saved is not None
    assert [entry.file for entry in replays.entries()] == [saved.replay]


def test_who_asks_while_the_folder_is_listed_waits_for_the_whole_list(tmp_path: Path, monkeypatch) -> None:
    replays = ReplayList(tmp_path, clock=lambda: 0.0)
    replays.entries()
    (tmp_path / "duel_s1_x.lmsr").write_bytes(b"")
    os.utime(tmp_path, ns=(1, 1))  # the folder has changed
    listing = hold_listings(monkeypatch)
    with ThreadPoolExecutor(2) as pool:
        pool.submit(replays.entries)
        assert listing.begun.wait(10)
        second = pool.submit(replays.path, "duel_s1_x.lmsr")
        wait([second], timeout=0.2)
        listing.go_on.set()
        assert second.result() == tmp_path / "duel_s1_x.lmsr"


def test_nobody_learns_to_win_from_a_match_that_was_cut_off() -> None:
    replay = replay_of(cut(3, 200))
    seats = list(trajectories([replay]))
    assert {seat.result for seat in seats} == {0.0}
    assert sum(len(seat.ticks) for seat in seats) == len(replay.decisions.tick)


def test_a_cut_that_the_match_does_not_know_is_a_fault() -> None:
    replay = replay_of(cut(2, 100))
    for changed in (
        msgspec.structs.replace(replay.header, ticks=90),
        msgspec.structs.replace(replay.header, ticks=150),
    ):
        assert faults(dataclasses.replace(replay, header=changed)) != [None]
    whole = msgspec.structs.replace(replay.header, is_cut=msgspec.UNSET)
    assert faults(dataclasses.replace(replay, header=whole)) != [None]


@pytest.mark.parametrize("matches", [1, 2, 64])
def test_matches_that_were_cut_off_in_their_countdown_play_again_behind_others(matches: int) -> None:
    """They hold no decision, so each is over before the slot that it is loaded into waits for one."""
    replays = [replay_of(cut(2, ticks, seed=ticks, countdown=60)) for ticks in (80, 60, 1, 90, 30, 70)]
    assert [len(replay.decisions.tick) > 0 for replay in replays] == [True, False, False, True, False, True]
    finished = sorted(resimulate(replays, matches), key=lambda one: one.number)
    assert [(one.number, one.fault) for one in finished] == [(number, None) for number in range(6)]


def test_rooms_that_a_stop_cuts_off_at_any_tick_are_saved_exactly(tmp_path: Path) -> None:
    """Rooms of one lobby in countdown, in play and over, with bots that answer now and then."""
    rng, table = random.Random(4), Table(countdown_ticks=45, late=2)
    rooms: list[MatchRoom] = []
    for tick in range(1, 240):
        if tick % 6 == 0:
            client = len(rooms) + 1
            rooms.append(duel(table, client, bots=["lms_re"] * 2, name=f"P{client}", seats=3, seed=client, duration=15))
        table.late = rng.randrange(8)
        for client in range(1, len(rooms) + 1):
            if rng.random() < 0.1:
                fidget(table, client, tick)
        table.tick()
    for room in rooms:
        table.deliver(room.end())
    archive = Archive(tmp_path, tmp_path, tmp_path, "run")
    finished = [FinishedMatch(room.name, recorded_match(room), room.name_keys) for room in rooms]
    saved = [match for start in range(0, len(rooms), 16) for match in archive.save(finished[start : start + 16])]
    paths = [tmp_path / match.replay for match in saved if match is not None]
    assert len(set(paths)) == len(rooms) == 39
    assert [verdict.fault for verdict in verify(paths, 4)] == [None] * len(rooms)
    assert {len(read(path).decisions.tick) == 0 for path in paths} == {True, False}


def test_matches_are_the_same_saved_together_or_alone() -> None:
    table = Table()
    ended = duel(table, bot="lms_re", seed=5, duration=10)
    table.play_out(ended)
    rooms = [cut(2, 40), taken_over()[1], ended, cut(2, 70, seed=12)]
    together = make_replays([recorded_match(room) for room in rooms])
    alone = [make_replays([recorded_match(room)])[0] for room in rooms]
    assert [to_bytes(replay) for replay in together] == [to_bytes(replay) for replay in alone]
    assert len({replay.name for replay in together}) == 4


def test_a_disk_that_refuses_is_no_reason_to_stop(tmp_path: Path, caplog) -> None:
    table = Table()
    room = duel(table, duration=10)
    table.play_out(room)
    (tmp_path / "file").write_text("in the way")
    archive = Archive(tmp_path / "file", tmp_path, tmp_path, "run")
    assert archive.save([FinishedMatch("r1", recorded_match(room), room.name_keys)]) == [None]
    (record,) = caplog.records
    assert "the match of room r1 could not be saved: cannot write" in record.message
    assert record.exc_info is None
    with pytest.raises(UserError, match="cannot write"):
        archive.check()


def test_half_a_line_is_taken_back_when_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(b"one\n")
    with largest_file(6), pytest.raises(OSError, match="No space left"):
        append(path, b"two\n")
    assert path.read_bytes() == b"one\n"
    append(path, b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize("folder", ["data_dir", "reports_dir", "feedback_dir"])
def test_a_full_disk_is_found_before_anything_is_played(tmp_path: Path, folder: str) -> None:
    archive = Archive(tmp_path / "data_dir", tmp_path / "reports_dir", tmp_path / "feedback_dir", "run")
    with largest_file(100), pytest.raises(UserError, match=r"cannot write .*data_dir.*: File too large"):
        archive.check()
    archive.check()
    assert not (tmp_path / folder).exists()
