"""What an actor on another machine must know to act for a learning player as the run's own process would.

Actors keep nothing but running matches, so each rollout is asked for with a whole plan, and an actor that was lost and
started again can go on with the next one. Weights are large: a plan names them, and an actor fetches what it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Key = tuple[str | int, ...]
Fetch = Callable[[Key], Any]
"""What was published under a key, with tensors of the actor's own. Raises ForgottenError."""


class ForgottenError(Exception):
    """What a key names was in a plan, but too long ago: an opponent of a match that still runs."""


class Plan(NamedTuple):
    """How to act for one learning player now.

    live: learning players whose present weights are needed, itself first. lasting: what never changes under its key, a
    tree of tensors and plain values, made when it is first asked for. details: small plain values.
    """

    live: tuple[str, ...]
    lasting: Mapping[Key, Callable[[], Any]]
    details: Any
