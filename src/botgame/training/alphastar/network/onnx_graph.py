"""The ONNX graph that a network acts by: exported once for all networks of a spec and a size, then filled with weights.

Exporting takes seconds, filling milliseconds. So the exported graph is cached on disk without weights (a skeleton),
under a hash of the source that it was made from. The runtime optimises it once, before it is cached: with each new
set of weights that would take 80 ms, a tenth of an iteration of learning from random weights.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import sys
import tempfile
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from botgame import source_cache
from botgame.spec import Spec
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.onnx_export import export
from botgame.training.alphastar.network.presets import NetworkConfig

if TYPE_CHECKING:
    import onnx

_LIBRARIES = ("torch", "onnx", "onnxscript", "onnxruntime")


def graph(network: Network) -> bytes:
    """The ONNX model of a decision with the present weights of `network`, for `DecisionSession` to load as it is.

    A conditioned network has `condition` [rows, C] among its inputs. Raises UserError without the exporter.
    """
    empty = skeleton(network.spec, network.config.of_acting())
    model = type(empty)()
    model.CopyFrom(empty)
    tensors = _tensors(network)
    for initializer in model.graph.initializer:
        if initializer.name in tensors:
            initializer.raw_data = tensors[initializer.name].detach().cpu().numpy().tobytes()
    return bytes(model.SerializeToString())


@functools.cache
def has_graph(spec: Spec, config: NetworkConfig) -> bool:
    """Whether such networks can be exported on this machine; prints one warning if they cannot."""
    try:
        skeleton(spec, config.of_acting())
    except Exception as error:  # the exporter raises many kinds where it does not support this machine
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        print(f"warning: networks act by torch, which is slower: they cannot be exported ({reason})", file=sys.stderr)
        return False
    return True


@functools.lru_cache(maxsize=8)
def skeleton(spec: Spec, config: NetworkConfig) -> onnx.ModelProto:
    """The ONNX model of such networks (`NetworkConfig.of_acting`) without weights, from the cache or exported now."""
    versions = [importlib.metadata.version(library) for library in _LIBRARIES]
    kind = json.dumps([spec.digest(), config.to_dict(), versions], sort_keys=True)
    base = source_cache.root()
    path = base and base / "graphs" / f"{source_cache.digest(Path(__file__).resolve(), kind)}.onnx"
    if path is None:
        return _exported(spec, config)
    if (cached := _cached(path)) is not None:
        return cached
    with source_cache.one_maker(path):
        if (cached := _cached(path)) is None:
            cached = _exported(spec, config)
            source_cache.write(path, cached.SerializeToString())
    return cached


def _exported(spec: Spec, config: NetworkConfig) -> onnx.ModelProto:
    """The skeleton, exported now, which takes seconds."""
    print("preparing the network's fast path (once for each kind of network, some seconds)", file=sys.stderr)
    network = Network(spec, config)
    return _optimised(export(network), list(_tensors(network)))


def _optimised(model: onnx.ModelProto, names: Sequence[str]) -> onnx.ModelProto:
    """The model as the runtime rewrites it, without the data of the tensors of these names.

    They are inputs meanwhile, so that nothing is computed from their values in advance.
    """
    import onnx
    import onnxruntime

    tensors = [initializer for initializer in model.graph.initializer if initializer.name in names]
    for tensor in tensors:
        shape = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
        model.graph.input.append(shape)
        model.graph.initializer.remove(tensor)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors alone
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED  # the same on any CPU
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder) / "optimised.onnx")
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        optimised = onnx.load(options.optimized_model_filepath)
    for tensor in tensors:
        optimised.graph.input.remove(next(each for each in optimised.graph.input if each.name == tensor.name))
        tensor.ClearField("raw_data")
        optimised.graph.initializer.append(tensor)
    return optimised


def _cached(path: Path) -> onnx.ModelProto | None:
    """The model in the cache, if there is one as it was written."""
    import onnx
    from google.protobuf.message import DecodeError

    data = source_cache.read(path)
    try:
        return None if data is None else onnx.load_model_from_string(data)
    except DecodeError:
        return None


def _tensors(network: Network) -> dict[str, torch.Tensor]:
    """Parameters and buffers by their names in the graph."""
    return {f"network.{name}": tensor for name, tensor in chain(network.named_parameters(), network.named_buffers())}
