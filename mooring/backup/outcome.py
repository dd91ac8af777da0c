"""How the last backup of a subject ended, and the last proof of one."""

import json
import time
from datetime import datetime
from typing import NamedTuple

from mooring.backup import destination
from mooring.host import files

BACKUP, PROOF = "backup", "verify"


class Outcome(NamedTuple):
    """`result` is "ok" or "failed", empty while it goes on; `why` says what went wrong. Times are in seconds since the
    epoch; `id` is the copy's, `lines` what was found."""

    began: float
    ended: float = 0
    result: str = ""
    why: str = ""
    id: str = ""
    bytes: int = 0
    lines: tuple[str, ...] = ()
    succeeded: float = 0
    """When the last one began that went well."""


def look(subject: str, what: str = BACKUP) -> Outcome | None:
    """The last one; None where there was none."""
    try:
        table = json.loads((destination.folder(subject) / f"{what}.json").read_text())
    except FileNotFoundError:
        return None
    return Outcome(**{**table, "lines": tuple(table.get("lines", ()))})


def save(subject: str, outcome: Outcome, what: str = BACKUP) -> Outcome:
    folder = destination.make_folder(subject)
    files.write(folder / f"{what}.json", json.dumps(outcome._asdict()) + "\n", mode=0o600)
    return outcome


def begin(subject: str, what: str = BACKUP) -> Outcome:
    before = look(subject, what)
    return save(subject, Outcome(round(time.time(), 3), succeeded=before.succeeded if before else 0), what)


def end(subject: str, outcome: Outcome, result: str, what: str = BACKUP) -> Outcome:
    outcome = outcome._replace(ended=round(time.time(), 3), result=result)
    return save(subject, outcome._replace(succeeded=outcome.began) if result == "ok" else outcome, what)


def told(subject: str) -> str:
    """How the last backup went, for people."""
    last = look(subject)
    if last is None:
        return "none"
    when = datetime.fromtimestamp(last.began).astimezone().isoformat(timespec="seconds")
    return ": ".join(filter(None, (f"{when} {last.result or 'at work'}", last.why)))


def forget(subject: str) -> None:
    for what in (BACKUP, PROOF):
        (destination.folder(subject) / f"{what}.json").unlink(missing_ok=True)


def unit(subject: str, what: str = BACKUP) -> str:
    return f"mooring-{what}@{subject}.service"
