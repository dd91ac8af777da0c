"""Admins: `access:*`."""

from mooring.access import keys
from mooring.access.keys import Key
from mooring.commands import JSON, argument, command
from mooring.commands.listing import show
from mooring.commands.stdin import read_key
from mooring.host.refusal import die


@command("access:add", "mooring access:add alice < id_ed25519.pub", argument("name", metavar="NAME"))
def add(name: str) -> None:
    """Make the public key on standard input an admin's."""
    keys.check_name(name)
    key = keys.add_admin(name, read_key())
    print(f"{key.name} ({key.fingerprint}) may do everything now")


@command("access:list", "mooring access:list", JSON)
def list_(json: bool) -> None:
    """List the admins."""
    rows = [{"name": key.name, "fingerprint": key.fingerprint} for key in keys.load() if key.role == "admin"]
    show(rows, as_json=json, empty="no admin key: `mooring access:add NAME < key.pub` adds one")


@command(
    "access:remove",
    "mooring access:remove alice",
    argument("who", metavar="NAME|FINGERPRINT"),
    argument("--force", action="store_true", help="also the last one"),
)
def remove(who: str, force: bool) -> None:
    """Take an admin's key away."""
    key = keys.pick("admin", who)

    def without(every: list[Key]) -> list[Key]:
        if not force and sum(each.role == "admin" for each in every) == 1:
            die(f"{key.name} is the last admin", "add another first, or use --force and `sudo mooring` on the server")
        return [each for each in every if each.fingerprint != key.fingerprint]

    keys.change(without)
    print(f"{key.name} ({key.fingerprint}) may do nothing any more")
