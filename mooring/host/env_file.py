"""Config vars: parsed from and rendered to the text of an env file."""

import json
import re
from collections.abc import Mapping

from mooring.host.refusal import die

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
QUOTED = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)


def check_name(name: str) -> str:
    """Return `name` if it may name a config var (POSIX.1 XBD 8.1); raise Refusal otherwise."""
    if not NAME.fullmatch(name) or len(name) > 200:
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
    """Read an env file: `NAME=value` lines, `export` before them, comments, values quoted with ' or ".

    In double quotes the escapes of JSON hold, so that a value may have newlines; what `render` writes, this reads.
    A comment may follow a quoted value.
    Raises Refusal naming the line that cannot be read.
    """
    pairs: dict[str, str] = {}
    lines = iter(enumerate(text.replace("\r\n", "\n").split("\n"), 1))
    for number, raw in lines:
        line = raw.strip().removeprefix("export ").lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not NAME.fullmatch(name.strip()):
            die(f"line {number} is not NAME=VALUE", "mend that line; nothing was changed")
        value = value.strip()
        if value[:1] in ("'", '"'):
            value = raw.partition("=")[2].lstrip()
            quote = value[0]
            quoted = QUOTED.match(value)
            while not quoted:
                number, more = next(lines, (number, None))
                if more is None:
                    die(f"the quoted value of {name.strip()} does not end", f"close it with {quote}")
                value += "\n" + more
                quoted = QUOTED.match(value) if quote in more else None
            rest = value[quoted.end() :].strip()
            if rest and not rest.startswith("#"):
                die(f"line {number} goes on after the quoted value", r"in double quotes, write \" for a quote")
            value = quoted[0][1:-1] if quote == "'" else _unescape(quoted[0][1:-1])
        pairs[name.strip()] = value
    return pairs


def _unescape(text: str) -> str:
    try:
        value = str(json.loads('"' + text.replace("\n", "\\n").replace("\t", "\\t") + '"'))
        value.encode()  # half of a surrogate pair is no text
        return value
    except ValueError:
        return text


def render(pairs: Mapping[str, str]) -> str:
    """The text of an env file, sorted by name."""
    return "".join(f"{name}={json.dumps(value, ensure_ascii=False)}\n" for name, value in sorted(pairs.items()))
