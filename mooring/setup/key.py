"""The first key: that of whoever may do everything. Keys are settings: they stay until the data goes."""

import re
from pathlib import Path

from mooring.host.refusal import die
from mooring.setup.code import LAUNCHER
from mooring.setup.program import indented
from mooring.setup.terminal import step


def set_up(file: Path) -> None:
    step("Adding the admin key")
    if not indented(str(LAUNCHER), "access:add", name(file.read_text()), stdin=file):
        die("the admin key could not be added", "the reason is above; run this again when it is gone")


def name(text: str) -> str:
    """What a key is called: its comment, as far as that can be a name."""
    keys = (line.split() for line in text.splitlines() if re.match(r"[^#\s]", line))
    comment = "".join(words[2] for words in keys if len(words) > 2)
    return re.sub(r"[^A-Za-z0-9@._-]", "", comment)[:60] or "admin"
