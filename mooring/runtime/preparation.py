"""What is decided of a release before its processes start: image, config vars, and where each of them is reached."""

import contextlib
import ipaddress

from mooring.app import link, mount
from mooring.app.apps import App
from mooring.host import settings
from mooring.host.names import PREDEPLOY, RELEASE_PHASE, ReleaseName
from mooring.host.refusal import die
from mooring.release import formation, releases
from mooring.release.process import Placement, Process
from mooring.release.releases import Release
from mooring.runtime import engine, networks


def prepared(record: Release) -> Release:
    """With all of that decided and recorded; what is already stays as it is. Raises Refusal where it cannot be."""
    app = App(record.name.app)
    if not record.image:
        record = inherit(record)
    if not (releases.folder(record.name) / "env").exists():
        releases.freeze_config(record.name, app.config())
    if not record.placements:
        choices = app.choices()
        releases.freeze_links(record.name, link.config(app))
        port = formation.chosen_port(releases.config(record.name))
        processes = formation.applied(record.processes, choices, port)
        scripts = formation.limited(record.scripts, choices)
        mounts = mount.of(choices)
        with first_content(record, mounts):
            record = place(record.changed(processes=processes, scripts=scripts, mounts=mounts).at("launching"))
    return record


def first_content(record: Release, mounts: tuple[mount.Mount, ...]) -> contextlib.AbstractContextManager[None]:
    if not mounts:
        return contextlib.nullcontext()
    # Imported where it is used: most apps keep nothing.
    from mooring.runtime import first_content

    return first_content.given(record, mounts)


def units(record: Release) -> list[str]:
    """The units of a release's processes, where they can be started with its launch stage, which waits for them.

    Not where something is run before them, and none that may run only once at a time. Asked when its turn has come.
    Whatever is wrong with the release is left for that stage to find.
    """
    try:
        record = prepared(record)
    except Exception:
        return []
    early = [each for each in record.containers if record.process(each.process).overlaps]
    return [] if record.phases(PREDEPLOY, RELEASE_PHASE) else [container.unit for container in early]


def inherit(record: Release) -> Release:
    """With the image and the processes of the release that this one is made from."""
    app = App(record.name.app)
    base = ReleaseName(app.name, record.base) if record.base else app.live
    if base is None:
        die(f"{app.name} has no live release to run again", "`git push` first")
    origin = releases.load(base)
    try:
        engine.ask("POST", f"/images/{origin.image}/tag?repo=mooring/{app.name}&tag={record.name.number}")
    except engine.EngineError:
        die(f"the image of v{base.number} is gone", f"`mooring rebuild {app.name}` builds it again")
    return releases.save(record.running(origin))


def place(record: Release) -> Release:
    """With a fixed address for every container, in the app's own network."""
    app = App(record.name.app)
    # The live release's processes are in the network: then it is there, and need not be looked for.
    subnet = releases.load(app.live).subnet if app.live else ""
    subnet = subnet or networks.ensure(app.name, settings.load().network_pool)
    taken = {each.address for other in releases.active(app) for each in other.placements}
    taken |= {each.address for each in link.of_app(app).values()}
    return releases.save(record.changed(subnet=subnet, placements=placements(record.processes, subnet, taken)))


def placements(processes: tuple[Process, ...], subnet: str, taken: set[str]) -> tuple[Placement, ...]:
    """An address of `subnet` for each container, none of `taken`; the first host address is the gateway's, the
    last ones are for what runs once.

    Raises Refusal where there are too few.
    """
    taken = {*taken, *releases.one_off_addresses(subnet)}
    hosts = (str(host) for host in list(ipaddress.ip_network(subnet).hosts())[1:])
    free = (address for address in hosts if address not in taken)
    found = []
    for process in processes:
        for ordinal in range(1, process.quantity + 1):
            address = next(free, None)
            if address is None:
                die(
                    f"{subnet} has too few addresses for this many containers",
                    "run fewer, or wait until old ones are gone",
                )
            found.append(Placement(process.name, ordinal, address))
    return tuple(found)
