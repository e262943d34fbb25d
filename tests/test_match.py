"""The match loop: nothing depends on how matches are batched, and memory is bound to the episode."""

from __future__ import annotations

import json
from itertools import islice

import numpy as np
import pytest

from botgame.errors import UserError
from botgame.game import Ended, Setup
from botgame.lms.arena_simulation import ArenaSimulation
from botgame.match_batch import MatchBatch
from botgame.play import SeatMemory, decide, decide_rows, play
from botgame.policies import load_policy
from botgame.setups import mirrored_setups
from botgame.standings import results_of, standings_of
from matches import HEADS, LMS, Restless, answer, setups


def summary(ended: Ended) -> tuple:
    outcome = ended.outcome
    return (
        ended.episode,
        ended.setup,
        outcome.ticks,
        outcome.places.tolist(),
        {name: reward.tolist() for name, reward in outcome.rewards.items()},
        outcome.counts.tolist(),
    )


@pytest.mark.parametrize("seats", [2, 5])
def test_results_do_not_depend_on_the_batch(seats: int) -> None:
    runs = [play(LMS, [Restless()], setups(6, seats), slots=slots, seats=seats) for slots in (1, 4, 64)]
    single, some, many = (sorted(map(summary, run)) for run in runs)
    assert single == some == many
    assert [row[0] for row in single] == list(range(6))


def test_steps_list_due_seats_in_order_and_every_match_ends_once() -> None:
    batch, memory = MatchBatch(ArenaSimulation(3, 2), setups(7)), SeatMemory(3, 2)
    ended: list[Ended] = []
    while (step := batch.next()) is not None:
        ended += step.ended
        order = step.slot * 2 + step.seat
        assert (np.diff(order) > 0).all()
        rows = [step.keys, *batch.observe(step.due).values(), *batch.rewards(step.due).values()]
        assert {len(array) for array in rows} == {len(step.slot)}
        if len(step.slot):
            answer(batch, step, memory, [Restless()])
    assert sorted(match.episode for match in ended) == list(range(7))
    assert batch.next() is None
    assert {match.setup.tag for match in ended} == set(range(100, 107))


def test_more_slots_than_setups_leave_slots_empty() -> None:
    assert len(list(play(LMS, [Restless()], setups(2), slots=8))) == 2
    assert list(play(LMS, [Restless()], setups(0), slots=2)) == []


def test_keys_differ_by_match_seat_and_tick() -> None:
    batch, memory = MatchBatch(ArenaSimulation(2, 2), setups(2)), SeatMemory(2, 2)
    keys: list[int] = []
    for _ in range(50):
        step = batch.next()
        assert step is not None
        keys += step.keys.tolist()
        answer(batch, step, memory, [Restless()])
    assert len(set(keys)) == len(keys)


def test_memory_counts_the_decisions_of_its_own_episode() -> None:
    batch, memory = MatchBatch(ArenaSimulation(2, 2), setups(5)), SeatMemory(2, 2)
    counts: dict[tuple[int, int], int] = {}
    while (step := batch.next()) is not None:
        actions = decide(batch, step, memory, [Restless()], HEADS)
        for slot, seat, episode in zip(step.slot.tolist(), step.seat.tolist(), step.episode.tolist(), strict=True):
            counts[episode, seat] = counts.get((episode, seat), 0) + 1
            assert memory.memory[slot, seat].tolist() == [counts[episode, seat], 7.0]
        batch.act(step.due, actions)
    assert len(counts) == 10


def test_rows_that_are_not_answered_come_again_and_nothing_else_changes() -> None:
    batch, memory = MatchBatch(ArenaSimulation(3, 2), setups(5)), SeatMemory(3, 2)
    ended: list[Ended] = []
    left: set[int] = set()
    while (step := batch.next()) is not None:
        ended += step.ended
        keys = step.keys.tolist()
        assert left <= set(keys)
        rows = np.arange(0, len(keys), 2)
        left = set(keys) - set(step.keys[rows].tolist())
        if len(rows):
            batch.act(
                step.due.rows(rows),
                decide_rows(batch.observe(step.due.rows(rows)), step, rows, Restless(), memory, HEADS),
            )
    assert sorted(map(summary, ended)) == sorted(map(summary, play(LMS, [Restless()], setups(5))))


def test_policies_get_their_own_rows_and_memory_sizes() -> None:
    class Wide(Restless):
        memory_size = 5

        def initial_memory(self, n):
            return np.full((n, 5), 3.0, np.float32)

        def act(self, observation, memory, keys):
            assert (memory == 3.0).all()
            return super().act(observation, memory[:, :2], keys)[0], memory

    batch = MatchBatch(ArenaSimulation(1, 2), iter([Setup(5, (1, 0), (0, 1), 600)]))
    memory = SeatMemory(1, 2)
    for _ in range(20):
        step = batch.next()
        assert step is not None
        assert step.player.tolist() == [1 - seat for seat in step.seat.tolist()]
        answer(batch, step, memory, [Restless(), Wide()])
    assert memory.memory.shape == (1, 2, 5)
    assert memory.memory[0, 0, 0] == 3.0
    assert memory.memory[0, 1, 0] > 3.0


def test_a_restored_batch_goes_on_as_if_nothing_had_happened() -> None:
    def finish(batch: MatchBatch, memory: SeatMemory) -> list[tuple]:
        rows = []
        while (step := batch.next()) is not None:
            rows += [summary(ended) for ended in step.ended]
            if len(step.slot):
                answer(batch, step, memory, [Restless()])
        return rows

    batch, memory = MatchBatch(ArenaSimulation(3, 2), setups(8)), SeatMemory(3, 2)
    for _ in range(120):
        step = batch.next()
        assert step is not None
        answer(batch, step, memory, [Restless()])
    saved, remembered = batch.snapshot(), memory.snapshot()
    arrays = saved.pop("simulation")
    saved = json.loads(json.dumps(saved)) | {"simulation": arrays}
    expected = finish(batch, memory)

    again, memory = MatchBatch(ArenaSimulation(3, 2), islice(setups(8), saved["taken"], None)), SeatMemory(3, 2)
    again.restore(saved)
    memory.restore(remembered)
    assert finish(again, memory) == expected
    assert len(expected) >= 5
    with pytest.raises(UserError, match="another release"):
        again.restore({**saved, "simulation": {**arrays, "past_mages": arrays["mages"]}})


@pytest.mark.parametrize(
    ("places", "results"),
    [([1, 2], [1, -1]), ([1, 1], [0, 0]), ([2, 1, 1, 4], [-1, 0, 0, -1]), ([3, 2, 1], [-1, -1, 1])],
)
def test_results_are_for_the_sole_winner(places: list[int], results: list[float]) -> None:
    assert results_of(np.array(places)).tolist() == results


def test_mirrored_setups_swap_players_on_the_same_situation() -> None:
    first, second, third, _ = mirrored_setups(LMS, 9, 2)
    assert (first.seed, first.factions, first.tag) == (second.seed, second.factions, second.tag)
    assert (first.players, second.players) == ((0, 1), (1, 0))
    assert third.seed != first.seed
    assert {first.duration_ticks, third.duration_ticks} == {LMS.duration_ticks}
    turns = list(mirrored_setups(LMS, 9, 1, players=(0, 1, 2)))
    assert sorted(setup.players for setup in turns) == [(0, 1, 2), (1, 2, 0), (2, 0, 1)]


def test_one_policy_against_itself_scores_exactly_half_when_mirrored() -> None:
    ended = list(play(LMS, [Restless(), Restless()], mirrored_setups(LMS, 3, 4, duration_ticks=900), slots=3))
    results = [standings_of(match.outcome.places)[list(match.setup.players)] for match in ended]
    assert np.sum(results, axis=0).tolist() == [0, 0]


def test_a_player_without_a_policy_is_named() -> None:
    with pytest.raises(UserError, match="player 1 of a set-up has no policy: expected 0 to 0") as caught:
        list(play(LMS, [load_policy(LMS, "random")], mirrored_setups(LMS, 1, 1)))
    assert caught.value.code == 2


def test_a_setup_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 2 of"):
        next(play(LMS, [Restless()], setups(1, seats=3), seats=2))


@pytest.mark.parametrize(("actions", "memory"), [((1, 6), (2, 2)), ((2, 5), (2, 2)), ((2, 6), (2, 3))])
def test_a_bot_that_returns_the_wrong_shapes_is_named(actions: tuple[int, int], memory: tuple[int, int]) -> None:
    class Careless(Restless):
        name = "careless"

        def act(self, observation, memory_, keys):
            return np.zeros(actions, np.int64), np.zeros(memory, np.float32)

    with pytest.raises(UserError, match=r"bot 'careless' returned .* expected"):
        list(play(LMS, [Careless()], setups(1)))


def test_a_bot_that_returns_no_memory_is_named() -> None:
    class Forgetful(Restless):
        name = "forgetful"

        def act(self, observation, memory, keys):
            return np.zeros((len(keys), HEADS), np.int64)

    with pytest.raises(UserError, match="bot 'forgetful' returned no pair from act, expected actions and memory"):
        list(play(LMS, [Forgetful()], setups(1)))


@pytest.mark.parametrize(("limit", "most"), [("action_cap", 22), ("reaction_ticks", 12)])
def test_limits_that_the_game_cannot_impose_are_named(limit: str, most: int) -> None:
    bot = Restless()
    setattr(bot, limit, most + 1)
    with pytest.raises(UserError, match=f"{limit} is {most + 1}, game lms allows 0 to {most}") as caught:
        list(play(LMS, [bot], setups(1)))
    assert caught.value.code == 2
