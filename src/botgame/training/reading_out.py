"""A network over the decisions of a recorded match: probabilities of each head, and the expected result."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from botgame.bot_names import files_of, split_style
from botgame.errors import UserError
from botgame.game import DemonstrationError, Game, RecordedMatch, SeatDecisions
from botgame.games import load_game
from botgame.outputs import check_result, json_of
from botgame.policies import is_network
from botgame.policy_readout import HeadLabels, PolicyReadout, SeatReadout, readout_path, write_readout
from botgame.spec import Head
from botgame.trained_bots import checkpoint_path
from botgame.training.alphastar.network.action_distribution import used_heads
from botgame.training.alphastar.network.observations import check_observation
from botgame.training.alphastar.policy import NetworkPolicy, load_policy
from botgame.wording import counted

_COMPASS = ("right", "down right", "down", "down left", "left", "up left", "up", "up right")


def read_out(args: argparse.Namespace) -> int:
    """The whole command. Returns the exit code; raises UserError."""
    game = load_game(args.game)
    if game.demonstrations is None:
        raise UserError(f"game {game.name} has no recorded matches to read out", 2)
    target = args.output or readout_path(args.replay)
    asked = [("CHECKPOINT", path) for path in files_of(args.checkpoint or "")]
    check_result("--output", target, ".json", [("REPLAY", args.replay), *asked], json_of(1))
    match = game.demonstrations.open(args.replay)
    torch.set_num_threads(1)
    names = _players(game, match, args.checkpoint, _wanted(args.seats, len(match.seats)))
    readout = readout_of(game, match, names)
    write_readout(target, readout)
    decisions = sum(len(seat.ticks) for seat in readout.seats)
    print(f"thoughts at {counted(decisions, 'decision')} of {counted(len(readout.seats), 'seat')} written to {target}")
    return 0


def readout_of(game: Game, match: RecordedMatch, names: dict[int, str]) -> PolicyReadout:
    """The readout of checkpoint `names[seat]` at each decision of `seat`. Raises UserError."""
    policies = {name: load_policy(game, *_parts(game, name)) for name in dict.fromkeys(names.values())}
    assert game.demonstrations is not None
    seats = [
        _seat_readout(game, seat, policies[names[seat.seat]], names[seat.seat])
        for seat in game.demonstrations.decisions([match], 1, _refuse)
        if seat.seat in names
    ]
    return PolicyReadout(match.name, [HeadLabels(head.name, list(_labels(head))) for head in game.spec.heads], seats)


def _refuse(error: DemonstrationError) -> None:
    raise error


def _wanted(text: str | None, seats: int) -> list[int]:
    """The seats that `--seats` names. Raises UserError."""
    if text is None:
        return list(range(seats))
    numbers = [int(word) if word.strip().isdecimal() else -1 for word in text.split(",")]
    if not all(0 <= number < seats for number in numbers):
        raise UserError(f"--seats is {text!r}, expected numbers from 0 to {seats - 1} with commas between them", 2)
    return sorted(set(numbers))


def _players(game: Game, match: RecordedMatch, checkpoint: str | None, wanted: Sequence[int]) -> dict[int, str]:
    """Which checkpoint to ask about each seat. Raises UserError when the match names none that is at hand."""
    if checkpoint is not None:
        return dict.fromkeys(wanted, checkpoint)
    policies = {seat: match.seats[seat].policy for seat in wanted}
    found = {
        seat: name
        for seat, name in policies.items()
        if is_network(game, name) and Path(_parts(game, name)[0]).is_file()
    }
    if not found:
        played = ", ".join(dict.fromkeys(policies.values()))
        raise UserError(f"no seat was played by a checkpoint that is here ({played}): name the CHECKPOINT to ask", 2)
    return found


def _parts(game: Game, name: str) -> tuple[str, str, str]:
    """`pi.pt@STYLE`, or the name of a trained bot, as the arguments of `load_policy`: file, device, style."""
    file, style = split_style(name)
    return str(checkpoint_path(game, file)), "cpu", style


def _seat_readout(game: Game, seat: SeatDecisions, policy: NetworkPolicy, name: str) -> SeatReadout:
    """One seat's decisions as one sequence through the network."""
    spec = game.spec
    check_observation(spec, seat.observation, name)
    observation = {key: torch.from_numpy(np.array(array))[:, None] for key, array in seat.observation.items()}
    actions = torch.from_numpy(seat.actions)[:, None]
    network = policy.network
    with torch.inference_mode():
        valid = torch.ones(actions.shape[:2], dtype=torch.bool)
        start = network.initial_memory(1)
        unrolled = network.unroll(observation, start, actions, valid, temperature=policy.temperature, whole=True)
        chosen = torch.where(used_heads(spec, actions), actions, -1)[:, 0]
    percents = np.rint(100 * unrolled.log_probs[:, 0].exp().numpy()).astype(int)
    result = next((index for index, reward in enumerate(spec.rewards) if not reward.dense), 0)
    return SeatReadout(
        seat=seat.seat,
        policy=name,
        ticks=seat.ticks.tolist(),
        values=[round(value, 3) for value in unrolled.values[:, 0, result].tolist()],
        chances=[percents[:, part].tolist() for part in spec.slices.values()],
        chosen=chosen.T.tolist(),
    )


def _labels(head: Head) -> Iterator[str]:
    """What to call the categories of a head."""
    if head.labels:
        yield from head.labels
    elif head.kind == "pointer":
        yield from ("none", *(f"entity {slot}" for slot in range(1, head.size)))
    elif head.directions:
        yield from (_direction(x, y, fine=head.size > 1 + len(_COMPASS)) for x, y in head.directions)
    else:
        yield from map(str, range(head.size))


def _direction(x: float, y: float, *, fine: bool) -> str:
    """A name for a unit vector (y points down), or its whole degrees where there are more than eight."""
    if not x and not y:
        return "stay"
    degrees = math.degrees(math.atan2(y, x)) % 360
    return f"{degrees:.0f} deg" if fine else _COMPASS[round(degrees / 45) % len(_COMPASS)]
