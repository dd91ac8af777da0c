"""Where the time of a push goes: what tests/bench/push --stages prints, of the journal and of Docker's events.

The moments of a push are in one order, each found by what somebody said of it; the table has the time before each.
"""

import json
import statistics
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tests.bench.pushes import APP, Push
from tests.server.throwaway import Server

STARTING = "7d4958e842da4a758f6c1cdc7b36dcc5"
STARTED = "39f53479d3a045ac8e11786248231fbf"
"""What systemd says of a job, by MESSAGE_ID (systemd.journal-fields(7), sd-messages.h)."""
Said = dict[str, Any]


class Moment(NamedTuple):
    """What the time before it is spent with, and what is said when it has come."""

    before: str
    said: Callable[[Said], bool]


def of_unit(unit: str, message: str) -> Callable[[Said], bool]:
    return lambda entry: entry.get("MESSAGE_ID") == message and entry.get("UNIT", "").startswith(unit)


def of_docker(kind: str, action: str) -> Callable[[Said], bool]:
    return lambda entry: (entry.get("Type"), entry.get("Action")) == (kind, action)


def by_stage(stage: str, beginning: str) -> Callable[[Said], bool]:
    return lambda entry: entry.get("MOORING_STAGE") == stage and str(entry.get("MESSAGE", "")).startswith(beginning)


def moments() -> list[Moment]:
    return [
        Moment("ssh: until the key is let in", lambda entry: "Accepted publickey" in str(entry.get("MESSAGE"))),
        Moment("gate, git, pre-receive, the tree; path unit, dispatch", of_unit("mooring-build@", STARTING)),
        Moment("build: until its first line", by_stage("build", "----->")),
        Moment("build: docker build, until the first step is told", by_stage("build", "       [")),
        Moment("build: docker build, until the image has its name", of_docker("image", "tag")),
        Moment("build: the rest, until the process is begun", of_unit("mooring-app@", STARTING)),
        Moment("process: until Docker has made the container", of_docker("container", "create")),
        Moment("process: until Docker has started it", of_docker("container", "start")),
        Moment("process: until it is ready", of_unit("mooring-app@", STARTED)),
        Moment("launch, route: until it is live", by_stage("route", "=====>")),
    ]


def said(server: Server, push: Push) -> list[tuple[float, Said]]:
    """What journal and Docker have of the time of a push, with when it was said (seconds since the epoch)."""
    between = [f"--since=@{push.began:.6f}", f"--until=@{push.ended + 1:.6f}"]
    journal = server.run(["journalctl", "-o", "json", "--all", *between]).stdout.splitlines()
    events = server.run(["docker", "events", "--format={{json .}}", *(word.replace("@", "") for word in between)])
    entries = [(stamp(entry), entry) for entry in map(json.loads, journal)]
    return entries + [(event["timeNano"] / 1e9, event) for event in map(json.loads, events.stdout.splitlines())]


def stamp(entry: Said) -> float:
    return int(entry.get("_SOURCE_REALTIME_TIMESTAMP") or entry["__REALTIME_TIMESTAMP"]) / 1e6


def passed(push: Push, entries: list[tuple[float, Said]]) -> dict[str, float]:
    """The seconds before each moment of a push; what nobody told is a part of the next."""
    found = {}
    last = push.began
    for moment in moments():
        times = [at for at, entry in entries if last <= at <= push.ended and moment.said(entry)]
        if times:
            found[moment.before] = min(times) - last
            last = min(times)
    found["the client: until git push has ended"] = push.ended - last
    return found


def table(server: Server, pushes: Sequence[Push]) -> list[str]:
    """A line for each moment, with the median of the milliseconds before it."""
    each = [passed(push, said(server, push)) for push in pushes]
    lines = [f"where a push of {APP} goes, medians of {len(pushes)} in ms:"]
    for name in each[0]:
        lines.append(f"  {statistics.median(one.get(name, 0) for one in each) * 1000:6.0f}  {name}")
    return lines
