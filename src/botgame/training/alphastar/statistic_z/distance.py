"""The distance between two styles of play (`botgame.statistic_z`), from which pseudo-rewards are computed.

As in AlphaStar (Vinyals et al., Nature 575, 2019, Methods): an edit distance between openings, where the same event at
another place costs the squared distance of the places scaled to at most 0.8, and a distance between the totals, which
is Hamming's where a total is only ever 0 or 1. Both are scaled to [0, 1]. N rows; K events of an opening.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from botgame.statistic_z import ZSpec

Floats = NDArray[np.floating]
SAME_EVENT = 0.8  # most that the same event at another place costs; another event costs 1


def opening_distances(style: ZSpec, rows: Floats, targets: Floats) -> NDArray[np.float32]:
    """Edit distance over K between the openings of `rows` and `targets` [N, ZSpec.width]: float32 [N] in [0, 1]."""
    parts = style.parts
    kinds, wanted = rows[:, parts["kinds"]], targets[:, parts["kinds"]]
    places, others = _places(style, rows), _places(style, targets)
    squares = ((places[:, :, None] - others[:, None, :]) ** 2).sum(-1)
    swaps = np.where(kinds[:, :, None] == wanted[:, None, :], SAME_EVENT * np.minimum(1.0, squares), 1.0)
    lengths, ends = (kinds > 0).sum(1), (wanted > 0).sum(1)
    distance = edit_distances(swaps, lengths, ends) / style.opening
    return distance.astype(np.float32)


def edit_distances(swaps: Floats, lengths: NDArray[np.intp], ends: NDArray[np.intp]) -> Floats:
    """Least cost of turning one sequence into another, float64 [N]: insertions and deletions cost 1.

    swaps: [N, K, K], cost in [0, 1] of replacing entry i by entry j of the other; lengths, ends: int [N].
    Recurrence (Wagner and Fischer, 1974): D[i, j] = min(D[i-1, j] + 1, D[i, j-1] + 1, D[i-1, j-1] + swap[i, j]),
    D[i, 0] = i, D[0, j] = j. The minimum over D[i, j-1] + 1 is a running minimum of what is left after taking j off.
    """
    count, size = swaps.shape[0], swaps.shape[2]
    steps = np.arange(size + 1, dtype=np.float64)
    line = np.tile(steps, (count, 1))
    lines = [line]
    for i in range(swaps.shape[1]):
        fresh = np.full_like(line, i + 1.0)
        fresh[:, 1:] = np.minimum(line[:, 1:] + 1.0, line[:, :-1] + swaps[:, i])
        line = np.minimum.accumulate(fresh - steps, axis=1) + steps
        lines.append(line)
    table = np.stack(lines, axis=1)
    return np.asarray(table[np.arange(count), lengths, ends])


def totals_distances(style: ZSpec, rows: Floats, targets: Floats) -> NDArray[np.float32]:
    """Mean absolute difference of the totals of `rows` and `targets` [N, ZSpec.width]: float32 [N] in [0, 1]."""
    part = style.parts["totals"]
    return np.asarray(np.abs(rows[:, part] - targets[:, part]).mean(1), np.float32)


def _places(style: ZSpec, rows: Floats) -> Floats:
    """Places of the events, [N, K, 2]."""
    return np.stack([rows[:, style.parts["along"]], rows[:, style.parts["aside"]]], axis=2)
