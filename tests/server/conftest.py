"""The servers that tests ask for, and what is shown of them when a test fails.

server        the session's shared server: installed, upgraded to this checkout, running
admin         its administrator (`User`); `newcomer(name)` is a person whose key the server does not know
own_server    a server of the test's own, to reboot, cut off, break; `make_server(**options)` makes more
bare_server   `bare_server("bookworm")`: a server with nothing of ours
admin_of      `admin_of(server)`: the administrator of any of these
"""

import os
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import cache, registry, requirements, rootfs
from tests.server.diagnostics import diagnostics
from tests.server.installed import installed
from tests.server.network import Network, existing_network, open_network
from tests.server.rootfs import Tree
from tests.server.throwaway import Server, remove_run, sweep
from tests.server.user import User, new_key
from tests.server.user import admin as administrator

living: list[Server] = []


def pytest_configure(config: pytest.Config) -> None:
    def past_capture(line: str) -> None:
        capture = config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            print(f"\n{line}" if line.startswith("-") else line, flush=True)

    cache.say[0] = past_capture


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First the files that want a bare server, since an installed one may have to be made meanwhile; then the long."""
    bare = {item.path for item in items if "bare_server" in getattr(item, "fixturenames", ())}
    long = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: (item.path not in bare, item.path not in long))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for server in living:
            for title, text in diagnostics(server).items():
                report.sections.append((f"{server.name}: {title}", text))
    return report


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    """The bridge of this run, with the registry at it."""
    reason = requirements.why_not() or requirements.why_no_network()
    if reason:
        pytest.fail(f"no throwaway server can boot here: {reason}", pytrace=False)
    sweep()
    given = existing_network(os.environ.get("MOORING_TEST_RUN", "none"))
    network = given or open_network(str(os.getpid()), owner=os.getpid())
    try:
        registry.serve(network)
        yield network
    finally:
        # tests/run removes what it has opened, also where pytest does not get this far.
        if not given:
            remove_run(network.run)


@pytest.fixture(scope="session")
def installed_tree(network: Network) -> Tree:
    return installed(network)


@pytest.fixture(scope="session")
def server(network: Network, installed_tree: Tree) -> Iterator[Server]:
    yield from _serving(installed_tree, network, f"{_worker}shared")


@pytest.fixture
def own_server(make_server: Callable[..., Server]) -> Server:
    return make_server()


@pytest.fixture
def make_server(network: Network, installed_tree: Tree) -> Iterator[Callable[..., Server]]:
    """`make_server(hostname=…, small_docker_root="500M", boot=True)`: an installed server for this test."""
    yield from _factory(network, lambda: installed_tree)


@pytest.fixture(scope="module")
def module_server(network: Network, installed_tree: Tree, request: pytest.FixtureRequest) -> Iterator[Server]:
    """One installed server for the tests of a module that leave it usable for each other.

    A module with WAITS_FOR_DISK measures what would be faster than on anybody's server otherwise.
    """
    waits = getattr(request.module, "WAITS_FOR_DISK", False)
    yield from _serving(installed_tree, network, _next_name(network), waits_for_disk=waits)


@pytest.fixture
def bare_server(network: Network) -> Iterator[Callable[..., Server]]:
    """`bare_server(suite, …)`: a server of the suite with nothing of ours on it, for this test only."""
    yield from _factory(network, rootfs.bare)


@pytest.fixture(scope="session")
def connection(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path | None]:
    """A connection of the administrator's to the shared server, which nobody switches off."""
    user = administrator(server, tmp_path_factory.mktemp("connection"))
    with user.connected():
        yield user.connection


@pytest.fixture
def admin(server: Server, connection: Path | None, tmp_path: Path) -> User:
    """Whose commands go over one connection: a handshake for each is a third of what most of them cost."""
    user = administrator(server, tmp_path)
    user.connection = connection
    return user


@pytest.fixture
def admin_of(tmp_path: Path) -> Callable[[Server], User]:
    return lambda server: administrator(server, tmp_path / server.name)


@pytest.fixture
def newcomer(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., User]:
    """`newcomer("ada")`, `newcomer("ada", own_server)`: a person with a key that no one has allowed yet."""

    def make(name: str, at: Server | None = None) -> User:
        server = at or request.getfixturevalue("server")
        return User(new_key(tmp_path, name), server, tmp_path / f"{name}-repositories")

    return make


@pytest.fixture
def app_name(request: pytest.FixtureRequest) -> str:
    """A name for an app that no other test on the shared server uses."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))
    return f"{words[:20].strip('-')}-{cache.key(request.node.nodeid)[:6]}"


def _factory(network: Network, tree: Callable[..., Tree]) -> Iterator[Callable[..., Server]]:
    mine: list[Server] = []

    def make(*which: str, boot: bool = True, **options: Any) -> Server:
        server = Server(tree(*which), network, name=_next_name(network), **options)
        mine.append(server)
        living.append(server)
        return server.boot() if boot else server

    yield make
    for server in mine:
        living.remove(server)
        server.destroy()


def _serving(tree: Tree, network: Network, name: str, **options: Any) -> Iterator[Server]:
    server = Server(tree, network, name=name, **options)
    living.append(server)
    try:
        yield server.boot()
    finally:
        living.remove(server)
        server.destroy()


_numbers = iter(range(1, 1000))
_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
"""Which of the processes that run tests side by side this is: its servers have names of their own."""


def _next_name(network: Network) -> str:
    return f"{_worker}s{next(_numbers)}"
