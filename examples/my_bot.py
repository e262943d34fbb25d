"""A bot that you write yourself: circle around the enemy and shoot bolts at it. Play it as `my_bot:make`.

python -m botgame.training.evaluate my_bot:make legacy --matches 100      # from the folder that holds this file
"""

from __future__ import annotations

import numpy as np

from botgame.lms.spec import ARENA_SPEC

HEALTH = ARENA_SPEC.scalar_index("health")
ENEMY_VISIBLE = ARENA_SPEC.scalar_index("enemy_visible")
TO_ENEMY = ARENA_SPEC.vectors.index("enemy")
TO_CENTRE = ARENA_SPEC.vectors.index("zone_centre")
MOVES = np.array(ARENA_SPEC.heads[ARENA_SPEC.head_index("move")].directions)  # [9, 2], row 0 = stay


class Brawler:
    """The four members that every bot has; its memory is one number: the lowest health it has seen."""

    name = "brawler"
    memory_size = 1

    def initial_memory(self, n: int) -> np.ndarray:
        """Memory of n seats at the start of a match."""
        return np.ones((n, self.memory_size), np.float32)

    def act(
        self, observation: dict[str, np.ndarray], memory: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Decide for n seats at once: one row of each array is one seat."""
        scalars, vectors = observation["scalars"], observation["vectors"]
        lowest = np.minimum(memory[:, 0], scalars[:, HEALTH])
        seen = scalars[:, ENEMY_VISIBLE] > 0
        around = vectors[:, TO_ENEMY, ::-1] * (1, -1)  # a quarter turn from the enemy: shots pass behind
        heading = np.where(seen[:, None], around, vectors[:, TO_CENTRE])
        heading = np.where((lowest < 0.3)[:, None], vectors[:, TO_CENTRE], heading)  # once badly hurt, keep to the zone

        actions = np.zeros((len(keys), len(ARENA_SPEC.heads)), np.int64)  # verb, delay, move, target, aim, lead
        can_bolt = observation["legal"][:, ARENA_SPEC.slices["verb"]][:, 1]
        actions[:, 0] = np.where(seen & can_bolt, 1, 0)  # verb 1: bolt
        actions[:, 1] = 3  # decide again after 5 ticks
        actions[:, 2] = np.argmax(heading @ MOVES.T, axis=1)
        actions[:, 3] = actions[:, 0]  # target 1: the first row of the entity table, the nearest enemy
        return actions, lowest[:, None].astype(np.float32)


def make() -> Brawler:
    """What `my_bot:make` calls."""
    return Brawler()
