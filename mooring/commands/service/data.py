"""What is in a service, out and in: `KIND:export`, `KIND:import`."""

import sys

from mooring.commands import argument
from mooring.commands.service import NAME, word
from mooring.commands.service.access import running
from mooring.host import files, interrupt
from mooring.host.refusal import die
from mooring.runtime import server
from mooring.service.kind import Kind

DATABASE = argument("--database", default="", metavar="D", help="another database than the one that all links share")


@word("export", "orders > orders.dump", DATABASE, NAME, wants="dump.export")
def export(kind: Kind, name: str, database: str) -> int:
    """Write what is in a service to standard output."""
    from mooring.commands import run

    service = running(kind, name)
    if sys.stdout.isatty():
        die("a dump is not for a terminal", f"mooring {kind.name}:export {name} > {name}.dump")
    return run.in_container(service.name.key, kind.words(kind.dump.export, database=database or service.database))


@word("import", "orders < orders.dump", DATABASE, NAME, wants="dump.import_")
def import_(kind: Kind, name: str, database: str) -> None:
    """Replace what is in a service by the dump on standard input, when that has come whole."""
    service = running(kind, name)
    if not sys.stdin or sys.stdin.isatty():
        die("there is no dump on standard input", f"mooring {kind.name}:import {name} < {name}.dump")
    words = kind.words(kind.dump.import_, database=database or service.database)
    # It goes on when its client goes away: what has come by then is all that there is of the dump.
    interrupt.ignore()
    status, said = server.feed(service.name, words, sys.stdin.fileno())
    if status and not said:
        either = "it has what it had, or what the dump has, and nothing between the two"
        die(f"the import into {name} was cut off (status {status}): {either}", "look, then try it again")
    if status:
        die(f"{name} is as it was: {said}", files.fullness(service.data))
    print(f"{name} has what the dump has")
