"""A crontab's schedule is read as cron reads it, and systemd runs it when cron would."""

import os
import random
import re
import subprocess
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from mooring.app import crontab
from mooring.app.crontab import Field, Schedule
from mooring.cron import oncalendar
from mooring.host.refusal import Refusal

TIMES = 300
SCHEDULES = 500
"""For each zone, and for each of which a season begins it."""
SEASONS = {
    "Europe/Berlin": (datetime(2026, 3, 28, 20, 17, tzinfo=UTC), datetime(2026, 10, 24, 20, 17, tzinfo=UTC)),
    "America/New_York": (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 10, 31, 9, 1, tzinfo=UTC)),
}
"""Zones, and moments in winter and summer after which both changes of summer time come within the year."""


def element(field: Field, chance: random.Random) -> str:
    least, most = field.least, field.most
    if chance.random() < 0.5:
        number = chance.randint(least, most)
        named = field.names[number - least :][:1]
        return named[0].title() if named and chance.random() < 0.3 else str(number)
    first = chance.randint(least, most - 1)
    step = f"/{chance.randint(1, 7)}" if chance.random() < 0.4 else ""
    return f"{first}-{chance.randint(first + 1, most)}{step}"


def word(field: Field, chance: random.Random) -> str:
    """One of a crontab's five fields, at random."""
    kind = chance.random()
    if kind < 0.35:
        return "*"
    if kind < 0.5:
        return f"*/{chance.randint(2, 12)}"
    if kind < 0.55:
        return f"{chance.randint(field.least, min(field.most, 6))}/{chance.randint(2, 9)}"
    return ",".join(element(field, chance) for _ in range(chance.choice((1, 1, 1, 2, 3))))


def schedules(count: int, seed: str) -> dict[str, Schedule]:
    chance = random.Random(seed)
    found: dict[str, Schedule] = {}
    while len(found) < count:
        text = " ".join(word(field, chance) for field in crontab.FIELDS)
        try:
            parsed = crontab.parse(text)
        except Refusal as refusal:
            assert "never comes" in str(refusal)
            continue
        assert parsed
        found[text] = parsed
    return found


def elapses(lines: list[str], zone: str, after: datetime) -> list[list[datetime]]:
    """When systemd elapses next, for each of the lines."""
    argv = ["systemd-analyze", "calendar", f"--iterations={TIMES}", f"--base-time={after:%Y-%m-%d %H:%M:%S} UTC"]
    done = subprocess.run([*argv, *lines], env=os.environ | {"TZ": zone, "LC_ALL": "C"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    blocks = done.stdout.split("Normalized form:")[1:]
    found = re.compile(r"\(in UTC\): \w+ (\d+)-(\d+)-(\d+) (\d+):(\d+):00 UTC")
    return [[datetime(*map(int, each), tzinfo=UTC) for each in found.findall(block)] for block in blocks]


@pytest.mark.parametrize("zone", SEASONS)
@pytest.mark.parametrize("season", [0, 1])
def test_systemd_elapses_when_cron_would_also_where_summer_time_changes(zone: str, season: int) -> None:
    after = SEASONS[zone][season]
    wanted = schedules(SCHEDULES, f"{zone} {season}")
    # The zone is given by TZ: systemd forks for each time of a line that names one.
    lines = [
        [line.removesuffix(f" {zone}") for line in oncalendar.lines(each, zone, after)] for each in wanted.values()
    ]
    times = iter(elapses([line for each in lines for line in each], zone, after))
    # The changes of the years ahead are known, not those after.
    end = after + timedelta(days=oncalendar.AHEAD * 365)
    for text, each in zip(wanted, lines, strict=True):
        found = sorted({moment for _ in each for moment in next(times)})[:TIMES]
        expected: list[datetime] = []
        for moment in CronSim(text, after.astimezone(ZoneInfo(zone))):
            expected.append(moment.astimezone(UTC))
            if len(expected) == TIMES or moment > end:
                break
        assert [x for x in found if x < end] == [x for x in expected if x < end], f"{text}: {each}"


def test_a_time_zone_is_named_in_every_line_of_its_own() -> None:
    schedule = crontab.parse("30 2 * * *")
    assert schedule
    lines = oncalendar.lines(schedule, "Europe/Berlin", datetime(2026, 1, 1, tzinfo=UTC))
    assert lines[:2] == ["*-*-* 02:30:00 Europe/Berlin", "2026-03-29 01:00:00 UTC"]
    assert oncalendar.lines(schedule, "UTC", datetime(2026, 1, 1, tzinfo=UTC)) == ["*-*-* 02:30:00 UTC"]
    found = elapses(lines[:1], "Asia/Tokyo", datetime(2026, 7, 1, tzinfo=UTC))
    assert found[0][0] == datetime(2026, 7, 1, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("0 7 * * 1-5", ["Mon..Fri *-*-* 07:00:00"]),
        ("*/15 * * * *", ["*-*-* *:00,15,30,45:00"]),
        ("0 0 1,15 * fri", ["Fri *-*-* 00:00:00", "*-*-01,15 00:00:00"]),
        ("0 0 */2 * 5", ["Fri *-*-01,03,05,07,09,11,13,15,17,19,21,23,25,27,29,31 00:00:00"]),
        ("0 12 * JAN-Mar 7", ["Sun *-01..03-* 12:00:00"]),
        ("0 12 * * 0,6,7", ["Sat..Sun *-*-* 12:00:00"]),
        ("@hourly", ["*-*-* *:00:00"]),
        ("@Weekly", ["Sun *-*-* 00:00:00"]),
        ("@annually", ["*-01-01 00:00:00"]),
        ("@midnight", ["*-*-* 00:00:00"]),
    ],
)
def test_a_schedule_is_read_as_in_a_crontab(text: str, lines: list[str]) -> None:
    schedule = crontab.parse(text)
    assert schedule
    assert oncalendar.plain(schedule) == lines


def test_at_reboot_is_no_time() -> None:
    assert crontab.parse(" @Reboot ") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("60 * * * *", "the minute is '60'"),
        ("* 24 * * *", "the hour is '24'"),
        ("* * 0 * *", "the day of the month is '0'"),
        ("* * * 13 *", "the month is '13'"),
        ("* * * * 8", "the day of the week is '8'"),
        ("* * * foo *", "the month is 'foo'"),
        ("* jan * * *", "the hour is 'jan'"),
        ("*/0 * * * *", "the minute is '*/0' (a step is 1 or more)"),
        ("5-1 * * * *", "the minute is '5-1' (5 comes after 1)"),
        ("* * * * fri-sun", "(fri comes after sun; Sunday is 7 too)"),
        ("1,,2 * * * *", "the minute is ''"),
        ("-1 * * * *", "the minute is '-1'"),
        ("1- * * * *", "the minute is '1-'"),
        ("* * L * *", "the day of the month is 'L'"),
        ("* * * * 5#2", "the day of the week is '5#2'"),
        ("² * * * *", "the minute is '²'"),
        ("99999999999999999999 * * * *", "the minute is"),
        ("*/99999999999999999999;x * * * *", "the minute is"),
        ("* * * *", "has 4 fields"),
        ("", "has 0 fields"),
        ("0 0 * * * *", "there are no seconds"),
        ("@every 5m", "is no word for a schedule"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 4,jun,9,11 *", "never comes"),
        ("* " * 3000, "has 3000 fields"),
    ],
)
def test_a_schedule_that_is_none_is_refused_in_one_line_that_names_the_field(text: str, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        crontab.parse(text)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 300
    assert "\n" not in str(refused.value)
