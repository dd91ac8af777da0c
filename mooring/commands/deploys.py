"""Deploys on their way: `deploys:*`."""

from mooring.access.actor import actor
from mooring.app import apps
from mooring.commands import APP, command
from mooring.host import systemd
from mooring.host.refusal import die
from mooring.pipeline import dispatch, source, spool, stage, standstill
from mooring.pipeline.journal import Log


@command("deploys:cancel", "mooring deploys:cancel my-app", APP)
def cancel(app: str) -> None:
    """Stop the newest release that is on its way; what serves serves on."""
    target = apps.find(app)
    under_way = [marker for marker in spool.deploying(app) if marker.release != target.live]
    if not under_way:
        die(f"nothing of {app} is on its way", f"`mooring releases {app}` lists what was")
    name = under_way[-1].release
    if not spool.take_out(name):
        die(f"{app} v{name.number} has just ended", f"`mooring releases {app}` says how")
    systemd.stop([f"mooring-{each}@{name}.service" for each in spool.DEPLOYING])
    if target.live == name:
        dispatch.enter("route", name)
        die(f"{app} v{name.number} is live already", f"`mooring rollback {app}` goes back")
    systemd.stop([systemd.processes_of(name)])
    log = Log(name, under_way[-1].stage)
    standstill.take_back(name, log)
    reason = f"cancelled by {actor()}"
    stage.end(name, "cancelled", reason)
    source.remove(name)
    spool.wake()
    log.end("cancelled", f" !     {app} v{name.number} was {reason}")
    print(f"{app} v{name.number} is cancelled")
