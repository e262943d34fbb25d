"""Sizes of the network: one frozen configuration and its named presets.

The configuration is saved inside each checkpoint (`to_dict`) and rebuilds the network from there (`from_dict`), so a
preset may change later without breaking old checkpoints.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class NetworkConfig:
    """Widths of the network's layers, in units unless said otherwise."""

    name: str
    scalar_width: int  # scalars, their thermometers and the unit vectors
    entity_width: int  # embedding of one entity; also the keys of pointer heads
    patch: int  # side of a raster patch, in cells
    patch_width: int  # embedding of one raster patch
    raster_width: int  # all patches together
    encoder_width: int  # merged observation: input of the core, and skipped past it to the heads
    core_width: int  # LSTM cells
    head_width: int  # autoregressive embedding
    value_width: int  # hidden layer of the critic
    direction_units: int = 8  # rectified pulls of a direction head
    detach_value: bool = True  # the critic reads the policy's features but sends no gradient into them
    thermometer: float = 16.0  # steepness of tanh(steepness * (value - threshold))
    gate_scale: float = 16.0  # logits that a gate of 1 adds in direction heads: telling 32 bins apart takes a hundred

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in ("name", "detach_value", "direction_units") and value <= 0:
                raise ValueError(f"network size {field.name} is {value}, expected a positive number")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)

    @staticmethod
    def from_dict(data: dict[str, Any]) -> NetworkConfig:
        """Inverse of `to_dict`. Raises TypeError for unknown or missing fields."""
        return NetworkConfig(**data)


PRESETS = {
    "tiny": NetworkConfig(
        name="tiny", scalar_width=8, entity_width=8, patch=4, patch_width=2, raster_width=4,
        encoder_width=16, core_width=16, head_width=16, value_width=8,
    ),
    "small": NetworkConfig(
        name="small", scalar_width=96, entity_width=64, patch=4, patch_width=16, raster_width=32,
        encoder_width=128, core_width=128, head_width=96, value_width=64,
    ),
}  # fmt: skip
