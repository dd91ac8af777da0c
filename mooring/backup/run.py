"""A backup, as it is made: dumps go into restic as they come, and nothing of their size lies anywhere on the way."""

import json
import os
import secrets
import signal
import subprocess
import tempfile
import time
from typing import Any, NamedTuple

from mooring.backup import destination, identity, of_service, outcome, repository, retention, schedule
from mooring.backup.copies import OURS, WHOLE
from mooring.backup.destination import Destination
from mooring.backup.outcome import Outcome
from mooring.host.refusal import Refusal, die
from mooring.service.kind import Kind
from mooring.service.services import Service


class Made(NamedTuple):
    """A snapshot that was made, and the bytes that it holds."""

    id: str
    bytes: int


def make(subject: str) -> Outcome:
    """Back a subject up now, and remove the copies that are not to be kept; how it ended is written down."""
    ended = outcome.begin(subject)
    try:
        service, kind = of_service.find(subject)
        to = destination.of(subject)
        with repository.alone(to):
            made = copy(service, kind, to)
            why = thinned_out(subject, to)
    except (Refusal, OSError) as error:
        return outcome.end(subject, ended._replace(why=str(error)), "failed")
    return outcome.end(subject, ended._replace(id=made.id, bytes=made.bytes, why=why), "ok")


def copy(service: Service, kind: Kind, to: Destination) -> Made:
    """Copy all pieces of a service, and then say that it is whole."""
    began, run, total = time.time(), secrets.token_hex(4), 0
    own = {"subject": str(service.name), "id": identity.of(str(service.name)), "run": run}
    said: dict[str, Any] = {}
    for piece in of_service.pieces(service, kind):
        before = of_service.counted_in_time(service, kind, piece.database)
        made = stream(to, piece.argv, piece.file, {**own, "database": piece.database})
        # Where nothing was written meanwhile, this is what a restored one has to have.
        same = before is not None and before == of_service.counted_in_time(service, kind, piece.database)
        said[piece.database] = {"file": piece.file, "snapshot": made.id, "check": before if same else None}
        total += made.bytes
    about = {
        "service": str(service.name),
        "kind": kind.title,
        **of_service.described(service),
        "began": round(began, 3),
    }
    tags = {**own, WHOLE: "", "version": service.version, "shared": service.database}
    tags |= {"pieces": str(len(said)), "bytes": str(total)}
    written = json.dumps({**about, "databases": said}, indent=1) + "\n"
    with tempfile.TemporaryFile() as file:
        file.write(written.encode())
        file.seek(0)
        last = stream(to, ["cat"], f"{service.name}.json", tags, file.fileno())
    return Made(last.id, total)


def stream(to: Destination, argv: list[str], file: str, tags: dict[str, str], stdin: int = subprocess.DEVNULL) -> Made:
    """Let restic keep what a program writes, as this file of a snapshot; where the program fails, there is none.

    restic sees the end of it only when we close the pipe, and that is when the program has ended well.
    """
    tagged = ",".join([OURS, *(f"{name}={value}" if value else name for name, value in tags.items())])
    words = ["backup", "--json", "--host", os.uname().nodename, "--stdin", "--stdin-filename", file, "--tag", tagged]
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as complaints, tempfile.TemporaryFile() as problems:
        try:
            keeper = subprocess.Popen(
                repository.argv(to, *words), env=repository.environment(to), stdin=reading,
                stdout=subprocess.PIPE, stderr=problems, start_new_session=True,
            )  # fmt: skip
            os.close(reading)
            status = subprocess.run(
                argv, stdin=stdin, stdout=writing, stderr=complaints, check=False, start_new_session=True
            ).returncode
            # What it wrote to may have ended before it.
            broken = status and keeper.poll() is None
            if broken:
                keeper.send_signal(signal.SIGINT)
        finally:
            os.close(writing)
        said, _ = keeper.communicate()
        if broken:
            die(f"the dump failed: {last_line(complaints) or f'status {status}'}")
        if keeper.returncode:
            problems.seek(0)
            repository.refuse(to, keeper.returncode, problems.read().decode(errors="replace"))
    summary = json.loads(said.decode().strip().splitlines()[-1])
    return Made(summary["snapshot_id"], int(summary.get("total_bytes_processed", 0)))


def last_line(file: Any) -> str:
    file.seek(0)
    lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else ""


def thinned_out(subject: str, to: Destination) -> str:
    """Remove what is not to be kept any more, and what is left of copies that never were whole; why that failed."""
    try:
        retention.apply(to, subject, schedule.keep_of(subject))
    except Refusal as refusal:
        return f"older ones were not removed: {refusal}"
    return ""
