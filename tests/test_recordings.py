"""Recorded matches of any game: played again exactly, imitated, and refused where they are not what they say."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch

from botgame import record
from botgame.errors import UserError
from botgame.game import DemonstrationError, Due, Game
from botgame.games import load_game
from botgame.play import play
from botgame.policies import load_policy
from botgame.recordings.command import rotated_setups
from botgame.recordings.demonstrations import Recordings
from botgame.recordings.format import Content, write_recording
from botgame.recordings.recorder import MatchRecorder
from botgame.seals import opened_json, sealed_json
from botgame.setups import mirrored_setups
from botgame.training import alphastar_imitation

GAMES = [
    ("toy_game:toy", "chance,zero"),
    ("openspiel:kuhn_poker(players=3)", "random,random,random"),
    ("openspiel:tic_tac_toe", "search-4,random"),
    ("pettingzoo:rps_v2", "random,random"),
    ("gymnasium:CartPole-v1", "random,random"),
]


class Seen(MatchRecorder):
    """Also keeps what each seat saw, by seed and seat."""

    def __init__(self, game: Game, simulation: object, names: list[str], save) -> None:
        super().__init__(game, simulation, names, save)
        self.seen: dict[tuple[int, int], list] = {}
        self._seeds: dict[int, int] = {}

    def begin(self, slot: int, setup) -> None:
        super().begin(slot, setup)
        self._seeds[slot] = (setup.seed, setup.players)

    def decisions(self, due: Due) -> None:
        super().decisions(due)
        scalars = self._simulation.observe(due)["scalars"]
        for row, (slot, seat) in enumerate(zip(due.slot.tolist(), due.seat.tolist(), strict=True)):
            self.seen.setdefault((*self._seeds[slot], seat), []).append(scalars[row])


@pytest.mark.parametrize("choice", [-1, 100])
def test_what_nothing_could_read_is_not_recorded(choice: int) -> None:
    game = load_game("toy_game:toy")
    recorder, due = MatchRecorder(game, game.simulate(1, 2), ["a", "b"], print), Due(np.zeros(1, int), np.zeros(1, int))
    recorder.begin(0, next(mirrored_setups(game, 1, 1)))
    recorder.decisions(due)
    with pytest.raises(UserError, match=f"^actions: {choice} for the head"):
        recorder.accepted(due, np.full((1, len(game.spec.heads)), choice))


@pytest.mark.parametrize(("name", "bots"), GAMES)
def test_a_match_is_played_again_as_it_was_seen(name: str, bots: str, tmp_path: Path) -> None:
    game, names, watchers = load_game(name), bots.split(","), []

    def listen(simulation: object) -> Seen:
        watchers.append(Seen(game, simulation, names, lambda content: write_recording(tmp_path, content)))
        return watchers[-1]

    setups = mirrored_setups(game, 3, 4, tuple(range(len(names))))
    policies = [game.bots[bot]() for bot in names]
    assert len(list(play(game, policies, setups, slots=3, seats=len(names), listen=listen))) == 4 * len(names)
    recordings = Recordings(game)
    opened = [recordings.open(path) for path in recordings.scan(tmp_path)]
    found = 0
    for parallel in (2, 64):
        for seat in recordings.decisions(opened, parallel, pytest.fail):
            content = opened[seat.match].content
            players = tuple(names.index(policy) for policy in content.policies)
            keys = [key for key in watchers[0].seen if key[0] == content.seed and key[2] == seat.seat]
            if len(set(names)) == len(names):
                keys = [key for key in keys if key[1] == players]
            assert any(np.array_equal(seat.observation["scalars"], watchers[0].seen[key]) for key in keys)
            assert opened[seat.match].decided(seat.seat, int(seat.ticks[-1]))
            found += 1
    assert found == 2 * len(opened) * len(names)
    assert sorted(opened[0].seats[0].policy for _ in "x")[0] in names


def test_what_is_recorded_is_not_what_strength_is_measured_on() -> None:
    game = load_game("toy_game:toy")
    recorded = {setup.seed for setup in rotated_setups(game, 0, 200, 2, {})}
    assert not recorded & {setup.seed for setup in mirrored_setups(game, 0, 200)}


def changed(path: Path, **fields: object) -> Path:
    content = json.loads(opened_json(path.read_text())) | fields
    path.write_text(sealed_json(json.dumps(content)))
    return path


def test_matches_are_played_again_in_memory_for_those_at_once(tmp_path: Path) -> None:
    words = ["--game", "toy_game:toy", "--bots", "chance,zero", "--matches", "100"]
    assert record.main([*words, "--data-dir", str(tmp_path)]) == 0
    recordings = Recordings(load_game("toy_game:toy"))
    matches = [recordings.open(path) for path in recordings.scan(tmp_path)]
    tracemalloc.start()
    decisions = sum(len(seat.actions) for seat in recordings.decisions(matches, 2, pytest.fail))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak / decisions < 600  # bytes; what a decision saw takes some 1,400


def test_what_is_no_match_of_the_game_is_named(tmp_path: Path) -> None:
    words = ["--game", "openspiel:tic_tac_toe", "--bots", "random,random", "--data-dir", str(tmp_path)]
    assert record.main([*words, "--matches", "2"]) == 0
    game = load_game("openspiel:tic_tac_toe")
    recordings = Recordings(game)
    path, other = recordings.scan(tmp_path)
    kept = path.read_text()
    for fields, says in (
        ({"game": "chess"}, "chess"),
        ({"spec": "0"}, "another spec"),
        ({"policies": ["random"]}, "seats"),
        ({"decisions": [[0, 0, 9]]}, "does not know"),
        ({"decisions": [[0]]}, "does not know"),
        ({"seed": "x"}, "seed"),
    ):
        path.write_text(kept)
        with pytest.raises(DemonstrationError, match=says) as caught:
            recordings.open(changed(path, **fields))
        assert path.name in str(caught.value)
    for text in ("", kept[:-60], kept.replace('"ticks":', '"tocks":')):
        path.write_text(text)
        with pytest.raises(DemonstrationError, match="not a recorded match"):
            recordings.open(path)
    path.write_text(kept)
    content = json.loads(opened_json(kept))
    wrong = [changed(path, places=content["places"][::-1] if len(set(content["places"])) > 1 else [1, 2]), other]
    reported: list[str] = []
    seats = list(recordings.decisions(map(recordings.open, wrong), 4, lambda error: reported.append(str(error))))
    assert [seat.match for seat in seats] == [1, 1]
    assert len(reported) == 1
    assert "otherwise" in reported[0]


def test_the_name_of_a_file_follows_from_its_content(tmp_path: Path) -> None:
    content = Content("g", "s", 5, (), 0, ("a", "b"), (1, 2), 3, ((0, 0, 1),))
    assert write_recording(tmp_path, content) == write_recording(tmp_path, content)
    assert len(list(tmp_path.iterdir())) == 1


def test_imitation_learns_from_recordings_of_any_game(tmp_path: Path) -> None:
    game = ["--game", "toy_game:toy"]
    assert record.main([*game, "--bots", "zero,chance", "--matches", "20", "--data-dir", str(tmp_path / "data")]) == 0
    words = [*game, "--data-dir", tmp_path / "data", "--seats", "zero", "--output", tmp_path / "pi.pt", "--cpu"]
    words += ["--preset", "tiny", "--epochs", "1", "--eval-matches", "2", "--final-matches", "2", "--threads", "1"]
    words += ["--feedback-dir", tmp_path / "none", "--reports-live-dir", tmp_path / "none"]
    assert alphastar_imitation.main([str(word) for word in words]) == 0
    assert torch.load(tmp_path / "pi.pt", weights_only=True)["game"] == "toy"


def test_a_network_can_be_told_who_played_in_a_game_without_statistic_z(tmp_path: Path, capsys) -> None:
    game = ["--game", "toy_game:toy"]
    data, output = tmp_path / "data", tmp_path / "pi.pt"
    assert record.main([*game, "--bots", "zero,chance", "--matches", "40", "--data-dir", str(data)]) == 0
    words = [*game, "--data-dir", data, "--seats", "all", "--output", output, "--cpu", "--threads", "1"]
    words += [
        "--preset",
        "tiny",
        "--epochs",
        "8",
        "--lr",
        "3e-3",
        "--batch-size",
        "32",
        "--final-matches",
        "2",
        "--eval-every",
        "0",
    ]
    words += ["--feedback-dir", tmp_path / "none", "--reports-live-dir", tmp_path / "none", "--temperature", "1"]
    assert alphastar_imitation.main([*map(str, words), "--z-totals", "0.5"]) == 2
    assert "--z-opening, --z-totals: game toy measures no statistic z" in capsys.readouterr().err
    assert alphastar_imitation.main([*map(str, words), "--player-input", "0.8", "--rating-input", "0.5"]) == 0
    zeros = {name: _share_of_zeros(f"{output}@{name}") for name in ("zero", "chance")}
    assert zeros["zero"] > 0.9 > 0.7 > zeros["chance"]


def test_players_whose_names_mean_something_else_cannot_be_asked_for(tmp_path: Path, capsys) -> None:
    game = ["--game", "openspiel:tic_tac_toe", "--data-dir", str(tmp_path / "data")]
    assert record.main([*game, "--bots", "random~0.5,random~0.2", "--matches", "4"]) == 0
    words = [*game, "--seats", "all", "--output", str(tmp_path / "pi.pt"), "--cpu", "--player-input", "0.8"]
    words += ["--feedback-dir", str(tmp_path / "none"), "--reports-live-dir", str(tmp_path / "none")]
    assert alphastar_imitation.main(words) == 2
    assert "no imitated player has a name that can stand behind BOT@" in capsys.readouterr().err
    assert not (tmp_path / "pi.pt").exists()


def _share_of_zeros(name: str) -> float:
    """How often a bot chooses category 0 against `chance`."""
    game = load_game("toy_game:toy")
    policies = [load_policy(game, name), load_policy(game, "chance")]
    matches = play(game, policies, mirrored_setups(game, 5, 20), slots=8)
    counts = sum(match.outcome.counts[match.setup.players.index(0)] for match in matches)
    return float(counts[0] / counts.sum())


@pytest.mark.parametrize(
    ("game", "bots", "says"),
    [
        ("lms", "random,random", "run_match"),
        ("toy_game:toy", "zero", "2 seats"),
        ("toy_game:toy", "zero,nobody", "nobody"),
        ("gymnasium:outside_games:Flaky-v0", "random,random", "does not repeat"),
    ],
)
def test_what_cannot_be_recorded_is_one_line(game, bots, says, tmp_path: Path, capsys) -> None:
    assert record.main(["--game", game, "--bots", bots, "--data-dir", str(tmp_path / "data")]) in (1, 2)
    said = capsys.readouterr().err.strip().splitlines()
    assert says in said[-1]
    assert not (tmp_path / "data").exists() or not list((tmp_path / "data").iterdir())
