"""systemd-nspawn, as a throwaway server is booted with it."""

from collections.abc import Mapping
from pathlib import Path


def command(folder: Path, machine: str, hostname: str, bridge: str, mounts: Mapping[Path, Path]) -> list[str]:
    """What boots the server that is laid out in `folder`, with a cable to the bridge.

    `mounts` are what it finds mounted read-only: where, and which folder of this machine's.
    """
    return [
        "systemd-nspawn",
        f"--directory={folder}/root",
        f"--machine={machine}",
        f"--hostname={hostname}",
        "--register=no",
        "--keep-unit",
        "--boot",
        "--notify-ready=yes",
        f"--network-bridge={bridge}",
        "--capability=all",
        "--system-call-filter=keyctl bpf",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        f"--bind={folder}/docker:/var/lib/docker",
        *(f"--bind-ro={source}:{target}" for target, source in mounts.items()),
        # trixie's systemd refuses cgroup v1 without it; it means nothing where v2 is.
        "--setenv=SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1",
    ]
