"""A throwaway server: a Debian with its own systemd and address, to reboot, cut off and discard."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.server import cgroup, disk, layout, nspawn
from tests.server.cache import CACHE, Failure, call, lock, step
from tests.server.network import Network, abandoned, close_network, existing_network, runs, started
from tests.server.process import Process
from tests.server.rootfs import Tree
from tests.server.shell import Shell

BOOT_TIMEOUT = 180


class Server(Shell):
    """One throwaway server. `boot()` it, use it as a person would, `destroy()` it."""

    def __init__(
        self,
        tree: Tree,
        network: Network,
        *,
        name: str,
        hostname: str = "server",
        mirror: bool = True,
        small_docker_root: str | None = None,
        waits_for_disk: bool = False,
    ) -> None:
        """Lay out a new server on `tree`; nothing runs yet.

        `mirror` names the run's registry as Docker's mirror. `small_docker_root` (a size such as "300M") gives Docker
        a disk of its own, for all but the tree's images. `waits_for_disk` is for figures (`disk.py`).
        """
        self.network = network
        self.name = name
        self.hostname = hostname
        self.address = network.address()
        self.small_docker_root = small_docker_root
        self.waits_for_disk = waits_for_disk
        self.folder = network.folder / name
        self.nspawn: subprocess.Popen[bytes] | None = None
        self.leader = 0
        self.folder.mkdir()
        for part in ("upper", "work", "root", "docker"):
            (self.folder / part).mkdir()
        layout.mount(self.folder, tree, small_docker_root=small_docker_root)
        if mirror:
            layout.name_mirror(self.root)
        layout.furnish(self.root, hostname=hostname, address=self.address, gateway=network.gateway)

    @property
    def root(self) -> Path:
        """The server's file system as this machine sees it, without what is mounted inside."""
        return self.folder / "root"

    @property
    def machine(self) -> str:
        # Short enough that systemd-nspawn calls our end of its cable vb-MACHINE, which has at most 15 letters.
        return f"m{self.network.run}-{self.address.rpartition('.')[2]}"

    @property
    def group(self) -> str:
        return f"mooring-tests-{self.network.run}-{self.name}"

    @property
    def console(self) -> Path:
        """What the server printed on its console since it was first booted."""
        return self.folder / "console.log"

    def boot(self) -> "Server":
        """Switch it on and return when everything that starts at boot has started."""
        cgroup.make(self.group)
        notify = self.folder / "notify"
        notify.unlink(missing_ok=True)
        mounts = layout.shared_layers(self.folder)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener, self.console.open("ab") as console:
            listener.bind(str(notify))
            self.nspawn = subprocess.Popen(
                nspawn.command(self.folder, self.machine, self.hostname, self.network.bridge, mounts),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": str(notify)},
                start_new_session=True,
                preexec_fn=self._enclose,
            )
            self._save()
            self._await(listener, "X_NSPAWN_LEADER_PID=")
            cgroup.let_write(self._enter())
            self._await(listener, "READY=1")
            cgroup.let_know(self.run)
        return self

    def shutdown(self) -> None:
        """Switch it off in order."""
        self._signal(self.leader, signal.SIGRTMIN + 4)
        self._gone(timeout=150)

    def reboot(self) -> None:
        self.shutdown()
        self.boot()

    def power_cut(self) -> None:
        """Pull the plug: every process of the server dies at once, unasked."""
        # The first process's death is the death of its PID namespace. systemd-nspawn itself is left to notice
        # it: nobody else waits for that process, and a dead one still keeps its cgroup from being removed.
        self._signal(self.leader or self._nspawn_pid(), signal.SIGKILL)
        self._gone(timeout=30)

    def destroy(self) -> None:
        """Leave nothing of it: no process, group, mount or file."""
        self.power_cut()
        cgroup.clear(self.group)
        for mount in (self.root, self.folder / "docker"):
            if os.path.ismount(mount):
                call("umount", "--lazy", mount)
        # Tens of thousands of files: nobody waits for them, and `close_network` takes what is left.
        gone = self.folder.rename(self.folder.with_name(f".gone-{self.name}"))
        call("setsid", "--fork", "nice", "rm", "-rf", "--", gone)

    def keep(self, folder: Path) -> None:
        """Turn the switched-off server into a layer (`upper`, `docker`) in `folder`, to boot others from."""
        assert not self.alive(), "shut it down first"
        call("umount", self.root)
        (self.folder / "upper").rename(folder / "upper")
        layout.keep_docker(self.folder, folder / "docker")
        self.destroy()

    # -- its parts

    def _await(self, listener: socket.socket, word: str) -> None:
        """Read systemd-nspawn's notifications until one begins with `word`."""
        deadline = time.monotonic() + BOOT_TIMEOUT
        listener.settimeout(0.5)
        while time.monotonic() < deadline:
            try:
                message = listener.recv(4096).decode()
            except TimeoutError:
                if not self.alive():
                    break
                continue
            for line in message.splitlines():
                if line.startswith("X_NSPAWN_LEADER_PID="):
                    self.leader = int(line.partition("=")[2])
                    self._save()
                if line.startswith(word):
                    return
        tail = self.console.read_text(errors="replace")[-3000:]
        raise Failure(f"the server {self.machine} did not boot ({word} never came):\n{tail}")

    def _enclose(self) -> None:
        cgroup.enter(self.group)
        if not self.waits_for_disk:
            disk.never_waits()

    def _nspawn_pid(self) -> int:
        return self.nspawn.pid if self.nspawn else 0

    def alive(self) -> bool:
        return self.nspawn is not None and self.nspawn.poll() is None

    def _signal(self, pid: int, number: int) -> None:
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _gone(self, *, timeout: float) -> None:
        if self.nspawn:
            try:
                self.nspawn.wait(timeout)
            except subprocess.TimeoutExpired:
                tail = self.console.read_text(errors="replace")[-3000:]
                raise Failure(f"the server {self.machine} did not stop in {timeout} s:\n{tail}") from None
        self.nspawn = None
        self.leader = 0
        self._save()
        _forget_link(self.machine)

    def _save(self) -> None:
        """Leave what a later process needs to enter or remove this server."""
        record = {
            "hostname": self.hostname,
            "address": self.address,
            "nspawn": self._nspawn_pid(),
            "started": started(self._nspawn_pid()) if self.nspawn else "",
            "leader": self.leader,
        }
        temporary = self.folder / ".server.json"
        temporary.write_text(json.dumps(record))
        temporary.rename(self.folder / "server.json")


def attach(network: Network, name: str) -> Server:
    """A server that another process has booted."""
    record = json.loads((network.folder / name / "server.json").read_text())
    server = Server.__new__(Server)
    server.network, server.name = network, name
    server.hostname, server.address = record["hostname"], record["address"]
    server.small_docker_root = None
    server.folder = network.folder / name
    server.nspawn = Process(record["nspawn"], record["started"]) if record["nspawn"] else None
    if server.nspawn and server.nspawn.poll() is not None:
        server.nspawn = None
    server.leader = record["leader"] if server.nspawn else 0
    return server


def remove_run(run: str) -> None:
    """Remove a run's servers, registry, bridge, rules and folder, whoever started them."""
    network = existing_network(run)
    if network is None:
        shutil.rmtree(CACHE / "runs" / run, ignore_errors=True)
        return
    for folder in sorted(path for path in network.folder.iterdir() if path.is_dir() and path.name[0] != "."):
        if (folder / "server.json").exists():
            with contextlib.suppress(Failure):
                attach(network, folder.name).destroy()
        for mount in (folder / "root", folder / "docker"):
            if os.path.ismount(mount):
                call("umount", "--lazy", mount)
    registry = network.folder / "registry.pid"
    if registry.exists():
        pid, started_at = registry.read_text().split()
        process = Process(int(pid), started_at)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    close_network(network)


def sweep() -> None:
    """Remove what runs that were killed have left; of the programs that run tests side by side one does, at a time."""
    with lock("sweep"):
        for run in runs():
            if abandoned(run):
                step(f"removing what the run {run} has left")
                remove_run(run)


def _forget_link(machine: str) -> None:
    """Our end of the server's cable may outlive the server for a moment, and would block its next boot."""
    with contextlib.suppress(Failure):
        if Path(f"/sys/class/net/vb-{machine}").exists():
            call("ip", "link", "del", f"vb-{machine}")
