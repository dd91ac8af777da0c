"""The unit files, and what belongs to them: folders in /run, and the pace of a crash loop where systemd has none."""

import re
from collections.abc import Iterable
from pathlib import Path

from mooring.cron import timers
from mooring.setup import CHECKOUT, SYSTEM
from mooring.setup.file import place, remove
from mooring.setup.program import answer, run, succeeds
from mooring.setup.terminal import detail, step

OURS = CHECKOUT / "units"
KINDS = (".service", ".path", ".timer", ".target", ".slice")

TMPFILES = Path("/etc/tmpfiles.d/mooring.conf")
OUR_TMPFILES = OURS / "host/tmpfiles.conf"

OUR_SLICES = OURS / "host/slice.conf"
SLICES = [
    SYSTEM / f"{name}.slice.d/mooring.conf" for name in ("mooring", "mooring-", "mooring_services", "mooring_services-")
]
"""For the two slices of containers, and for those in them, whose names begin with theirs (systemd.unit(5))."""

PACES = [SYSTEM / f"mooring-{unit}@.service.d/pace.conf" for unit in ("app", "service")]
OUR_PACE = OURS / "app/pace.conf"
HAS_A_PACE = 254
"""The version of systemd that has RestartSteps=."""


def set_up() -> set[str]:
    """Install the units; the names of those that were not there, or different."""
    step("Installing units")
    ours = {unit.name: unit for unit in unit_files(OURS.rglob("*"))}
    changed = {name for name, unit in ours.items() if place(SYSTEM / name, unit.read_text())}
    anew = bool(changed)
    has_none = version(answer("systemctl", "--version")) < HAS_A_PACE
    for pace in PACES:
        if has_none:
            anew |= place(pace, OUR_PACE.read_text())
        elif pace.exists():
            remove(pace)
            anew = True
    anew |= any([place(slices, OUR_SLICES.read_text()) for slices in SLICES])
    anew |= place(TMPFILES, OUR_TMPFILES.read_text())
    run("systemd-tmpfiles", "--create", TMPFILES.name)
    for unit in unit_files(SYSTEM.glob("mooring*")):
        if unit.name not in ours:
            # One that an older Mooring had.
            succeeds("systemctl", "disable", "-q", "--now", unit.name)
            remove(unit)
            anew = True
    if anew:
        run("systemctl", "daemon-reload")
    detail(f"{len(ours)} units")
    return changed


def take_down() -> None:
    remove(*(path for path in SYSTEM.glob("mooring*") if path.suffix in KINDS), TMPFILES)
    remove(*timers.drop_ins(), *timers.STAMPS.glob("stamp-mooring*"))
    remove(*SYSTEM.glob("mooring*.wants"), *SYSTEM.glob("mooring*.d"), *SYSTEM.glob("*.wants/mooring*"))
    run("systemctl", "daemon-reload")
    succeeds("systemctl", "reset-failed", "mooring*")


def unit_files(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.suffix in KINDS and path.is_file())


def version(said: str) -> int:
    """systemd's version, by the first line of `systemctl --version`: "systemd 252 (252.39-1~deb12u1)"."""
    found = re.match(r"\S+ (\d+)", said)
    return int(found[1]) if found else 0
