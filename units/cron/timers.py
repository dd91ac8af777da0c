"""Bring the timers of an app's jobs in line with its live release; at boot and every night, those of all apps.

    python -m units.cron.timers my-app
    python -m units.cron.timers all

At boot it also starts the jobs that are to run then (@reboot).
"""

import os
import sys

from mooring.app import apps, crontab
from mooring.app.apps import App
from mooring.cron import jobs, runs, timers
from mooring.host import files, paths, systemd
from mooring.host.refusal import Refusal

EVERY = "all"
"""No app is called so."""
BOOTED = paths.RUN / "cron.booted"
"""There since this was run first after a boot."""


def at_reboot(app: App) -> list[str]:
    """The units of the jobs that run when the server has booted."""
    choices = app.choices()
    return [
        runs.unit(app.name, job.id)
        for job in jobs.now(app).values()
        if crontab.parse(job.schedule) is None
        and not jobs.is_suspended(choices, job.id)
        and not jobs.passes(choices, job)
    ]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def start_at_reboot() -> None:
    if BOOTED.exists():
        return
    BOOTED.parent.mkdir(parents=True, exist_ok=True)
    files.write(BOOTED, "")
    units = []
    for app in apps.every():
        try:
            units += at_reboot(app)
        except Refusal as refusal:
            say(f"{app.name}: {refusal}")
    if units:
        systemd.start(units, "--no-block")


def main() -> None:
    os.umask(0o022)
    name = sys.argv[1]
    if name != EVERY:
        timers.apply(App(name))
        return
    from mooring.backup import timers as backup_timers

    timers.apply_all(say)
    backup_timers.apply_all(say)
    start_at_reboot()


if __name__ == "__main__":
    try:
        main()
    except (Refusal, FileNotFoundError) as refusal:
        sys.exit(str(refusal))
