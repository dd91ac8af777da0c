"""When a subject is backed up, and what is kept of that: by a person's word."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from mooring.app import crontab
from mooring.backup import destination
from mooring.cron import oncalendar
from mooring.host import files, paths
from mooring.host.refusal import die

FILE = "schedule.json"
GRACE = 3600.0
"""Seconds that a backup may begin after its time, and no one is told."""
YEARS = 5
"""A schedule that comes on the 29th of February alone has come within these."""


class Plan(NamedTuple):
    """`since` is when it was made, in seconds since the epoch: what was due before is none of its business. `told` is
    the time for which it was last told that no backup was made."""

    schedule: str
    keep: Mapping[str, int] = {}
    since: float = 0
    told: float = 0

    @property
    def times(self) -> crontab.Schedule:
        found = crontab.parse(self.schedule)
        assert found
        return found


def parse(text: str) -> str:
    """The schedule as it is kept; raise Refusal for what is none."""
    if crontab.parse(text) is None:
        die("a backup has a time of the day", '"30 3 * * *", @daily')
    return " ".join(text.split())


def look(subject: str) -> Plan | None:
    try:
        return Plan(**json.loads((destination.folder(subject) / FILE).read_text()))
    except FileNotFoundError:
        return None


def save(subject: str, plan: Plan) -> None:
    folder = destination.make_folder(subject)
    files.write(folder / FILE, json.dumps(plan._asdict()) + "\n", mode=0o600)


def forget(subject: str) -> None:
    (destination.folder(subject) / FILE).unlink(missing_ok=True)


def every() -> Iterator[tuple[str, Plan]]:
    """The subjects that are backed up on time."""
    for place in sorted(paths.BACKUPS.glob(f"*/{FILE}")):
        if plan := look(place.parent.name):
            yield place.parent.name, plan


def keep_of(subject: str) -> Mapping[str, int]:
    plan = look(subject)
    return plan.keep if plan else {}


def due(plan: Plan, now: float | None = None) -> float:
    """When one was due last, of those that should have begun by now, in seconds since the epoch; 0 for never yet."""
    zone = oncalendar.load("")
    latest = datetime.fromtimestamp((time.time() if now is None else now) - GRACE, zone)
    day, times = latest.date(), plan.times
    for _ in range(YEARS * 366):
        for hour in reversed(times.hours):
            for minute in reversed(times.minutes):
                at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                if at <= latest and oncalendar.falls(times, at.replace(tzinfo=None)):
                    return at.timestamp() if at.timestamp() >= plan.since else 0
        day -= timedelta(days=1)
        if datetime(day.year, day.month, day.day, 23, 59, tzinfo=zone).timestamp() < plan.since:
            return 0
    return 0
