#!/usr/bin/python3 -B
"""The first process of a kernel of its own (user-mode-linux) that test_quota.py boots: sizes of volumes, kept.

    init=tests/server/in_a_kernel.py

/dev/ubda is ext4, /dev/ubdb is xfs, /dev/ubdc is ext4 without quotas. Prints a line of JSON for each.
"""

import ctypes
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mooring.host import paths
from mooring.volume import quota

POWER_OFF = 0x4321FEDC
DISKS = {"ext4": "ubda", "xfs": "ubdb", "plain": "ubdc"}
MIB = 1 << 20


def written(folder: Path, mebibytes: int, *as_whom: str) -> int:
    """How many bytes a program that asked for so many got there."""
    file = folder / "file"
    argv = ["dd", "if=/dev/zero", f"of={file}", "bs=64k", f"count={mebibytes * 16}"]
    subprocess.run(["setpriv", *as_whom, *argv], stderr=subprocess.DEVNULL, check=False)
    return file.stat().st_size


def tried(folder: Path) -> dict[str, object]:
    """What becomes of two volumes of 4 MiB, written to by a user and by the root of a container."""
    paths.VOLUMES = folder
    one, two = folder / "one", folder / "two"
    for each in (one, two):
        each.mkdir()
        os.chown(each, 1000, 1000)
    found: dict[str, object] = {
        "holds": quota.holds(folder),
        "limited": [quota.limit(each, 4 * MIB) for each in (one, two)],
        "by a user": written(one, 8, "--reuid=1000", "--regid=1000", "--clear-groups"),
        # Docker's containers are without this capability, by which ext4 lets root go on.
        "by root": written(two, 8, "--bounding-set=-sys_resource"),
        "used": quota.used(one),
        "apart": quota.project_of(one) != quota.project_of(two),
    }
    quota.clear(one)
    return {**found, "without a limit again": written(one, 8, "--reuid=1000", "--regid=1000", "--clear-groups")}


def main() -> None:
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
    modules = Path(f"/usr/lib/uml/modules/{os.uname().release}/kernel/fs/quota")
    for name in ("quota_tree", "quota_v2"):
        for module in modules.glob(f"{name}.ko*"):
            subprocess.run(["insmod", str(module)], check=True)
    for kind, disk in DISKS.items():
        options = [] if kind == "plain" else ["-o", "prjquota"]
        subprocess.run(["mount", *options, f"/dev/{disk}", "/mnt"], check=True)
        print(json.dumps({"kind": kind, **tried(Path("/mnt"))}), flush=True)
        subprocess.run(["umount", "/mnt"], check=True)


if __name__ == "__main__":
    try:
        main()
    except Exception:
        traceback.print_exc(file=sys.stdout)
    finally:
        sys.stdout.flush()
        ctypes.CDLL(None).reboot(POWER_OFF)
