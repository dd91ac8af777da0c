"""tail(1) of the journal: the last entries that match, and those that come."""

import select
import sys
from collections.abc import Callable, Iterator
from typing import Any

Entry = dict[str, Any]
Match = dict[str, str | list[str]]
"""Fields that an entry must have, each with this value or one of these."""

PAUSE = 0.25
"""Seconds between two looks at whether somebody still reads what we print."""


def opened(matches: list[Match]) -> Any:
    """A reader of the entries that one of the matches fits (sd_journal_add_match(3))."""
    from systemd import journal

    reader = journal.Reader()
    for match in matches:
        for field, values in match.items():
            for value in [values] if isinstance(values, str) else values:
                reader.add_match(f"{field}={value}")
        reader.add_disjunction()
    return reader


def last(
    matches: list[Match], count: int, wanted: Callable[[Entry], bool], *, since: float = 0
) -> tuple[list[Entry], str]:
    """The last `count` wanted entries after `since` (seconds since the epoch), in order.

    Also the cursor of the last entry that matches, wanted or not, for `following`; empty where there is none.
    """
    reader = opened(matches)
    reader.seek_tail()
    entry = reader.get_previous()
    cursor = str(entry.get("__CURSOR", ""))
    found: list[Entry] = []
    while entry and len(found) < count and moment(entry) >= since:
        if wanted(entry):
            found.append(entry)
        entry = reader.get_previous()
    return found[::-1], cursor


def following(
    matches: list[Match], cursor: str = "", *, since: float = 0, ended: Callable[[], bool] = lambda: False
) -> Iterator[Entry]:
    """The entries after `cursor`, or `since` a time (else all), as they come, as long as somebody reads our output.

    When it has `ended`, what has come by then is the last.
    """
    reader = opened(matches)
    if cursor:
        reader.seek_cursor(cursor)
        reader.get_next()
    elif since:
        reader.seek_realtime(since)
    else:
        reader.seek_head()
    sys.stdout.flush()
    while not unread():
        over = ended()
        yield from reader
        reader.wait(PAUSE)
        if over:
            yield from reader
            return


def unread() -> bool:
    """Whether nobody reads our output any more: a silent app would never let us notice by writing."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return bool(poll.poll(0))


def text(entry: Entry, field: str) -> str:
    """A field as text; what is not UTF-8 comes from the journal as bytes."""
    value = entry.get(field, "")
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def moment(entry: Entry) -> float:
    """When the journal took the entry, in seconds since the epoch."""
    return float(entry["__REALTIME_TIMESTAMP"].timestamp())


def stamp(entry: Entry) -> str:
    """That time in the server's own zone (ISO 8601)."""
    return str(entry["__REALTIME_TIMESTAMP"].astimezone().isoformat(timespec="milliseconds"))
