"""A crontab's schedule as systemd's OnCalendar= (systemd.time(7), "Calendar events").

Where both day fields are restricted cron runs on either, systemd on days that are both: then it takes two. When summer
time begins or ends, cron runs what fell into the hour that there was not, once and at once, and what runs every so
often goes on in the hour that there is twice. systemd leaves both out: they are added, by date and in UTC.
"""

import functools
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

from mooring.app.crontab import FIELDS, Schedule
from mooring.host.refusal import die

WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
AHEAD = 5
"""Years of changes of summer time that are looked ahead; the timers are looked at anew every night."""
MINUTE = timedelta(minutes=1)


def lines(schedule: Schedule, zone: str, now: datetime) -> list[str]:
    """Its OnCalendar= values, in a time zone by its name, empty for the server's own."""
    suffix = f" {zone}" if zone else ""
    return [f"{line}{suffix}" for line in plain(schedule)] + [
        f"{each} UTC" for each in corrections(schedule, zone, now)
    ]


def plain(schedule: Schedule) -> list[str]:
    """As on a day without a change of summer time."""
    minute, hour, day, month, _ = FIELDS
    clock = f"{some(schedule.hours, hour.most, hour.least)}:{some(schedule.minutes, minute.most, minute.least)}:00"
    months = some(schedule.months, month.most, month.least)
    dates = f"*-{months}-{some(schedule.days, day.most, day.least)} {clock}"
    weekdays = week(schedule.weekdays)
    if schedule.either:
        return [f"{weekdays}*-{months}-* {clock}", dates]
    return [f"{weekdays}{dates}"]


def some(numbers: Sequence[int], most: int, least: int) -> str:
    """Numbers in order: `*`, `07`, `01..05,09`, as systemd writes them.

    Not 00/9: systemd leaves the first of such a step out where a month begins.
    """
    if len(numbers) == most - least + 1:
        return "*"
    return ",".join(f"{a:02}" if a == b else f"{a:02}..{b:02}" for a, b in runs(numbers))


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """The first and the last of each run of numbers without a gap."""
    found: list[tuple[int, int]] = []
    for each in numbers:
        if found and found[-1][1] == each - 1:
            found[-1] = (found[-1][0], each)
        else:
            found.append((each, each))
    return found


def week(weekdays: Sequence[int]) -> str:
    """`Mon..Fri `, nothing for every day. systemd's week begins on Monday."""
    if len(weekdays) == len(WEEKDAYS):
        return ""
    from_monday = sorted((each - 1) % 7 for each in weekdays)
    names = [
        WEEKDAYS[(a + 1) % 7] if a == b else f"{WEEKDAYS[(a + 1) % 7]}..{WEEKDAYS[(b + 1) % 7]}"
        for a, b in runs(from_monday)
    ]
    return ",".join(names) + " "


def corrections(schedule: Schedule, zone: str, now: datetime) -> list[str]:
    """What systemd would leave out around changes of summer time, in UTC."""
    found = []
    clock = load(zone)
    for moment, shift in changes(zone, now.astimezone(UTC).date()):
        if shift > timedelta() and not schedule.often:
            before = (moment - MINUTE).astimezone(clock).replace(tzinfo=None) + MINUTE
            if any(falls(schedule, before + number * MINUTE) for number in range(shift // MINUTE)):
                found.append(f"{moment:%Y-%m-%d %H:%M}:00")
        elif shift < timedelta() and schedule.often:
            again = (moment + number * MINUTE for number in range(-shift // MINUTE))
            times = [each for each in again if falls(schedule, each.astimezone(clock).replace(tzinfo=None))]
            for hour in sorted({each.replace(minute=0) for each in times}):
                minutes = some([each.minute for each in times if each.replace(minute=0) == hour], 59, 0)
                found.append(f"{hour:%Y-%m-%d %H}:{minutes}:00")
    return found


def falls(schedule: Schedule, local: datetime) -> bool:
    """Whether a minute of a local clock is one of the schedule's."""
    day, weekday = local.day in schedule.days, local.isoweekday() % 7 in schedule.weekdays
    return (
        local.minute in schedule.minutes
        and local.hour in schedule.hours
        and local.month in schedule.months
        and ((day or weekday) if schedule.either else (day and weekday))
    )


@functools.cache
def changes(name: str, today: date) -> list[tuple[datetime, timedelta]]:
    """When a zone's clocks are put forward or back in the years ahead, and by how much: less than three hours."""
    found = []
    zone = load(name)
    day = datetime.combine(today, datetime.min.time(), UTC)
    offset = offset_of(zone, day)
    for _ in range(AHEAD * 366):
        following = day + timedelta(days=1)
        if (later := offset_of(zone, following)) != offset:
            low, high = 0, 24 * 60
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset_of(zone, day + middle * MINUTE) == offset else (low, middle)
            if abs(later - offset) < timedelta(hours=3):
                found.append((day + high * MINUTE, later - offset))
        day, offset = following, later
    return found


def offset_of(zone: tzinfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def load(zone: str) -> tzinfo:
    """A time zone by its name, the server's own without one; raise Refusal for none."""
    import zoneinfo

    if not zone:
        local = Path("/etc/localtime")
        if not local.exists():
            return UTC
        with local.open("rb") as file:
            return zoneinfo.ZoneInfo.from_file(file)
    try:
        return zoneinfo.ZoneInfo(zone)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        die(f"{zone[:60]!r} is no time zone", "e.g. Europe/Berlin or UTC; `timedatectl list-timezones` lists them")
