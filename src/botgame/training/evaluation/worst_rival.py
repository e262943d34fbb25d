"""Which rival a policy does worst against, and how well, without the bias of a minimum.

The least of several measured win rates lies below the least true one, the more so the more rivals and the fewer
matches. So each half of the seeds names the worst rival, and the other half measures it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

Cell = tuple[str, int]  # a rival and a seed
Cells = Mapping[Cell, tuple[float, int]]  # points and matches of each


def worst_rival(cells: Cells) -> str:
    """The rival with the fewest points a match; the first of equals."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for (rival, _), (points, matches) in cells.items():
        sums[rival][0] += points
        sums[rival][1] += matches
    return min(sums, key=lambda rival: sums[rival][0] / sums[rival][1])


def measuring_cells(cells: Cells) -> Sequence[Cell]:
    """The cells that measure whom the other half of the seeds names.

    With a single seed there are no halves, and the worst rival's own cells measure it.
    """
    first = set(sorted({seed for _, seed in cells})[::2])
    halves = [{cell: cells[cell] for cell in cells if (cell[1] in first) == inside} for inside in (True, False)]
    found: list[Cell] = []
    for naming, measuring in (halves, halves[::-1]):
        worst = worst_rival(naming) if naming else None
        found += [cell for cell in measuring if cell[0] == worst]
    worst = worst_rival(cells)
    return found or [cell for cell in cells if cell[0] == worst]


def worst_rate(cells: Cells) -> float:
    """Points a match of the measuring cells."""
    measured = [cells[cell] for cell in measuring_cells(cells)]
    return sum(points for points, _ in measured) / sum(matches for _, matches in measured)
