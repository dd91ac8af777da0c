"""What this server shows to get at its backups: the password of the repositories, and a key for sftp."""

import secrets

from mooring.backup.destination import Destination, way
from mooring.host import files, paths
from mooring.host.program import run

PASSWORD = paths.BACKUPS / "password"
KEY = paths.BACKUPS / "ssh/id_ed25519"


def make_password() -> None:
    """Make the password of this server's repositories where there is none; it is never made anew."""
    paths.BACKUPS.mkdir(mode=0o700, parents=True, exist_ok=True)
    with files.locked(paths.BACKUPS):
        if not PASSWORD.exists():
            files.write(PASSWORD, secrets.token_urlsafe(32) + "\n", mode=0o600)


def public_key() -> str:
    """The public half of the key that sftp is met with; both are made at first."""
    KEY.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with files.locked(KEY.parent):
        if not KEY.exists():
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "mooring-backups", "-f", str(KEY))
    return KEY.with_suffix(".pub").read_text()


def sftp_command(destination: Destination) -> str:
    """How restic reaches it (its option sftp.command): with our key, asking nobody; a host's key stays what it was."""
    to = way(destination.url)
    public_key()
    options = [
        "BatchMode=yes", "ConnectTimeout=20", "ServerAliveInterval=30", "StrictHostKeyChecking=accept-new",
        f"UserKnownHostsFile={KEY.parent}/known_hosts", f"IdentityFile={KEY}", "IdentitiesOnly=yes",
    ]  # fmt: skip
    words = ["ssh", *(f"-o{each}" for each in options)]
    words += [f"-p{to['port']}"] if to["port"] else []
    words += [f"-l{to['user']}"] if to["user"] else []
    return " ".join([*words, to["host"].strip("[]"), "-s", "sftp"])
