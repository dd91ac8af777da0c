"""The sample app, pushed as a person will push theirs: it shows that all of it works. Apps stay until the data goes."""

import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mooring.host.paths import GIT_USER
from mooring.host.refusal import die
from mooring.setup import CHECKOUT, NOTES, VAR
from mooring.setup.code import LAUNCHER
from mooring.setup.program import answer, indented, run, succeeds
from mooring.setup.ssh import effective, port
from mooring.setup.terminal import step

NOTE = NOTES / "sample"
LIVE = VAR / "apps/hello/live"
OURS = CHECKOUT / "examples/hello"
AGAIN = "the reason is above; run this again when it is gone"


def set_up() -> None:
    """Push it, once."""
    if NOTE.exists() or LIVE.exists():
        return
    if not indented(str(CHECKOUT / "builders/stack/base")):
        die("the image that the sample is built on could not be made", AGAIN)
    step("Pushing examples/hello, as you will push your apps")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        repository = commit(folder / "hello")
        with key(folder / "key") as file:
            ssh = command(file, known_hosts(folder / "known_hosts"), port(effective()))
            push = ["git", "-C", str(repository), "push", f"{GIT_USER}@localhost:hello", "main"]
            if not indented(*push, errors=True, env={"GIT_SSH_COMMAND": ssh}):
                die("the sample could not be deployed", AGAIN)
    where = url()
    scheme, _, host = where.partition("://")
    here = ("--connect-to", f"{host}::127.0.0.1:")
    # Whether who asks trusts the authority is not the question.
    if not indented("curl", "-kfsS", "--max-time", "10", *here, f"{scheme}://{host}/", errors=True):
        die(f"the sample does not answer at {where}", "mooring logs hello")
    NOTE.touch()


def commit(folder: Path) -> Path:
    """The sample as a repository with one commit on main."""
    shutil.copytree(OURS, folder, symlinks=True)
    git = ["git", "-C", str(folder)]
    run(*git, "init", "-q", "-b", "main")
    run(*git, "add", ".")
    run(*git, "-c", "user.name=Mooring", "-c", "user.email=mooring@localhost", "commit", "-q", "-m", "Say hello")
    return folder


@contextmanager
def key(file: Path) -> Iterator[Path]:
    """A key that may push the sample for as long as this lasts."""
    name = "installer"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file))
    # Where the last time was cut off.
    succeeds(str(LAUNCHER), "deploy:revoke", "hello", name)
    try:
        answer(str(LAUNCHER), "deploy:allow", "hello", "--name", name, stdin=file.with_suffix(".pub"))
        yield file
    finally:
        succeeds(str(LAUNCHER), "deploy:revoke", "hello", name)


def known_hosts(file: Path) -> Path:
    """What tells ssh that the sshd of this host is the right one."""
    keys = Path("/etc/ssh").glob("ssh_host_*_key.pub")
    file.write_text("".join(f"localhost {line}\n" for key in keys for line in key.read_text().splitlines()))
    return file


def command(key: Path, known_hosts: Path, port: str) -> str:
    """How git is to call ssh: with this key, to this host, and nothing of root's own settings."""
    options = [
        f"IdentityFile={key}",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        "BatchMode=yes",
        f"Port={port}",
        "HostKeyAlias=localhost",
        f"UserKnownHostsFile={known_hosts}",
        "GlobalKnownHostsFile=none",
    ]
    return shlex.join(["ssh", "-F", "none", *(word for option in options for word in ("-o", option))])


def url() -> str:
    return answer(str(LAUNCHER), "url", "hello")
