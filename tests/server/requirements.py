"""What a machine must have and allow before a throwaway server can boot on it."""

import os
import subprocess
import tempfile
from pathlib import Path

from tests.server import cgroup
from tests.server.cache import CACHE, Failure, call, step

SERVER = [
    "mmdebstrap", "debian-archive-keyring", "systemd-container", "iptables", "iproute2", "util-linux",
    "mount", "e2fsprogs", "openssh-client", "ca-certificates", "git",
]  # fmt: skip
MIRROR = ["docker-registry"]
LOAD = ["curl", "hey", "wrk"]
HTTPS = ["openssl", "sslscan", "pebble"]
RUNNER = ["python3-venv", "python3-cryptography", "python3-systemd", "git", "openssh-client", "jq"]


def missing(packages: list[str]) -> list[str]:
    """Those of the packages that are not installed."""
    asked = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    there = {line.split()[0] for line in asked.stdout.splitlines() if line.endswith(" installed")}
    return sorted(set(packages) - there)


def install(packages: list[str]) -> None:
    """Install what is missing of these packages, with apt; Failure that names them where it cannot."""
    wanted = missing(packages)
    if not wanted:
        return
    if os.geteuid() != 0:
        raise Failure(f"not installed: {' '.join(wanted)} (as root, this installs them)")
    step(f"installing {' '.join(wanted)}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l"}
    for argv in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *wanted],
    ):
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failure(f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    if "docker-registry" in wanted and Path("/run/systemd/system").exists():
        # The package starts a registry for the whole network; the tests start their own where they need it.
        call("systemctl", "disable", "--quiet", "--now", "docker-registry.service")


def why_not() -> str:
    """Why no throwaway server can boot here, in one line; empty where, as far as can be told, one can."""
    if os.geteuid() != 0:
        return "this is not root: use sudo"
    if not Path("/usr/bin/apt-get").exists():
        return "this machine has no apt: use Debian or Ubuntu"
    CACHE.mkdir(parents=True, exist_ok=True)
    kind = call("stat", "--file-system", "--format=%T", CACHE).strip()
    if kind in ("overlayfs", "tmpfs", "nfs"):
        return f"{CACHE} is on {kind}: set MOORING_TEST_CACHE to a folder on a disk"
    try:
        call("unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "true")
    except Failure as failure:
        return f"no namespaces can be made here ({_last_line(failure)}): use a machine or a privileged container"
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        parts = {part: f"{name}/{part}" for part in ("lower", "upper", "work", "root")}
        for part in parts.values():
            Path(part).mkdir()
        layers = f"lowerdir={parts['lower']},upperdir={parts['upper']},workdir={parts['work']}"
        try:
            call("mount", "-t", "overlay", "overlay", "-o", f"{layers},redirect_dir=on", parts["root"])
            call("umount", parts["root"])
        except Failure as failure:
            return f"overlayfs cannot be mounted in {CACHE} ({_last_line(failure)})"
    try:
        cgroup.make(f"mooring-tests-{os.getpid()}")
        cgroup.clear(f"mooring-tests-{os.getpid()}")
    except OSError as error:
        return f"/sys/fs/cgroup is not writable ({error.strerror}): use a machine or a privileged container"
    return ""


def why_no_network() -> str:
    """Why the servers' bridge cannot be made here; asked once iproute2 and iptables are installed."""
    try:
        call("ip", "link", "add", f"mb{os.getpid()}", "type", "bridge")
        call("ip", "link", "del", f"mb{os.getpid()}")
        call("iptables", "-w", "-t", "nat", "-S", "POSTROUTING")
    except Failure as failure:
        return f"a network bridge cannot be made here ({_last_line(failure)})"
    return ""


def _last_line(failure: Failure) -> str:
    return str(failure).strip().splitlines()[-1]
