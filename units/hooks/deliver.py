"""Work off the queue of a webhook: deliver what is due, try again later what did not go well.

    python -m units.hooks.deliver my-app.1

A delivery is a file; its name says when it came, how often it was tried, and when it is due again.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from mooring.host import systemd
from mooring.telling import delivery
from mooring.telling.webhook import QUEUES

PAUSES = (5, 15, 60, 300, 900, 1800, 3600, 3600, 3600)
"""Seconds from each try that did not go well to the next: ten tries within four hours."""
GAVE_UP = 3
"""The exit status where a delivery was given up: its unit has failed, and has nothing to try again."""
LOOK = 1.0
"""Seconds between two looks for deliveries that came while others wait."""


class Waiting(NamedTuple):
    """A delivery in the queue; `came` is in microseconds since the epoch, `due` in seconds."""

    due: int
    came: int
    tries: int = 0

    @property
    def name(self) -> str:
        return f"{self.came}.{self.tries}.{self.due}" if self.tries else str(self.came)

    @classmethod
    def parse(cls, name: str) -> "Waiting":
        came, tries, due = [*map(int, name.split(".")), 0, 0][:3]
        return cls(due, came, tries)

    def again(self, now: float) -> "Waiting | None":
        """As it waits for its next try; None after the last."""
        if self.tries >= len(PAUSES):
            return None
        return Waiting(int(now) + PAUSES[self.tries], self.came, self.tries + 1)


def listing(queue: Path) -> list[Waiting]:
    """What waits, what is due first at the front."""
    return sorted(Waiting.parse(path.name) for path in queue.iterdir() if path.name.replace(".", "").isdigit())


def attempt(queue: Path, each: Waiting, table: dict[str, Any]) -> bool:
    """Try one delivery; False where it was the last try, and did not go well either."""
    file = queue / each.name
    content = file.read_bytes()
    try:
        told = json.loads(content)
        label = f"{told['event']} ({told['id']})"
    except (ValueError, KeyError, TypeError):
        file.unlink()
        print(f"{each.name} is given up: it cannot be read", file=sys.stderr)
        return False
    wrong = delivery.send(table, content)
    if not wrong:
        file.unlink()
        systemd.notify(f"STATUS=delivered {label}")
        return True
    later = each.again(time.time())
    if later is None:
        file.unlink()
        systemd.notify(f"STATUS=gave {label} up: {wrong}")
        print(f"{label} is given up after {each.tries + 1} tries: {wrong}", file=sys.stderr)
        return False
    file.rename(queue / later.name)
    systemd.notify(f"STATUS=waiting to try {label} again: {wrong}")
    print(f"{label}: {wrong}; the next try in {later.due - int(time.time())} s", file=sys.stderr, flush=True)
    return True


def main() -> int:
    queue = QUEUES / sys.argv[1]
    table = json.loads((Path(os.environ["CREDENTIALS_DIRECTORY"]) / "hook").read_text())
    status = 0
    while found := listing(queue):
        if found[0].due <= time.time():
            status = status if attempt(queue, found[0], table) else GAVE_UP
        else:
            time.sleep(min(LOOK, max(0.0, found[0].due - time.time())))
    return status


if __name__ == "__main__":
    sys.exit(main())
