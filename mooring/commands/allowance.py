"""Keys that are allowed some apps: what `deploy:*` and `developer:*` have in common. (Not a command.)"""

from mooring.access import keys
from mooring.access.keys import Key, Role
from mooring.commands import argument
from mooring.commands.listing import show
from mooring.commands.stdin import read_key
from mooring.host import names

APPS = argument("apps", metavar="APP", nargs="+")
NAME = argument("--name", default="", help="what the key is called; else the key's comment")
WHO = argument("who", metavar="NAME|FINGERPRINT")


def allow(apps: list[str], name: str, role: Role) -> Key:
    """Allow the public key on standard input these apps; raise Refusal, before it is read, for a bad name."""
    for app in apps:
        names.check_app(app)
    if name:
        keys.check_name(name)
    return keys.allow(apps, name, read_key(), role)


def show_allowed(app: str, role: Role, *, as_json: bool, empty: str) -> None:
    """List the keys that are allowed an app in a role."""
    names.check_app(app)
    allowed = [key for key in keys.load() if app in (key.develops if role == "developer" else key.apps)]
    show([{"name": key.name, "fingerprint": key.fingerprint} for key in allowed], as_json=as_json, empty=empty)


def revoke(app: str, who: str, role: Role) -> Key:
    """Take an app from a key; one with no app left is removed."""
    names.check_app(app)
    key = keys.pick(role, who, app)
    keys.replace_app(app, lambda each: () if each.fingerprint == key.fingerprint else (app,))
    return key
