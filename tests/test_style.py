"""Statistic z: what is measured of a seat's play, that a replay gives the same, and distances between styles."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from botgame.game import Due
from botgame.lms.arena import Arena
from botgame.lms.arena_simulation import ArenaSimulation
from botgame.lms.replay.format import Replay
from botgame.lms.replay.record import Recorder
from botgame.lms.replay.resimulate import resimulate
from botgame.lms.rules import BOLT, CHEST, DEFENCE, HEALTH, INTERACT, OFFENCE, RUNE, TICKS_PER_SECOND, Rules
from botgame.lms.statistic_z.definition import ARENA_Z_SPEC
from botgame.lms.statistic_z.measuring import StatisticTracker
from botgame.lms.statistic_z.meter import ArenaMeter
from botgame.match_batch import MatchBatch
from botgame.play import SeatMemory
from botgame.policies import load_policy
from botgame.setups import mirrored_setups
from botgame.statistic_z import ZSpec
from botgame.training.alphastar.statistic_z.distance import edit_distances, opening_distances, totals_distances
from matches import LMS, answer

WIDTH, PARTS = ARENA_Z_SPEC.width, ARENA_Z_SPEC.parts
EVENTS = ("", *ARENA_Z_SPEC.events)


def total(row: np.ndarray, name: str) -> float:
    """A total in its own unit."""
    return float(row[PARTS["totals"]][column(name)]) * ARENA_Z_SPEC.totals[column(name)].scale


def column(name: str) -> int:
    return [entry.name for entry in ARENA_Z_SPEC.totals].index(name)


def opening(row: np.ndarray) -> list[str]:
    return [EVENTS[int(kind)] for kind in row[PARTS["kinds"]] if kind]


def test_each_band_of_distance_says_which_it_is() -> None:
    units = [entry.unit for entry in ARENA_Z_SPEC.totals if entry.name.startswith("near_")]
    assert len(set(units)) == 4
    assert units[:2] == [
        "share of time, nearest enemy up to 3 cells away",
        "share of time, nearest enemy 3 to 5 cells away",
    ]


class Stage:
    """A duel without walls and items in which the test decides everything; seat 0 stands left, seat 1 right."""

    def __init__(self) -> None:
        self.arena = Arena(1, 2)
        self.arena.reset(0, 5, (1, 0), 3600)
        state = self.arena.state
        state.walls[0, 1:-1, 1:-1] = 0
        state.items["available"] = 0
        self.mages, self.items = state.mages[0], state.items[0]
        self.mages["x"], self.mages["y"] = (4.8, 17.2), 11.0
        self.tracker = StatisticTracker(self.arena)
        self.tracker.begin(0)

    def run(self, ticks: int, *decisions: tuple[int, tuple[int, ...]]) -> None:
        """Take `decisions` (seat, action), then pass `ticks` ticks with both seats idle, looking now and then."""
        for seat, action in decisions:
            self.arena.act(Due(np.array([0]), np.array([seat])), np.array([action]))
        for _ in range(ticks):
            self.mages["due"] = 10**6
            self.arena.advance(1)
            if int(self.arena.state.matches["tick"][0]) % 4 == 0:
                self.tracker.look(np.array([0]))
        self.tracker.look(np.array([0]))

    def row(self, seat: int) -> np.ndarray:
        return self.tracker.rows(np.array([0]), np.array([seat]))[0]


EAST, WEST = 0, 16  # aims


def verb(kind: int, aim: int = EAST) -> tuple[int, ...]:
    return (kind, 0, 0, 0, aim, 0)


def test_uses_and_damage_by_kind_are_counted() -> None:
    stage = Stage()
    stage.mages["x"][1] = 8.0  # 3.2 cells away
    seconds = 0
    for kind in (BOLT, BOLT, OFFENCE, DEFENCE):
        stage.run(60, (0, verb(kind)))
        seconds += 2
    rules, row = Rules(), stage.row(0)
    time = seconds + ARENA_Z_SPEC.settle_seconds
    assert total(row, "use_bolt") == pytest.approx(2 / time)
    assert total(row, "use_offence") == pytest.approx(1 / time)
    assert total(row, "use_defence") == pytest.approx(1 / time)
    assert total(row, "use_mobility") == 0
    assert total(row, "damage_bolt") == pytest.approx(2 * rules.abilities[1][0].damage / time)
    assert total(row, "damage_offence") == pytest.approx(rules.abilities[1][1].damage / time)
    assert total(row, "damage_defence") == 0  # ice does not burn
    assert opening(row) == ["bolt", "offence", "defence"]  # a bolt after a bolt is nothing new
    assert opening(stage.row(1)) == []


def test_the_burst_of_a_ward_is_damage_by_defence() -> None:
    stage = Stage()
    stage.mages["x"][0] = 15.5
    stage.run(30, (1, verb(DEFENCE)))
    burst = Rules().abilities[0][3].blast_damage
    assert stage.tracker.sums[0, 1, column("damage_defence")] == pytest.approx(burst)
    assert total(stage.row(1), "damage_defence") == pytest.approx(ARENA_Z_SPEC.totals[column("damage_defence")].scale)


def test_pick_ups_and_chests_go_to_who_took_them() -> None:
    stage = Stage()
    stage.mages["health"] = 50
    kinds = stage.items["kind"]
    health, rune, chest = (int(np.flatnonzero(kinds == kind)[0]) for kind in (HEALTH, RUNE, CHEST))
    for index, x in ((health, 5.2), (chest, 17.5), (rune, 16.9)):
        stage.items["available"][index], stage.items["x"][index], stage.items["y"][index] = 1, x, 11.0
    stage.tracker.begin(0)
    stage.run(30, (1, verb(INTERACT)))
    left, right = stage.row(0), stage.row(1)
    takes = [column(f"take_{kind}") for kind in ("health", "mana", "rune", "chest")]
    assert stage.tracker.sums[0][:, takes].tolist() == [[1, 0, 0, 0], [0, 0, 1, 1]]
    assert right[PARTS["totals"]][takes].tolist() == [0, 0, 1, 1]  # full: more than a match's worth in one second
    assert opening(left) == ["health"]
    assert opening(right) == ["rune", "chest"] or opening(right) == ["chest", "rune"]


def test_places_are_seen_from_the_own_start() -> None:
    """Both mages do the same thing mirrored: their openings are equal, though one looks east and the other west."""
    stage = Stage()
    stage.run(2, (0, verb(DEFENCE)), (1, verb(DEFENCE, WEST)))
    for mage, x, y in ((stage.mages[0], 11.0, 13.0), (stage.mages[1], 11.0, 9.0)):
        mage["x"], mage["y"] = x, y
    stage.run(2)
    stage.run(30, (0, verb(BOLT)), (1, verb(BOLT, WEST)))
    left, right = stage.row(0), stage.row(1)
    for row in (left, right):
        assert opening(row) == ["defence", "bolt"]
        np.testing.assert_allclose(row[PARTS["along"]][:2], [0.0, 0.5], atol=1e-6)  # half way to the other side
        np.testing.assert_allclose(row[PARTS["aside"]][:2], [0.0, 2.0 / 12.4], atol=1e-6)


def test_time_is_shared_among_situations() -> None:
    stage = Stage()
    stage.mages["x"][1] = stage.mages["x"][0] + 4.0
    stage.run(60)
    stage.mages["x"][1] = stage.mages["x"][0] + 9.0
    stage.run(30)
    row, time = stage.row(0), 3 + ARENA_Z_SPEC.settle_seconds
    still = row[PARTS["totals"]][column("still")]
    assert total(row, "near_5") == pytest.approx(2 / time, rel=1e-5)
    assert total(row, "near_10") == pytest.approx(1 / time, rel=1e-5)
    assert (total(row, "near_3"), total(row, "near_7"), total(row, "outside_zone")) == (0, 0, 0)
    assert still == pytest.approx(3 / time / ARENA_Z_SPEC.totals[column("still")].scale, rel=1e-5)  # all the time


def test_a_dead_seat_stops_counting() -> None:
    stage = Stage()
    stage.run(30)
    stage.mages["health"][1] = 0.1
    stage.mages["x"][1] = 8.0
    stage.run(20, (0, verb(BOLT)))
    assert not stage.mages["alive"][1]
    assert int(stage.tracker.ticks[0, 1]) == int(stage.mages["death_tick"][1])


POLICIES = ("lms_re", "rusher", "random")


class StyleRecorder(Recorder):
    """Records, and measures styles while the matches run."""

    def __init__(self, arena: Arena) -> None:
        self.replays: dict[int, Replay] = {}
        self.rows: dict[int, np.ndarray] = {}
        self.meter = ArenaMeter(arena)
        super().__init__(arena, POLICIES, self.replays.__setitem__)

    def begin(self, slot, setup) -> None:
        self.meter.begin(slot, setup)
        super().begin(slot, setup)

    def decisions(self, due) -> None:
        self.meter.decisions(due)
        super().decisions(due)

    def end(self, ended) -> None:
        self.meter.end(ended)
        self.rows[ended.episode] = self.meter.final(ended.episode)
        super().end(ended)


@cache
def recorded(seats: int = 2) -> StyleRecorder:
    simulation, memory = ArenaSimulation(3, seats), SeatMemory(3, seats)
    recorder = StyleRecorder(simulation.arena)
    batch = MatchBatch(simulation, mirrored_setups(LMS, 3, 3, (0, 1, 2)[:seats], duration_ticks=900), recorder)
    policies = [load_policy(LMS, name) for name in POLICIES]
    while (step := batch.next()) is not None:
        if len(step.slot):
            answer(batch, step, memory, policies)
    return recorder


@pytest.mark.parametrize("seats", [2, 3])
def test_a_replay_gives_the_rows_that_were_measured_while_it_was_played(seats: int) -> None:
    recorder = recorded(seats)
    replays = [recorder.replays[episode] for episode in sorted(recorder.replays)]
    found = {one.number: one.statistics for one in resimulate(replays, 2, statistic_z=True)}
    for number, episode in enumerate(sorted(recorder.rows)):
        np.testing.assert_array_equal(found[number], recorder.rows[episode])
        assert found[number][:, PARTS["totals"]].min() >= 0
        assert found[number].max() <= len(EVENTS)
    assert all(one.statistics is None for one in resimulate(replays[:1]))


def test_all_damage_is_attributed_to_some_kind() -> None:
    recorder = recorded()
    for episode, replay in recorder.replays.items():
        for seat, row in zip(replay.header.seats, recorder.rows[episode], strict=True):
            alive = seat.death_tick if seat.death_tick >= 0 else replay.header.ticks
            time = alive / TICKS_PER_SECOND + ARENA_Z_SPEC.settle_seconds
            kinds = [total(row, f"damage_{kind}") * time for kind in ("bolt", "offence", "defence")]
            scales = [entry.scale * time for entry in ARENA_Z_SPEC.totals if entry.name.startswith("damage")]
            if all(kind < 0.999 * scale for kind, scale in zip(kinds, scales, strict=True)):  # else a total is full
                assert sum(kinds) == pytest.approx(seat.damage_dealt, rel=1e-4, abs=1e-4)


def test_looking_again_and_going_on_from_a_snapshot_change_nothing() -> None:
    """One meter looks twice as often and is thrown away and restored in mid-match."""
    rows = []
    policies = [load_policy(LMS, name) for name in POLICIES]
    for cut in (False, True):
        simulation, memory = ArenaSimulation(2, 2), SeatMemory(2, 2)
        recorder = StyleRecorder(simulation.arena)
        batch = MatchBatch(simulation, mirrored_setups(LMS, 3, 2, duration_ticks=600), recorder)
        for count in range(400):
            if (step := batch.next()) is None:
                break
            if cut and count == 60:
                fresh = ArenaMeter(simulation.arena)
                fresh.restore(recorder.meter.snapshot())
                recorder.meter = fresh
            if len(step.slot):
                if cut:
                    recorder.meter.rows(step.due)
                answer(batch, step, memory, policies)
        rows.append(recorder.rows)
    assert rows[0].keys() == rows[1].keys() != set()
    for episode, row in rows[0].items():
        np.testing.assert_array_equal(rows[1][episode], row)


def plain_edit_distance(a: list[tuple], b: list[tuple], swap) -> float:
    """The definition, by recursion."""

    @cache
    def cost(i: int, j: int) -> float:
        if i == 0 or j == 0:
            return float(i + j)
        return min(cost(i - 1, j) + 1, cost(i, j - 1) + 1, cost(i - 1, j - 1) + swap(a[i - 1], b[j - 1]))

    return cost(len(a), len(b))


def test_opening_distance_is_the_edit_distance_with_places() -> None:
    generator = np.random.default_rng(0)
    style = ZSpec(("a", "b"), 5, ARENA_Z_SPEC.totals[:2], 1.0, "verb")
    rows = np.zeros((60, 2, style.width), np.float32)
    for row in rows.reshape(-1, style.width):
        length = generator.integers(0, 6)
        row[:length] = generator.integers(1, 3, length)
        row[5 : 5 + length], row[10 : 10 + length] = generator.uniform(-1, 1, (2, length))

    def sequence(row: np.ndarray) -> list[tuple]:
        return [(row[k], row[5 + k], row[10 + k]) for k in range(5) if row[k]]

    def swap(one: tuple, other: tuple) -> float:
        square = (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2
        return 0.8 * min(1.0, square) if one[0] == other[0] else 1.0

    expected = [plain_edit_distance(sequence(a), sequence(b), swap) / 5 for a, b in rows]
    np.testing.assert_allclose(opening_distances(style, rows[:, 0], rows[:, 1]), expected, atol=1e-6)
    np.testing.assert_array_equal(opening_distances(style, rows[:, 0], rows[:, 0]), 0)
    assert len({round(value, 6) for value in expected}) > 20


def test_edit_distance_of_words() -> None:
    first, second = "kitten", "sittin"
    swaps = np.array([[[float(a != b) for b in second] for a in first]])
    assert edit_distances(swaps, np.array([6]), np.array([6])).tolist() == [2.0]
    assert edit_distances(swaps, np.array([0]), np.array([4])).tolist() == [4.0]


def test_totals_distance_is_hammings_for_zeros_and_ones() -> None:
    rows = np.zeros((2, WIDTH), np.float32)
    rows[1, PARTS["totals"]][:3] = 1.0
    rows[1, PARTS["kinds"]] = 3  # an opening does not count here
    size = len(ARENA_Z_SPEC.totals)
    np.testing.assert_allclose(totals_distances(ARENA_Z_SPEC, rows[:1], rows[1:]), [3 / size], rtol=1e-6)


def test_the_description_survives_json() -> None:
    assert ZSpec.from_dict(ARENA_Z_SPEC.to_dict()) == ARENA_Z_SPEC
    assert sum(part.stop - part.start for part in PARTS.values()) == WIDTH
