"""What every game promises (`botgame.game`), checked on every registered game and on one outside the package."""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from botgame import rng
from botgame.errors import UserError
from botgame.families import Member, RandomMember, from_shares, members, to_shares
from botgame.families import standard_numbers as usual
from botgame.game import Game, Policy, Scratch, Setup
from botgame.games import load_game
from botgame.match_batch import MatchBatch
from botgame.play import SeatMemory, decide, decide_rows, play
from botgame.setups import drawn_factions, mirrored_setups

sys.path.append(str(Path(__file__).resolve().parent.parent / "examples"))
CASES = [
    ("lms", 2),
    ("lms", 3),
    ("toy_game:toy", 2),
    ("my_game:make", 2),
    ("openspiel:tic_tac_toe", 2),
    ("openspiel:kuhn_poker", 2),
    ("openspiel:kuhn_poker(players=3)", 3),
    ("openspiel:leduc_poker", 2),
    ("openspiel:goofspiel(num_cards=5)", 2),
    ("openspiel:catch", 2),
    ("pettingzoo:connect_four_v3", 2),
    ("pettingzoo:rps_v2", 2),
    ("pettingzoo:leduc_holdem_v4", 2),
    ("gymnasium:CartPole-v1", 2),
]
TICKS = 240  # of a match, where its duration can be chosen
FLOATS = {
    "scalars": np.float32, "vectors": np.float32, "entities": np.float32, "privileged": np.float32,
    "entity_mask": np.bool_, "legal": np.bool_, "raster": np.uint8,
}  # fmt: skip


@pytest.fixture(
    params=[*CASES, ("lms", 2, "scratch"), ("lms", 3, "scratch")], ids=lambda case: "-".join(map(str, case))
)
def case(request) -> tuple[Game, int]:
    """A game with a number of seats; "scratch": as learners from random weights meet it."""
    game = load_game(request.param[0])
    if "scratch" in request.param:
        assert game.scratch.simulate
        game = replace(game, simulate=game.scratch.simulate)
    return game, request.param[1]


class Legal:
    """Chooses among the legal categories of each head at random; its memory counts its decisions."""

    name, memory_size = "legal", 1

    def __init__(self, game: Game) -> None:
        self.slices = list(game.spec.slices.values())

    def initial_memory(self, n: int) -> np.ndarray:
        return np.zeros((n, 1), np.float32)

    def act(self, observation: dict, memory: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        draws = rng.uniforms(keys, sum(part.stop - part.start for part in self.slices))
        wanted = np.where(observation["legal"], draws, -1)
        chosen = [wanted[:, part].argmax(1) for part in self.slices]
        return np.stack(chosen, 1).astype(np.int64), memory + 1


def setups(game: Game, seats: int, count: int) -> Iterator[Setup]:
    for number in range(count):
        draws = [rng.derive(number, seat) for seat in range(seats)]
        players = tuple((number + seat) % 2 for seat in range(seats))
        duration = TICKS if game.duration_ticks else 0
        yield Setup(rng.derive(5, number), players, drawn_factions(game, draws), duration, tag=number)


def batch_of(game: Game, seats: int, slots: int, count: int, taken: int = 0) -> MatchBatch:
    return MatchBatch(game.simulate(slots, seats), islice(setups(game, seats, count), taken, None))


def digest(*arrays: np.ndarray) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()


def story(game: Game, batch: MatchBatch, memory: SeatMemory) -> dict[int, tuple]:
    """What each seat saw, earned and did in each episode, in order, and how the episode ended."""
    policies, told = [Legal(game)] * 2, {}
    heads = len(game.spec.heads)
    while (step := batch.next()) is not None:
        for match in step.ended:
            over = match.outcome
            told[match.episode] = (
                *told.get(match.episode, ()),  # it may have begun before
                over.ticks,
                digest(over.places, over.counts, *over.rewards.values()),
            )
        if not len(step.slot):
            continue
        observation, rewards = batch.observe(step.due), batch.rewards(step.due)
        actions = decide(batch, step, memory, policies, heads)
        accepted = batch.act(step.due, actions)
        for row, episode in enumerate(step.episode.tolist()):
            seen = [*(observation[name][row] for name in FLOATS), *(array[row] for array in rewards.values())]
            told[episode] = (*told.get(episode, ()), int(step.seat[row]), digest(*seen, actions[row], accepted[row]))
    return told


def test_observations_are_what_the_spec_says(case: tuple[Game, int]) -> None:
    game, seats = case
    spec, batch, memory = game.spec, batch_of(game, seats, 3, 6), SeatMemory(3, seats)
    shapes = {
        "scalars": (len(spec.scalars),), "vectors": (len(spec.vectors), 2), "privileged": (len(spec.privileged),),
        "entities": (spec.max_entities, len(spec.entity_columns)), "entity_mask": (spec.max_entities,),
        "raster": (len(spec.raster_channels), spec.raster_size, spec.raster_size), "legal": (spec.logits,),
    }  # fmt: skip
    rows = 0
    while (step := batch.next()) is not None:
        if not len(step.slot):
            continue
        observation = batch.observe(step.due)
        assert {name: observation[name].dtype.type for name in FLOATS} == FLOATS
        assert {name: observation[name].shape for name in FLOATS} == {
            name: (len(step.slot), *shape) for name, shape in shapes.items()
        }
        for name in ("scalars", "vectors", "entities", "privileged"):
            assert np.isfinite(observation[name]).all()
        for part in spec.slices.values():
            assert observation["legal"][:, part].any(1).all()
        assert (np.diff(step.slot * seats + step.seat) > 0).all()  # ordered by slot, then seat
        actions = decide(batch, step, memory, [Legal(game)] * 2, len(spec.heads))
        accepted = batch.act(step.due, actions)
        assert accepted.shape == actions.shape
        rows += len(step.slot)
    assert rows >= 12


def test_results_do_not_depend_on_the_batch(case: tuple[Game, int]) -> None:
    game, seats = case
    told = [story(game, batch_of(game, seats, slots, 5), SeatMemory(slots, seats)) for slots in (1, 2, 5, 2)]
    assert len(told[0]) == 5
    assert all(each == told[0] for each in told)


def test_a_restored_batch_goes_on_to_the_bit(case: tuple[Game, int]) -> None:
    game, seats = case
    count = 6 if game.duration_ticks else 24  # the matches of some games are over after a decision
    batch, memory = batch_of(game, seats, 2, count), SeatMemory(2, seats)
    for _ in range(9):
        step = batch.next()
        assert step is not None
        batch.act(step.due, decide(batch, step, memory, [Legal(game)] * 2, len(game.spec.heads)))
    saved, remembered = batch.snapshot(), memory.snapshot()
    again, other = batch_of(game, seats, 2, count, taken=saved["taken"]), SeatMemory(2, seats)
    again.restore(saved)
    other.restore(remembered)
    first = story(game, batch, memory)
    assert story(game, again, other) == first
    assert len(first) >= 4
    with pytest.raises(UserError, match="another release"):
        batch_of(game, seats, 3, 6).restore(saved)


def test_seats_may_be_answered_one_by_one(case: tuple[Game, int]) -> None:
    """A match stands still until all its due seats have acted, in whatever order they do."""
    game, seats = case
    policy, heads, ends = Legal(game), len(game.spec.heads), []
    for one_by_one in (False, True):
        batch, memory = batch_of(game, seats, 3, 4), SeatMemory(3, seats)
        over = {}
        while (step := batch.next()) is not None:
            over |= {match.episode: digest(match.outcome.places, match.outcome.counts) for match in step.ended}
            rows = np.arange(len(step.slot))[-1:] if one_by_one else np.arange(len(step.slot))
            if len(rows):
                batch.act(
                    step.due.rows(rows),
                    decide_rows(batch.observe(step.due.rows(rows)), step, rows, policy, memory, heads),
                )
        ends.append(over)
    assert ends[0] == ends[1]
    assert len(ends[0]) == 4


def test_rewards_add_up(case: tuple[Game, int]) -> None:
    """Streams have the spec's names, start at 0, and those that are paid at the end are 0 until then and sum to 0."""
    game, seats = case
    names = {reward.name: reward.dense for reward in game.spec.rewards}
    batch, memory, begun, ended = batch_of(game, seats, 2, 4), SeatMemory(2, seats), set(), 0
    while (step := batch.next()) is not None:
        for match in step.ended:
            ended += 1
            assert set(match.outcome.rewards) == set(names)
            assert sorted(match.outcome.places.tolist())[0] == 1
            for name, dense in names.items():
                final = match.outcome.rewards[name]
                assert final.shape == (seats,)
                assert dense or abs(float(final.sum())) < 1e-5
        if not len(step.slot):
            continue
        rewards = batch.rewards(step.due)
        assert set(rewards) == set(names)
        for row, episode in enumerate(step.episode.tolist()):
            for name, dense in names.items():
                assert episode in begun or rewards[name][row] == 0
                assert dense or rewards[name][row] == 0
        begun |= set(step.episode.tolist())
        batch.act(step.due, decide(batch, step, memory, [Legal(game)] * 2, len(game.spec.heads)))
    assert ended == 4


def test_every_bot_plays_and_the_yardsticks_are_bots(case: tuple[Game, int]) -> None:
    game, seats = case
    assert set(game.yardsticks) <= set(game.bots)
    for make in game.bots.values():
        bot = make()
        assert isinstance(bot, Policy)
        ended = list(play(game, [bot, Legal(game)], setups(game, seats, 2), slots=2, seats=seats))
        assert len(ended) == 2
        assert all(match.outcome.counts.shape == (seats, len(game.counted)) for match in ended)


def test_every_family_makes_bots_that_play(case: tuple[Game, int]) -> None:
    """Those in the corners of its ranges too; a row decides by its own numbers, and the memory handed in stays."""
    game, seats = case
    for name, family in game.families.items():
        low, high, standard = (from_shares(family, share) for share in (0.0, 1.0, to_shares(family, usual(family))))
        for numbers in (low, high, standard):
            bots = [Member(name, family, numbers), RandomMember(name, family)]
            ended = list(play(game, bots, setups(game, seats, 2), slots=2, seats=seats))
            assert len(ended) == 2
        batch, memory = batch_of(game, seats, 4, 4), SeatMemory(4, seats)
        for _ in range(8):
            step = batch.next()
            assert step is not None
            observation, before = batch.observe(step.due), np.zeros((len(step.keys), family.memory_size), np.float32)
            table = np.stack([(low, high, standard)[row % 3] for row in range(len(step.keys))])
            together, _ = members(name, family, table).act(observation, before, step.keys)
            for row, numbers in enumerate(table):
                seen = {column: values[row : row + 1] for column, values in observation.items()}
                alone, _ = Member(name, family, numbers).act(seen, before[row : row + 1], step.keys[row : row + 1])
                assert (alone[0] == together[row]).all()
            assert (before == 0).all()
            batch.act(step.due, decide(batch, step, memory, [Legal(game)] * 2, len(game.spec.heads)))


def test_mirrored_setups_give_every_player_every_situation(case: tuple[Game, int]) -> None:
    game, seats = case
    players = tuple(range(seats))
    made = list(mirrored_setups(game, 3, 4, players))
    assert len(made) == 4 * seats
    for pair in range(4):
        ours = [setup for setup in made if setup.tag == pair]
        assert len({setup.seed for setup in ours}) == (seats if game.apart else 1)
        assert len({(setup.factions, setup.duration_ticks) for setup in ours}) == 1
        assert sorted(setup.players.index(0) for setup in ours) == list(players)
        assert len(ours[0].factions) == (seats if game.factions else 0)


@pytest.mark.parametrize("name", ["chess", "no_such_module:toy", "toy_game:nothing", "toy_game:TOY_SPEC", "json:dumps"])
def test_a_bad_name_of_a_game_is_a_one_line_error(name: str) -> None:
    with pytest.raises(UserError) as caught:
        load_game(name)
    assert "\n" not in str(caught.value)
    assert name.split(":")[0] in str(caught.value)


def test_a_game_that_contradicts_itself_is_refused() -> None:
    game = load_game("toy_game:toy")
    fields = dict(vars(game))
    for wrong in (
        {"yardsticks": ()},
        {"yardsticks": ("nobody",)},
        {"reward_weights": {"gold": 1.0}},
        {"scratch": Scratch(reward_weights={"gold": 1.0})},
        {"scratch": Scratch(opponents={"nobody": 1.0})},
        {"scratch": Scratch(logits={"gold": (1.0,)})},
        {"scratch": Scratch(scalar_logits={"gold": (1.0,)})},
        {"seat_numbers": ()},
        {"families": {"chance": game.families["leaning"]}},
        {"families": {"past": game.families["leaning"]}},
        {"families": {"a/b": game.families["leaning"]}},
    ):
        with pytest.raises(ValueError, match="toy"):
            Game(**{**fields, **wrong})
