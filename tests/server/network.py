"""The bridge that the servers of one run are plugged into, with its subnet and its way out."""

import contextlib
import ipaddress
import json
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from tests.server.cache import CACHE, Failure, call, lock

SETTINGS = {"net.ipv4.ip_forward": 1, "fs.inotify.max_user_instances": 1024}
"""What sysctl(8) of this machine has to say at least: servers use its way out, and each some ten of its watchers."""
SMALLER = {"net.netfilter.nf_conntrack_buckets": 16384}
"""And at most: Docker looks through the table of connections for each container that ends, and it is this machine's,
which has many times the memory of a small server."""


@dataclass(frozen=True)
class Network:
    """One run's bridge. `run` is at most 11 characters, and every name on this machine carries it."""

    run: str
    subnet: ipaddress.IPv4Network

    @property
    def folder(self) -> Path:
        return CACHE / "runs" / self.run

    @property
    def bridge(self) -> str:
        return f"mb{self.run}"

    @property
    def gateway(self) -> str:
        return str(self.subnet[1])

    def rules(self) -> list[list[str]]:
        """The packet filter's rules, as `table chain rule…`; each is named, so that it can be found again."""
        note = ["-m", "comment", "--comment", f"mooring-tests-{self.run}"]
        out = ["-s", str(self.subnet), "!", "-d", str(self.subnet)]
        return [
            ["nat", "POSTROUTING", *out, *note, "-j", "MASQUERADE"],
            ["filter", "INPUT", "-i", self.bridge, *note, "-j", "ACCEPT"],
            ["filter", "FORWARD", "-i", self.bridge, *note, "-j", "ACCEPT"],
            ["filter", "FORWARD", "-o", self.bridge, *note, "-j", "ACCEPT"],
        ]

    def address(self) -> str:
        """An address that no other server of this run has."""
        with lock(f"address-{self.run}"):
            counter = self.folder / "addresses"
            number = int(counter.read_text()) + 1 if counter.exists() else 10
            counter.write_text(str(number))
        return str(self.subnet[number])


def open_network(run: str, *, owner: int | None) -> Network:
    """Make the bridge for this run.

    `owner` is the process that will call `close_network`, or None where the servers stay after it. What a
    dead owner has left is removed by the next run's `sweep`.
    """
    with lock("network"):
        network = Network(run, free_subnet(run))
        network.folder.mkdir(parents=True)
        (network.folder / "run.json").write_text(
            json.dumps({"subnet": str(network.subnet), "owner": owner, "started": started(owner)})
        )
        call("ip", "link", "add", network.bridge, "type", "bridge")
        call("ip", "addr", "add", f"{network.gateway}/24", "dev", network.bridge)
        call("ip", "link", "set", network.bridge, "up")
        for table, chain, *rule in network.rules():
            call("iptables", "-w", "-t", table, "-I", chain, *rule)
        for name, least in SETTINGS.items():
            if int(setting(name).read_text()) < least:
                before(name).write_text(setting(name).read_text())
                setting(name).write_text(str(least))
        for name, most in SMALLER.items():
            # The table is the kernel's that boots: where that is not ours to set, it stays.
            with contextlib.suppress(OSError):
                if int(setting(name).read_text()) > most:
                    before(name).write_text(setting(name).read_text())
                    setting(name).write_text(str(most))
    return network


def setting(name: str) -> Path:
    return Path("/proc/sys") / name.replace(".", "/")


def before(name: str) -> Path:
    """Where the setting is kept that this machine had of itself."""
    return CACHE / f"{name}.before"


def existing_network(run: str) -> Network | None:
    record = CACHE / "runs" / run / "run.json"
    if not record.exists():
        return None
    return Network(run, ipaddress.IPv4Network(json.loads(record.read_text())["subnet"]))


def close_network(network: Network) -> None:
    """Take away bridge, rules and folder. Its servers are gone by now."""
    with lock("network"):
        for table, chain, *rule in network.rules():
            while True:
                try:
                    call("iptables", "-w", "-t", table, "-D", chain, *rule)
                except Failure:
                    break
        if Path(f"/sys/class/net/{network.bridge}").exists():
            call("ip", "link", "del", network.bridge)
        # Of a server that is gone another rm may be at work.
        call("rm", "-rf", "--", network.folder)
        for lock_file in CACHE.glob(f"*-{network.run}.lock"):
            lock_file.unlink()
        for name in (*SETTINGS, *SMALLER):
            if before(name).exists() and not any((CACHE / "runs").iterdir()):
                setting(name).write_text(before(name).read_text())
                before(name).unlink()


def runs() -> list[str]:
    folder = CACHE / "runs"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def abandoned(run: str) -> bool:
    """Whether the process that should have cleaned this run up is gone."""
    try:
        record = json.loads((CACHE / "runs" / run / "run.json").read_text())
    except FileNotFoundError:
        return False
    return record["owner"] is not None and record["started"] != started(record["owner"])


def started(pid: int | None) -> str:
    """When a process was started, in the kernel's ticks, or "gone": with its id, one of its kind."""
    if pid is None:
        return ""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "gone"
    return "gone" if state in "ZX" else rest[18]


def free_subnet(run: str) -> ipaddress.IPv4Network:
    """A /24 between 10.100 and 10.199 that no interface, route or other run here overlaps."""
    taken = []
    for line in call("ip", "-4", "route", "show", "table", "all").splitlines():
        for word in line.split():
            if word[0].isdigit() and "." in word:
                taken.append(ipaddress.IPv4Network(word, strict=False))
    begin = zlib.crc32(f"{run} {os.getpid()}".encode())
    for attempt in range(25600):
        number = (begin + attempt) % 25600
        subnet = ipaddress.IPv4Network(f"10.{100 + number // 256}.{number % 256}.0/24")
        if not any(subnet.overlaps(other) for other in taken if other.prefixlen):
            return subnet
    raise Failure("no free subnet in 10.100.0.0 to 10.199.255.255")
