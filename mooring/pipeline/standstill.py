"""A process that may run only once at a time: that of the release before is stopped before the new one is started.

Meanwhile nothing of it runs, and people are told for how long. Where the new release does not become live, the old one
is started again.
"""

import contextlib
import time

from mooring.app.apps import App
from mooring.host import systemd
from mooring.host.names import ContainerName, ReleaseName
from mooring.host.refusal import Refusal
from mooring.pipeline.journal import Log
from mooring.release import releases
from mooring.release.process import Process
from mooring.release.releases import Release

BEGAN = "standstill"
"""The moment in the new release's record when the old one is told to end."""
OF_BOOT = "mooring-apps.service"
"""What starts the live release at boot."""
PAUSE = 0.1
RUNNING = ("active", "activating", "reloading")


def alone(record: Release) -> set[str]:
    """The processes of a release that may not run beside those of the release before, and run."""
    return {each.name for each in record.processes if each.quantity and not each.overlaps}


def old(record: Release) -> list[ContainerName]:
    """The live release's containers that have to end before this one's are started."""
    own = [each for each in record.processes if each.name in alone(record)]
    live = App(record.name.app).live if own else None
    if live is None or live == record.name:
        return []
    before = releases.load(live)
    return [each for each in before.containers if any(is_same(before.process(each.process), one) for one in own)]


def is_same(process: Process, other: Process) -> bool:
    """Whether they are one process of two releases: the CMD of an image is, whatever it is called."""
    return process.name == other.name or (process.command is None and other.command is None)


def begin(record: Release, log: Log) -> Release:
    """Stop what has to end before the new one is started; return the record, which says when.

    After a boot the old one is being started: that ends, too, when it has begun.
    """
    ending = old(record)
    if not ending:
        return record
    while systemd.has_job(OF_BOOT):
        time.sleep(PAUSE)
    units = [each.unit for each in ending]
    runs = any(state in RUNNING for state in systemd.status(units).values())
    if not App(record.name.app).choices().stopped and (runs or BEGAN not in record.times):
        record = releases.save(record.at(BEGAN))
        log.step(f"Stopping {labels(ending)} of v{ending[0].release.number}: it may run only once at a time")
    systemd.stop(units)
    return record


def take_back(name: ReleaseName, log: Log) -> None:
    """Start again what was stopped for a release that failed, whose own processes have ended; say for how long."""
    record = releases.find(name)
    if record is None or BEGAN not in record.times:
        return
    again = old(record)
    choices = App(name.app).choices()
    if not again or choices.stopped or choices.disabled:
        return
    what = f"{labels(again)} of v{again[0].release.number}"
    log.step(f"Starting {what} again")
    if not systemd.start([each.unit for each in again]):
        log.warn(f"{what} did not become ready again: `mooring ps {name.app}` shows what it does")
    # nginx passes over for seconds what did not answer it. Where it refuses, that may be why this failed.
    from mooring.front import nginx

    with contextlib.suppress(Refusal), nginx.locked():
        nginx.reload()
    log.warn(f"{labels(again)} stood still for {time.time() - record.times[BEGAN]:.1f} s")


def told(record: Release) -> list[str]:
    """How long what may run only once at a time did not, said when the release is live; no line where nothing stood."""
    if BEGAN not in record.times:
        return []
    began = record.times[BEGAN]
    still = [each for each in record.processes if each.name in alone(record)]
    return [
        f"       {each.name} {'served nothing' if each.port else 'did not run'} for "
        f"{record.times['routed' if each.port else 'launched'] - began:.1f} s: it may run only once at a time"
        for each in still
    ]


def labels(containers: list[ContainerName]) -> str:
    return ", ".join(dict.fromkeys(each.process for each in containers))
