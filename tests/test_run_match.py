"""`python -m botgame.server.run_match`: the runbook's command, to the letter, and what it refuses."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from botgame.__main__ import COMMANDS
from botgame.__main__ import main as botgame
from botgame.bot_file import BotFile, write_bot
from botgame.errors import UserError
from botgame.lms.bots.expert.family import SCRIPTED_FAMILY
from botgame.lms.replay.format import read, scan
from botgame.lms.replay.verify import verify
from botgame.lms.rules import SCHOOLS
from botgame.server import recording
from botgame.server.recording import EXPERT, make_plan
from botgame.server.run_match import build_parser, main

QUICK = ["--episode-duration", "20", "--bots", "random,random"]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in scan(folder)}


def test_the_command_of_the_runbook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = "--num_scripted_bots 2 --episode_duration 120 --record_replay --seed 1001"
    assert main([*command.split(), "--data_dir", str(tmp_path)]) == 0
    (path,) = scan(tmp_path)
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 1
    assert out[0].startswith("seed 1001: duel, ")
    assert out[0].endswith(path.as_posix())
    header = read(path).header
    assert (header.mode, header.seed, header.duration_ticks) == ("duel", 1001, 3600)
    assert EXPERT in [seat.policy for seat in header.seats]
    assert path.stat().st_size < 8 * 1024
    assert [verdict.fault for verdict in verify([path])] == [None]


def test_many_matches_are_the_files_of_many_processes(tmp_path: Path) -> None:
    assert (
        main([*QUICK, "--num_matches", "5", "--record-replay", "--seed", "40", "--data-dir", str(tmp_path / "a")]) == 0
    )
    for seed in range(40, 45):
        assert main([*QUICK, "--record-replay", "--seed", str(seed), "--data-dir", str(tmp_path / "b")]) == 0
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert len(files(tmp_path / "a")) == 5


def test_recording_again_makes_no_duplicate(tmp_path: Path) -> None:
    for _ in range(2):
        main([*QUICK, "--num-matches", "3", "--record-replay", "--data-dir", str(tmp_path)])
    assert len(files(tmp_path)) == 3


def test_lines_come_in_the_order_of_the_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--num-matches", "9", "--seed", "7"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[:-1]] == [f"seed {seed}" for seed in range(7, 16)]
    assert lines[-1].startswith("9 matches in ")


def test_without_record_replay_nothing_is_written(tmp_path: Path) -> None:
    assert main([*QUICK, "--data-dir", str(tmp_path / "none")]) == 0
    assert not (tmp_path / "none").exists()


def test_royale_and_named_schools(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--mode", "royale", "--bots", "random,idle,random", "--seat-schools", "stormcaller,any,pyromancer"]
    assert main([*argv, "--episode-duration", "20", "--record-replay", "--data-dir", str(tmp_path)]) == 0
    assert "royale of 3" in capsys.readouterr().out
    header = read(scan(tmp_path)[0]).header
    assert [seat.policy for seat in header.seats] == ["random", "idle", "random"]
    assert (header.seats[0].school, header.seats[2].school) == (2, 0)


def plan(*argv: str):
    return make_plan(build_parser().parse_args(argv))


def test_by_default_one_seat_is_the_expert_and_the_rest_are_varied() -> None:
    many = plan("--num-matches", "400")
    casts = [setup.players for setup in many.setups()]
    assert all(0 in cast for cast in casts)
    firsts = sum(cast[0] == 0 for cast in casts)
    twice = sum(cast == (0, 0) for cast in casts)
    assert 250 < firsts < 350
    assert 150 < twice < 250
    seen = {player for cast in casts for player in cast}
    assert seen == set(range(len(many.bots)))
    assert many.bots[0] == EXPERT
    schools = [setup.factions for setup in many.setups()]
    assert set(schools) == {(a, b) for a in range(3) for b in range(3)}


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--num_scripted_bots", "1"], "--num-scripted-bots gives 1 seat, expected 2 to 16"),
        (["--num_scripted_bots", "17"], "17 seats"),
        (["--bots", "lms_re"], "--bots gives 1 seat"),
        (["--bots", ",".join(["idle"] * 17)], "17 seats"),
        (["--bots", "idle,,idle"], "expected names"),
        (["--bots", ""], "expected names"),
        (["--mode", "duel", "--num-scripted-bots", "3"], "--mode duel needs 2 seats"),
        (["--mode", "royale", "--bots", "idle,idle"], "--mode royale needs 3 to 16 seats"),
        (["--episode-duration", "9.9"], "expected 10 to 600 seconds"),
        (["--episode-duration", "1e9"], "expected 10 to 600 seconds"),
        (["--num-matches", "1000001"], "--num-matches"),
        (["--seed", str(2**63 - 1), "--num-matches", "2"], "--seed"),
        (["--seat-schools", "pyromancer"], "1 schools for 2 seats"),
        (["--seat-schools", "pyromancer,necromancer"], "'necromancer'"),
    ],
)
def test_bad_input_is_named_in_one_line(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""


@pytest.mark.parametrize(
    "argv",
    [
        ["--num-matches", "0"], ["--num_matches", "-3"], ["--num-matches", "1e3"], ["--seed", "-1"], ["--seed", "x"],
        ["--episode-duration", "nan"], ["--episode-duration", "0"], ["--mode", "chess"], ["--num-match", "2"],
        ["extra"],
    ],
)  # fmt: skip
def test_wrong_numbers_and_flags_are_usage_errors(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(argv)
    assert error.value.code == 2


def test_an_unknown_bot_and_an_unwritable_folder_stop_before_anything_is_played(tmp_path: Path, capsys) -> None:
    assert main(["--bots", "lms_re,nobody"]) == 1
    assert "unknown bot 'nobody'" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main([*QUICK, "--record-replay", "--data-dir", str(tmp_path / "file" / "data")]) == 1
    captured = capsys.readouterr()
    assert "cannot write" in captured.err
    assert captured.out == ""


@pytest.mark.parametrize("name", ["x" * 201, "\udcff"], ids=["too long", "no text"])
def test_a_bot_whose_name_no_replay_holds_stops_before_anything_is_played(name: str, tmp_path: Path, capsys) -> None:
    path = tmp_path / name / name / "a.bot.json"
    try:
        write_bot(path, BotFile("lms", "scripted", {each.name: each.standard for each in SCRIPTED_FAMILY.parameters}))
    except UserError:
        pytest.skip("file systems of this machine have no such names")
    bots = ["--bots", f"lms_re,{path}"]
    assert main([*bots, "--record-replay", "--data-dir", str(tmp_path / "data")]) == 2
    captured = capsys.readouterr()
    assert "cannot be recorded by this name: expected text of at most 400 characters" in captured.err
    assert (captured.out, scan(tmp_path / "data")) == ("", [])
    assert main([*bots, "--episode-duration", "20"]) == 0


def test_ctrl_c_keeps_what_was_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    played = recording.play

    def interrupted(*arguments, **options):
        for count, ended in enumerate(played(*arguments, **options)):
            yield ended
            if count == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(recording, "play", interrupted)
    argv = [*QUICK, "--num-matches", "12", "--record-replay", "--data-dir", str(tmp_path)]
    assert main(argv) == 130
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 3
    kept = files(tmp_path)
    assert len(kept) >= 3
    monkeypatch.undo()
    assert main(argv) == 0
    assert len(files(tmp_path)) == 12
    assert kept.items() <= files(tmp_path).items()


def test_a_full_disk_keeps_what_was_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    flushes, flush = [], os.fsync

    def full(descriptor: int) -> None:
        flushes.append(descriptor)
        if len(flushes) > 4:  # the first is the test whether the folder can be written
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    assert main([*QUICK, "--num-matches", "9", "--record-replay", "--data-dir", str(tmp_path)]) == 1
    assert "No space left on device; free space" in capsys.readouterr().err
    assert len(list(tmp_path.iterdir())) == 3
    assert [verdict.fault for verdict in verify(scan(tmp_path))] == [None] * 3


def test_playing_and_recording_never_loads_torch(tmp_path: Path) -> None:
    argv = ["--episode-duration", "15", "--record-replay", "--data-dir", str(tmp_path)]
    code = f"import sys, botgame.__main__ as b; b.main(['run-match', *{argv!r}]); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.DEVNULL).returncode == 0
    assert len(scan(tmp_path)) == 1


def test_the_botgame_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert botgame(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)
    assert botgame(["--version"]) == 0
    assert capsys.readouterr().out.startswith("botgame ")
    assert botgame([]) == 2
    assert botgame(["frobnicate"]) == 2
    assert "no command 'frobnicate'" in capsys.readouterr().err
    assert botgame(["run-match", "--bots", "idle"]) == 2
    assert "--bots gives 1 seat" in capsys.readouterr().err


def test_every_school_can_be_named() -> None:
    for index, name in enumerate(SCHOOLS):
        assert plan("--seat-schools", f"{name},any").schools == (index, None)


def test_a_bot_of_one_school_plays_it_unless_another_is_asked_for() -> None:
    three = plan("--bots", "legacy,random,legacy", "--seat-schools", "any,any,cryomancer", "--num-matches", "20")
    schools = [setup.factions for setup in three.setups({0: 2})]
    assert {each[0] for each in schools} == {2}
    assert {each[1] for each in schools} == {0, 1, 2}
    assert {each[2] for each in schools} == {1}
