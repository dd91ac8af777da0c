"""What an app printed: `logs*`."""

import json as json_module
import re
import time
from collections.abc import Callable
from typing import Any

from mooring.app import apps
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import FOLLOW, LINES, check_lines, show
from mooring.host.names import JOB, PROCESS, ReleaseName
from mooring.host.refusal import die
from mooring.pipeline.spool import STAGES
from mooring.release import releases
from mooring.telling import syslog, tail
from mooring.telling.tail import Entry, Match

LABEL = re.compile(rf"(?:{JOB}\.)?(?:{PROCESS.pattern})(?:\.[1-9][0-9]*)?")
FIRST_TRY = 3
"""Seconds that a new drain's first connection is waited for."""


@command(
    "logs",
    "mooring logs my-app -f -p web",
    APP,
    FOLLOW,
    LINES,
    argument("-p", "--process", default="", metavar="PROCESS", help="web, or web.1"),
    argument("--build", action="store_true", help="also what builds and deploys said"),
    JSON,
)
def logs(app: str, follow: bool, lines: int, process: str, build: bool, json: bool) -> None:
    """Show the lines that an app's processes printed, across releases and restarts."""
    target = apps.find(app)
    check_lines(lines)
    if process and not LABEL.fullmatch(process):
        die(f"{process[:60]!r} names no process", "web, or web.1")
    if process and build:
        die("--build goes without -p", f"`mooring logs {app} --build`, or `mooring logs {app} -p {process}`")
    matches = said_by(app, build=build)
    wanted = printed(process, build)
    cursor = tail.last(matches, 0, wanted)[1]
    found, _ = tail.last(narrowed(matches, process), lines, wanted, since=target.made())
    if json and not follow:
        show([row_of(entry) for entry in found], as_json=True)
        return
    for entry in found:
        print_entry(entry, as_json=json)
    seen = {entry["__CURSOR"] for entry in found}
    for entry in tail.following(matches, cursor) if follow else ():
        if wanted(entry) and entry["__CURSOR"] not in seen:
            print_entry(entry, as_json=json)


@command("logs:failed", "mooring logs:failed my-app", APP, JSON)
def failed(app: str, json: bool) -> None:
    """Show all that was said of the last release that failed: its build, its processes, the reason."""
    target = apps.find(app)
    record = next(
        (
            each
            for number in target.release_numbers()
            if releases.exists(name := ReleaseName(app, number)) and (each := releases.load(name)).status == "failed"
        ),
        None,
    )
    if record is None:
        show([], as_json=json, empty=f"no release of {app} has failed: `mooring logs {app}` shows what runs")
        return
    matches = [{**match, "MOORING_RELEASE": str(record.name)} for match in said_by(app, build=True)]
    found = tail.last(matches, 10_000, lambda _: True, since=target.made())[0]
    if json:
        show([row_of(entry) for entry in found], as_json=True)
        return
    for entry in found:
        print_entry(entry, as_json=False)
    if not found:
        print(f"The journal has no line of {app} v{record.name.number} any more. It failed: {record.reason}")


def said_by(app: str, *, build: bool) -> list[Match]:
    """What matches the lines of an app's containers, what happened to them and, for `build`, the lines of the stages.

    dockerd and root wrote them: fields with an underscore are journald's own, nobody can pretend them.
    """
    lines: Match = {"MOORING_APP": app, "_SYSTEMD_UNIT": "docker.service"}
    happened: Match = {"MOORING_APP": app, "MOORING_EVENT": "process", "_UID": "0"}
    stages: Match = {"MOORING_APP": app, "MOORING_STAGE": list(STAGES), "_UID": "0"}
    return [lines, happened, stages] if build else [lines, happened]


def narrowed(matches: list[Match], process: str) -> list[Match]:
    """The matches for the process alone: the journal finds its lines without reading all others."""
    if not process:
        return matches
    known = [each for each in tail.opened([]).query_unique("MOORING_PROCESS") if names(process, str(each))]
    return [{**match, "MOORING_PROCESS": known or process} for match in matches]


def printed(process: str, build: bool) -> Callable[[Entry], bool]:
    """Whether an entry is a line of a container, of the process where one was named (or of a stage, for `build`)."""
    return lambda entry: (
        ("CONTAINER_NAME" in entry and (not process or names(process, tail.text(entry, "MOORING_PROCESS"))))
        or (build and "MOORING_STAGE" in entry)
    )


def names(word: str, process: str) -> bool:
    return word in (process, process.rpartition(".")[0])


def print_entry(entry: Entry, *, as_json: bool) -> None:
    row = row_of(entry)
    text = json_module.dumps(row, ensure_ascii=False) if as_json else f"{row['time']} {row['process']}: {row['line']}"
    print(text, flush=True)


def row_of(entry: Entry) -> dict[str, Any]:
    return {
        "time": tail.stamp(entry),
        "process": tail.text(entry, "MOORING_PROCESS") or tail.text(entry, "MOORING_STAGE"),
        "release": tail.text(entry, "MOORING_RELEASE").rpartition(".")[2],
        "line": tail.text(entry, "MESSAGE").rstrip(),
    }


@command(
    "logs:drain",
    "mooring logs:drain my-app syslog+tls://logs.example.com:6514",
    APP,
    argument("url", metavar="URL", nargs="?", default="", help="syslog+tls://HOST:PORT, also +tcp and +udp"),
    argument("--ca", action="store_true", help="trust the authorities on standard input (PEM), not the system's"),
    argument("--data", default="", metavar="ELEMENT", help="structured data of every message, e.g. a service's token"),
    argument("--remove", default="", metavar="URL|N", help="stop forwarding there"),
    JSON,
)
def drain(app: str, url: str, ca: bool, data: str, remove: str, json: bool) -> None:
    """Forward every line of an app to a log service (RFC 5424); without a URL, list where lines go."""
    from mooring.app import attachment
    from mooring.telling import drain

    target = apps.find(app)
    if remove and (url or ca or data):
        die("--remove goes with nothing else", f"`mooring logs:drain {app} --remove {remove[:80]}`")
    if not url and (ca or data):
        die("--ca and --data go with a URL", f"`mooring logs:drain {app} syslog+tls://logs.example.com:6514`")
    if remove:
        gone = attachment.pick(drain.KIND, app, remove, "logs:drain")
        drain.remove(gone)
        print(f"The lines of {app} do not go there any more")
    elif url:
        from mooring.commands.stdin import read

        syslog.parse(url)
        authorities = read("paste the authority's certificate, then Ctrl-D") if ca else ""
        if ca and not authorities.strip():
            die("no certificate came on standard input", f"`mooring logs:drain {app} {url} --ca < authority.pem`")
        begun(drain.add(target.name, url, authorities, data), url)
    else:
        show(drain_rows(app), as_json=json, empty=f"{app} forwards its lines nowhere: `mooring logs:drain {app} URL`")


def drain_rows(app: str) -> list[dict[str, Any]]:
    from mooring.app import attachment
    from mooring.host import systemd
    from mooring.telling import drain

    every = attachment.of(drain.KIND, app)
    states = systemd.status([drain.unit(each) for each in every])
    return [
        {"n": each.number, "url": attachment.read(drain.KIND, each)["url"], "state": states.get(drain.unit(each), "")}
        for each in every
    ]


def begun(new: Any, url: str) -> None:
    """Say how the first connection went, without waiting long for it."""
    from mooring.host import systemd
    from mooring.telling import drain

    state = ""
    for _ in range(FIRST_TRY * 10):
        state = systemd.status([drain.unit(new)]).get(drain.unit(new), "")
        if state.startswith(("forwarding", "waiting", "failed")):
            break
        time.sleep(0.1)
    if state.startswith("forwarding"):
        print(f"What {new.app} prints goes to {url} now")
    else:
        print(f"What {new.app} prints waits in the journal until {url} can be reached; now it is {state or 'starting'}")
