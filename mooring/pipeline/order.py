"""What the git user asks of the build stage: the content of a build marker, untrusted."""

import json
import re
from typing import NamedTuple

from mooring.host.refusal import die

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
LATEST = 1 << 40
"""The latest time that is one; a marker may hold Infinity or NaN, which no calendar can show."""
LINE = re.compile(r"[^\x00-\x1f\x7f]{0,200}")


class Order(NamedTuple):
    """Build this commit, whose tree lies in the app's source folder. `created` is in seconds since the epoch."""

    kind: str
    commit: str
    branch: str
    actor: str
    created: float
    fresh: bool = False

    def render(self) -> str:
        return json.dumps(self._asdict())


def parse(text: str) -> Order:
    """Read a marker's content; raise Refusal for anything that is not exactly an order."""
    try:
        order = Order(**json.loads(text))
        valid = (
            order.kind in ("push", "archive", "sync", "rebuild")
            and COMMIT.fullmatch(order.commit)
            and LINE.fullmatch(order.branch)
            and LINE.fullmatch(order.actor)
            and isinstance(order.created, float | int)
            and 0 <= order.created < LATEST
            and isinstance(order.fresh, bool)
        )
    except (ValueError, TypeError, RecursionError):
        valid = False
    if not valid:
        die("the marker is empty" if not text.strip() else "the marker holds no order to build")
    return order
