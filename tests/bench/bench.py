"""What the benchmarks share: a server of their own, waiting until it has nothing to do, and how figures are printed."""

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.server import registry, requirements
from tests.server.installed import installed
from tests.server.network import open_network
from tests.server.throwaway import Server, remove_run
from tests.server.user import User, admin

IDLE = 0.5
"""The load average (one minute's) up to which a figure is one of the server's and not of something else's."""


@contextmanager
def server_for(name: str) -> Iterator[Server]:
    """An installed server, for as long as it is measured."""
    if reason := requirements.why_not():
        sys.exit(f"no throwaway server can boot here: {reason}")
    requirements.install(requirements.SERVER + requirements.MIRROR)
    run = f"b{os.getpid()}"
    network = open_network(run, owner=os.getpid())
    try:
        registry.serve(network)
        yield Server(installed(network), network, name=name, waits_for_disk=True).boot()
    finally:
        remove_run(run)


@contextmanager
def admin_for(name: str) -> Iterator[User]:
    """The administrator of such a server."""
    folder = Path(tempfile.mkdtemp(prefix="mooring-bench-"))
    try:
        with server_for(name) as server:
            yield admin(server, folder)
    finally:
        shutil.rmtree(folder)


def quiet(server: Server, app: str) -> None:
    """Wait until what ran before is gone: it is removed after a push has returned, and not in the time of the next."""
    server.wait_for(["sh", "-c", f'test "$(docker ps -q --filter label=mooring.app={app} | wc -l)" -le 1'])
    server.wait_for(["sh", "-c", "! systemctl list-units --plain --no-legend 'mooring-retire@*' | grep -q activating"])


def calm(seconds: float) -> None:
    """Wait until the machine has little else to do; say so where it has after so many seconds."""
    until = time.monotonic() + seconds
    while (load := os.getloadavg()[0]) > IDLE:
        if time.monotonic() > until:
            print(f"(weak: the load average is {load:.1f})", flush=True)
            return
        time.sleep(1)


def say(line: str) -> None:
    print(line, flush=True)


def compared(found: Mapping[str, Sequence[float]], ours: str, floor: str, unit: str = "s") -> float:
    """Print the medians of each kind of measurement, and the ratio of ours to its floor; return that."""
    medians = {kind: statistics.median(values) for kind, values in found.items()}
    for kind, median in medians.items():
        say(f"{kind:8} median {median:.2f} {unit}")
    ratio = medians[ours] / medians[floor]
    say(f"ratio    {ratio:.2f}")
    return ratio
