"""What a line of a Procfile is run by: a shell that ends when what it started has ended, or the image's ENTRYPOINT."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

ENDING = (
    'trap \'s=$?;trap "" TERM;wait;t=" $$ ";'
    'while [ $PPID = 1 ];do c=;read -r c </proc/1/task/1/children;[ "${c:-$$}" != $$ ]||break;'
    'for p in $c;do case $t in *" $p "*);;*)t="$t$p ";kill $p;esac;done;sleep 1;done 2>/dev/null;'
    "exit $s' TERM"
)
"""How the shell ends when it is told to: with the status of what it runs, and not before that has ended.

A trap waits for the command that runs (POSIX, 2.11): its status is the shell's. Then what runs in the background is
waited for, and what lost its parent meanwhile is told once and waited for: init ends when the shell does, and with it
everything.
"""
SHELLS = frozenset({"sh", "bash", "dash", "ash", "busybox", "zsh", "ksh"})
INTERPRETERS = SHELLS | {"python", "python2", "python3", "pypy", "pypy3", "node", "irb", "jshell", "iex", "julia", "R"}
OWN_WORDS = frozenset([
    ".", ":", "!", "[[", "{", "alias", "bg", "break", "case", "cd", "command", "continue", "do", "eval", "exec", "exit",
    "export", "fg", "for", "function", "getopts", "hash", "if", "jobs", "let", "local", "read", "readonly", "return",
    "select", "set", "shift", "source", "time", "times", "trap", "type", "typeset", "ulimit", "umask", "unalias",
    "unset", "until", "wait", "while",
])  # fmt: skip
"""What only a shell knows as a command."""
WORD = re.compile(
    r"""(?P<blank>[ \t]+)
    | (?P<plain>[A-Za-z0-9_./:=,@%+^-]+)
    | '(?P<single>[^']*)'
    | "(?P<double>(?:[^"\\`]|\\.)*)"
    | \\(?P<escaped>.)
    | \$(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)\})""",
    re.VERBOSE,
)
QUOTED = re.compile(r"\\([$`\"\\])|\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})|(\$[({0-9@*#?$!-])")


def argv(shell: Sequence[str], line: str) -> list[str]:
    """The words that run a line, by `shell` (e.g. /bin/sh -c)."""
    return [*shell, script(line)]


def script(line: str) -> str:
    return f"{ENDING}\n{line}"


def of_person(words: Sequence[str]) -> list[str]:
    """The words of a person's command; a line for a shell (sh -c LINE) ends as one of a Procfile does."""
    if len(words) > 2 and words[1] == "-c" and PurePath(words[0]).name in SHELLS - {"busybox"}:
        return [words[0], "-c", script(words[2]), *words[3:]]
    return list(words)


def for_entrypoint(
    entrypoint: Sequence[str], shell: Sequence[str], line: str, environment: Mapping[str, str]
) -> list[str]:
    """What an image's ENTRYPOINT is given for a line: its words, as Dokku does; `shell` and the line for the rest.

    A program that takes subcommands, and a script that ends in `exec "$@"`, both want the words. One that is a shell
    with -c itself takes the line as it is.
    """
    if entrypoint[-1] == "-c" and PurePath(entrypoint[0]).name in SHELLS:
        return [script(line)]
    return words(line, environment) or argv(shell, line)


def ignores_words(entrypoint: Sequence[str]) -> bool:
    """Whether it is the shell form of ENTRYPOINT, which Docker gives no word of a command."""
    return len(entrypoint) == 3 and entrypoint[1] == "-c" and PurePath(entrypoint[0]).name in SHELLS


def is_bare(command: Sequence[str]) -> bool:
    """Whether a CMD starts an interpreter that asks a person what to do, as that of many base images."""
    return (len(command) == 1 and PurePath(command[0]).name in INTERPRETERS) or list(command) == ["php", "-a"]


def words(line: str, environment: Mapping[str, str]) -> list[str] | None:
    """The words of a line as a shell would make them, quotes and variables resolved; None where it takes a shell."""
    found: list[str] = []
    word: str | None = None
    position = 0
    while position < len(line):
        match = WORD.match(line, position)
        if not match:
            return None
        position = match.end()
        kind, text = match.lastgroup, match[match.lastgroup or 0]
        if kind == "blank":
            found, word = (found if word is None else [*found, word]), None
        elif kind in ("name", "braced"):
            first, *more = re.split(r"[ \t\n]+", environment.get(text, ""))
            word = (word or "") + first if first or word is not None else None
            for part in more:
                found, word = (found if word is None else [*found, word]), part or None
        else:
            if kind == "double":
                if any(each[4] for each in QUOTED.finditer(text)):
                    return None
                text = QUOTED.sub(lambda m: m[1] or environment.get(m[2] or m[3], ""), text)
            word = (word or "") + text
    found = found if word is None else [*found, word]
    if not found or found[0] in OWN_WORDS or re.match(r"[A-Za-z_][A-Za-z0-9_]*=", line.lstrip()):
        return None
    return found
