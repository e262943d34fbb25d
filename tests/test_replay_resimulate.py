"""Re-simulation gives exactly what each seat saw, and notices whatever was changed."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from botgame.game import USUAL_LIMITS, Due, Ended, Setup
from botgame.lms.arena import NEVER, Arena, Limits
from botgame.lms.arena_simulation import ArenaSimulation
from botgame.lms.numbers import numbers_of
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import Replay
from botgame.lms.replay.header import Change, ReplayMark, decode_rules
from botgame.lms.replay.record import Recorder
from botgame.lms.replay.resimulate import MARK_TICKS, resimulate, trajectories
from botgame.lms.rules import DELAY_TICKS, Ability, Rules
from botgame.match_batch import MatchBatch
from botgame.play import SeatMemory
from botgame.standings import results_of
from matches import Restless, answer, record, setups


@pytest.fixture(scope="module")
def replays() -> list[Replay]:
    return record(5)


def test_every_seat_sees_again_what_it_saw(replays: list[Replay]) -> None:
    seen: dict[tuple[int, int], list[dict[str, np.ndarray]]] = {}
    batch, memory = MatchBatch(ArenaSimulation(2, 2), setups(5)), SeatMemory(2, 2)
    while (step := batch.next()) is not None:
        observation = batch.observe(step.due)
        for row, key in enumerate(zip(step.episode.tolist(), step.seat.tolist(), strict=True)):
            seen.setdefault(key, []).append({name: array[row] for name, array in observation.items()})
        if len(step.slot):
            answer(batch, step, memory, [Restless()])
    found = list(trajectories(replays, matches=3))
    assert {(t.replay, t.seat) for t in found} == set(seen)
    for one in found:
        rows = seen[one.replay, one.seat]
        assert set(one.observation) == set(rows[0])
        for name, array in one.observation.items():
            np.testing.assert_array_equal(array, np.stack([row[name] for row in rows]))
            assert array.dtype == rows[0][name].dtype


def test_trajectories_carry_actions_outcome_and_names(replays: list[Replay]) -> None:
    for one in trajectories(replays):
        header, decisions = replays[one.replay].header, replays[one.replay].decisions
        mine = decisions.seat == one.seat
        np.testing.assert_array_equal(one.actions, decisions.choices[mine])
        np.testing.assert_array_equal(one.ticks, decisions.tick[mine])
        assert one.actions.dtype == np.int64
        assert one.place == header.seats[one.seat].place
        assert one.result == results_of(np.array([seat.place for seat in header.seats]))[one.seat]
        assert (one.policy, one.school, one.rating) == ("restless", header.seats[one.seat].school, None)
        assert (one.controllers == 0).all()
        assert (one.weights == 1).all()


def test_batching_and_mixing_change_nothing(replays: list[Replay]) -> None:
    mixed = [*replays[:2], *record(2, seats=4), *replays[2:]]
    runs = []
    for matches in (1, 3, 64):
        run = sorted(trajectories(iter(mixed), matches), key=lambda t: (t.replay, t.seat))
        runs.append([(t.replay, t.seat, t.observation["entities"].tobytes(), t.actions.tobytes()) for t in run])
    assert runs[0] == runs[1] == runs[2]
    assert len(runs[0]) == 5 * 2 + 2 * 4


def changed(replay: Replay, **columns: np.ndarray) -> Replay:
    return dataclasses.replace(replay, decisions=dataclasses.replace(replay.decisions, **columns))


def fault(replay: Replay) -> str:
    (finished,) = resimulate([replay])
    assert finished.fault is not None
    return finished.fault


def test_a_changed_action_is_noticed(replays: list[Replay]) -> None:
    choices = replays[0].decisions.choices.copy()
    row = int(np.flatnonzero(choices[:, 2] > 0)[5])
    choices[row, 2] = choices[row, 2] % 8 + 1
    assert "does not replay as recorded" in fault(changed(replays[0], choices=choices))


def test_a_changed_tick_digest_or_outcome_is_noticed(replays: list[Replay]) -> None:
    replay = replays[0]
    tick = replay.decisions.tick.copy()
    tick[1] += 1
    assert "no decision" in fault(changed(replay, tick=tick)) or "digest" in fault(changed(replay, tick=tick))
    digest = replay.decisions.digest.copy()
    digest[-1] ^= 1
    assert "state digest differs" in fault(changed(replay, digest=digest))
    seats = list(replay.header.seats)
    seats[0] = msgspec.structs.replace(seats[0], damage_dealt=seats[0].damage_dealt + 1)
    header = msgspec.structs.replace(replay.header, seats=tuple(seats))
    assert "outcome differs" in fault(dataclasses.replace(replay, header=header))
    assert "end state" in fault(
        dataclasses.replace(replay, header=msgspec.structs.replace(replay.header, final="0" * 16))
    )
    other = msgspec.structs.replace(replay.header, seed=replay.header.seed + 1)
    assert "does not replay" in fault(dataclasses.replace(replay, header=other))


def test_other_rule_numbers_are_noticed(replays: list[Replay]) -> None:
    rules = Rules(mage_speed=5.0)
    header = msgspec.structs.replace(replays[0].header, rules=msgspec.Raw(msgspec.json.encode(rules.to_dict())))
    assert "does not replay" in fault(dataclasses.replace(replays[0], header=header))


def test_a_bad_match_is_reported_and_the_others_still_come(replays: list[Replay]) -> None:
    digest = replays[1].decisions.digest.copy()
    digest[2] ^= 7
    stream = [replays[0], changed(replays[1], digest=digest), replays[2]]
    with pytest.raises(ReplayError, match="duel_s101"):
        list(trajectories(stream))
    errors: list[ReplayError] = []
    found = {t.replay for t in trajectories(stream, matches=2, report=errors.append)}
    assert found == {0, 2}
    assert len(errors) == 1


def test_marks_weigh_the_seconds_before_them(replays: list[Replay]) -> None:
    header = replays[0].header
    good, bad = MARK_TICKS + 30, 3 * MARK_TICKS
    marks = (ReplayMark(good, 0, 1), ReplayMark(bad, 0, -1), ReplayMark(good, 1, 1), ReplayMark(good + 10, 1, 1))
    marked = dataclasses.replace(replays[0], header=msgspec.structs.replace(header, marks=marks))
    first, second = sorted(trajectories([marked]), key=lambda t: t.seat)
    expected = np.ones(len(first.ticks))
    expected[(first.ticks > good - MARK_TICKS) & (first.ticks <= good)] = 2
    expected[(first.ticks > bad - MARK_TICKS) & (first.ticks <= bad)] = 0
    np.testing.assert_array_equal(first.weights, expected)
    assert second.weights.max() == 2


def tick_on(arena: Arena, *, person: bool) -> None:
    """One tick. A seat that a person holds never makes the match wait, though it is due."""
    wake = arena.state.mages["due"].copy()
    if person:
        wake[0, 1] = NEVER
    arena.advance(1, wake)


def take_over(at: int) -> tuple[Replay, list[tuple[int, list[float]]]]:
    """A match in which a person takes seat 1 at tick `at` and acts whenever it likes; and what that seat saw."""
    replays: list[Replay] = []
    setup = Setup(7, (0, 0), (1, 2), 900)
    simulation, bot, seen = ArenaSimulation(1, 2), Restless(), []
    arena = simulation.arena
    recorder = Recorder(arena, ["restless"], lambda _, replay: replays.append(replay))
    simulation.reset(0, setup, [USUAL_LIMITS] * 2)
    recorder.begin(0, setup)
    while not arena.done[0]:
        tick, acting = int(arena.state.matches["tick"][0]), set(arena.advance(0).seat.tolist())
        person = tick >= at
        if tick == at:
            arena.set_limits(0, 1, Limits(0, 0))
            recorder.change(0, Change(tick, 1, 1, 0, 0))
        acting -= {1} if person else set()
        if person and tick % 7 in (0, 3) and arena.state.mages["alive"][0, 1]:
            acting.add(1)
        if acting:
            due = Due(np.zeros(len(acting), np.int32), np.array(sorted(acting), np.int32))
            observation = simulation.observe(due)
            seen += [(tick, observation["scalars"][row].tolist()) for row in np.flatnonzero(due.seat == 1)]
            keys = np.array([tick * 2 + seat for seat in sorted(acting)], np.uint64)
            recorder.decisions(due)
            actions, _ = bot.act(observation, bot.initial_memory(len(keys)), keys)
            recorder.accepted(due, simulation.act(due, actions))
        tick_on(arena, person=person)
    recorder.end(Ended(0, 0, setup, simulation.outcome(0)))
    return replays[0], seen


def test_a_person_may_take_a_seat_over_and_act_at_any_tick() -> None:
    replay, seen = take_over(at=61)
    (mine,) = (t for t in trajectories([replay]) if t.seat == 1)
    assert mine.ticks.tolist() == [tick for tick, _ in seen]
    np.testing.assert_array_equal(mine.observation["scalars"], np.array([row for _, row in seen], np.float32))
    np.testing.assert_array_equal(mine.controllers, mine.ticks >= 61)
    promised = [DELAY_TICKS[delay] for delay in mine.actions[:-1, 1].tolist()]
    assert [b - a for a, b in pairwise(mine.ticks.tolist())] != promised
    rows = replay.decisions.seat == 1
    human = replay.decisions.tick[rows] >= 61
    np.testing.assert_array_equal(replay.decisions.seen[rows][human], replay.decisions.tick[rows][human])


def extreme_rules() -> list[dict]:
    """Tables in which one number is at an end of what a file may hold, and some in which many are."""
    usual, tables = Rules().to_dict(), []
    for name, about in numbers_of(Rules).items():
        if not about.length:
            tables += [usual | {name: bound} for bound in (about.least, about.most)]
    for name, about in numbers_of(Ability).items():
        rows = [[row | {name: about.most} for row in school] for school in usual["abilities"]]
        tables.append(usual | {"abilities": rows})
    crowded = {"duel_size": 8, "royale_size": 8, "wall_density": 1, "duel_items": [32] * 4, "royale_items": [32] * 4}
    fast = {"mage_speed": 20, "mage_radius": 0.05, "spawn_radius": 0.45}
    return [*tables, usual | crowded, usual | fast, usual | crowded | fast]


def test_no_rules_that_a_file_may_hold_break_the_simulation(replays: list[Replay]) -> None:
    """Compiled code has no index checks: the bounds are what keeps it within its arrays."""
    raws = [msgspec.Raw(msgspec.json.encode(table)) for table in extreme_rules()]
    for raw in raws:
        decode_rules(bytes(raw))
    headers = [msgspec.structs.replace(replays[0].header, rules=raw) for raw in raws]
    strange = [dataclasses.replace(replays[0], header=header) for header in headers]
    finished = list(resimulate(strange, observe=True))
    assert len(finished) == len(raws)
    assert sum(one.fault is not None for one in finished) > len(raws) // 2
