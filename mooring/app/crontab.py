"""crontab(5): the five fields of a schedule, and its words.

A schedule is read as Debian's cron reads it; `5/15` is also taken, for 5-59/15, as most libraries do.
"""

import re
from typing import NamedTuple, NoReturn

from mooring.host.refusal import Refusal, die

REBOOT = "@reboot"
WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
EXAMPLE = 'five fields, minute hour day month weekday, e.g. "0 7 * * mon-fri"; or @hourly … @yearly, @reboot'
LONGEST_MONTHS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
"""How many days the months have that have not 31."""
PART = re.compile(r"(\*|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:/([0-9]+))?", re.IGNORECASE)


class Field(NamedTuple):
    """One of the five: what people call it, its least and its largest number, and the names of some."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("day of the week", 0, 7, WEEKDAYS),
)


class Schedule(NamedTuple):
    """The times of a schedule: the numbers of each field, in order; Sunday is 0.

    `either` says that a day of the month *or* of the week is enough: both are restricted. `often` says that it is meant
    to run so often, whatever summer time does, and not at such a time of the day: its minute or hour begins with `*`.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either: bool = False
    often: bool = False


def parse(text: str, where: str = "the schedule") -> Schedule | None:
    """Read a schedule; None for @reboot. Raises Refusal that names the field that is wrong, and `where` it is."""
    try:
        return read(text)
    except Refusal as refusal:
        die(f"{where}: {refusal.message}", refusal.hint)


def read(text: str) -> Schedule | None:
    line = " ".join(text.split())
    if line.lower() == REBOOT:
        return None
    if line.startswith("@"):
        if line.lower() not in WORDS:
            die(f"{shown(line)} is no word for a schedule", f"one of {', '.join(WORDS)}, {REBOOT}")
        line = WORDS[line.lower()]
    words = line.split()
    if len(words) != len(FIELDS):
        seconds = "; there are no seconds" if len(words) == 6 else ""
        die(f"{shown(text)} has {count(len(words))}, and a schedule has five{seconds}", EXAMPLE)
    minutes, hours, days, months, weekdays = (numbers(field, word) for field, word in zip(FIELDS, words, strict=True))
    either = not (words[2].startswith("*") or words[4].startswith("*"))
    if not either and min(days) > max(LONGEST_MONTHS.get(month, 31) for month in months):
        die(f"{shown(text)} never comes: no such month has day {min(days)}", EXAMPLE)
    return Schedule(
        minutes,
        hours,
        days,
        months,
        tuple(sorted({each % 7 for each in weekdays})),
        either,
        words[0].startswith("*") or words[1].startswith("*"),
    )


def count(number: int) -> str:
    return "one field" if number == 1 else f"{number} fields"


def numbers(field: Field, text: str) -> tuple[int, ...]:
    """The numbers of a field; raise Refusal for what is none."""
    found: set[int] = set()
    for part in text.split(","):
        found |= numbers_of_part(field, part)
    return tuple(sorted(found))


def numbers_of_part(field: Field, part: str) -> set[int]:
    """Those of one element of a list: `*`, `5`, `mon-fri`, each perhaps with a step."""
    match = PART.fullmatch(part)
    if not match:
        refuse(field, part)
    every, first, last, step = match.groups()
    if step is not None and int(step[:9]) == 0:
        refuse(field, part, "a step is 1 or more")
    low = field.least if every == "*" else number(field, first, part)
    high = number(field, last, part) if last else field.most if every == "*" or step else low
    if last and high < low:
        refuse(field, part, f"{first} comes after {last}" + ("; Sunday is 7 too" if last.lower() == "sun" else ""))
    return {*range(low, max(high, low) + 1, int((step or "1")[:9]))}


def number(field: Field, word: str, part: str) -> int:
    if word.lower() in field.names:
        return field.names.index(word.lower()) + field.least
    if not (word.isascii() and word.isdigit()) or not field.least <= int(word[:9]) <= field.most:
        refuse(field, part)
    return int(word)


def refuse(field: Field, part: str, why: str = "") -> NoReturn:
    names = f" or {field.names[0]}-{field.names[-1]}" if field.names else ""
    said = f" ({why})" if why else ""
    die(
        f"the {field.name} is {shown(part)}{said}",
        f"{field.least}-{field.most}{names}; also lists (1,2), ranges (1-5), steps (*/2)",
    )


def shown(text: str) -> str:
    return repr(text[:60])
