"""The flags that RL and league share: one a field of `RLConfig`, and those that say how fast and where to run."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botgame import cli
from botgame.errors import UserError
from botgame.training.alphastar.engine.choice import ENGINES, LOCAL, EngineChoice
from botgame.training.alphastar.learner.config import OPPONENTS, OWN, PRECISIONS, RLConfig
from botgame.training.alphastar.statistic_z.config import StyleConfig

if TYPE_CHECKING:
    from botgame.game import Game

# Headings of --help, in the order in which a beginner needs them.
START, SIZE, RESULTS, MACHINE = "start and end", "size of an iteration", "results", "machine and resuming"
OPPOSITION, LEARNING = "advanced: opponents and matches", "advanced: learning"
FOLLOWING, JUDGING = "advanced: following statistic z", "advanced: evaluation"
SECTIONS = (START, SIZE, RESULTS, MACHINE, OPPOSITION, LEARNING, FOLLOWING, JUDGING)


def add_training_flags(parser: cli.Parser, **defaults: Any) -> None:
    """Add one flag for each field of `RLConfig`; `defaults` overrides the dataclass's by field name."""
    parser.section(SIZE)
    _add_settings(parser, RLConfig, defaults, basic=True)
    parser.section(LEARNING)
    _add_settings(parser, RLConfig, defaults, basic=False)
    text = "weights of the rewards' advantages, as in result=1,damage=0.5; a reward that is left out has the game's"
    parser.flag("--reward-weights", type=_weights, default="", metavar="NAME=W,...", help=text)
    add_precision_flags(parser)


def add_style_flags(parser: cli.Parser) -> None:
    """Add one flag for each field of `StyleConfig`."""
    parser.section(FOLLOWING)
    _add_settings(parser, StyleConfig, {}, basic=False)


def style_config(options: argparse.Namespace) -> StyleConfig:
    """The config that parsed flags describe. Raises UserError (code 2) for contradictions."""
    return StyleConfig(**{field.name: getattr(options, field.name) for field in fields(StyleConfig)})


def _add_settings(
    parser: cli.Parser, config: type[RLConfig] | type[StyleConfig], defaults: dict[str, Any], *, basic: bool
) -> None:
    group = {field.name: field for field in fields(config) if field.metadata}
    for name in defaults:
        if name not in group:
            raise KeyError(name)
    for name, field in group.items():
        known = field.metadata
        if known["basic"] != basic:
            continue
        values = {"choices": known["choices"]} if "choices" in known else {"type": getattr(cli, known["kind"])}
        default = defaults.get(name, field.default)
        parser.flag("--" + name.replace("_", "-"), **values, default=default, help=known["help"])


def add_critic_flag(parser: cli.Parser) -> None:
    """Add --critic."""
    parser.section(LEARNING)
    text = "what the critic sees in training: the opponents' true state, or what its own seat sees"
    parser.flag("--critic", choices=(OPPONENTS, OWN), default=OPPONENTS, help=text)


def add_limit_flags(parser: cli.Parser) -> None:
    """Add --action-cap and --reaction."""
    parser.section(OPPOSITION)
    text = "actions that the learner may take in a window of the game: a number, none, or rules (what the game says)"
    parser.flag("--action-cap", type=_action_cap, default="rules", help=text)
    text = "ticks after which the learner sees what happens: a number, or rules (what the game says)"
    parser.flag("--reaction", type=_reaction, default="rules", metavar="TICKS", help=text)


def _action_cap(text: str) -> str:
    if text in ("rules", "none") or (text.isdecimal() and int(text)):
        return text
    raise argparse.ArgumentTypeError(f"expected a number from 1 on, none or rules, got {text!r}")


def _reaction(text: str) -> str:
    if text == "rules" or text.isdecimal():
        return text
    raise argparse.ArgumentTypeError(f"expected a number of ticks or rules, got {text!r}")


def add_precision_flags(parser: cli.Parser) -> None:
    """Add --precision and --compile."""
    parser.section(MACHINE)
    text = "numbers of the learner's network; auto: bfloat16 for a network like `base` on a GPU, else float32"
    parser.flag("--precision", choices=PRECISIONS, default="auto", help=text)
    text = "compile the learner's network: minutes at first, faster updates on a GPU; one thread learns on a CPU"
    parser.flag("--compile", action="store_true", help=text)


def training_config(options: argparse.Namespace, game: Game, weights: Mapping[str, float] | None = None) -> RLConfig:
    """The config that parsed flags describe. Raises UserError (code 2) for contradictions.

    weights: of the rewards that --reward-weights leaves out; the game's unless given.
    """
    values = {field.name: getattr(options, field.name) for field in fields(RLConfig)}
    return RLConfig(**{**values, "reward_weights": reward_weights(options.reward_weights, game, weights)})


def reward_weights(
    given: dict[str, float], game: Game, weights: Mapping[str, float] | None = None
) -> tuple[tuple[str, float], ...]:
    """The weight of each reward stream: as given, else that of `weights`, by default the game's.

    Raises UserError (code 2) for an unknown stream.
    """
    names = [reward.name for reward in game.spec.rewards]
    for name in given:
        if name not in names:
            raise UserError(f"--reward-weights: game {game.name} has no reward {name!r}, only {', '.join(names)}", 2)
    known = {**(game.reward_weights if weights is None else weights), **given}
    return tuple((name, float(known.get(name, 1.0))) for name in names)


def _weights(text: str) -> dict[str, float]:
    """`result=1,damage=0.5` as numbers by name; "" for none."""
    out: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, given, number = part.strip().partition("=")
        if not given or not name:
            raise argparse.ArgumentTypeError(f"expected NAME=NUMBER with commas between, got {part.strip()!r}")
        if name in out:
            raise argparse.ArgumentTypeError(f"{name} is given twice; give each reward once")
        out[name] = cli.non_negative_float(number)
    return out


def add_start_flag(parser: cli.Parser, default: Path | None = None, *, required: bool = True) -> None:
    """Add --supervised-checkpoint, required where there is no default and unless `required` is False."""
    parser.section(START)
    text = "policy to start from, and teacher to stay close to"
    needed = required and default is None
    parser.flag("--supervised-checkpoint", type=cli.path, required=needed, default=default, help=text)


def add_evaluation_flags(parser: cli.Parser, against: str, every: int | None = None, zero: str = "none") -> None:
    """Add --eval-matches and, where the command asks for it by `every`, --eval-every.

    against, zero: words for the help: whom the learner meets, and which evaluations --eval-every 0 leaves.
    """
    parser.section(JUDGING)
    if every is not None:
        text = f"iterations between evaluations (0: {zero})"
        parser.flag("--eval-every", type=cli.non_negative_int, default=every, help=text)
    parser.flag("--eval-matches", type=cli.positive_int, default=200, help=f"held-out duels {against}")


def add_commit_flag(parser: cli.Parser) -> None:
    """Add --save-every."""
    parser.section(RESULTS)
    parser.flag("--save-every", type=cli.positive_int, default=10, help="iterations between two commits")


def add_machine_flags(parser: cli.Parser) -> None:
    """Add --device, --cpu, --threads, --seed and --resume."""
    parser.section(MACHINE)
    parser.flag("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where the networks run")
    parser.flag("--cpu", action="store_true", help="the same as --device cpu")
    text = (
        "processes of one thread each, which all act and learn; 0: one for each core. On a GPU one process learns. "
        "A run may go on with another number; its numbers then differ"
    )
    parser.flag("--threads", type=cli.non_negative_int, default=0, help=text)
    text = "same seed and --threads on the same machine, same run"
    parser.flag("--seed", type=cli.seed, default=0, help=text)
    parser.flag("--resume", action="store_true", help="go on from the last commit; starts where there is none")


def add_engine_flags(parser: cli.Parser) -> None:
    """Add --engine, --ray-address and --actors."""
    parser.section(MACHINE)
    text = (
        "where matches run: local: in the processes that learn, between updates; pipelined: in --threads minus one "
        "processes while this one learns, with weights one iteration older; ray: in actors of a Ray cluster; only this "
        "one does not repeat and resume exactly. --resume may change it"
    )
    parser.flag("--engine", choices=ENGINES, default=LOCAL, help=text)
    text = "the Ray cluster: auto for the one that runs on this machine (default: a new one on this machine)"
    parser.flag("--ray-address", default=None, metavar="auto|HOST:PORT", help=text)
    text = "Ray actors of one CPU each; 0: one for each CPU but one. --threads then counts only the learner's"
    parser.flag("--actors", type=cli.non_negative_int, default=0, help=text)


def engine_choice(options: argparse.Namespace) -> EngineChoice:
    """The engine that parsed flags describe. Raises UserError (code 2)."""
    choice = EngineChoice(options.engine, options.ray_address, options.actors)
    choice.check_threads(thread_count(options))
    return choice


def thread_count(options: argparse.Namespace) -> int:
    """What --threads says; one for each core unless given."""
    return options.threads or os.cpu_count() or 1


def flag_values(options: argparse.Namespace, leave_out: Iterable[str] = ()) -> dict[str, Any]:
    """Plain values of all flags, for the config file and the checkpoint."""
    return {name: value for name, value in sorted(vars(options).items()) if name not in set(leave_out)}
