"""One decision step as an ONNX graph, run by onnxruntime: it acts without torch, and faster.

Inputs are the arrays of an observation and `STATE`; outputs are `OUTPUTS`. Computes on the CPU, by default in one
thread, so that many bots share a machine's cores fairly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from botgame.errors import UserError

OUTPUTS = ("actions", "next_memory", "log_probs")
STATE = ("memory", "uniforms", "temperature")  # inputs beside the observation's arrays
_DTYPES = {"tensor(int64)": np.int64, "tensor(float)": np.float32}


class DecisionSession:
    """A loaded graph. shapes: of one row of every input. Raises UserError without onnxruntime.

    optimised: the graph was already rewritten by the runtime, which is not to spend time on it again. What the
    runtime cannot load raises one of its many kinds of exceptions.
    """

    def __init__(self, model: bytes, threads: int = 1, *, optimised: bool = False) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise UserError('playing a network needs onnxruntime; run: pip install "botgame[onnx]"') from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3  # errors alone
        if optimised:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.shapes = {each.name: tuple(each.shape[1:]) for each in self._session.get_inputs()}
        self.observed = [name for name in self.shapes if name not in STATE]
        self._empty = {
            each.name: np.zeros((0, *each.shape[1:]), _DTYPES[each.type]) for each in self._session.get_outputs()
        }

    def __deepcopy__(self, _memo: dict[int, Any]) -> DecisionSession:
        """Itself: a graph does not change, and the runtime cannot copy it."""
        return self

    @property
    def metadata(self) -> dict[str, str]:
        """What the graph's file says of itself."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(
        self,
        outputs: Sequence[str],
        observation: dict[str, np.ndarray],
        memory: np.ndarray,
        uniforms: np.ndarray,
        temperature: float,
    ) -> list[np.ndarray]:
        """The named outputs, of as many rows as `memory` has; `observation` may hold more than is `observed`."""
        if not len(memory):  # the runtime refuses to broadcast over nothing
            return [self._empty[name] for name in outputs]
        feeds = {name: np.ascontiguousarray(observation[name]) for name in self.observed}
        feeds["memory"] = np.ascontiguousarray(memory, np.float32)
        feeds["uniforms"] = np.ascontiguousarray(uniforms, np.float32)
        feeds["temperature"] = np.array(temperature, np.float32)
        result: list[np.ndarray] = self._session.run(list(outputs), feeds)
        return result
