"""What is run once for a release, in a container of its own: the Procfile's `release`, and app.json's scripts.

Each has two moments in the release's record: when it was begun, and when it had ended well. So it is never run twice,
whatever happens to the stage that waits for it.
"""

from mooring.app.apps import App
from mooring.host import systemd
from mooring.host.names import POSTDEPLOY, PREDEPLOY, RELEASE_PHASE, SETUP, ContainerName
from mooring.host.program import ProgramError
from mooring.host.refusal import Refusal, die
from mooring.pipeline.journal import Log
from mooring.release import releases
from mooring.release.process import Process
from mooring.release.releases import WERE_LIVE, Release
from mooring.runtime import containers

BEFORE = (PREDEPLOY, RELEASE_PHASE)
"""In the new image, before anything of it serves: where one fails, the release does."""
AFTER = (SETUP, POSTDEPLOY)
"""When it is live, and stays so."""
MOMENTS = {
    PREDEPLOY: ("predeploying", "predeployed"),
    RELEASE_PHASE: ("releasing", "released"),
    SETUP: ("setting-up", "set-up"),
    POSTDEPLOY: ("postdeploying", "postdeployed"),
}
NAMES = {
    PREDEPLOY: "predeploy",
    RELEASE_PHASE: "the release phase",
    SETUP: "the first postdeploy",
    POSTDEPLOY: "postdeploy",
}


def run_before(record: Release, log: Log) -> Release:
    """Run what comes before the processes; raise Refusal where it fails."""
    for process in record.phases(*BEFORE):
        record = run(record, process, log)
    return record


def after(record: Release) -> list[Process]:
    """What is to be run when the release is live: Heroku's `postdeploy` only for the first one of its app."""
    return [each for each in record.phases(*AFTER) if each.name != SETUP or is_first(record)]


def run_after(record: Release, log: Log) -> Release:
    """Run what comes when the release is live; say which of it failed, which changes nothing."""
    for process in after(record):
        try:
            record = run(record, process, log)
        except (Refusal, ProgramError) as error:
            # It is live: whatever this is, what comes after it is done.
            record = releases.load(record.name)
            reason = str(error) if isinstance(error, Refusal) else f"{NAMES[process.name]} failed: {error!s:.200}"
            log.warn(" ".join(reason.split()))
            log.warn(f"{record.name.app} v{record.name.number} is live all the same")
    return record


def is_first(record: Release) -> bool:
    """Whether no release of its app was live before it."""
    every = releases.every(App(record.name.app))
    return not any(each.status in WERE_LIVE for each in every if each.name < record.name)


def run(record: Release, process: Process, log: Log) -> Release:
    """Run a phase, once whatever happens to this stage; raise Refusal where it fails."""
    container = ContainerName(record.name, process.name, 1)
    name, (begun, done) = NAMES[process.name], MOMENTS[process.name]
    if done in record.times:
        return record
    state = systemd.state_of(container.unit) if begun in record.times else ""
    if state == "inactive":
        die(f"{name} was interrupted", "it is not run twice for one release: push again when it may be")
    if not state:
        record = releases.save(record.at(begun))
        log.step(f"{name.removeprefix('the ').capitalize()}: {process.command}")
    went_well = state != "failed" and systemd.start([container.unit])
    systemd.stop([container.unit])
    if not went_well:
        reason = containers.reason_of(container)
        if reason.exists():
            log.warn(reason.read_text().strip())
            reason.unlink()
        unit = container.unit.removesuffix(".service")
        die(f"{name} failed", f"its lines are above, and in `journalctl -u {unit}`")
    return releases.save(record.at(done))
