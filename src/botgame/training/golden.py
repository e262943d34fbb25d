"""Golden vectors: decisions of an exported model with everything that went into them, as JSON beside the model.

Any program that runs the model can check itself by them: it feeds `inputs` and must find `outputs`, with equal actions
and numbers within `tolerance`. No draw lies so close to the edge between two categories that rounding could move it.
docs/embed.md describes the file.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from botgame.errors import UserError
from botgame.onnx_policy import OnnxPolicy
from botgame.onnx_session import OUTPUTS
from botgame.rng import uniforms
from botgame.spec import Spec
from botgame.training.alphastar.network.observations import random_observation

FORMAT = "botgame-golden-1"
ROWS = 16
TOLERANCE = 5e-3  # of log-probabilities and memory, on any machine: rounding grows with the logits of a sure policy
_CANDIDATES = 256
_MOST_LEGAL = 32  # of a head, in the mean: among thousands, as in chess, every draw is close to some edge


def golden_path(model: Path) -> Path:
    """Where the golden vectors of a model are: `NAME.golden.json` beside it."""
    return model.with_suffix(".golden.json")


def golden_json(model: OnnxPolicy, data: bytes) -> str:
    """The golden vectors of a model and of its file's bytes. Raises UserError if it decides nothing clearly."""
    inputs, outputs = _decisions(model)
    about = {
        "format": FORMAT,
        "model": hashlib.sha256(data).hexdigest(),
        "game": model.game,
        "spec": model.spec.digest(),
        "temperature": model.temperature,
        "faction": model.faction,
        "action_cap": model.action_cap,
        "reaction_ticks": model.reaction_ticks,
        "memory_size": model.memory_size,
        "heads": [{"name": head.name, "size": head.size, "labels": head.labels} for head in model.spec.heads],
        "tolerance": TOLERANCE,
    }
    keys = [str(key) for key in inputs.pop("keys")]
    vectors = {"inputs": _encoded(inputs), "outputs": _encoded(outputs)}
    return json.dumps({**about, "keys": keys, **vectors}) + "\n"


def _decisions(model: OnnxPolicy) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Inputs, with the keys that their uniforms came from, and outputs of `ROWS` random decisions."""
    generator = np.random.default_rng(2)
    observation = random_observation(model.spec, _CANDIDATES, generator)
    _thin_out(observation["legal"], model.spec, generator)
    memory = generator.normal(size=(_CANDIDATES, model.memory_size)).astype(np.float32)
    keys = generator.integers(0, 2**63, _CANDIDATES).astype(np.uint64)
    random = uniforms(keys, len(model.spec.heads)).astype(np.float32)
    outputs = dict(zip(OUTPUTS, model.act_full(observation, memory, keys), strict=True))
    rows = np.flatnonzero(_margin(model, outputs["log_probs"], random) > TOLERANCE)[:ROWS]
    if not len(rows):
        raise UserError(f"{model.name}: no draw is clear of an edge by {TOLERANCE}; is the policy damaged?")
    inputs = {**observation, "memory": memory, "uniforms": random, "keys": keys}
    chosen = {name: array[rows] for name, array in inputs.items()}
    chosen["temperature"] = np.array(model.temperature, np.float32)
    return chosen, {name: array[rows] for name, array in outputs.items()}


def _thin_out(legal: np.ndarray, spec: Spec, generator: np.random.Generator) -> None:
    """Forbid most categories of a head that has very many; legal: bool [N, L], its first category stays legal."""
    for head, part in zip(spec.heads, spec.slices.values(), strict=True):
        if head.size > _MOST_LEGAL:
            legal[:, part] &= generator.random((len(legal), head.size)) < _MOST_LEGAL / head.size
            legal[:, part.start] = True


def _margin(model: OnnxPolicy, log_probs: np.ndarray, random: np.ndarray) -> np.ndarray:
    """How far each row's nearest draw is from an edge between categories: float64 [N]."""
    margins = []
    for head, part in enumerate(model.spec.slices.values()):
        edges = np.exp(log_probs[:, part].astype(np.float64)).cumsum(axis=1)
        margins.append(np.abs(edges - random[:, head : head + 1]).min(axis=1))
    nearest: np.ndarray = np.min(margins, axis=0)
    return nearest


def _encoded(arrays: dict[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """Arrays as the live protocol writes them: dtype, shape, and the bytes (C order, little-endian) as base64."""
    return {
        name: {"dtype": str(array.dtype), "shape": list(array.shape), "data": _bytes(array)}
        for name, array in arrays.items()
    }


def _bytes(array: np.ndarray) -> str:
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()
