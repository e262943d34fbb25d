"""A server makes policy readouts of its own networks, once for each replay."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from botgame.errors import UserError
from botgame.lms.replay.format import Replay, read, write
from botgame.policy_readout import HeadLabels, PolicyReadout, SeatReadout, readout_path, write_readout
from botgame.server.records.policy_readout import ReadoutMaker
from matches import record


@pytest.fixture
def replay(tmp_path: Path) -> Replay:
    """A duel of `pi.pt` in seat 1."""
    played = record(1)[0]
    seats = tuple(
        msgspec.structs.replace(seat, policy=name)
        for seat, name in zip(played.header.seats, ("a", "pi.pt"), strict=True)
    )
    path = write(tmp_path, Replay(msgspec.structs.replace(played.header, seats=seats), played.decisions))
    return read(path)


def make(maker: ReadoutMaker, replay: Replay) -> PolicyReadout:
    return asyncio.run(maker.make(replay))


def readout_of(replay: Replay) -> PolicyReadout:
    mind = SeatReadout(1, "pi.pt", [0], [0.5], [[[90, 10]]], [[0]])
    return PolicyReadout(replay.name, [HeadLabels("verb", ["none", "bolt"])], [mind])


def test_a_readout_is_made_once_and_kept(tmp_path: Path, replay: Replay) -> None:
    draft, arguments = tmp_path / "draft.json", tmp_path / "arguments"
    write_readout(draft, readout_of(replay))
    program = f"""
import pathlib, sys
pathlib.Path({str(arguments)!r}).open("a").write(" ".join(sys.argv[2:]) + ";")
pathlib.Path({str(readout_path(replay.path))!r}).write_bytes(pathlib.Path({str(draft)!r}).read_bytes())
"""
    maker = ReadoutMaker(["lms_re", "pi.pt"], [sys.executable, "-c", program])
    assert make(maker, replay) == make(maker, replay) == readout_of(replay)
    assert arguments.read_text() == "--seats 1;"


def test_only_the_operators_networks_are_evaluated(replay: Replay) -> None:
    for bots in (["lms_re"], ["other.pt"], ["a"]):
        with pytest.raises(UserError, match="none of this server's networks"):
            make(ReadoutMaker(bots, ["no such program"]), replay)


def test_errors_of_the_program_become_one_line(replay: Replay) -> None:
    failing = [sys.executable, "-c", "import sys; sys.exit('one\\nerror: no such file')"]
    with pytest.raises(UserError, match=r"^error: no such file$"):
        make(ReadoutMaker(["pi.pt"], failing), replay)
    with pytest.raises(UserError, match="gave no readout"):
        make(ReadoutMaker(["pi.pt"], [sys.executable, "-c", ""]), replay)


def test_the_champion_can_be_asked_by_its_name() -> None:
    assert ReadoutMaker(["lms_re", "champion", "runs/pi.pt@rusher"]).networks == {"champion", "runs/pi.pt@rusher"}
