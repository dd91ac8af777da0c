"""Developers: `developer:*`."""

from mooring import keys, names
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show
from mooring.commands.stdin import read_key


@command(
    "developer:allow",
    "mooring developer:allow my-app < id_ed25519.pub",
    argument("apps", metavar="APP", nargs="+"),
    argument("--name", default="", help="what the key is called; else the key's comment"),
)
def allow(apps: list[str], name: str) -> None:
    """Let the public key on standard input give every command on these apps, and push to them."""
    for app in apps:
        names.check_app(app)
    if name:
        keys.check_name(name)
    key = keys.allow(apps, name, read_key(), "developer")
    print(f"{key.name} ({key.fingerprint}) is a developer of {', '.join(key.develops)}")


@command("developer:list", "mooring developer:list my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the developers of an app."""
    names.check_app(app)
    rows = [{"name": key.name, "fingerprint": key.fingerprint} for key in keys.load() if app in key.develops]
    show(rows, as_json=json, empty=f"{app} has no developer: `mooring developer:allow {app} < key.pub` adds one")


@command("developer:revoke", "mooring developer:revoke my-app alice", APP, argument("who", metavar="NAME|FINGERPRINT"),
         for_admins=True)  # fmt: skip
def revoke(app: str, who: str) -> None:
    """Take an app from a developer; a key with no app left is removed."""
    names.check_app(app)
    key = keys.pick("developer", who, app)
    keys.replace_app(app, lambda each: () if each.fingerprint == key.fingerprint else (app,))
    print(f"{key.name} ({key.fingerprint}) is no developer of {app} any more")
