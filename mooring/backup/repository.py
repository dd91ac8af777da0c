"""restic(1), asked: encryption, deduplication, retention and checks are its business.

The versions from 0.14 on, of Debian 12, are meant. Nothing secret is in an argument: that is in its environment.
"""

import contextlib
import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mooring.backup import secret
from mooring.backup.destination import Destination
from mooring.host import files, paths, proxy
from mooring.host.refusal import die

MEET, ANSWER = 30, 300
"""Seconds for a destination to say that it is there, and what it has: restic itself tries for a quarter of an hour."""
RETRIES = re.compile(r"^.*, retrying after [^:]*: ")
LONG = 12 * 3600
WRONG_PASSWORD, NOT_THERE = 12, 127
"""Exit statuses: restic's own since 0.17, before it tells that by its words; setpriv(1)'s where there is no restic."""
CACHE = Path("/var/cache/mooring/backups")
LOCKS = paths.RUN / "backups"


def environment(destination: Destination) -> dict[str, str]:
    """What restic finds in its environment, and nothing else of ours."""
    proxy.use()
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    known |= {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    credentials = dict(destination.environment)
    if "RESTIC_PASSWORD" not in credentials:
        secret.make_password()
        credentials["RESTIC_PASSWORD_FILE"] = str(secret.PASSWORD)
    url = destination.url
    # Versions before 0.17 find these in the URL alone.
    user, password = (credentials.pop(f"RESTIC_REST_{each}", "") for each in ("USERNAME", "PASSWORD"))
    if user and url.startswith("rest:"):
        scheme, _, rest = url.removeprefix("rest:").partition("://")
        url = f"rest:{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"
    return {**known, **credentials, "RESTIC_REPOSITORY": url, "RESTIC_CACHE_DIR": str(CACHE)}


def argv(destination: Destination, *words: str) -> list[str]:
    """restic, that ends when we do: or what is cut off would look to it like the end of what it is given."""
    over_ssh = destination.url.startswith("sftp:")
    options = ["--option", f"sftp.command={secret.sftp_command(destination)}"] if over_ssh else []
    return ["setpriv", "--pdeathsig", "KILL", "--", "restic", "--quiet", *options, *words]


def ask(destination: Destination, *words: str, timeout: float = LONG) -> str:
    """Run restic; what it printed. Raises Refusal, in one line, where it fails."""
    done = attempt(destination, *words, timeout=timeout)
    return done.stdout if not done.returncode else refuse(destination, done.returncode, done.stderr)


def attempt(destination: Destination, *words: str, timeout: float) -> "subprocess.CompletedProcess[str]":
    CACHE.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return subprocess.run(
            argv(destination, *words), env=environment(destination), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", check=False, timeout=timeout, start_new_session=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired as expired:
        said = reason(destination, (expired.stderr or b"").decode(errors="replace"))
        die(f"{destination.url} did not answer in {timeout} s{f': {said}' if said else ''}", "is its address right?")


def refuse(destination: Destination, status: int, said: str) -> Any:
    """Raise Refusal for what restic said."""
    if status == NOT_THERE:
        die("restic is not installed", "`apt-get install restic`, or run install.sh again")
    if status == WRONG_PASSWORD or "wrong password" in said:
        die(
            f"{destination.url} has another password",
            "that of the server that made it: RESTIC_PASSWORD=… on standard input, with --credentials",
        )
    die(f"{destination.url}: {reason(destination, said) or f'restic ended with status {status}'}")


def reason(destination: Destination, said: str) -> str:
    """The line of restic's that says most; nothing secret is in it."""
    lines = [message(line.strip()) for line in said.splitlines() if line.strip()]
    of_ssh = [line.partition("subprocess ssh: ")[2] for line in lines if line.startswith("subprocess ssh: ")]
    fatal = [line.rpartition("Fatal: ")[2] for line in lines if line.startswith("Fatal: ")]
    said = next(iter([*of_ssh[-1:], *fatal, *(RETRIES.sub("", line) for line in lines[-1:])]), "")
    text = re.sub(rf"^(create|unable to open) repository at {re.escape(destination.url)}( failed)?: ", "", said)
    for each in destination.secrets:
        text = text.replace(each, "…").replace(quote(each, safe=""), "…")
    return text[:300]


def message(line: str) -> str:
    """What a line says, which is JSON where its answer is, since 0.18."""
    try:
        return str(json.loads(line)["message"])
    except (ValueError, KeyError, TypeError):
        return line


def meet(destination: Destination) -> bool:
    """Whether a repository was there; else it is made. Raises Refusal where it is not reached, or not opened."""
    done = attempt(destination, "cat", "config", timeout=MEET)
    if not done.returncode:
        return True
    if done.returncode == WRONG_PASSWORD or "wrong password" in done.stderr:
        refuse(destination, done.returncode, done.stderr)
    # What is there already is not made anew, whatever was wrong with the first.
    made = attempt(destination, "init", timeout=MEET)
    if made.returncode:
        refuse(destination, made.returncode, made.stderr + complaint_of_ssh(destination))
    return False


def complaint_of_ssh(destination: Destination) -> str:
    """What ssh has against a destination, as restic hands it on: it does so only where it is not over before."""
    if not destination.url.startswith("sftp:"):
        return ""
    try:
        done = subprocess.run(
            secret.sftp_command(destination).split(), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", check=False, timeout=MEET, start_new_session=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return ""
    lines = done.stderr.strip().splitlines() if done.returncode else []
    return f"\nsubprocess ssh: {lines[-1]}" if lines else ""


@contextlib.contextmanager
def alone(destination: Destination) -> Iterator[None]:
    """Hold a repository for what writes to it, after whatever of this server's does; no lock of restic's is left."""
    folder = LOCKS / hashlib.sha256(destination.url.encode()).hexdigest()[:16]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with files.locked(folder):
        unlock(destination)
        yield


def unlock(destination: Destination) -> None:
    """Remove the locks of those that were killed, or that the power ended. Only who is `alone` may."""
    locks = ask(destination, "list", "locks", "--no-lock", timeout=MEET).split()
    if not locks:
        return
    held = [json.loads(ask(destination, "cat", "lock", each, "--no-lock", timeout=ANSWER)) for each in locks]
    ours = all(each.get("hostname") == os.uname().nodename and not is_restic(each.get("pid", 0)) for each in held)
    # restic alone takes a lock for stale when half an hour is over, or no process has its number: another may.
    ask(destination, "unlock", *(["--remove-all"] if ours else []), timeout=ANSWER)


def is_restic(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "restic"
    except OSError:
        return False
