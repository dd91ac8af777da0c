"""ExecStopPost of mooring-cron@: write down how a run ended, tell of one that failed, remove its container.

python -m units.cron.end my-app.report
"""

import os
import sys
import time

from mooring.app.apps import App
from mooring.cron import history
from mooring.cron.history import Run
from mooring.host.names import ContainerName
from mooring.runtime import containers, engine
from units.app import ending
from units.cron import turn

LINES = 10
"""How many of its last lines are told."""
LONGEST_LINE = 300


def outcome(container: ContainerName) -> tuple[str, int, str]:
    """How a run ended: "ok", "failed" or "stopped", its exit status, and why, for people.

    What systemd knows is in $SERVICE_RESULT and $EXIT_STATUS (systemd.exec(5)).
    """
    said = os.environ.get("EXIT_STATUS", "")
    status = int(said) if said.isdigit() else ending.KILLED
    reason = containers.reason_of(container)
    if reason.exists():
        text = reason.read_text().strip()
        reason.unlink()
        return "failed", status or 1, f"did not start: {text}"
    if os.environ.get("SERVICE_RESULT") == "timeout":
        return "failed", status or ending.KILLED, "took longer than its timeout, and was ended"
    if containers.started(container) is None:
        return "stopped", status, "was told to end"
    if not status:
        return "ok", 0, ""
    return "failed", status, ending.why(state(container, status))


def state(container: ContainerName, status: int) -> dict[str, object]:
    """What Docker knows of its end; where it does not answer, the status alone."""
    try:
        return ending.state_of(str(container)) if status == ending.KILLED else {"ExitCode": status}
    except (OSError, engine.EngineError):
        return {"ExitCode": status}


def last_lines(run: Run) -> list[str]:
    from mooring.telling import tail

    match: tail.Match = {"CONTAINER_NAME": run.container, "_SYSTEMD_UNIT": "docker.service"}
    found, _ = tail.last([match], LINES, lambda _: True, since=run.began)
    return [tail.text(entry, "MESSAGE").rstrip()[:LONGEST_LINE] for entry in found]


def tell(container: ContainerName, run: Run) -> None:
    """Say in the app's log how it ended, and tell of it as an event."""
    from mooring.telling import announcement
    from mooring.telling.event import Event

    containers.say(container, f"{container.label} {run.why}")
    details = {
        "job": run.job,
        "command": run.command,
        "reason": run.why,
        "exit": run.status,
        "seconds": run.seconds,
        "lines": last_lines(run),
    }
    release = container.release
    announcement.announce(Event("cron:failed", "cron", release.app, release.number, "failed", details))


def say_passed_over(container: ContainerName, run: Run) -> None:
    """Say so where the job's time came while the run went on, and its timer does not start the job anew for that.

    A timer that began no run waits for none to end: that of a run which a person began, or began before the timer.
    """
    if run.began // 60 == run.ended // 60:
        return
    from mooring.cron import jobs, timers
    from mooring.host import program

    app = container.release.app
    job = jobs.now(App(app)).get(run.job) if App(app).exists() else None
    if job and job.concurrency_policy == "forbid":
        argv = ("systemctl", "show", "--property=LastTriggerUSec", "--value", "--timestamp=unix")
        elapsed = program.run(*argv, timers.timer(app, run.job)).strip().removeprefix("@")
        if elapsed.isdigit() and int(elapsed) > run.began:
            containers.say(container, f"{run.job} is passed over: {turn.WENT_ON}")


def main() -> None:
    os.umask(0o022)
    instance = sys.argv[1]
    run = history.of_instance(instance)
    if run is None:
        return
    container = ContainerName.parse(run.container)
    result, status, why = outcome(container)
    run = run._replace(ended=round(time.time(), 3), result=result, status=status, why=why)
    try:
        engine.remove(run.container)
    finally:
        containers.forget(container)
        history.end(App(container.release.app), instance, run)
        if result == "failed" and App(container.release.app).exists():
            tell(container, run)
    say_passed_over(container, run)


if __name__ == "__main__":
    main()
