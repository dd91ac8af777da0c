"""What an app printed: `logs`."""

import re
import select
import sys
from typing import Any

from mooring import app as apps
from mooring.commands import APP, argument, command
from mooring.refusal import die

PROCESS = re.compile(r"[a-z][a-z0-9_-]*(?:\.[1-9][0-9]*)?")
PAUSE = 0.25


@command(
    "logs",
    "mooring logs my-app -f -p web",
    APP,
    argument("-f", "--follow", action="store_true", help="go on with what comes"),
    argument("-n", "--lines", type=int, default=100, metavar="N", help="begin with the last N lines (100)"),
    argument("-p", "--process", default="", metavar="PROCESS", help="web, or web.1"),
)
def logs(app: str, follow: bool, lines: int, process: str) -> None:
    """Show the lines that an app's processes printed, across releases and restarts."""
    from systemd import journal

    apps.find(app)
    if lines < 0:
        die(f"-n is {lines}", "a number of lines, e.g. -n 100")
    if process and not PROCESS.fullmatch(process):
        die(f"{process[:60]!r} names no process", "web, or web.1")
    reader = journal.Reader()
    reader.add_match(MOORING_APP=app)
    reader.seek_tail()
    last = reader.get_previous()
    found: list[str] = []
    entry = last
    while entry and len(found) < lines:
        if wanted(entry, process):
            found.append(line_of(entry))
        entry = reader.get_previous()
    for line in reversed(found):
        print(line)
    if follow:
        go_on(reader, last.get("__CURSOR"), process)


def go_on(reader: Any, cursor: str | None, process: str) -> None:
    """Print what comes after `cursor` (after nothing: everything), as long as somebody reads it."""
    if cursor:
        reader.seek_cursor(cursor)
        reader.get_next()
    else:
        reader.seek_head()
    sys.stdout.flush()
    while not unread():
        for entry in reader:
            if wanted(entry, process):
                print(line_of(entry), flush=True)
        reader.wait(PAUSE)


def unread() -> bool:
    """Whether nobody reads our output any more: an app that is silent would never let us notice by writing."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return bool(poll.poll(0))


def wanted(entry: dict[str, Any], process: str) -> bool:
    """Whether an entry is a line of a container, of the process where one was named."""
    name = text_of(entry, "MOORING_PROCESS")
    return "CONTAINER_NAME" in entry and (not process or process in (name, name.rpartition(".")[0]))


def line_of(entry: dict[str, Any]) -> str:
    when = entry["__REALTIME_TIMESTAMP"].astimezone().isoformat(timespec="milliseconds")
    return f"{when} {text_of(entry, 'MOORING_PROCESS')}: {text_of(entry, 'MESSAGE').rstrip()}"


def text_of(entry: dict[str, Any], field: str) -> str:
    """A field as text; what is not UTF-8 comes from the journal as bytes."""
    value = entry.get(field, "")
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
