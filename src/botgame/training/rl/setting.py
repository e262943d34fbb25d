"""What an RL run is made from: the one description that `alphastar_rl` and `exploit` hand to `RLRun`."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple, Protocol

import torch

from botgame.game import USUAL_LIMITS, Game, Policy, SeatLimits
from botgame.games import load_game
from botgame.policies import load_policy
from botgame.training.alphastar.actor.opponents import Weights
from botgame.training.alphastar.engine.choice import EngineChoice
from botgame.training.alphastar.engine.portions import Table
from botgame.training.alphastar.engine.processes import processes_for
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.policy import NetworkPolicy
from botgame.training.alphastar.statistic_z.config import StyleConfig
from botgame.training.evaluation.held_out import Best
from botgame.training.rl.free_for_alls import RoyaleShare
from botgame.training.runs.origin import Origin, build_network


class Goal(NamedTuple):
    """A run is done after so many iterations, or once the learner has made so many decisions."""

    unit: Literal["iteration", "decision"]
    amount: int


@dataclass(frozen=True)
class Schedule:
    """How often things happen, in iterations.

    eval_every: 0 is never. snapshot_every, snapshots: when a self is frozen as an opponent, and how many
    are kept. keep: periodic checkpoints that stay (0: all; None: none is written). evaluate_ends: evaluate the learner
    before its first iteration and after its last, whatever `eval_every` is.
    """

    eval_every: int
    save_every: int
    snapshot_every: int = 1
    snapshots: int = 1
    keep: int | None = None
    evaluate_ends: bool = False

    def evaluates(self, iteration: int, *, last: bool) -> bool:
        """Whether there is an evaluation after an iteration; `last`: the run ends with it."""
        every = self.eval_every
        return (last and (every > 0 or self.evaluate_ends)) or (every > 0 and iteration % every == 0)


class Version(NamedTuple):
    """The learner at one moment of its run; `last`: the run ends with it."""

    weights: Weights
    iteration: int
    decisions: int
    last: bool


class Judge(Protocol):
    """Who measures the learner, and remembers its best version."""

    best: Best | None

    def evaluate(self, version: Version) -> dict[str, float]:
        """Play on held-out seeds; returns metrics."""

    def snapshot(self) -> dict[str, Any]:
        """Exact state, tensors and plain values; `best` must be among them."""

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Inverse of `snapshot`; there may be further entries."""


@dataclass(frozen=True)
class RLSetting:
    """One run in `game`. kind: of its checkpoints. shares, fixed: see `OpponentPool`. styles: how z is followed.

    game_name, bots: what `load_game` and `load_policy` make the game and each of `fixed` from, for other processes.
    royale: how much of it is free-for-alls. limits: those that the learner plays under. engine: where it acts.
    prioritised: whether the shares fall with win rates, as `OpponentShares` says.
    """

    game: Game
    kind: str
    origin: Origin
    config: RLConfig
    shares: dict[str, float]
    fixed: dict[str, Policy]
    goal: Goal
    schedule: Schedule
    game_name: str
    bots: dict[str, str]
    seed: int = 0
    threads: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    styles: StyleConfig = field(default_factory=StyleConfig)
    royale: RoyaleShare = field(default_factory=RoyaleShare)
    limits: SeatLimits = USUAL_LIMITS
    prioritised: bool = False
    engine: EngineChoice = field(default_factory=EngineChoice)

    @property
    def tables(self) -> list[Table]:
        """The matches that run at once, by their number of seats."""
        return self.royale.tables(self.config.matches, self.game.seats)

    @property
    def slots(self) -> int:
        """How many matches run at once."""
        return sum(table.slots for table in self.tables)

    @property
    def processes(self) -> int:
        """How many processes the run has on one machine."""
        return processes_for(
            self.threads,
            self.slots,
            self.config.batch_size,
            on_cpu=self.device.type == "cpu",
            compiled=self.config.compile,
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything but the game and the bots themselves, for a process that makes them again, on a CPU."""
        names = (each.name for each in fields(self) if each.name not in ("game", "fixed"))
        return {name: getattr(self, name) for name in names} | {"device": torch.device("cpu")}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> RLSetting:
        """Inverse of `to_dict`. Raises UserError for a game or a bot that cannot be found."""
        game = load_game(data["game_name"])
        fixed = {key: load_policy(game, name, str(data["device"])) for key, name in data["bots"].items()}
        return RLSetting(game=game, fixed=fixed, **data)

    @property
    def source(self) -> str:
        """Where the first weights came from, for messages."""
        return str(self.origin.lineage[-1]) if self.origin.lineage else "a random start"

    def network(self, weights: Weights) -> Network:
        """A network with these weights. Raises UserError when they do not fit this release."""
        return build_network(self.game.spec, self.origin.network, weights, self.source)

    def policy(self, weights: Weights) -> NetworkPolicy:
        """A policy with these weights, acting as the learner does."""
        policy = NetworkPolicy(self.network(weights), "network", str(self.device), self.config.stored_temperature)
        policy.action_cap, policy.reaction_ticks = self.limits
        return policy
