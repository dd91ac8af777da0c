"""Where a service is reached from outside of the apps that link it: an address and a port of this server."""

import ipaddress
import re
import socket
from typing import NamedTuple

from mooring.host.names import ServiceName
from mooring.host.refusal import die

PLACE = re.compile(r"(?:(?P<address>[0-9.]+|\[[0-9a-fA-F:.]+\]):)?(?P<port>[0-9]{1,5})")
LOOPBACK = "127.0.0.1"


class Place(NamedTuple):
    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def unit(name: ServiceName) -> str:
    return f"mooring-expose@{name}.service"


def parse(word: str) -> Place:
    """`5432`, on loopback, or `192.0.2.1:5432`, `[::]:5432`; raise Refusal for anything else."""
    found = PLACE.fullmatch(word)
    address = (found["address"] or LOOPBACK).strip("[]") if found else ""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        address = ""
    if not found or not address or not 0 < int(found["port"]) < 65536:
        die(f"{word[:60]!r} is no place to listen at", "PORT on loopback, or ADDRESS:PORT, e.g. 192.0.2.1:5432")
    return Place(address, int(found["port"]))


def listen(place: Place) -> socket.socket:
    """A socket that listens there, also where the address comes only later; raise OSError where it cannot."""
    listener = socket.socket(socket.AF_INET6 if ":" in place.address else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IP, 15, 1)  # IP_FREEBIND (ip(7)), which the module socket does not name
    listener.bind(tuple(place))
    listener.listen(128)
    return listener


def refuse_taken(place: Place) -> None:
    """Raise Refusal where something listens there already."""
    try:
        listen(place).close()
    except OSError as error:
        die(f"nothing can listen at {place}: {error.strerror}", "choose another port, e.g. 15432")
