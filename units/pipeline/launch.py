"""The launch stage: every process of the release runs and is ready, or none of them is.

    python -m units.pipeline.launch my-app.42

Nothing of the release that serves is touched, but for processes that may run only once at a time.
"""

import re
from collections.abc import Callable
from functools import partial

from mooring.app import apps
from mooring.app.apps import App
from mooring.host import systemd
from mooring.host.names import ContainerName, ReleaseName
from mooring.host.refusal import die
from mooring.pipeline import journal, phase, stage, standstill
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
    record = phase.run_before(record, log)
    record = start(record, log)
    ports.warn_of_https(record, log)
    decided = ports.decided(record, log)
    if decided.placements != record.placements:
        decided = start(decided, log)
    elif decided != record:
        prepare_site(decided)
    releases.save(decided.at("launched"))


def start(record: Release, log: Log) -> Release:
    """Start every process; raise Refusal, with their reasons told, unless every one is ready.

    What may run only once at a time comes last, and only if the others are ready: nothing of it runs meanwhile.
    """
    alone = standstill.alone(record)
    beside = [each for each in record.containers if each.process not in alone]
    after = [each for each in record.containers if each.process in alone]
    meanwhile = partial(prepare_to_route, record, log)
    if beside:
        start_all(record, beside, log, meanwhile)
    if after:
        if not beside:
            meanwhile()
        record = standstill.begin(record, log)
        start_all(record, after, log)
    return record


def start_all(
    record: Release, wanted: list[ContainerName], log: Log, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Start these; raise Refusal, with their reasons told, unless every one is ready."""
    name = record.name
    if not (systemd.start([each.unit for each in wanted], meanwhile=meanwhile) and all_ready(wanted)):
        explain(record, log)
        die(
            "the new release did not become ready",
            f"its lines: `mooring logs {name.app}` or `journalctl MOORING_RELEASE={name}`",
        )


def all_ready(wanted: list[ContainerName]) -> bool:
    """Whether every one of a release's processes has said so itself.

    systemd says that a start went well, too, where a unit ended meanwhile and its failure was forgotten.
    """
    return all("ready" in (containers.started(container) or {}) for container in wanted)


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
