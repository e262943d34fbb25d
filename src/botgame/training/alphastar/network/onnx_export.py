"""Exports one decision of a network as an ONNX graph: observation and memory in, actions and memory out.

The graph has the same weights and gives the same numbers, up to rounding, as `Network.act`. Two things differ: it
computes every row of the entity table and sets the absent ones to 0 afterwards, where the network computes the valid
rows only, so no shape depends on the data; and the temperature is an input, so that one file plays at any temperature.
The critic is left out. A graph for a file marks heads without a legal category, since anybody may feed it.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from botgame.errors import UserError
from botgame.onnx_session import OUTPUTS, STATE
from botgame.training.alphastar.network.action_distribution import beyond
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.observations import random_observation

if TYPE_CHECKING:
    import onnx

OPSET = 20
ROWS = "rows"  # name of the batch axis
_EXAMPLE_ROWS = 3  # of the example that is traced


class ExportableDecision(nn.Module):
    """A network's decision in a form that the exporter can trace: no shape and no branch depends on the data."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).cpu().eval().requires_grad_(False)
        self.network.set_dense(True)

    def forward(
        self, observation: dict[str, Tensor], memory: Tensor, uniforms: Tensor, temperature: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """As `Network.act`, with `temperature` float32 []: actions [N, H], memory [N, M], log-probabilities [N, L]."""
        acted = self.network.decide(
            observation,
            memory,
            lambda head, log_probs, legal: _sample(log_probs, legal, uniforms[:, head : head + 1]),
            temperature,
        )
        memory = acted.memory.clone()  # a memory that is passed through would lose its name as an output
        return acted.actions, memory, acted.log_probs


class FileDecision(ExportableDecision):
    """A decision for a file: a head that has no legal category gets the action -1, which is none of its categories."""

    def forward(
        self, observation: dict[str, Tensor], memory: Tensor, uniforms: Tensor, temperature: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See `ExportableDecision.forward`."""
        actions, memory, log_probs = super().forward(observation, memory, uniforms, temperature)
        legal = observation["legal"]
        possible = torch.stack([legal[:, part].any(-1) for part in self.network.spec.slices.values()], dim=1)
        return torch.where(possible, actions, -1), memory, log_probs


def export_file(network: Network) -> onnx.ModelProto:
    """The model of a file: optimised, under the network's default condition. Raises UserError without the exporter."""
    return _export(FileDecision(network), conditioned=False, optimize=True)


def export(network: Network) -> onnx.ModelProto:
    """The model that a network acts by; `condition` is an input if it has one. Raises UserError as `export_file`."""
    return _export(ExportableDecision(network), conditioned=bool(network.config.condition), optimize=False)


def _export(decision: ExportableDecision, *, conditioned: bool, optimize: bool) -> onnx.ModelProto:
    """The ONNX model of one decision. conditioned: `condition` is an input, else the default one is in the graph."""
    try:
        import onnxscript  # noqa: F401 - torch's exporter needs it and would only fail later
    except ImportError as error:
        raise UserError(f'exporting needs {error.name}; run: pip install "botgame[train]"') from error
    inputs = _example(decision.network, conditioned)
    rows = {0: torch.export.Dim(ROWS)}
    shapes = (dict.fromkeys(inputs[0], rows), rows, rows, None)
    with _quietly():
        program = torch.export.export(decision, inputs, dynamic_shapes=shapes, strict=False)
        exported = torch.onnx.export(
            program,
            dynamo=True,
            opset_version=OPSET,
            input_names=[*inputs[0], *STATE],
            output_names=list(OUTPUTS),
            optimize=optimize,
            verbose=False,
        )
    assert exported is not None
    model = exported.model_proto
    for part in (*model.graph.node, *_values(model)):
        part.ClearField("metadata_props")  # stack traces with paths of this machine
    _name_rows(model)
    return model


def _values(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """Everything in a model that has a shape: inputs, outputs and what is between."""
    return [*model.graph.input, *model.graph.output, *model.graph.value_info]


def _name_rows(model: onnx.ModelProto) -> None:
    """Call the batch axis `rows`; the exporter calls it by a number that it has drawn."""
    drawn = model.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    for value in _values(model):
        for dim in value.type.tensor_type.shape.dim:
            if dim.HasField("dim_param"):
                dim.dim_param = dim.dim_param.replace(drawn, ROWS)


def _example(network: Network, conditioned: bool) -> tuple[dict[str, Tensor], Tensor, Tensor, Tensor]:
    """Random arguments of `ExportableDecision` for the exporter to trace with."""
    generator = np.random.default_rng(0)
    observation = random_observation(network.spec, _EXAMPLE_ROWS, generator)
    if conditioned:
        observation["condition"] = generator.random((_EXAMPLE_ROWS, network.config.condition), np.float32)
    tensors = {name: torch.from_numpy(array) for name, array in observation.items()}
    uniforms = torch.rand(_EXAMPLE_ROWS, len(network.spec.heads), generator=torch.Generator().manual_seed(0))
    return tensors, network.initial_memory(_EXAMPLE_ROWS).cpu(), uniforms, torch.tensor(1.0)


def _sample(log_probs: Tensor, legal: Tensor, uniforms: Tensor) -> Tensor:
    """`action_distribution.sample` with a cast in place of its view as bytes, which ONNX does not have."""
    return (beyond(log_probs, uniforms) & legal).to(torch.int32).argmax(-1)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Silence the exporter: it warns of optional packages and its own deprecations, which no user can act on."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
