"""What is told of backups: those that failed, and the proofs that did."""

import time
from collections.abc import Mapping

from mooring.app import link
from mooring.backup import outcome
from mooring.backup.outcome import BACKUP, PROOF
from mooring.host import paths, systemd
from mooring.host.names import ServiceName
from mooring.telling import announcement
from mooring.telling.event import Event

ACTOR = "backup"
AT_WORK = ("active", "activating", "deactivating", "reloading")


def at_work(subject: str, what: str = BACKUP) -> bool:
    return systemd.state_of(outcome.unit(subject, what)) in AT_WORK


def settle(subject: str, what: str = BACKUP) -> None:
    """Write down of a run that is over how it ended, where it could not itself, and tell of one that failed."""
    last = outcome.look(subject, what)
    if last is None:
        return
    if not last.result:
        last = outcome.end(
            subject, last._replace(why="it was cut off: killed, or the server went down"), "failed", what
        )
    if last.result == "failed":
        seconds = round(last.ended - last.began, 1)
        name = "backup:failed" if what == BACKUP else "backup:unproven"
        tell(subject, name, {"reason": last.why, "seconds": seconds})


def settle_all() -> None:
    """The same of every run that the power ended."""
    for place in sorted(paths.BACKUPS.glob("*.*")):
        for what in (BACKUP, PROOF):
            last = outcome.look(place.name, what)
            if last and not last.result and not at_work(place.name, what):
                settle(place.name, what)


def tell(subject: str, event: str, details: Mapping[str, object]) -> None:
    """Announce it: to the apps that use the service, to none where no one does."""
    apps = [each.app for each in link.of_service(ServiceName.parse(subject))]
    for app in apps or [""]:
        announcement.announce(Event(event, ACTOR, app, status="failed", details={"service": subject, **details}))


def moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else "never"
