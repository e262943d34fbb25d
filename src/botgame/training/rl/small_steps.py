"""Learning by many small steps from fresh data, as in PPO (Schulman et al., 2017), and its defaults.

The usual defaults take a few large steps of a nearly deterministic policy, each decision learned four times: that fits
a clone, which plays well and has a teacher. From random weights they learn next to nothing. Small steps do: the clip,
Adam's momentum and normalised advantages bound the step, the entropy keeps the policy trying. From a clone a decision
costs them half as much, and a small network becomes stronger by them (docs/scratch.md has the measurements).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from botgame.errors import UserError
from botgame.training.runs.same_flags import as_given

if TYPE_CHECKING:
    from botgame.game import Game  # brings NumPy, which --help does without

_LEARNING: Mapping[str, Any] = {
    "actor_rollouts": 1,
    "matches_per_actor": 128,
    "unroll_length": 32,
    "batch_size": 32,
    "learner_updates": 2,
    "fresh_share": 1.0,
    "replay_size": 512,
    "temperature": 1.0,
    "lr": 6e-4,
    "adam_b1": 0.9,
    "clip_ratio": 0.2,
    "advantages": "normalised",
    "vtrace_lambda": 0.95,
    "td_lambda": 0.95,
}
_FROM_A_CLONE: Mapping[str, Any] = {**_LEARNING, "entropy_cost": 0.003, "play_temperature": 0.5, "value_iterations": 15}
_COMMITS: Mapping[str, Any] = {"save_every": 50, "snapshot_every": 50}

SCRATCH: Mapping[str, Any] = {
    "iterations": 1000, **_LEARNING, **_COMMITS, "matchmaking": "fixed", "entropy_cost": 0.006, "eval_every": 200,
}  # fmt: skip
CLONED: Mapping[str, Any] = {"iterations": 300, **_FROM_A_CLONE, **_COMMITS, "eval_every": 100}
LEAGUE: Mapping[str, Any] = {
    "rl_iterations_per_round": 75, **_FROM_A_CLONE, "lr_fall": "linear", "lr_end": 0.1, "save_every": 25,
}  # fmt: skip

Defaults = Callable[[argparse.Namespace], Mapping[str, Any]]


def parse(parser: argparse.ArgumentParser, argv: Any, defaults: Defaults) -> argparse.Namespace:
    """The flags of `argv`, where those that it leaves out have `defaults` of those that it gives. Raises UserError."""
    options = parser.parse_args(argv)
    parser.set_defaults(**{name: value for name, value in defaults(options).items() if name in options})
    return parser.parse_args(argv)


def rl_defaults(options: argparse.Namespace) -> Mapping[str, Any]:
    """By name what these flags of RL take in place of the usual defaults. Raises UserError (code 2)."""
    if options.branch_from:
        from botgame.training.rl.branch import inherited  # brings torch, which --help does without

        return inherited(options.branch_from, options.output, resume=options.resume)
    if options.scratch and options.small_steps:
        raise UserError("--small-steps: --scratch takes small steps anyway; leave the flag out", 2)
    return SCRATCH if options.scratch else CLONED if options.small_steps else {}


def check_untaught(options: argparse.Namespace, given: Collection[str], start: str) -> None:
    """Raise UserError (code 2) for a flag of those `given` for which random weights have no use.

    start: the flag that asks for random weights.
    """
    for name in ("kl_cost", "kl_end", "value_iterations"):
        if name in given and getattr(options, name):
            flag = as_given(name, getattr(options, name))
            raise UserError(
                f"{flag} does not apply to {start}, which has no teacher and learns at once; leave it out", 2
            )


def league_defaults(options: argparse.Namespace) -> Mapping[str, Any]:
    """By name what these flags of a league take in place of the usual defaults."""
    return LEAGUE if options.small_steps else {}


def default_opponents(options: argparse.Namespace, game: Game) -> Mapping[str, float]:
    """The shares of opponents where --opponents is not given."""
    return (game.scratch.opponents if options.scratch else None) or game.opponents


def default_weights(options: argparse.Namespace, game: Game) -> Mapping[str, float]:
    """The weights of the rewards that --reward-weights leaves out."""
    return {**game.reward_weights, **(game.scratch.reward_weights if options.scratch else {})}


def defaults_words(defaults: Mapping[str, Any]) -> str:
    """Defaults by name as the flags that say the same."""
    return " ".join(as_given(name, value) for name, value in defaults.items())


def defaults_line(options: argparse.Namespace, flag: str, defaults: Mapping[str, Any]) -> str:
    """What a run takes from the defaults that `flag` brings, in one line."""
    taken = {name: value for name, value in defaults.items() if getattr(options, name) == value}
    return f"defaults of {flag}: {defaults_words(taken)}"
