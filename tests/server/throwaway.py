"""A throwaway server: a Debian with its own systemd and address, to reboot, cut off and discard."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.server import cgroup, disk, rootfs
from tests.server.cache import CACHE, Failure, call, made, step
from tests.server.network import Network, abandoned, close_network, existing_network, runs, started
from tests.server.rootfs import Tree

BOOT_TIMEOUT = 180
MIRROR_NAME = "hub.mirror.test"
MIRROR_PORT = 5050


class Server:
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
    ) -> None:
        """Lay out a new server on `tree`; nothing runs yet.

        `mirror` names the run's registry as Docker's mirror. `small_docker_root` (a size such as "300M")
        gives Docker a file system of its own that is this small.
        """
        self.network = network
        self.name = name
        self.hostname = hostname
        self.address = network.address()
        self.small_docker_root = small_docker_root
        self.folder = network.folder / name
        self.nspawn: subprocess.Popen[bytes] | None = None
        self.leader = 0
        self.folder.mkdir()
        for part in ("upper", "work", "root", "docker"):
            (self.folder / part).mkdir()
        self._mount(tree)
        if mirror and not (self.root / "etc/docker/daemon.json").exists():
            # BuildKit speaks plain HTTP to a mirror only where it is told that this is meant.
            settings = {"registry-mirrors": [mirror_url()], "insecure-registries": [f"{MIRROR_NAME}:{MIRROR_PORT}"]}
            self._write("etc/docker/daemon.json", json.dumps(settings) + "\n")
        self._furnish()

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
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener, self.console.open("ab") as console:
            listener.bind(str(notify))
            self.nspawn = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": str(notify)},
                start_new_session=True,
                preexec_fn=self._enclose,
            )
            self._save()
            self._await(listener, "X_NSPAWN_LEADER_PID=")
            self._writable_controllers()
            self._await(listener, "READY=1")
            self._controllers_known()
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

    def diagnostics(self) -> dict[str, str]:
        """What a person would look at first."""
        if not self._alive():
            said = self.console.read_text(errors="replace") if self.console.exists() else ""
            return {"console": said[-4000:]}
        units = ["mooring*", "docker*", "nginx*"]
        looks = {
            "units": ["systemctl", "list-units", "--all", "--no-pager", "--full", *units],
            "containers": ["docker", "ps", "-a"],
            "spool": ["find", "/var/spool/mooring", "-type", "f"],
            "journal": ["journalctl", "-b", "--no-pager", "-n", "200", "-o", "short-precise"],
        }
        shown = {}
        for title, argv in looks.items():
            with contextlib.suppress(Exception):
                done = self.run(argv, check=False, timeout=20)
                # containerd tells its whole configuration at every start.
                lines = (done.stdout + done.stderr).splitlines(keepends=True)
                shown[title] = "".join(line for line in lines if " containerd[" not in line)
        return shown

    def keep(self, folder: Path) -> None:
        """Turn the switched-off server into a layer (`upper`, `docker`) in `folder`, to boot others from."""
        assert not self._alive(), "shut it down first"
        call("umount", self.root)
        (self.folder / "upper").rename(folder / "upper")
        (self.folder / "docker").rename(folder / "docker")
        self.destroy()

    # -- its parts

    def _mount(self, tree: Tree) -> None:
        (self.folder / "layers").write_text("\n".join(map(str, tree.layers)))
        stack = ":".join(map(str, tree.layers))
        # Without redirect_dir a folder from below cannot be renamed, which no real server refuses.
        options = f"lowerdir={stack},upperdir={self.folder}/upper,workdir={self.folder}/work,redirect_dir=on"
        call("mount", "-t", "overlay", "overlay", "-o", options, self.root)
        docker = self.folder / "docker"
        if self.small_docker_root:
            disk = self.folder / "docker.img"
            call("truncate", f"--size={self.small_docker_root}", disk)
            call("mkfs.ext4", "-q", "-m", "0", disk)
            call("mount", "-o", "loop", disk, docker)
        if tree.docker:
            # Layers are never written again: they need no copies, where the disk is the same.
            shared = [] if self.small_docker_root else [tree.docker / "overlay2"]
            copied = [path for path in tree.docker.iterdir() if path not in shared]
            call("cp", "-a", "--reflink=auto", *copied, docker)
            if shared:
                call("cp", "-a", "--link", *shared, docker)
        docker.chmod(0o710)

    def _furnish(self) -> None:
        """What a hoster sets on every server of its: name, address, name servers, the customer's key."""
        self._write("etc/hostname", self.hostname + "\n")
        self._write(
            "etc/hosts",
            f"127.0.0.1 localhost\n127.0.1.1 {self.hostname}\n{self.network.gateway} {MIRROR_NAME}\n",
        )
        self._write("etc/resolv.conf", resolv_conf())
        self._write(
            "etc/systemd/network/10-host0.network",
            "[Match]\nName=host0\n[Network]\n"
            f"Address={self.address}/24\nGateway={self.network.gateway}\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n",
        )
        self._write("root/.ssh/authorized_keys", ssh_key("root").with_suffix(".pub").read_text(), mode=0o600)
        (self.root / "root/.ssh").chmod(0o700)

    def _write(self, path: str, content: str, *, mode: int = 0o644) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():
            target.unlink()
        target.write_text(content)
        target.chmod(mode)

    def _command(self) -> list[str]:
        return [
            "systemd-nspawn",
            f"--directory={self.root}",
            f"--machine={self.machine}",
            f"--hostname={self.hostname}",
            "--register=no",
            "--keep-unit",
            "--boot",
            "--notify-ready=yes",
            f"--network-bridge={self.network.bridge}",
            "--capability=all",
            "--system-call-filter=keyctl bpf",
            "--resolv-conf=off",
            "--timezone=off",
            "--link-journal=no",
            f"--bind={self.folder}/docker:/var/lib/docker",
            # trixie's systemd refuses cgroup v1 without it; it means nothing where v2 is.
            "--setenv=SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1",
        ]

    def _await(self, listener: socket.socket, word: str) -> None:
        """Read systemd-nspawn's notifications until one begins with `word`."""
        deadline = time.monotonic() + BOOT_TIMEOUT
        listener.settimeout(0.5)
        while time.monotonic() < deadline:
            try:
                message = listener.recv(4096).decode()
            except TimeoutError:
                if not self._alive():
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

    def _writable_controllers(self) -> None:
        """Docker needs cgroup v1's controllers writable, and systemd-nspawn mounts them read-only."""
        if cgroup.unified():
            return
        mounts = [f"/sys/fs/cgroup/{name}" for name in cgroup.V1_CONTROLLERS]
        script = 'for m; do if [ -d "$m" ]; then mount -o remount,rw,bind "$m" || exit; fi; done'
        call(*self._enter(), "sh", "-c", script, "remount", *mounts)

    def _controllers_known(self) -> None:
        """Where systemd looked before they were writable, it takes them for none of its own: let it look again."""
        if not cgroup.unified():
            self.run(["sh", "-c", "test -d /sys/fs/cgroup/memory/init.scope || systemctl daemon-reexec"])

    def _enter(self) -> list[str]:
        if not self.leader:
            raise Failure(f"the server {self.machine} is switched off")
        flags = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wdns=/root"]
        return ["nsenter", f"--target={self.leader}", *flags, "--"]

    def _enclose(self) -> None:
        cgroup.enter(self.group)
        disk.never_waits()

    def _join(self) -> None:
        disk.never_waits()
        for group in cgroup.consoles(self.leader):
            (group / "cgroup.procs").write_text(str(os.getpid()))

    def _nspawn_pid(self) -> int:
        return self.nspawn.pid if self.nspawn else 0

    def _alive(self) -> bool:
        if self.nspawn:
            return self.nspawn.poll() is None
        return False

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


class _Process(subprocess.Popen[bytes]):
    """A process that another one has started: as much of Popen as Server uses."""

    def __init__(self, pid: int, started_at: str) -> None:
        self.pid = pid
        self._started_at = started_at
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return None if started(self.pid) == self._started_at else 0

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + (timeout or 0)
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("systemd-nspawn", timeout or 0)
            time.sleep(0.05)
        return 0

    def __del__(self) -> None:
        pass


def attach(network: Network, name: str) -> Server:
    """A server that another process has booted."""
    record = json.loads((network.folder / name / "server.json").read_text())
    server = Server.__new__(Server)
    server.network, server.name = network, name
    server.hostname, server.address = record["hostname"], record["address"]
    server.small_docker_root = None
    server.folder = network.folder / name
    server.nspawn = _Process(record["nspawn"], record["started"]) if record["nspawn"] else None
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
        process = _Process(int(pid), started_at)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    close_network(network)


def sweep() -> None:
    """Remove what runs that were killed have left."""
    for run in runs():
        if abandoned(run):
            step(f"removing what the run {run} has left")
            remove_run(run)


def mirror_url() -> str:
    return f"http://{MIRROR_NAME}:{MIRROR_PORT}"


def resolv_conf() -> str:
    """This machine's name servers, those behind a local stub where it has one."""
    text = Path("/etc/resolv.conf").read_text()
    behind = Path("/run/systemd/resolve/resolv.conf")
    if "nameserver 127." in text and behind.exists():
        return behind.read_text()
    return text


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


def _forget_link(machine: str) -> None:
    """Our end of the server's cable may outlive the server for a moment, and would block its next boot."""
    with contextlib.suppress(Failure):
        if Path(f"/sys/class/net/vb-{machine}").exists():
            call("ip", "link", "del", f"vb-{machine}")
