"""What ends a command from outside: Ctrl-C, a connection that is lost, `kill`."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

ENDS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def listen() -> None:
    """Let each of them raise KeyboardInterrupt in whatever the command does, the first time."""
    for end in ENDS:
        signal.signal(end, interrupt)


def interrupt(*_: Any) -> NoReturn:
    """Raise KeyboardInterrupt; what cleans up then is not interrupted.

    A lost terminal sends more than one signal: the kernel's, and what sudo passes on (signal(7), sudo(8)).
    """
    ignore()
    raise KeyboardInterrupt


def ignore() -> None:
    """Let what the command does from now on go on when the person who asked for it goes away."""
    for end in ENDS:
        signal.signal(end, signal.SIG_IGN)


@contextmanager
def deferred() -> Iterator[None]:
    """Do the whole of what is inside; what would have ended it ends it afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
