"""Config vars: parsed from and rendered to the text of an env file."""

import json
from collections.abc import Mapping

from mooring.host.names import VARIABLE
from mooring.host.refusal import die


def check_name(name: str) -> str:
    """Return `name` if it may name a config var; raise Refusal otherwise."""
    if not VARIABLE.fullmatch(name) or len(name) > 200:
        die(f"{name[:60]!r} cannot name a config var", "letters, digits and _, not beginning with a digit")
    return name


def parse_pairs(words: list[str]) -> dict[str, str]:
    """`["A=1", "B=x y"]` as a mapping; raise Refusal for a word that is no pair."""
    pairs = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            die(f"{word[:60]!r} has no value", "write NAME=VALUE, quoted for the shell of the server too")
        if "\0" in value:
            die(f"the value of {name} has a NUL byte", "an environment cannot hold one")
        pairs[check_name(name)] = value
    return pairs


def parse(text: str) -> dict[str, str]:
    """Read an env file: what `render` wrote, else as people write one (`dialects.env`).

    Raises Refusal naming the line that cannot be read.
    """
    pairs: dict[str, str] = {}
    for line in text.split("\n"):
        name, _, quoted = line.partition("=")
        if not line:
            continue
        value = _rendered(quoted)
        if value is None or not VARIABLE.fullmatch(name):
            # Imported where it is used: a start reads what was rendered.
            from mooring.host import dialects

            return dialects.env(text)
        pairs[name] = value
    return pairs


def _rendered(quoted: str) -> str | None:
    if quoted[:1] != '"':
        return None
    try:
        value = str(json.loads(quoted))
        value.encode()  # half of a surrogate pair is no text
        return value
    except ValueError:
        return None


def render(pairs: Mapping[str, str]) -> str:
    """The text of an env file, sorted by name."""
    return "".join(f"{name}={json.dumps(value, ensure_ascii=False)}\n" for name, value in sorted(pairs.items()))
