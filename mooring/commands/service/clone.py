"""A service with the data of another one: `KIND:clone`."""

from mooring.commands import argument
from mooring.commands.service import NAME, word
from mooring.commands.service.access import running
from mooring.host import names
from mooring.service import clone, creation
from mooring.service.kind import Kind


@word("clone", "orders orders-copy", NAME, argument("new", metavar="NEW"))
def clone_(kind: Kind, name: str, new: str) -> None:
    """Make a service of its own with what is in a service now, in its version and with its settings."""
    wanted = names.check_service(kind.name, new)
    service = running(kind, name)
    creation.refuse_taken(wanted)
    creation.refuse_reserved(kind, wanted)
    made = clone.clone(service, kind, wanted, lambda line: print(line, flush=True))
    print(f"{new} has what {name} has: {kind.title} {made.version}; it is linked to no app")
