"""Developers: `developer:*`."""

from mooring.commands import APP, JSON, allowance, command


@command("developer:allow", "mooring developer:allow my-app < id_ed25519.pub", allowance.APPS, allowance.NAME)
def allow(apps: list[str], name: str) -> None:
    """Let the public key on standard input give every command on these apps, and push to them."""
    key = allowance.allow(apps, name, "developer")
    print(f"{key.name} ({key.fingerprint}) is a developer of {', '.join(key.develops)}")


@command("developer:list", "mooring developer:list my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the developers of an app."""
    empty = f"{app} has no developer: `mooring developer:allow {app} < key.pub` adds one"
    allowance.show_allowed(app, "developer", as_json=json, empty=empty)


@command("developer:revoke", "mooring developer:revoke my-app alice", APP, allowance.WHO, for_admins=True)
def revoke(app: str, who: str) -> None:
    """Take an app from a developer; a key with no app left is removed."""
    key = allowance.revoke(app, who, "developer")
    print(f"{key.name} ({key.fingerprint}) is no developer of {app} any more")
