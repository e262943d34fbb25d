"""Run an exported model in your own program: NumPy and ONNX Runtime are all it needs. docs/embed.md explains it.

python embed_model.py model.onnx      # checks this program by the golden vectors beside the model
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

Arrays = dict[str, np.ndarray]


class Model:
    """An exported model; `about` is what lies beside it in NAME.golden.json."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        self.about = json.loads(path.with_suffix(".golden.json").read_text(encoding="utf-8"))
        if hashlib.sha256(data).hexdigest() != self.about["model"]:
            raise ValueError(f"{path}: its golden vectors are of another model; export it again")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # faster than several for so small a network
        self.session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self.temperature = self.about["temperature"]
        state = ("memory", "uniforms", "temperature")
        self.observed = [each.name for each in self.session.get_inputs() if each.name not in state]

    def initial_memory(self, rows: int) -> np.ndarray:
        """The memory of `rows` seats at the start of a match."""
        return np.zeros((rows, self.about["memory_size"]), np.float32)

    def act(self, observation: Arrays, memory: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, ...]:
        """One decision a row: actions int64 [rows, heads], the next memory, log-probabilities of all categories.

        uniforms: fresh random numbers, float32 [rows, heads]. Raises ValueError for a row without a legal category.
        """
        feeds = {name: observation[name] for name in self.observed}
        feeds |= {"memory": memory, "uniforms": uniforms, "temperature": np.array(self.temperature, np.float32)}
        actions, memory, log_probs = self.session.run(["actions", "next_memory", "log_probs"], feeds)
        for row, head in np.argwhere(actions < 0)[:1]:
            raise ValueError(f"row {row} has no legal category for head {self.about['heads'][head]['name']}")
        return actions, memory, log_probs


def decoded(arrays: dict) -> Arrays:
    """Arrays as golden vectors and the live server's observations hold them: dtype, shape, base64 bytes."""
    return {
        name: np.frombuffer(base64.b64decode(each["data"]), np.dtype(each["dtype"]).newbyteorder("<")).reshape(
            each["shape"]
        )
        for name, each in arrays.items()
    }


def check(model: Model) -> float:
    """Decide the golden vectors again; returns the largest error. Raises ValueError where actions differ."""
    inputs, outputs = decoded(model.about["inputs"]), decoded(model.about["outputs"])
    model.temperature = float(inputs["temperature"])
    actions, memory, log_probs = model.act(inputs, inputs["memory"], inputs["uniforms"])
    if not np.array_equal(actions, outputs["actions"]):
        raise ValueError("this program decides otherwise than the model should")
    differences = np.abs(log_probs - outputs["log_probs"])[inputs["legal"]]
    return max(float(differences.max()), float(np.abs(memory - outputs["next_memory"]).max(initial=0)))


def main(path: Path) -> int:
    """Check, then play two decisions of one seat as a program would."""
    model = Model(path)
    error = check(model)
    print(f"actions equal, numbers within {error:.1g}")
    if error > model.about["tolerance"]:
        return 1
    generator = np.random.default_rng()
    observation = {name: array[:1] for name, array in decoded(model.about["inputs"]).items() if array.ndim > 1}
    memory = model.initial_memory(1)  # zeros at the start of each match
    for _ in range(2):
        uniforms = generator.random((1, len(model.about["heads"])), np.float32)
        actions, memory, _ = model.act(observation, memory, uniforms)
        print({head["name"]: int(category) for head, category in zip(model.about["heads"], actions[0], strict=True)})
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
