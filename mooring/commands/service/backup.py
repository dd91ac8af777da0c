"""Backups of a service: `KIND:backup`, `KIND:backup:*`."""

import contextlib
import time

from mooring.backup import copies, destination, outcome, restoration, retention, schedule, timers
from mooring.backup.outcome import BACKUP, PROOF, Outcome
from mooring.commands import JSON, argument
from mooring.commands.listing import moment, show
from mooring.commands.service import NAME, word
from mooring.host import interrupt, names, systemd
from mooring.host.refusal import die
from mooring.release import formation
from mooring.service import creation, services
from mooring.service.kind import Kind
from mooring.telling import audit

KEEP = argument("--keep", default="", metavar="LIST", help="how many days, weeks, months, e.g. 7d,4w,6m; else all")
# Over ssh its quotes are gone.
SCHEDULE = argument("schedule", metavar="SCHEDULE", nargs="+", help='as in a crontab, in quotes: "30 3 * * *", @daily')
INTO = argument("--into", default="", metavar="NEW", help="make a new service of this name, and leave this one alone")
ID = argument("id", metavar="ID", help="as `backup:list` shows it, or latest")


@word("backup", "orders", NAME, wants="dump.export")
def backup(kind: Kind, name: str) -> int:
    """Back up a service now."""
    service = services.find(kind.name, name)
    to = destination.of(str(service.name))
    made = followed(str(service.name), BACKUP, f"-----> Backing up {name} to {to.url}")
    print(f"{name} is backed up: {made.id[:8]}, {formation.size(made.bytes)}, {made.ended - made.began:.1f} s")
    if made.why:
        die(made.why, f"`journalctl -u {outcome.unit(str(service.name))}`")
    return 0


def followed(subject: str, what: str, said: str) -> Outcome:
    """Start its unit, or join it where it is at work, and wait until it has ended. Raises Refusal where it failed."""
    began = time.time()
    print(said, flush=True)
    unit = outcome.unit(subject, what)
    systemd.start([unit])
    ended = outcome.look(subject, what)
    if ended is None or not ended.result or ended.ended < began:
        die("it did not run", f"`journalctl -u {unit}` says why")
    if ended.result == "failed":
        die(ended.why)
    return ended


@word("backup:schedule", 'orders "30 3 * * *" --keep 7d,4w,6m', KEEP, NAME, SCHEDULE, wants="dump.export")
def schedule_(kind: Kind, name: str, schedule: list[str], keep: str) -> None:
    """Back up a service on time, and remove what is not to be kept any more."""
    from mooring.backup import schedule as plans

    service = services.find(kind.name, name)
    subject = str(service.name)
    plan = plans.Plan(plans.parse(" ".join(schedule)), retention.parse(keep), services.now())
    to = destination.of(subject)
    plans.save(subject, plan)
    timers.apply(subject)
    kept = f"of them {retention.written(plan.keep)} are kept" if plan.keep else "all of them are kept"
    coming = moment(timers.following().get(subject))
    print(f"{name} is backed up to {to.url}, next at {coming}; {kept}")


@word("backup:unschedule", "orders", NAME, wants="dump.export")
def unschedule(kind: Kind, name: str) -> None:
    """Back up a service no more by itself; the backups that there are stay."""
    subject = str(services.find(kind.name, name).name)
    if schedule.look(subject) is None:
        audit.nothing_changed()
    schedule.forget(subject)
    timers.apply(subject)
    print(f"{name} is backed up when `mooring {kind.name}:backup {name}` says so")


@word("backup:list", "orders", NAME, JSON, wants="dump.export")
def list_(kind: Kind, name: str, json: bool) -> None:
    """List the backups of a service, also of one that is not there any more."""
    subject = str(names.check_service(kind.name, name))
    to = destination.of(subject)
    rows = [
        {
            "id": each.short,
            "time": moment(each.time),
            "version": each.version,
            "databases": [*filter(None, each.pieces)],
            "size": each.bytes if json else formation.size(each.bytes),
            "server": each.host,
        }
        for each in copies.every(to, subject)
    ]
    show(rows, as_json=json, empty=f"no backup of {name} in {to.url}: `mooring {kind.name}:backup {name}` makes one")


@word("backup:restore", "orders 3fa85f64 --into orders-before", INTO, NAME, ID, wants="dump.import_")
def restore(kind: Kind, name: str, id: str, into: str) -> None:
    """Replace what is in a service by what a backup has, or make a new one of it; nothing changes until it has come."""
    origin = names.check_service(kind.name, name)
    to = destination.of(str(origin))
    new = names.check_service(kind.name, into) if into else None
    service = None if new else services.load(origin)
    if new:
        creation.refuse_taken(new)
    copy = copies.find(to, str(origin), id)
    # It goes on when its client goes away.
    interrupt.ignore()
    if new:
        restoration.into_new(kind, new, copy, to, say)
    elif service:
        print(f"-----> Restoring {copy.short} into {name}", flush=True)
        restoration.into(service, kind, copy, to)
    print(f"{into or name} has what {copy.short} has, of {moment(copy.time)}")


def say(line: str) -> None:
    """Print it, if somebody still reads that."""
    with contextlib.suppress(BrokenPipeError):
        print(line, flush=True)


@word("backup:verify", "orders", NAME, wants="dump.import_")
def verify(kind: Kind, name: str) -> None:
    """Restore the newest backup into a service that is made for that, and compare what it has."""
    subject = str(names.check_service(kind.name, name))
    to = destination.of(subject)
    given = followed(subject, PROOF, f"-----> Restoring the newest backup of {name} from {to.url}")
    print("\n".join(given.lines))
    print(f"{given.id[:8]} holds: it was restored, compared and removed again, in {given.ended - given.began:.1f} s")
