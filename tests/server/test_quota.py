"""Sizes of volumes on filesystems that keep them: in a kernel of its own, since not every machine's has quotas."""

import json
import platform
import subprocess
from pathlib import Path

import pytest

from tests.server import requirements
from tests.server.cache import CHECKOUT, call

PACKAGES = ["user-mode-linux", "xfsprogs", "e2fsprogs", "kmod"]
MIB = 1 << 20


@pytest.mark.skipif(platform.machine() != "x86_64", reason="user-mode-linux is for this processor only")
def test_a_volume_of_a_size_holds_that_much_on_ext4_and_on_xfs_and_no_more(tmp_path: Path) -> None:
    requirements.install(PACKAGES)
    disks = {name: tmp_path / name for name in ("ext4", "xfs", "plain")}
    for disk in disks.values():
        call("truncate", "--size=400M", disk)
    call("mkfs.ext4", "-q", "-O", "quota,project", disks["ext4"])
    call("mkfs.xfs", "-q", disks["xfs"])
    call("mkfs.ext4", "-q", disks["plain"])
    # This machine's files are its own, to be read only.
    argv = ["linux.uml", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "mem=256M", "quiet"]
    argv += [f"init={CHECKOUT}/tests/server/in_a_kernel.py", "con=null", "con0=fd:0,fd:1"]
    argv += [f"ubd{letter}={disk}" for letter, disk in zip("abc", disks.values(), strict=True)]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    found = {
        each.pop("kind"): each for line in done.stdout.splitlines() if line[:1] == "{" and (each := json.loads(line))
    }
    assert found.keys() == disks.keys(), done.stdout + done.stderr
    for kind in ("ext4", "xfs"):
        said = found[kind]
        assert (said["holds"], said["limited"], said["apart"]) == (True, [True, True], True)
        assert 3 * MIB < said["by a user"] <= 4 * MIB
        assert 3 * MIB < said["by root"] <= 4 * MIB
        assert 3 * MIB < said["used"] <= 4 * MIB
        assert said["without a limit again"] == 8 * MIB
    plain = found["plain"]
    assert (plain["holds"], plain["limited"], plain["used"]) == (False, [False, False], None)
    assert plain["by a user"] == 8 * MIB
