"""What makes Kaggle's package faster without changing a match: it spends most of a step on checks and copies.

Its functions are replaced in its own modules, by ones that return equal values.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from typing import Any

_PLAIN = {int, float, str, bool, type(None)}
_MOST = 10_000  # values that are remembered
_SCHEMA = "_Environment__state_schema"


def speed_up(environment: Any) -> None:
    """Speed up this class of environments and the package that it comes from; a package of another form stays."""
    utils: Any = sys.modules.get("kaggle_environments.utils")
    if utils is not None and hasattr(utils, "jsonschema"):
        utils.jsonschema = _Validation()
    if utils is not None and hasattr(utils, "Struct") and hasattr(utils, "structify"):
        _replace("structify", _structify(utils.Struct))
    if hasattr(utils, "process_schema") and not hasattr(utils.process_schema, "__wrapped__"):  # once
        _replace("process_schema", _remembering(utils.process_schema))
    _keep_schema(environment)


class _Validation:
    """In place of `jsonschema`, which checks the schema itself whenever it checks a value; here it is trusted."""

    def __init__(self) -> None:
        self._validators = dict[int, tuple[object, Any]]()  # by the identity of the schema, which is kept alive

    def validate(self, instance: object, schema: Mapping[str, Any]) -> None:
        """Raise jsonschema's ValidationError for a value that is not of the schema."""
        from jsonschema.validators import validator_for

        if id(schema) not in self._validators:
            if len(self._validators) >= _MOST:
                self._validators.clear()
            self._validators[id(schema)] = schema, validator_for(schema)(schema)
        self._validators[id(schema)][1].validate(instance)


def _structify(struct: Callable[..., Any]) -> Callable[[Any], Any]:
    """The package's deep copy of lists and dicts, whose numbers and words need no call of their own."""

    def structify(value: Any) -> Any:
        if isinstance(value, list):
            if _PLAIN.issuperset(map(type, value)):
                return value[:]
            return [structify(part) if isinstance(part, list | dict) else part for part in value]
        if isinstance(value, dict):
            parts = value.items()
            return struct(**{key: structify(part) if isinstance(part, list | dict) else part for key, part in parts})
        return value

    return structify


def _remembering(process: Callable[..., Any]) -> Callable[..., Any]:
    """The package's check of a value against a schema, asked once for each plain value, such as an action."""
    known = dict[tuple[Any, ...], tuple[object, Any]]()  # with the schema, whose identity must stay its own

    @functools.wraps(process)
    def process_schema(schema: Any, data: Any, use_default: bool = True) -> Any:
        if type(data) not in _PLAIN:
            return process(schema, data, use_default)
        key = id(schema), type(data), data, use_default
        if key not in known:
            result = process(schema, data, use_default)
            if type(result[1]) not in _PLAIN or len(known) >= _MOST:
                return result
            known[key] = schema, result
        return known[key][1]

    return process_schema


def _replace(name: str, function: Callable[..., Any]) -> None:
    """Let every module of the package that has a function of this name have this one."""
    for title in ("kaggle_environments.utils", "kaggle_environments.core"):
        if hasattr(sys.modules.get(title), name):
            setattr(sys.modules[title], name, function)


def _keep_schema(environment: Any) -> None:
    """The package copies the schema of a state some ten times a step; from now on there is one."""
    schema = vars(environment).get(_SCHEMA)
    if isinstance(schema, property) and schema.fget is not None:
        kept: Any = functools.cached_property(schema.fget)
        kept.__set_name__(environment, _SCHEMA)
        setattr(environment, _SCHEMA, kept)
