"""journald: what apps said outlives a reboot, and has a limit."""

from pathlib import Path

from mooring.setup import CHECKOUT
from mooring.setup.file import place, remove_drop_in
from mooring.setup.program import run
from mooring.setup.terminal import step

DROP_IN = Path("/etc/systemd/journald.conf.d/mooring.conf")
OURS = CHECKOUT / "units/host/journald.conf"


def set_up() -> None:
    step("Setting up the journal")
    if place(DROP_IN, OURS.read_text()):
        # Its sockets are systemd's: nobody who writes to it loses a line.
        run("systemctl", "restart", "systemd-journald.service")
        run("journalctl", "--flush")


def take_down() -> None:
    remove_drop_in(DROP_IN)
