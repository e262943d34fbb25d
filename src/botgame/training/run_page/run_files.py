"""What kind of run lies at a path, and where its files are, also before it has begun."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from botgame.errors import UserError
from botgame.json_reading import parsed
from botgame.outputs import CHECKPOINT
from botgame.training.best_response.results import FILE as RESULTS
from botgame.training.runs.paths import CONFIG_FORMAT, RunPaths

LEAGUE, SEARCH, RL, IMITATION = "league", "search for best responses", "reinforcement learning", "imitation"
_KINDS = {"rounds": LEAGUE, "budget": SEARCH, "epochs": IMITATION}  # by a flag that only this kind has
_MOST_NAMED = 8


class Loop(NamedTuple):
    """One training loop: its files and its flags. name: the start of a search; "" where a run is one loop."""

    name: str
    kind: str
    metrics: Path
    lock: Path
    config: Mapping[str, Any]


class RunFiles(NamedTuple):
    """A run. league: the folder of one; results: those of a search for best responses; None where it is neither."""

    path: Path
    kind: str
    loops: tuple[Loop, ...]
    league: Path | None = None
    results: Path | None = None


class NoRunError(UserError):
    """There is no run at a path, or none yet; the message is a sentence for the page."""


def find_run(path: Path) -> RunFiles:
    """The run whose output is `path`: the checkpoint of RL or imitation, or the folder of a league or a search.

    Raises NoRunError.
    """
    if path.suffix == CHECKPOINT:
        loop = _loop("", RunPaths.beside(path, ""))
        if loop is None:
            raise NoRunError(f"There is no run with the output {path} yet; this page fills when it begins.")
        return RunFiles(path, loop.kind, (loop,))
    if path.is_file():
        raise NoRunError(f"{path} is no run: give the checkpoint (.pt) that it writes, or the folder of a league.")
    return _in_folder(path)


def _in_folder(folder: Path) -> RunFiles:
    own = _loop("", RunPaths.inside(folder, ""))
    if own is not None:
        return RunFiles(folder, own.kind, (own,), league=folder if own.kind == LEAGUE else None)
    parts = [_loop(config.parent.name, _search(config.parent)) for config in sorted(folder.glob("*/config.json"))]
    searches = tuple(loop for loop in parts if loop is not None and loop.kind == SEARCH)
    results = folder / RESULTS
    if searches or results.is_file():
        return RunFiles(folder, SEARCH, searches, results=results)
    raise NoRunError(_what_is_there(folder))


def _search(folder: Path) -> RunPaths:
    """The files of the search in a folder of its own, called by its start."""
    return RunPaths.inside(folder, "", "best_response.pt")


def _loop(name: str, paths: RunPaths) -> Loop | None:
    """The loop with these files; None where its file of flags is not one."""
    try:
        flags = parsed(paths.config.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(flags, dict) or flags.get("format") != CONFIG_FORMAT:
        return None
    kind = next((kind for flag, kind in _KINDS.items() if flag in flags), RL)
    return Loop(name, kind, paths.metrics, paths.lock, flags)


def _what_is_there(folder: Path) -> str:
    """Why a folder is no run."""
    runs = [path.name.replace(".config.json", CHECKPOINT) for path in sorted(folder.glob("*.config.json"))]
    runs += [path.parent.name for path in sorted(folder.glob("*/config.json"))]
    runs += [path.parent.relative_to(folder).as_posix() for path in sorted(folder.glob(f"*/*/{RESULTS}"))]
    if runs:
        more = f" and {len(runs) - _MOST_NAMED} more" if len(runs) > _MOST_NAMED else ""
        return f"{folder} holds several runs; give one of them: {', '.join(runs[:_MOST_NAMED])}{more}."
    if folder.is_dir() and any(folder.iterdir()):
        return f"{folder} holds no run: a league writes league_state.json there, RL and imitation name.metrics.jsonl."
    return f"There is no run in {folder} yet; this page fills when it begins."
