"""The decision backend of the collector's seat: a scripted bot or a trained one, loaded through the bot registry."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from botgame import rng
from botgame.bot_names import is_checkpoint, is_weaker, split_style
from botgame.errors import UserError
from botgame.game import Policy
from botgame.live.arrays import ROWS, decode
from botgame.live.backend_names import DEFAULT_CHECKPOINT, TRAINED
from botgame.lms.game import lms
from botgame.lms.rules import Rules
from botgame.policies import load_policy
from botgame.server import protocol

GREEDY = 0.01  # temperature at which the likeliest category is all but certain


@dataclass(frozen=True)
class Backend:
    """Which policy decides. temperature: of sampling, used only if `stochastic`; None: the checkpoint's."""

    name: str = "lms_re"
    checkpoint: str = DEFAULT_CHECKPOINT
    stochastic: bool = False
    temperature: float | None = None

    def load(self) -> Policy:
        """The policy, ready to decide. Raises UserError for a checkpoint that is missing or does not load."""
        if self.name != TRAINED:
            return load_policy(lms(), self.name)
        if is_weaker(self.checkpoint):
            raise UserError(f"checkpoint {self.checkpoint} is a weaker version of a bot; name the bot itself", 2)
        if not (is_checkpoint(self.checkpoint) or self.checkpoint.endswith(".onnx")):
            raise UserError(f"checkpoint {self.checkpoint} must be a .pt checkpoint or an .onnx model", 2)
        policy: Any = load_policy(lms(), self.checkpoint)
        if not self.stochastic:
            policy.temperature = GREEDY
        elif self.temperature is not None:
            policy.temperature = self.temperature
        return policy  # type: ignore[no-any-return]

    @property
    def player(self) -> str:
        """The player's name in replays and manifests."""
        return self.checkpoint if self.name == TRAINED else self.name

    @property
    def nickname(self) -> str:
        """The player's name for others in the room."""
        name = Path(split_style(self.checkpoint)[0]).stem if self.name == TRAINED else self.name
        return f"{name[: protocol.MAX_NAME - 4]} bot"  # servers reserve the plain names for their bots


class TimedDecision(NamedTuple):
    """A decision with its observation and the milliseconds it took. action: one category for each head."""

    tick: int
    seat: int
    observation: dict[str, np.ndarray]
    action: list[int]
    milliseconds: float


class PolicyRunner:
    """Runs a policy for one seat through one match after another: keeps its memory and measures its time."""

    def __init__(self, policy: Policy, clock: Callable[[], float] = time.perf_counter) -> None:
        self.policy = policy
        self._clock = clock
        self.memory = policy.initial_memory(1)

    def is_foreign_to(self, rules: Rules) -> bool:
        """Whether the policy was trained under other rule numbers than `rules`."""
        own = getattr(self.policy, "rules", None)  # only trained bots have rules
        return bool(own) and own != rules.to_dict()

    def begin(self) -> None:
        """Reset the memory: a new match begins."""
        self.memory = self.policy.initial_memory(1)

    def warm_up(self) -> None:
        """Decide once on blank arrays, so that the first real decision does not wait for a compiler."""
        blank = {name: np.ones((1, *shape), dtype) for name, (dtype, shape) in ROWS.items()}
        self.policy.act(blank, self.policy.initial_memory(1), np.zeros(1, np.uint64))

    def decide(self, message: protocol.Observation) -> TimedDecision:
        """Decide on an observation. Raises MalformedError if its arrays do not fit the spec."""
        start = self._clock()
        observation = decode(message)
        try:
            keys = np.array([int(message.key)], np.uint64)
        except (ValueError, OverflowError):
            keys = np.array([rng.derive(0, message.tick, message.seat)], np.uint64)
        actions, self.memory = self.policy.act(observation, self.memory, keys)
        spent = 1e3 * (self._clock() - start)
        return TimedDecision(message.tick, message.seat, observation, [int(choice) for choice in actions[0]], spent)
