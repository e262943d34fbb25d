"""A second game's spec for tests (no raster, no pointer, gaps in conditions) and random observations of any spec."""

import numpy as np
import torch

from botgame.game import Due, Game, Outcome, ScriptedPolicy
from botgame.spec import Condition, Head, Reward, Scalar, Spec

TOY_SPEC = Spec(
    name="toy",
    version=3,
    ticks_per_second=10,
    scalars=(Scalar("charge", (0.25, 0.5)), Scalar("heat"), Scalar("fuel", (0.1,))),
    vectors=("goal", "rival"),
    entity_columns=(),
    entity_position=(0, 0),
    entity_position_scale=1.0,
    max_entities=0,
    raster_channels=(),
    raster_size=0,
    raster_cell=1.0,
    privileged=(),
    heads=(
        Head("mode", 4, "categorical", "first", temperature=0.8),
        Head("heading", 5, "direction", "second",
             directions=((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)),
             used_when=(Condition("mode", (0, 3)),)),
        Head("power", 3, "categorical", "first", used_when=(Condition("mode", (3,)), Condition("heading", (1, 2)))),
    ),
    rewards=(Reward("result", dense=False),),
)  # fmt: skip


class OneDecision:
    """Matches of the other game: each seat sees what its seed says, decides once, and all are first."""

    def __init__(self, slots: int, seats: int) -> None:
        self.seats, self.seeds = seats, [0] * slots
        self.done, self.ticks = np.ones(slots, bool), np.zeros(slots, np.int64)

    def reset(self, slot, setup, limits):
        self.seeds[slot], self.done[slot], self.ticks[slot] = setup.seed % 2**32, False, 0

    def advance(self):
        going = np.flatnonzero(~self.done).astype(np.int32)
        return Due(going.repeat(self.seats), np.tile(np.arange(self.seats, dtype=np.int32), len(going)))

    def observe(self, due):
        rows = [
            random_observation(TOY_SPEC, (1,), self.seeds[slot] + int(seat)) for slot, seat in zip(*due, strict=True)
        ]
        return {name: torch.cat([row[name] for row in rows]).numpy() for name in rows[0]}

    def rewards(self, due):
        return {"result": np.zeros(len(due.slot), np.float32)}

    def act(self, due, actions):
        self.done[due.slot], self.ticks[due.slot] = True, 1
        return actions

    def outcome(self, slot):
        first, nothing = np.ones(self.seats, np.int32), np.zeros(self.seats, np.float32)
        return Outcome(1, first, {"result": nothing}, np.zeros((self.seats, 0), np.int64))


def other_game() -> Game:
    """A game of this spec, for what asks a game for little else."""
    bots = {"nobody": lambda: ScriptedPolicy("nobody", lambda _observation, _memory, keys: keys)}
    return Game("toy", TOY_SPEC, OneDecision, bots, yardsticks=("nobody",), opponents={"nobody": 1.0})


def random_observation(spec: Spec, shape: tuple[int, ...], seed: int = 0) -> dict[str, torch.Tensor]:
    """Every array of the spec for `shape` rows; 0 to all entities valid; category 0 of each head legal."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(*size: int) -> torch.Tensor:
        return torch.rand(*shape, *size, generator=generator) * 2 - 1

    legal = torch.rand(*shape, spec.logits, generator=generator) < 0.7
    legal[..., [part.start for part in spec.slices.values()]] = True
    count = torch.randint(0, spec.max_entities + 1, shape, generator=generator)
    raster = (len(spec.raster_channels), spec.raster_size, spec.raster_size)
    return {
        "scalars": uniform(len(spec.scalars)),
        "vectors": torch.nn.functional.normalize(uniform(len(spec.vectors), 2), dim=-1),
        "entities": uniform(spec.max_entities, len(spec.entity_columns)),
        "entity_mask": torch.arange(spec.max_entities) < count[..., None],
        "raster": torch.randint(0, 256, (*shape, *raster), generator=generator).to(torch.uint8),
        "legal": legal,
        "privileged": uniform(len(spec.privileged)),
    }


def randomize(network: torch.nn.Module, seed: int = 1) -> None:
    """Give all parameters random values, so that zero-initialised layers take part in a test."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            inputs = parameter[0].numel() if parameter.dim() > 1 else len(parameter)
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * inputs**-0.5)
