"""The backups: those that failed, that were not made in time, and that did not hold when they were restored."""

import time
from collections.abc import Iterator

from mooring.backup import outcome, overdue, report, schedule, timers
from mooring.backup.outcome import BACKUP, PROOF
from mooring.doctor import Finding, show
from mooring.service import services


def backups() -> Iterator[Finding]:
    for each in services.every():
        yield from about(str(each.name))


def about(subject: str) -> Iterator[Finding]:
    """What is wrong with the backups of a service."""
    kind, _, name = subject.partition(".")
    again = f"`mooring {kind}:backup {name}` makes one"
    plan, last, proof = schedule.look(subject), outcome.look(subject), outcome.look(subject, PROOF)
    if last and (why := wrong(subject, last, BACKUP)):
        logs = f"`journalctl -u {outcome.unit(subject)}`"
        yield Finding(subject, f"the last backup {why} ({ago(last.began)})", f"{logs}; {again}")
    if plan and (due := overdue.since(subject, plan)) and not (last and last.began >= due - overdue.SLACK):
        remedy = f"`systemctl status {timers.unit(subject)}`; {again}"
        yield Finding(subject, f"no backup was made since one was due, {ago(due)}", remedy)
    if proof and (why := wrong(subject, proof, PROOF)):
        remedy = f"`mooring {kind}:backup:verify {name}` tries it again"
        yield Finding(subject, f"the backup {proof.id[:8]} was not proven: it {why} ({ago(proof.began)})", remedy)


def wrong(subject: str, last: outcome.Outcome, what: str) -> str:
    if not last.result:
        return "" if report.at_work(subject, what) else "was cut off"
    return f"failed: {last.why}" if last.result == "failed" else last.why


def ago(seconds: float) -> str:
    return f"{(time.time() - seconds) / 3600:.0f} hours ago"


def sleeping() -> Iterator[Finding]:
    """Timers that do not run."""
    wanted = [timers.unit(subject) for subject, _ in schedule.every()]
    for unit, state in show(wanted, "ActiveState").items():
        if state.get("ActiveState") != "active":
            remedy = f"`systemctl start {unit}`, `systemctl status {unit}` says why"
            yield Finding(unit, f"it is {state.get('ActiveState')}: nothing is backed up by it", remedy)


EXAMINATIONS = (backups, sleeping)
