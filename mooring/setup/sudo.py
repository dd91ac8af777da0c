"""sudo's one rule for the git user: the program that it may run as root."""

import tempfile
from pathlib import Path

from mooring.setup import CHECKOUT
from mooring.setup.file import place_checked, remove
from mooring.setup.program import quietly, succeeds

RULES = Path("/etc/sudoers.d/mooring")
OURS = CHECKOUT / "hooks/sudoers"


def set_up() -> None:
    text = OURS.read_text()
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        # sudo-rs, Ubuntu's from 26.04 on, refuses a whole file for one setting that it does not have.
        if not succeeds("visudo", "-c", "-q", "-f", file.name):
            text = without_logging(text)
    place_checked(RULES, text, 0o440, lambda: quietly("visudo", "-c", "-q"))


def without_logging(text: str) -> str:
    """The rules without the settings of what sudo logs."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not (line.startswith("Defaults") and "syslog" in line))


def take_down() -> None:
    remove(RULES)
