"""systemd-nspawn, as a throwaway server is booted with it."""

from pathlib import Path


def command(folder: Path, machine: str, hostname: str, bridge: str) -> list[str]:
    """What boots the server that is laid out in `folder`, with a cable to the bridge."""
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
        # trixie's systemd refuses cgroup v1 without it; it means nothing where v2 is.
        "--setenv=SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1",
    ]
