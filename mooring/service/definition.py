"""A table of a definition, as the NamedTuple that has its keys."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mooring.host.refusal import die

RENAMED = {"as": "prefix", "import": "import_"}
"""Keys that are words of Python's own."""


def record(cls: Any, table: Mapping[str, Any], where: str) -> Any:
    """A NamedTuple of what a table says; raise Refusal that says which key is wrong, with `where` before it."""
    values = {}
    for key, value in table.items():
        name = RENAMED.get(key, key).replace("-", "_")
        if name not in cls._fields or key in RENAMED.values():
            die(f"{where}{key} is no key of a service", f"the keys: {', '.join(map(_written, cls._fields))}")
        wanted = cls.__annotations__[name]
        if hasattr(wanted, "_fields") and isinstance(value, dict):
            values[name] = record(wanted, value, f"{where}{key}.")
        elif not _is(value, wanted):
            die(f"{where}{key} is {value!r:.60}", f"write it like {_example(wanted)}")
        else:
            values[name] = tuple(value) if isinstance(value, list) else value
    missing = [each for each in cls._fields if each not in values and each not in cls._field_defaults]
    if missing:
        die(f"{where}{_written(missing[0])} is missing", "docs/services.md says what it is")
    return cls(**values)


def _written(name: str) -> str:
    """A field's key."""
    return next((key for key, field in RENAMED.items() if field == name), name.replace("_", "-"))


def _is(value: Any, wanted: Any) -> bool:
    if wanted == tuple[str, ...]:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if wanted == Mapping[str, str]:
        return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
    return type(value) is wanted or (wanted is Path and isinstance(value, Path))


def _example(wanted: Any) -> str:
    if wanted == tuple[str, ...]:
        return '["a", "b"]'
    return {str: '"text"', int: "1", bool: "true"}.get(wanted, "a table")
