"""A push until it is live, over ssh, against a floor in turn: what tests/bench/push prints.

The floor is a bare repository on the same server whose hook (`floor-hook`) does the least that could work. Both get the
same app and the same one-line changes.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from tests.bench.bench import quiet
from tests.server.cache import CHECKOUT, Failure
from tests.server.throwaway import Server
from tests.server.user import Repo, User

APP = "bench"
FLOOR = "/srv/floor/repo.git"


class Push(NamedTuple):
    """When a push began and ended at the client (seconds since the epoch: the server's clock is this machine's)."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def prepare(user: User) -> Repo:
    """The repository that is pushed, and the bare one with its hook, reached as root with the admin's key."""
    server = user.server
    server.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", FLOOR])
    server.put(f"{FLOOR}/hooks/post-receive", (CHECKOUT / "tests/bench/floor-hook").read_text(), mode=0o755)
    server.run(["tee", "-a", "/root/.ssh/authorized_keys"], input=user.public_key)
    repo = user.repo_of(CHECKOUT / "examples/hello")
    # The first of each fills the caches.
    for target in targets(server).values():
        push(repo, target)
        quiet(server, APP)
    return repo


def targets(server: Server) -> dict[str, str]:
    return {"floor": f"root@{server.address}:{FLOOR}", "mooring": f"mooring@{server.address}:{APP}"}


def push(repo: Repo, target: str) -> Push:
    began = time.time()
    pushed = repo.push_to(target)
    if not pushed.ok:
        raise Failure(f"git push {target} failed:\n{pushed.output}")
    return Push(began, began + pushed.seconds)


def compare(repo: Repo, changes: int, say: Callable[[str], None] = lambda _: None) -> dict[str, list[Push]]:
    """So many changes pushed to each."""
    server = repo.user.server
    pushes: dict[str, list[Push]] = {name: [] for name in targets(server)}
    for number in range(1, changes + 1):
        repo.commit({"hello.pl": (repo.folder / "hello.pl").read_text() + f"# change {number}\n"})
        for name, target in targets(server).items():
            pushes[name].append(push(repo, target))
            say(f"{name:8} {number:3}  {pushes[name][-1].seconds:.2f} s")
            quiet(server, APP)
    return pushes
