"""Apps: `apps*`."""

import contextlib
import io
import sys

from mooring.access import keys
from mooring.access.actor import actor, may_see
from mooring.app import apps, link, mount
from mooring.app.apps import App
from mooring.certificate import automatic
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import moment, show, show_one
from mooring.front import domains, tls
from mooring.host import interrupt, names, settings
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal, die
from mooring.release import releases

NEW = argument("new", metavar="NEW")


@command("apps", "mooring apps", JSON, for_all=True)
def list_(json: bool) -> None:
    """List the apps (for a developer, the own ones)."""
    rows = []
    for app in filter(lambda each: may_see(each.name), apps.every()):
        live, choices = app.live, app.choices()
        rows.append(
            {
                "name": app.name,
                "release": f"v{live.number}" if live else "",
                "state": "disabled" if choices.disabled else state(live is not None, choices.stopped),
                "locked": choices.locked,
                "domains": list(domains.of(app)),
            }
        )
    show(rows, as_json=json, empty="no app yet: `git push mooring@HOST:my-app main` makes one")


def state(deployed: bool, stopped: bool) -> str:
    return ("stopped" if stopped else "live") if deployed else "never deployed"


@command("apps:create", "mooring apps:create my-app", APP)
def create(app: str) -> None:
    """Make an app, to be pushed to."""
    new = App(names.check_app(app))
    domains.refuse_taken([domains.default(new)], new)
    apps.create(app)
    if settings.load().certs_auto:
        # Its certificate comes while it is being built.
        automatic.wake()
    print(f"{app} is made: `git push mooring@HOST:{app} main` deploys it")


@command("apps:info", "mooring apps:info my-app", APP, JSON)
def info(app: str, json: bool) -> None:
    """Show what is known of an app."""
    target = apps.find(app)
    choices = target.choices()
    record = releases.load(target.live) if target.live else None
    show_one(
        {
            "name": target.name,
            "created": choices.created,
            "release": f"v{record.name.number}" if record else "",
            "deployed": moment(record.times.get("ended")) if record else "",
            "commit": record.commit if record else "",
            "processes": [f"{p.name}={p.quantity}" for p in record.processes] if record else [],
            "only-once": [p.name for p in record.processes if not p.overlaps] if record else [],
            "deploy-branch": choices.deploy_branch or "main, else master",
            "domains": list(domains.of(target)),
            "redirects": list(choices.redirects),
            "url": tls.url(target) or "",
            "locked": choices.locked,
            "stopped": choices.stopped,
            "disabled": choices.disabled,
            "volumes": [each.text for each in mount.of(choices)],
            "services": [f"{each.service}={prefix}_URL" for prefix, each in link.of_app(target).items()],
            "config-vars": len(target.config()),
        },
        as_json=json,
    )


@command("apps:lock", "mooring apps:lock my-app", APP)
def lock(app: str) -> None:
    """Take no pushes, archives, images or new commits for an app; what serves serves on."""
    apps.find(app).choose(locked=True)
    print(f"{app} takes no pushes until `mooring apps:unlock {app}`")


@command("apps:unlock", "mooring apps:unlock my-app", APP)
def unlock(app: str) -> None:
    """Take pushes for an app again."""
    apps.find(app).choose(locked=None)
    print(f"{app} takes pushes")


@command("apps:disable", "mooring apps:disable my-app", APP)
def disable(app: str) -> int:
    """Stop an app and take it off the web; no push, command or boot starts it until `apps:enable`."""
    from mooring.commands import ps
    from mooring.host import systemd
    from mooring.pipeline import deployment, spool

    target = apps.find(app)
    if spool.deploying(app):
        die(f"a release of {app} is on its way", f"wait until it has ended, or `mooring deploys:cancel {app}`")
    if target.choices().disabled:
        print(f"{app} is disabled already")
        return 0
    target.choose(disabled=True)
    if deployment.reroute(target):
        target.choose(disabled=None)
        return 1
    if containers := ps.chosen(target, ""):
        ps.run_units("stop", target, containers)
    systemd.stop([f"mooring-run@{app}.*", f"mooring-cron@{app}.*.service"])
    print(f"{app} is disabled: it serves nothing and takes no pushes until `mooring apps:enable {app}`")
    return 0


@command("apps:enable", "mooring apps:enable my-app", APP)
def enable(app: str) -> int:
    """Start an app that was disabled, with what was chosen for it meanwhile, and serve it again."""
    from mooring.pipeline import deployment

    target = apps.find(app)
    if not target.choices().disabled:
        print(f"{app} is enabled already")
        return 0
    target.choose(disabled=None)
    status = deployment.launch(target, "enable", actor(), to_the_end=True) if target.live else 0
    if status:
        target.choose(disabled=True)
    print(f" !     {app} stays disabled" if status else f"{app} is enabled", flush=True)
    return status


@command(
    "apps:destroy", "mooring apps:destroy my-app", APP, argument("--force", action="store_true", help="do not ask")
)
def destroy(app: str, force: bool) -> None:
    """Remove an app with its releases, config, repository, images and keys."""
    from mooring.pipeline import removal
    from mooring.telling import audit

    target = apps.find(app)
    kept = []
    with contextlib.suppress(Refusal):
        kept = [each.volume for each in mount.of(target.choices())]
    if not force:
        print(f"This removes {app} for good. Type its name to go on: ", end="", file=sys.stderr, flush=True)
        if not sys.stdin or sys.stdin.readline().strip() != app:
            die(f"{app} was not removed", "type its name, or use --force")
    audit.tell_now()
    removal.remove(target, f"{app} was destroyed by {actor()}")
    keys.replace_app(app, lambda key: ())
    print(f"{app} is removed" + (f"; its volumes stay: {', '.join(kept)}" if kept else ""))


@command("apps:clone", "mooring apps:clone my-app my-copy", APP, NEW, for_admins=True)
def clone(app: str, new: str) -> int:
    """Make a copy of an app: its repository, config and live image, under its own domain."""
    from mooring.pipeline import replica

    status = replica.copy(apps.find(app), new, renaming=False)
    if status == 0:
        print(f"{new} is a copy of {app}")
        for each in mount.of(App(app).choices()):
            print(
                f" !     without what is in {each.volume}: `mooring volume:clone {each.volume} {new}-data` copies that,"
            )
            print(f"       `mooring volume:link {new} {new}-data {each.path}` links it")
    return status


@command("apps:rename", "mooring apps:rename my-app your-app", APP, NEW, for_admins=True)
def rename(app: str, new: str) -> int:
    """Give an app another name, with its releases; it serves under the old one until it does under the new."""
    from mooring.pipeline import deployment, removal, replica, spool
    from mooring.telling import audit, drain, webhook

    source = apps.find(app)
    if spool.deploying(app):
        die(f"a release of {app} is on its way", f"wait until it has ended, or `mooring deploys:cancel {app}`")
    choices, live = source.choices(), source.live
    running = releases.load(live).processes if live and not (choices.stopped or choices.disabled) else ()
    if once := [each.name for each in running if each.quantity and not each.overlaps]:
        die(
            f"{once[0]} of {app} may run only once at a time, and would under both names for a moment",
            f"`mooring ps:stop {app}`, rename it, and `mooring ps:start {new}`",
        )
    status = replica.copy(source, new, renaming=True)
    if status == 0:
        interrupt.ignore()
        if source.live != live or spool.deploying(app):
            removal.remove(App(new), f"{app} keeps its name")
            die(f"{app} was deployed meanwhile, and keeps its name", f"`mooring apps:rename {app} {new}` again")
        replica.take_place(source, App(new))
        # What these print may find nobody who reads it any more.
        with contextlib.redirect_stdout(io.StringIO()):
            if choices.disabled:
                disable(new)
            if choices.stopped:
                from mooring.commands import ps

                ps.stop(new, "")
            if (choices.disabled or choices.stopped) and not choices.maintenance:
                App(new).choose(maintenance=None)
                deployment.reroute(App(new))
        keys.replace_app(app, lambda key: (new,))
        parked = drain.park(app, new)
        webhook.rename(app, new)
        audit.note(app=new, was=app)
        removal.remove(source, f"{app} is called {new} now")
        drain.resume(parked, app)
        print(f"{app} is {new} now")
    return status


def parse_release(app: App, word: str) -> ReleaseName:
    """The release that `42` or `v42` names; raise Refusal if there is none."""
    number = word.removeprefix("v")
    if not names.NUMBER.fullmatch(number) or not releases.exists(ReleaseName(app.name, int(number))):
        die(f"{app.name} has no release {word[:20]!r}", f"`mooring releases {app.name}` lists them")
    return ReleaseName(app.name, int(number))
