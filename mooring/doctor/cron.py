"""The jobs: those whose last run failed, those whose timer does not run, and runs that go on for days."""

import time
from collections.abc import Iterator

from mooring.app import apps, crontab
from mooring.app.apps import App
from mooring.app.job import Job
from mooring.cron import history, jobs, timers
from mooring.doctor import Finding, show
from mooring.host.refusal import Refusal

LONG = 86400.0
"""Seconds from which on a run is worth a word."""


def cron() -> Iterator[Finding]:
    wanted: dict[str, str] = {}
    for app in apps.every():
        try:
            choices = app.choices()
            found = jobs.now(app)
        except (Refusal, ValueError, KeyError):
            # `apps` says so.
            continue
        for job in found.values():
            yield from about(app, job)
            if crontab.parse(job.schedule) and not jobs.is_suspended(choices, job.id):
                wanted[timers.timer(app.name, job.id)] = app.name
    for unit, state in show([*wanted], "ActiveState").items():
        if state.get("ActiveState") != "active":
            remedy = f"`mooring cron:resume {wanted[unit]}` starts it, `systemctl status {unit}` says why"
            yield Finding(unit, f"it is {state.get('ActiveState')}: its job does not run", remedy)


def about(app: App, job: Job) -> Iterator[Finding]:
    """What is wrong with a job's runs."""
    where = f"{app.name} {job.id}"
    last = history.last(app, job.id)
    if last and last.result == "failed":
        ago = (time.time() - last.ended) / 3600
        remedy = f"`mooring cron:logs {app.name} {job.id}`; `mooring cron:run {app.name} {job.id}` runs it again"
        yield Finding(where, f"the last run of this job {last.why} ({ago:.0f} hours ago)", remedy)
    for run in history.running(app, job.id):
        if run.seconds > LONG:
            remedy = f"`systemctl stop 'mooring-cron@{app.name}.{job.id}.*service'`; a --timeout ends such runs"
            yield Finding(where, f"a run of it goes on for {run.seconds / 3600:.0f} hours", remedy)


EXAMINATIONS = (cron,)
