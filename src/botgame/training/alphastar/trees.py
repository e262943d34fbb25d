"""Conversion of nested state between NumPy arrays and tensors.

Resume files hold tensors only, because those load without running pickled code. What is saved has one of two pairs of
methods: `state_dict` and `load_state_dict`, as in PyTorch, where it contains tensors of learning (networks, optimisers,
learners, trainers); `snapshot` and `restore` for everything else (matches, actors, pools, leagues, buffers). Plain
values, such as specs and configurations, have `to_dict` and `from_dict`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def to_tensors(tree: Any) -> Any:
    """Copy of nested dicts, lists and tuples with each NumPy array as a tensor; everything else stays."""
    if isinstance(tree, np.ndarray):
        return torch.from_numpy(np.ascontiguousarray(tree)).clone()
    if isinstance(tree, np.generic):
        return tree.item()
    if isinstance(tree, dict):
        return {key: to_tensors(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(to_tensors(value) for value in tree)
    return tree


def to_arrays(tree: Any) -> Any:
    """Inverse of `to_tensors`: each tensor becomes an array of its own."""
    if isinstance(tree, torch.Tensor):
        return tree.cpu().numpy().copy()
    if isinstance(tree, dict):
        return {key: to_arrays(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(to_arrays(value) for value in tree)
    return tree
