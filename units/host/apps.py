"""Start every process of every live release, and what is attached to apps: what mooring.target wants.

python -m units.host.apps
"""

import os
import sys
import time
from collections.abc import Iterator, Mapping

from mooring.app import apps, attachment
from mooring.host import systemd
from mooring.host.names import ContainerName
from mooring.host.refusal import Refusal
from mooring.release import releases
from mooring.runtime import containers
from mooring.telling import drain, webhook

AT_ONCE = 4
"""How many containers Docker is asked for at once, or two for each processor. All at once take it a third longer."""
PATIENCE = 5
"""Seconds that others wait for one that Docker has not started: it goes on beside them."""
PAUSE = 0.02


def attached() -> list[str]:
    drains = [drain.unit(each) for each in attachment.of(drain.KIND)]
    hooks = [webhook.path_unit(each) for each in attachment.of(webhook.KIND)]
    return [*drains, *hooks]


def processes() -> Iterator[ContainerName]:
    """Those of every live release, as it is when their turn comes: what is deployed meanwhile starts its own."""
    for app in apps.every():
        try:
            choices = app.choices()
            if (live := app.live) and not (choices.stopped or choices.disabled):
                yield from releases.load(live).containers
        except Refusal as refusal:
            print(f"{app.name} is not started: {refusal}", file=sys.stderr)


def in_the_way(begun: Mapping[ContainerName, float], now: float) -> dict[ContainerName, float]:
    """Of those whose start was begun, and when: the ones that Docker is starting still."""
    return {
        container: at
        for container, at in begun.items()
        if now - at < PATIENCE and not containers.started(container) and not containers.reason_of(container).exists()
    }


def main() -> None:
    if others := attached():
        systemd.start(others, "--no-block")
    places = max(AT_ONCE, 2 * (os.cpu_count() or 1))
    begun: dict[ContainerName, float] = {}
    for container in processes():
        while len(begun := in_the_way(begun, time.monotonic())) >= places:
            time.sleep(PAUSE)
        systemd.start([container.unit], "--no-block")
        begun[container] = time.monotonic()


if __name__ == "__main__":
    main()
