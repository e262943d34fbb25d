"""The actor on a toy game: what it writes is exactly what happened."""

import copy
import functools

import numpy as np
import pytest
import torch

from botgame.errors import UserError
from botgame.training.alphastar.actor.actor import Actor, Environment
from botgame.training.alphastar.actor.actors import Actors, make_actor, matches_begun
from botgame.training.alphastar.actor.numbers import MatchNumbers
from botgame.training.alphastar.actor.opponents import OpponentPool, parse_shares
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.replay_buffer import ReplayBuffer
from botgame.training.alphastar.learner.sequences import gather
from botgame.training.alphastar.network.action_distribution import head_log_probs
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from toy_game import TOY_SPEC, Fixed, toy_matches

torch.set_num_threads(1)  # small tensors: more threads only wait for each other
STEPS, SLOTS = 3, 4


def config(slots: int) -> RLConfig:
    return RLConfig(matches_per_actor=slots, unroll_length=STEPS, temperature=1.0)


def players(episode: int) -> tuple[int, int]:
    return [(0, 0), (0, 1), (1, 0)][episode % 3]


def network(seed: int) -> Network:
    """A small network that is not uniform."""
    made = Network(TOY_SPEC, PRESETS["tiny"], seed)
    generator = torch.Generator().manual_seed(seed)
    for parameter in made.parameters():
        parameter.data += 0.3 * torch.randn(parameter.shape, generator=generator)
    return made.eval()


class World:
    """An actor with all that it needs."""

    def __init__(self) -> None:
        self.student, self.teacher, self.bot = network(1), network(2), Fixed(2)
        numbers = MatchNumbers()
        self.matches = toy_matches(SLOTS, players, numbers=numbers)
        environment = Environment(TOY_SPEC, self.matches, lambda _player: self.bot, numbers=numbers)
        self.actor = Actor(environment, self.student, self.teacher, config(SLOTS))
        self.buffer = ReplayBuffer(TOY_SPEC, self.student.memory_size, STEPS, 512, 64)


@pytest.fixture(scope="module")
def world() -> World:
    made = World()
    made.collected = [made.actor.collect(made.buffer, 40, version) for version in (0, 7)]
    return made


def episodes_in(world: World) -> dict[tuple[int, int], list[int]]:
    """Sequences of each (episode, learner seat) in order, found by their first decision in the log of the game."""
    log: dict[tuple[int, int], list[tuple[int, tuple[int, ...]]]] = {}
    for episode, seat, tick, action in world.matches.simulation.log:
        if players(episode)[seat] == 0:
            log.setdefault((episode, seat), []).append((tick, action))
    return log


def test_every_decision_of_the_learner_is_in_exactly_one_sequence(world: World) -> None:
    columns, count = world.buffer.columns, world.buffer.count
    stored = sorted(
        (round(float(columns["scalars"][k, t, 0]) * 10), int(columns["scalars"][k, t, 2]), *columns["actions"][k, t])
        for k in range(count)
        for t in range(columns["length"][k])
    )
    open_rows = world.actor._position  # decisions that wait in open sequences
    played = [(tick, seat, *action) for (_, seat), rows in episodes_in(world).items() for tick, action in rows]
    assert len(played) == len(stored) + int(open_rows.sum())
    assert not set(stored) - set(played)
    assert world.collected[0].decisions + world.collected[1].decisions == len(played)


def test_sequences_end_at_the_match_or_go_on_in_the_next(world: World) -> None:
    columns, count = world.buffer.columns, world.buffer.count
    length, truncated = columns["length"][:count], columns["truncated"][:count]
    assert (length[truncated] == STEPS).all()
    assert (length[~truncated] >= 1).all()
    assert truncated.any()
    assert (~truncated).any()
    result = columns["rewards"][:count, :, 0]
    last = result[np.arange(count), length - 1]
    assert set(last[~truncated].tolist()) <= {-1.0, 0.0, 1.0}
    assert (last[truncated] == 0).all()
    assert np.abs(result).sum() == np.abs(last).sum()  # paid at the last decision, nowhere else


def test_dense_rewards_sum_to_the_final_score(world: World) -> None:
    """Follow each seat through the buffer in order: a true end closes an episode."""
    columns = world.buffer.columns
    finished = {match.episode: match for part in world.collected for match in part.ended}
    totals = {}
    for match in finished.values():
        for seat, player in enumerate(match.setup.players):
            if player == 0:
                totals.setdefault((seat, float(match.outcome.rewards["lead"][seat])), 0)
                totals[seat, float(match.outcome.rewards["lead"][seat])] += 1
    sums: dict[tuple[int, float], int] = {}
    running: dict[tuple[int, int], float] = {}
    for k in range(world.buffer.count):
        row = world.rows[k]
        value = running.get(row, 0.0) + float(columns["rewards"][k, : columns["length"][k], 1].sum())
        running[row] = value
        if not columns["truncated"][k]:
            sums[row[1], value] = sums.get((row[1], value), 0) + 1
            running[row] = 0.0
    assert sums == totals


def test_behaviour_is_what_the_student_says_of_the_stored_sequence(world: World) -> None:
    batch = gather(world.buffer.columns, np.arange(world.buffer.count))
    with torch.no_grad():
        out = world.student.unroll(batch.observation, batch.memory, batch.actions, batch.valid)
    again = head_log_probs(TOY_SPEC, out.log_probs[:-1], batch.actions[:-1])
    torch.testing.assert_close(again[batch.mask], batch.behaviour[batch.mask], atol=1e-5, rtol=1e-4)
    assert set(world.buffer.columns["version"][: world.buffer.count].tolist()) == {0, 7}


def test_the_teacher_remembers_the_whole_match(world: World) -> None:
    """Unroll the teacher over whole matches, from its initial memory; the stored log-probabilities are these."""
    columns = world.buffer.columns
    memory: dict[tuple[int, int], torch.Tensor] = {}
    for k in range(world.buffer.count):
        row = world.rows[k]
        batch = gather(columns, np.array([k]))
        steps = len(batch.mask)
        seen = {name: column[:steps] for name, column in batch.observation.items()}
        start = memory.get(row, world.teacher.initial_memory(1))
        with torch.no_grad():
            out = world.teacher.unroll(seen, start, batch.actions[:steps], batch.mask, values=False)
        torch.testing.assert_close(out.log_probs, batch.teacher, atol=4e-3, rtol=4e-3)  # stored as float16
        memory[row] = out.memory if columns["truncated"][k] else world.teacher.initial_memory(1)


def test_opponents_keep_their_memory_for_one_match(world: World) -> None:
    assert world.bot.memories[0] == 0
    assert max(world.bot.memories) >= 3
    assert min(world.bot.memories) == 0


@pytest.fixture(autouse=True, scope="module")
def rows_of_sequences(world: World) -> None:
    """Which (slot, seat) each stored sequence is of, by replaying the same world with a spy on the buffer."""
    again, rows = World(), []
    add = again.buffer.add

    def spy(source, chosen):
        rows.extend((int(row) // 2, int(row) % 2) for row in chosen)
        return add(source, chosen)

    again.buffer.add = spy
    for version in (0, 7):
        again.actor.collect(again.buffer, 40, version)
    assert again.matches.simulation.log == world.matches.simulation.log
    world.rows = rows


def test_a_restored_actor_goes_on_to_the_bit() -> None:
    whole, cut = World(), World()
    for each in (whole, cut):
        each.actor.collect(each.buffer, 20, 0)
    state = copy.deepcopy({"actor": cut.actor.snapshot(), "buffer": cut.buffer.snapshot()})
    other = World()
    other.actor.restore(state["actor"])
    other.buffer.restore(state["buffer"])
    for each in (whole, other):
        each.actor.collect(each.buffer, 30, 5)
    assert whole.buffer.count == other.buffer.count
    for name, column in whole.buffer.columns.items():
        np.testing.assert_array_equal(other.buffer.columns[name], column, err_msg=name)


def pool(shares: dict[str, float], capacity: int = 3) -> OpponentPool:
    return OpponentPool(shares, {"bot": Fixed(0)}, lambda weights: Fixed(int(weights["w"])), seed=1, capacity=capacity)


def test_opponents_are_drawn_by_their_shares_on_either_seat() -> None:
    made = pool({"self": 0.25, "past": 0.25, "bot": 0.5})
    made.freeze({"w": torch.tensor(0)})
    made.turn(0)
    drawn = [made.draw(episode) for episode in range(2000)]
    kinds = [kind for kind, _ in drawn]
    assert all(
        abs(kinds.count(kind) / 2000 - share) < 0.04 for kind, share in (("self", 0.25), ("past", 0.25), ("bot", 0.5))
    )
    seats = [seats.index(0) for kind, seats in drawn if kind == "bot"]
    assert abs(np.mean(seats) - 0.5) < 0.06
    assert all(made.kind(max(seats)) == kind for kind, seats in drawn)
    assert (made.learning_seats(2), made.learning_seats(4)) == (1.25, 1.75)


def test_seats_of_a_free_for_all_are_drawn_by_share_each_for_itself() -> None:
    made = pool({"self": 0.25, "past": 0.25, "bot": 0.5})
    assert set(made.draw_royale(0, 8)) <= {0, 1}  # no frozen self yet: the learner plays those seats
    made.freeze({"w": torch.tensor(0)})
    made.turn(0)
    drawn = [made.draw_royale(episode, 5) for episode in range(500)]
    assert drawn[:3] != drawn[3:6]
    assert all(len(players) == 5 and 0 in players for players in drawn)
    rivals = [made.kind(player) for players in drawn for player in players]
    counts = {kind: rivals.count(kind) / len(rivals) for kind in ("self", "past", "bot")}
    assert counts == pytest.approx({"self": 0.2 + 0.8 * 0.25, "past": 0.2, "bot": 0.4}, abs=0.03)
    seats = [players.count(0) for players in drawn]
    assert max(seats) > 2
    first = [players.index(0) for players in drawn if players.count(0) == 1]
    assert abs(np.mean(first) - 2) < 0.3
    made.freeze({"w": torch.tensor(1)})
    made.turn(1)
    number = max(max(players) for players in drawn)
    for players in drawn:
        assert made.policy(number)
        made.ended(players)


def test_two_environments_fill_one_buffer_by_their_shares_and_go_on_to_the_bit() -> None:
    def joined() -> tuple[Actor | Actors, ReplayBuffer]:
        bot, student, environments = Fixed(2), network(1), []
        for seed, (slots, share) in enumerate(((4, 0.75), (2, 0.25))):
            numbers = MatchNumbers()
            matches = toy_matches(slots, players, seed, numbers)
            environments.append(
                Environment(TOY_SPEC, matches, lambda _player: bot, slots=slots, share=share, numbers=numbers)
            )
        made = make_actor(environments, student, network(2), config(SLOTS), "cpu")
        return made, ReplayBuffer(TOY_SPEC, student.memory_size, STEPS, 512, 64)

    (whole, buffer), (cut, other) = joined(), joined()
    done = [[made.collect(place, 13, turn) for turn in range(8)] for made, place in ((whole, buffer), (cut, other))]
    assert all(13 <= each.sequences <= 13 + 12 for each in done[0])
    assert sum(each.sequences for each in done[0]) == buffer.count
    counts = whole.snapshot()["counts"]
    assert sum(counts) == buffer.count
    assert abs(counts[1] - 0.25 * buffer.count) <= 4  # off by what closes in one step
    assert matches_begun(whole.snapshot()) == max(each["matches"]["taken"] for each in whole.snapshot()["actors"])
    state = copy.deepcopy({"actor": cut.snapshot(), "buffer": other.snapshot()})
    again, columns = joined()
    again.restore(state["actor"])
    columns.restore(state["buffer"])
    for made, place in ((whole, buffer), (again, columns)):
        for turn in range(3):
            made.collect(place, 10, turn)
    assert columns.count == buffer.count
    for name, column in buffer.columns.items():
        np.testing.assert_array_equal(columns.columns[name], column, err_msg=name)


def test_a_frozen_self_lives_as_long_as_its_matches() -> None:
    made = pool({"past": 1.0}, capacity=1)
    made.freeze({"w": torch.tensor(1)})
    made.turn(0)
    _, seats = made.draw(0)
    number = max(seats)
    made.freeze({"w": torch.tensor(2)})  # drops the first from the pool while it still plays
    made.turn(1)
    assert made.policy(number).choice == 1
    state, playing = made.snapshot(), made.playing()
    made.ended(seats)
    assert made.policy(max(made.draw(1)[1])).choice == 2
    with pytest.raises(KeyError):
        made.policy(number)
    again = pool({"past": 1.0}, capacity=1)
    again.restore(state, playing)
    assert again.policy(number).choice == 1
    void = pool({"past": 1.0}, capacity=1)
    void.restore(state, {})  # as in a process where nobody plays against it
    with pytest.raises(KeyError):
        void.policy(number)


def test_a_frozen_self_lives_as_long_as_matches_elsewhere() -> None:
    made = pool({"past": 1.0}, capacity=1)
    made.freeze({"w": torch.tensor(1)})
    made.turn(0)
    number = max(made.draw(0)[1])
    made.keep([number])
    made.ended((0, number))
    made.freeze({"w": torch.tensor(2)})
    made.turn(1)
    state = made.snapshot()
    assert number in state["weights"]
    again = pool({"past": 1.0}, capacity=1)
    again.restore(state, {}, [number])
    for each in (made, again):
        assert each.policy(number).choice == 1
        each.keep([])
        with pytest.raises(KeyError):
            each.policy(number)


def test_a_full_pool_keeps_the_first_and_spreads_over_time() -> None:
    made = pool({"past": 1.0}, capacity=4)
    for version in range(20):
        made.freeze({"w": torch.tensor(version)})
    state = made.snapshot()
    kept = [int(state["weights"][number]["w"]) for number in state["drawable"]]
    assert len(kept) == 4
    assert kept[0] == 0
    assert kept[-1] == 19
    assert max(np.diff(kept)) <= 12


@pytest.mark.parametrize("text", ["", "self", "self=x", "self=-1", "self=0", "a=1,a=2", "=1", "self=nan", "self=inf"])
def test_bad_shares_are_one_line_errors(text: str) -> None:
    with pytest.raises(UserError, match="--opponents"):
        parse_shares(text)


def test_shares_sum_to_one() -> None:
    assert parse_shares("self=1, lms_re=3,past=0") == {"self": 0.25, "lms_re": 0.75}


def test_only_rows_that_decide_are_observed() -> None:
    """A row that waits for a fuller batch comes up again: observed each time, it would cost several observations."""
    matches = toy_matches(6, lambda episode: [(0, 0), (0, 1), (2, 0)][episode % 3])
    student, bot, rows = network(1), Fixed(0), {"due": 0, "observed": 0, "acted": 0}
    environment = Environment(TOY_SPEC, matches, lambda _player: bot, may_wait=lambda player: player == 2)
    following, observe, act = matches.next, matches.observe, matches.act

    def counted(name, given, due, *rest):
        rows[name] += len(due.slot)
        return given(due, *rest)

    def next_step():
        step = following()
        rows["due"] += len(step.due.slot)
        return step

    matches.next = next_step
    matches.observe = functools.partial(counted, "observed", observe)
    matches.act = functools.partial(counted, "acted", act)
    buffer = ReplayBuffer(TOY_SPEC, student.memory_size, STEPS, 512, 64)
    Actor(environment, student, network(2), config(6)).collect(buffer, 150, 0)
    assert rows["observed"] == rows["acted"] < rows["due"]


def test_networks_wait_for_fuller_batches_and_nothing_else_changes() -> None:
    """Where rows wait, the same matches run in another order: each episode's decisions stay the same."""
    logs, calls = [], []
    for waits in (True, False):
        student, bot, counted = network(1), Fixed(0), [0]
        matches = toy_matches(6, lambda episode: [(0, 0), (0, 1), (2, 0)][episode % 3])
        environment = Environment(
            TOY_SPEC, matches, lambda _player, bot=bot: bot,
            may_wait=lambda player, waits=waits: waits and player == 2,
        )  # fmt: skip
        actor = Actor(environment, student, network(2), config(6))
        act = actor._act

        def count(*given, act=act, counted=counted):
            counted[0] += 1
            return act(*given)

        actor._act = count
        buffer = ReplayBuffer(TOY_SPEC, student.memory_size, STEPS, 512, 64)
        actor.collect(buffer, 150, 0)
        logs.append({entry[:3]: entry[3] for entry in matches.simulation.log})
        calls.append(buffer.count / counted[0])
    shared = set(logs[0]) & set(logs[1])
    assert len(shared) > 0.8 * len(logs[0])
    assert all(logs[0][key] == logs[1][key] for key in shared)
