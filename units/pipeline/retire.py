"""The retire stage: what ran before the live release is drained, stopped and removed.

python -m units.pipeline.retire my-app.42
"""

import time
from pathlib import Path

from mooring.app.apps import App
from mooring.host import names, settings, systemd
from mooring.host.names import ContainerName, ReleaseName
from mooring.pipeline import retention, stage
from mooring.pipeline.journal import Log
from mooring.release import releases
from mooring.runtime import containers, engine, images

ESTABLISHED = "01"
PAUSE = 0.2


def work(name: ReleaseName, log: Log) -> None:
    app = App(name.app)
    if app.live != name:
        return
    old = [each for each in releases.every(app) if each.name.number < name.number]
    drain({each.address for record in old if record.status == "live" for each in record.placements}, log)
    stop(name)
    for record in old:
        if record.status == "live":
            releases.save(record.changed(status="retired").at("retired"))
    prune(app, settings.load().releases_keep)


def stop(live: ReleaseName) -> None:
    """Stop every process of an earlier release of the app, and remove what is left of one."""
    units = systemd.loaded(f"mooring-app@{live.app}.*")
    earlier = [unit for unit in units if (number := number_of(unit)) and number < live.number]
    systemd.stop(earlier)
    for container in engine.containers(live.app):
        parsed = ContainerName.parse(container)
        # A person's one-off command goes on, and the run of a job.
        if parsed.release.number < live.number and not parsed.runs_once:
            engine.remove(container)
    # None of a later release: one that is failing just then would count as ended well, and its start as done.
    failed = systemd.loaded(f"mooring-*@{live.app}.*", "--state=failed")
    systemd.forget([unit for unit in failed if (number := number_of(unit)) and number <= live.number])
    containers.forget_ends(live.app, live.number)


def number_of(unit: str) -> int | None:
    """The number of the release in the name of a unit, e.g. mooring-build@my-app.42.service; None where it has none."""
    number = unit.rpartition("@")[2].split(".")[1]
    return int(number) if names.NUMBER.fullmatch(number) else None


def drain(addresses: set[str], log: Log) -> None:
    """Wait until no connection to the addresses is open, at most the host's `drain.timeout`."""
    limit = settings.load().drain_timeout
    until = time.monotonic() + limit
    while (count := open_connections(Path("/proc/net/tcp").read_text(), addresses)) and time.monotonic() < until:
        time.sleep(PAUSE)
    if count:
        log.line(f"{count} connections to the old release are still open after {limit} s: closing them")


def open_connections(table: str, addresses: set[str]) -> int:
    """How many established connections to `addresses` are in the text of /proc/net/tcp (proc_net(5))."""
    peers = {"".join(f"{int(part):02X}" for part in reversed(address.split("."))) for address in addresses}
    rows = (line.split() for line in table.splitlines()[1:])
    return sum(1 for row in rows if row[3] == ESTABLISHED and row[2].partition(":")[0] in peers)


def prune(app: App, keep: int) -> None:
    """Remove the images of earlier releases than the live one, but for those that are kept."""
    kept = {name.image for name in retention.images(app, releases.every(app), keep)}
    current = app.live
    for tag in images.tags(app.name):
        number = tag.rpartition(":")[2]
        if tag not in kept and names.NUMBER.fullmatch(number) and current and int(number) < current.number:
            images.remove_tag(tag)


if __name__ == "__main__":
    stage.main("retire", None, work)
