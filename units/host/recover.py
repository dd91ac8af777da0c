"""Once at boot, before anything is dispatched: put interrupted releases back, remove what nobody owns.

python -m units.host.recover
"""

from pathlib import Path

from mooring.access import keys
from mooring.app import apps
from mooring.app.apps import App
from mooring.backup import proof, report
from mooring.host import files, names, paths
from mooring.host.names import ReleaseName
from mooring.pipeline import removal, source, spool, stage
from mooring.pipeline.spool import Marker, Stage
from mooring.release import releases
from mooring.runtime import engine, networks
from mooring.service import creation
from mooring.volume import volumes


def stage_after_boot(marker: Marker, live: ReleaseName | None) -> Stage:
    """Where an interrupted release goes on: what was launched does not run any more, unless it is live.

    At the route stage, one before the live release has a change of domains to bring into force and is not launched.
    """
    if marker.release == live and marker.stage != "retire":
        return "route"
    changes_domains = live is not None and marker.release.number < live.number
    return "launch" if marker.stage == "route" and not changes_domains else marker.stage


def put_back() -> None:
    """Put every marker into the inbox of the stage where its release goes on."""
    for marker in spool.markers():
        stage = stage_after_boot(marker, App(marker.release.app).live)
        folder = {"inbox": spool.inbox, "queue": spool.queue, "run": spool.at_work}[marker.place]
        (folder(marker.stage) / str(marker.release)).rename(spool.inbox(stage) / str(marker.release))


def remove_leftovers(app: App, under_way: set[ReleaseName]) -> None:
    """Remove the source folders that no build needs, and what a killed git or writer left."""
    for folder in app.sources.iterdir():
        name = ReleaseName(app.name, int(folder.name)) if names.NUMBER.fullmatch(folder.name) else None
        if name is None or name not in under_way:
            files.remove_tree(folder)
    for quarantine in (app.repository / "objects").glob("tmp_objdir-*"):
        files.remove_tree(quarantine)
    for temporary in [*app.folder.glob(".tmp-*"), *app.releases.glob("*/.tmp-*")]:
        temporary.unlink(missing_ok=True)


def fail_forgotten(app: App, under_way: set[ReleaseName]) -> None:
    """A record without a marker was made by a command that the power cut: it never began."""
    for record in releases.every(app):
        if record.status == "queued" and record.name not in under_way:
            if record.name == app.live:
                releases.save(record.changed(status="live").at("ended"))
            else:
                stage.end(record.name, "failed", "the server went down before it began")


def remove_containers() -> None:
    """Remove every container and network that no release owns."""
    owned = {str(c) for app in apps.every() if (live := app.live) for c in releases.load(live).containers}
    for container in engine.containers():
        if container not in owned:
            engine.remove(container)
    existing = {app.name for app in apps.every()}
    for name in networks.every():
        if name not in existing:
            networks.remove(name)


def finish_removing(app: App) -> None:
    """Remove what is left of an app that was being removed when the power went, but for its folder."""
    if app.exists():
        return
    removal.remove_own_units(app)
    spool.forget(app.name)
    removal.remove_from_docker(app)
    removal.remove_attachments(app)
    keys.replace_app(app.name, lambda key: ())


def main() -> None:
    for gone in paths.APPS.glob(".gone-*"):
        finish_removing(App(gone.name.removeprefix(".gone-")))
    for draft in paths.APPS.glob(".*"):
        files.remove_tree(draft)
    for folder in [paths.SPOOL, *(place(each) for each in spool.STAGES for place in (spool.inbox, spool.queue))]:
        for temporary in Path(folder).glob(".tmp-*"):
            temporary.unlink(missing_ok=True)
    put_back()
    under_way = {marker.release for marker in spool.markers()}
    for workspace in paths.BUILDS.iterdir() if paths.BUILDS.exists() else ():
        if workspace.name not in {str(name) for name in under_way}:
            files.remove_tree(workspace)
    for app in apps.every():
        remove_leftovers(app, {name for name in under_way if name.app == app.name and source.tree(name).exists()})
        fail_forgotten(app, under_way)
    remove_containers()
    # After them: what a volume was made out of was theirs.
    volumes.recover()
    creation.clean()
    proof.clear()
    report.settle_all()


if __name__ == "__main__":
    main()
