"""What a web page of a model needs to be tested: the runtime of browsers and a Node.js, as far as they can be had."""

from __future__ import annotations

import functools

import pytest
from playwright._impl._driver import compute_driver_executable

from botgame.errors import UserError
from botgame.training.onnxruntime_web import runtime_files

NO_RUNTIME = "no ONNX Runtime for browsers"  # `conftest` counts the tests that say so
NODE = (compute_driver_executable()[0], "--liftoff-only")
"""Playwright brings a Node.js of its own. It does not optimise the runtime, which takes longer than a few decisions."""


@functools.cache
def runtime_fault() -> str | None:
    """Why the runtime cannot be had; None where it is there, or was fetched now."""
    try:
        runtime_files()
    except UserError as error:
        return str(error)
    return None


def need_runtime() -> None:
    """Skip a test without the runtime."""
    if fault := runtime_fault():
        pytest.skip(f"{NO_RUNTIME}: {fault}")
