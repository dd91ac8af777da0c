"""The jobs of an app, as they are now: those of its live release, and those that were added to it."""

import os
from pathlib import Path
from typing import NamedTuple

from mooring.app import job
from mooring.app.apps import App
from mooring.app.choices import Choices
from mooring.app.job import Job
from mooring.host.refusal import die
from mooring.release import releases
from mooring.release.releases import Release

UNITS = Path("/run/systemd/system")
ALL = "*"
"""What is suspended where all jobs are."""


def every(app: App, choices: Choices, record: Release | None) -> dict[str, Job]:
    """An app's jobs by their IDs; none of an app that was never deployed.

    One of an earlier release that is called as one that was added since gets another ID.
    """
    if record is None:
        return {}
    added = {each.id: each for each in job.of_choices(choices.cron)}
    found = {each.id: each for each in record.cron if each.id not in added}
    for each in record.cron:
        if each.id in added:
            name = job.free_id(each.command, {*added, *found})
            found[name] = each._replace(id=name)
    return {**found, **added}


def now(app: App) -> dict[str, Job]:
    return every(app, app.choices(), live(app))


def live(app: App) -> Release | None:
    return releases.find(app.live) if app.live else None


def deployed(app: App) -> Release:
    """Its live release; raise Refusal for an app that was never deployed."""
    record = live(app)
    if record is None:
        die(f"{app.name} was never deployed", f"`git push mooring@HOST:{app.name} main` first")
    return record


def pick(app: App, name: str) -> Job:
    """The job of that ID; raise Refusal where there is none."""
    deployed(app)
    found = now(app)
    if name not in found:
        there = f"it has {', '.join(found)}" if found else f'`mooring cron:add {app.name} "0 7 * * *" COMMAND` adds one'
        die(f"{app.name} has no job {name[:60]!r}", there)
    return found[name]


def is_suspended(choices: Choices, name: str) -> bool:
    return name in choices.cron_suspended or ALL in choices.cron_suspended


def concern(app: App, record: Release) -> bool:
    """Whether an app has jobs, or timers of those that it had: `record` is its live release's. Deploys ask this."""
    return bool(record.cron or app.choices().cron or drop_ins(app.name))


def drop_ins(app: str) -> list[str]:
    """The folders of the drop-ins of an app's timers."""
    prefix = f"mooring-cron@{app}."
    try:
        # Many more are there of other apps: no Path is made of each.
        return [name for name in os.listdir(UNITS) if name.startswith(prefix) and name.endswith(".d")]  # noqa: PTH208
    except FileNotFoundError:
        return []


class Shut(NamedTuple):
    """Why no job of an app runs by itself now, for people, and whether a job for maintenance does."""

    why: str
    for_maintenance: bool = False


def shut(choices: Choices) -> Shut | None:
    """Whether an app is one of which nothing runs."""
    if choices.disabled:
        return Shut("is disabled")
    if choices.stopped:
        return Shut("is stopped")
    return Shut("is in maintenance", for_maintenance=True) if choices.maintenance else None


def passes(choices: Choices, wanted: Job) -> str:
    """Why a job's time passes without a run, for people; empty where it runs."""
    closed = shut(choices)
    return closed.why if closed and not (closed.for_maintenance and wanted.maintenance) else ""
