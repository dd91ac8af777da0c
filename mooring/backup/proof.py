"""The proof of a backup: the newest is restored into a service that is made for that, compared, and removed again."""

import secrets

from mooring.backup import copies, destination, of_service, outcome, repository, restoration
from mooring.backup.copies import Copy
from mooring.backup.destination import Destination
from mooring.backup.outcome import PROOF, Outcome
from mooring.host import files, paths
from mooring.host.names import ServiceName
from mooring.host.refusal import Refusal, die
from mooring.service import creation
from mooring.service.kind import Kind
from mooring.service.kind import of as kind_of

FOR_NOW = paths.BACKUPS / ".for-now"
"""What is made for a proof, by its name; in each file is for the proof of which subject."""


def give(subject: str) -> Outcome:
    """Prove the newest copy of a subject; how that ended is written down."""
    begun = outcome.begin(subject, PROOF)
    name = ServiceName.parse(subject)
    try:
        to, kind = destination.of(subject), kind_of(name.kind)
        copy = copies.find(to, subject, copies.LATEST)
        begun = begun._replace(id=copy.id)
        repository.ask(to, "check", "--no-lock")
        lines = restored(name, kind, copy, to)
    except (Refusal, OSError) as error:
        return outcome.end(subject, begun._replace(why=str(error)), "failed", PROOF)
    finally:
        clear(subject)
    return outcome.end(subject, begun._replace(lines=tuple(lines)), "ok", PROOF)


def restored(name: ServiceName, kind: Kind, copy: Copy, to: Destination) -> list[str]:
    """Restore a copy, and compare it; what was found. Raises Refusal where it is not what was backed up."""
    passing = ServiceName(kind.name, f"verify-{secrets.token_hex(4)}")
    FOR_NOW.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write(FOR_NOW / str(passing), str(name))
    made = restoration.into_new(kind, passing, copy, to, lambda line: print(line, flush=True))
    noted = copies.manifest(to, copy)["databases"]
    found = []
    for database in copy.pieces:
        counted = of_service.counted(made, kind, of_service.database_in(made, copy.shared, database))
        found += compared(database, counted, noted[database]["check"])
    return found


def compared(database: str, found: list[str] | None, noted: list[str] | None) -> list[str]:
    """What a database has that was restored, line by line; raise Refusal where that is not what was noted of it."""
    where = f"{database}: " if database else ""
    if found is None:
        return [f"{where}restored, and it answers; its kind has nothing to compare it by"]
    if noted is None:
        return [*(f"{where}{line}" for line in found), f"{where}not compared: it was written to during the backup"]
    if found != noted:
        here, there = ([line for line in one if line not in other] for one, other in ((found, noted), (noted, found)))
        die(f"{where}it has {', '.join(here[:5]) or 'less'}, and should have {', '.join(there[:5]) or 'no more'}")
    return [f"{where}{line}" for line in found] or [f"{where}nothing is in it, as when it was backed up"]


def clear(subject: str = "") -> None:
    """Remove what was made for the proof of a subject, or of any; it may be there half, or not at all."""
    for place in sorted(FOR_NOW.glob("*.verify-*")) if FOR_NOW.exists() else ():
        if not subject or place.read_text() == subject:
            creation.remove(ServiceName.parse(place.name))
            place.unlink()
