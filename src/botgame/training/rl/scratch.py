"""Defaults of RL from random weights, where those for a cloned start learn next to nothing.

A clone plays well and has a teacher, so it learns by few large steps of a nearly deterministic policy. From random
weights it takes many small steps from fresh data, as in PPO (Schulman et al., 2017): the clip, Adam's momentum and
normalised advantages bound the step, the entropy keeps the policy trying (docs/scratch.md has the measurements).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botgame.game import Game  # brings NumPy, which --help does without

DEFAULTS: Mapping[str, Any] = {
    "iterations": 1000,
    "actor_rollouts": 1,
    "matches_per_actor": 128,
    "unroll_length": 32,
    "batch_size": 32,
    "learner_updates": 2,
    "fresh_share": 1.0,
    "replay_size": 512,
    "temperature": 1.0,
    "lr": 6e-4,
    "entropy_cost": 0.006,
    "adam_b1": 0.9,
    "clip_ratio": 0.2,
    "advantages": "normalised",
    "vtrace_lambda": 0.95,
    "td_lambda": 0.95,
    "eval_every": 200,
    "save_every": 50,
    "snapshot_every": 50,
}


def parse(parser: argparse.ArgumentParser, argv: Any) -> argparse.Namespace:
    """The flags of `argv`, with `DEFAULTS` for those that it leaves out where it says --scratch."""
    options = parser.parse_args(argv)
    if options.scratch is None:
        return options
    parser.set_defaults(**DEFAULTS)
    return parser.parse_args(argv)


def default_opponents(options: argparse.Namespace, game: Game) -> Mapping[str, float]:
    """The shares of opponents where --opponents is not given."""
    return (game.scratch.opponents if options.scratch else None) or game.opponents


def default_weights(options: argparse.Namespace, game: Game) -> Mapping[str, float]:
    """The weights of the rewards that --reward-weights leaves out."""
    return {**game.reward_weights, **(game.scratch.reward_weights if options.scratch else {})}


def defaults_words(defaults: Mapping[str, Any]) -> str:
    """Defaults by name as the flags that say the same."""
    return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in defaults.items())


def defaults_line(options: argparse.Namespace) -> str:
    """What a run from random weights takes from `DEFAULTS`, in one line."""
    taken = {name: value for name, value in DEFAULTS.items() if getattr(options, name) == value}
    return f"defaults of --scratch: {defaults_words(taken)}"
