"""Configuration of following a style in RL: AlphaStar's statistic z, its pseudo-rewards and its extra KL.

Source: Vinyals et al., Nature 575, 2019, Methods: z is drawn at the start of a match, each pseudo-reward is active in a
quarter of the matches, and an extra KL keeps the action type close to the teacher in the first minutes of those with
totals.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from botgame.errors import UserError
from botgame.training.alphastar.learner.config import flag

VALUE_WEIGHT = 0.1  # of a pseudo-reward's value loss beside the result's, as in AlphaStar
EARLY_SHARE = (
    0.25  # of a match from its start, in which the extra KL applies (the published pseudocode applies it after)
)


@dataclass(frozen=True)
class StyleConfig:
    """Off where `z_share` is 0. Raises UserError (code 2) for contradictions."""

    z_share: float = flag(
        0.0, "probability", "share of the learner's matches for which a style z is drawn from the checkpoint's library"
    )
    z_reward_share: float = flag(
        0.25, "probability", "share of the learner's matches in which each pseudo-reward for following z is paid"
    )
    z_opening_reward: float = flag(
        1.0, "non_negative_float", "weight of the pseudo-reward for z's opening (all of it right: 1 win's worth)"
    )
    z_totals_reward: float = flag(1.0, "non_negative_float", "weight of the pseudo-reward for z's totals")
    z_kl_cost: float = flag(
        0.1, "non_negative_float", "extra weight of the verb's KL in the first quarter of matches with z's totals"
    )

    def __post_init__(self) -> None:
        """Cross-field checks."""
        changed = [entry.name for entry in fields(self) if getattr(self, entry.name) != entry.default]
        if changed and not self.z_share:
            flags = ", ".join("--" + name.replace("_", "-") for name in changed)
            raise UserError(f"{flags}: nothing without a --z-share above 0", 2)
        if self.z_share and self.z_reward_share > self.z_share:
            raise UserError(
                f"--z-reward-share {self.z_reward_share} is more than --z-share {self.z_share}: only matches with a z "
                "are paid; lower the one or raise the other",
                2,
            )

    def reward_weights(self, names: tuple[str, ...]) -> tuple[float, ...]:
        """Weights of the pseudo-rewards for these blocks of z."""
        return tuple(float(getattr(self, f"z_{name}_reward")) for name in names)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)
