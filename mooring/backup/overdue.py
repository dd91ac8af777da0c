"""Backups that should have been made by now and were not."""

import time

from mooring.backup import outcome, report, schedule

SLACK = 90.0
"""Seconds between a timer's time and what it starts."""


def since(subject: str, plan: schedule.Plan, now: float | None = None) -> float:
    """For which time the backup of a subject is missing (seconds since the epoch); 0 where none is."""
    due, last = schedule.due(plan, now), outcome.look(subject)
    if not due or (last and last.succeeded >= due - SLACK):
        return 0
    return 0 if report.at_work(subject) else due


def tell_all() -> None:
    """Tell once of every backup that is overdue."""
    for subject, plan in schedule.every():
        last = outcome.look(subject)
        if (due := since(subject, plan)) and due > plan.told:
            ago = f"{(time.time() - due) / 3600:.0f} hours ago"
            details = {"reason": f"one was due {ago}", "last": report.moment(last.succeeded if last else 0)}
            report.tell(subject, "backup:overdue", details)
            schedule.save(subject, plan._replace(told=due))
