"""What wait.py becomes where the process has a liveness check: asks it, and feeds the watchdog of its unit.

    python -m units.app.alive my-app.42.web.1

A good answer is `WATCHDOG=1` (sd_notify(3)); `attempts` wrong ones in a row are `WATCHDOG=trigger`, and systemd ends
and restarts the unit. Where this itself hangs, WATCHDOG_USEC, the `WatchdogSec=` of a unit, does the same.
"""

import subprocess
import sys
from collections.abc import Callable

from mooring.app.checks import Check
from mooring.host.names import ContainerName
from mooring.release import releases
from mooring.runtime import containers
from mooring.runtime.engine import EngineError
from units.app import question, ready, wait
from units.app.answers import NotYet, Wrong

LEAST_PAUSE = 1.0
"""Seconds between two questions at least, whatever a check says."""
SLACK = 30.0
"""Seconds that the questions may take longer than they should before systemd takes the asker for hung."""


class Liveness:
    """The questions to one container, and how it answers."""

    def __init__(self, container: containers.Named, check: Check, probe: Callable[[], None]) -> None:
        self.container = container
        self.check = check
        self.probe = probe
        self.wrong = 0
        self.asking = False
        self.delay = check.initial_delay

    @property
    def pause(self) -> float:
        return max(LEAST_PAUSE, self.check.wait)

    def ask(self) -> None:
        """Ask once, if it is time; tell systemd of the answer."""
        if not self.asking and not self._begin():
            return
        try:
            self.probe()
        except (NotYet, Wrong) as error:
            self.wrong += 1
            last = self.wrong >= self.check.attempts
            told = f"{self.container.label} is not alive: {error}"
            containers.say(self.container, f"{told} ({self.wrong} of {self.check.attempts})")
            if last:
                notify(f"STATUS={told}\nWATCHDOG=trigger")
        except (EngineError, OSError):
            # dockerd does not answer: that says nothing of the process.
            notify("WATCHDOG=1")
        else:
            self.wrong = 0
            notify("STATUS=alive\nWATCHDOG=1")

    def _begin(self) -> bool:
        """Whether the process is ready, and has had its initial delay: before, it is asked by units.app.ready."""
        argv = ["systemctl", "show", "--property=ActiveState", "--value", self.container.unit]
        if subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip() != "active":
            return False
        self.delay -= self.pause
        if self.delay > 0:
            return False
        limit = self.check.attempts * (self.pause + self.check.timeout) + SLACK
        notify(f"WATCHDOG_USEC={int(limit * 1e6)}\nWATCHDOG=1")
        self.asking = True
        return True


def notify(text: str) -> None:
    from systemd import daemon

    daemon.notify(text)


def main() -> int:
    container = ContainerName.parse(sys.argv[1])
    record = releases.load(container.release)
    process = record.process(container.process)
    started = containers.started(container) or sys.exit(f"{container} has not been started")
    descriptor = wait.open_process(started["id"], started["pid"])
    check = process.watch
    probe = (
        question.probe_of(check, process.port, record.address(container), started["id"], ready.host_of(container))
        if check
        else None
    )
    if descriptor is not None:
        if check and probe:
            liveness = Liveness(container, check, probe)
            wait.attend(str(container), descriptor, liveness.ask, liveness.pause)
        else:
            wait.attend(str(container), descriptor)
    return wait.end(str(container), started["id"])


if __name__ == "__main__":
    sys.exit(main())
