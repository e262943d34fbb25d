"""Sizes of the network: one frozen configuration and its named presets.

Each checkpoint holds the configuration (`to_dict`) and rebuilds the network from it (`from_dict`), so a preset may
change without breaking older checkpoints. docs/network.md compares the presets.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from botgame.training.alphastar.network.column_groups import ColumnGroup

_MAY_BE_ZERO = (
    *("name", "detach_value", "direction_units", "entity_layers", "map_width", "map_blocks"),
    *("core_layers", "core_norm", "first_head_blocks", "head_blocks", "value_blocks"),
    *("condition", "extra_values", "privileged_critic", "column_groups"),
)


@dataclass(frozen=True)
class NetworkConfig:
    """Widths of the network's layers, in units unless a comment says otherwise. Raises ValueError for bad sizes."""

    name: str
    scalar_width: int  # scalars, their thermometers and the unit vectors
    entity_width: int  # embedding of one entity; also the keys of pointer heads
    patch: int  # side of a raster patch, in cells; unused where `map_width` is
    patch_width: int  # embedding of one raster patch
    raster_width: int  # the whole raster
    encoder_width: int  # merged observation: input of the core, which it also bypasses to the heads
    core_width: int  # LSTM cells of a layer
    head_width: int  # autoregressive embedding
    value_width: int  # hidden layer of the critic
    direction_units: int = 8  # rectified units of a direction head
    detach_value: bool = True  # the critic reads the policy's features but sends no gradient into them
    thermometer: float = 16.0  # steepness of tanh(steepness * (value - threshold))
    gate_scale: float = 16.0  # logits that a gate of 1 adds in direction heads: separating 32 bins takes a hundred
    entity_layers: int = 0  # transformer layers over the entities; 0: each entity by itself
    entity_heads: int = 1  # attention heads of a transformer layer, which share entity_width
    entity_hidden: int = 1  # hidden layer after its attention
    map_width: int = 0  # channels of the raster that entities are scattered onto; 0: patches, no scatter
    map_channels: int = 1  # channels after its convolution of stride 2
    map_blocks: int = 0  # residual blocks after that
    core_layers: int = 1  # LSTM layers; 0: no memory
    core_norm: bool = False  # layer norm on their gates; needed for more than one layer
    first_head_blocks: int = 0  # residual blocks of the first head; 0: no gate either
    head_blocks: int = 0  # residual blocks of each other head
    value_blocks: int = 0  # residual blocks of the critic
    condition: int = 0  # columns of the condition (style and strength); 0: not conditioned
    condition_width: int = 64  # their hidden layer
    privileged_critic: bool = True  # whether the critic sees the opponents' true state; else zeros in its place
    extra_values: int = 0  # values of the critic beside one for each reward of the spec: for pseudo-rewards
    column_groups: tuple[ColumnGroup, ...] = ()  # how the columns of the spec are grouped (`columns`); (): as one

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in _MAY_BE_ZERO and value <= 0:
                raise ValueError(f"network size {field.name} is {value}, expected a positive number")
        if self.entity_width % self.entity_heads:
            raise ValueError(f"{self.entity_heads} attention heads do not share a width of {self.entity_width}")
        if self.core_layers > 1 and not self.core_norm:
            raise ValueError(f"{self.core_layers} LSTM layers are built with layer norm only: set core_norm")

    def of_acting(self) -> NetworkConfig:
        """What a decision depends on: the same for networks that differ in their critic or name alone."""
        return replace(
            self,
            name="",
            value_width=1,
            value_blocks=0,
            detach_value=True,
            privileged_critic=True,
            extra_values=0,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)

    @staticmethod
    def from_dict(data: dict[str, Any]) -> NetworkConfig:
        """Inverse of `to_dict`. Raises TypeError for unknown fields and for missing ones that have no default."""
        groups = tuple(ColumnGroup.from_dict(group) for group in data.get("column_groups", ()))
        return NetworkConfig(**{**data, "column_groups": groups})


PRESETS = {
    "tiny": NetworkConfig(
        name="tiny", scalar_width=8, entity_width=8, patch=4, patch_width=2, raster_width=4,
        encoder_width=16, core_width=16, head_width=16, value_width=8,
    ),
    "small": NetworkConfig(
        name="small", scalar_width=96, entity_width=64, patch=4, patch_width=16, raster_width=32,
        encoder_width=128, core_width=128, head_width=96, value_width=64,
    ),
    "base": NetworkConfig(
        name="base", scalar_width=128, entity_width=64, patch=4, patch_width=16, raster_width=64,
        encoder_width=256, core_width=256, head_width=128, value_width=128,
        entity_layers=1, entity_heads=2, entity_hidden=128, map_width=16, map_channels=32, map_blocks=1,
        first_head_blocks=2, head_blocks=1, value_blocks=1,
    ),
    "full": NetworkConfig(
        name="full", scalar_width=256, entity_width=256, patch=4, patch_width=16, raster_width=256,
        encoder_width=1024, core_width=384, head_width=256, value_width=256,
        entity_layers=3, entity_heads=2, entity_hidden=1024, map_width=32, map_channels=128, map_blocks=4,
        core_layers=3, core_norm=True, first_head_blocks=16, head_blocks=2, value_blocks=16,
    ),
}  # fmt: skip
_MEMORYLESS = replace(PRESETS["small"], name="small-memoryless", core_layers=0)
VARIANTS = {  # `small` with one part exchanged, to see what that part is worth; the last one for learning from nothing
    "small-transformer": replace(
        PRESETS["small"], name="small-transformer", entity_layers=1, entity_heads=2, entity_hidden=128
    ),
    "small-memoryless": _MEMORYLESS,
    "small-fast": replace(
        _MEMORYLESS, name="small-fast", scalar_width=64, entity_width=32, patch_width=8, raster_width=16,
        encoder_width=96, core_width=96, head_width=64, direction_units=4,
    ),
}  # fmt: skip
SIZES = PRESETS | VARIANTS
