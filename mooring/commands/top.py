"""What apps use, as it happens: `top`."""

import sys
import time
from typing import Any

from mooring.app import apps
from mooring.commands import JSON, argument, command
from mooring.commands.listing import show
from mooring.host.names import ContainerName
from mooring.host.refusal import Refusal
from mooring.release import formation
from mooring.runtime import cgroup, containers

GLANCE = 0.1
"""Seconds that are measured for one listing."""
REFRESH = 2.0
"""Seconds between two listings at a terminal."""
CLEAR = "\x1b[H\x1b[J"
Sample = dict[ContainerName, cgroup.Usage]


@command(
    "top",
    "mooring top my-app",
    argument("app", metavar="APP", nargs="?", default="", help="all apps without it"),
    argument("-1", "--once", action="store_true", help="one listing, also at a terminal"),
    JSON,
)
def top(app: str, once: bool, json: bool) -> None:
    """Show the processor time and memory that each process uses; at a terminal, until Ctrl-C."""
    if app:
        apps.find(app)
    empty = f"nothing of {app} runs" if app else "no app runs"
    if once or json or not sys.stdout.isatty():
        show(measured(app, sample(app), GLANCE, json), as_json=json, empty=empty)
        return
    before = sample(app)
    seconds = GLANCE
    while True:
        rows = measured(app, before, seconds, json)
        before = sample(app)
        print(f"{CLEAR}{time.strftime('%H:%M:%S')}  Ctrl-C ends it\n")
        show(rows, as_json=False, empty=empty)
        sys.stdout.flush()
        seconds = REFRESH


def sample(app: str) -> Sample:
    """What each container (of one app) uses now."""
    found = {}
    for path in sorted(containers.CONTAINERS.glob(f"{app}.*" if app else "*")):
        try:
            container = ContainerName.parse(path.name)
        except Refusal:
            continue
        started = containers.started(container)
        usage = cgroup.usage(started["id"], started["pid"]) if started else None
        if usage:
            found[container] = usage
    return found


def measured(app: str, before: Sample, seconds: float, json: bool) -> list[dict[str, Any]]:
    """What each container uses over so many seconds from now: a row each."""
    begin = time.monotonic()
    time.sleep(seconds)
    now = sample(app)
    took = time.monotonic() - begin
    rows = []
    for container, usage in sorted(now.items()):
        if container not in before:
            continue
        share = max(0.0, usage.cpu - before[container].cpu) / took * 100
        held_back = max(0.0, usage.throttled - before[container].throttled) / took * 100
        process = container.label
        rows.append(
            {
                "app": container.release.app,
                "process": process,
                "release": f"v{container.release.number}",
                "cpu": round(share, 1) if json else f"{share:.1f}%",
                "memory": usage.memory if json else formation.size(usage.memory),
                "limit": usage.memory_limit
                if json
                else formation.size(usage.memory_limit)
                if usage.memory_limit
                else "",
                "pids": usage.pids,
                "throttled": round(held_back, 1) if json else f"{held_back:.0f}%" if held_back else "",
            }
        )
    return rows
