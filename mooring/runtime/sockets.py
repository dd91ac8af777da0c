"""What the processes of a container listen on: /proc/PID/net/tcp (proc_pid_net(5)) of its network."""

import ipaddress
import socket
from pathlib import Path
from typing import NamedTuple

LISTENS = "0A"
"""The state of a socket that takes connections (include/net/tcp_states.h)."""

ESTABLISHED = "01"


class Socket(NamedTuple):
    """A TCP socket that takes connections, and whether any but the container itself can reach it."""

    port: int
    reachable: bool


def connected(pid: int, port: int) -> int:
    """How many connections there are to a port, in the network of a process."""
    count = 0
    for family in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{pid}/net/{family}").read_text().splitlines()[1:]
        except OSError:
            continue
        count += sum(f[1].endswith(f":{port:04X}") and f[3] == ESTABLISHED for f in map(str.split, lines))
    return count


def listening(pid: int) -> list[Socket]:
    """What is listened on in the network of a process, by port; nothing where it has ended."""
    found = set()
    for family in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{pid}/net/{family}").read_text().splitlines()[1:]
        except OSError:
            continue
        found |= {parse(fields[1]) for line in lines if (fields := line.split())[3] == LISTENS}
    return sorted(found)


def parse(local: str) -> Socket:
    """A local address as the kernel writes it: 32-bit words in its own byte order, a colon, the port."""
    address, _, port = local.partition(":")
    words = [address[at : at + 8] for at in range(0, len(address), 8)]
    raw = b"".join(socket.htonl(int(word, 16)).to_bytes(4, "big") for word in words)
    ip = ipaddress.ip_address(raw)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return Socket(int(port, 16), not (mapped or ip).is_loopback)
