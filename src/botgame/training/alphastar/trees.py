"""Nested state between NumPy and torch: resume files hold tensors only, because those load without pickled code."""

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
