"""ssh as tests use it: keys of their own, no agent, no known hosts, no questions."""

from pathlib import Path

from tests.server.cache import call, made


def ssh_key(name: str) -> Path:
    """A key pair of the tests', made once: path of the private half."""

    def make(folder: Path) -> None:
        comment = f"{name}@mooring-tests"
        call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", folder / "key")

    return made(f"key-{name}", make) / "key"


def ssh_command(key: Path) -> list[str]:
    return [
        "ssh", "-F", "none", "-i", str(key), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
        "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
        "-o", "BatchMode=yes", "-o", "ConnectTimeout=10",
    ]  # fmt: skip
