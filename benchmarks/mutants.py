"""Every reader against files that nobody wrote: contents exchanged at random, and the seal right again.

    python benchmarks/mutants.py --mutants 1000

A seal keeps out what has decayed, not what somebody made. So each kind of file is changed inside (values, entries,
columns), sealed again, read, and then used as a command uses it. A file may be read or be refused by a UserError that
is one line; anything else is printed and counted, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from botgame.errors import UserError

DEEP = "\0deep\0"  # stands for ten thousand brackets
HOSTILE: list[Any] = [
    None, True, False, -1, 0, 1, 2, 3, 7, 8, 15, 16, 17, 22, 23, 100, 254, 255, 256, 3600, 2**31 - 1, 2**31, 2**53,
    2**63, 2**64, 10**30, -(10**30), 0.5, -0.5, 1e-300, 1e300, -1e300, "", "x", "\0", "a" * 5000, "\ud800", "../x",
    [], {}, [[]], [None], {"": None}, DEEP,
]  # fmt: skip


class Target(NamedTuple):
    """A kind of file. write: makes a mutant at `path`; use: reads it and does with it what a command does."""

    path: Path
    write: Callable[[random.Random], None]
    use: Callable[[], None]


def mutated(value: Any, chance: random.Random, hostile: list[Any] = HOSTILE) -> Any:
    """A copy of a JSON value with one to three places changed: exchanged, nudged, left out, doubled or swapped."""
    value = copy.deepcopy(value)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        holder, key = chance.choice(list(_places(value)) or [([value], 0)])
        _change(holder, key, chance, hostile)
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and key in it."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _change(holder: Any, key: Any, chance: random.Random, hostile: list[Any]) -> None:
    way = chance.randrange(8)
    old = holder[key]
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(old))
    elif way == 2 and isinstance(old, int | float) and not isinstance(old, bool):
        holder[key] = old + chance.choice((-1, 1, 10, -10))
    elif way == 3 and len(holder) > 1:
        other = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        holder[key], holder[other] = holder[other], old
    elif way == 4 and isinstance(holder, dict):
        holder[chance.choice(("x", "", "name", "seats"))] = chance.choice(hostile)
    else:
        holder[key] = copy.deepcopy(chance.choice(hostile))


def text_of(value: Any) -> str:
    """JSON, with real brackets for `DEEP`."""
    return json.dumps(value).replace(json.dumps(DEEP), "[" * 10_000)


def run(target: Target, mutants: int, seed: int) -> Counter[str]:
    """Counts of "read", "refused" and, by type and place of the error, anything else."""
    chance, fates = random.Random(seed), Counter[str]()
    for _ in range(mutants):
        target.write(chance)
        fates[fate(target)] += 1
    return fates


def fate(target: Target) -> str:
    """How the use of the file ended."""
    try:
        target.use()
    except UserError as error:
        return "refused" if "\n" not in str(error) else f"several lines: {error}"
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error)[:80]} ({Path(place.filename).name}:{place.lineno})"
    return "read"


def json_target(path: Path, use: Callable[[], None], *, sealed: bool = True) -> Target:
    """A file that holds one JSON object."""
    from botgame.seals import opened_json, sealed_json

    text = path.read_text(encoding="utf-8")
    whole = json.loads(opened_json(text) if sealed else text)

    def write(chance: random.Random) -> None:
        made = text_of(mutated(whole, chance))
        path.write_text(sealed_json(made) if sealed and made.endswith("}") else made, encoding="utf-8")

    return Target(path, write, use)


def lines_target(path: Path, use: Callable[[], None]) -> Target:
    """A file of sealed JSON lines; one line is changed, and half of the time not sealed, as another program's."""
    from botgame.seals import opened_json, sealed_json

    whole = [json.loads(opened_json(line)) for line in path.read_text(encoding="utf-8").splitlines()]

    def write(chance: random.Random) -> None:
        at = chance.randrange(len(whole))
        texts = [sealed_json(json.dumps(value)) for value in whole]
        made = text_of(mutated(whole[at], chance))
        texts[at] = sealed_json(made) if made.endswith("}") and chance.random() < 0.5 else made
        path.write_text("\n".join(texts) + "\n", encoding="utf-8")

    return Target(path, write, use)


def replay_target(path: Path, use: Callable[[], None]) -> Target:
    """A replay: its header is changed, or its columns, or both."""
    import msgspec

    from botgame.lms.replay import columns
    from botgame.lms.replay.format import read

    whole = read(path)
    header = json.loads(msgspec.json.encode(whole.header))

    def write(chance: random.Random) -> None:
        way = chance.random()
        made = header if way < 0.2 else mutated(header, chance)
        decisions = whole.decisions if way > 0.4 else _other_decisions(whole.decisions, chance)
        if way < 0.4:
            made = {**made, "seats": _counted(made.get("seats"), decisions)}
        counts = [int((decisions.seat == seat).sum()) for seat in range(len(header["seats"]))]
        body = columns.encode(decisions, counts, [seat["reaction"] for seat in header["seats"]])
        if chance.random() < 0.1:
            at = chance.randrange(len(body))
            body = body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]
        path.write_bytes(packed(text_of(made).encode(), body))

    return Target(path, write, use)


def _counted(seats: Any, decisions: Any) -> Any:
    """Seats whose counts fit the decisions, where they are seats at all."""
    if not isinstance(seats, list):
        return seats
    return [
        {**seat, "decisions": int((decisions.seat == index).sum())} if isinstance(seat, dict) else seat
        for index, seat in enumerate(seats)
    ]


def _other_decisions(decisions: Any, chance: random.Random) -> Any:
    """Some rows fewer (also all), or other choices, ticks or digests."""
    rows = len(decisions.tick)
    way = chance.randrange(6)
    if way <= 1:
        share = chance.choice((0.0, 0.0, 0.5, 0.99))
        keep = np.flatnonzero(np.array([chance.random() < share for _ in range(rows)], np.bool_))
        names = ("seat", "tick", "seen", "choices")
        return type(decisions)(**{**vars(decisions), **{name: vars(decisions)[name][keep] for name in names}})
    changed = {name: array.copy() for name, array in vars(decisions).items()}
    if way == 2:
        changed["choices"][chance.randrange(rows), chance.randrange(changed["choices"].shape[1])] = chance.randrange(8)
    elif way == 3:
        changed["seen"][chance.randrange(rows)] = chance.randrange(max(1, int(changed["tick"][-1])))
    elif way == 4:
        changed["digest_tick"], changed["digest"] = changed["digest_tick"][:0], changed["digest"][:0]
    else:
        changed["tick"][chance.randrange(rows)] += chance.choice((-1, 1, 5))
    return type(decisions)(**changed)


def packed(header: bytes, body: bytes) -> bytes:
    """A replay file of these contents, with the right lengths and checksum."""
    import zlib

    from botgame.lms.replay.format import _CHECK, _HEAD, MAGIC, VERSION, _checksum

    data = zlib.compress(header + body, 1)
    head = _HEAD.pack(MAGIC, VERSION, 0, _HEAD.size + _CHECK + len(data), len(header), len(body))
    return head + _checksum(head, data) + data


def torch_target(path: Path, use: Callable[[], None]) -> Target:
    """A checkpoint or a resume state; among the values that it gets are tensors of odd shapes and types."""
    import torch

    from botgame import seals

    whole = torch.load(path, weights_only=True)
    hostile = [value for value in HOSTILE if value != DEEP]
    hostile += [torch.zeros(0), torch.zeros(3), torch.zeros(2, 2, dtype=torch.int8), torch.tensor(np.nan)]

    def write(chance: random.Random) -> None:
        torch.save(mutated(whole, chance, hostile), path)
        path.write_bytes(seals.sealed(path.read_bytes()))

    return Target(path, write, use)


def onnx_target(path: Path, use: Callable[[], None]) -> Target:
    """An exported model with other metadata, half of the time changed inside their JSON."""
    import onnx

    from botgame import seals

    whole = onnx.load_model_from_string(path.read_bytes()[: -seals.SIZE])

    def write(chance: random.Random) -> None:
        model = type(whole)()
        model.CopyFrom(whole)
        entry = chance.choice(model.metadata_props)
        if entry.value.startswith("{") and chance.random() < 0.7:
            entry.value = text_of(mutated(json.loads(entry.value), chance)).encode("utf-8", "replace").decode()
        else:
            entry.value = str(chance.choice(HOSTILE)).encode("utf-8", "replace").decode().replace(DEEP, "[" * 10_000)
        path.write_bytes(seals.sealed(model.SerializeToString()))

    return Target(path, write, use)


def use_replay(path: Path) -> None:
    """Verify a folder with it, learn from it, and show it: what is refused there is named, and the rest goes on."""
    from botgame.lms.game import lms
    from botgame.lms.replay.command import _summary
    from botgame.lms.replay.format import read
    from botgame.lms.replay.resimulate import resimulate, trajectories
    from botgame.lms.replay.showing.film import film_json
    from botgame.lms.replay.showing.picture import picture
    from botgame.lms.replay.verify import verify
    from botgame.server.records.replay_list import describe

    (verdict,) = verify([path])
    assert verdict.fault is None or "\n" not in verdict.fault
    replay = read(path)
    list(_summary(replay))
    describe(replay, 0.0)
    list(resimulate([replay], statistic_z=True))
    list(trajectories([replay], report=str))
    game = lms()
    assert game.demonstrations is not None
    match = game.demonstrations.open(path)
    [match.decided(seat, 30) for seat in range(len(match.seats))]
    film_json(replay)
    picture(replay)


def use_recording(path: Path, game: str) -> None:
    """Choose what to learn from it and play it again, as imitation does."""
    from botgame.feedback import Lines
    from botgame.games import load_game
    from botgame.training.imitation.seat_choice import SeatChoice
    from botgame.training.imitation.source import ReplaySource

    nothing = Lines(0, [], [])
    source = ReplaySource(load_game(game), path.parent, SeatChoice(("all",)), nothing, nothing, str)
    assert source.digest
    list(source.read(range(len(source.matches))))


def use_feedback(folder: Path) -> None:
    """Rate the players of its matches and choose what to learn from, as server, report and imitation do."""
    from botgame.feedback import name_replays, rated_matches, read_manifests, read_streams
    from botgame.lms.game import lms
    from botgame.server.records.leaderboard import Leaderboard
    from botgame.training.imitation.seat_choice import SeatChoice
    from botgame.training.imitation.source import ReplaySource
    from botgame.training.league_report.live import live_matches

    manifests = read_manifests(folder)
    streams = name_replays(read_streams(folder), manifests)
    assert all("\n" not in problem for problem in (*manifests.problems, *streams.problems))
    records = rated_matches(manifests.entries)
    Leaderboard(records).standings()
    live_matches(records, "lms", folder, ["a"])
    source = ReplaySource(lms(), folder, SeatChoice(("all",)), manifests, streams, str)
    assert source.digest
    list(source.matches)


def use_policy(path: Path) -> None:
    """Load it as a bot of the toy game and let it decide."""
    from botgame.policies import load_policy
    from toy_game import toy

    policy = load_policy(toy(), str(path))
    observation = {name: np.zeros_like(array) for name, array in toy().spec.blank(2).items()}
    observation["legal"][:] = True
    policy.act(observation, policy.initial_memory(2), np.arange(2, dtype=np.uint64))


def use_league(folder: Path) -> None:
    """The report of a league, with results of `exploit` and live matches."""
    from botgame.training.league_report.command import report

    words = {"league_state": "league_state.json", "matches": "matches.jsonl", "exploit_dir": "exploit"}
    paths = {name: folder / file for name, file in words.items()}
    output = folder / "summary.json"
    report(argparse.Namespace(**paths, output=output, reports_live_dir=folder / "live", game=None))


def main() -> int:
    """Mutate every kind; returns 1 where any mutant ended in another error."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--mutants", type=int, default=1000, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default="", help="names with commas; all unless given")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from mutant_kinds import targets, trained

    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, target in targets(Path(folder), *trained(Path(folder))).items():
            if options.kinds and name not in options.kinds.split(","):
                continue
            fates = run(target, options.mutants, options.seed)
            print(f"{name}: {fates.pop('read', 0)} read, {fates.pop('refused', 0)} refused, {sum(fates.values())} bad")
            for what, count in fates.most_common(20):
                print(f"  {count} x {what}")
            bad += sum(fates.values())
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
