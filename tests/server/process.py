"""A process that another one has started, and its identity."""

import os
import subprocess
import time

from tests.server.network import started


class Process(subprocess.Popen[bytes]):
    """A process that another one has started: as much of Popen as is used here."""

    def __init__(self, pid: int, started_at: str) -> None:
        self.pid = pid
        self._started_at = started_at
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return None if started(self.pid) == self._started_at else 0

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + (timeout or 0)
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("systemd-nspawn", timeout or 0)
            time.sleep(0.05)
        return 0

    def __del__(self) -> None:
        pass
