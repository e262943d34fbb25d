"""Datasets of Minari: it loads ours, and one that others recorded becomes demonstrations that imitation reads."""

from __future__ import annotations

import warnings
from pathlib import Path

import gymnasium
import minari
import numpy as np
import pytest
from gymnasium import spaces

from botgame import minari as command
from botgame import record
from botgame.adapters.action_space import acts_of
from botgame.datasets.exporting import PARALLEL_MATCHES
from botgame.envs.spaces import action_space, observation_space
from botgame.feedback import read_manifests, read_streams
from botgame.game import DemonstrationError
from botgame.games import load_game
from botgame.recordings.demonstrations import Recordings
from botgame.recordings.seat_file import read_seat
from botgame.server.run_match import main as run_match
from botgame.training import alphastar_imitation
from botgame.training.imitation.seat_choice import SeatChoice
from botgame.training.imitation.source import ReplaySource

KUHN, CARTPOLE = "openspiel:kuhn_poker", "gymnasium:CartPole-v1"
ALL = SeatChoice(("all",))


@pytest.fixture(autouse=True)
def datasets(tmp_path, monkeypatch) -> Path:
    """The folder in which Minari keeps its datasets."""
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    return tmp_path / "datasets"


def seats(game, folder: Path) -> list:
    """All seats of the recordings below a folder that decided anything."""
    source = Recordings(game)
    matches = [source.open(path) for path in source.scan(folder)]
    return [seat for seat in source.decisions(matches, PARALLEL_MATCHES, pytest.fail) if len(seat.actions)]


def by_content(seats: list) -> list[tuple[bytes, bytes]]:
    return sorted((seat.observation["scalars"].tobytes(), seat.actions.tobytes()) for seat in seats)


def test_minari_loads_what_was_recorded_and_it_comes_back_the_same(tmp_path, capsys):
    game, data, back = load_game(KUHN), tmp_path / "data", tmp_path / "back"
    assert record.main(["--game", KUHN, "--bots", "random,random", "--matches", "12", "--data-dir", str(data)]) == 0
    words = ["--game", KUHN, "--dataset", "mine/kuhn-v0"]
    assert command.main(["export", *words, "--data-dir", str(data)]) == 0
    recorded = seats(game, data)
    dataset = minari.load_dataset("mine/kuhn-v0")
    assert (dataset.observation_space, dataset.action_space) == (observation_space(game.spec), action_space(game.spec))
    assert (dataset.total_episodes, dataset.total_steps) == (len(recorded), sum(len(seat.actions) for seat in recorded))
    results = []
    for episode, seat in zip(dataset.iterate_episodes(), recorded, strict=True):
        rows = len(seat.actions)
        for name, array in episode.observations.items():
            np.testing.assert_array_equal(array[:rows], seat.observation[name])
            np.testing.assert_array_equal(array[rows], array[rows - 1])
        np.testing.assert_array_equal(episode.actions, seat.actions)
        assert not episode.rewards[:-1].any()
        assert episode.terminations.tolist() == [False] * (rows - 1) + [True]
        results.append(float(episode.rewards[-1]))
    assert set(results) == {-1.0, 1.0}
    facts = next(iter(dataset.storage.get_episode_metadata([0])))
    assert (facts["policy"], facts["match"].endswith(".match.json")) == ("random", True)
    assert command.main(["import", *words, "--data-dir", str(back)]) == 0
    assert by_content(seats(game, back)) == by_content(recorded)
    assert f"{len(recorded)} episodes" in capsys.readouterr().out


def test_a_seat_without_its_rivals_has_no_known_result(tmp_path):
    words = ["--game", KUHN, "--data-dir", str(tmp_path / "data")]
    assert record.main([*words, "--bots", "random,random", "--matches", "4"]) == 0
    assert command.main(["export", *words, "--dataset", "mine/kuhn-v0"]) == 0
    assert command.main(["import", *words[:3], str(tmp_path / "back"), "--dataset", "mine/kuhn-v0"]) == 0
    none = read_manifests(None), read_streams(None), pytest.fail
    recorded, back = (
        [seat.outcome for seat in source.read(range(len(source.sizes)))]
        for source in (ReplaySource(load_game(KUHN), tmp_path / name, ALL, *none) for name in ("data", "back"))
    )
    assert set(recorded) == {-1.0, 1.0}
    assert len(back) == len(recorded)
    assert np.isnan(back).all()


def test_a_folder_of_unusable_files_names_the_first(tmp_path, capsys):
    words = ["--data-dir", str(tmp_path)]
    assert record.main([*words, "--game", KUHN, "--bots", "random,random", "--matches", "2"]) == 0
    assert command.main(["export", *words, "--game", "openspiel:leduc_poker", "--dataset", "leduc-v0"]) == 1
    said = capsys.readouterr().err
    assert "holds no decision of game openspiel:leduc_poker" in said
    assert "2 unusable files left out, first " in said
    assert f"game {KUHN}, expected" in said


def test_the_arena_s_replays_are_exported_too(tmp_path):
    words = ["--num_scripted_bots", "2", "--episode_duration", "10", "--record_replay", "--seed", "1"]
    assert run_match([*words, "--data-dir", str(tmp_path / "data")]) == 0
    assert command.main(["export", "--game", "lms", "--data-dir", str(tmp_path / "data"), "--dataset", "duels-v0"]) == 0
    dataset = minari.load_dataset("duels-v0")
    assert dataset.total_episodes == 2
    episode = dataset[0]
    assert episode.observations["raster"].dtype == np.uint8
    assert dataset.observation_space.contains({name: array[3] for name, array in episode.observations.items()})
    assert sorted(float(each.rewards[-1]) for each in dataset) in ([-1.0, 1.0], [0.0, 0.0])


@pytest.fixture
def cartpole() -> list:
    """A dataset `others/cartpole-v0`, recorded with Minari alone: observations and actions of its episodes."""
    from minari.data_collector import EpisodeBuffer

    env, buffers = gymnasium.make("CartPole-v1"), []
    for seed in range(6):
        seen, done, over = [env.reset(seed=seed)[0]], [], False
        while not over:
            done.append(int(seen[-1][2] > 0))  # towards the side where the pole leans
            observation, _, terminated, truncated, _ = env.step(done[-1])
            seen.append(observation)
            over = terminated or truncated
        ends = np.arange(len(done)) == len(done) - 1
        rewards, no = np.ones(len(done)), np.zeros(len(done), bool)
        buffers.append(EpisodeBuffer(seed, seed, None, np.array(seen), np.array(done), rewards, ends, no, None))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        minari.create_dataset_from_buffers("others/cartpole-v0", buffers, env="CartPole-v1")
    return [(buffer.observations, buffer.actions) for buffer in buffers]


def test_imitation_learns_from_a_dataset_that_others_recorded(tmp_path, cartpole):
    data = tmp_path / "data"
    words = ["--game", CARTPOLE, "--data-dir", str(data)]
    assert command.main(["import", *words, "--dataset", "others/cartpole-v0"]) == 0
    game = load_game(CARTPOLE)
    found = sorted(seats(game, data), key=lambda seat: seat.actions.tobytes())
    for (seen, done), seat in zip(sorted(cartpole, key=lambda each: each[1][:, None].tobytes()), found, strict=True):
        np.testing.assert_array_equal(seat.actions[:, 0], done)
        bounds = np.array([4.8, np.inf, 0.41887903, np.inf])
        expected = np.where(np.isfinite(bounds), seen[:-1] / bounds, np.arcsinh(seen[:-1]))
        np.testing.assert_allclose(seat.observation["scalars"][:, :4], expected, rtol=1e-5)
        assert seat.observation["legal"].all()
    small = ["--epochs", "1", "--eval-matches", "2", "--final-matches", "2", "--threads", "1"]
    words += ["--output", str(tmp_path / "pi.pt"), "--preset", "tiny", "--cpu", "--seats", "all"]
    assert alphastar_imitation.main([*words, *small]) == 0
    assert (tmp_path / "pi.pt").exists()


def test_what_does_not_fit_is_named(tmp_path, cartpole, datasets, capsys):
    def fails(*words: str) -> str:
        code = command.main([*words, "--data-dir", str(tmp_path / "data")])
        error = capsys.readouterr().err
        assert code in (1, 2)
        assert error.count("\n") == 1
        return error

    dataset = ("--dataset", "others/cartpole-v0")
    assert "game gymnasium:MountainCar-v0 needs" in fails("import", "--game", "gymnasium:MountainCar-v0", *dataset)
    assert "learns from its own recordings" in fails("import", "--game", "lms", *dataset)
    assert "minari download others/none-v0" in fails("import", "--game", CARTPOLE, "--dataset", "others/none-v0")
    assert "no id of Minari" in fails("import", "--game", CARTPOLE, "--dataset", "../etc")
    assert "exists already" in fails("export", "--game", CARTPOLE, *dataset)
    assert "holds no decision" in fails("export", "--game", CARTPOLE, "--dataset", "empty-v0")
    assert list(minari.list_local_datasets()) == ["others/cartpole-v0"]
    assert not list(datasets.rglob("*.tmp"))


def test_a_damaged_or_foreign_file_is_reported_by_name(tmp_path, cartpole, capsys):
    data = tmp_path / "data"
    assert command.main(["import", "--game", CARTPOLE, "--dataset", "others/cartpole-v0", "--data-dir", str(data)]) == 0
    game, (path, *_) = load_game(CARTPOLE), sorted(data.iterdir())
    assert read_seat(path, game).about.source.startswith("others/cartpole-v0, episode ")
    with pytest.raises(DemonstrationError, match="expected botgame-seat-1 of game openspiel"):
        read_seat(path, load_game(KUHN))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DemonstrationError, match=path.name):
        read_seat(path, game)
    assert len(Recordings(game).scan(data)) == 6


SPACES = [
    spaces.Discrete(5, start=2),
    spaces.MultiDiscrete([3, 4], start=[1, 0]),
    spaces.MultiBinary(3),
    spaces.Box(-2, 2, (2,), np.float32),
    spaces.Box(0, 7, (2, 2), np.int64),
    spaces.Dict({"a": spaces.Discrete(3), "b": spaces.Tuple([spaces.MultiBinary(2), spaces.Box(0, 1, (1,))])}),
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_an_action_goes_to_categories_and_back(space):
    acts, generator = acts_of(space, "some"), np.random.default_rng(0)
    for _ in range(50):
        categories = [int(generator.integers(head.size)) for head in acts.heads]
        assert acts.encode(acts.decode(categories)) == categories


def test_a_continuous_action_becomes_the_nearest_step():
    acts = acts_of(spaces.Box(-1, 1, (1,), np.float32), "some")
    assert [acts.encode(np.array([value]))[0] for value in (-1.0, -0.9, -0.87, 0.01, 1.0)] == [0, 0, 1, 4, 8]
