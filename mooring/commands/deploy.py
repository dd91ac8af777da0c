"""Deploying what is tagged: `deploy`; deploy keys: `deploy:*`."""

from mooring import app as apps
from mooring import keys, names, tag
from mooring.actor import actor
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show
from mooring.commands.stdin import read_key
from mooring.refusal import die


@command("deploy", "mooring deploy my-app stable", APP, argument("what", metavar="TAG"))
def deploy(app: str, what: str) -> int:
    """Deploy a tagged release again (its image, with today's config), or one by its number."""
    from mooring import deploying
    from mooring.commands.releases import chosen

    target = apps.find(app)
    name = tag.every(target).get(what)
    if name is None and not tag.NUMBERED.fullmatch(what):
        die(f"{app} has no tag {what[:60]!r}", f"`mooring tag:list {app}` lists them")
    name = chosen(target, str(name.number) if name else what)
    return deploying.launch(target, "deploy", actor(), base=name.number)


@command(
    "deploy:allow",
    "mooring deploy:allow my-app --name ci < ci.pub",
    argument("apps", metavar="APP", nargs="+"),
    argument("--name", default="", help="what the key is called; else the key's comment"),
)
def allow(apps: list[str], name: str) -> None:
    """Let the public key on standard input push to these apps, and nothing else; they need not exist yet."""
    for app in apps:
        names.check_app(app)
    if name:
        keys.check_name(name)
    key = keys.allow(apps, name, read_key())
    print(f"{key.name} ({key.fingerprint}) may push to {', '.join(key.apps)}")


@command("deploy:list", "mooring deploy:list my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the keys that may push to an app (admins may push to every app)."""
    names.check_app(app)
    rows = [{"name": key.name, "fingerprint": key.fingerprint} for key in keys.load() if app in key.apps]
    show(rows, as_json=json, empty=f"no deploy key for {app}: `mooring deploy:allow {app} < key.pub` adds one")


@command("deploy:revoke", "mooring deploy:revoke my-app ci", APP, argument("who", metavar="NAME|FINGERPRINT"),
         for_admins=True)  # fmt: skip
def revoke(app: str, who: str) -> None:
    """Take an app from a deploy key; a key with no app left is removed."""
    names.check_app(app)
    key = keys.pick("deploy", who, app)
    keys.replace_app(app, lambda each: () if each.fingerprint == key.fingerprint else (app,))
    print(f"{key.name} ({key.fingerprint}) may not push to {app} any more")
