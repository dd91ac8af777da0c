"""Forward an app's lines to a log service, from where it left off.

    python -m units.logs.drain my-app.1

Where it is in the journal is a file: a line is done with when the service's kernel has it and the connection has
lived on for a while. So after a crash, or a connection that broke, some lines are sent twice and none is lost
that the journal still has.
"""

import json
import os
import select
import signal
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from mooring.host import files, systemd
from mooring.telling import syslog, tail
from units.logs import wire as wires
from units.logs.wire import Wire

BATCH = 500
"""Lines that are sent at once."""
GRACE = 2.0
"""Seconds that a connection must live on after the service's kernel took a line: one that dies may not have read it."""
LONGEST_PAUSE = 60.0
HEALTHY = 10.0
"""Seconds after which a connection that ends was a good one: the next try comes soon again."""
GOODBYE = 5.0
"""Seconds that what is left gets when the drain is stopped."""


class Sent(NamedTuple):
    """What was sent at once: the wire's mark, and the cursor of its last line."""

    mark: int
    cursor: str


@dataclass
class Ledger:
    """Up to where the lines have arrived; `cursor` is also on the disk."""

    file: Path
    cursor: str
    sent: deque[Sent] = field(default_factory=deque)
    taken: deque[tuple[float, Sent]] = field(default_factory=deque)

    def settle(self, wire: Wire, now: float, grace: float = GRACE) -> None:
        """Move on what the service has taken, and note it once it has had it for `grace` seconds."""
        while self.sent and wire.acknowledged(self.sent[0].mark):
            self.taken.append((now, self.sent.popleft()))
        settled = None
        while self.taken and self.taken[0][0] + grace <= now:
            settled = self.taken.popleft()[1]
        if settled:
            self.cursor = settled.cursor
            files.write(self.file, self.cursor)

    def forget(self) -> None:
        """What is not settled is sent again, over the next connection."""
        self.sent.clear()
        self.taken.clear()

    @property
    def pending(self) -> bool:
        return bool(self.sent or self.taken)


class Drain:
    """One drain: what of the journal it forwards, and where."""

    def __init__(self, instance: str, table: dict[str, Any], ledger: Ledger) -> None:
        self.app = instance.rpartition(".")[0]
        self.table = table
        self.address = syslog.parse(table["url"])
        self.ledger = ledger
        self.host = os.uname().nodename
        self.connected = self.failing_since = 0.0
        self.stopping, self.wake = socket.socketpair()
        self.wake.setblocking(False)
        signal.set_wakeup_fd(self.wake.fileno())
        signal.signal(signal.SIGTERM, lambda *_: None)

    def stopped(self, timeout: float = 0) -> bool:
        return bool(select.select([self.stopping], [], [], timeout)[0])

    def run(self) -> None:
        """Forward until told to stop; connect again whenever that is needed, ever more slowly."""
        pause = 0.0
        while not self.stopped(pause):
            self.connected = 0.0
            try:
                wire = wires.connect(self.address, self.table["ca"])
                try:
                    self.forward(wire)
                finally:
                    wire.close()
            except OSError as error:
                went_well = self.connected and time.monotonic() - self.connected > HEALTHY
                if not self.failing_since:
                    self.failing_since = time.monotonic()
                    say(f"{self.table['url']}: {reason(error)}; trying again")
                pause = 1.0 if went_well else min(max(1.0, 2 * pause), LONGEST_PAUSE)
                systemd.notify(f"STATUS=waiting: {reason(error)}; the next try in {pause:.0f} s")

    def forward(self, wire: Wire) -> None:
        """Send what the journal has and what comes, until told to stop. Raises OSError when the connection is over."""
        reader = self.seek()
        poll = select.poll()
        for descriptor in (reader.fileno(), wire.fileno(), self.stopping.fileno()):
            poll.register(descriptor, select.POLLIN)
        until = float("inf")
        while True:
            messages, cursor = self.read(reader)
            if messages:
                self.ledger.sent.append(Sent(wire.send(messages), cursor))
            wire.check()
            now = time.monotonic()
            self.ledger.settle(wire, now)
            if not self.connected:
                self.begin(now)
            if self.stopped():
                until = min(until, now + GOODBYE)
                if now > until or not (messages or self.ledger.sent):
                    self.ledger.settle(wire, now, grace=0)
                    return
            if not messages:
                # A stopped drain's socket is readable for good: then this does not wait at all.
                poll.poll(100 if self.ledger.pending else None)
                reader.process()

    def begin(self, now: float) -> None:
        self.connected = now
        systemd.notify("STATUS=forwarding")
        if self.failing_since:
            say(f"{self.table['url']}: connected, {now - self.failing_since:.0f} s later")
            self.failing_since = 0.0

    def seek(self) -> Any:
        """A reader of the app's lines after the last one that arrived."""
        matches: list[tail.Match] = [
            {"MOORING_APP": name, **by}
            for name in (self.app, *self.table["was"])
            for by in ({"_SYSTEMD_UNIT": "docker.service"}, {"MOORING_EVENT": "process", "_UID": "0"})
        ]
        reader = tail.opened(matches)
        self.ledger.forget()
        if self.ledger.cursor:
            reader.seek_cursor(self.ledger.cursor)
        else:
            reader.seek_head()
        return reader

    def read(self, reader: Any) -> tuple[list[bytes], str]:
        """The next lines as messages, and the cursor of the last of them."""
        messages: list[bytes] = []
        cursor = ""
        while len(messages) < BATCH and (entry := reader.get_next()):
            cursor = entry["__CURSOR"]
            if cursor == self.ledger.cursor:
                continue
            if "CONTAINER_NAME" in entry and tail.moment(entry) <= self.until(tail.text(entry, "MOORING_APP")):
                messages.append(self.message(entry))
        return messages, cursor

    def until(self, name: str) -> float:
        """When lines of that name ended to be this app's: it may have been called otherwise."""
        return float("inf") if name == self.app else float(self.table["was"].get(name, 0))

    def message(self, entry: tail.Entry) -> bytes:
        line = entry.get("MESSAGE", "")
        return syslog.message(
            (line if isinstance(line, bytes) else str(line).encode()).rstrip(b"\r\n"),
            microseconds=round(tail.moment(entry) * 1e6),
            host=self.host,
            app=tail.text(entry, "MOORING_APP"),
            process=tail.text(entry, "MOORING_PROCESS") or "-",
            release=f"v{tail.text(entry, 'MOORING_RELEASE').rpartition('.')[2]}",
            severity=int(entry.get("PRIORITY", syslog.INFORMATIONAL)),
            element=self.table["data"],
        )


def reason(error: OSError) -> str:
    """What a person is told of a connection that did not work."""
    verify = getattr(error, "verify_message", "")
    return f"its certificate is refused: {verify}" if verify else error.strerror or str(error) or type(error).__name__


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    table = json.loads((Path(os.environ["CREDENTIALS_DIRECTORY"]) / "drain").read_text())
    file = Path(os.environ["STATE_DIRECTORY"]) / "cursor"
    cursor = file.read_text() if file.exists() else ""
    drain = Drain(sys.argv[1], table, Ledger(file, cursor or table["cursor"]))
    systemd.notify("READY=1\nSTATUS=connecting")
    drain.run()


if __name__ == "__main__":
    main()
