"""Parts of the live server: bots in batches, ratings, pace, counters, origin_check."""

from __future__ import annotations

import asyncio
import threading
import time

import numpy as np
import pytest

from botgame import rng
from botgame.feedback import TAKEN_OVER, MatchRecord, SeatRecord, encode_line
from botgame.game import Due, ScriptedPolicy
from botgame.lms.arena import Arena
from botgame.lms.game import lms
from botgame.policies import load_policy
from botgame.server.hosting.bot_workers import BotWorkers
from botgame.server.hosting.origin_check import OriginCheck
from botgame.server.hosting.pacing import Pacer
from botgame.server.hosting.token_bucket import TokenBucket
from botgame.server.metrics import Metrics
from botgame.server.protocol import Create
from botgame.server.records.archive import read_records
from botgame.server.records.leaderboard import Leaderboard
from botgame.server.records.profiles import Profile, profile
from botgame.server.rooms.lobby import LANES
from botgame.server.rooms.match_driver import DecisionRequest
from live_table import Table

# ---- bots ----------------------------------------------------------------------------------------------------------


def requests_of(seeds: list[int], bot: str, tick: int = 0) -> dict[str, list[DecisionRequest]]:
    """Both seats of a duel in each of some rooms, all at their first tick."""
    requests = {}
    for seed in seeds:
        arena = Arena(1, 2)
        arena.reset(0, seed, (0, 2), 900)
        observation = arena.observe(Due(np.zeros(2, np.int32), np.arange(2, dtype=np.int32)))
        requests[f"r{seed}"] = [
            DecisionRequest(seat, bot, tick, rng.derive(seed, seat), observation, seat) for seat in range(2)
        ]
    return requests


class Counting:
    """Returns as `move` how often its seat has decided before."""

    name, memory_size = "counting", 1

    def __init__(self) -> None:
        self.batches: list[int] = []

    def initial_memory(self, n: int) -> np.ndarray:
        return np.zeros((n, 1), np.float32)

    def act(self, observation, memory, keys):
        self.batches.append(len(keys))
        actions = np.zeros((len(keys), 6), np.int64)
        actions[:, 2] = memory[:, 0]
        return actions, memory + 1


def test_one_batch_answers_all_rooms_as_each_alone() -> None:
    requests = requests_of([3, 4, 5], "lms_re")
    together = BotWorkers({"lms_re": load_policy(lms(), "lms_re")})
    for room, batch in requests.items():
        together.submit(room, batch)
    together.process()
    decided = {(d.room, d.seat): d.action for d in together.collect()}
    assert len(decided) == 6
    for room, batch in requests.items():
        alone = BotWorkers({"lms_re": load_policy(lms(), "lms_re")})
        for request in batch:
            alone.submit(room, [request])
            alone.process()
        expected = {key: action for key, action in decided.items() if key[0] == room}
        assert {(d.room, d.seat): d.action for d in alone.collect()} == expected


def test_memory_belongs_to_the_seat_and_ends_with_the_room() -> None:
    policy = Counting()
    workers = BotWorkers({"counting": policy})
    requests = requests_of([1, 2], "counting")
    for _ in range(3):
        for room, batch in requests.items():
            workers.submit(room, batch)
        workers.process()
    workers.submit("r1", requests["r1"][:1])
    workers.process()
    moves = [(d.room, d.seat, d.action[2]) for d in workers.collect()]
    assert moves[-5:] == [("r1", 0, 2), ("r1", 1, 2), ("r2", 0, 2), ("r2", 1, 2), ("r1", 0, 3)]
    assert policy.batches == [4, 4, 4, 1]
    workers.forget("r1")
    workers.process()
    workers.submit("r1", requests["r1"][:1])
    workers.submit("r2", requests["r2"][:1])
    workers.process()
    assert [d.action[2] for d in workers.collect()] == [0, 3]


def test_a_bot_that_fails_stands_still_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def fail(observation, memory, keys):
        raise RuntimeError("a mistake")

    table = Table(policies={"lms_re": load_policy(lms(), "lms_re"), "broken": ScriptedPolicy("broken", fail)})
    table.connect(1)
    table.say(1, Create(bots=["lms_re", "broken"], seat=-1, duration=20))
    room = table.room_of(1)
    table.tick(100)
    casts = room.match.outcome().casts
    assert casts[1, 0] == casts[1].sum() > 10
    assert casts[0, 0] < casts[0].sum()
    assert [record.message for record in caplog.records] == ["bot broken failed and stands still"]


def test_bots_decide_in_a_thread_that_stops() -> None:
    workers = BotWorkers({"lms_re": load_policy(lms(), "lms_re")})
    workers.start()
    for room, batch in requests_of([1, 2], "lms_re").items():
        workers.submit(room, batch)
    decided, ends = [], time.monotonic() + 10
    while len(decided) < 4 and time.monotonic() < ends:
        decided += workers.collect()
        time.sleep(0.001)
    assert len(decided) == 4
    workers.stop()
    assert "bot-workers" not in [thread.name for thread in threading.enumerate()]


def test_lateness_is_counted_in_ticks() -> None:
    table = Table(late=4)
    table.connect(1)
    table.say(1, Create(bots=["lms_re", "kiter"], seat=-1, duration=20))
    table.play_out(table.room_of(1))
    bots = table.metrics.bots
    assert bots.decisions > 50
    assert 0 < bots.late <= bots.decisions
    assert 2 <= bots.worst <= 4
    assert bots.late <= bots.ticks <= bots.worst * bots.late


# ---- ratings -------------------------------------------------------------------------------------------------------


def record(number: int, *seats: tuple[str, int | None], backend: str = "") -> MatchRecord:
    rows = [SeatRecord(policy, backend, place=place) for policy, place in seats]
    return MatchRecord(f"run/{number}", f"data/processed/duel_s{number}_0.lmsr", rows)


def test_who_wins_rises_and_grows_sure() -> None:
    leaderboard = Leaderboard()
    for number in range(40):
        leaderboard.add(record(number, ("human:Ann", 1), ("lms_re", 2)))
        leaderboard.add(record(100 + number, ("lms_re", 1), ("legacy", 2)))
    rows = {row.name: row for row in leaderboard.standings()}
    assert [row.name for row in leaderboard.standings()] == ["human:Ann", "lms_re", "legacy"]
    assert rows["lms_re"].rating == 0
    assert rows["human:Ann"].rating > 150
    assert rows["legacy"].rating < -150
    assert (rows["human:Ann"].matches, rows["lms_re"].matches) == (40, 80)
    assert rows["human:Ann"].sigma < 150
    assert leaderboard.rating("human:Ann") == rows["human:Ann"].rating
    assert leaderboard.rating("human:Bob") is None


def test_ratings_mean_odds() -> None:
    """400 points are odds of 10 to 1: a bot that wins ten of eleven comes out near 400."""
    leaderboard = Leaderboard()
    for number in range(2200):
        places = (2, 1) if number % 11 == 0 else (1, 2)
        leaderboard.add(record(number, ("better", places[0]), ("lms_re", places[1])))
    row = next(row for row in leaderboard.standings() if row.name == "better")
    assert row.rating == pytest.approx(400, abs=60)


def test_what_is_not_rated() -> None:
    leaderboard = Leaderboard()
    leaderboard.add(record(1, ("human:Ann", None), ("lms_re", None)))  # broken off
    leaderboard.add(record(2, ("kiter", 1), ("lms_re", 2), backend=TAKEN_OVER))
    leaderboard.add(record(3, ("lms_re", 1), ("lms_re", 2)))
    leaderboard.add(record(5, ("human:player", 1), ("lms_re", 2)))  # the unnamed
    leaderboard.add(record(6, ("remote:player", 1), ("lms_re", 2)))
    assert leaderboard.standings() == []
    leaderboard.add(record(4, ("kiter", 1), ("lms_re", 2)))
    leaderboard.add(record(4, ("kiter", 1), ("lms_re", 2)))  # the collector has written it down too
    assert [row.matches for row in leaderboard.standings()] == [1, 1]


def test_people_have_a_history_of_what_each_match_made_of_their_rating() -> None:
    leaderboard = Leaderboard()
    first = leaderboard.add(record(1, ("human:Ann", 1), ("lms_re", 2)))
    assert (first[0].before, first[1].before) == (None, None)
    second = leaderboard.add(record(2, ("human:Ann", 2), ("lms_re", 1)))
    assert second[0].before == first[0].after > second[0].after
    assert (second[1].before, second[1].after) == (0, 0)
    assert leaderboard.add(record(2, ("human:Ann", 2), ("lms_re", 1))) == []  # known already
    assert leaderboard.add(record(3, ("human:Ann", None), ("lms_re", None))) == []
    assert [entry.change for entry in leaderboard.history("human:Ann")] == [first[0], second[0]]
    assert leaderboard.history("lms_re") == []
    found = profile(leaderboard, "Ann", {"duel_s2_0.lmsr": 7.0}.get)
    assert (found.rating, [match.time for match in found.matches]) == (second[0].after, [None, 7.0])
    assert [seat.place for seat in found.matches[1].seats] == [2, 1]
    assert profile(leaderboard, "Bob", {}.get) == Profile("Bob", None, None, [])


def test_several_seats_of_one_bot_count_as_one_match() -> None:
    leaderboard = Leaderboard()
    leaderboard.add(record(1, ("human:Ann", 1), ("lms_re", 2), ("lms_re", 3), ("lms_re", 4)))
    assert [(row.name, row.matches) for row in leaderboard.standings()] == [("human:Ann", 1), ("lms_re", 1)]


def test_the_leaderboard_is_read_from_manifests_of_all_runs(tmp_path) -> None:
    for run, number in (("a", 1), ("b", 2)):
        (tmp_path / run).mkdir()
        lines = encode_line(record(number, ("kiter", 1), ("lms_re", 2))) + b'{"match":1}\n'
        (tmp_path / run / "manifest.jsonl").write_bytes(lines)
    records, problems = read_records(tmp_path)
    leaderboard = Leaderboard(records)
    assert [row.matches for row in leaderboard.standings()] == [2, 2]
    assert len(problems) == 2


# ---- time and counters ---------------------------------------------------------------------------------------------


class FakeTime:
    """A clock that only sleeping, and `busy`, moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def pace(ticks: int, busy) -> tuple[list[tuple[int, float, float]], list[int]]:
    """(lane, deadline, time) of each call, and how many slots were given up; `busy(n)`: seconds that call n takes."""
    fake, calls, skipped = FakeTime(), [], []

    def tick(lane: int, deadline: float) -> None:
        calls.append((lane, deadline, fake.now))
        fake.now += busy(len(calls))
        if len(calls) == ticks:
            pacer.stop()

    pacer = Pacer(tick, fake.clock, fake.sleep, skipped.append)
    asyncio.run(pacer.run())
    return calls, skipped


def test_every_lane_ticks_thirty_times_a_second_without_drift() -> None:
    calls, skipped = pace(30 * LANES * 20 + 1, lambda n: 0.003 if n % 7 else 0.01)
    assert [lane for lane, _, _ in calls[: LANES + 1]] == [*range(LANES), 0]
    assert calls[-1][1] - calls[0][1] == pytest.approx(20.0)
    assert max(now - deadline for _, deadline, now in calls) < 0.012
    assert skipped == []


def test_being_late_is_caught_up_with() -> None:
    calls, skipped = pace(400, lambda n: 0.2 if n == 50 else 0.0)
    assert skipped == []
    assert calls[-1][2] == pytest.approx(calls[-1][1])


def test_late_ticks_of_all_rooms_come_before_the_network() -> None:
    """However long others hold the loop, up to a tick's time at once, every room ticks 30 times a second."""
    fake, calls = FakeTime(), []

    async def sleep(seconds: float) -> None:
        fake.now += max(seconds, 0.03)  # a flood of requests

    def tick(lane: int, deadline: float) -> None:
        calls.append(fake.now - deadline)
        if len(calls) == 30 * LANES * 10:
            pacer.stop()

    pacer = Pacer(tick, fake.clock, sleep)
    asyncio.run(pacer.run())
    assert max(calls) < 0.07


def test_after_a_standstill_time_goes_on_from_now() -> None:
    calls, skipped = pace(400, lambda n: 3600.0 if n == 50 else 0.0)
    assert skipped == [pytest.approx(3600 * 30 * LANES, rel=1e-4)]
    assert [lane for lane, _, _ in calls] == [n % LANES for n in range(400)]
    assert max(now - deadline for _, deadline, now in calls) < 0.01


def test_the_bucket_lets_through_its_rate_after_a_burst() -> None:
    bucket = TokenBucket(rate=10.0, burst=5.0, now=0.0)
    assert [bucket.allows(0.0) for _ in range(6)] == [True] * 5 + [False]
    bucket = TokenBucket(rate=10.0, burst=5.0, now=0.0)
    assert all(bucket.allows(n * 0.1) for n in range(1, 200))


def test_metrics_are_prometheus_text() -> None:
    metrics = Metrics()
    for millisecond in range(1, 101):
        metrics.ticks.add(millisecond / 1000)
    metrics.drop("too_slow")
    lines = metrics.text({"rooms": 3.0}).splitlines()
    assert "botgame_rooms 3" in lines
    assert "botgame_ticks_total 100" in lines
    assert 'botgame_dropped_total{code="too_slow"} 1' in lines
    assert 'botgame_tick_lateness_seconds_bucket{le="0.01"} 10' in lines
    assert 'botgame_tick_lateness_seconds_bucket{le="+Inf"} 100' in lines
    assert 'botgame_tick_lateness_recent_seconds{quantile="0.5"} 0.051000' in lines
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))


# ---- the origin check ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bound", "headers", "open_"),
    [
        ("127.0.0.1", {"host": "127.0.0.1:8000"}, True),
        ("127.0.0.1", {"host": "localhost:8000", "origin": "http://localhost:8000"}, True),
        ("127.0.0.1", {"host": "[::1]:8000", "origin": "http://[::1]:8000"}, True),
        ("127.0.0.1", {"host": "localhost:8000", "origin": "http://localhost:9000"}, False),
        ("127.0.0.1", {"host": "localhost:8000", "origin": "http://evil.example"}, False),
        ("127.0.0.1", {"host": "evil.example:8000", "origin": "http://evil.example:8000"}, False),
        ("127.0.0.1", {"host": "", "origin": ""}, False),
        ("127.0.0.1", {"host": "[:::", "origin": "null"}, False),
        ("0.0.0.0", {"host": "game.example", "origin": "https://game.example"}, True),
        ("0.0.0.0", {"host": "game.example", "origin": "https://other.example"}, False),
        ("0.0.0.0", {"host": "game.example", "origin": "https://friend.example"}, True),
    ],
)
def test_which_origins_may_connect(bound: str, headers: dict[str, str], open_: bool) -> None:
    assert OriginCheck(bound, ("https://friend.example",)).may_connect(headers) is open_
