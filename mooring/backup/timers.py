"""The timers of backups: `mooring-backup@postgres.orders.timer`, with a drop-in that says when.

As those of jobs, the drop-ins are in /run, and are written anew at boot and every night (mooring/cron/timers.py).
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime

from mooring.backup import destination, identity, outcome, schedule
from mooring.backup.schedule import Plan
from mooring.cron import jobs, oncalendar, timers
from mooring.host import files, systemd
from mooring.host.program import run
from mooring.host.refusal import Refusal

PREFIX, SUFFIX = "mooring-backup@", ".timer"


def unit(subject: str) -> str:
    return f"{PREFIX}{subject}{SUFFIX}"


def apply(subject: str, *, anew: bool = True) -> None:
    """Bring the timer of a subject in line with its plan; what it slept through is made up for, unless it is `anew`."""
    plan, name = schedule.look(subject), unit(subject)
    folder = timers.folder(name)
    before = timers.read(folder / timers.DROP_IN)
    text = text_of(plan) if plan else ""
    if text != before and before:
        run("systemctl", "stop", name)
        systemd.forget([name])
    if anew or not plan:
        timers.forget_stamps([name])
    if not plan:
        files.remove_tree(folder)
        return
    if text != before:
        folder.mkdir(parents=True, exist_ok=True)
        files.write(folder / timers.DROP_IN, text)
    timers.start([name], [name] if text != before else [])


def forget(subject: str) -> None:
    """A subject is gone, and with it its plan, and how its backups fared; where they are is still known."""
    schedule.forget(subject)
    apply(subject)
    systemd.stop([outcome.unit(subject), outcome.unit(subject, outcome.PROOF)])
    outcome.forget(subject)
    identity.forget(subject)


def rename(subject: str, new: str) -> None:
    """A subject is called otherwise from now on: what was told of it, and its copies, are the new one's."""
    systemd.stop([unit(subject), outcome.unit(subject), outcome.unit(subject, outcome.PROOF)])
    if destination.folder(subject).exists():
        files.remove_tree(destination.folder(new))
        destination.folder(subject).rename(destination.folder(new))
    apply(subject)
    apply(new)


def apply_all(say: Callable[[str], None]) -> None:
    """Bring all of them in line, at boot and every night."""
    wanted = {subject for subject, _ in schedule.every()}
    there = {each.name.removesuffix(".d") for each in jobs.UNITS.glob(f"{PREFIX}*{SUFFIX}.d")}
    for subject in wanted | {each.removeprefix(PREFIX).removesuffix(SUFFIX) for each in there}:
        try:
            apply(subject, anew=False)
        except (Refusal, OSError) as error:
            say(f"{subject}: {error}")


def text_of(plan: Plan) -> str:
    lines = oncalendar.lines(plan.times, "", datetime.now(UTC))
    # What the unit file has goes first.
    return "\n".join(["[Timer]", "OnCalendar=", *(f"OnCalendar={line}" for line in lines), ""])


def following() -> dict[str, float]:
    """When each subject is backed up next, in seconds since the epoch."""
    said = run("systemctl", "list-timers", "--all", "--output=json", f"{PREFIX}*") or "[]"
    return {
        each["unit"].removeprefix(PREFIX).removesuffix(SUFFIX): each["next"] / 1e6
        for each in json.loads(said)
        if each.get("next")
    }
