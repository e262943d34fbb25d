"""What every adapter has in common: the spec and the game around copies of an environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from botgame.adapters.copies import RESULT, RETURN, Copies, Copy
from botgame.adapters.race import Race
from botgame.adapters.random_bot import random_bot
from botgame.bot_names import RANDOM
from botgame.errors import UserError
from botgame.game import Game, Policy
from botgame.spec import Array as Layout
from botgame.spec import Head, Reward, Scalar, Spec

RACERS = 2  # seats of an environment for one player
MOST_NUMBERS = 8192  # that a seat may see beside a raster
_MOST_CATEGORIES = 16_384


def adapted_spec(
    name: str,
    scalars: Sequence[str],
    heads: Sequence[Head],
    *,
    dense: bool,
    raster: Sequence[str] = (),
    raster_size: int = 0,
    privileged: Sequence[str] = (),
    ranked: bool = False,
) -> Spec:
    """The spec of an environment. Raises UserError for what is huge.

    dense: whether returns are paid before the end. ranked: the finishing order is a reward too.
    """
    if len(scalars) > MOST_NUMBERS:
        raise UserError(f"game {name}: a seat sees {len(scalars):,} numbers, more than the {MOST_NUMBERS:,} allowed", 2)
    categories = sum(head.size for head in heads)
    if categories > _MOST_CATEGORIES:
        raise UserError(f"game {name}: it has {categories:,} actions, more than the {_MOST_CATEGORIES:,} allowed", 2)
    if not heads:
        raise UserError(f"game {name}: its action space has no numbers to choose", 2)
    return Spec(
        name=name,
        version=1,
        ticks_per_second=1,
        scalars=tuple(Scalar(scalar) for scalar in scalars),
        vectors=(),
        entity_columns=(),
        entity_position=(0, 0),
        entity_position_scale=1.0,
        max_entities=0,
        raster_channels=tuple(raster),
        raster_size=raster_size,
        raster_cell=1.0,
        privileged=tuple(privileged),
        heads=tuple(heads),
        rewards=(*([Reward(RESULT, dense=False)] if ranked else []), Reward(RETURN, dense)),
    )


def adapted_game(
    spec: Spec,
    make: Callable[[], Copy],
    seats: int,
    *,
    unit: float,
    rules: Mapping[str, Any],
    bots: Mapping[str, Callable[[], Policy]] | None = None,
    extra: Mapping[str, Layout] | None = None,
    unsaved: str = "",
    guard: Callable[[], AbstractContextManager[object]] = nullcontext,
    settled: bool = False,
) -> Game:
    """The game of copies that `make` makes, of `seats` seats each; an environment of one seat becomes a race.

    unit: what a return of 1 is in the environment's own points; no rule where it differs each time. bots: those beside
    `random`. extra, unsaved, guard: see `Copies`. settled: a seat that is out keeps its return and its place.

    Raises UserError for an environment without seats.
    """
    if seats < 1:
        raise UserError(f"game {spec.name}: it has no players", 2)
    alone = seats == 1
    table = (lambda: Race(make, RACERS)) if alone else make

    def simulate(slots: int, _seats: int) -> Copies:
        return Copies(spec, table, slots, extra=extra, unsaved=unsaved, guard=guard)

    return Game(
        name=spec.name,
        spec=spec,
        simulate=simulate,
        bots={RANDOM: lambda: random_bot(spec), **(bots or {})},
        yardsticks=(RANDOM,),
        opponents={"self": 1.0} if alone else {"self": 0.7, "past": 0.3},
        seat_numbers=(RACERS if alone else seats,),
        rules=dict(rules) if unsaved else {**rules, "points": unit},
        reward_points={RETURN: unit},
        out=(lambda simulation: simulation.out) if settled and not alone else None,
        apart=alone,
    )


def seat_names(seats: int) -> list[str]:
    """Names of the scalars that say which seat sees; none where a seat is alone."""
    return [f"seat {seat}" for seat in range(seats)] if seats > 1 else []
