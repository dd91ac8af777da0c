"""What a database has acknowledged is there, whatever happens to its server: the clients' ledgers say so.

LEDGER_ROUNDS=20 does each of it so many times.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from tests.server.cache import Failure
from tests.server.clients import Client, MariaDB, Postgres, Redis
from tests.server.ledger import Ledger
from tests.server.throwaway import Server

pytestmark = pytest.mark.long

ROUNDS = int(os.environ.get("LEDGER_ROUNDS", "1"))
SPEAKS: dict[str, Callable[..., Client]] = {"postgres": Postgres, "mariadb": MariaDB, "redis": Redis}
TABLE = "create table ledger (n int primary key);"
HOG = {
    "postgres": "select length(repeat('x', 300000000));",
    "mariadb": "set max_heap_table_size = 1 << 30; create temporary table hog (a varchar(1000)) engine = memory"
    " as select repeat('x', 1000) as a from seq_1_to_300000;",
    "redis": "".join(f"SETRANGE hog{n} 10000000 x\n" for n in range(40)),
}
"""What takes more memory than there is."""


@pytest.fixture(scope="module")
def ledgers(module_server: Server) -> Iterator[dict[str, Callable[[], Client]]]:
    """How each of the databases is reached from outside, as the user of a link."""
    server = module_server
    found: dict[str, Callable[[], Client]] = {}
    with suppress(Failure):
        server.run(["mooring", "apps:create", "client"])
        for port, (kind, speak) in enumerate(SPEAKS.items(), 15001):
            server.run(["mooring", f"{kind}:create", "ledger"])
            server.run(["mooring", f"{kind}:link", "ledger", "client", "--as", kind.upper()])
            server.run(["mooring", f"{kind}:expose", "ledger", f"{server.address}:{port}"])
            url = json.loads(server.run(["mooring", f"{kind}:links", "ledger", "--json"]).stdout)[0]["url"]
            parts = urlsplit(url)
            found[kind] = connection(speak, server.address, port, parts.username, parts.password)
            if kind != "redis":
                user = f"set role db_ledger; {TABLE}" if kind == "postgres" else TABLE
                server.run(["mooring", f"{kind}:connect", "ledger"], input=user)
        yield found


def connection(speak: Callable[..., Client], *words: object) -> Callable[[], Client]:
    return lambda: speak(*words, "ledger")


def kill(server: Server) -> None:
    """kill -9 of each server's own process, whose parent is the container's init."""
    for kind in SPEAKS:
        main = server.run(["docker", "inspect", f"{kind}_ledger", "--format", "{{.State.Pid}}"]).stdout.strip()
        server.run(["pkill", "-KILL", "-P", main])


def restart_docker(server: Server) -> None:
    server.run(["systemctl", "restart", "docker"])


def cut_power(server: Server) -> None:
    server.power_cut()
    server.boot()


def take_memory(server: Server) -> None:
    """Each comes to the limit of its memory."""
    server.run(["mooring", "redis:connect", "ledger"], input=f"DEL {' '.join(f'hog{n}' for n in range(40))}\n")
    for kind, hog in HOG.items():
        limit = ["--memory=160m", "--memory-swap=160m"]
        server.run(["docker", "update", *limit, f"{kind}_ledger"])
        done = server.run(["mooring", f"{kind}:connect", "ledger"], input=hog, check=False)
        print(kind, done.returncode, done.stderr[-200:])


@pytest.mark.parametrize("harm", [kill, restart_docker, take_memory, cut_power], ids=lambda harm: harm.__name__)
def test_what_was_acknowledged_is_there(
    module_server: Server, ledgers: dict[str, Callable[[], Client]], harm: Callable[[Server], None]
) -> None:
    for _ in range(ROUNDS):
        # Several rounds in a minute would be a crash loop, which slows down, and Docker's is not started again.
        module_server.run(["systemctl", "reset-failed", "mooring-service@*", "docker.service"])
        books = [Ledger(connect).start() for connect in ledgers.values()]
        harm(module_server)
        for each in books:
            each.written(50)
        for each in books:
            each.close()
