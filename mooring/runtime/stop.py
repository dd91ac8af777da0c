"""How a container is told to end: its program, or what the shell of its line has started; then it is killed.

Docker tells the first process alone. The shell of a line is told by SIGTERM and stays (mooring.runtime.shell), and the
programs below it are told by the image's STOPSIGNAL. What they have started themselves is theirs to tell.
"""

import contextlib
import os
import select
import signal
import time
from pathlib import Path
from typing import NamedTuple

from mooring.runtime import engine, shell

KILLED = 137
PAUSE = 0.05
"""Seconds between two looks for what has been started meanwhile."""
LAST_WORDS = 1.0
"""Seconds that the end of a pipe, or a part of a line, has to end by itself when what it waited for has ended."""


class Seen(NamedTuple):
    """A process as /proc shows it: its number, when it was started (clock ticks since boot), and its words."""

    pid: int
    started: str
    words: bytes


def stop(container: str) -> bool:
    """Stop a container, and return when it has ended; whether it had to be killed. One that is not there is fine."""
    status, found = engine.request("GET", f"/containers/{container}/json")
    if status == engine.NOT_FOUND or not found["State"]["Running"]:
        return False
    init: int = found["State"]["Pid"]
    if not lines(init):
        engine.request("POST", f"/containers/{container}/stop")
        status, found = engine.request("GET", f"/containers/{container}/json")
        return status == 200 and found["State"]["ExitCode"] == KILLED
    config = found["Config"]
    until = time.monotonic() + (config.get("StopTimeout") or 10)
    telling = Telling(number(config.get("StopSignal") or "SIGTERM"))
    with contextlib.suppress(ProcessLookupError):
        ended = os.pidfd_open(init)
        try:
            while time.monotonic() < until:
                for line in lines(init):
                    telling.line(line)
                if select.select([ended], [], [], PAUSE)[0]:
                    return False
        finally:
            os.close(ended)
    return engine.request("POST", f"/containers/{container}/kill")[0] < 400


def number(name: str) -> int:
    """The number of a signal as a Dockerfile writes it: SIGQUIT, QUIT, 3, SIGRTMIN+3."""
    name = name.upper().removeprefix("SIG")
    if name.isdigit():
        return int(name)
    base, _, more = name.partition("+")
    try:
        return signal.Signals[f"SIG{base}"] + int(more or 0)
    except (KeyError, ValueError):
        return signal.SIGTERM


def lines(init: int) -> list[Seen]:
    """The shells of lines below a container's first process; not what they have forked to run a part of the line."""
    found = []
    for child in children(init):
        if shell.ENDING.encode() in child.words:
            found.append(child)
        else:
            found += lines(child.pid)
    return found


class Telling:
    """Who has been told to end, each once, and who was last seen to wait for another: it ends after that, by itself."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.told: set[Seen] = set()
        self.waiting: dict[Seen, float] = {}

    def line(self, shell_of_line: Seen) -> None:
        """Tell the shell of a line, and what it runs."""
        self.tell(shell_of_line, signal.SIGTERM)
        self.below(shell_of_line)

    def below(self, parent: Seen) -> None:
        """Tell the programs that a shell has started; the last of a pipe end when there is nothing more to read."""
        programs = children(parent.pid)
        for child in programs:
            is_part = child.words == parent.words and bool(children(child.pid))
            if is_part:
                self.below(child)
            if is_part or reads_of(child, programs):
                self.waiting[child] = time.monotonic()
            elif time.monotonic() - self.waiting.get(child, -LAST_WORDS) >= LAST_WORDS:
                self.tell(child, self.wanted)

    def tell(self, process: Seen, number: int) -> None:
        """Send a process a signal, once."""
        if process in self.told:
            return
        self.told.add(process)
        with contextlib.suppress(OSError):
            descriptor = os.pidfd_open(process.pid)
            try:
                if see(process.pid) == process:
                    signal.pidfd_send_signal(descriptor, number)
            finally:
                os.close(descriptor)


def reads_of(process: Seen, others: list[Seen]) -> bool:
    """Whether its standard input is a pipe that one of the others writes to."""
    pipe = end_of(process, 0)
    return pipe.startswith("pipe:") and any(
        pipe in (end_of(other, 1), end_of(other, 2)) for other in others if other.pid != process.pid
    )


def end_of(process: Seen, descriptor: int) -> str:
    try:
        return str(Path(f"/proc/{process.pid}/fd/{descriptor}").readlink())
    except OSError:
        return ""


def children(pid: int) -> list[Seen]:
    """The children of a process (proc_pid_task(5), children)."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [seen for child in text.split() if (seen := see(int(child)))]


def see(pid: int) -> Seen | None:
    """A process that has not ended."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    return Seen(pid, after_name[19], words) if after_name[0] != "Z" else None
