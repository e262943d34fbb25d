"""Threads for work that falls into independent parts, such as the matches of a batch: results never depend on them.

Only compiled code that releases the interpreter's lock gains. A process has one thread until `set_threads`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
_threads = 1
_pool: ThreadPoolExecutor | None = None


def set_threads(number: int) -> None:
    """Let this process use `number` threads from now on."""
    global _threads, _pool
    _threads, _pool = number, ThreadPoolExecutor(number - 1) if number > 1 else None


def ranges(count: int, least: int) -> list[tuple[int, int]]:
    """0..count in equal ranges (first, end), one for each thread, but none shorter than `least`; at least one range."""
    if _threads == 1:
        return [(0, count)]
    parts = max(1, min(_threads, count // least))
    edges = [count * part // parts for part in range(parts + 1)]
    return list(itertools.pairwise(edges))


def run_all(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """The results of one or more calls, in their order; they run side by side where there are threads for it."""
    first, *others = calls
    if not others:
        return [first()]
    futures = [_pool.submit(call) for call in others] if _pool else []
    result = first()  # the caller works too
    return [result, *(future.result() for future in futures)] if _pool else [result, *(call() for call in others)]
