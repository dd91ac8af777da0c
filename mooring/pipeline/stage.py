"""The frame of a stage: take the release's marker, do the one thing, hand over or fail."""

import os
import sys
import time
from collections.abc import Callable

from mooring.app.apps import App
from mooring.host import systemd
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal
from mooring.pipeline import spool
from mooring.pipeline.journal import Log
from mooring.pipeline.spool import Stage
from mooring.release import releases
from mooring.release.releases import Status
from mooring.telling import announcement

RECORDED = 1
"""The exit status of a stage whose release failed and was recorded so: units do not try it again."""


def run(
    stage: Stage, following: Stage | None, work: Callable[[ReleaseName, Log], None], after: Stage | None = None
) -> int:
    """Run a stage for the release named by the first argument; return the exit status of its unit.

    `work` raises Refusal when the release cannot go on. Killed at any point, it can be run again. A stage may be
    started while the one before it, `after`, is at work: it waits for its end, and has nothing to do if that failed.
    """
    name = ReleaseName.parse(sys.argv[1])
    if after:
        spool.wait_until_worked_off(after, name)
    with spool.work_on(stage, name) as there:
        return work_off(name, stage, following, work) if there else 0


def work_off(name: ReleaseName, stage: Stage, following: Stage | None, work: Callable[[ReleaseName, Log], None]) -> int:
    log = Log(name, stage)
    try:
        work(name, log)
    except Refusal as refusal:
        fail(name, stage, log, str(refusal))
        return RECORDED
    except Exception as error:
        import traceback

        traceback.print_exc()
        fail(name, stage, log, f"the {stage} stage broke: {error!s:.500}")
        return RECORDED
    if following is None:
        spool.finish(name, stage)
    else:
        spool.hand_over(name, stage, following)
    return 0


def fail(name: ReleaseName, stage: Stage, log: Log, reason: str) -> None:
    """End a release that cannot go on: its own processes are stopped, what ran before goes on running."""
    live = App(name.app).live
    if live != name and stage in ("launch", "route"):
        systemd.stop([systemd.processes_of(name)])
    end(name, "failed", reason)
    spool.finish(name, stage)
    serving = f"{live.app} v{live.number} serves on" if live else "nothing ran before"
    failed = "" if live == name else f"{name.app} v{name.number} failed; "
    log.end("failed", f" !     {reason}", f" !     {failed}{serving}.")


def end(name: ReleaseName, status: Status, reason: str = "") -> None:
    """Record how a release ended, and tell of it; one that has ended stays as it is."""
    if not App(name.app).exists():
        return
    if releases.exists(name):
        record = releases.load(name)
    else:
        record = releases.Release(name, kind="push", actor="", created=time.time())
    if record.status == "queued":
        announcement.ended(releases.save(record.changed(status=status, reason=reason).at("ended")))


def main(
    stage: Stage, following: Stage | None, work: Callable[[ReleaseName, Log], None], after: Stage | None = None
) -> None:
    os.umask(0o022)
    sys.exit(run(stage, following, work, after))
