"""What is in a repository: copies of subjects, each of one snapshot for each of its pieces, and a last one that says
that it is whole and what it is made of."""

import json
import os
import re
from datetime import datetime
from typing import Any, NamedTuple

from mooring.backup import identity, repository
from mooring.backup.destination import Destination
from mooring.host.refusal import die

OURS = "mooring"
WHOLE = "whole"
"""The tag of the snapshot that is a copy's last: its id is the copy's, the file in it says of what the copy is."""
LATEST = "latest"
FRACTION = re.compile(r"\.\d+")


class Snapshot(NamedTuple):
    """One of restic's. `tags` are what was said of it: `service`, `run`, `database`, …"""

    id: str
    time: float
    host: str
    file: str
    tags: dict[str, str]


class Copy(NamedTuple):
    """A backup that is whole. `pieces` are the ids of its snapshots by their databases, `files` what is in those."""

    id: str
    run: str
    time: float
    host: str
    subject: str
    version: str
    bytes: int
    shared: str
    """What the database is called that links share which ask for none of their own."""
    pieces: dict[str, str]
    files: dict[str, str]
    manifest: str

    @property
    def short(self) -> str:
        return self.id[:8]


def snapshots(destination: Destination, *tags: str, host: str = "") -> list[Snapshot]:
    """Those that have one of these tags; of the server called `host`, of every one without it."""
    words = [word for tag in tags for word in ("--tag", f"{OURS},{tag}")]
    words += ["--host", host] if host else []
    said = repository.ask(destination, "snapshots", "--json", "--no-lock", *words, timeout=repository.ANSWER)
    return [snapshot(each) for each in json.loads(said or "null") or []]


def snapshot(table: dict[str, Any]) -> Snapshot:
    tags = dict(each.partition("=")[::2] for each in table.get("tags") or [])
    file = str((table.get("paths") or [""])[0]).lstrip("/")
    return Snapshot(table["id"], moment(table["time"]), table.get("hostname", ""), file, tags)


def moment(text: str) -> float:
    """Seconds since the epoch of a time as Go writes it: with nanoseconds, which Python 3.11 does not read."""
    return datetime.fromisoformat(FRACTION.sub(lambda match: match[0][:7].ljust(7, "0"), text)).timestamp()


def whole(found: list[Snapshot]) -> list[Copy]:
    """The copies that are whole, the newest first."""
    made = []
    for last in (each for each in found if WHOLE in each.tags):
        pieces = [each for each in found if each.tags.get("run") == last.tags.get("run") and WHOLE not in each.tags]
        if len(pieces) == int(last.tags.get("pieces", "0")):
            made.append(
                Copy(
                    last.id,
                    last.tags.get("run", ""),
                    last.time,
                    last.host,
                    last.tags.get("subject", ""),
                    last.tags.get("version", ""),
                    int(last.tags.get("bytes", "0")),
                    last.tags.get("shared", ""),
                    {each.tags.get("database", ""): each.id for each in pieces},
                    {each.tags.get("database", ""): each.file for each in pieces},
                    last.file,
                )
            )
    return sorted(made, key=lambda each: -each.time)


def left_over(found: list[Snapshot]) -> list[str]:
    """The ids of snapshots of copies that are not whole, or not any more."""
    runs = {each.run for each in whole(found)}
    return [each.id for each in found if each.tags.get("run") not in runs]


def every(destination: Destination, subject: str) -> list[Copy]:
    """The copies of what is called so now, or was when they were made, the newest first."""
    own = identity.look(subject)
    return whole(snapshots(destination, f"subject={subject}", *([f"id={own}"] if own else [])))


def find(destination: Destination, subject: str, wanted: str) -> Copy:
    """The copy whose id begins so; raise Refusal where there is none, or more than one."""
    copies = every(destination, subject)
    if not copies:
        die(f"there is no backup of {subject.partition('.')[2]}", f"in {destination.url}")
    if wanted == LATEST:
        return newest(copies)
    found = [each for each in copies if each.id.startswith(wanted)] if len(wanted) >= 4 else []
    if len(found) != 1:
        kind, _, name = subject.partition(".")
        die(f"there is no backup {wanted[:64]!r} of {name}", f"`mooring {kind}:backup:list {name}` lists them")
    return found[0]


def newest(copies: list[Copy]) -> Copy:
    """The newest of this server; of another where it has none."""
    ours = [each for each in copies if each.host == os.uname().nodename]
    return (ours or copies)[0]


def manifest(destination: Destination, copy: Copy) -> dict[str, Any]:
    """What was written down of a copy when it was made."""
    said = repository.ask(destination, "dump", "--no-lock", copy.id, copy.manifest, timeout=repository.ANSWER)
    found: dict[str, Any] = json.loads(said)
    return found
