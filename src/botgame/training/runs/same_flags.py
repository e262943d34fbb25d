"""Which flags a run may be given again with other values when it goes on, and how messages name flags."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from botgame.errors import UserError

# Flags that say where and how fast, not what is computed.
NEUTRAL_FLAGS = (
    *("resume", "device", "cpu", "threads", "engine", "ray_address", "actors"),
    *("output", "output_dir", "keep"),
)
# Flags that say where to find what a run starts from; what lies there is compared, not where it lies.
PLACES = (
    *("supervised_checkpoint", "start_checkpoint", "branch_from", "target"),
    *("data_dir", "feedback_dir", "reports_live_dir"),
)


def plain(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The values of flags as a commit and its configuration hold them: what JSON knows, all else as text."""
    return dict(json.loads(json.dumps(flags, default=str)))


def check_same(before: Mapping[str, Any], flags: Mapping[str, Any], extends: Sequence[str], file: Path) -> None:
    """Raise UserError (code 2), which names all flags that a run does not know yet, else all that cannot change.

    before: the flags of the run's commit in `file`; flags: those given now; extends: the ones that may grow.
    """
    now = plain(flags)
    if new := [name for name in sorted(now) if _is_new(name, before, now)]:
        raise UserError(
            f"{named(new)} on --resume: {file} is of another release, which lacks that; go on with that release", 2
        )
    differing = [name for name in sorted(before) if _differs(name, before, now, extends)]
    if differing:
        rules = {"cannot change": set(differing) - set(extends), "can only grow": set(differing) & set(extends)}
        said = " and ".join(f"{named(sorted(names))} {rule}" for rule, names in rules.items() if names)
        raise UserError(f"{said} on --resume: {file} was made with {then_and_now(differing, before, now)}", 2)


def named(names: Sequence[str]) -> str:
    """Flags by name, as one would give them, for a message."""
    return ", ".join(map(_flag, names))


def then_and_now(names: Sequence[str], before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The flags `names` with their values before and now, as one would give them, for a message."""
    then, today = (" ".join(as_given(name, values.get(name)) for name in names) for values in (before, now))
    return f"{then}, now {today}"


def as_given(name: str, value: Any) -> str:
    """A flag by name with its value, as one would give it."""
    if value is None or value is False:
        return f"no {_flag(name)}"
    if isinstance(value, dict):
        value = ",".join(f"{key}={part}" for key, part in value.items())
    elif isinstance(value, list):
        value = ",".join(map(str, value))
    if value == "":
        value = "''"
    return _flag(name) if value is True else f"{_flag(name)} {value}"


def _is_new(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether the run's release did not have the flag; where it is off, the run is what it was."""
    return _matters(name) and name not in before and now[name] not in (None, False)


def _differs(name: str, before: Mapping[str, Any], now: Mapping[str, Any], extends: Sequence[str]) -> bool:
    old, new = before[name], now.get(name)
    grows = name in extends and isinstance(old, int) and isinstance(new, int) and new > old
    return _matters(name) and old != new and not grows


def _matters(name: str) -> bool:
    return name not in NEUTRAL_FLAGS and name not in PLACES


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
