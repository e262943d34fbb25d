"""What a game that cannot be loaded says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from botgame.errors import UserError


def refusal(load: Callable[[str], object], name: str) -> str:
    """The message with which `load(name)` refuses; it must be one line."""
    with pytest.raises(UserError) as caught:
        load(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)
