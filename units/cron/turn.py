"""Whose turn it is when the time of a job has come: whether it runs, and what becomes of the run before it."""

import os
import time
from collections.abc import Callable

from mooring.app.apps import App
from mooring.app.choices import Choices
from mooring.app.job import Job
from mooring.cron import history, jobs, runs
from mooring.host import systemd

WENT_ON = "the run before it went on when its time came"


def is_by_itself() -> bool:
    """Whether the job's timer started this, and not a person (systemd.exec(5), TRIGGER_UNIT)."""
    return "TRIGGER_UNIT" in os.environ


def passed_over(app: App, choices: Choices, job: Job) -> str:
    """Why a run that the timer has started is none, for people; empty where it is one."""
    if why := jobs.passes(choices, job):
        return f"{app.name} {why}"
    if job.concurrency_policy == "forbid" and is_late(history.last(app, job.id), time.time()):
        return WENT_ON
    return ""


def is_late(last: history.Run | None, now: float) -> bool:
    """Whether the time of a run that begins now fell into the one before it.

    A timer whose service is active when its time comes starts it again as soon as it has ended. Every time is a whole
    minute, and a timer is late by a second at most.
    """
    return last is not None and last.began < now // 60 * 60 < last.ended <= now


def take(app: str, job: Job, say: Callable[[str], None]) -> None:
    """Start a run beside those that go on, or in the place of the one that does, as the job says."""
    if job.concurrency_policy == "replace":
        unit = runs.unit(app, job.id)
        if history.of_instance(f"{app}.{job.id}"):
            say("ended: the time of the next run has come")
        systemd.start([unit], "--no-block", verb="restart")
    elif free := runs.free(app, job.id):
        systemd.start([free], "--no-block")
    else:
        say(f"passed over: {runs.MOST} runs of it go on already")
