"""RL towards a style: what is drawn and paid, what the losses make of it, and that a run goes on to the bit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from botgame.errors import UserError
from botgame.lms.game import lms
from botgame.lms.spec import ARENA_SPEC
from botgame.match_batch import MatchBatch
from botgame.policies import load_policy
from botgame.setups import mirrored_setups
from botgame.training import alphastar_league, alphastar_rl
from botgame.training.alphastar.actor.actor import Actor, Environment
from botgame.training.alphastar.actor.batching import LEARNER
from botgame.training.alphastar.checkpoint import Checkpoint, load_checkpoint, load_state, save_checkpoint
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.learner import Learner, loss_weights
from botgame.training.alphastar.learner.losses import (
    LossInputs,
    LossWeights,
    head_kls,
    reinforcement_losses,
    value_losses,
)
from botgame.training.alphastar.learner.replay_buffer import ReplayBuffer
from botgame.training.alphastar.learner.sequences import gather
from botgame.training.alphastar.network.action_distribution import head_log_probs
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from botgame.training.alphastar.statistic_z.condition_spec import ConditionSpec
from botgame.training.alphastar.statistic_z.conditioning import Conditioning
from botgame.training.alphastar.statistic_z.config import EARLY_SHARE, VALUE_WEIGHT, StyleConfig
from botgame.training.alphastar.statistic_z.distance import opening_distances, totals_distances
from botgame.training.alphastar.statistic_z.seats import Styles, StyleSeats
from botgame.training.league.loop import LeagueRun
from botgame.training.rl.run import RLRun
from glossary import assert_glossary, metric_names
from styled_checkpoint import conditioning, rows_of, save_styled, styled_network

torch.set_num_threads(1)
CONFIG = StyleConfig(z_share=0.8, z_reward_share=0.5)
EXTENDED = ("result", "damage", "z_opening", "z_totals")


@pytest.fixture(scope="module")
def conditioned() -> Conditioning:
    return conditioning()


class FakeMeter:
    """Seats that play as the test says; the group of a seat is that of row `seat` of the library."""

    def __init__(self, conditioned: Conditioning) -> None:
        self.conditioned, self.played, self.share = conditioned, rows_of(conditioned, 1)[0], 0.0

    def groups(self, due):
        return self.conditioned.library.groups[due.seat]

    def rows(self, due):
        return np.tile(self.played, (len(due.slot), 1))

    def progress(self, slots):
        return np.full(len(slots), self.share)

    def snapshot(self):
        return {"played": self.played}

    def restore(self, snapshot):
        self.played = snapshot["played"]


def drawn(
    conditioned: Conditioning, config: StyleConfig, episodes: int = 3000
) -> tuple[StyleSeats, dict[str, np.ndarray]]:
    """What `episodes` matches of one slot drew for seat 0."""
    seats = StyleSeats(Styles(conditioned, config, FakeMeter(conditioned), 5), 1, 2)
    out = {"given": [], "active": [], "target": [], "condition": []}
    for episode in range(episodes):
        seats.begin(np.array([0]), np.array([episode]))
        for name, array in (("given", seats._given), ("active", seats.active), ("target", seats._target)):
            out[name].append(array[0].copy())
        out["condition"].append(seats.condition[0].copy())
    return seats, {name: np.array(values) for name, values in out.items()}


def test_styles_are_drawn_and_paid_in_their_shares_from_the_same_situation(conditioned: Conditioning) -> None:
    _, out = drawn(conditioned, StyleConfig(z_share=0.6))
    given, active = out["given"], out["active"]
    assert abs(given.mean() - 0.6) < 0.03
    assert np.abs(active.mean(0) - 0.25).max() < 0.03  # of all matches, as in AlphaStar
    assert abs((active[:, 0] & active[:, 1]).mean() - 0.25**2 / 0.6) < 0.03  # independent of each other
    assert not active[~given].any()
    same = {tuple(row) for row in conditioned.library.rows[conditioned.library.groups == conditioned.library.groups[0]]}
    assert {tuple(row) for row in out["target"]} == same  # all of the group, nothing else
    blocks = conditioned.inputs.blocks
    for name in ("opening", "totals"):
        np.testing.assert_array_equal(out["condition"][:, blocks[name].start] == 1, given)
    assert (out["condition"][:, blocks["rating"].start] == 1).all()  # always on the top rating
    _, again = drawn(conditioned, StyleConfig(z_share=0.6), 200)
    np.testing.assert_array_equal(again["target"], out["target"][:200])


def test_pay_is_the_decrease_of_the_distance_and_only_where_it_is_active(conditioned: Conditioning) -> None:
    seats, out = drawn(conditioned, StyleConfig(z_share=1.0, z_reward_share=0.5), 40)
    meter, style = seats._styles.meter, conditioned.inputs.style
    cases = 0
    for episode in range(40):
        meter.played = np.zeros(style.width, np.float32)
        seats.begin(np.array([0]), np.array([episode]))
        target, active = out["target"][episode][None], out["active"][episode]
        start = [distance(style, meter.played[None], target)[0] for distance in (opening_distances, totals_distances)]
        paid = np.zeros(2)
        for played in (rows_of(conditioned, 3)[2], rows_of(conditioned, 2)[1]):
            meter.played = played
            seen = seats.look(np.array([0]))
            paid += seen.paid[0]
            now = [distance(style, played[None], target)[0] for distance in (opening_distances, totals_distances)]
            np.testing.assert_allclose(seen.distance[0], np.where(active, now, 0), atol=1e-6)
        final = rows_of(conditioned, 5)[4]
        paid += seats.finish(0, final)
        end = [distance(style, final[None], target)[0] for distance in (opening_distances, totals_distances)]
        np.testing.assert_allclose(paid, np.where(active, np.subtract(start, end), 0), atol=1e-5)
        cases += int(active.sum())
    assert cases > 10
    report = seats.report()
    assert set(report) == {"z/opening", "z/totals"}
    assert 0 < report["z/opening"] <= 1
    assert seats.report() == {}


def test_early_is_before_a_quarter_of_the_match_and_needs_totals(conditioned: Conditioning) -> None:
    seats = StyleSeats(Styles(conditioned, StyleConfig(z_share=1.0), FakeMeter(conditioned), 5), 1, 2)
    seats.begin(np.array([0]), np.array([3]))
    found = []
    for share in (0.0, EARLY_SHARE - 0.01, EARLY_SHARE, 0.9):
        seats._styles.meter.share = share
        found.append(bool(seats.look(np.array([0])).early[0]))
    assert found == [True, True, False, False]
    without = Conditioning(replace(conditioned.inputs, totals=False), conditioned.library, conditioned.top_rating)
    seats = StyleSeats(Styles(without, StyleConfig(z_share=1.0), FakeMeter(conditioned), 5), 1, 2)
    seats.begin(np.array([0]), np.array([3]))
    assert not seats.look(np.array([0])).early[0]


@pytest.mark.parametrize(
    ("values", "words"),
    [({"z_reward_share": 0.1}, "--z-share"), ({"z_share": 0.1}, "--z-reward-share"), ({"z_kl_cost": 1.0}, "--z-share")],
)
def test_contradictions_are_named(values: dict[str, float], words: str) -> None:
    with pytest.raises(UserError, match=words):
        StyleConfig(**values)


STEPS = 8


class World:
    """An actor on the arena whose learner follows styles, against an idle bot and against itself."""

    def __init__(self, conditioned: Conditioning, share: float = 1.0) -> None:
        game = lms()
        simulation = game.simulate(4, 2)
        meter = game.statistic_z.meter(simulation)
        self.styles = Styles(conditioned, StyleConfig(z_share=share, z_reward_share=min(share, 0.6)), meter, 9)
        self.student, self.teacher = styled_network(conditioned, 1).eval(), styled_network(conditioned, 2).eval()
        setups = (
            replace(setup, players=(LEARNER, LEARNER) if setup.tag % 2 else setup.players)
            for setup in mirrored_setups(game, 4, 200, (LEARNER, 1), duration_ticks=150)
        )
        matches = MatchBatch(simulation, setups, meter)
        spec, bot = self.styles.extend(ARENA_SPEC), load_policy(game, "idle")
        environment = Environment(spec, matches, lambda _player: bot, styles=self.styles)
        self.config = RLConfig(matches_per_actor=4, unroll_length=STEPS, temperature=1.0)
        self.actor = Actor(environment, self.student, self.teacher, self.config)
        self.buffer = ReplayBuffer(spec, self.student.memory_size, STEPS, 2048, 64, **environment.condition_sizes)
        self.spec, self.rows = spec, []
        add = self.buffer.add

        def spy(source, chosen):
            self.rows += chosen.tolist()
            return add(source, chosen)

        self.buffer.add = spy


@pytest.fixture(scope="module")
def world(conditioned: Conditioning) -> World:
    made = World(conditioned)
    made.ended = made.actor.collect(made.buffer, 150, 0).ended
    made.report = made.actor.report()
    return made


def test_what_was_told_gives_the_stored_behaviour_again(world: World) -> None:
    batch = gather(world.buffer.columns, np.arange(world.buffer.count))
    with torch.no_grad():
        out = world.student.unroll(batch.observation, batch.memory, batch.actions, batch.valid)
        blind = {name: value for name, value in batch.observation.items() if name != "condition"}
        other = world.student.unroll(blind, batch.memory, batch.actions, batch.valid)
    again = head_log_probs(world.spec, out.log_probs[:-1], batch.actions[:-1])
    torch.testing.assert_close(again[batch.mask], batch.behaviour[batch.mask], atol=1e-4, rtol=1e-3)
    assert (out.log_probs - other.log_probs).abs().max() > 0.01  # its condition matters to it
    assert out.values.shape[-1] == len(world.spec.rewards) == 4
    assert [reward.name for reward in world.spec.rewards] == list(EXTENDED)


def test_the_teacher_is_told_the_same(world: World) -> None:
    """Sequences that begin a match: the teacher unrolled over them, on the same condition, gives what is stored."""
    columns, seen, first = world.buffer.columns, set(), []
    for k, row in enumerate(world.rows):
        if row not in seen:
            first.append(k)
        seen.add(row)
    batch = gather(columns, np.array(first))
    steps = len(batch.mask)
    observation = {name: column[:steps] for name, column in batch.observation.items()}
    with torch.no_grad():
        start = world.teacher.initial_memory(len(first))
        out = world.teacher.unroll(observation, start, batch.actions[:steps], batch.mask, values=False)
    legal = observation["legal"] & batch.mask[..., None]
    torch.testing.assert_close(out.log_probs[legal], batch.teacher[legal], atol=4e-3, rtol=4e-3)


def test_pseudo_rewards_of_a_match_sum_to_how_much_nearer_it_came(world: World) -> None:
    columns = world.buffer.columns
    running: dict[int, np.ndarray] = {}
    start: dict[int, np.ndarray] = {}
    sums, paid = 0, 0
    for k, row in enumerate(world.rows):
        length = columns["length"][k]
        if row not in start:
            start[row] = columns["style_distance"][k, 0].copy()
            running[row] = np.zeros(2)
        running[row] += columns["rewards"][k, :length, 2:].sum(0)
        assert not columns["rewards"][k][:, 2:][:, ~columns["active"][k]].any()
        if columns["truncated"][k]:
            np.testing.assert_allclose(
                start[row] - running[row], columns["style_distance"][k, length], atol=1e-5
            )  # the bootstrap
        else:
            sums += 1
            end = start.pop(row) - running.pop(row)
            assert ((end >= -1e-6) & (end <= 1 + 1e-6)).all()
            paid += int((np.abs(columns["rewards"][k, :length, 2:]).sum(0) > 0).sum())
    assert sums > 20
    assert paid > 5
    share = columns["active"][: world.buffer.count].mean()
    assert 0.3 < share < 0.9
    assert set(world.report) == {"z/opening", "z/totals"}
    assert_glossary(set(world.report), ["Styles"], must=[])


def test_early_decisions_are_those_of_the_first_quarter(world: World) -> None:
    columns, time = world.buffer.columns, ARENA_SPEC.scalar_index("time")
    for k in range(world.buffer.count):
        length = columns["length"][k]
        share = columns["scalars"][k, :length, time]  # as observed, some ticks ago
        early = columns["early"][k, :length]
        assert early[share < EARLY_SHARE - 0.05].all()
        assert not early[share >= EARLY_SHARE].any()


def test_a_restored_actor_follows_on_to_the_bit(conditioned: Conditioning) -> None:
    whole, cut, other = World(conditioned, 0.7), World(conditioned, 0.7), World(conditioned, 0.7)
    for each in (whole, cut):
        each.actor.collect(each.buffer, 40, 0)
    state = {"actor": cut.actor.snapshot(), "buffer": cut.buffer.snapshot()}
    taken = state["actor"]["matches"]["taken"]
    other.actor._matches._setups = iter(list(cut.actor._matches._setups))
    other.actor.restore(state["actor"])
    other.buffer.restore(state["buffer"])
    assert other.actor._matches.taken == taken
    for each in (whole, other):
        each.actor.collect(each.buffer, 60, 5)
    for name, column in whole.buffer.columns.items():
        np.testing.assert_array_equal(other.buffer.columns[name], column, err_msg=name)


def test_the_learner_learns_from_it(world: World, conditioned: Conditioning) -> None:
    places = np.arange(world.config.batch_size)
    network = styled_network(conditioned, 1)
    learner = Learner(world.spec, network, world.config, styles=world.styles)
    assert learner.update(world.buffer.columns, places)["early_kl"] > 0
    inspected = learner.inspect(world.buffer.columns, places)
    assert {f"explained_variance/{name}" for name in EXTENDED} <= set(inspected)
    before = styled_network(conditioned, 1).state_dict()
    moved = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert {"encoder.condition.first.weight", "encoder.condition.second.weight", "critic.output.weight"} <= moved
    assert "encoder.condition.default" not in moved


def test_weights_of_pseudo_rewards(conditioned: Conditioning) -> None:
    config = StyleConfig(z_share=0.5, z_opening_reward=4.0, z_totals_reward=6.0)
    styles = Styles(conditioned, config, FakeMeter(conditioned))
    weights = loss_weights(styles.extend(ARENA_SPEC), RLConfig(reward_weights=(("damage", 0.5),)), styles=styles)
    assert weights.rewards == (1.0, 0.5, 4.0, 6.0)
    assert weights.values == (1.0, 1.0, VALUE_WEIGHT, VALUE_WEIGHT)
    assert (weights.early_kl, weights.early_head) == (0.1, 0)
    assert loss_weights(styles.extend(ARENA_SPEC), RLConfig(), styles=styles, value_only=True).early_kl == 0
    plain = loss_weights(ARENA_SPEC, RLConfig())
    assert (plain.early_kl, plain.values) == (0.0, ())


def losses(world: World, network: Network, weights: LossWeights, **changed: object) -> dict[str, torch.Tensor]:
    batch = gather(world.buffer.columns, np.arange(16))
    out = network.unroll(batch.observation, batch.memory, batch.actions, batch.valid)
    inputs = LossInputs(
        out.log_probs[:-1], out.values, batch.actions[:-1], batch.behaviour, batch.teacher, batch.rewards,
        batch.discount, batch.mask, batch.early, batch.active,
    )  # fmt: skip
    return reinforcement_losses(world.spec, inputs._replace(**changed), weights)


def test_the_extra_kl_is_of_the_verb_in_early_decisions_alone(world: World, conditioned: Conditioning) -> None:
    batch = gather(world.buffer.columns, np.arange(16))
    out = world.student.unroll(batch.observation, batch.memory, batch.actions, batch.valid)
    kls = head_kls(world.spec, batch.teacher, out.log_probs[:-1], batch.actions[:-1])[..., 0].detach()
    expected = sum(float(kls[t, b]) for t, b in (batch.mask & batch.early).nonzero().tolist()) / int(batch.mask.sum())
    assert 0 < int((batch.mask & batch.early).sum()) < int(batch.mask.sum())
    terms = losses(world, world.student, LossWeights(early_kl=3.0))
    assert terms["early_kl"].item() == pytest.approx(expected, rel=1e-4)
    without = losses(world, world.student, LossWeights(early_kl=0.0))
    assert (terms["total"] - without["total"]).item() == pytest.approx(3.0 * expected, rel=1e-3)
    assert "early_kl" not in losses(world, world.student, LossWeights(early_kl=3.0), early=None)


def test_a_reward_that_is_not_active_moves_nothing(world: World, conditioned: Conditioning) -> None:
    """Change the pseudo-rewards of sequences in which they are not active: no term changes; of active ones: it does."""
    batch = gather(world.buffer.columns, np.arange(16))
    idle = ~batch.active[None].expand_as(batch.rewards)
    assert idle.any()
    noise = torch.randn(batch.rewards.shape, generator=torch.Generator().manual_seed(1))
    weights = LossWeights(rewards=(1, 1, 2, 3), values=(1, 1, 0.5, 0.5))
    before = losses(world, world.student, weights)
    silent = losses(world, world.student, weights, rewards=batch.rewards + noise * idle)
    loud = losses(world, world.student, weights, rewards=batch.rewards + noise * ~idle)
    for name in ("policy", "value", "total"):
        torch.testing.assert_close(silent[name], before[name])
        assert abs(float((loud[name] - before[name]).detach())) > 1e-3, name
    values, targets = torch.zeros(1, 2, 2), torch.ones(1, 2, 2)
    active = torch.tensor([[True, False], [True, True]])
    assert value_losses(values, targets, torch.ones(1, 2, dtype=torch.bool), active).tolist() == [0.5, 0.25]


def test_rows_without_a_condition_have_the_default_one(conditioned: Conditioning) -> None:
    network = styled_network(conditioned).eval()
    plain = torch.from_numpy(conditioned.default())
    torch.testing.assert_close(network.encoder.condition(None), network.encoder.condition(plain[None]))
    with pytest.raises(ValueError, match="expected a condition of shape"):
        Network(ARENA_SPEC, PRESETS["tiny"]).set_default_condition(conditioned.default())
    with pytest.raises(ValueError, match="expected a condition of shape"):
        network.set_default_condition(conditioned.default()[:-1])


SMALL = {
    "--iterations": "4", "--actor-rollouts": "2", "--learner-updates": "2", "--unroll-length": "8", "--batch-size": "4",
    "--replay-size": "24", "--min-replay-sequences": "4", "--matches-per-actor": "3", "--value-iterations": "1",
    "--opponents": "self=0.3,past=0.4,legacy=0.3", "--snapshot-every": "2", "--eval-every": "0", "--eval-matches": "2",
    "--save-every": "1", "--keep": "0", "--threads": "1", "--z-share": "0.8", "--z-reward-share": "0.5",
}  # fmt: skip


@pytest.fixture(scope="module")
def supervised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sup") / "pi_sup.pt"
    save_styled(path)
    return path


def command(supervised: Path, output: Path, *extra: str, **changed: str) -> list[str]:
    flags = {**SMALL, **{"--" + name.replace("_", "-"): value for name, value in changed.items()}}
    words = [word for pair in flags.items() for word in pair]
    return ["--supervised-checkpoint", str(supervised), "--output", str(output), "--cpu", *words, *extra]


def lines(output: Path) -> list[dict]:
    kept = [json.loads(line) for line in output.with_suffix(".metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if not name.startswith("time_")} for line in kept]


def test_a_run_with_styles_resumes_to_the_same_bits_and_its_result_plays_in_them(
    supervised: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after every iteration in turn: matches are always under way then, with the styles that they follow."""
    whole, broken = tmp_path / "whole.pt", tmp_path / "broken.pt"
    assert alphastar_rl.main(command(supervised, whole)) == 0
    for stop_at in (1, 3):
        iterations = RLRun.iterations

        def stopping(run, paths, flags, writer, iterations=iterations, stop_at=stop_at):
            for number in iterations(run, paths, flags, writer):
                yield number
                if number == stop_at:
                    raise KeyboardInterrupt

        monkeypatch.setattr(RLRun, "iterations", stopping)
        assert alphastar_rl.main(command(supervised, broken, "--resume")) == 130
        monkeypatch.undo()
        state = load_state(broken.with_suffix(".resume.pt"))["trainer"]
        assert state["iteration"] == stop_at
        assert state["parts"][0]["actor"]["styles"]["_given"].any()
    assert alphastar_rl.main(command(supervised, broken, "--resume")) == 0
    mine, other = load_checkpoint(broken, lms()), load_checkpoint(whole, lms())
    assert all(torch.equal(mine.weights[name], tensor) for name, tensor in other.weights.items())
    assert lines(broken) == lines(whole)
    rows = lines(whole)
    assert all("loss/early_kl" in row for row in rows)
    names = metric_names(whole.with_suffix(".metrics.jsonl"))
    assert_glossary(names, ["Reinforcement learning", "Styles"], must=[])
    assert {"explained_variance/z_opening", "explained_variance/z_totals"} & names
    assert other.config["z_share"] == 0.8
    names = Conditioning.restore(other.conditioning).library.policies
    styled, plain = load_policy(lms(), f"{whole}@{names[0]}"), load_policy(lms(), str(whole))
    defaults = [policy.network.encoder.condition.default for policy in (styled, plain)]
    assert not torch.equal(*defaults)
    assert torch.equal(defaults[1], torch.from_numpy(conditioning().default()))
    assert alphastar_rl.main(command(supervised, broken, "--resume", iterations="5", z_share="0.9")) == 2


@pytest.mark.usefixtures("quick_children")
def test_in_two_processes_both_follow_styles(supervised: Path, tmp_path: Path) -> None:
    output = tmp_path / "pi.pt"
    assert alphastar_rl.main(command(supervised, output, iterations="2", threads="2", matches_per_actor="4")) == 0
    parts = load_state(output.with_suffix(".resume.pt"))["trainer"]["parts"]
    given = [part["actor"]["styles"] for part in parts]
    assert len(given) == 2
    assert all(each["_given"].any() for each in given)
    assert not torch.equal(given[0]["_target"], given[1]["_target"])
    assert "loss/early_kl" in lines(output)[-1]


def test_without_styles_a_conditioned_network_trains_as_any_other(supervised: Path, tmp_path: Path) -> None:
    output = tmp_path / "pi.pt"
    flags = command(supervised, output, iterations="1", z_share="0", z_reward_share="0.25")
    assert alphastar_rl.main(flags) == 0
    assert "loss/early_kl" not in lines(output)[0]
    assert load_checkpoint(output, lms()).conditioning
    assert "explained_variance/z_totals" not in lines(output)[0]


def league(supervised: Path, folder: Path, *more: str) -> list[str]:
    kept = ("--actor-rollouts", "--learner-updates", "--unroll-length", "--batch-size", "--replay-size")
    kept += ("--min-replay-sequences", "--matches-per-actor", "--threads", "--eval-matches", "--save-every")
    words = [word for name in (*kept, "--z-share", "--z-reward-share") for word in (name, SMALL[name])]
    words += ["--supervised-checkpoint", str(supervised), "--output-dir", str(folder), "--cpu", "--rounds", "1"]
    words += ["--rl-iterations-per-round", "3", "--past-selves", "0", "--cross-play-matches", "2", *more]
    return [*words, "--cross-play-players", "2", "--scripted-players", "random", "--main-exploiters", "1"]


def test_main_agents_of_a_league_follow_styles_and_go_on_to_the_bit(
    supervised: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert alphastar_league.main(league(supervised, whole)) == 0
    iterations = LeagueRun.iterations

    def stopping(run, flags, writer):
        for number in iterations(run, flags, writer):
            yield number
            if number == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(LeagueRun, "iterations", stopping)
    assert alphastar_league.main(league(supervised, broken)) == 130
    monkeypatch.undo()
    actors = {
        name: seat["trainer"]["parts"][0]["actor"] for name, seat in load_state(broken / "resume.pt")["seats"].items()
    }
    assert actors["main1"]["styles"]["_given"].any()
    assert "styles" not in actors["main_exploiter1"]
    assert alphastar_league.main(league(supervised, broken, "--resume")) == 0
    mine, other = (load_checkpoint(folder / "main.pt", lms()) for folder in (broken, whole))
    assert all(torch.equal(mine.weights[name], tensor) for name, tensor in other.weights.items())
    names = metric_names(whole / "metrics.jsonl")
    assert "main1/loss/early_kl" in names
    assert "main_exploiter1/loss/early_kl" not in names
    assert other.conditioning


@pytest.mark.parametrize("knows", [{}, {"rating": True}])
def test_styles_need_a_checkpoint_that_knows_them(
    knows: dict[str, bool], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, conditioned = tmp_path / "sup.pt", conditioning()
    network = Network(ARENA_SPEC, PRESETS["tiny"], 1)
    state = {}
    if knows:
        library = conditioned.library.thinned(0)
        state = Conditioning(ConditionSpec(conditioned.inputs.style, **knows), library, 0.0).snapshot()
    sizes, weights = network.config.to_dict(), network.state_dict()
    save_checkpoint(path, Checkpoint("lms", "imitation", ARENA_SPEC, sizes, weights, conditioning=state))
    assert alphastar_rl.main(command(path, tmp_path / "pi.pt")) == 2
    error = capsys.readouterr().err
    assert "--z-share" in error
    assert "--z-opening" in error
    assert not (tmp_path / "pi.config.json").exists()
