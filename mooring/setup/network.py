"""Ranges of addresses that nothing here uses yet."""

import re
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv4Network
from pathlib import Path

from mooring.host.paths import SETTINGS
from mooring.setup.program import heard

DAEMON_JSON = Path("/etc/docker/daemon.json")


def free(candidates: Iterable[str]) -> str:
    """The first of the ranges that overlaps no route, name server, or network of Docker's; "" if none does."""
    return first_free(candidates, in_use())


def in_use() -> str:
    """All that names an address that is in use, as text."""
    routes = heard("ip", "-4", "route", "show", "table", "all").splitlines()
    said = [line for line in routes if not line.startswith("default")]
    # Docker may not run yet; networks of a swarm have no routes.
    if names := heard("docker", "network", "ls", "-q").split():
        subnets = "{{range .IPAM.Config}}{{.Subnet}} {{end}}"
        said.append(heard("docker", "network", "inspect", "-f", subnets, *names))
    for file in (Path("/etc/resolv.conf"), DAEMON_JSON, SETTINGS):
        with suppress(OSError):
            said.append(file.read_text(errors="replace"))
    return "\n".join(said)


def first_free(candidates: Iterable[str], used: str) -> str:
    """The first of the ranges that overlaps no address or range in a text; "" if none does."""
    taken = []
    for text in re.findall(r"(?<![\d.])\d+(?:\.\d+){3}(?:/\d+)?", used):
        with suppress(ValueError):
            taken.append(IPv4Network(text, strict=False))
    # A VPN's 0.0.0.0/1 is a default route by another name.
    taken = [network for network in taken if network.prefixlen > 2]
    free = (each for each in candidates if not any(IPv4Network(each).overlaps(other) for other in taken))
    return next(free, "")
