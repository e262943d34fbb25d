"""Brings the weights of a checkpoint to a spec that has grown: old columns keep their weights, new ones start at 0.

Columns are matched by name (`botgame.spec_columns`), wherever they have moved. The extended network decides as before,
to the bit, until it is trained (`network.columns`).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch

from botgame.spec import Spec
from botgame.training.alphastar.network.column_groups import ColumnGroup, groups_of
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import NetworkConfig

Weights = dict[str, torch.Tensor]


def extended_config(config: NetworkConfig, old: Spec, new: Spec) -> NetworkConfig:
    """The configuration of a network of spec `old` for spec `new`, whose further columns form a group of their own."""
    groups = groups_of(old, config.column_groups)
    added = ColumnGroup.of(new).without(groups)
    return dataclasses.replace(config, column_groups=(*groups, added) if added else groups)


def upgraded(network: dict[str, Any], weights: Weights, old: Spec, new: Spec) -> tuple[dict[str, Any], Weights]:
    """Fields of `NetworkConfig` and weights for spec `new`, from those of a checkpoint of spec `old`.

    `spec_columns.difference` must find no obstacle. Raises TypeError or ValueError for a foreign configuration.
    """
    config = extended_config(NetworkConfig.from_dict(network), old, new)
    extended = Network(new, config).state_dict()
    added = {name: tensor for name, tensor in extended.items() if ".added." in name and name not in weights}
    return config.to_dict(), {**weights, **added}
