"""The first steps of a user's own game, looked at before anything is built on it.

A mistake is named in one line here; later it would be a traceback from the depths of a network, or learned around in
silence. `tests/test_game_contract.py` asks for more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from botgame import rng
from botgame.errors import UserError
from botgame.game import USUAL_LIMITS, Array, Due, Game, Outcome, Setup, Simulation

_SLOTS, _STEPS = 2, 200


def check_game(game: Game) -> None:
    """Play two matches, or the beginning of long ones, with legal actions at random, and the same once more.

    Raises UserError (code 2) for what breaks the contract of `botgame.game`. An exception of the game's own code
    passes, since it names the line.
    """
    try:
        json.dumps([game.spec.to_dict(), dict(game.rules)])
    except TypeError as error:
        raise _broken(game, "spec and rules", f"are no JSON ({error})", "plain Python values") from error
    if _play(game) != _play(game):
        raise _broken(game, "a match", "differs when it is played again", "all that is random to follow from its seed")


def _play(game: Game) -> str:
    """A digest of what the seats saw, earned and were left with."""
    told = hashlib.sha256()
    simulation = game.simulate(_SLOTS, game.seats)
    _array(game, "done", simulation.done, (_SLOTS,), np.bool_)
    for slot in range(_SLOTS):
        factions = tuple((slot + seat) % len(game.factions) for seat in range(game.seats)) if game.factions else ()
        setup = Setup(rng.derive(slot), tuple(range(game.seats)), factions, game.duration_ticks)
        simulation.reset(slot, setup, [USUAL_LIMITS] * game.seats)
    for step in range(_STEPS):
        due = simulation.advance()
        done = _array(game, "done", simulation.done, (_SLOTS,), np.bool_)
        if done.all():
            break
        _check_due(game, due, done)
        _array(game, "ticks", simulation.ticks, (_SLOTS,), np.integer)
        for array in _act(game, simulation, due, step):
            told.update(array.tobytes())
    for slot in np.flatnonzero(simulation.done).tolist():
        outcome = simulation.outcome(slot)
        _check_outcome(game, outcome)
        told.update(outcome.places.tobytes())
    return told.hexdigest()


def _check_due(game: Game, due: Due, done: Array) -> None:
    """The seats are in order, and belong to matches that go on."""
    if not isinstance(due, Due):
        raise _broken(game, "advance", f"returned a {type(due).__name__}", "Due(slot, seat)")
    rows = np.shape(due.slot)[:1] or (-1,)
    slot, seat = (_array(game, f"advance().{name}", getattr(due, name), rows, np.integer) for name in ("slot", "seat"))
    if not len(slot):
        raise _broken(game, "advance", "returned no seat while a match goes on", "it to run until a seat is due")
    inside = (slot >= 0) & (slot < _SLOTS) & (seat >= 0) & (seat < game.seats)
    if not inside.all() or done[slot].any():
        raise _broken(game, "advance", "returned a seat that is not there or whose match is over", "seats to decide")
    if (np.diff(slot * game.seats + seat) <= 0).any():
        raise _broken(game, "advance", "returned seats out of order or twice", "them ordered by slot, then seat")


def _act(game: Game, simulation: Simulation, due: Due, step: int) -> list[Array]:
    """Look at what the due seats see and have earned, and let each choose a legal action; what was looked at."""
    rows, seen = len(due.slot), simulation.observe(due)
    for name, layout in game.spec.arrays.items():
        array = _array(game, f"observe()[{name!r}]", _entry(seen, name), (rows, *layout.shape), layout.dtype)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise _broken(game, f"observe()[{name!r}]", "holds nan or infinity", "finite numbers")
    earned = simulation.rewards(due)
    _check_streams(game, "rewards()", earned, rows)
    for reward in game.spec.rewards:
        if not reward.dense and earned[reward.name].any():
            raise _broken(game, f"rewards()[{reward.name!r}]", "pays during a match", "0 until its end, or dense=True")
    actions = _legal_actions(game, seen["legal"], step)
    told = [seen[name] for name in game.spec.arrays] + [earned[reward.name] for reward in game.spec.rewards]
    told = [array.copy() for array in told]  # a game may write the next observation into the same arrays
    _array(game, "act()", simulation.act(due, actions), actions.shape, np.integer)
    return told


def _legal_actions(game: Game, legal: Array, step: int) -> Array:
    """A legal category at random for each row and head, int64 [n, H]."""
    rows = len(legal)
    draws = rng.uniforms(np.arange(rows, dtype=np.uint64) + np.uint64(step * rows), game.spec.logits)
    wanted = np.where(legal, draws, -1)
    for name, part in game.spec.slices.items():
        if (wanted[:, part] < 0).all(1).any():
            raise _broken(game, "observe()['legal']", f"allows nothing in head {name}", "a legal category in each head")
    return np.stack([wanted[:, part].argmax(1) for part in game.spec.slices.values()], 1).astype(np.int64)


def _check_outcome(game: Game, outcome: Outcome) -> None:
    if not isinstance(outcome, Outcome):
        raise _broken(game, "outcome", f"returned a {type(outcome).__name__}", "an Outcome")
    places = _array(game, "outcome().places", outcome.places, (game.seats,), np.integer)
    if places.min() != 1:
        raise _broken(game, "outcome().places", f"are {places.tolist()}", "1 for the first, more for the others")
    _check_streams(game, "outcome().rewards", outcome.rewards, game.seats)
    _array(game, "outcome().counts", outcome.counts, (game.seats, len(game.counted)), np.integer)


def _check_streams(game: Game, what: str, rewards: Mapping[str, Array], rows: int) -> None:
    for reward in game.spec.rewards:
        sums = _array(game, f"{what}[{reward.name!r}]", _entry(rewards, reward.name), (rows,), np.floating)
        if not np.isfinite(sums).all():
            raise _broken(game, f"{what}[{reward.name!r}]", "holds nan or infinity", "finite numbers")


def _entry(arrays: Any, name: str) -> Any:
    return arrays.get(name) if isinstance(arrays, Mapping) else None


def _array(game: Game, what: str, array: Any, shape: tuple[int, ...], kind: Any) -> Array:
    """The array, of this shape and kind of number."""
    if isinstance(array, np.ndarray) and array.shape == shape and np.issubdtype(array.dtype, kind):
        return array
    is_array = isinstance(array, np.ndarray)
    found = f"is {array.dtype} {list(array.shape)}" if is_array else f"is a {type(array).__name__}"
    name = kind.__name__ if isinstance(kind, type) else str(kind)
    raise _broken(game, what, found, f"an array of {name.rstrip('_')} {list(shape)}")


def _broken(game: Game, what: str, found: str, expected: str) -> UserError:
    return UserError(f"game {game.name}: {what} {found}, expected {expected}; correct it", 2)
