"""Which copies are kept, and for how long: restic's own rules (restic-forget(1))."""

import os
import re
from collections.abc import Mapping

from mooring.backup import copies, identity, repository
from mooring.backup.copies import OURS, WHOLE
from mooring.backup.destination import Destination
from mooring.host.refusal import die

PERIODS = {"h": "hourly", "d": "daily", "w": "weekly", "m": "monthly", "y": "yearly", "": "last"}
PART = re.compile(r"([1-9][0-9]{0,3})([hdwmy]?)")
EXAMPLE = "e.g. --keep 7d,4w,6m: the last of each of 7 days, 4 weeks and 6 months; 10 are the last ten"

Keep = Mapping[str, int]
"""How many are kept, by restic's words: {"daily": 7}; empty for all."""


def parse(text: str) -> dict[str, int]:
    """`7d,4w,6m`; raise Refusal for what is none."""
    found: dict[str, int] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        match = PART.fullmatch(part.lower())
        if not match or PERIODS[match[2]] in found:
            die(f"--keep has {part[:20]!r}" + (" twice" if match else ""), EXAMPLE)
        found[PERIODS[match[2]]] = int(match[1])
    if text.strip() and not found:
        die(f"--keep is {text[:20]!r}", EXAMPLE)
    return found


def written(keep: Keep) -> str:
    """As a person types it."""
    letters = {word: letter for letter, word in PERIODS.items()}
    return ",".join(f"{number}{letters[period]}" for period, number in keep.items())


def apply(to: Destination, subject: str, keep: Keep) -> None:
    """Remove the copies of a subject that this server made and that are not to be kept. Raises Refusal."""
    host, own = os.uname().nodename, f"id={identity.of(subject)}"
    if keep:
        rules = [word for period, number in keep.items() for word in (f"--keep-{period}", str(number))]
        tags = ",".join((OURS, own, WHOLE))
        repository.ask(to, "forget", "--host", host, "--tag", tags, "--group-by", "", *rules)
    if gone := copies.left_over(copies.snapshots(to, own, host=host)):
        repository.ask(to, "forget", "--prune", *gone)
