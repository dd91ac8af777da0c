"""A ledger of what a database has acknowledged, kept by its clients: it is compared with what is there afterwards."""

import threading
import time
from collections.abc import Callable

from tests.server.clients import Client, Lost

WRITERS = 4
PAUSE = 0.05


class Ledger:
    """Clients that write numbers, each its own, whatever happens to the server; `connect` makes a connection."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self.connect = connect
        before = connect().numbers()
        self.acknowledged, self.begun = set(before), set(before)
        self.first = max(before, default=0)
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._write, args=(place,), daemon=True) for place in range(WRITERS)]

    def start(self) -> "Ledger":
        for each in self.threads:
            each.start()
        self.written(50)
        return self

    def _write(self, place: int) -> None:
        client: Client | None
        number, client = self.first + place, None
        while not self.over.is_set():
            try:
                client = client or self.connect()
                number += WRITERS
                self.begun.add(number)
                client.write(number)
                self.acknowledged.add(number)
            except (Lost, OSError):
                client = None
                time.sleep(PAUSE)

    def written(self, more: int, timeout: float = 120) -> None:
        """Return when so many more are acknowledged."""
        until, wanted = time.monotonic() + timeout, len(self.acknowledged) + more
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < until, f"{len(self.acknowledged)} writes, and no more"
            time.sleep(PAUSE / 5)

    def close(self) -> None:
        """End the writing, and compare: all that was acknowledged is there, and nothing that nobody has written."""
        self.over.set()
        for each in self.threads:
            each.join()
        there = self.connect().numbers()
        assert not self.acknowledged - set(there), f"{len(self.acknowledged - set(there))} acknowledged writes are lost"
        assert not set(there) - self.begun
        assert len(there) == len(set(there))
