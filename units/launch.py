"""The launch stage: every process of the release runs and is ready, or none of them is.

    python -m units.launch my-app.42

Nothing of the release that serves is touched.
"""

import ipaddress

from mooring import engine, formation, journal, paths, release, settings, stage, systemd
from mooring.app import App
from mooring.journal import Log
from mooring.names import RELEASE_PHASE, ContainerName, ReleaseName
from mooring.refusal import die
from mooring.release import Placement, Process, Release

RUNS_RELEASE_PHASE = ("push", "archive", "sync", "rebuild", "config", "clone")
"""The kinds of release with new code or config. A restart and a rollback bring back what had it run."""


def work(name: ReleaseName, log: Log) -> None:
    record = release.load(name)
    if App(name.app).live == name:
        return
    choices = App(name.app).choices()
    if choices.disabled:
        die(f"{name.app} is disabled", f"`mooring apps:enable {name.app}` starts it")
    if not record.image:
        record = inherit(record)
    if not record.placements:
        record = place(record.changed(processes=formation.applied(record.processes, choices)).at("launching"))
    if not (release.folder(name) / "env").exists():
        release.freeze_config(name, App(name.app).config())
    if record.has_release_phase and record.kind in RUNS_RELEASE_PHASE:
        record = run_release_phase(record, log)
    units = [container.unit for container in record.containers]
    if units and not systemd.start(units, meanwhile=lambda: prepare_to_route(record, log)):
        explain(record, log)
        die(
            "the new release did not become ready",
            f"its lines: `mooring logs {name.app}` or `journalctl MOORING_RELEASE={name}`",
        )
    release.save(record.at("launched"))


def prepare_to_route(record: Release, log: Log) -> None:
    """While the processes start: have the site made and checked, and the next stage waiting for the end of this one."""
    # Imported when what is waited for has begun.
    from nginx import site

    for process in record.processes:
        if process.count:
            log.step(f"Starting {process.name} x{process.count}" if process.count > 1 else f"Starting {process.name}")
    site.prepare(record)
    systemd.start([f"mooring-route@{record.name}.service"], "--no-block")


def run_release_phase(record: Release, log: Log) -> Release:
    """Run the Procfile's `release`, once whatever happens to this stage; raise Refusal where it fails."""
    unit = ContainerName(record.name, RELEASE_PHASE, 1).unit
    if "released" in record.times:
        return record
    if "releasing" in record.times and systemd.state_of(unit) == "inactive":
        die("the release phase was interrupted", "it is not run twice for one release: push again when it may be")
    record = release.save(record.at("releasing"))
    log.step(f"Release phase: {record.process(RELEASE_PHASE).command}")
    went_well = systemd.start([unit])
    systemd.stop([unit])
    if not went_well:
        reason = paths.RUN / "reasons" / str(ContainerName(record.name, RELEASE_PHASE, 1))
        if reason.exists():
            log.warn(reason.read_text().strip())
            reason.unlink()
        die("the release phase failed", f"its lines are above, and in `journalctl -u {unit.removesuffix('.service')}`")
    return release.save(record.at("released"))


def inherit(record: Release) -> Release:
    """With the image and the processes of the release that this one is made from."""
    app = App(record.name.app)
    base = ReleaseName(app.name, record.base) if record.base else app.live
    if base is None:
        die(f"{app.name} has no live release to run again", "`git push` first")
    origin = release.load(base)
    try:
        engine.ask("POST", f"/images/{origin.image}/tag?repo=mooring/{app.name}&tag={record.name.number}")
    except engine.EngineError:
        die(f"the image of v{base.number} is gone", f"`mooring rebuild {app.name}` builds it again")
    return release.save(record.running(origin))


def place(record: Release) -> Release:
    """With a fixed address for every container, in the app's own network."""
    app = App(record.name.app)
    # The live release's processes are in the network: then it is there, and need not be looked for.
    subnet = release.load(app.live).subnet if app.live else ""
    subnet = subnet or engine.ensure_network(app.name, settings.load().network_pool)
    taken = {
        each.address
        for other in release.every(app)
        if other.name == app.live or other.status in ("queued", "live")
        for each in other.placements
    }
    return release.save(record.changed(subnet=subnet, placements=placements(record.processes, subnet, taken)))


def placements(processes: tuple[Process, ...], subnet: str, taken: set[str]) -> tuple[Placement, ...]:
    """An address of `subnet` for each container, none of `taken`; the first host address is the gateway's, the
    last ones are for what runs once.

    Raises Refusal where there are too few.
    """
    taken = {*taken, *release.one_off_addresses(subnet)}
    hosts = (str(host) for host in list(ipaddress.ip_network(subnet).hosts())[1:])
    free = (address for address in hosts if address not in taken)
    found = []
    for process in processes:
        for index in range(1, process.count + 1):
            address = next(free, None)
            if address is None:
                die(
                    f"{subnet} has too few addresses for this many containers",
                    "run fewer, or wait until old ones are gone",
                )
            found.append(Placement(process.name, index, address))
    return tuple(found)


def explain(record: Release, log: Log) -> None:
    """Say which process failed, why, and the last lines that it printed."""
    for container in record.containers:
        reason = paths.RUN / "reasons" / str(container)
        if not reason.exists():
            continue
        log.warn(f"{container.process}.{container.index}: {reason.read_text().strip()}")
        reason.unlink()
        lines = journal.last_lines(str(container))
        log.line(f"the last lines of {container.process}.{container.index}:" if lines else "it printed nothing")
        for line in lines:
            log.line(f"  {line}")


if __name__ == "__main__":
    stage.main("launch", "route", work)
