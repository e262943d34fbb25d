"""Configuration of the reinforcement learner: one declaration for config, command line, help and saved JSON.

The structure follows AlphaStar (Vinyals et al., Nature 575, 2019, Methods). Learning rates, reuse of data, the weights
of UPGO (off), KL (a tenth, falling) and value, and the temperature are tuned for one PC (docs/LOG.md).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from botgame.errors import UserError

FALLS = ("linear", "geometric")
ADVANTAGES = ("plain", "normalised")
PRECISIONS = ("float32", "bfloat16", "auto")
OPPONENTS, OWN = "opponents", "own"  # what a critic may see
Kind = Literal["positive_int", "non_negative_int", "positive_float", "non_negative_float", "probability"]


def flag(default: float, kind: Kind, text: str, *, basic: bool = False) -> Any:
    """A numeric field of a dataclass that `botgame.training.rl.flags` turns into a flag of the same name.

    basic: --help shows it among what a beginner needs first, not under "advanced".
    """
    return field(default=default, metadata={"kind": kind, "help": text, "basic": basic})


def choice_flag(default: str, choices: tuple[str, ...], text: str) -> Any:
    """The same for a field that is one of several words."""
    return field(default=default, metadata={"choices": choices, "help": text, "basic": False})


@dataclass(frozen=True)
class RLConfig:
    """Everything that decides what the learner computes. Raises UserError (code 2) for contradictions.

    A sequence is `unroll_length` decisions of one seat within one match (shorter where the match ends).
    """

    actor_rollouts: int = flag(
        8,
        "positive_int",
        "how many times per iteration the actor unrolls each of its parallel matches",
        basic=True,
    )
    learner_updates: int = flag(
        4,
        "positive_int",
        "passes per iteration, each over as many sequences as the iteration collected",
        basic=True,
    )
    unroll_length: int = flag(64, "positive_int", "decisions of one seat in a sequence", basic=True)
    batch_size: int = flag(16, "positive_int", "sequences in a minibatch", basic=True)
    replay_size: int = flag(2048, "positive_int", "sequences that the replay buffer holds", basic=True)
    min_replay_sequences: int = flag(32, "positive_int", "sequences to collect before the first update", basic=True)
    matches_per_actor: int = flag(
        32, "positive_int", "parallel matches; fewer are run where --replay-size is smaller than one iteration's data"
    )
    fresh_share: float = flag(0.75, "probability", "share of a pass drawn from this iteration's own sequences")
    temperature: float = flag(0.5, "positive_float", "temperature at which the policy acts and learns")
    play_temperature: float = flag(
        0.0, "non_negative_float", "temperature at which checkpoints and frozen selves play; 0: that of --temperature"
    )
    lr: float = flag(3e-4, "positive_float", "learning rate of the policy at the start")
    critic_lr: float = flag(1e-3, "positive_float", "learning rate of the value heads at the start")
    lr_end: float = flag(0.1, "probability", "share of the learning rates left at the end")
    # A long run learns little at high rates once it is strong, a short one little at low rates (docs/LOG.md).
    lr_fall: str = choice_flag("linear", FALLS, "how the learning rates fall to that")
    adam_b1: float = flag(0.0, "probability", "Adam's b1: how much of the mean gradient an update keeps")
    max_grad_norm: float = flag(1.0, "positive_float", "largest L2 norm of a gradient")
    value_iterations: int = flag(
        3, "non_negative_int", "first iterations that train the value heads only: a cloned policy has none"
    )
    discount: float = flag(1.0, "probability", "discount per decision; true ends always have 0")
    td_lambda: float = flag(0.8, "probability", "lambda of the value targets")
    vtrace_lambda: float = flag(1.0, "probability", "factor of the traces of V-trace; less is less noise, more bias")
    clip_ratio: float = flag(
        0.0,
        "non_negative_float",
        "a choice moves no further once its probability has changed by this share, the way its advantage asks, as in "
        "PPO; 0: no bound",
    )
    advantages: str = choice_flag(
        "plain",
        ADVANTAGES,
        "of the V-trace policy gradient; normalised: mean 0, deviation 1 in each "
        "process's part of a minibatch, and group",
    )
    policy_cost: float = flag(1.0, "non_negative_float", "weight of the V-trace policy gradient")
    # AlphaStar's 1 costs strength here, why is not known: UPGO's advantage is positive in the mean, but with advantages
    # centred, runs fall apart within some iterations (docs/ablations.md).
    upgo_cost: float = flag(
        0.0, "non_negative_float", "weight of the UPGO policy gradient (result only); AlphaStar has 1"
    )
    value_cost: float = flag(1.0, "non_negative_float", "weight of the value loss")
    kl_cost: float = flag(2e-4, "non_negative_float", "weight of the KL from the supervised teacher")
    kl_end: float = flag(0.05, "probability", "share of the KL's weight left at the end; it falls geometrically")
    entropy_cost: float = flag(1e-4, "non_negative_float", "weight of the entropy, each head's divided by ln(size)")
    reward_weights: tuple[tuple[str, float], ...] = ()  # of each reward's advantage by name; 1 for the others
    precision: str = "auto"  # see `precision`; flags of their own, which imitation has too
    compile: bool = False

    def __post_init__(self) -> None:
        """Cross-field checks."""
        if self.min_replay_sequences > self.replay_size:
            raise UserError(
                f"--min-replay-sequences {self.min_replay_sequences} is more than --replay-size {self.replay_size}: "
                "the first update would never come; lower the one or raise the other",
                2,
            )
        for name, limit in (("unroll_length", 4096), ("replay_size", 10**6), ("matches_per_actor", 4096)):
            if getattr(self, name) > limit:
                spelling = "--" + name.replace("_", "-")
                raise UserError(f"{spelling} {getattr(self, name)} is absurd: expected at most {limit}", 2)
        if self.lr_fall == "geometric" and not self.lr_end:
            raise UserError("--lr-end 0 is never reached by --lr-fall geometric; give more than 0, or linear", 2)
        if not self.kl_end and self.kl_cost:
            raise UserError("--kl-end 0 ends the KL with the first iteration: give more than 0, or --kl-cost 0", 2)
        if self.adam_b1 == 1:
            raise UserError("--adam-b1 1 would never take in a gradient; give less than 1", 2)
        if self.actor_rollouts > 10**5 or self.batch_size > 10**5 or self.learner_updates > 10**5:
            raise UserError("--actor-rollouts, --batch-size and --learner-updates must be at most 100000", 2)

    @property
    def stored_temperature(self) -> float:
        """The temperature of checkpoints, at which they play."""
        return self.play_temperature or self.temperature

    @property
    def matches(self) -> int:
        """Parallel matches: as asked, less where one iteration would overfill the replay buffer."""
        return max(1, min(self.matches_per_actor, self.replay_size // self.actor_rollouts))

    def sequences(self, learning_seats: float = 1.0) -> int:
        """Sequences that an iteration collects; `learning_seats`: mean number of seats a match that learn."""
        return max(1, round(self.actor_rollouts * self.matches * learning_seats))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)
