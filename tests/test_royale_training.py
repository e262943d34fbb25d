"""RL and league with free-for-alls and a main agent per faction, whole and tiny: who sits where, and exact resume."""

import itertools
from pathlib import Path

import pytest

from botgame.lms.game import lms
from botgame.lms.rules import SCHOOLS
from botgame.match_batch import MatchBatch
from botgame.play import SeatMemory, play_batch
from botgame.policies import load_policy
from botgame.setups import mirrored_setups
from botgame.standings import standings_of
from botgame.training import alphastar_league, alphastar_rl, report_league
from botgame.training.alphastar.actor.opponents import OpponentPool
from botgame.training.alphastar.checkpoint import load_checkpoint
from botgame.training.league import run as league_run
from botgame.training.league.command import league_config
from botgame.training.league.files import TRAINING, read_matches, read_state
from botgame.training.league.learner import Seat
from botgame.training.rl import run as rl_run
from botgame.training.rl.flags import training_config
from botgame.training.rl.worker import training_setups
from glossary import documented, metric_names
from test_league_run import TINY, assert_same_league, metrics_of, supervised  # noqa: F401 - a fixture

LEAGUE = (
    *TINY,
    "--main-agents",
    "per-faction",
    "--league-exploiters",
    "0",
    "--royale-share",
    "0.5",
    "--royale-seats",
    "3-4",
)
RL = (
    *("--actor-rollouts", "2", "--learner-updates", "1", "--unroll-length", "8", "--matches-per-actor", "3"),
    *("--batch-size", "4", "--replay-size", "24", "--min-replay-sequences", "4", "--value-iterations", "1"),
    *(
        "--opponents",
        "self=0.3,past=0.4,legacy=0.3",
        "--snapshot-every",
        "1",
        "--eval-every",
        "0",
        "--eval-matches",
        "2",
    ),
    *("--royale-share", "0.5", "--royale-seats", "4", "--iterations", "3", "--threads", "1", "--cpu"),
)


class StopAtOnce:
    """In place of `stop_on_signal`: Ctrl-C during the first iteration."""

    def __enter__(self) -> bool:
        return True

    def __exit__(self, *_error: object) -> None:
        pass


def league(supervised: Path, folder: Path, *more: str) -> int:  # noqa: F811
    words = ["--supervised-checkpoint", str(supervised), "--output-dir", str(folder), "--rounds", "1", *LEAGUE]
    return alphastar_league.main([*words, *more])


@pytest.fixture(scope="module")
def whole(supervised: Path, tmp_path_factory: pytest.TempPathFactory):  # noqa: F811
    """A finished league, and every training match of it: (names, factions) seat by seat."""
    folder, seated = tmp_path_factory.mktemp("whole") / "league", []
    game = Seat.game

    def spy(seat, match):
        names = [seat._roster.name(number) if number else seat.name for number in match.setup.players]
        seated.append((names, match.setup.factions))
        return game(seat, match)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Seat, "game", spy)
        assert league(supervised, folder) == 0
    return folder, seated


def test_a_main_agent_of_one_faction_plays_it_in_every_seat(whole) -> None:
    _, seated = whole
    assert len(seated) > 20
    assert {len(names) for names, _ in seated} == {2, 3, 4}
    played = {name: set() for name in ("random", "main_exploiter1", *(f"main_{faction}" for faction in SCHOOLS))}
    for names, factions in seated:
        for name, faction in zip(names, factions, strict=True):
            played.setdefault(name.split(".")[0], set()).add(faction)
    for number, faction in enumerate(SCHOOLS):
        assert played[f"main_{faction}"] == {number}
    assert len(played["main_exploiter1"]) > 1


def test_checkpoints_say_their_faction(whole) -> None:
    folder, _ = whole
    for faction in SCHOOLS:
        own = (folder / f"main.{faction}.pt", folder / f"main.{faction}.best.pt")
        for path in (*own, *(folder / "players").glob(f"main_{faction}*.pt")):
            assert load_checkpoint(path, lms()).faction == faction
    for name in ("main.pt", "main.best.pt"):
        assert load_checkpoint(folder / name, lms()).faction == SCHOOLS[0]
    assert load_checkpoint(folder / "players" / "main_exploiter1.pt", lms()).faction == ""


def test_every_match_is_one_line_and_one_game(whole) -> None:
    folder, seated = whole
    matches = [match for match in read_matches(folder / "matches.jsonl")[0] if match.kind == TRAINING]
    assert [len(match.seats) or 2 for match in matches] == [len(names) for names, _ in seated]
    state = read_state(folder / "league_state.json").league
    assert sum(learner.games for learner in state.learners.values()) == len(matches)
    met = {(match.home, away) for match in matches for away in match.orders}
    assert all(state.payoff.games(home, away) > 0 for home, away in met)


def test_the_report_reads_free_for_alls_that_the_learner_lost(supervised: Path, tmp_path: Path) -> None:  # noqa: F811
    folder = tmp_path / "league"
    alone = ("--main-exploiters", "0", "--league-exploiters", "0", "--scripted-players", "lms_re")
    longer = ("--episode-duration", "120", "--unroll-length", "64", "--rl-iterations-per-round", "6")
    words = ["--supervised-checkpoint", str(supervised), "--output-dir", str(folder), "--rounds", "1", *TINY]
    free_for_alls = ("--royale-share", "1", "--royale-seats", "3")
    assert alphastar_league.main([*words, *alone, *longer, *free_for_alls]) == 0
    matches = [match for match in read_matches(folder / "matches.jsonl")[0] if len(match.seats) > 2]
    assert any(place > 1 for match in matches for name, place in match.seats if name == match.home)
    files = ["--league-state", str(folder / "league_state.json"), "--matches", str(folder / "matches.jsonl")]
    assert report_league.main([*files, "--output", str(tmp_path / "summary.json")]) == 0


def test_a_free_for_all_that_the_learner_left_pays_what_the_whole_one_does() -> None:
    game = lms()
    assert game.out is not None
    bots = [load_policy(game, name) for name in ("random", "lms_re")]
    ended = {}
    for out in (None, game.out):
        batch = MatchBatch(game.simulate(3, 4), mirrored_setups(game, 5, 4, (0, 1, 1, 1)), out=out)
        ended[out] = {match.episode: match for match in play_batch(batch, bots, SeatMemory(3, 4), len(game.spec.heads))}
    assert len(ended[None]) == 16
    left = 0
    for episode, match in ended[game.out].items():
        seat, full = match.setup.players.index(0), ended[None][episode].outcome
        assert standings_of(match.outcome.places)[seat] == standings_of(full.places)[seat]
        for name, reward in match.outcome.rewards.items():
            assert reward[seat] == full.rewards[name][seat]
        left += match.outcome.ticks < full.ticks
    assert left > 8


def test_the_glossary_names_the_figures_of_free_for_alls(whole) -> None:
    folder, _ = whole
    written = {name.partition("/")[2] for name in metric_names(folder / "metrics.jsonl")}
    assert {name for name in written if name.startswith("royale/")} == set(documented("Free-for-alls"))


def test_a_league_that_was_stopped_ends_as_if_it_had_not_been(whole, supervised, tmp_path, monkeypatch) -> None:  # noqa: F811
    folder = tmp_path / "league"
    monkeypatch.setattr(league_run, "stop_on_signal", StopAtOnce)
    assert league(supervised, folder) == 130
    monkeypatch.undo()
    assert league(supervised, folder, "--resume") == 0
    assert_same_league(whole[0], folder)


def test_rl_that_was_stopped_ends_as_if_it_had_not_been(supervised, tmp_path, monkeypatch) -> None:  # noqa: F811
    def run(output: Path, *more: str) -> int:
        return alphastar_rl.main(["--supervised-checkpoint", str(supervised), "--output", str(output), *RL, *more])

    whole, cut = tmp_path / "whole" / "metrics.pt", tmp_path / "cut" / "metrics.pt"
    assert run(whole) == 0
    monkeypatch.setattr(rl_run, "stop_on_signal", StopAtOnce)
    assert run(cut) == 130
    monkeypatch.undo()
    assert run(cut, "--resume") == 0
    for path in (whole, cut):
        path.with_suffix(".metrics.jsonl").rename(path.with_name("metrics.jsonl"))
    assert metrics_of(whole.parent) == metrics_of(cut.parent)


def test_an_opponent_of_one_faction_is_trained_against_in_it() -> None:
    bots = {name: load_policy(lms(), name) for name in ("legacy", "random")}
    bots["legacy"].faction = "stormcaller"
    pool = OpponentPool({"self": 0.2, "legacy": 0.4, "random": 0.4}, bots, lambda _weights: bots["random"], seed=1)
    for seats in (2, 4):
        setups = list(itertools.islice(training_setups(lms(), 5, pool, seats, itertools.count()), 60))
        played = {player: set() for player in range(3)}
        for setup in setups:
            for player, faction in zip(setup.players, setup.factions, strict=True):
                played[player].add(faction)
        assert played == {0: {0, 1, 2}, 1: {2}, 2: {0, 1, 2}}


@pytest.mark.parametrize("words", [["--main-agents", "0"], ["--main-agents", "each"], ["--royale-seats", "2"]])
def test_bad_flags_are_usage_errors(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        alphastar_league.build_parser().parse_args(["--supervised-checkpoint", "a", "--output-dir", "b", *words])
    assert stop.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_main_agents_are_all_per_faction_or_a_number() -> None:
    def mains(*words: str) -> dict[str, str]:
        options = alphastar_league.build_parser().parse_args(
            ["--supervised-checkpoint", "a", "--output-dir", "b", *words]
        )
        config = training_config(options, lms())
        return league_config(options, config, lms()).main_factions

    assert mains() == mains("--main-agents", "all") == {"main1": ""}
    assert mains("--main-agents", "2") == {"main1": "", "main2": ""}
    assert mains("--main_agents", "per-faction") == {f"main_{faction}": faction for faction in SCHOOLS}
