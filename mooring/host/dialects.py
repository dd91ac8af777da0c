r"""The dialects in which config vars are written down, as `config:import` reads them.

env      NAME=value lines: dotenv files, `dokku config:export --format envfile`, our own. In double quotes \n, \t, \$
         and the like are escapes; in single quotes none is. A comment follows a blank.
shell    a shell's words: Dokku's `exports`, `shell` and `docker-args`, bash's `export -p`
heroku   `heroku config -s`: like env, and in single quotes each backslash is doubled
docker   `docker run --env-file`: all that follows the = is the value, quotes, # and blanks too
json     an object, or a list of objects with name and value
pretty   `NAME:  value` in columns: `dokku config`, `heroku config`

Nothing is expanded: a `$` is a `$`.
"""

import json as json_module
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from mooring.host import columns, shell_words
from mooring.host.names import VARIABLE
from mooring.host.refusal import die
from mooring.host.text import lines_as_here

OTHER_NAMES = {"envfile": "env", "dotenv": "env", "exports": "shell", "docker-args": "shell", "json-list": "json"}
"""What Dokku calls them."""
HINT = "mend that line; nothing was changed"
STATEMENT = re.compile(r"[ \t]*(export[ \t]+|declare[ \t]+-x[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*")
DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
SINGLE = re.compile(r"""'[^']*'(?:\\''[^']*'|"'"'[^']*')*""")
"""In single quotes; a quote in the value as shells' writers have it, '\\'' or '"'"'."""
INNER_QUOTE = re.compile(r"""'\\''|'"'"'""")
BARE = re.compile(r"(?:(?![ \t]#)[^\n])*")
BLANK = re.compile(r"\s*(?:#[^\n]*)?(?:\n|\Z)|\s+")
DONE = re.compile(r"[ \t\r]*(?:#[^\n]*)?(?=\n|\Z)")
DOUBLED = re.compile(r"(?:[^\\]*\\\\)+[^\\]*")
SECOND = re.compile(r"[ \t]+[A-Za-z_][A-Za-z0-9_]*=")
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", **{each: each for each in "\"'\\/$!`"}}
COLON = re.compile(r"[A-Za-z_][A-Za-z0-9_]*:(?:\s|\Z)")
QUOTED_ROW = re.compile(r"""^[A-Za-z_][A-Za-z0-9_]*:[ \t]*(["'])[^\n]*\1[ \t\r]*$""", re.MULTILINE)


class Var(NamedTuple):
    """A NAME=value of an env file: where it is, how its value is quoted, and whether only a shell writes it so."""

    name: str
    value: str
    at: int
    quote: str
    of_shell: bool


def read(text: str, dialect: str = "auto") -> dict[str, str]:
    """The config vars in a text; `auto` finds out which dialect it is. Raises Refusal naming what cannot be read."""
    pairs = READERS[OTHER_NAMES.get(dialect, dialect)](text)
    for name, value in pairs.items():
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            die(f"the value of {name} is no text: it has half of a surrogate pair", "nothing was changed")
    return pairs


def auto(text: str) -> dict[str, str]:
    """By what it begins with, else as an env file; raise Refusal where that could be meant in two ways."""
    start = text.lstrip()
    if start.startswith(("{", "[")):
        return json(text)
    if start.startswith(("--env", "-e ")):
        return shell(text)
    first = next((line for line in start.split("\n") if line and not line.startswith("#")), "")
    if columns.HEADER.match(first):
        return columns.rows(text)
    if COLON.match(first):
        if quoted := QUOTED_ROW.search(text):
            die(
                f"line {_line(text, quoted.start())} can be meant in two ways: are the quotes part of the value?",
                "nothing was changed; --format pretty if they are, NAME=value lines if not",
            )
        return columns.rows(text)
    text = lines_as_here(text)
    found = list(_vars(text))
    for var in [] if any(each.of_shell for each in found) else found:
        if var.quote == "'" and DOUBLED.fullmatch(var.value):
            die(
                f"line {_line(text, var.at)} can be meant in two ways: is each backslash of {var.name} doubled?",
                "nothing was changed; --format heroku if `heroku config -s` wrote it, --format env if not",
            )
    if len(found) == 1 and not found[0].quote and SECOND.search(found[0].value):
        die(
            f"line {_line(text, found[0].at)} can be meant in two ways: one value with blanks, or several config vars",
            "nothing was changed; --format shell for several, --format env for one",
        )
    return {each.name: each.value for each in found}


def env(text: str) -> dict[str, str]:
    """An env file; in double quotes there are the escapes of JSON, of godotenv and of Heroku."""
    return {each.name: each.value for each in _vars(lines_as_here(text))}


def _vars(text: str) -> Iterator[Var]:
    at, goes_on = 0, False
    while at < len(text):
        if blank := BLANK.match(text, at):
            at = blank.end()
            continue
        found = STATEMENT.match(text, at)
        if not found:
            die(f"line {_line(text, at)} is not NAME=VALUE", HINT)
        begin, at = at, found.end()
        value, quote, end = _value(text, at, found[2])
        of_shell = bool(found[1]) or goes_on or bool(quote == "'" and INNER_QUOTE.search(text, at, end))
        yield Var(found[2], value, begin, quote, of_shell)
        at, goes_on = end, False
        if done := DONE.match(text, at):
            at = done.end()
        elif text[at] in " \t" and STATEMENT.match(text, at):
            goes_on = True
        else:
            die(f"line {_line(text, at)} goes on after the quoted value", r"in double quotes, write \" for a quote")


def _value(text: str, at: int, name: str) -> tuple[str, str, int]:
    """The value that begins there, the quote that it is in, and where it ends."""
    quote = text[at : at + 1]
    if quote == '"' and (found := DOUBLE.match(text, at)):
        return unescaped(found[1]), quote, found.end()
    if quote == "'" and (found := SINGLE.match(text, at)):
        return INNER_QUOTE.sub("'", found[0])[1:-1], quote, found.end()
    if quote in ("'", '"') and quote:
        die(f"the quoted value of {name} in line {_line(text, at)} does not end", f"close it with {quote}")
    if (found := shell_words.ANSI_C.match(text, at)) and DONE.match(text, found.end()):
        return shell_words.ansi_c(found[1]), "$'", found.end()
    if quote == "#" and text[at - 1] in " \t":
        return "", "", at
    found = BARE.match(text, at)
    assert found
    return found[0].strip(" \t\r"), "", found.end()


def unescaped(text: str) -> str:
    """What stands in double quotes, without its escapes; a backslash before another letter is one."""
    value = ESCAPE.sub(lambda found: _character(found[1]) or found[0], text)
    try:
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return text


def _character(escape: str) -> str | None:
    return chr(int(escape[1:], 16)) if len(escape) > 1 else ESCAPES.get(escape)


def shell(text: str) -> dict[str, str]:
    """What a shell would assign by these words; `export` and `--env` before them are left out."""
    pairs = {}
    for at, word in shell_words.words(lines_as_here(text)):
        if word in ("export", "declare", "-x", "--env", "-e"):
            continue
        name, equals, value = word.removeprefix("--env=").partition("=")
        if not VARIABLE.fullmatch(name):
            die(f"line {_line(text, at)} is not NAME=VALUE", HINT)
        if not equals:
            die(f"line {_line(text, at)} gives {name} no value", "export names and values, e.g. --format json")
        pairs[name] = value
    return pairs


def heroku(text: str) -> dict[str, str]:
    """`heroku config -s`."""
    return {
        each.name: each.value.replace("\\\\", "\\") if each.quote == "'" else each.value
        for each in _vars(lines_as_here(text))
    }


def docker(text: str) -> dict[str, str]:
    """An env file of Docker's (`docker run --env-file`): its values are what is there, to the letter."""
    pairs = {}
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        name, equals, value = line.lstrip().partition("=")
        if not name.strip() or name.startswith("#"):
            continue
        if not equals:
            die(f"line {number} gives {name[:60]!r} no value", "here there is no environment to take it from")
        if not VARIABLE.fullmatch(name):
            die(f"line {number} is not NAME=VALUE", HINT)
        pairs[name] = value
    return pairs


def json(text: str) -> dict[str, str]:
    """An object, or a list of {"name": …, "value": …}; numbers and truth values as they are written."""
    try:
        table = json_module.loads(text)
    except json_module.JSONDecodeError as error:
        die(f"line {error.lineno} is not JSON: {error.msg}", HINT)
    except RecursionError:
        die("it nests too deep to be read", "an object of names and values")
    if isinstance(table, list):
        if not all(isinstance(each, dict) and isinstance(each.get("name"), str) and "value" in each for each in table):
            die("the list has what is no config var", '[{"name": "A", "value": "1"}]; nothing was changed')
        table = {each["name"]: each["value"] for each in table}
    if not isinstance(table, dict):
        die("it is JSON, and has no config vars", "an object of names and values; nothing was changed")
    return {name: _text(name, value) for name, value in table.items()}


def _text(name: str, value: Any) -> str:
    if not VARIABLE.fullmatch(name):
        die(f"{name[:60]!r} cannot name a config var", "letters, digits and _, not beginning with a digit")
    if value is None or isinstance(value, dict | list):
        die(f"the value of {name} is no text", "put it in quotes; nothing was changed")
    return value if isinstance(value, str) else json_module.dumps(value)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


READERS: dict[str, Callable[[str], dict[str, str]]] = {
    each.__name__: each for each in (auto, env, shell, heroku, docker, json, columns.pretty)
}
