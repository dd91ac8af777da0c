"""Who did what when: `events`."""

import json as json_module
from typing import Any

from mooring.access.actor import may_see
from mooring.app import apps
from mooring.commands import JSON, argument, command
from mooring.commands.listing import show, word
from mooring.host.refusal import die
from mooring.telling import announcement, tail
from mooring.telling.tail import Entry, Match


@command(
    "events",
    "mooring events my-app -f",
    argument("app", metavar="APP", nargs="?", default="", help="of this app alone"),
    argument("-f", "--follow", action="store_true", help="go on with what comes"),
    argument("-n", "--lines", type=int, default=100, metavar="N", help="begin with the last N (100)"),
    JSON,
)
def events(app: str, follow: bool, lines: int, json: bool) -> None:
    """Show who did what when: every change of an app, and of who may do what."""
    since = apps.find(app).made() if app else 0
    if lines < 0:
        die(f"-n is {lines}", "a number of events, e.g. -n 100")
    match: Match = {"SYSLOG_IDENTIFIER": announcement.IDENTIFIER, "_UID": "0"}
    matches = [match | {"MOORING_APP": app}] if app else [match]
    found, cursor = tail.last(matches, lines, visible, since=since)
    if json and not follow:
        show([row_of(entry) for entry in found], as_json=True)
        return
    for entry in found:
        print_entry(entry, as_json=json)
    for entry in tail.following(matches, cursor) if follow else ():
        if visible(entry):
            print_entry(entry, as_json=json)


def visible(entry: Entry) -> bool:
    """Whether whoever asks may know of it: a developer sees what is done with the own apps."""
    return "MOORING_EVENT" in entry and may_see(tail.text(entry, "MOORING_APP"))


def print_entry(entry: Entry, *, as_json: bool) -> None:
    row = row_of(entry)
    print(json_module.dumps(row, ensure_ascii=False) if as_json else f"{row['time']} {word(row['text'])}", flush=True)


def row_of(entry: Entry) -> dict[str, Any]:
    return {
        "time": tail.stamp(entry),
        "event": tail.text(entry, "MOORING_EVENT"),
        "actor": tail.text(entry, "MOORING_ACTOR"),
        "app": tail.text(entry, "MOORING_APP"),
        "release": tail.text(entry, "MOORING_RELEASE").rpartition(".")[2],
        "status": tail.text(entry, "MOORING_RESULT"),
        "details": json_module.loads(tail.text(entry, "MOORING_DETAILS") or "{}"),
        "text": tail.text(entry, "MESSAGE"),
    }
