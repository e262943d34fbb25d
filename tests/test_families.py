"""Families of scripted bots: members and random members, bot files, and that they play wherever a bot does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from botgame.bot_file import BotFile, read_bot, write_bot
from botgame.bot_names import files_of, is_checkpoint
from botgame.errors import UserError
from botgame.families import Member, RandomMember, from_shares, members, standard_numbers, to_shares, within
from botgame.game import Family, Parameter
from botgame.games import load_game
from botgame.lms.bots.expert.parameters import HIGHEST, LMS_RE, LOWEST, RUSHER
from botgame.policies import built_in_names, load_policy, working_names
from botgame.rng import derive
from botgame.seals import sealed_json
from botgame.server.live import offered_bots
from botgame.server.run_match import main as run_match
from botgame.trained_bots import bot_files, check_name, free_name
from botgame.training.alphastar.checkpoint import load_checkpoint
from botgame.training.alphastar_league import main as alphastar_league
from botgame.training.alphastar_rl import main as alphastar_rl
from botgame.training.evaluate import main as evaluate
from botgame.training.evaluation.duels import mirrored_results
from matches import LMS
from toy_game import WORDS, lean
from toy_run import SMALL
from toy_run import TOY as TOY_FLAGS

TOY = load_game("toy_game:toy")
LEANING = TOY.families["leaning"]
ROOT = Path(__file__).resolve().parent.parent


def keys(count: int, first: int = 0) -> np.ndarray:
    return np.array([derive(11, first + row) for row in range(count)], np.uint64)


def hugger() -> BotFile:
    numbers = {name: float(value) for name, value in LMS_RE._replace(preferred=0.5, loot=4.0)._asdict().items()}
    return BotFile("lms", "scripted", numbers)


def test_the_arenas_family_is_the_experts_numbers() -> None:
    family = LMS.families["scripted"]
    assert [each.name for each in family.parameters] == list(LMS_RE._fields)
    assert standard_numbers(family).tolist() == list(LMS_RE)
    for name in ("RUSHER", "KITER", "LOOTER", "CAMPER"):  # the styles are among its members
        numbers = np.array(getattr(sys.modules["botgame.lms.bots.expert.parameters"], name))
        assert (numbers >= np.array(LOWEST)).all()
        assert (numbers <= np.array(HIGHEST)).all()


def test_a_member_with_a_styles_numbers_plays_as_that_style() -> None:
    twin, rival = Member("twin", LMS.families["scripted"], np.array(RUSHER)), load_policy(LMS, "legacy")
    mine, theirs = (mirrored_results(LMS, bot, rival, 8, 3) for bot in (twin, load_policy(LMS, "rusher")))
    assert mine == theirs


def test_numbers_of_another_shape_are_one_line() -> None:
    for numbers, said in (([1.0, 2.0], r"shape \(2,\)"), ([[1, 2, 3]], r"shape \(1, 3\)"), ([[1], 2, 3], "")):
        with pytest.raises(UserError, match=f"^bot odd: expected 3 numbers, one for each parameter.*{said}"):
            Member("odd", LEANING, numbers)


def test_a_bots_name_is_text() -> None:
    for name in (None, Path("found.bot.json")):
        with pytest.raises(UserError, match="expected its name or path as text"):
            load_policy(TOY, name)


def test_many_members_in_one_call_are_each_its_own_bot() -> None:
    numbers = from_shares(LEANING, np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]] * 50))
    memory = np.zeros((150, 1), np.float32)
    together, after = members("all", LEANING, numbers).act({}, memory, keys(150))
    assert (memory == 0).all()
    assert (after == 1).all()
    for row in range(3):
        alone, _ = Member("one", LEANING, numbers[row]).act({}, memory, keys(150))
        assert (together[row::3] == alone[row::3]).all()
    assert (together[:3, 0] == [2, 0, 1]).all()


def test_shares_and_numbers_are_the_same_thing() -> None:
    family = LMS.families["scripted"]
    shares = np.linspace(0, 1, 48).reshape(2, 24)
    assert to_shares(family, from_shares(family, shares)) == pytest.approx(shares)
    assert within(family, from_shares(family, shares) + 1e9).tolist() == [list(HIGHEST)] * 2


def test_a_random_member_stays_the_same_for_a_match_and_differs_between_matches() -> None:
    bot = load_policy(TOY, "leaning")
    assert isinstance(bot, RandomMember)
    fresh = bot.initial_memory(400)
    _, first = bot.act({}, fresh, keys(400))
    _, second = bot.act({}, first, keys(400, first=1000))
    assert (fresh == 0).all()
    assert (second[:, 1:4] == first[:, 1:4]).all()
    assert (second[:, 4] == 2).all()  # the bot's own memory counts its decisions
    shares = first[:, 1:4]
    assert len(np.unique(shares[:, 0])) == 400
    assert 0 <= shares.min() < 0.05
    assert 0.95 < shares.max() <= 1
    standard = to_shares(LEANING, standard_numbers(LEANING))
    assert (np.abs(shares - standard).max(axis=1) < 0.1).any()  # some are nearly the standard bot
    alone = bot.act({}, bot.initial_memory(1), keys(400)[7:8])[1]
    assert (alone == first[7:8]).all()


def test_random_members_are_of_every_strength_and_play_the_same_match_again() -> None:
    bot, rival = load_policy(LMS, "scripted"), load_policy(LMS, "lms_re")
    one, again = (mirrored_results(LMS, bot, rival, 24, 5, parallel=slots) for slots in (24, 7))
    assert one == again
    assert 0.02 < one.win_rate < 0.6


def test_compiled_and_plain_bots_of_the_family_decide_alike() -> None:
    code = (
        "from botgame.games import load_game; from botgame.policies import load_policy\n"
        "from botgame.training.evaluation.duels import mirrored_results\n"
        "g = load_game('lms'); a, b = load_policy(g, 'scripted'), load_policy(g, 'legacy')\n"
        "print(mirrored_results(g, a, b, 2, 3, duration_ticks=240))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, check=True, text=True)
    bot, rival = load_policy(LMS, "scripted"), load_policy(LMS, "legacy")
    assert done.stdout == f"{mirrored_results(LMS, bot, rival, 2, 3, duration_ticks=240)}\n"


def test_a_bot_file_plays_by_path_and_by_name(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    path, installed = Path("hug.bot.json"), Path("artifacts/bots/lms/hug.bot.json")
    write_bot(path, hugger())
    assert read_bot(path, LMS) == hugger()
    assert files_of(f"{path}~0.1") == [path]
    assert not is_checkpoint(str(path))
    write_bot(installed, hugger())
    assert bot_files(LMS) == {"hug": installed}
    assert {"hug"} <= {*built_in_names(LMS), *working_names(LMS, print), *offered_bots(None)}
    assert evaluate(["hug", str(path), "hug~0.2", "--versus", "scripted", "--matches", "2"]) == 0
    assert run_match(["--bots", f"{path},hug", "--episode-duration", "10"]) == 0
    assert "hug" in capsys.readouterr().out
    twins = [load_policy(LMS, name) for name in ("hug", str(path))]
    assert mirrored_results(LMS, *twins, 6, 1).win_rate == 0.5


def test_an_installed_bot_hides_none_and_a_damaged_one_is_left_out(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("artifacts/bots/lms")
    for name in ("champion", "scripted", "lms_re", "broken"):
        write_bot(folder / f"{name}.bot.json", hugger())
    (folder / "broken.bot.json").write_text("{}")
    assert list(bot_files(LMS)) == ["broken"]
    assert isinstance(load_policy(LMS, "scripted"), RandomMember)
    told: list[str] = []
    assert "broken" not in working_names(LMS, told.append)
    assert len(told) == 1
    assert "broken.bot.json" in told[0]
    assert free_name(LMS, "broken") == "broken-2"
    with pytest.raises(UserError, match="scripted is a bot of game lms already"):
        check_name(LMS, "scripted")


def changed(**changes: object) -> str:
    """A sealed bot file with other entries; a number of None is left out."""
    plain = {"format": "botgame-bot-1", "game": "lms", "family": "scripted", "numbers": dict(hugger().numbers)}
    numbers = {**plain["numbers"], **changes.pop("numbers", {})}
    plain["numbers"] = {name: value for name, value in numbers.items() if value is not None}
    return sealed_json(json.dumps({**plain, **changes}))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cannot be read as a bot file"),
        ("{}", 'no "check"'),
        (changed()[:-40], "cannot be read as a bot file"),
        (changed().replace("4.0", "5.0"), "changed since it was written"),
        (changed(format="botgame-bot-9"), "expected 'botgame-bot-1'"),
        (changed(game="chess"), "a bot of game 'chess', this is game 'lms'"),
        (changed(family="leaning"), "family 'leaning', game lms has scripted"),
        (changed(numbers={"courage": 1.0}), "unknown or missing: courage"),
        (changed(numbers={"loot": None}), "unknown or missing: loot"),
        (changed(numbers={"loot": 6.1}), "loot is 6.1, expected 0 to 6"),
        (changed(numbers={"loot": -1}), "loot is -1, expected 0 to 6"),
        (changed(numbers={"loot": "much"}), "cannot be read as a bot file"),
        (changed(author="me"), "cannot be read as a bot file"),
        ("[]", "cannot be read as a bot file"),
    ],
)
def test_a_bad_bot_file_is_one_line(tmp_path: Path, text: str, says: str, capsys) -> None:
    path = tmp_path / "hug.bot.json"
    path.write_text(text)
    assert evaluate([str(path), "idle", "--matches", "2"]) == 1
    said = capsys.readouterr().err
    assert says in said
    assert "hug.bot.json" in said
    assert said.count("\n") == 1


def test_a_missing_bot_file_and_an_unknown_name_are_one_line(capsys) -> None:
    assert evaluate(["gone.bot.json", "idle", "--matches", "2"]) == 1
    assert "no such bot file 'gone.bot.json'" in capsys.readouterr().err
    assert evaluate(["scripte", "idle", "--matches", "2"]) == 1
    assert "scripted" in capsys.readouterr().err


def test_a_file_of_another_game_names_it(tmp_path: Path, capsys) -> None:
    write_bot(tmp_path / "hug.bot.json", hugger())
    assert evaluate([str(tmp_path / "hug.bot.json"), "zero", "--matches", "2", *TOY_FLAGS]) == 1
    assert "a bot of game 'lms', this is game 'toy'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "parameters",
    [
        (),
        (WORDS[0], WORDS[0]),
        (Parameter("a", 0, 1, 2),),
        (Parameter("a", 1, 1, 1),),
        (Parameter("a", 0, float("inf"), 1),),
        (Parameter("a", 0, 1, float("nan")),),
    ],
)
def test_a_family_that_contradicts_itself_is_refused(parameters: tuple[Parameter, ...]) -> None:
    with pytest.raises(ValueError, match="parameter"):
        Family(parameters, lean)


def weights_of(path: Path) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in load_checkpoint(path, TOY).weights.values())


def test_rl_meets_random_members_and_goes_on_as_if_nothing_had_happened(trained: Path, tmp_path: Path) -> None:
    write_bot(tmp_path / "two.bot.json", BotFile("toy", "leaning", {"zero": 0.01, "one": 0.01, "two": 1.0}))
    mixed = f"leaning=0.6,{tmp_path / 'two.bot.json'}=0.4"
    words = [*TOY_FLAGS, *SMALL, "--supervised-checkpoint", str(trained), "--opponents", mixed, "--save-every", "1"]
    words += ["--lr-end", "1", "--kl-end", "1", "--eval-every", "0"]
    whole, parts = tmp_path / "whole.pt", tmp_path / "parts.pt"
    assert alphastar_rl([*words, "--output", str(whole), "--iterations", "2"]) == 0
    for length in ("1", "2"):
        assert alphastar_rl([*words, "--output", str(parts), "--iterations", length, "--resume"]) == 0
    assert weights_of(whole) == weights_of(parts)
    lines = [json.loads(line) for line in whole.with_suffix(".metrics.jsonl").read_text().splitlines()]
    assert {name for line in lines for name in line if name.startswith("win_rate/")} <= {
        "win_rate/leaning",
        f"win_rate/{tmp_path / 'two.bot.json'}",
    }
    assert any("win_rate/leaning" in line for line in lines)


def test_a_league_meets_random_members_and_goes_on_as_if_nothing_had_happened(trained: Path, tmp_path: Path) -> None:
    words = [*TOY_FLAGS, *SMALL, "--supervised-checkpoint", str(trained), "--scripted-players", "leaning"]
    words += ["--rl-iterations-per-round", "1", "--past-matches", "2", "--cross-play-matches", "2", "--save-every", "1"]
    words += ["--lr-end", "1", "--kl-end", "1"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert alphastar_league([*words, "--output-dir", str(whole), "--rounds", "2"]) == 0
    for rounds in ("1", "2"):
        assert alphastar_league([*words, "--output-dir", str(parts), "--rounds", rounds, "--resume"]) == 0
    assert weights_of(whole / "main.pt") == weights_of(parts / "main.pt")
    assert '"leaning"' in (whole / "matches.jsonl").read_text()
