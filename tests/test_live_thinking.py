"""A server has its networks asked what they thought in a match, once, and only its own."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from botgame.errors import UserError
from botgame.lms.replay.format import Replay, read, write
from botgame.lms.replay.showing.policy_readout import Head, SeatThoughts, Thoughts, beside, write_thoughts
from botgame.server.records.policy_readout import Thinker
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


def think(thinker: Thinker, replay: Replay) -> Thoughts:
    return asyncio.run(thinker.think(replay))


def thoughts_of(replay: Replay) -> Thoughts:
    mind = SeatThoughts(1, "pi.pt", [0], [0.5], [[[90, 10]]], [[0]])
    return Thoughts(replay.name, [Head("verb", ["none", "bolt"])], [mind])


def test_they_are_asked_once_and_kept(tmp_path: Path, replay: Replay) -> None:
    draft, told = tmp_path / "draft.json", tmp_path / "told"
    write_thoughts(draft, thoughts_of(replay))
    program = f"""
import pathlib, sys
pathlib.Path({str(told)!r}).open("a").write(" ".join(sys.argv[2:]) + ";")
pathlib.Path({str(beside(replay.path))!r}).write_bytes(pathlib.Path({str(draft)!r}).read_bytes())
"""
    thinker = Thinker(["lms_re", "pi.pt"], [sys.executable, "-c", program])
    assert think(thinker, replay) == think(thinker, replay) == thoughts_of(replay)
    assert told.read_text() == "--seats 1;"


def test_only_the_operators_networks_are_asked(replay: Replay) -> None:
    for bots in (["lms_re"], ["other.pt"], ["a"]):
        with pytest.raises(UserError, match="none of this server's networks"):
            think(Thinker(bots, ["no such program"]), replay)


def test_what_goes_wrong_is_said_in_a_line(replay: Replay) -> None:
    failing = [sys.executable, "-c", "import sys; sys.exit('one\\nerror: no such file')"]
    with pytest.raises(UserError, match=r"^error: no such file$"):
        think(Thinker(["pi.pt"], failing), replay)
    with pytest.raises(UserError, match="said nothing"):
        think(Thinker(["pi.pt"], [sys.executable, "-c", ""]), replay)
