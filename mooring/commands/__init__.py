"""The commands: one module for each group, found by the group's name; a command is a function with `@command`.

`config:set` is in `mooring.commands.config`; the kinds of services, which are folders, have all the same commands,
`postgres:create` and `redis:create`, and those are in `mooring.commands.service`. Only the
module that a command needs is imported.
"""

import argparse
import importlib
import os
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from mooring.commands.vocabulary import ALIASES, REMEDIES, SHOWS

Run = Callable[..., int | None]

ALONE = {
    "app-json": "app_json",
    "deploy": "deploy",
    "enter": "run",
    "error-pages": "error_pages",
    "exec": "run",
    "help": "host",
    "http-auth": "http_auth",
    "rollback": "releases",
    "url": "domains",
    "version": "host",
}
"""The module of a word that is no group of its own."""


class Misuse(Exception):
    """A command that there is not, or arguments that it does not take."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Misuse(f"{message}; {self.format_usage()}")


def formatter(prog: str) -> argparse.HelpFormatter:
    """argparse's own, told how wide the terminal is: it asks shutil otherwise, which takes 3 ms to import."""
    try:
        width = os.get_terminal_size().columns
    except OSError:
        width = 80
    return argparse.RawDescriptionHelpFormatter(prog, width=width - 2)


class Argument(NamedTuple):
    """One argument of a command, as argparse's add_argument takes it."""

    names: tuple[str, ...]
    options: dict[str, Any]


class Command(NamedTuple):
    name: str
    summary: str
    example: str
    arguments: tuple[Argument, ...]
    run: Run
    is_for_all: bool = False
    is_for_admins: bool = False
    kind: str = ""
    """The kind of service that it is for, where it is one of those that every kind has."""
    is_for_users: bool = False
    """Whether who develops an app that uses the service may give it too."""

    @property
    def is_for_developers(self) -> bool:
        """Whether it is about one app, or a service that this uses, and no more can be done with it than that."""
        one_app = any(argument.names == ("app",) for argument in self.arguments)
        return self.is_for_all or self.is_for_users or (one_app and not self.is_for_admins)

    def parser(self) -> argparse.ArgumentParser:
        parser = Parser(
            prog=f"mooring {self.name}",
            description=self.summary,
            epilog=f"example: {self.example}",
            formatter_class=formatter,
            allow_abbrev=False,
        )
        for argument in self.arguments:
            parser.add_argument(*argument.names, **argument.options)
        return parser


known: dict[str, Command] = {}


def command(
    name: str, example: str, *arguments: Argument, for_all: bool = False, for_admins: bool = False
) -> Callable[[Run], Run]:
    """Make a function a command; the first line of its docstring is its summary.

    A developer may give it where it has an argument APP, one of the developer's own. `for_all`: it tells nothing
    of an app that is not the developer's. `for_admins`: it is about one app, and reaches beyond it.
    """

    def register(function: Run) -> Run:
        summary = (function.__doc__ or "").strip().splitlines()[0]
        known[name] = Command(name, summary, example, arguments, function, for_all, for_admins)
        return function

    return register


def argument(*names: str, **options: Any) -> Argument:
    return Argument(names, options)


APP = argument("app", metavar="APP")
JSON = argument("--json", action="store_true", help="print JSON")


def find(name: str) -> Command | None:
    """The command of that name, its module imported; None if there is none."""
    name = ALIASES.get(name, name)
    group = name.partition(":")[0]
    if group == "KIND":
        return next((each for each in listed() if each.name == name), None)
    module = ALONE.get(group, group)
    if not module.isidentifier():
        return None
    try:
        importlib.import_module(f"{__name__}.{module}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{module}":
            raise
        of_service(module)
    return known.get(name) or (known.get(group) if name.partition(":")[2] in SHOWS else None)


def of_service(kind: str) -> None:
    """Make the commands of a kind of service known, where there is one of that name."""
    from mooring.service import kind as kinds

    if found := kinds.find(kind):
        from mooring.commands import service

        for each in service.commands(found):
            known[each.name] = each


def unknown(name: str) -> str:
    """What is said of a command that there is not."""
    import difflib

    group, _, verb = name.partition(":")
    if remedy := REMEDIES.get(name) or REMEDIES.get(group) or REMEDIES.get(f"KIND:{verb}", "").replace("KIND", group):
        return f"there is no command {name[:60]!r} ({remedy})"
    if lacking := _lacking(name):
        return lacking
    near = difflib.get_close_matches(name, [*(each.name for each in every()), *ALIASES], n=1)
    hint = f"did you mean {near[0]}?" if near else "`mooring help` lists them"
    return f"there is no command {name[:60]!r} ({hint})"


def _lacking(name: str) -> str:
    """What is said of a command that other kinds of service have, and this one has not."""
    from mooring.service import kind as kinds

    group, _, verb = name.partition(":")
    found = kinds.find(group)
    if found is None or f"KIND:{verb}" not in {each.name for each in listed()}:
        return ""
    others = [each for each in kinds.names() if f"{each}:{verb}" in known]
    return f"there is no command {name!r}: a {group} has no {verb} (what has: {', '.join(others)})"


def modules() -> list[str]:
    import pkgutil

    return [each.name for each in pkgutil.iter_modules(__path__)]


def every() -> list[Command]:
    """All commands, by name."""
    from mooring.service import kind

    there = modules()
    for module in there:
        importlib.import_module(f"mooring.commands.{module}")
    for name in kind.names():
        if name not in there:
            of_service(name)
    return sorted(known.values(), key=lambda each: each.name)


def listed() -> list[Command]:
    """All commands, by name, with those of services once: `KIND:create`."""
    found = {each.name: each for each in map(_of_any_kind, every())}
    return sorted(found.values(), key=lambda each: each.name.lower())


def _of_any_kind(command: Command) -> Command:
    """A command of a kind of service as that of all; others as they are."""
    if not command.kind:
        return command
    name, example = (text.replace(f"{command.kind}:", "KIND:", 1) for text in (command.name, command.example))
    summary = command.summary.replace(f"a {command.kind}", "a service")
    return command._replace(name=name, example=example, summary=summary, run=_stands_for)


def _stands_for(**_: object) -> NoReturn:
    from mooring.host.refusal import die
    from mooring.service import kind

    die("KIND stands for a kind of service", f"one of {', '.join(kind.names())}, e.g. `mooring postgres:create orders`")
