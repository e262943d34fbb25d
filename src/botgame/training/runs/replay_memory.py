"""What the replay buffers of a run need: the largest part of its memory in games whose observations are large."""

from __future__ import annotations

from botgame.spec import Spec
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.sequences import sequence_bytes

_LARGE = 1e9  # bytes from which on it is said


def replay_memory_line(spec: Spec, config: RLConfig, learners: int = 1) -> str:
    """A line that says how large full replay buffers of so many learning players are; "" where they are small."""
    size = learners * config.replay_size * sequence_bytes(spec, config.unroll_length)
    if size < _LARGE:
        return ""
    return f"replay grows to {size / 1e9:.1f} GB of memory; a smaller --replay-size or --unroll-length takes less"
