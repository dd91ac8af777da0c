"""The server: disk, Docker, nginx, sshd, units, settings."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from mooring.doctor import Finding, output, show
from mooring.host import paths

FULL = 0.90
"""The part of a disk, or of its inodes, from which on it is nearly full."""
PLACES = (Path("/"), Path("/var/log/journal"), paths.APPS, paths.SPOOL, paths.BUILDS)
SERVICES = ("docker.service", "nginx.service", "mooring.target")
PIPELINE = ("mooring-build@", "mooring-launch@", "mooring-route@", "mooring-retire@", "mooring-settle@")
OF_APPS = (
    *PIPELINE,
    "mooring-app@",
    "mooring-run@",
    "mooring-release@",
    "mooring-cron@",
    "mooring-backup@",
    "mooring-verify@",
)
"""Units that the other examinations look at, or whose failure is told to a person."""


def disk() -> Iterator[Finding]:
    from mooring.runtime import engine

    try:
        docker = [Path(engine.ask("GET", "/info")["DockerRootDir"])]
    except (OSError, engine.EngineError):
        docker = []
    seen = set()
    for place in (*PLACES, *docker):
        if place.exists() and (device := place.stat().st_dev) not in seen:
            seen.add(device)
            yield from fullness(place, os.statvfs(place))


def fullness(place: Path, disk: os.statvfs_result) -> Iterator[Finding]:
    """A disk with little left; `disk` is what statvfs(3) says of it."""
    remedy = "`docker system df` and `journalctl --disk-usage` say what is large; `mooring cleanup` removes what can go"
    if disk.f_blocks and 1 - disk.f_bavail / disk.f_blocks >= FULL:
        free = disk.f_bavail * disk.f_frsize
        yield Finding(str(place), f"the disk is nearly full: {free / 2**30:.1f} GiB are free", remedy)
    if disk.f_files and 1 - disk.f_favail / disk.f_files >= FULL:
        yield Finding(str(place), f"the disk has few inodes left: {disk.f_favail}", remedy)


def docker() -> Iterator[Finding]:
    from mooring.runtime import engine

    try:
        info = engine.ask("GET", "/info")
    except (OSError, engine.EngineError) as error:
        yield Finding(
            "docker", f"dockerd does not answer: {error}", "`systemctl restart docker`, `journalctl -u docker`"
        )
        return
    daemon = "/etc/docker/daemon.json"
    if not info.get("LiveRestoreEnabled"):
        yield Finding(
            "docker",
            "live-restore is off: a restart of Docker stops every app",
            f'`"live-restore": true` in {daemon}, then `systemctl reload docker`',
        )
    if info.get("CgroupDriver") != "systemd":
        yield Finding(
            "docker",
            "its cgroup driver is not systemd: apps are not in their slices",
            f'`"exec-opts": ["native.cgroupdriver=systemd"]` in {daemon}, then restart it',
        )
    for key, what in (("MemoryLimit", "memory"), ("CpuCfsQuota", "cpu"), ("PidsLimit", "pids")):
        if not info.get(key):
            yield Finding(
                "docker", f"the kernel cannot limit {what}", "switch that cgroup controller on (bootparam(7))"
            )


def nginx() -> Iterator[Finding]:
    status, text = output("nginx", "-t")
    if status:
        lines = [line for line in text.splitlines() if "[emerg]" in line] or text.splitlines()
        reason = re.sub(r"^.*\[emerg\] (\d+#\d+: )?", "", lines[0])
        yield Finding(
            "nginx", f"its configuration is broken: {reason[:200]}", "mend that file; `nginx -t` tells when it is well"
        )


def sshd() -> Iterator[Finding]:
    status, text = output("/usr/sbin/sshd", "-t")
    if status:
        yield Finding(
            "sshd", f"its configuration is broken: {text.strip()[:200]}", "mend it; `sshd -t` tells when it is well"
        )
        return
    _, text = output("/usr/sbin/sshd", "-T", "-C", "user=mooring,host=localhost,addr=127.0.0.1")
    lines = text.splitlines()
    if f"authorizedkeysfile {paths.AUTHORIZED_KEYS}" not in lines:
        yield Finding(
            "sshd",
            "it does not heed Mooring's keys: nobody can push",
            "`Include /etc/ssh/sshd_config.d/*.conf` at the top of /etc/ssh/sshd_config, then reload ssh",
        )
    allowed = [line.split()[1:] for line in lines if line.startswith(("allowusers ", "allowgroups "))]
    if any(paths.GIT_USER not in words for words in allowed):
        yield Finding(
            "sshd", f"it does not let {paths.GIT_USER} in", f"add {paths.GIT_USER} to AllowUsers or AllowGroups"
        )
    states = show(["ssh.service", "ssh.socket"], "ActiveState")
    if not any(each.get("ActiveState") == "active" for each in states.values()):
        yield Finding("sshd", "it does not run: nobody can push", "`systemctl start ssh`")


def services() -> Iterator[Finding]:
    for unit, state in show([*SERVICES], "ActiveState,UnitFileState").items():
        if state.get("ActiveState") not in ("active", "reloading"):
            yield Finding(
                unit, f"it is {state.get('ActiveState')}", f"`systemctl start {unit}`, `journalctl -u {unit}`"
            )
        if state.get("UnitFileState") == "disabled":
            yield Finding(unit, "it is not started at boot", f"`systemctl enable {unit}`")


def failed_units() -> Iterator[Finding]:
    _, text = output("systemctl", "list-units", "--failed", "--plain", "--no-legend", "--full", "mooring*")
    for line in text.splitlines():
        unit = line.split()[0]
        if not unit.startswith(OF_APPS) and not unit.endswith(".path"):
            yield Finding(unit, "it failed", f"`journalctl -u {unit}` says why; `systemctl restart {unit}` tries again")


def settings() -> Iterator[Finding]:
    from mooring.host import settings

    settings.load()
    return iter(())


EXAMINATIONS = (disk, docker, nginx, sshd, services, failed_units, settings)
