"""What is wrong with a spec: a mistake that a network would otherwise meet, or learn around, much later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botgame.spec import Head, Spec

_TUPLES = (
    "scalars", "vectors", "entity_columns", "entity_position", "raster_channels", "privileged", "heads", "rewards",
)  # fmt: skip
_NAMED = ("scalars", "heads", "rewards")  # their entries have names


def contradictions(spec: Spec) -> Iterator[str]:
    """Every contradiction of a spec as a clause; what depends on an earlier one is right once that is."""
    for field in _TUPLES:
        if not isinstance(getattr(spec, field), tuple):
            yield f"{field} is a {type(getattr(spec, field)).__name__}, expected a tuple"
    for field in _NAMED:
        odd = [each for each in getattr(spec, field) if not hasattr(each, "name")]
        if odd:
            yield f"{field} has the entry {odd[0]!r}, expected a botgame.spec.{field[:-1].capitalize()}"
    if not spec.heads or not spec.rewards:
        yield "it has no heads or no rewards, expected one of each at least"
    for field in ("heads", "rewards"):
        names = [each.name for each in getattr(spec, field)]
        yield from (f"several {field} are called {name}" for name in names if names.count(name) > 1)
    if spec.ticks_per_second < 1:
        yield f"ticks_per_second is {spec.ticks_per_second}, expected 1 or more"
    if spec.raster_channels and spec.raster_size < 1:
        yield f"raster_size is {spec.raster_size} although there are raster_channels, expected 1 or more"
    if spec.entity_columns and not all(0 <= column < len(spec.entity_columns) for column in spec.entity_position):
        yield f"entity_position is {spec.entity_position}, expected columns 0 to {len(spec.entity_columns) - 1}"
    for index, head in enumerate(spec.heads):
        yield from (f"head {head.name}: {clause}" for clause in _of_head(spec, head, spec.heads[:index]))


def _of_head(spec: Spec, head: Head, before: Sequence[Head]) -> Iterator[str]:
    if head.kind not in ("categorical", "direction", "pointer"):
        yield f"kind is {head.kind!r}, expected categorical, direction or pointer"
    if not isinstance(head.size, int) or head.size < 1:
        yield f"size is {head.size!r}, expected a whole number of 1 or more"
    if head.kind == "pointer" and head.size > spec.max_entities + 1:
        yield f"size is {head.size}, expected at most {spec.max_entities + 1}: none and {spec.max_entities} entities"
    if head.kind == "direction" and len(head.directions) != head.size:
        yield f"it has {len(head.directions)} directions, expected {head.size}, one a category"
    if head.labels and len(head.labels) != head.size:
        yield f"it has {len(head.labels)} labels, expected {head.size}, one a category"
    if not head.temperature > 0:
        yield f"temperature is {head.temperature}, expected more than 0"
    scalars = {"", *(scalar.name for scalar in spec.scalars)}
    for group in head.category_scalars:
        if len(group) != head.size or not scalars.issuperset(group):
            yield f"category_scalars has {group}, expected a scalar's name or '' for each of {head.size} categories"
    sizes = {each.name: each.size for each in before}
    for condition in head.used_when:
        if condition.head not in sizes:
            yield f"used_when names {condition.head}, expected a head before it: {', '.join(sizes) or 'there is none'}"
        elif not _are_categories(condition.values, sizes[condition.head]):
            last = sizes[condition.head] - 1
            yield f"used_when has {condition.head} {condition.values!r}, expected a tuple of categories 0 to {last}"


def _are_categories(values: Any, size: int) -> bool:
    return isinstance(values, tuple) and all(0 <= value < size for value in values)
