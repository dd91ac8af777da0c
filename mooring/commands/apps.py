"""Apps: `apps*`."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace

from mooring import app as apps
from mooring import domains, keys, names, release
from mooring.actor import actor
from mooring.app import App
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import moment, now, show, show_one
from mooring.names import ReleaseName
from mooring.refusal import die


@command("apps", "mooring apps", JSON)
def list_(json: bool) -> None:
    """List the apps."""
    rows = []
    for app in apps.every():
        live, choices = app.live, app.choices()
        rows.append(
            {
                "name": app.name,
                "release": f"v{live.number}" if live else "",
                "state": "stopped" if choices.stopped else "live" if live else "never deployed",
                "locked": choices.locked,
                "domains": list(domains.of(app)),
            }
        )
    show(rows, as_json=json, empty="no app yet: `git push mooring@HOST:my-app main` makes one")


@command("apps:create", "mooring apps:create my-app", APP)
def create(app: str) -> None:
    """Make an app, to be pushed to."""
    made = apps.create(app, now())
    print(f"{made.name} is made: `git push mooring@HOST:{made.name} main` deploys it")


@command("apps:info", "mooring apps:info my-app", APP, JSON)
def info(app: str, json: bool) -> None:
    """Show what is known of an app."""
    target = apps.find(app)
    choices = target.choices()
    record = release.load(target.live) if target.live else None
    show_one(
        {
            "name": target.name,
            "created": choices.created,
            "release": f"v{record.name.number}" if record else "",
            "deployed": moment(record.times.get("ended")) if record else "",
            "commit": record.commit if record else "",
            "processes": [f"{p.name}={p.count}" for p in record.processes] if record else [],
            "deploy-branch": choices.deploy_branch or "main, else master",
            "domains": list(domains.of(target)),
            "url": domains.url(target) or "",
            "locked": choices.locked,
            "stopped": choices.stopped,
            "config-vars": len(target.config()),
        },
        as_json=json,
    )


@command("apps:lock", "mooring apps:lock my-app", APP)
def lock(app: str) -> None:
    """Take no pushes for an app; what serves serves on."""
    apps.find(app).choose(locked=True)
    print(f"{app} takes no pushes until `mooring apps:unlock {app}`")


@command("apps:unlock", "mooring apps:unlock my-app", APP)
def unlock(app: str) -> None:
    """Take pushes for an app again."""
    apps.find(app).choose(locked=None)
    print(f"{app} takes pushes")


@command(
    "apps:destroy", "mooring apps:destroy my-app", APP, argument("--force", action="store_true", help="do not ask")
)
def destroy(app: str, force: bool) -> None:
    """Remove an app with its releases, config, repository, images and keys."""
    target = apps.find(app)
    if not force:
        print(f"This removes {app} for good. Type its name to go on: ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip() != app:
            die(f"{app} was not removed", "type its name, or use --force")
    remove(target)
    replace_in_keys(app, lambda each: ())
    print(f"{app} is removed")


@command("apps:clone", "mooring apps:clone my-app my-copy", APP, argument("new", metavar="NEW"))
def clone(app: str, new: str) -> int:
    """Make a copy of an app: its repository, config and live image, under its own domain."""
    source = apps.find(app)
    return copy(source, new, domains_too=False)


@command("apps:rename", "mooring apps:rename my-app your-app", APP, argument("new", metavar="NEW"))
def rename(app: str, new: str) -> int:
    """Give an app another name; it serves under the old one until it does under the new."""
    source = apps.find(app)
    status = copy(source, new, domains_too=True)
    if status == 0:
        remove(source)
        replace_in_keys(app, lambda each: (new,))
        print(f"{app} is {new} now")
    return status


def copy(source: App, new: str, *, domains_too: bool) -> int:
    """Make `new` like `source` and wait until it is live; nothing of it is left if it does not become so."""
    from mooring import deploying
    from mooring.program import as_git_user, run

    if source.live is None and release.every(source):
        die(f"{source.name} has no live release to copy", "deploy it first")
    target = apps.create(new, now())
    try:
        choices = source.choices()
        target.choose(
            deploy_branch=choices.deploy_branch or None,
            **({"domains": choices.domains, "redirects": choices.redirects or None} if domains_too else {}),
        )
        target.write_config(source.config())
        refs = "+refs/heads/*:refs/heads/*"
        run(*as_git_user(("git", "-C", str(target.repository), "fetch", "--quiet", str(source.repository), refs)))
        status = deploying.launch_image(target, release.load(source.live), actor()) if source.live else 0
    except BaseException:
        remove(target)
        raise
    if status:
        remove(target)
    return status


def remove(app: App) -> None:
    """Remove everything of an app; requests stop first, its folder goes last."""
    from mooring import engine, spool, systemd
    from mooring.program import run

    for marker in spool.deploying(app.name):
        spool.take_out(marker.release)
    systemd.stop([f"mooring-{stage}@{app.name}.*" for stage in spool.STAGES])
    gone = app.folder.with_name(f".gone-{app.name}")
    shutil.rmtree(gone, ignore_errors=True)
    app.folder.rename(gone)
    run("systemctl", "reload", "nginx.service")
    systemd.stop([f"mooring-app@{app.name}.*"])
    for container in engine.containers(app.name):
        engine.remove(container)
    for tag in engine.images(app.name):
        engine.remove_image(tag)
    engine.remove_network(app.name)
    shutil.rmtree(gone)


def replace_in_keys(app: str, by: Callable[[str], tuple[str, ...]]) -> None:
    """Put other apps in the place of `app` in every deploy key; a key with no app left is removed."""
    every = keys.load()
    changed = [
        replace(key, apps=tuple(sorted({new for each in key.apps for new in (by(each) if each == app else (each,))})))
        for key in every
    ]
    kept = [key for key in changed if key.role == "admin" or key.apps]
    if kept != every:
        keys.save(kept)


def parse_release(app: App, word: str) -> ReleaseName:
    """The release that `42` or `v42` names; raise Refusal if there is none."""
    number = word.removeprefix("v")
    if not names.NUMBER.fullmatch(number) or not release.exists(ReleaseName(app.name, int(number))):
        die(f"{app.name} has no release {word[:20]!r}", f"`mooring releases {app.name}` lists them")
    return ReleaseName(app.name, int(number))
