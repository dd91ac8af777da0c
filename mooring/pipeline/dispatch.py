"""Take every marker out of a stage's inbox and start those whose turn it is.

    python -m units.pipeline.dispatch build

A watched directory that a run leaves full spins its path unit until systemd gives it up, so all of it is moved:
to run/ with its stage started, to queue/ until `spool.wake`, or to failed/ with a reason.
"""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from mooring.host import interrupt, paths, systemd
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal, die
from mooring.pipeline import spool
from mooring.pipeline.spool import Marker, Stage

Along = Callable[[], Sequence[str]]


def turns(stage: Stage, markers: list[Marker], parallel: int) -> list[ReleaseName]:
    """The waiting releases of `stage` that may run now.

    An app's releases go in order: one runs when no earlier one of its app is on its way to being live, and never
    twice at once in one stage. At most `parallel` builds run.
    """
    running = {marker.release for marker in markers if marker.stage == stage and marker.place == "run"}
    first: dict[str, int] = {}
    for marker in markers:
        if marker.stage in spool.DEPLOYING:
            app = marker.release.app
            first[app] = min(first.get(app, marker.release.number), marker.release.number)
    waiting = sorted(marker.release for marker in markers if marker.stage == stage and marker.place == "queue")
    chosen = [
        name for name in waiting if name not in running and (stage == "retire" or first.get(name.app) == name.number)
    ]
    return chosen[: max(0, parallel - len(running))] if stage == "build" else chosen


def superseded(markers: list[Marker]) -> dict[ReleaseName, ReleaseName]:
    """The builds that wait while a newer one of their app waits too, and which that is."""
    newest: dict[str, ReleaseName] = {}
    waiting = sorted(marker.release for marker in markers if marker.stage == "build" and marker.place == "queue")
    for name in waiting:
        newest[name.app] = name
    return {name: newest[name.app] for name in waiting if newest[name.app] != name}


def take(stage: Stage) -> None:
    """Move the inbox to the queue, and to failed/ what is no marker."""
    with os.scandir(spool.inbox(stage)) as entries:
        found = [Path(entry.path) for entry in entries if not entry.name.startswith(".")]
    for path in found:
        try:
            check(path, stage)
        except Refusal as refusal:
            spool.reject(path, str(refusal))
        else:
            path.rename(spool.queue(stage) / path.name)


def check(path: Path, stage: Stage) -> None:
    """Raise Refusal if the file is not a marker that the stage can work off."""
    name = ReleaseName.parse(path.name)
    if not stat.S_ISREG(path.lstat().st_mode):
        die("the marker is not a regular file")
    app = paths.APPS / name.app
    if not app.is_dir():
        die(f"there is no app {name.app}")
    if stage == "build":
        from mooring.host import files
        from mooring.pipeline import order

        order.parse(files.read_untrusted(path, limit=10_000))
    elif not (app / "releases" / str(name.number) / "release.json").exists():
        die(f"there is no release {name}")


def supersede(name: ReleaseName, by: ReleaseName) -> None:
    from mooring.pipeline import source
    from mooring.pipeline import stage as stages
    from mooring.pipeline.journal import Log

    reason = f"superseded by v{by.number}, which was pushed before this was built"
    stages.end(name, "superseded", reason)
    source.remove(name)
    (spool.queue("build") / str(name)).unlink(missing_ok=True)
    Log(name, "build").end("superseded", f" !     {name.app} v{name.number} is {reason}")


def parallel_builds() -> int:
    from mooring.host import settings

    return settings.load().builds_parallel


def enter(stage: Stage, name: ReleaseName, content: str = "", along: Along = tuple) -> None:
    """Hand a release to a stage, as `spool.put` does, and dispatch: root need not wait for the path unit's round.

    `along` returns units that are started with the stage; it is called if it is the release's turn.
    """
    with interrupt.deferred():
        spool.put(stage, name, content, place=spool.queue)
        dispatch(stage, {name: along})


def dispatch(stage: Stage, along: Mapping[ReleaseName, Along] = MappingProxyType({})) -> None:
    """Take what is in the stage's inbox, and start the releases whose turn it is; `along` as in `enter`."""
    with spool.locked():
        take(stage)
        for name, by in superseded(spool.markers()).items() if stage == "build" else ():
            supersede(name, by)
        starting = turns(stage, spool.markers(), parallel_builds() if stage == "build" else 0)
        for name in starting:
            (spool.queue(stage) / str(name)).rename(spool.at_work(stage) / str(name))
        # Under the lock: whoever cancels a release takes its marker first, and stops what was started after that.
        first = [unit for name in starting for unit in along.get(name, tuple)()]
        units = [*first, *(f"mooring-{stage}@{name}.service" for name in starting)]
        # A live release is routed again, perhaps while the program that routed it before is ending: systemd would take
        # a start for done by that one. Restarted, the unit runs once more when that has ended.
        verb = "restart" if stage == "route" else "start"
        # In the order in which systemd starts them: what a release waits for the longest first.
        if units and not systemd.start(units, "--no-block", verb=verb):
            die(f"systemd does not start {' '.join(units)}", f"`systemctl status {units[-1]}` says why")
