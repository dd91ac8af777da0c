"""Deploying what is tagged: `deploy`; deploy keys: `deploy:*`."""

from mooring.access.actor import actor
from mooring.app import apps
from mooring.commands import APP, JSON, allowance, argument, command
from mooring.host.refusal import die
from mooring.release import tag


@command("deploy", "mooring deploy my-app stable", APP, argument("what", metavar="TAG"))
def deploy(app: str, what: str) -> int:
    """Deploy a tagged release again (its image, with today's config), or one by its number."""
    from mooring.commands.releases import chosen
    from mooring.pipeline import deployment

    target = apps.find(app)
    name = tag.every(target).get(what)
    if name is None and not tag.NUMBERED.fullmatch(what):
        die(f"{app} has no tag {what[:60]!r}", f"`mooring tag:list {app}` lists them")
    name = chosen(target, str(name.number) if name else what)
    return deployment.launch(target, "deploy", actor(), base=name.number)


@command("deploy:allow", "mooring deploy:allow my-app --name ci < ci.pub", allowance.APPS, allowance.NAME)
def allow(apps: list[str], name: str) -> None:
    """Let the public key on standard input push to these apps, and nothing else; they need not exist yet."""
    key = allowance.allow(apps, name, "deploy")
    print(f"{key.name} ({key.fingerprint}) may push to {', '.join(key.apps)}")


@command("deploy:list", "mooring deploy:list my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the keys that may push to an app (admins may push to every app)."""
    empty = f"no deploy key for {app}: `mooring deploy:allow {app} < key.pub` adds one"
    allowance.show_allowed(app, "deploy", as_json=json, empty=empty)


@command("deploy:revoke", "mooring deploy:revoke my-app ci", APP, allowance.WHO, for_admins=True)
def revoke(app: str, who: str) -> None:
    """Take an app from a deploy key; a key with no app left is removed."""
    key = allowance.revoke(app, who, "deploy")
    print(f"{key.name} ({key.fingerprint}) may not push to {app} any more")
