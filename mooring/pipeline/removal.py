"""Removing everything of an app."""

import shutil
import sys
from pathlib import Path

from mooring.app import link
from mooring.app.apps import App
from mooring.cron import timers
from mooring.front import vhost
from mooring.host import interrupt, names, paths, systemd
from mooring.host.program import ProgramError, run
from mooring.pipeline import link_change, spool
from mooring.pipeline.journal import Log
from mooring.runtime import engine, images, networks
from mooring.telling import drain, webhook

UNIT_FOLDERS = [Path(f"/{top}/systemd/{folder}") for top in ("etc", "run") for folder in ("system", "system.control")]
"""Where an operator's units and drop-ins are, and those that `systemctl set-property` makes (systemd.unit(5))."""


def remove(app: App, reason: str) -> None:
    """Remove everything of an app: what is on its way first, then what serves, its folder last.

    Whoever follows a release of it is told `reason`. Goes on when the person who asked for it goes away. Raises
    Refusal, before anything is removed, where Docker does not answer.
    """
    engine.refuse_silent()
    interrupt.ignore()
    timers.remove_all(app.name)
    links = list(link.of_app(app).values())
    remove_own_units(app)
    give_up(app, reason)
    # nginx reads apps/*/live/nginx.conf, which a name with a dot does not match.
    gone = paths.APPS / f".gone-{app.name}"
    shutil.rmtree(gone, ignore_errors=True)
    app.folder.rename(gone)
    give_up(app, reason)
    reload_nginx(app)
    timers.remove_all(app.name)
    systemd.stop([f"mooring-{kind}@{app.name}.*" for kind in ("app", "run", "cron")])
    link_change.end_all(app.name, links)
    remove_from_docker(app)
    for folder in ("reasons", "containers", "ends", "cron"):
        for left in (paths.RUN / folder).glob(f"{app.name}.*"):
            left.unlink(missing_ok=True)
    for workspace in paths.BUILDS.glob(f"{app.name}.*"):
        shutil.rmtree(workspace, ignore_errors=True)
    remove_attachments(app)
    shutil.rmtree(gone, ignore_errors=True)


def remove_from_docker(app: App) -> None:
    """Remove the containers, images and network of an app that is not there any more."""
    for container in engine.containers(app.name):
        engine.remove(container)
    systemd.stop([names.slice_of(app.name)])
    for tag in images.tags(app.name):
        images.remove_tag(tag)
    networks.remove(app.name)
    systemd.stop([names.slice_of(app.name)])


def remove_attachments(app: App) -> None:
    """Remove what is kept of an app outside of its folder: an app that is called so later has nothing of it."""
    drain.remove_all(app.name)
    vhost.remove_logs(app)
    webhook.remove_all(app.name)


def give_up(app: App, reason: str) -> None:
    """Stop the stages at work on the app's releases, whatever they do; none of them goes on."""
    under_way = spool.forget(app.name)
    systemd.stop([f"mooring-{stage}@{app.name}.*" for stage in (*spool.STAGES, names.RELEASE_PHASE)])
    for name in under_way:
        Log(name, "build").end("cancelled", f" !     {reason}")
    spool.wake()


def remove_own_units(app: App) -> None:
    """Stop what starts by itself for the app, and remove what systemd has of its own: timers' links, drop-ins."""
    patterns = (f"mooring-*@{app.name}.*", f"*.wants/mooring-*@{app.name}.*", f"{names.slice_of(app.name)}.d")
    found = [each for folder in UNIT_FOLDERS for pattern in patterns for each in folder.glob(pattern)]
    timers = [each.name for each in found if each.suffix == ".timer"]
    systemd.stop([*timers, *([f"mooring-sync@{app.name}.service"] if timers else [])])
    for each in found:
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each, ignore_errors=True)
        else:
            each.unlink()
    if found:
        run("systemctl", "daemon-reload")


def reload_nginx(app: App) -> None:
    """Let nginx forget the app; one that cannot reload answers for it as for an app that is down."""
    try:
        run("systemctl", "reload", "nginx.service")
    except ProgramError:
        print(f" !     nginx did not reload and still knows {app.name}: `nginx -t` says why", file=sys.stderr)
