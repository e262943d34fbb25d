"""Our arena as environments of Gymnasium and PettingZoo: their own checkers, seeds, vector = single, masks, replays."""

import itertools
import os
import warnings
from dataclasses import replace
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, seed_test

import botgame.envs
from botgame import threads
from botgame.envs.flat import FlatObservation, FlatVectorObservation, flat
from botgame.envs.learner_matches import LearnerMatches
from botgame.envs.matchup import LEARNER, matchup
from botgame.envs.pettingzoo import env as turns_env
from botgame.envs.pettingzoo import parallel_env
from botgame.envs.vector import MatchVectorEnv
from botgame.errors import UserError
from botgame.families import Member, from_shares, standard_numbers
from botgame.game import AnswersBots, ScriptedPolicy, Setup
from botgame.games import load_game
from botgame.lms.arena_simulation import HealthLeadSimulation
from botgame.lms.replay.format import read, scan
from botgame.lms.replay.verify import verify
from botgame.play import play
from botgame.policies import load_policy
from botgame.setups import mirrored_setups

LMS = load_game("lms")
SHORT = 240  # ticks of a match


def duel(**options):
    return gymnasium.make("botgame/Duel-v0", **{"opponent": "legacy", "duration_ticks": SHORT, **options})


def limited(**limits: int) -> ScriptedPolicy:
    bot = ScriptedPolicy("limited", lambda _seen, _memory, keys: np.zeros((len(keys), 6), np.int64))
    vars(bot).update(limits)
    return bot


def batch(count: int, **options):
    return gymnasium.make_vec("botgame/Duel-v0", count, **{"opponent": "legacy", "duration_ticks": SHORT, **options})


def random_actions(steps: int, count: int, seed: int = 0) -> np.ndarray:
    sizes = [head.size for head in LMS.spec.heads]
    return np.random.default_rng(seed).integers(0, sizes, (steps, count, len(sizes)))


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_a_game_is_asked_for_by_name_and_given_as_a_game() -> None:
    with pytest.raises(UserError, match="game 3: expected its name"):
        load_game(3)
    with pytest.raises(UserError, match=r"game 'lms': expected a botgame\.game\.Game"):
        matchup("lms", "lms_re", seats=2)


@pytest.mark.parametrize(
    ("name", "options"), [("Duel-v0", {}), ("Royale-v0", {"seats": 3, "opponents": ("legacy", "random")})]
)
def test_gymnasium_accepts_the_environment(name: str, options: dict) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bounds of the boxes are infinite
        check_env(gymnasium.make(f"botgame/{name}", duration_ticks=SHORT, render_mode="rgb_array", **options).unwrapped)


def test_pettingzoo_accepts_the_environments() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it recommends Box and Discrete
        parallel_api_test(parallel_env(duration_ticks=SHORT), num_cycles=100)
        api_test(turns_env(seats=3, duration_ticks=SHORT), num_cycles=60)
        parallel_seed_test(lambda: parallel_env(duration_ticks=SHORT), num_cycles=40)
        seed_test(lambda: turns_env(duration_ticks=SHORT), num_cycles=40)


def test_a_batch_plays_what_single_environments_play() -> None:
    actions, envs, singles = random_actions(60, 3), batch(3), [duel() for _ in range(3)]
    seen, _ = envs.reset(seed=5)
    for number, single in enumerate(singles):
        single.reset(seed=5 + number)
    ended = 0
    for row in actions:
        seen, rewards, terminated, truncated, info = envs.step(row)
        assert not truncated.any()
        for number, single in enumerate(singles):
            one, reward, over, _, told = single.step(row[number])
            assert (reward, over, told["ticks"]) == (rewards[number], terminated[number], info["ticks"][number])
            if over:
                assert told["place"] == info["places"][number]
                assert same(one, info["final_obs"][number])
                one, ended = single.reset()[0], ended + 1
            assert same(one, {name: array[number] for name, array in seen.items()})
            assert one in single.observation_space
    assert ended >= 3
    assert envs.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP


def test_a_learner_that_plays_like_a_bot_has_the_bots_matches() -> None:
    """The core plays the set-ups, random keys and outcomes of `botgame.play`."""
    rusher, kind = load_policy(LMS, "rusher"), matchup(LMS, "lms_re", 2, duration_ticks=600)
    bot = ScriptedPolicy("steady", lambda seen, memory, keys: rusher.act(seen, memory, np.zeros_like(keys))[0])
    stream = kind.setups(3)
    setups = [next(stream) for _ in range(4)]
    expected = [end.outcome for end in sorted(play(LMS, [bot, *kind.policies], iter(setups)), key=lambda e: e.episode)]
    matches, places, ticks, returns = LearnerMatches(kind), [], 0, 0.0
    seen, _ = matches.reset([3])
    while len(places) < 4:
        actions, _ = bot.act(seen, bot.initial_memory(1), np.zeros(1, np.uint64))
        seen, rewards, over, _, info = matches.step(actions)
        ticks, returns = ticks + int(info["ticks"][0]), returns + float(rewards[0])
        if over[0]:
            seat, outcome = setups[len(places)].players.index(0), expected[len(places)]
            places.append(int(info["places"][0]))
            assert (places[-1], ticks) == (outcome.places[seat], outcome.ticks)
            worth = outcome.rewards["result"][seat] + 0.5 * outcome.rewards["damage"][seat]
            assert returns == pytest.approx(worth, abs=1e-4)
            ticks, returns = 0, 0.0


@pytest.mark.parametrize(("seats", "slots"), [(2, 5), (4, 5), (2, 260)])
def test_bots_that_the_simulation_answers_play_as_from_outside(seats: int, slots: int) -> None:
    """In a royale the learner dies and the bots go on; in a large batch two threads run the matches."""
    family = LMS.families["scripted"]
    numbers = from_shares(family, np.random.default_rng(1).random(len(family.parameters)))
    bots = [load_policy(LMS, "lms_re"), load_policy(LMS, "looter"), Member("odd", family, numbers)][: seats - 1]
    outside = [ScriptedPolicy(bot.name, lambda *seen, bot=bot: bot.act(*seen)[0]) for bot in bots]
    inside, apart = (
        LearnerMatches(matchup(LMS, players, seats, duration_ticks=600), slots) for players in (bots, outside)
    )
    assert isinstance(inside.simulation, AnswersBots)
    assert all(map(inside.simulation.can_answer, bots))
    assert not any(map(inside.simulation.can_answer, outside))
    steps, ended = random_actions(150 if slots < 100 else 8, slots), 0
    threads.set_threads(2)
    try:
        np.testing.assert_equal(inside.reset(range(slots)), apart.reset(range(slots)))
        for row in steps:
            stepped = inside.step(row)
            np.testing.assert_equal(stepped, apart.step(row))
            ended += stepped[2].sum()
    finally:
        threads.set_threads(1)
    assert ended >= 10 or slots > 100


def test_matches_that_the_learner_left_stand_still_whoever_answers_the_bots(tmp_path: Path) -> None:
    bots = [load_policy(LMS, "lms_re"), load_policy(LMS, "looter")]
    outside = [ScriptedPolicy(bot.name, lambda *seen, bot=bot: bot.act(*seen)[0]) for bot in bots]
    inside, apart, recorded = (
        LearnerMatches(matchup(LMS, players, 4, duration_ticks=600, **more), 5, refill=False)
        for players, more in ((bots, {}), (outside, {}), (bots, {"record_to": tmp_path}))
    )
    for matches in (inside, apart, recorded):
        matches.reset(range(5))
    over = np.zeros(5, bool)
    for row in random_actions(200, 5):
        actions = row[inside.due.slot]
        _, _, terminated, _, info = stepped = inside.step(actions)
        np.testing.assert_equal(apart.step(actions), stepped)
        np.testing.assert_equal(recorded.step(actions), stepped)
        np.testing.assert_equal(apart.simulation.ticks, inside.simulation.ticks)
        assert not info["ticks"][over].any()
        over |= terminated
        if over.all():
            break
    assert over.all()
    assert len(list(scan(tmp_path))) == 5


def test_a_simulation_answers_no_bot_that_decides_in_another_way() -> None:
    class Still(Member):
        def act(self, observation, memory, keys):
            return np.zeros((len(keys), len(LMS.spec.heads)), np.int64), memory

    family = LMS.families["scripted"]
    other = replace(family, decide=lambda *seen: np.zeros((len(seen[2]), len(LMS.spec.heads)), np.int64))
    simulation = LMS.simulate(1, 2)
    assert simulation.can_answer(Member("one", family, standard_numbers(family)))
    assert not simulation.can_answer(Still("two", family, standard_numbers(family)))
    assert not simulation.can_answer(Member("three", other, standard_numbers(family)))


def test_set_ups_are_mirrored_without_end() -> None:
    stream = matchup(LMS, "legacy", 3).setups(1)
    made: list[Setup] = [next(stream) for _ in range(9)]
    assert [setup.players for setup in made[:3]] == [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
    assert [setup.tag for setup in made] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    own = matchup(LMS, "idle", 2, faction="cryomancer")
    begun = [next(own.setups(seed)) for seed in range(5)]
    assert {setup.factions[setup.players.index(0)] for setup in begun} == {LMS.factions.index("cryomancer")}


def test_what_a_learner_trains_on_is_not_what_it_is_measured_on() -> None:
    trained = {setup.seed for setup in itertools.islice(matchup(LMS, "idle", 2).setups(0), 400)}
    assert not trained & {setup.seed for setup in mirrored_setups(LMS, 0, 200)}


def test_masks_are_the_legal_categories() -> None:
    single, sizes = duel(), [head.size for head in LMS.spec.heads]
    seen, info = single.reset(seed=2)
    for _ in range(30):
        masks = single.get_wrapper_attr("action_masks")()
        assert masks.dtype == bool
        assert np.array_equal(masks, seen["legal"])
        assert [len(mask) for mask in info["action_mask"]] == sizes
        assert all(mask.any() for mask in info["action_mask"])
        seen, _, over, _, info = single.step(single.action_space.sample(info["action_mask"]))
        if over:
            seen, info = single.reset()
    envs = batch(2)
    seen, _ = envs.reset(seed=2)
    assert np.array_equal(envs.action_masks(), seen["legal"])


def test_a_limit_truncates_and_hands_out_what_to_bootstrap_from() -> None:
    envs, free, actions = batch(2, max_episode_steps=5), batch(2), random_actions(5, 2)
    envs.reset(seed=1)
    free.reset(seed=1)
    for number, row in enumerate(actions):
        first, rewards, terminated, truncated, info = envs.step(row)
        last, others, _, _, _ = free.step(row)
        assert truncated.tolist() == [number == 4] * 2
        assert not terminated.any()
        assert np.array_equal(rewards, others)
    assert same(info["final_obs"][0], {name: array[0] for name, array in last.items()})
    assert not same(info["final_obs"][0], {name: array[0] for name, array in first.items()})
    single = duel(max_episode_steps=3)
    single.reset(seed=1)
    assert [single.step(row[0])[3] for row in actions[:3]] == [False, False, True]


def test_ticks_are_those_of_the_chosen_delay() -> None:
    single = duel(opponent="idle")
    single.reset(seed=1)
    delays = [2, 3, 4, 5, 6, 8, 12, 20]
    assert [single.step([0, k, 0, 0, 0, 0])[4]["ticks"] for k in range(8)] == delays


def test_a_royale_ends_when_the_learner_is_out() -> None:
    options = {"seats": 4, "opponents": "lms_re", "duration_ticks": 900}
    single = gymnasium.make("botgame/Royale-v0", **options)
    single.reset(seed=4)
    over = False
    while not over:  # it stands still outside the closing zone
        _, _, over, _, info = single.step([0, 7, 0, 0, 0, 0])
    assert 1 < info["place"] <= 4
    assert info["rewards"]["result"] == pytest.approx((4 - 2 * info["place"] + 1) / 3)


@pytest.mark.parametrize("seats", [2, 3])
def test_recorded_matches_are_replays(tmp_path: Path, seats: int) -> None:
    name, against = ("Duel-v0", "opponent") if seats == 2 else ("Royale-v0", "opponents")
    options = {against: "lms_re", "duration_ticks": SHORT, "record_to": tmp_path}
    if seats > 2:
        options["seats"] = seats
    envs = gymnasium.make_vec(f"botgame/{name}", 2, **options)
    envs.reset(seed=3)
    ended = sum(envs.step(row)[2].sum() for row in random_actions(70, 2))
    replays = [read(path) for path in scan(tmp_path)]
    assert len(replays) == ended > 1
    for replay in replays:
        assert sorted(seat.policy for seat in replay.header.seats) == [LEARNER, *["lms_re"] * (seats - 1)]
        verify(replay)


def test_pictures_show_the_match(monkeypatch: pytest.MonkeyPatch) -> None:
    single = duel(render_mode="rgb_array")
    single.reset(seed=1)
    before = single.render()
    assert before.shape == (480, 480, 3)
    assert before.dtype == np.uint8
    single.step([0, 7, 1, 0, 0, 0])
    assert (single.render() != before).any()
    assert len(batch(2, render_mode="rgb_array").unwrapped.render()) == 2
    monkeypatch.setitem(os.environ, "SDL_VIDEODRIVER", "dummy")
    shown = duel(render_mode="human")
    shown.reset(seed=1)
    shown.step([0, 0, 1, 0, 0, 0])
    shown.close()


def test_flat_observations() -> None:
    names = ("scalars", "raster")
    single, envs = FlatObservation(duel(), names), FlatVectorObservation(batch(2, max_episode_steps=2), names)
    one, _ = single.reset(seed=9)
    rows, _ = envs.reset(seed=9)
    assert one in single.observation_space
    assert np.array_equal(rows[0], one)
    assert single.action_masks().shape == (LMS.spec.logits,)
    assert np.array_equal(envs.action_masks()[0], single.action_masks())
    with pytest.raises(UserError, match="names 'raster': expected several"):
        FlatObservation(duel(), "raster")
    whole, _ = duel().reset(seed=9)
    assert np.array_equal(one, flat(whole, names))
    assert one[len(LMS.spec.scalars) :].max() == 1.0
    for row in random_actions(2, 2):
        _, _, _, _, info = envs.step(row)
    assert info["final_obs"][1] in envs.single_observation_space


def test_opponents_may_be_policies_and_functions() -> None:
    def stands(observation, memory, keys):
        return np.zeros((len(keys), len(LMS.spec.heads)), np.int64)

    ways = [duel(opponent=opponent) for opponent in (stands, LMS.bots["idle"](), "idle")]
    seen = [way.reset(seed=6)[0] for way in ways]
    for row in random_actions(15, 1):
        seen = [way.step(row[0])[0] for way in ways]
    assert same(seen[0], seen[2])
    assert same(seen[1], seen[2])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"opponent": "nobody"}, "unknown bot 'nobody'"),
        ({"opponent": 3}, "opponent 3: expected the name"),
        ({"opponent": {}}, "share of each one's matches, more than 0"),
        ({"opponent": {"idle": 1, "legacy": -1}}, "share of each one's matches, more than 0"),
        ({"opponent": {3: 1.0}}, "expected names of bots"),
        ({"opponent": {"idle": "1"}}, "share of each one's matches, more than 0"),
        ({"opponent": {"idle": float("nan"), "legacy": 1}}, "share of each one's matches, more than 0 and finite"),
        ({"opponent": {"idle": float("inf"), "legacy": 1}}, "share of each one's matches, more than 0 and finite"),
        ({"opponent": {"idle": 1e308, "legacy": 1e308}}, "more than 0 and finite in sum"),
        ({"opponent": {"idle": 10**400}}, "more than 0 and finite in sum"),
        ({"opponent": ("idle", "legacy")}, "^2 opponents for 1 seat: leave some out$"),
        (
            {"opponent": ScriptedPolicy},
            "^opponent ScriptedPolicy: it is a class, expected a policy that was made of it$",
        ),
        ({"opponent": {"idle": 1, "nobody": 1}}, "unknown bot 'nobody'"),
        ({"opponent": {"level-4": 1}}, "opponent level-4: it has a faction or limits of its own"),
        ({"opponent": limited(action_cap=23)}, "^bot 'limited': action_cap is 23, game lms allows 0 to 22; correct"),
        ({"faction": "druid"}, "faction 'druid': expected one of pyromancer"),
        ({"reward_weights": {"fun": 1}}, "reward_weights of fun: expected result, damage"),
        ({"duration_ticks": 0}, "duration_ticks 0: expected a whole number of ticks"),
        ({"duration_ticks": "900"}, "duration_ticks '900': expected a whole number of ticks"),
        ({"duration_ticks": True}, "duration_ticks True: expected a whole number of ticks"),
        ({"reward_weights": {"damage": 10**400}}, "reward_weights of damage: expected a finite number, got 1000"),
        ({"reward_weights": ["result"]}, "expected numbers by name, such as {'result': 1.0}"),
        ({"reward_weights": {"damage": float("nan")}}, "reward_weights of damage: expected a finite number, got nan"),
        ({"record_to": __file__}, "expected the path of a folder"),
        ({"record_to": "a\0b"}, r"^record_to 'a\\x00b': expected the path of a folder$"),
        ({"record_to": f"{__file__}/deep/below"}, r"^record_to .*expected the path of a folder, but .*\.py is none$"),
        ({"scratch": "no"}, "scratch 'no': expected True or False"),
        ({"scratch": 1}, "scratch 1: expected True or False"),
        ({"render_mode": "ansi"}, "render_mode 'ansi'"),
    ],
)
def test_mistakes_are_named(options: dict, words: str) -> None:
    with pytest.raises(UserError, match=words):
        duel(**options)


def test_seats_out_of_range_are_named() -> None:
    for seats in (20, 0, "4", 2.0):
        with pytest.raises(UserError, match=f"^{seats!r} seats: game lms has 2 to 16"):
            gymnasium.make("botgame/Royale-v0", seats=seats)


def test_actions_and_seeds_that_fit_no_match_are_named() -> None:
    single, envs, agents, turns = duel(duration_ticks=60).unwrapped, batch(2), parallel_env(), turns_env()
    for env, nothing in ((single, [0] * 6), (envs, np.zeros((2, 6), int)), (agents, {})):
        with pytest.raises(UserError, match="no seat waits for an action; call reset first"):
            env.step(nothing)
        env.reset(seed=1)
    with pytest.raises(UserError, match="no agent waits for an action; call reset first"):
        turns.step([0] * 6)
    for actions, said in (([0] * 7, r"shape \(1, 7\), expected \(1, 6\)"), (None, "whole"), ([0.5] * 6, "whole")):
        with pytest.raises(UserError, match=f"^actions.*{said}"):
            single.step(actions)
    with pytest.raises(UserError, match="no action of player_1: expected one of each agent that is due"):
        agents.step({"player_0": [0] * 6})
    for seeds in ([1], [1, "2"], 1.5):
        with pytest.raises(UserError, match="expected a whole number for each match, 2 in all"):
            envs.reset(seed=seeds)
    over = False
    while not over:
        over = single.step([0, 7, 0, 0, 0, 0])[2]
    with pytest.raises(UserError, match="call reset first"):
        single.step([0] * 6)


@pytest.mark.parametrize("head", range(len(LMS.spec.heads)))
def test_a_category_that_a_head_does_not_have_is_named(head: int) -> None:
    name, size = LMS.spec.heads[head].name, LMS.spec.heads[head].size
    single, envs, agents = duel().unwrapped, batch(2), parallel_env()
    for env in (single, envs, agents):
        env.reset(seed=1)
    for value in (size, -1, 2**40, np.uint64(2**63), np.uint64(2**64 - 1)):
        rows = np.zeros((2, len(LMS.spec.heads)), np.asarray(value).dtype)
        rows[1, head] = value
        players = dict(zip(agents.agents, rows, strict=True))
        for step in (lambda r=rows: single.step(r[1]), lambda r=rows: envs.step(r), lambda p=players: agents.step(p)):
            with pytest.raises(UserError, match=f"^actions: {value} for the head {name}, expected .* 0 to {size - 1}$"):
                step()
    largest = np.array([each.size - 1 for each in LMS.spec.heads], np.uint8)
    assert single.step(largest)[0] in single.observation_space


def test_rows_of_several_lengths_are_one_line() -> None:
    single, envs = duel().unwrapped, batch(2)
    for env in (single, envs):
        env.reset(seed=1)
        with pytest.raises(UserError, match=r"^actions: expected whole numbers in the shape .*$"):
            env.step([[1], [1, 2]])


def test_shares_and_seeds_may_be_numbers_of_numpy() -> None:
    shares = {"idle": 0.5, "legacy": 0.5}
    ours = batch(2, opponent=shares)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theirs = batch(2, opponent={name: np.float32(share) for name, share in shares.items()})
    for seed in (3, [3, 9]):
        assert same(ours.reset(seed=seed)[0], theirs.reset(seed=np.array(seed)[()])[0])
    assert same(duel().reset(seed=3)[0], duel().unwrapped.reset(seed=np.int64(3))[0])
    with pytest.raises(UserError, match="seeds True: expected a whole number for each match, 2 in all"):
        ours.reset(seed=True)


def test_numbers_of_matches_and_decisions_are_checked() -> None:
    with pytest.raises(UserError, match="0 matches at once: expected a whole number of 1 or more"):
        batch(0)
    with pytest.raises(UserError, match="True matches at once: expected a whole number of 1 or more"):
        MatchVectorEnv(matchup(LMS, "idle", 2), True)
    with pytest.raises(UserError, match="-1 decisions of a match: expected a whole number of 0 or more"):
        batch(1, max_episode_steps=-1)


def test_a_match_that_no_replay_holds_is_not_recorded(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a match of 10 ticks cannot be recorded: replays hold matches of 30 to 18,000"):
        duel(duration_ticks=10, record_to=tmp_path).reset(seed=1)


def test_an_unknown_option_is_named_with_the_known_ones() -> None:
    known = "faction, duration_ticks, reward_weights, record_to, scratch"
    for make, name, own in (
        (duel, "botgame/Duel-v0", "opponent, render_mode"),
        (lambda **more: batch(2, **more), "botgame/Duel-v0", "opponent, num_envs, render_mode, max_episode_steps"),
        (lambda **more: gymnasium.make("botgame/Royale-v0", **more), "botgame/Royale-v0", "opponents, seats, "),
        (parallel_env, "parallel_env", "seats, render_mode"),
        (lambda **more: matchup(LMS, "idle", 2, **more), "matchup", "game, opponents, seats"),
    ):
        with pytest.raises(UserError, match=f"^{name}: no option bogus; expected {own}.*{known}$"):
            make(bogus=1)


def test_our_own_adapter_plays_the_environment() -> None:
    game = load_game("pettingzoo:botgame.envs.pettingzoo")
    assert [head.size for head in game.spec.heads] == [head.size for head in LMS.spec.heads]


def test_importing_registers_once() -> None:
    botgame.envs.register()
    assert {name for name in gymnasium.registry if name.startswith("botgame/")} == set(botgame.envs.IDS)


def test_a_drawn_opponent_is_one_bot_for_each_match_and_recordings_name_it(tmp_path: Path) -> None:
    shares = {"idle": 0.75, "lms_re": 0.25}
    envs = batch(40, opponent=shares, record_to=tmp_path, duration_ticks=90)
    envs.reset(seed=3)
    for row in random_actions(80, 40):
        envs.step(row)
    drawn = [seat for path in scan(tmp_path) for seat in read_seats(path) if seat[0] != LEARNER]
    assert len(drawn) > 200
    assert {name for name, _ in drawn} == {*shares}
    assert all((name == "idle") == (moves == {0}) for name, moves in drawn)
    assert np.mean([name == "idle" for name, _ in drawn]) == pytest.approx(0.75, abs=0.08)


def read_seats(path: Path) -> list[tuple[str, set[int]]]:
    """Who held each seat of a replay, and the directions that it chose."""
    replay = read(path)
    seat, moves = replay.decisions.seat, replay.decisions.choices[:, 2]
    return [(held.policy, set(moves[seat == number].tolist())) for number, held in enumerate(replay.header.seats)]


def test_an_environment_for_beginners_has_other_rewards_and_opponents() -> None:
    """As `--scratch` has: `damage` is the lead in health, which the zone changes too."""
    options = {"duration_ticks": SHORT, "scratch": True}
    envs = gymnasium.make_vec("botgame/Duel-v0", 6, **options)
    core = envs._matches
    assert isinstance(core.simulation, HealthLeadSimulation)
    assert core.matchup.names[1:] == tuple(LMS.scratch.opponents)
    assert core.matchup.weights == {"result": 1.0, "damage": 1.0}
    envs.reset(seed=2)
    earned = np.zeros(6)
    for row in random_actions(30, 6):
        _, _, over, _, info = envs.step(row)
        earned = np.where(over, 0, earned + info["rewards"]["damage"])
        health = core.simulation.arena.state.mages["health"]
        seats = core._seat[:, 0]
        lead = (health[np.arange(6), seats] - health[np.arange(6), 1 - seats]) / 100
        np.testing.assert_allclose(earned[~over], lead[~over], atol=1e-5)
    assert gymnasium.make("botgame/Duel-v0", opponent="idle", **options).unwrapped._matches.matchup.names[1] == "idle"
