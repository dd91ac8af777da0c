"""The words of a shell's assignments, as sh and bash read and write them (POSIX.1 XCU 2.2; bash(1), QUOTING)."""

import re
import sys
from collections.abc import Iterator

from mooring.host.refusal import die

BETWEEN = re.compile(r"[\s;]+|\\\n|#[^\n]*")
PART = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*"|\$'(?:[^'\\]|\\.)*'|\\.|(?:[^\s;'"\\$]|\$(?!'))+""", re.DOTALL)
IN_DOUBLE_QUOTES = re.compile(r'\\([$`"\\]|\n)')
ANSI_C = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
ESCAPE = re.compile(r"\\([0-7]{1,3}|x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|.)", re.DOTALL)
ESCAPES = {
    **{"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"},
    **{each: each for each in "\"'\\?"},
}


def words(text: str) -> Iterator[tuple[int, str]]:
    """Each word, and where it begins; nothing is expanded. Raises Refusal for a quote that does not end."""
    at = 0
    while at < len(text):
        if between := BETWEEN.match(text, at):
            at = between.end()
            continue
        begin, word = at, ""
        while part := PART.match(text, at):
            word += _read(part[0])
            at = part.end()
        if at < len(text) and text[at] in "'\"\\":
            die(f"the quote in line {text.count(chr(10), 0, at) + 1} does not end", f"close it with {text[at]}")
        yield begin, word


def _read(part: str) -> str:
    if part[0] == "'":
        return part[1:-1]
    if part[0] == '"':
        return IN_DOUBLE_QUOTES.sub(lambda found: found[1].strip("\n"), part[1:-1])
    if part.startswith("$'"):
        return ansi_c(part[2:-1])
    return part.removeprefix("\\").strip("\n") if part[0] == "\\" else part


def ansi_c(text: str) -> str:
    """What stands in $'…', without its escapes: bytes are UTF-8's, as bash writes them in the locale C."""
    value = ESCAPE.sub(lambda found: _character(found[1], found[0]), text)
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _character(escape: str, whole: str) -> str:
    if escape[0] in "01234567":
        return chr(int(escape, 8))
    if len(escape) == 1:
        return ESCAPES.get(escape, whole)
    code = int(escape[1:], 16)
    return chr(code) if code <= sys.maxunicode else whole
