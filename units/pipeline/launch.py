"""The launch stage: every process of the release runs and is ready, or none of them is.

    python -m units.pipeline.launch my-app.42

Nothing of the release that serves is touched.
"""

import re

from mooring.app import apps
from mooring.app.apps import App
from mooring.host import systemd
from mooring.host.names import RELEASE_PHASE, ContainerName, ReleaseName
from mooring.host.refusal import die
from mooring.pipeline import journal, stage
from mooring.pipeline.journal import Log
from mooring.release import releases
from mooring.release.releases import Release
from mooring.runtime import containers, preparation
from units.pipeline import ports

NO_PROGRAM = re.compile(r"\[FATAL tini \(\d+\)\] exec (\S+) failed: No such file")
"""How Docker's init says that it found nothing to start."""


def work(name: ReleaseName, log: Log) -> None:
    record = releases.load(name)
    if App(name.app).live == name:
        return
    apps.refuse_disabled(App(name.app))
    record = preparation.prepared(record)
    if record.runs_release_phase:
        record = run_release_phase(record, log)
    start(record, log)
    ports.warn_of_https(record, log)
    decided = ports.decided(record, log)
    if decided.placements != record.placements:
        start(decided, log)
    elif decided != record:
        prepare_site(decided)
    releases.save(decided.at("launched"))


def start(record: Release, log: Log) -> None:
    """Start every process; raise Refusal, with their reasons told, unless every one is ready."""
    name = record.name
    units = [container.unit for container in record.containers]
    if units and not (systemd.start(units, meanwhile=lambda: prepare_to_route(record, log)) and all_ready(record)):
        explain(record, log)
        die(
            "the new release did not become ready",
            f"its lines: `mooring logs {name.app}` or `journalctl MOORING_RELEASE={name}`",
        )


def all_ready(record: Release) -> bool:
    """Whether every process of a release has said so itself.

    systemd says that a start went well, too, where a unit ended meanwhile and its failure was forgotten.
    """
    return all("ready" in (containers.started(container) or {}) for container in record.containers)


def prepare_to_route(record: Release, log: Log) -> None:
    """While the processes start: have the site made and checked, and the next stage waiting for the end of this one."""
    for process in record.processes:
        if process.quantity:
            log.step(f"Starting {process.name}" + (f" x{process.quantity}" if process.quantity > 1 else ""))
    prepare_site(record)
    systemd.start([f"mooring-route@{record.name}.service"], "--no-block")


def prepare_site(record: Release) -> None:
    # Imported when what is waited for has begun.
    from mooring.front import site

    site.prepare(record)


def run_release_phase(record: Release, log: Log) -> Release:
    """Run the Procfile's `release`, once whatever happens to this stage; raise Refusal where it fails."""
    unit = ContainerName(record.name, RELEASE_PHASE, 1).unit
    if "released" in record.times:
        return record
    if "releasing" in record.times and systemd.state_of(unit) == "inactive":
        die("the release phase was interrupted", "it is not run twice for one release: push again when it may be")
    record = releases.save(record.at("releasing"))
    log.step(f"Release phase: {record.process(RELEASE_PHASE).command}")
    went_well = systemd.start([unit])
    systemd.stop([unit])
    if not went_well:
        reason = containers.reason_of(ContainerName(record.name, RELEASE_PHASE, 1))
        if reason.exists():
            log.warn(reason.read_text().strip())
            reason.unlink()
        die("the release phase failed", f"its lines are above, and in `journalctl -u {unit.removesuffix('.service')}`")
    return releases.save(record.at("released"))


def explain(record: Release, log: Log) -> None:
    """Say which process failed, why, and the last lines that it printed."""
    for container in record.containers:
        reason = containers.reason_of(container)
        if not reason.exists():
            continue
        log.warn(f"{container.label}: {reason.read_text().strip()}")
        reason.unlink()
        lines = journal.last_lines(str(container))
        log.line(f"the last lines of {container.label}:" if lines else "it printed nothing")
        for line in lines:
            log.line(f"  {line}")
        if missing := NO_PROGRAM.search("\n".join(lines)):
            why = "which runs the lines of a Procfile" if missing[1] == "/bin/sh" else "which is what it is to run"
            log.warn(f"the image has no {missing[1]}, {why}")


if __name__ == "__main__":
    stage.main("launch", "route", work)
