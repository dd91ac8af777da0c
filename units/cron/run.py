"""ExecStart of mooring-cron@: a run of a job, in a container of its own out of what is live now.

    python -m units.cron.run my-app.report

It becomes `units/app/wait.py`, in its place, which ends as the container does. `my-app.report.2` is the second run at a
time of a job that allows it, and `my-app.report.next` what the timer starts where there may be several.
"""

import os
import sys
import time

from mooring.app.apps import App
from mooring.cron import history, jobs
from mooring.cron.history import Run
from mooring.host.names import JOB, ContainerName
from mooring.runtime import containers
from units.app import start
from units.cron import turn

WAIT = "/opt/mooring/current/units/app/wait.py"
PYTHON = "/usr/bin/python3"
NEXT = "next"


def main() -> None:
    os.umask(0o022)
    app, _, rest = sys.argv[1].partition(".")
    name, _, which = rest.partition(".")
    began = time.time()
    choices = App(app).choices()
    job = jobs.now(App(app)).get(name)
    live = App(app).live
    if job is None or live is None:
        print(f"{app} has no job {name} any more", flush=True)
        return
    container = ContainerName(live, f"{JOB}.{name}", int(which) if which.isdigit() else 1)

    def say(text: str) -> None:
        containers.say(container, f"{name} is {text}")

    if turn.is_by_itself() and (why := turn.passed_over(App(app), choices, job)):
        say(f"passed over: {why}")
        return
    if which == NEXT:
        turn.take(app, job, say)
        return
    history.begin(Run(name, job.command, str(container), round(began, 3)), container)
    start.start_or_say_why(container)
    os.execv(PYTHON, [PYTHON, "-IS", WAIT, str(container)])  # noqa: S606


if __name__ == "__main__":
    main()
