"""JSON with comments and trailing commas (JSONC), as editors and Dokku take it."""

import json
import re
from typing import Any

STRING = r'"(?:[^"\\\n]|\\.?)*"?'
"""Also one that does not end: looking for its end from each quote again would take time without bound."""
COMMENT = re.compile(rf"({STRING})|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
TRAILING_COMMA = re.compile(rf"({STRING})|,(?=\s*[}}\]])", re.DOTALL)


def loads(text: str) -> Any:
    """What the text says; raise json.JSONDecodeError with the line that is wrong."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return json.loads(plain(text))


def plain(text: str) -> str:
    """The text without comments and trailing commas, everything else where it was."""
    for unwanted in (COMMENT, TRAILING_COMMA):
        text = unwanted.sub(lambda found: found[1] or re.sub(r"[^\n]", " ", found[0]), text)
    return text
