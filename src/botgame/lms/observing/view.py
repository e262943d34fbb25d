"""Who looks at which frame: what every part of an observation starts from."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from botgame.lms.simulation.kernel import inlined
from botgame.lms.simulation.state import State, Tables


class View(NamedTuple):
    """A seat and the frame that it sees, `reaction` ticks old; `now` and `present` are current. Nothing is a copy."""

    seat: int
    tick: int  # of the frame
    me: Any  # SEEN_MAGE record: the seat in the frame
    match: Any  # MATCH record of the frame
    now: Any  # MAGE record: the seat at present
    present: int  # the present tick
    constants: Any  # CONSTANTS record
    abilities: np.ndarray  # ABILITY [schools, slots]


@inlined
def view_of(state: State, tables: Tables, b: int, seat: int, slot: int) -> View:
    """The view of a seat of match `b` on the frame in `slot`, see `slot_of`."""
    return View(
        seat,
        state.past_matches[b, slot].tick,
        state.past_mages[b, slot, seat],
        state.past_matches[b, slot],
        state.mages[b, seat],
        state.matches[b].tick,
        tables.constants[0],
        tables.abilities,
    )
