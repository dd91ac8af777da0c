"""The commands that every kind of service has: `KIND:*`. A folder of kinds is all that they know of them."""

import functools
from collections.abc import Callable
from operator import attrgetter
from typing import NamedTuple

from mooring.commands import Argument, Command, Run, argument
from mooring.service.kind import Kind

NAME = argument("name", metavar="NAME")


class Word(NamedTuple):
    """A command of every kind: `create` for postgres:create. Its function is given the kind, then the arguments."""

    verb: str
    example: str
    arguments: tuple[Argument, ...]
    run: Run
    for_admins: bool
    for_users: bool
    wants: str


words: dict[str, Word] = {}


def word(
    verb: str, example: str, *arguments: Argument, for_admins: bool = False, for_users: bool = False, wants: str = ""
) -> Callable[[Run], Run]:
    """Make a function a command of every kind, of those whose definition has what it `wants`: "dump.export".

    `for_users`: a developer may give it for a service that an own app uses; it tells nothing of other apps.
    """

    def register(function: Run) -> Run:
        words[verb] = Word(verb, example, arguments, function, for_admins, for_users, wants)
        return function

    return register


def commands(kind: Kind) -> list[Command]:
    """The commands of a kind."""
    from mooring.commands.service import (  # noqa: F401
        access,
        backup,
        clone,
        data,
        life,
        links,
        settings,
        version,
    )

    found = []
    for each in words.values():
        if each.wants and not attrgetter(each.wants)(kind):
            continue
        summary = (each.run.__doc__ or "").strip().splitlines()[0].replace("a service", f"a {kind.name}")
        name = f"{kind.name}:{each.verb}"
        run = functools.partial(each.run, kind)
        example = f"mooring {name} {each.example}".strip()
        roles = {"is_for_admins": each.for_admins, "is_for_users": each.for_users}
        found.append(Command(name, summary, example, each.arguments, run, kind=kind.name, **roles))
    return found
