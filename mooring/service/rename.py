"""Another name for a service: its folder is called otherwise from one moment to the next, and all else follows that.

Until it does, the old name is a symbolic link to the new one, so that an app that looks finds its link.
"""

from mooring.app import apps, link
from mooring.host import files, interrupt, paths, systemd
from mooring.host.names import ServiceName
from mooring.host.refusal import die
from mooring.runtime import server
from mooring.service import exposure, services, trial
from mooring.service.services import Service


def rename(service: Service, new: ServiceName) -> None:
    """Give a service another name, and restart it; raise Refusal where it does not start, and has its old one again."""
    interrupt.ignore()
    began = services.now()
    move(service, new)
    if service.stopped or systemd.start([new.unit]):
        return
    why = trial.said(new, began)
    move(services.load(new), service.name)
    systemd.start([service.name.unit])
    die(f"{service.name.name} did not start as {new.name}, and keeps its name: {why}")


def move(service: Service, new: ServiceName) -> None:
    """Stop a service, and let everything of it have another name."""
    old = service.name
    # Nobody changes it meanwhile, or links it.
    with files.locked(service.files), files.locked(service.folder):
        # Links share the database that they did.
        services.save(services.load(old).changed(shared=service.database))
        systemd.stop([exposure.unit(old), old.unit])
        server.remove(old)
        systemd.stop([old.slice])
        place = services.folder(new)
        place.unlink(missing_ok=True)
        # It leads to itself, and the folder is put in its place: then the other way round.
        place.symlink_to(new.name)
        files.exchange(place, service.folder)
        files.sync_directory(place.parent)
    follow(old, new)
    if service.expose:
        systemd.start([exposure.unit(new)], "--no-block")


def follow(old: ServiceName, new: ServiceName) -> None:
    """Let the apps' links lead to where the service is now."""
    for app in apps.every():
        for prefix, made in link.of_app(app).items():
            if made.service == new:
                link.attach(app, prefix, made)
    services.folder(old).unlink(missing_ok=True)


def clean() -> None:
    """Finish, at boot, what the power cut."""
    for place in paths.SERVICES.glob("*/*"):
        if place.is_symlink():
            target = place.readlink().name
            if target != place.name:
                follow(ServiceName(place.parent.name, place.name), ServiceName(place.parent.name, target))
            place.unlink(missing_ok=True)
