"""The journal: what a stage says of a release, and following it line by line.

Fields: MOORING_APP, MOORING_RELEASE (my-app.42), MOORING_STAGE, and MOORING_STATUS on the line that ends it;
MOORING_EVENT=process on what is said of a container, among its own lines.
"""

import time
from collections.abc import Callable

from mooring.host.names import ReleaseName
from mooring.pipeline.spool import STAGES, Stage
from mooring.release import releases

POLL = 0.03
"""Seconds between two looks. journald announces new entries up to 0.25 s late (it collects them); a look
at the mapped file costs next to nothing and sees them at once."""


PATIENCE = 2.0
"""Seconds without a line, and since a release has ended, after which its last line is taken for lost."""


class Log:
    """What one stage says of one release."""

    def __init__(self, name: ReleaseName, stage: Stage) -> None:
        self.fields = {
            "MOORING_APP": name.app,
            "MOORING_RELEASE": str(name),
            "MOORING_STAGE": stage,
            "SYSLOG_IDENTIFIER": f"mooring/{stage}",
        }

    def line(self, text: str, **more: str) -> None:
        """A line of detail, indented as Heroku's are."""
        self._send(f"       {text}" if text else "", **more)

    def raw(self, text: str) -> None:
        """A line that is laid out already."""
        self._send(text)

    def step(self, text: str) -> None:
        self._send(f"-----> {text}")

    def warn(self, text: str) -> None:
        self._send(f" !     {text}")

    def end(self, status: str, *lines: str) -> None:
        """The last lines of a release: followers stop here."""
        for text in lines[:-1]:
            self._send(text)
        self._send(lines[-1], MOORING_STATUS=status)

    def _send(self, text: str, **more: str) -> None:
        from systemd import journal

        journal.send(text or " ", **self.fields, **more)


def follow(name: ReleaseName, since: float, out: Callable[[str], None]) -> str:
    """Give `out` each line said of a release since `since` (seconds since the epoch), until it has ended.

    Returns its status. Where the journal lost the last line, the record tells.
    """
    from systemd import journal

    reader = journal.Reader()
    reader.add_match(MOORING_RELEASE=str(name))
    for stage in STAGES:
        reader.add_match(MOORING_STAGE=stage)
    reader.seek_realtime(since)
    silent = 0.0
    while True:
        for entry in reader:
            silent = 0.0
            indent = "       " if "CONTAINER_NAME" in entry else ""
            out(indent + str(entry.get("MESSAGE", "")).rstrip())
            if "MOORING_STATUS" in entry:
                return str(entry["MOORING_STATUS"])
        reader.wait(POLL)
        silent += POLL
        if silent > PATIENCE:
            silent = 0.0
            if releases.exists(name):
                record = releases.load(name)
                if record.status in releases.ENDED and since < record.times.get("ended", 0) < time.time() - PATIENCE:
                    out(f" !     {record.reason}" if record.reason else f"       {name} is {record.status}")
                    return record.status


def last_lines(container: str, count: int = 20) -> list[str]:
    """The last lines that a container printed."""
    from systemd import journal

    reader = journal.Reader()
    reader.add_match(CONTAINER_NAME=container)
    reader.seek_tail()
    lines: list[str] = []
    while len(lines) < count and (entry := reader.get_previous()):
        lines.append(str(entry.get("MESSAGE", "")).rstrip())
    return lines[::-1]
