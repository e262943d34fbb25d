"""A mistake in a user's own game is one line when the game is loaded, not a traceback or a policy that learns it."""

import itertools
import sys
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from botgame.errors import UserError
from botgame.game import Due, Game
from botgame.games import load_game
from botgame.spec import Condition, Reward, Scalar, Spec
from toy_game import TOY_SPEC, ToySimulation, toy, toy_matches


def error_of(monkeypatch: pytest.MonkeyPatch, make: Callable[[], Game]) -> str:
    module = ModuleType("own_game")
    module.make = make
    monkeypatch.setitem(sys.modules, "own_game", module)
    with pytest.raises(UserError) as caught:
        load_game("own_game:make")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def changed_head(number: int, **fields: Any) -> Spec:
    heads = list(TOY_SPEC.heads)
    heads[number] = replace(heads[number], **fields)
    return replace(TOY_SPEC, heads=tuple(heads))


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (lambda: replace(TOY_SPEC, scalars=list(TOY_SPEC.scalars)), "scalars is a list, expected a tuple"),
        (lambda: replace(TOY_SPEC, scalars=("tick", "count")), "entry 'tick', expected a botgame.spec.Scalar"),
        (lambda: replace(TOY_SPEC, heads=()), "no heads"),
        (lambda: replace(TOY_SPEC, rewards=(Reward("lead", True), Reward("lead", True))), "several rewards are called"),
        (lambda: replace(TOY_SPEC, ticks_per_second=0), "ticks_per_second is 0"),
        (lambda: replace(TOY_SPEC, raster_channels=("walls",)), "raster_size is 0"),
        (lambda: replace(TOY_SPEC, entity_columns=("x", "y"), entity_position=(1, 2)), "expected columns 0 to 1"),
        (lambda: changed_head(0, kind="discrete"), "head choice: kind is 'discrete'"),
        (lambda: changed_head(0, size=3.0), "head choice: size is 3.0"),
        (lambda: changed_head(0, kind="pointer"), "expected at most 1"),
        (lambda: changed_head(0, kind="direction", directions=((0.0, 0.0),)), "it has 1 directions, expected 3"),
        (lambda: changed_head(0, labels=("a", "b")), "it has 2 labels, expected 3"),
        (lambda: changed_head(0, temperature=0.0), "temperature is 0.0"),
        (lambda: changed_head(0, category_scalars=(("", "tick", "gold"),)), "category_scalars has"),
        (lambda: changed_head(1, used_when=(Condition("detail", (1,)),)), "expected a head before it: choice"),
        (lambda: changed_head(1, used_when=(Condition("choice", (3,)),)), "expected a tuple of categories 0 to 2"),
    ],
)  # fmt: skip
def test_a_spec_that_contradicts_itself_is_refused(
    monkeypatch: pytest.MonkeyPatch, spec: Callable[[], Spec], says: str
) -> None:
    assert says in error_of(monkeypatch, lambda: replace(toy(), spec=spec()))


def with_method(name: str, change: Callable[[Any, ToySimulation], Any]) -> type[ToySimulation]:
    """The toy game whose method `name` returns something else."""

    def method(self: ToySimulation, *given: Any) -> Any:
        return change(getattr(ToySimulation, name)(self, *given), self)

    return type("Broken", (ToySimulation,), {name: method})


def sees(name: str, change: Callable[[np.ndarray], Any]) -> type[ToySimulation]:
    return with_method("observe", lambda seen, _simulation: {**seen, name: change(seen[name])})


class Chancy(ToySimulation):
    """Draws from a generator of its own."""

    numbers = itertools.count()

    def observe(self, due: Due) -> dict:
        seen = super().observe(due)
        return {**seen, "privileged": seen["privileged"] + np.float32(next(self.numbers))}


NOBODY = Due(np.zeros(0, np.int32), np.zeros(0, np.int32))
BROKEN: dict[str, type[ToySimulation]] = {
    "['scalars'] is float64 [4, 3], expected an array of float32": sees("scalars", lambda array: array.astype(float)),
    "['scalars'] is float32 [4, 2], expected an array of float32 [4, 3]": sees("scalars", lambda array: array[:, :2]),
    "['scalars'] holds nan": sees("scalars", lambda array: array * np.nan),
    "['legal'] is int64": sees("legal", lambda array: array.astype(np.int64)),
    "['legal'] is a NoneType": sees("legal", lambda _array: None),
    "['legal'] allows nothing in head choice": sees("legal", lambda array: array & [False, False, False, True, True]),
    "['result'] pays during a match": with_method(
        "rewards", lambda sums, _simulation: {**sums, "result": sums["lead"] + 1}
    ),
    "['lead'] is a NoneType": with_method("rewards", lambda sums, _simulation: {"result": sums["result"]}),
    "advance returned no seat": with_method("advance", lambda _due, _simulation: NOBODY),
    "advance returned seats out of order": with_method(
        "advance", lambda due, _simulation: due.rows(np.arange(len(due.slot))[::-1])
    ),
    "act() is a NoneType": with_method("act", lambda _accepted, _simulation: None),
    "places are [0, 1], expected 1 for the first": with_method(
        "outcome", lambda outcome, _simulation: outcome._replace(places=np.array([0, 1]))
    ),
    "counts is int64 [2, 0]": with_method(
        "outcome", lambda outcome, _simulation: outcome._replace(counts=np.zeros((2, 0), np.int64))
    ),
    "done is a list": type("Broken", (ToySimulation,), {"done": [False, False]}),
    "differs when it is played again": Chancy,
}


@pytest.mark.parametrize("says", BROKEN)
def test_a_simulation_that_breaks_its_contract_is_refused(monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    said = error_of(monkeypatch, lambda: replace(toy(), simulate=BROKEN[says]))
    assert says in said
    assert said.startswith("game toy: ")


def test_rules_must_be_json(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "float32 is not JSON" in error_of(monkeypatch, lambda: replace(toy(), rules={"speed": np.float32(1)}))
    grown = replace(TOY_SPEC, scalars=(Scalar("tick", (np.float32(0.5),)), *TOY_SPEC.scalars[1:]))
    assert "float32 is not JSON" in error_of(monkeypatch, lambda: replace(toy(), spec=grown))


def test_a_match_that_stands_still_is_an_error_and_no_endless_loop() -> None:
    batch = toy_matches(1, lambda _episode: (0, 1))
    step = batch.next()
    assert step is not None
    batch.simulation.due[:] = 10**6  # nobody's turn, and advance() does not go on to it
    batch.simulation.advance = lambda: NOBODY
    with pytest.raises(UserError, match="no seat while a match goes on"):
        batch.next()
