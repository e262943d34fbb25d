"""The `botgame` command: every command of the project as a sub-command, with the same flags.

    botgame run-match --num_scripted_bots 2 --episode_duration 120 --record_replay --seed 1001
    botgame rl --help

A sub-command's module is imported when it is asked for, so playing matches does not load torch.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from botgame import __version__, cli

COMMANDS: dict[str, tuple[str, str]] = {
    "quickstart": ("botgame.quickstart", "the whole pipeline at a size of a few minutes"),
    "run-match": ("botgame.server.run_match", "play matches between bots and record them"),
    "record": ("botgame.record", "play matches of any other game and record them"),
    "minari": ("botgame.minari", "recorded matches as a dataset of Minari, and a dataset as demonstrations"),
    "play": ("botgame.server.play", "play a duel against a bot in the browser"),
    "live": ("botgame.server.live", "serve live matches to play in browsers"),
    "replay": ("botgame.replay", "check recorded matches or look at them"),
    "imitation": ("botgame.training.alphastar_imitation", "train a bot to play like the recorded ones"),
    "rl": ("botgame.training.alphastar_rl", "make a trained bot stronger by playing"),
    "league": ("botgame.training.alphastar_league", "train a bot against itself, its own past and rivals"),
    "report": ("botgame.training.report_league", "sum up a league: ratings, win rates, forgetting"),
    "dashboard": ("botgame.training.dashboard", "watch a run in the browser while it goes on"),
    "learn": ("botgame.training.learn_from_live", "let a bot learn from live play: is it better than before?"),
    "holes": ("botgame.training.find_holes", "how do people beat a bot? a page, and opponents for training"),
    "export": ("botgame.training.export", "write a trained bot as an ONNX model that plays without torch"),
    "exploit": ("botgame.training.exploit", "train a best response to a bot: how exploitable is it?"),
    "thoughts": ("botgame.training.policy_readout", "what a network thinks in a recorded match, for the viewer"),
    "average": ("botgame.training.average", "the mean of several trained bots, often stronger than each"),
    "levels": ("botgame.training.levels", "make weaker opponents of a trained bot, with measured ratings"),
    "evaluate": ("botgame.training.evaluate", "measure bots against each other"),
}


def usage() -> str:
    """The list of sub-commands."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join(["usage: botgame COMMAND ...", "", *lines, "", "botgame COMMAND --help shows the flags of one."])


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Hand the arguments to the sub-command; returns its exit code, 2 when there is no such command."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = arguments[0] if arguments else ""
    if name in ("-h", "--help"):
        print(usage())
        return 0
    if name == "--version":
        print(f"botgame {__version__}")
        return 0
    if name not in COMMANDS:
        found = f"error: no command {name!r}" if name else "error: a command is needed"
        print(f"{found}\n{usage()}", file=sys.stderr)
        return 2
    module = importlib.import_module(COMMANDS[name][0])
    return int(module.main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main())
