"""Many apps on one server: made, answering, counted in memory."""

import http.client
import re
import time
from collections import defaultdict
from collections.abc import Sequence

from tests.bench.bench import say
from tests.server.throwaway import Server

SAMPLE = "hello"
"""The app that install.sh deploys: what is cloned."""
PAUSE = 0.1
KINDS = {
    "waiter": r"units/app/wait\.py ",
    "shim": r"containerd-shim",
    "init of the container": r"^/sbin/docker-init",
    "app": r"hello\.pl",
    "dockerd": r"^/usr/s?bin/dockerd",
    "containerd": r"^/usr/s?bin/containerd ",
    "journald": r"systemd-journald",
    "nginx": r"^nginx: ",
}
"""Of what is counted, its processes by their command line."""
MEMORY = """
import pathlib, re, sys
for process in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        words = " ".join((process / "cmdline").read_bytes().decode(errors="replace").replace("\\0", " ").split())
        share = re.search(r"^Pss: +([0-9]+)", (process / "smaps_rollup").read_text(), re.M)
        own = re.search(r"^Private_Dirty: +([0-9]+)", (process / "smaps_rollup").read_text(), re.M)
    except OSError:
        continue
    if words and share and own:
        print(share[1], own[1], words)
"""


def names(count: int) -> list[str]:
    return [f"many-{number}" for number in range(1, count + 1)]


def make(server: Server, count: int) -> None:
    """Clone the sample so often, two at a time."""
    began = time.monotonic()
    clone = ["xargs", "-P", "2", "-n", "1", "mooring", "apps:clone", SAMPLE]
    server.run(clone, input="\n".join(names(count)), timeout=60 + 10 * count)
    say(f"{count} apps cloned in {time.monotonic() - began:.0f} s")


def records(server: Server, count: int) -> None:
    """As many more apps that are not deployed, each with the records of one that was."""
    make_them = f"seq -f crowd-%g {count} | xargs -P 2 -n 1 mooring apps:create"
    server.run(["sh", "-c", make_them], timeout=60 + 2 * count)
    copy = f"cp -a /var/lib/mooring/apps/{SAMPLE}/releases $0/ && rm -f $0/releases/*/nginx.conf"
    each = f"{copy} && ln -s releases/1 $0/live"
    crowd = "printf '%s\\n' /var/lib/mooring/apps/crowd-*"
    server.run(["sh", "-c", f"{crowd} | xargs -I @ sh -c '{each}' @"], timeout=300)


def forget_records(server: Server) -> None:
    """Leave of those what their app had when it was made: they have no image."""
    crowd = "printf '%s\\n' /var/lib/mooring/apps/crowd-*"
    server.run(["sh", "-c", f"{crowd} | xargs -I @ sh -c 'rm -r $0/live $0/releases/*' @"], timeout=300)


def all_answer(server: Server, port: int, hosts: Sequence[str], timeout: float) -> None:
    """Return when each of the hosts has answered with 200, asked one after the other."""
    until = time.monotonic() + timeout
    for host in hosts:
        while not answers(server, port, host):
            if time.monotonic() > until:
                raise AssertionError(f"{host} does not answer")
            time.sleep(PAUSE)


def answers(server: Server, port: int, host: str) -> bool:
    connection = http.client.HTTPConnection(server.address, port, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": host})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def memory(server: Server) -> dict[str, tuple[int, float, float]]:
    """Of each kind: how many processes, their proportional share of memory (PSS) and what is theirs alone, in MB.

    What no kind names is "all else".
    """
    found: dict[str, tuple[int, float, float]] = defaultdict(lambda: (0, 0.0, 0.0))
    for line in server.run(["python3", "-c", MEMORY]).stdout.splitlines():
        share, own, words = line.split(" ", 2)
        kind = next((kind for kind, pattern in KINDS.items() if re.search(pattern, words)), "all else")
        count, shares, owns = found[kind]
        found[kind] = (count + 1, shares + int(share) / 1024, owns + int(own) / 1024)
    return dict(found)
