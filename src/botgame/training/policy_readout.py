"""What a network thinks in a recorded match: probabilities of each head and the expected result, for the viewer.

    botgame thoughts data/processed/duel_s1001_4f0c2b9a61de.lmsr artifacts/alphastar/pi_rl.pt
    botgame replay export data/processed/duel_s1001_4f0c2b9a61de.lmsr -o match.html

Without a checkpoint, each seat is asked that was played by one which is still at its place. The match is played again
and the network is shown what the seat saw and what it chose, so for its own seat the memory is that of the match. The
file goes beside the replay, where the viewer and `replay export` find it, or to `--output`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from botgame import cli
from botgame.errors import UserError
from botgame.lms.game import lms
from botgame.lms.replay.format import Replay, read
from botgame.lms.replay.resimulate import SeatTrajectory, trajectories
from botgame.lms.replay.showing.policy_readout import Head, SeatThoughts, Thoughts, beside, write_thoughts
from botgame.lms.rules import DIRECTIONS
from botgame.lms.spec import ARENA_SPEC
from botgame.outputs import check_result, json_of
from botgame.policies import files_of, split_style
from botgame.spec import Head as SpecHead
from botgame.training.alphastar.checkpoint import load_checkpoint
from botgame.training.alphastar.network.action_distribution import used_heads
from botgame.training.alphastar.network.observations import check_observation
from botgame.training.alphastar.policy import NetworkPolicy, load_policy

_COMPASS = ("right", "down right", "down", "down left", "left", "up left", "up", "up right")


def build_parser() -> cli.Parser:
    """The flags of `thoughts`."""
    parser = cli.Parser("botgame thoughts", "Write down what a network thinks in a recorded match.")
    parser.add_argument("replay", type=cli.path, help="a replay file")
    parser.add_argument("checkpoint", nargs="?", metavar="CHECKPOINT", help="the network to ask; default: who played")
    parser.flag("--seats", metavar="A,B,...", help="seats to ask it about; default: all")
    parser.add_argument("-o", "--output", type=cli.path, help="where to write; default: beside the replay")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; see `--help`."""
    args = build_parser().parse_args(argv)
    target = args.output or beside(args.replay)
    asked = [("CHECKPOINT", path) for path in files_of(args.checkpoint or "")]
    check_result("--output", target, ".json", [("REPLAY", args.replay), *asked], json_of(1))
    replay = read(args.replay)
    torch.set_num_threads(1)
    names = _players(replay, args.checkpoint, _wanted(args.seats, len(replay.header.seats)))
    thoughts = think(replay, names)
    write_thoughts(target, thoughts)
    decisions = sum(len(seat.ticks) for seat in thoughts.seats)
    print(f"thoughts at {decisions} decisions of {len(thoughts.seats)} seats written to {target}")
    return 0


def think(replay: Replay, names: dict[int, str]) -> Thoughts:
    """The thoughts of checkpoint `names[seat]` at each decision of `seat`. Raises UserError."""
    for name in dict.fromkeys(names.values()):
        load_checkpoint(_file(name), lms())
    policies = {name: load_policy(lms(), *_parts(name)) for name in dict.fromkeys(names.values())}
    seats = [
        _thoughts(seat, policies[names[seat.seat]], names[seat.seat])
        for seat in trajectories([replay])
        if seat.seat in names
    ]
    heads = [Head(head.name, list(_labels(head))) for head in ARENA_SPEC.heads]
    return Thoughts(replay.name, heads, seats)


def _wanted(text: str | None, seats: int) -> list[int]:
    """The seats that `--seats` names. Raises UserError."""
    if text is None:
        return list(range(seats))
    numbers = [int(word) if word.strip().isdecimal() else -1 for word in text.split(",")]
    if not all(0 <= number < seats for number in numbers):
        raise UserError(f"--seats is {text!r}, expected numbers from 0 to {seats - 1} with commas between them", 2)
    return sorted(set(numbers))


def _players(replay: Replay, checkpoint: str | None, wanted: Sequence[int]) -> dict[int, str]:
    """Which checkpoint to ask about each seat. Raises UserError when the header names none that is at hand."""
    if checkpoint is not None:
        return dict.fromkeys(wanted, checkpoint)
    policies = {seat: replay.header.seats[seat].policy for seat in wanted}
    found = {seat: name for seat, name in policies.items() if ".pt" in name and Path(_file(name)).is_file()}
    if not found:
        played = ", ".join(dict.fromkeys(policies.values()))
        raise UserError(f"no seat was played by a checkpoint that is here ({played}): name the CHECKPOINT to ask", 2)
    return found


def _parts(name: str) -> tuple[str, str, str]:
    """`pi.pt@STYLE` as the arguments of `load_policy`: file, device, style."""
    file, style = split_style(name)
    return file, "cpu", style


def _file(name: str) -> str:
    return _parts(name)[0]


def _thoughts(seat: SeatTrajectory, policy: NetworkPolicy, name: str) -> SeatThoughts:
    """One seat's decisions as one sequence through the network."""
    check_observation(ARENA_SPEC, seat.observation, name)
    observation = {key: torch.from_numpy(np.array(array))[:, None] for key, array in seat.observation.items()}
    actions = torch.from_numpy(seat.actions)[:, None]
    network = policy.network
    with torch.inference_mode():
        valid = torch.ones(actions.shape[:2], dtype=torch.bool)
        start = network.initial_memory(1)
        unrolled = network.unroll(observation, start, actions, valid, temperature=policy.temperature)
        chosen = torch.where(used_heads(ARENA_SPEC, actions), actions, -1)[:, 0]
    percents = np.rint(100 * unrolled.log_probs[:, 0].exp().numpy()).astype(int)
    result = [reward.name for reward in ARENA_SPEC.rewards].index("result")
    return SeatThoughts(
        seat=seat.seat,
        policy=name,
        ticks=seat.ticks.tolist(),
        values=[round(value, 3) for value in unrolled.values[:, 0, result].tolist()],
        chances=[percents[:, part].tolist() for part in ARENA_SPEC.slices.values()],
        chosen=chosen.T.tolist(),
    )


def _labels(head: SpecHead) -> Iterator[str]:
    """What to call the categories of a head."""
    if head.labels:
        unit = {"delay": " ticks", "lead": " lead"}.get(head.name, "")
        yield from (f"{label}{unit}" for label in head.labels)
    elif head.kind == "pointer":
        yield from ("none", *(f"enemy {slot}" for slot in range(1, head.size)))
    elif head.size == 1 + len(_COMPASS):
        yield from ("stay", *_COMPASS)
    else:
        yield from (f"{360 * k / len(DIRECTIONS):g} deg" for k in range(head.size))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
