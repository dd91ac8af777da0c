"""A person at another machine, with a key and repositories: ssh, git and HTTP are all that they reach."""

import http.client
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.server.cache import call
from tests.server.ssh import ssh_command, ssh_key
from tests.server.throwaway import Server

CLEAN = ("PATH", "HOME", "TMPDIR", "LANG")


@dataclass(frozen=True)
class Result:
    """How a command at the user's machine ended: `output` is all that it printed, in order."""

    exit: int
    output: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.exit == 0


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str] = field(repr=False)
    """By lower-case name."""
    body: str


class User:
    """A person with one key pair, at one server."""

    def __init__(self, key: Path, server: Server, folder: Path) -> None:
        """`key` is the private half, `folder` the home of the user's repositories."""
        self.key = key
        self.server = server
        self.folder = folder
        self.connection: Path | None = None

    @property
    def public_key(self) -> str:
        return self.key.with_suffix(".pub").read_text()

    def ssh(
        self, *words: str, input: str | bytes | None = None, tty: bool = False, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """`ssh mooring@server words…`, joined by spaces, as ssh does it: quote for the far side."""
        return self.server.ssh("mooring", self.key, *words, input=input, tty=tty, timeout=timeout, over=self.connection)

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Give many commands over one connection: what takes long of each is else the handshake."""
        with tempfile.TemporaryDirectory(prefix="mooring-tests-") as folder:
            self.connection = Path(folder) / "connection"
            to = ["-o", f"ControlPath={self.connection}", f"mooring@{self.server.address}"]
            call(*ssh_command(self.key), "-M", "-N", "-f", *to)
            try:
                yield
            finally:
                call(*ssh_command(self.key), "-O", "exit", *to)
                self.connection = None

    def repo(self, name: str, files: dict[str, str | bytes | None], *, branch: str = "main") -> "Repo":
        """A new repository of the user's with these files in its first commit."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        repo = Repo(self, folder)
        repo.git("init", "-q", "-b", branch)
        repo.commit(files)
        return repo

    def repo_of(self, example: Path) -> "Repo":
        """A new repository with a copy of this folder's files (an example of ours) in its first commit."""
        folder = self.folder / example.name
        shutil.copytree(example, folder, symlinks=True)
        repo = Repo(self, folder)
        repo.git("init", "-q", "-b", "main")
        repo.commit({})
        return repo

    def curl(
        self,
        host: str,
        path: str = "/",
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: str | bytes | None = None,
        port: int = 80,
        timeout: float = 10,
    ) -> Response:
        """One request to the server, as if `host` resolved to its address."""
        connection = http.client.HTTPConnection(self.server.address, port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers={"Host": host, **(headers or {})})
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)
        finally:
            connection.close()


class Repo:
    """A repository at the user's machine."""

    def __init__(self, user: User, folder: Path) -> None:
        self.user = user
        self.folder = folder

    def git(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        output = done.stdout.decode(errors="replace")
        if check and done.returncode:
            raise AssertionError(f"git {' '.join(words)}: exit {done.returncode}\n{output}")
        return output

    def write(self, files: dict[str, str | bytes | None]) -> None:
        """Write these files, those that begin with `#!` executable; None removes one."""
        for name, content in files.items():
            path = self.folder / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            data = content.encode() if isinstance(content, str) else content
            path.write_bytes(data)
            if data.startswith(b"#!"):
                path.chmod(0o755)

    def commit(self, files: dict[str, str | bytes | None], message: str = "Change") -> str:
        """Write these files and commit everything; the commit's id."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def push(self, app: str, ref: str = "main", *options: str, timeout: float = 600) -> Result:
        """`git push server:APP REF`, to its end."""
        return self.push_to(f"mooring@{self.user.server.address}:{app}", ref, *options, timeout=timeout)

    def push_to(self, target: str, ref: str = "main", *options: str, timeout: float = 600) -> Result:
        """`git push TARGET REF`, to its end."""
        begin = time.monotonic()
        process = self._pushing(target, ref, *options)
        output, _ = process.communicate(timeout=timeout)
        return Result(process.returncode, output.decode(errors="replace"), time.monotonic() - begin)

    def pushing(self, app: str, ref: str = "main", *options: str) -> "subprocess.Popen[bytes]":
        """Begin a push to an app, and leave it running; what it prints is at `.stdout`."""
        return self._pushing(f"mooring@{self.user.server.address}:{app}", ref, *options)

    def _pushing(self, target: str, ref: str, *options: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            ["git", "push", *options, target, ref],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        return {name: os.environ[name] for name in CLEAN if name in os.environ} | {
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_SSH_COMMAND": " ".join(ssh_command(self.user.key)),
            "GIT_ALLOW_PROTOCOL": "file:http:https:ssh",
        }


def new_key(folder: Path, name: str, *, kind: str = "ed25519") -> Path:
    """A new key pair in `folder`: path of the private half."""
    path = folder / name
    call("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"{name}@example.org", "-f", path)
    return path


def admin(server: Server, folder: Path) -> User:
    """The person whose key install.sh was given."""
    return User(ssh_key("admin"), server, folder)
