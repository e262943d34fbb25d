"""Counter-based random numbers: a pure hash of (key, counter), so there is no generator state to save or share.

The same few lines serve NumPy arrays (batched policies) and, compiled, scalars inside the simulation
(`botgame.lms.simulation.kernel`). The mixer is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
generators", OOPSLA 2014).
"""

from typing import Any

import numpy as np

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_30, _SHIFT_27, _SHIFT_31, _SHIFT_11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_ALL = 2**64 - 1
_PLAIN_GAMMA, _PLAIN_MIX_1, _PLAIN_MIX_2 = int(_GAMMA), int(_MIX_1), int(_MIX_2)
_UNIT = 1.0 / 9007199254740992.0  # 2 ** -53


def mix(key: Any, counter: Any) -> Any:
    """Hash `key` and `counter` (uint64 scalars or arrays that broadcast) to uint64: the next key of a stream."""
    z = key + (counter + np.uint64(1)) * _GAMMA
    z = (z ^ (z >> _SHIFT_30)) * _MIX_1
    z = (z ^ (z >> _SHIFT_27)) * _MIX_2
    return z ^ (z >> _SHIFT_31)


def unit(bits: Any) -> Any:
    """Map uint64 bits to float64 in [0, 1): the top 53 bits."""
    return (bits >> _SHIFT_11) * _UNIT


def uniforms(keys: np.ndarray, columns: int) -> np.ndarray:
    """`columns` numbers in [0, 1) a key: uint64 [N] -> float64 [N, columns]; row n depends on `keys[n]` alone."""
    with np.errstate(over="ignore"):
        numbers: np.ndarray = unit(mix(keys[:, None], np.arange(columns, dtype=np.uint64)[None, :]))
        return numbers


def derive(key: int, *parts: int) -> int:
    """A new key from a key and small integers (seat, tick, purpose): for seeds that must not collide.

    It is `mix` after `mix`, in Python's integers: NumPy's scalars take more than three times as long.
    """
    value = int(key) & _ALL
    for part in parts:
        value = (value + (int(part) + 1) * _PLAIN_GAMMA) & _ALL
        value = ((value ^ (value >> 30)) * _PLAIN_MIX_1) & _ALL
        value = ((value ^ (value >> 27)) * _PLAIN_MIX_2) & _ALL
        value ^= value >> 31
    return value
