"""What the benchmarks share: a server of their own, and waiting until it has nothing to do."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.server import registry, requirements
from tests.server.installed import installed
from tests.server.network import open_network
from tests.server.throwaway import Server, remove_run


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
        yield Server(installed(network), network, name=name).boot()
    finally:
        remove_run(run)


def quiet(server: Server, app: str) -> None:
    """Wait until what ran before is gone: it is removed after a push has returned, and not in the time of the next."""
    server.wait_for(["sh", "-c", f'test "$(docker ps -q --filter label=mooring.app={app} | wc -l)" -le 1'])
    server.wait_for(["sh", "-c", "! systemctl list-units --plain --no-legend 'mooring-retire@*' | grep -q activating"])
