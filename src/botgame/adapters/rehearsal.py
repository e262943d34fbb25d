"""Random matches of an environment when it is loaded: whether it repeats itself, and how large its returns are."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator
from typing import NamedTuple

import numpy as np

from botgame import rng
from botgame.adapters.copies import Copy
from botgame.adapters.random_bot import random_bot
from botgame.errors import UserError
from botgame.game import Array, Observation, Policy
from botgame.spec import Spec
from botgame.streams import say
from botgame.wording import counted

_MATCHES = 4
_LONGEST = 2000  # steps of a match
_SLOW = 5.0  # seconds of silence


class Rehearsal(NamedTuple):
    """unit: the largest return that was seen, in the environment's points; 1 where none was paid.

    pace: the largest return a tick of a match that paid in most of its ticks; 0 where none did. unsaved: why matches
    cannot be saved, "" if they can. settled: seats that were out kept their returns and places.
    """

    unit: float
    pace: float
    unsaved: str
    settled: bool


def rehearse(spec: Spec, make: Callable[[], Copy]) -> Rehearsal:
    """Play random matches; says on stderr when one is not repeated from its seed, does not end, or takes long.

    make: a copy whose returns are in the environment's own points. Raises UserError where nobody ever decides anything.
    """
    copy, bot, patience = make(), random_bot(spec), _Patience(spec.name)
    matches = [_side_by_side([_play(spec, copy, bot, seed, patience)])[0] for seed in range(_MATCHES)]
    again = _side_by_side([_play(spec, other, bot, seed, patience) for seed, other in enumerate((copy, make()))])
    if not any(match.steps for match in matches):
        raise UserError(f"game {spec.name}: its matches are over when they begin: nobody decides; correct its reset", 2)
    if not all(match.ended for match in matches):
        say(
            f"warning: game {spec.name}: a random match was not over after {_LONGEST:,} steps; one that never ends "
            "cannot be measured or recorded, so give the environment a limit of steps"
        )
    unsaved = ""
    if again != matches[:2]:
        alone = _side_by_side([_play(spec, copy, bot, 0, patience)]) == matches[:1]
        unsaved = _reason(spec.name, shared=alone)
        say(f"warning: {unsaved}; --resume begins the running ones again")
    settled = {match.settled for match in matches} - {None}
    return Rehearsal(
        unit=max(match.largest for match in matches) or 1.0,
        pace=max(match.pace for match in matches),
        unsaved=unsaved,
        settled=settled == {True},
    )


def _reason(game: str, *, shared: bool) -> str:
    """Why matches cannot be saved. shared: one that runs alone does repeat."""
    where = " while another runs (they share something, such as NumPy's global generator)" if shared else ""
    return f"game {game} does not repeat a match from its seed{where}, so matches cannot be saved or recorded"


class _Played(NamedTuple):
    """A digest of all that the seats saw and earned in a match, its largest return, and as in `Rehearsal`.

    settled: None where the match does not show it: no seat was out early, or none earned more than another.
    ended: False where it went on for longer than a rehearsal does.
    """

    digest: str
    largest: float
    pace: float
    settled: bool | None
    ended: bool
    steps: int


class _Patience:
    """Says once on stderr what is going on, when the matches have taken long."""

    def __init__(self, game: str) -> None:
        self._game, self._begun, self._ticks, self._said = game, time.monotonic(), 0, False

    def tick(self) -> None:
        """A tick of a match is over."""
        self._ticks += 1
        spent = time.monotonic() - self._begun
        if spent < _SLOW or self._said:
            return
        self._said = True
        say(
            f"game {self._game}: {counted(_MATCHES + 2, 'random match')} of at most {_LONGEST:,} steps are played "
            f"whenever it is loaded; a step takes {spent / self._ticks:.2g} s"
        )


def _side_by_side(matches: list[Generator[None, None, _Played]]) -> list[_Played]:
    """Play them tick by tick in turn, as training does: what they share shows."""
    played: dict[int, _Played] = {}
    while len(played) < len(matches):
        for number, match in enumerate(matches):
            try:
                if number not in played:
                    next(match)
            except StopIteration as end:
                played[number] = end.value
    return [played[number] for number in range(len(matches))]


def _play(spec: Spec, copy: Copy, bot: Policy, seed: int, patience: _Patience) -> Generator[None, None, _Played]:
    """Play a match; stops after each tick."""
    digest, left, history = hashlib.sha256(), dict[int, Array](), list[Array]()
    copy.reset(seed)
    for tick in range(_LONGEST):
        if not copy.waiting:
            break
        actions = {}
        for seat in copy.waiting:
            seen = _seen(spec, copy, seat)
            digest.update(b"".join(array.tobytes() for array in seen.values()))
            keys = np.array([rng.derive(seed, seat, tick)], np.uint64)
            actions[seat] = bot.act(seen, np.zeros((1, 0), np.float32), keys)[0][0]
        copy.act(actions)
        patience.tick()
        history.append(copy.returns)
        if copy.waiting:
            left = {seat: _standing(copy, seat) for seat in copy.out} | left
        yield
    digest.update(copy.returns.tobytes())
    settled = all(np.array_equal(then, _standing(copy, seat)) for seat, then in left.items())
    shown = bool(left) and bool(np.ptp(copy.returns))
    largest, ended = float(np.abs(copy.returns).max()), not copy.waiting
    return _Played(digest.hexdigest(), largest, _pace(history), settled if shown else None, ended, len(history))


def _seen(spec: Spec, copy: Copy, seat: int) -> Observation:
    """What a seat sees, one row an array."""
    seen = {name: np.zeros((1, *layout.shape), layout.dtype) for name, layout in spec.arrays.items()}
    seen["legal"][:] = True
    copy.observe(seat, {name: array[0] for name, array in seen.items()})
    return seen


def _pace(history: list[Array]) -> float:
    """The pace of a match with these returns after each tick."""
    if not history:
        return 0.0
    growing = np.diff(np.array(history), axis=0, prepend=0.0) != 0  # [ticks, seats]
    steady = growing.mean(axis=0) > 0.5
    return float(np.abs(history[-1][steady]).max(initial=0.0)) / len(history)


def _standing(copy: Copy, seat: int) -> Array:
    """The seat's return, and whether it is above, level with or below each seat."""
    returns = copy.returns
    return np.append(np.sign(returns[seat] - returns), returns[seat])
