"""One match as the phases of a tick see it: views into the state, the rules, and the damage gathered in this tick.

Every phase has the signature `phase(world)`; a tick is a list of such calls (`botgame.lms.simulation.tick`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from botgame.lms.simulation.kernel import inlined
from botgame.lms.simulation.state import State, Tables


class World(NamedTuple):
    """P seats, S shots, I items, G cells with border, F frames. Nothing here is a copy."""

    match: Any  # MATCH record
    mages: np.ndarray  # MAGE [P]
    shots: np.ndarray  # SHOT [S]
    items: np.ndarray  # ITEM [I]
    walls: np.ndarray  # uint8 [G, G]
    past_matches: np.ndarray  # MATCH [F]
    past_mages: np.ndarray  # SEEN_MAGE [F, P]
    past_shots: np.ndarray  # SHOT [F, S]
    past_available: np.ndarray  # uint8 [F, I]
    constants: Any  # CONSTANTS record
    abilities: np.ndarray  # ABILITY [schools, slots]
    harm: np.ndarray  # float64 [P, P + 1]: hp that a seat gets, by seat (last column: the zone), all zero between ticks


@inlined
def world_of(state: State, tables: Tables, harm: np.ndarray, b: int) -> World:
    """Match `b` of a batch."""
    return World(
        state.matches[b],
        state.mages[b],
        state.shots[b],
        state.items[b],
        state.walls[b],
        state.past_matches[b],
        state.past_mages[b],
        state.past_shots[b],
        state.past_available[b],
        tables.constants[0],
        tables.abilities,
        harm,
    )
