"""One match for the phases of a tick: views of the state, the rules, and the damage that this tick collects.

Every phase has the signature `phase(world)`; a tick is a list of such calls (`botgame.lms.simulation.tick`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from botgame.lms.simulation.kernel import inlined
from botgame.lms.simulation.state import State, Tables


class World(NamedTuple):
    """Views of P seats, S shots, I items, G cells with border and F frames; nothing is a copy."""

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
    harm: (
        np.ndarray
    )  # float64 [P, P + 1]: damage (hp) to each seat by each seat, last column by the zone; 0 between ticks


@inlined
def world_of(state: State, tables: Tables, harm: np.ndarray, b: int) -> World:
    """The world of match `b` of a batch."""
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
