"""The frame of a stage: take the release's marker, do the one thing, hand over or fail."""

import os
import signal
import sys
import time
from collections.abc import Callable

from mooring.app.apps import App
from mooring.host import systemd
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal
from mooring.pipeline import spool, standstill
from mooring.pipeline.journal import Log
from mooring.pipeline.spool import Stage
from mooring.release import releases
from mooring.release.releases import Status
from mooring.telling import announcement

Work = Callable[[ReleaseName, Log], None]
Along = Callable[[ReleaseName], list[str]]
RECORDED = 1
"""The exit status of a stage whose release failed and was recorded so: units do not try it again."""


def main(
    stage: Stage,
    following: Stage | None,
    work: Work,
    *,
    after: Stage | None = None,
    along: Along | None = None,
    tidy: Callable[[ReleaseName], None] = lambda _: None,
) -> None:
    """Run a stage for the release named by the first argument; end with the exit status of its unit.

    `work` raises Refusal when the release cannot go on. Killed at any point, it can be run again. A stage may be
    started while the one before it, `after`, is at work: it waits for its end, and has nothing to do if that failed.
    With `along` the following stage is started at once, and with it the units that this returns; `tidy` is called when
    nothing waits for the stage any more.
    """
    os.umask(0o022)
    name = ReleaseName.parse(sys.argv[1])
    if after:
        spool.wait_until_worked_off(after, name)
    with spool.work_on(stage, name) as there:
        status = work_off(name, stage, following, work, along) if there else 0
    if there:
        tidy(name)
    sys.exit(status)


def work_off(name: ReleaseName, stage: Stage, following: Stage | None, work: Work, along: Along | None = None) -> int:
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
    let_go()
    if following is None:
        spool.finish(name, stage)
    elif along is None:
        spool.hand_over(name, stage, following)
    else:
        units = along
        spool.hand_over(name, stage, following, lambda: begin(name, following, units))
    return 0


def let_go() -> None:
    """Be told to end no more: without its marker the stage may be begun again, and what is left to do here is done."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def begin(name: ReleaseName, stage: Stage, along: Along) -> None:
    """Start a stage that has the marker, and what it waits for: its time begins while the one before it ends.

    Where systemd does not, it comes by itself (OnSuccess=).
    """
    systemd.start([*along(name), f"mooring-{stage}@{name}.service"], "--no-block")


def fail(name: ReleaseName, stage: Stage, log: Log, reason: str) -> None:
    """End a release that cannot go on: its own processes are stopped, what ran before goes on running."""
    live = App(name.app).live
    if live != name and stage in ("launch", "route"):
        systemd.stop([systemd.processes_of(name)])
        standstill.take_back(name, log)
    end(name, "failed", reason)
    let_go()
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
