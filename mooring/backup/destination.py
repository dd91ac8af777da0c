"""Where backups go: a repository of restic's, of the whole server or of one service."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mooring.host import env_file, files, paths
from mooring.host.refusal import die

SERVER = "server"
"""Whose destination it is where a service has none of its own. No service is called so: those have a dot."""
FILE = "destination.json"
HOST = r"(?:(?P<user>[\w.-]+)@)?(?P<host>[\w][\w.-]*|\[[0-9a-fA-F:.]+\])"
SFTP = re.compile(rf"sftp://{HOST}(?::(?P<port>[0-9]{{1,5}}))?/\S+"), re.compile(rf"sftp:(?!//){HOST}:(?![0-9]+/)\S+")
"""With a port, or as scp(1) writes it."""
REMOTE = {
    "sftp": (SFTP, "sftp:user@host:/folder, or sftp://user@host:2222//folder"),
    "s3": ((re.compile(r"s3:(https?://)?[\w.:-]+/\S+"),), "s3:https://s3.example.com/bucket/folder"),
    "b2": ((re.compile(r"b2:[\w.-]+(:\S*)?"),), "b2:bucket:folder"),
    "rest": ((re.compile(r"rest:https?://\S+"),), "rest:https://host:8000/folder/"),
}
"""restic's own spellings (restic.readthedocs.io, "Preparing a new repository")."""
EXAMPLE = "a folder, e.g. /mnt/backups, or sftp:, s3:, b2: or rest: as restic writes them"
CREDENTIALS = ("AWS_", "B2_", "RESTIC_REST_", "RESTIC_PASSWORD")
"""What the names of credentials begin with."""
CLOSED = ("/boot", "/dev", "/etc", "/proc", "/run", "/sys", "/tmp", "/usr", "/var/tmp")  # noqa: S108
"""Folders that the unit of a backup cannot write to, or that are gone after a reboot."""


class Destination(NamedTuple):
    """`environment` are its credentials: restic's names for them, and RESTIC_PASSWORD where it is not the server's."""

    url: str
    environment: Mapping[str, str] = {}

    @property
    def secrets(self) -> list[str]:
        return [value for name, value in self.environment.items() if "REGION" not in name and value]


def parse(url: str) -> str:
    """Return the URL if backups may go there; raise Refusal otherwise."""
    scheme = url.partition(":")[0]
    if url.startswith("/"):
        return parse_folder(url)
    if scheme not in REMOTE:
        die(f"{url[:80]!r} is nowhere to back up to", EXAMPLE)
    patterns, example = REMOTE[scheme]
    user = url.removeprefix(f"{scheme}:").partition("@")[0].removeprefix("//") if "@" in url else ""
    if user and (scheme != "sftp" or ":" in user):
        die("a password does not belong into an address", "--credentials reads RESTIC_REST_PASSWORD=… and the like")
    if len(url) > 500 or not url.isprintable() or not any(each.fullmatch(url) for each in patterns):
        die(f"{url[:80]!r} is no address of {scheme}", f"e.g. {example}")
    return url


def parse_folder(path: str) -> str:
    folder = os.path.normpath(path)
    closed = [each for each in (*CLOSED, str(paths.BACKUPS.parent)) if Path(folder).is_relative_to(each)]
    if not folder.isprintable() or len(folder) > 500 or folder in ("/", "//"):
        die(f"{path[:80]!r} is no folder to back up to", EXAMPLE)
    if closed:
        die(f"backups do not go below {closed[0]}", "a folder of another disk, e.g. /mnt/backups")
    return folder


def parse_credentials(text: str) -> dict[str, str]:
    """The lines of an env file; raise Refusal for one that is no credential of restic's."""
    found = env_file.parse(text)
    for name in found:
        if not name.startswith(CREDENTIALS):
            begin = ", ".join(CREDENTIALS)
            die(f"{name} is no credential", f"the names begin with {begin}: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY")
    return found


def way(url: str) -> dict[str, str]:
    """Whom sftp reaches by an address of it: `user`, `host` and `port`, empty where it has none."""
    found = next(match for each in SFTP if (match := each.fullmatch(url)))
    return {"port": "", **{name: value or "" for name, value in found.groupdict().items()}}


def folder(owner: str) -> Path:
    """What is known of the backups of a subject, or of the server."""
    return paths.BACKUPS / owner


def look(owner: str) -> Destination | None:
    """The destination of the server, or of a subject's own; None if there is none."""
    try:
        return Destination(**json.loads((folder(owner) / FILE).read_text()))
    except FileNotFoundError:
        return None


def of(subject: str) -> Destination:
    """Where a subject is backed up to; raise Refusal where no one has said."""
    found = look(subject) or look(SERVER)
    return found or die("there is nowhere to back up to", "`mooring backup:to /mnt/backups` says where")


def save(owner: str, destination: Destination) -> None:
    make_folder(owner)
    files.write(folder(owner) / FILE, json.dumps(destination._asdict()) + "\n", mode=0o600)


def forget(owner: str) -> None:
    (folder(owner) / FILE).unlink(missing_ok=True)


def make_folder(owner: str) -> Path:
    folder(owner).mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder(owner)
