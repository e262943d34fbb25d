"""Random matches of an environment when it is loaded: whether it repeats itself, and how large its returns are."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from botgame import rng
from botgame.adapters.copies import Copy
from botgame.adapters.random_bot import random_bot
from botgame.game import Policy
from botgame.spec import Spec

_MATCHES = 4
_LONGEST = 2000  # decisions of a match


class Rehearsal(NamedTuple):
    """unit: the largest return that was seen, in the environment's points; 1 where none was paid.

    unsaved: why matches cannot be saved, "" if they can.
    """

    unit: float
    unsaved: str


def rehearse(spec: Spec, make: Callable[[], Copy]) -> Rehearsal:
    """Play random matches; says on stderr when the environment does not repeat a match from its seed.

    make: a copy whose returns are in the environment's own points.
    """
    copy, bot = make(), random_bot(spec)
    matches = [_play(spec, copy, bot, seed) for seed in range(_MATCHES)]
    again = _play(spec, copy, bot, 0), _play(spec, make(), bot, 0)
    unit = max(largest for _, largest in matches) or 1.0
    if again == (matches[0], matches[0]):
        return Rehearsal(unit, "")
    reason = f"game {spec.name} does not repeat a match from its seed, so matches cannot be saved or recorded"
    print(f"warning: {reason}; --resume begins the running ones again", file=sys.stderr)
    return Rehearsal(unit, reason)


def _play(spec: Spec, copy: Copy, bot: Policy, seed: int) -> tuple[str, float]:
    """A digest of all that the seats see and earn in a match, and the largest return."""
    digest = hashlib.sha256()
    copy.reset(seed)
    for tick in range(_LONGEST):
        if not copy.waiting:
            break
        actions = {}
        for seat in copy.waiting:
            seen = {name: np.zeros((1, *layout.shape), layout.dtype) for name, layout in spec.arrays.items()}
            seen["legal"][:] = True
            copy.observe(seat, {name: array[0] for name, array in seen.items()})
            digest.update(b"".join(array.tobytes() for array in seen.values()))
            keys = np.array([rng.derive(seed, seat, tick)], np.uint64)
            actions[seat] = bot.act(seen, np.zeros((1, 0), np.float32), keys)[0][0]
        copy.act(actions)
    digest.update(copy.returns.tobytes())
    return digest.hexdigest(), float(np.abs(copy.returns).max())
