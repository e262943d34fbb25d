"""Names of the columns that share a set of weights (`columns`): configuration of a network, which needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botgame.spec import Spec


@dataclass(frozen=True)
class ColumnGroup:
    """Names of the columns of one group, for each array of an observation that has named columns."""

    scalars: tuple[str, ...] = ()
    vectors: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    raster: tuple[str, ...] = ()
    privileged: tuple[str, ...] = ()

    @staticmethod
    def of(spec: Spec) -> ColumnGroup:
        """All columns of a spec."""
        from botgame.spec_columns import column_names  # brings NumPy, which --help does without

        return ColumnGroup(**column_names(spec))

    @staticmethod
    def from_dict(data: dict[str, Any]) -> ColumnGroup:
        """Inverse of `dataclasses.asdict`. Raises TypeError for unknown fields."""
        return ColumnGroup(**{name: tuple(columns) for name, columns in data.items()})

    def without(self, others: Sequence[ColumnGroup]) -> ColumnGroup:
        """The columns that are in none of `others`."""
        left = {}
        for field in fields(self):
            known = {name for other in others for name in getattr(other, field.name)}
            left[field.name] = tuple(name for name in getattr(self, field.name) if name not in known)
        return ColumnGroup(**left)

    def __bool__(self) -> bool:
        """Whether there is any column."""
        return any(getattr(self, field.name) for field in fields(self))


def groups_of(spec: Spec, groups: Sequence[ColumnGroup]) -> tuple[ColumnGroup, ...]:
    """`groups`, or for () one group of all columns. Raises ValueError unless they hold each column of the spec once."""
    whole = ColumnGroup.of(spec)
    for field in fields(whole) if groups else ():
        grouped = [name for group in groups for name in getattr(group, field.name)]
        if sorted(grouped) != sorted(getattr(whole, field.name)):
            raise ValueError(f"the column groups of {field.name} are not the columns of spec {spec.name}")
    return tuple(groups) or (whole,)
