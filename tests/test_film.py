"""Films of replays: what they show is what was simulated; pages that need nothing else; policy readouts."""

from __future__ import annotations

import itertools
import json
import re
import zlib
from base64 import b64decode
from pathlib import Path

import msgspec
import numpy as np
import pytest

from botgame.errors import UserError
from botgame.game import Setup
from botgame.lms.replay.format import Replay, write
from botgame.lms.replay.header import Change, ReplayMark
from botgame.lms.replay.playback import watch_replay
from botgame.lms.replay.showing import bundle
from botgame.lms.replay.showing.events import EventDetector
from botgame.lms.replay.showing.film import FORMAT, SCALE, film, film_json
from botgame.lms.replay.showing.policy_readout import read_readout
from botgame.lms.rules import BOLT, CHEST, OFFENCE, Rules
from botgame.lms.simulation.state import State, allocate
from botgame.policies import load_policy
from botgame.policy_readout import HeadLabels, PolicyReadout, SeatReadout, write_readout
from botgame.replay import main
from matches import LMS, record, recorded


def scripted(names: tuple[str, ...], seed: int, seconds: int = 40) -> Replay:
    """A match of bots that know what they are doing: it has hits, kills, pick-ups and wards."""
    seats = tuple(range(len(names)))
    setup = Setup(seed, seats, tuple(seat % 3 for seat in seats), seconds * 30)
    (replay,) = recorded([load_policy(LMS, name) for name in names], iter([setup]), slots=1, seats=len(names))
    return replay


@pytest.fixture(scope="module")
def royale() -> Replay:
    return scripted(("lms_re", "rusher", "kiter", "lms_re"), 5)


@pytest.fixture(scope="module")
def shown(royale: Replay) -> dict:
    return json.loads(film_json(royale))


def watch(replay: Replay) -> list[dict[str, np.ndarray]]:
    """The states of all ticks, simulated again and copied."""
    states: list[dict[str, np.ndarray]] = []
    names = ("mages", "shots", "items", "matches")

    def keep(arena) -> None:
        state: State = arena.state
        states.append({name: getattr(state, name)[:1].copy()[0] for name in names})

    watch_replay(replay, keep)
    return states


def values(shown: dict, seat: int, name: str) -> np.ndarray:
    return np.cumsum(shown["mages"][seat][name]) / SCALE.get(name, 1)


def test_columns_are_what_was_simulated(royale: Replay, shown: dict) -> None:
    states = watch(royale)
    assert (shown["format"], shown["ticks"]) == (FORMAT, len(states) - 1)
    for seat, header in enumerate(royale.header.seats):
        lived = header.death_tick + 1 if header.death_tick >= 0 else len(states)
        mages = np.array([state["mages"][seat] for state in states[:lived]])
        for name in ("x", "y", "health", "mana", "shield"):
            assert np.abs(values(shown, seat, name) - mages[name]).max() <= 0.5001 / SCALE[name], name
        assert (values(shown, seat, "visible") == mages["visible"]).all()
        turn = 2 * np.pi * values(shown, seat, "face")
        assert np.hypot(np.cos(turn) - mages["face_x"], np.sin(turn) - mages["face_y"]).max() < 0.02
        status = values(shown, seat, "status").astype(int)
        assert ((status & 1 != 0) == (mages["slow"] > 0)).all()
        assert ((status & 8 != 0) == (mages["rune_until"] > np.arange(lived))).all()
    radius = np.cumsum(shown["zone"]["r"]) / SCALE["zone"]
    assert np.abs(radius - [state["matches"]["zone_r"] for state in states]).max() < 0.0051


def test_zone_phases_are_where_the_radius_bends(shown: dict) -> None:
    phases = Rules().zone_phases(shown["duration_ticks"], 4)
    assert shown["zone"]["phases"] == [[p.closes, p.closed, pytest.approx(p.radius, abs=0.005)] for p in phases]
    radius = np.cumsum(shown["zone"]["r"]) / SCALE["zone"]
    for closes, closed, target in shown["zone"]["phases"]:
        if closed < len(radius):
            assert radius[closed] == pytest.approx(target, abs=0.02)
            assert radius[closes] > radius[closes + 3]


def test_shots_fly_where_they_flew(royale: Replay, shown: dict) -> None:
    """Every active shot of every tick lies on one of the film's lines."""
    seen = 0
    lines = shown["shots"]
    for tick, state in enumerate(watch(royale)):
        for shot in state["shots"][state["shots"]["active"] != 0]:
            fitting = []
            for owner, row, start, x0, y0, end, x1, y1 in lines:
                if owner == shot["owner"] and row == shot["row"] and start < tick <= end:
                    share = (tick - start) / (end - start)
                    fitting.append(np.hypot(x0 + (x1 - x0) * share - shot["x"], y0 + (y1 - y0) * share - shot["y"]))
            assert min(fitting) < 0.7  # the last step of a flight may be shorter than the others
            seen += 1
    assert seen > 200
    assert len(lines) == sum(seat["casts"][BOLT] + seat["casts"][OFFENCE] for seat in shown["seats"])


def test_events_agree_with_the_outcome(royale: Replay, shown: dict) -> None:
    def of(kind: str) -> list[dict]:
        return [event for event in shown["events"] if event["kind"] == kind]

    seats = royale.header.seats
    for seat, header in enumerate(seats):
        assert sum(event["by"] == seat for event in of("kill")) == header.kills
        casts = [event["verb"] for event in of("cast") if event["seat"] == seat]
        assert [casts.count(verb) for verb in range(1, 6)] == list(header.casts[1:])
        hurt = sum(event["damage"] for event in of("hit") if event["seat"] == seat)
        assert hurt == pytest.approx(header.damage_taken, abs=1.0)
    assert {(event["seat"], event["tick"]) for event in of("kill")} == {
        (seat, header.death_tick) for seat, header in enumerate(seats) if header.death_tick >= 0
    }
    hits = {(event["tick"], event["seat"]) for event in of("hit")}
    struck = [event for event in of("impact") if event["end"] == "mage"]
    assert len(struck) > 5
    for event in struck:
        assert (event["tick"], event["victim"]) in hits
    ends = {event["end"] for event in of("impact")}
    assert {"mage", "wall", "range"} <= ends <= {"mage", "wall", "range", "swept"}


def test_pickups_name_who_took_what(royale: Replay, shown: dict) -> None:
    states = watch(royale)
    pickups = [event for event in shown["events"] if event["kind"] == "pickup"]
    taken = [index for index, item in enumerate(shown["items"]) if item["taken"] >= 0]
    assert (
        sorted(event["index"] for event in pickups)
        == taken
        == np.flatnonzero(states[-1]["items"]["available"] == 0).tolist()
    )
    for event in pickups:
        before, after = (states[event["tick"] - k]["mages"][event["seat"]] for k in (1, 0))
        gained = (
            after["health"] > before["health"],
            after["mana"] > before["mana"],
            after["rune_until"] > before["rune_until"],
        )
        assert all(gained) if event["item"] == CHEST and before["health"] != 100 else any(gained)


def test_a_gust_sweeps_shots_away() -> None:
    """One seat shoots at a stormcaller who raises its ward when the shot is near: the film says `swept`."""
    state = allocate(1, 2, Rules())
    mages, shot = state.mages[0], state.shots[0][0]
    mages["alive"], mages["school"][1] = 1, 2
    mages["x"], mages["y"] = (4.0, 9.0), 5.0
    looker = EventDetector(Rules())
    looker.look(state)
    state.matches["tick"][0] = 1
    shot["active"], shot["ends"], shot["x"], shot["y"], shot["owner"] = 1, 40, 7.0, 5.0, 0
    mages["casts"][0, BOLT] = 1
    assert [event["kind"] for event in looker.look(state)] == ["cast"]
    state.matches["tick"][0] = 2
    shot["active"] = 0
    mages["casts"][1, 4] = 1
    mages["shield"][1] = Rules().abilities[2][3].absorb
    events = looker.look(state)
    assert [(event["kind"], event.get("end")) for event in events] == [("cast", None), ("impact", "swept")]


def test_the_header_tells_of_take_overs_and_marks(royale: Replay) -> None:
    header = msgspec.structs.replace(
        royale.header,
        marks=(ReplayMark(60, 1, -1), ReplayMark(70, 0, 1)),
        changes=(Change(100, 0, 1, 4, 1),),
    )
    shown = film(Replay(header, royale.decisions))
    told = [event for event in shown["events"] if event["kind"] in ("mark", "control")]
    assert [(event["tick"], event["seat"], event.get("verdict"), event.get("controller")) for event in told] == [
        (60, 1, "bad", None),
        (70, 0, "good", None),
        (100, 0, None, "human"),
    ]
    ticks = [event["tick"] for event in shown["events"]]
    assert ticks == sorted(ticks)
    assert isinstance(shown["seed"], str)


def test_a_film_is_small(royale: Replay) -> None:
    assert len(zlib.compress(film_json(royale), 9)) < 40_000


def test_a_replay_that_departs_from_its_file_makes_no_film(royale: Replay) -> None:
    forged = Replay(msgspec.structs.replace(royale.header, final="0" * 16), royale.decisions)
    with pytest.raises(UserError, match="does not replay as recorded"):
        film(forged)


# ---- pages ----------------------------------------------------------------------------------------------------------


def test_export_writes_one_page_that_names_no_other(tmp_path: Path, royale: Replay, capsys) -> None:
    path, target = write(tmp_path, royale), tmp_path / "match.html"
    assert main(["export", str(path), "-o", str(target)]) == 0
    assert "wins; page of" in capsys.readouterr().out
    page = target.read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert not re.search(r"^(?:import|export)\b", page, re.MULTILINE)
    packed = re.search(r'<script type="text/plain" id="film">([^<]+)</script>', page)
    assert packed is not None
    assert json.loads(zlib.decompress(b64decode(packed.group(1)))) == json.loads(film_json(royale))


def test_export_says_what_is_wrong(tmp_path: Path, royale: Replay, capsys) -> None:
    assert main(["export", str(tmp_path / "absent.lmsr"), "-o", str(tmp_path / "x.html")]) == 1
    assert "cannot be read" in capsys.readouterr().err
    path = write(tmp_path, royale)
    (tmp_path / "thoughts.json").write_text("[]")
    argv = ["export", str(path), "-o", str(tmp_path / "x.html"), "--thoughts", str(tmp_path / "thoughts.json")]
    assert main(argv) == 1
    assert "is not a policy readout" in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()
    with pytest.raises(SystemExit) as error:
        main(["export", str(path)])
    assert error.value.code == 2


def test_modules_are_put_together_in_the_order_of_need(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('import { two as deux } from "./b.js";\nexport const four = 2 * deux;\n')
    (tmp_path / "b.js").write_text("export const two = 2;\nexport function half(x) {\n  return x / two;\n}\n")
    script = bundle.bundle_modules(tmp_path / "a.js")
    assert script.index("two = 2") < script.index("four = 2")
    assert "const { two: deux } = module0;" in script
    assert "return { two, half };" in script


@pytest.mark.parametrize("source", ['import "./b.js";\n', 'import * as b from "./b.js";\n', "export default 3;\n"])
def test_modules_keep_to_the_simple_form(tmp_path: Path, source: str) -> None:
    (tmp_path / "a.js").write_text(source)
    with pytest.raises(ValueError, match="simple form"):
        bundle.bundle_modules(tmp_path / "a.js")


def test_circles_of_modules_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nexport const a = 1;\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\nexport const b = 1;\n')
    with pytest.raises(ValueError, match=r"a\.js -> b\.js -> a\.js"):
        bundle.bundle_modules(tmp_path / "a.js")


# ---- policy readouts ------------------------------------------------------------------------------------------------


def readout_of(replay: Replay, decisions: int = 3) -> PolicyReadout:
    seat = SeatReadout(
        1, "pi_rl", list(range(decisions)), [0.5] * decisions, [[[70, 30]] * decisions], [[0] * decisions]
    )
    return PolicyReadout(replay.name, [HeadLabels("verb", ["none", "bolt"])], [seat])


def test_a_readout_travels_with_the_film(tmp_path: Path, royale: Replay) -> None:
    write_readout(tmp_path / "thoughts.json", readout_of(royale))
    readout = read_readout(tmp_path / "thoughts.json", royale)
    assert film(royale, readout)["thoughts"]["seats"][0]["chances"] == [[[70, 30]] * 3]
    assert "thoughts" not in film(royale)


def test_a_readout_must_fit_its_match(tmp_path: Path, royale: Replay) -> None:
    path = tmp_path / "thoughts.json"
    write_readout(path, msgspec.structs.replace(readout_of(royale), replay="other.lmsr"))
    with pytest.raises(UserError, match=r"is about other\.lmsr"):
        read_readout(path, royale)
    whole = readout_of(royale)
    for broken in ({"values": [0.5]}, {"seat": 9}, {"chances": [[[70, 20, 10]] * 3]}, {"chosen": []}):
        seat = msgspec.structs.replace(whole.seats[0], **broken)
        write_readout(path, msgspec.structs.replace(whole, seats=[seat]))
        with pytest.raises(UserError, match="is incomplete for seat"):
            read_readout(path, royale)


def test_random_matches_make_films(tmp_path: Path) -> None:
    for replay, seed in zip(record(2), itertools.count(100), strict=False):
        shown = film(replay)
        assert shown["seed"] == str(seed)
        assert len(shown["mages"]) == 2
