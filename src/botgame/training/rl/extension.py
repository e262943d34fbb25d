"""A run that is made longer: the share of it that is done falls back, and what falls with that share rises again."""

from __future__ import annotations

from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.learner import rates_left


def extension_line(config: RLConfig, before: float, now: float) -> str:
    """What changes at once for a run of which a share `before` was done until now and `now` is; "" for nothing.

    `RLConfig.lr_end` and `kl_end` say what is left at the end of the whole run.
    """
    old, new = min(1.0, before), min(1.0, now)
    falls = {
        "learning rate": (config.lr, rates_left(config, old), rates_left(config, new)),
        "the critic's": (config.critic_lr, rates_left(config, old), rates_left(config, new)),
        "weight of the KL": (config.kl_cost, config.kl_end**old, config.kl_end**new),
    }
    changed = [
        f"{name} {value * left:.2g} -> {value * again:.2g}"
        for name, (value, left, again) in falls.items()
        if value and left != again
    ]
    return f"longer than planned, so what falls over the run rises now: {', '.join(changed)}" if changed else ""
