"""Settings of a server: what a person may set, and how that is written for it."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from mooring.host.refusal import die
from mooring.service.kind import Kind, filled

KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,80}")
MOST = 1000
"""Letters of a value."""
SAYS_WHY = re.compile(
    r"fatal|error|panic|invalid|unknown|unrecognized|illegal|cannot|could not|can't|not allowed", re.IGNORECASE
)
HARMLESS = re.compile(r"\b(warning|warn|note)\b", re.IGNORECASE)
STAMP = re.compile(
    r"^(?:\d+:[A-Z] \d+ \w+ \d+ [\d:.]+ [#*.-] |(?=\d)[\d:., TZ/+-]+(?:UTC |GMT )?(?:\[\d+\] )?(?:\[\w+\] <[\d.]+> )?)"
)
"""When, and by which process, a line was said."""


def parse(kind: Kind, words: Iterable[str], now: Mapping[str, str]) -> dict[str, str]:
    """What is set with KEY=VALUE as typed, and without each KEY=; raise Refusal for what no one may set."""
    chosen = dict(now)
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not KEY.fullmatch(key):
            die(f"{word[:60]!r} is no setting", f"KEY=VALUE, and KEY= to be rid of it, e.g. {example(kind)}")
        if is_own(kind, key):
            die(f"{key} is what Mooring itself needs, and sets", f"anything else of {kind.title} may be set")
        if len(value) > MOST or not value.isprintable() or not re.fullmatch(kind.settings.values, value):
            die(f"{key} cannot be {value[:60]!r}", f"letters that a setting of {kind.title} has, in a line of its own")
        for same in [each for each in chosen if alike(each) == alike(key)]:
            del chosen[same]
        if value:
            chosen[key] = value
    return chosen


def alike(key: str) -> str:
    """A key as every spelling of it: servers take some for the same."""
    return key.lower().replace("-", "_")


def is_own(kind: Kind, key: str) -> bool:
    return any(fnmatchcase(alike(key), alike(each)) for each in kind.settings.own)


def example(kind: Kind) -> str:
    return next((f"{key}={value}" for key, value in kind.settings.defaults.items() if "{" not in value), "KEY=VALUE")


def in_force(kind: Kind, chosen: Mapping[str, str]) -> dict[str, str]:
    """The definition's, and what was chosen instead of them or beside them."""
    instead = {alike(each) for each in chosen}
    defaults = {key: value for key, value in kind.settings.defaults.items() if alike(key) not in instead}
    return {**defaults, **chosen}


def text(kind: Kind, chosen: Mapping[str, str], values: Mapping[str, Any]) -> str:
    """What the files of the kind have for {settings}: a line each."""
    known = {"data": kind.data, "port": kind.port, **values}
    lines = []
    for key, value in in_force(kind, chosen).items():
        # Only what a definition says is filled in: what people set is a text.
        meant = value if key in chosen else filled(value, known)
        escaped = "".join(kind.settings.escape.get(letter, letter) for letter in meant)
        lines.append(filled(kind.settings.line, {"key": key, "value": escaped}))
    return "\n".join(lines)


def why(said: str) -> str:
    """The line of a server's that says why it gave up: the first that speaks of an error, else the last."""
    lines = [STAMP.sub("", " ".join(each.split()), count=1) for each in said.splitlines() if each.strip()]
    found = (each for each in lines if SAYS_WHY.search(each) and not HARMLESS.search(each))
    return next(found, lines[-1] if lines else "")[:300]
