"""What a person does at a server: commands at its own shell, files put there and read, ssh from outside."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.server import cgroup, disk, rootfs
from tests.server.cache import Failure
from tests.server.ssh import ssh_command


class Shell:
    """A server that runs, as one sits before it. `leader` is its first process, 0 while it is switched off."""

    leader: int
    address: str

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        input: str | bytes | None = None,
        check: bool = True,
        timeout: float = 300,
        env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root at the server's own shell; AssertionError with its output if it fails."""
        done = subprocess.run(
            [*self._enter(), *map(str, argv)],
            input=input.encode() if isinstance(input, str) else input,
            stdin=None if input is not None else subprocess.DEVNULL,
            capture_output=True,
            env=self.environment() | (env or {}),
            preexec_fn=self._join,
            timeout=timeout,
            check=False,
        )
        result = subprocess.CompletedProcess(
            list(map(str, argv)),
            done.returncode,
            done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"),
        )
        if check and result.returncode:
            said = result.stdout + result.stderr
            raise AssertionError(f"on the server: {' '.join(result.args)}: exit {result.returncode}\n{said}")
        return result

    def popen(self, argv: Sequence[str | Path], **options: object) -> subprocess.Popen[bytes]:
        """Start a command as `run` does, and leave it running; `options` are subprocess.Popen's."""
        options.setdefault("env", self.environment())
        return subprocess.Popen([*self._enter(), *map(str, argv)], preexec_fn=self._join, **options)  # type: ignore[call-overload,no-any-return]

    def ssh(
        self,
        user: str,
        key: Path,
        *words: str,
        input: str | bytes | None = None,
        tty: bool = False,
        timeout: float = 300,
        over: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """ssh to the server from outside; `words` are joined by spaces, as ssh does it.

        `over` is the socket of a connection that is there already (ssh_config(5), ControlPath).
        """
        control = ["-o", f"ControlPath={over}"] if over else []
        done = subprocess.run(
            [*ssh_command(key), *control, *(["-tt"] if tty else []), f"{user}@{self.address}", *words],
            input=input.encode() if isinstance(input, str) else input,
            stdin=None if input is not None else subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return subprocess.CompletedProcess(
            list(words),
            done.returncode,
            done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"),
        )

    def put(self, path: str | Path, content: str | bytes, *, mode: int = 0o644) -> None:
        """Write a file on the running server, with the folders above it."""
        self.run(
            [
                "sh",
                "-c",
                'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1"',
                "put",
                path,
                f"{mode:o}",
            ],
            input=content if isinstance(content, bytes) else content.encode(),
        )

    def put_tree(self, path: str | Path, files: dict[str, Path]) -> None:
        """Copy files of this machine's to the server's folder `path`, by their names below it."""
        self.run(["mkdir", "-p", str(path)])
        names = "".join(f"{name}\0" for name in files)
        base = os.path.commonpath([str(source)[: -len(name)] for name, source in files.items()])
        packed = subprocess.run(
            ["tar", "-c", "-C", base, "--null", "-T", "-", "--owner=0", "--group=0"],
            input=names.encode(),
            capture_output=True,
            check=True,
        )
        self.run(["tar", "-x", "-C", str(path)], input=packed.stdout)

    def read(self, path: str | Path) -> str:
        return self.run(["cat", str(path)]).stdout

    def wait_for(self, condition: Sequence[str], *, timeout: float = 60) -> None:
        """Return when the command succeeds on the server; AssertionError with what it said if it never does.

        For things that nothing announces. Where systemd or the journal announces it, follow that instead.
        """
        # What takes long to ask is asked again after as long: others need the machine too.
        loop = """
            end=$((EPOCHSECONDS + $0))
            while begin=${EPOCHREALTIME/./}; ! output=$("$@" 2>&1); do
                ((EPOCHSECONDS < end)) || { echo "$output"; exit 1; }
                took=$((${EPOCHREALTIME/./} - begin))
                sleep "$(printf 0.%06d $((took < 50000 ? 50000 : took > 500000 ? 500000 : took)))"
            done
        """
        self.run(["bash", "-c", loop, str(int(timeout)), *condition], timeout=timeout + 30)

    def environment(self) -> dict[str, str]:
        """What a root shell on the server has in its environment."""
        lines = [line.partition("=") for line in rootfs.environment().splitlines()]
        return {name: value for name, _, value in lines} | {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "USER": "root",
            "LOGNAME": "root",
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
        }

    def _enter(self) -> list[str]:
        if not self.leader:
            raise Failure(f"the server {self.address} is switched off")
        flags = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wdns=/root"]
        return ["nsenter", f"--target={self.leader}", *flags, "--"]

    def _join(self) -> None:
        disk.never_waits()
        for group in cgroup.consoles(self.leader):
            (group / "cgroup.procs").write_text(str(os.getpid()))
