"""A connection to a log service, which tells what the far end has acknowledged.

Syslog has no answers; TCP's own are all there is: what the far end's kernel has taken is told by tcp(7).
"""

import fcntl
import socket
import struct
import termios
from typing import TYPE_CHECKING

from mooring.telling import syslog
from mooring.telling.syslog import Address

if TYPE_CHECKING:
    import ssl

TIMEOUT = 20
"""Seconds for connecting, and for the far end to take what was sent."""
BYTES_ACKED = 120
"""Where tcpi_bytes_acked is in struct tcp_info (linux/tcp.h)."""


class Stream:
    """Messages over TCP, or over TLS with the service's certificate checked. Raises OSError like a socket does."""

    def __init__(self, address: Address, tls: "ssl.SSLContext | None") -> None:
        plain = socket.create_connection((address.host, address.port), timeout=TIMEOUT)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TIMEOUT * 1000)
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
            self.connection = tls.wrap_socket(plain, server_hostname=address.host) if tls else plain
        except BaseException:
            plain.close()
            raise

    def fileno(self) -> int:
        return self.connection.fileno()

    def send(self, messages: list[bytes]) -> int:
        """Send messages; return the mark that `acknowledged` takes."""
        self.connection.sendall(b"".join(map(syslog.framed, messages)))
        # In this order: what is acknowledged in between makes the mark too high, never too low.
        return self._unacknowledged() + self._acknowledged()

    def acknowledged(self, mark: int) -> bool:
        """Whether the far end has everything that was sent up to the mark."""
        return self._acknowledged() >= mark or not self._unacknowledged()

    def check(self) -> None:
        """Raise OSError if the connection is over. What a service says is not syslog's, and is passed over."""
        self.connection.settimeout(0)
        try:
            while self.connection.recv(4096):
                pass
        except OSError as error:
            if not isinstance(error, BlockingIOError) and type(error).__name__ != "SSLWantReadError":
                raise
        else:
            raise ConnectionError("the service closed the connection")
        finally:
            self.connection.settimeout(TIMEOUT)

    def close(self) -> None:
        self.connection.close()

    def _unacknowledged(self) -> int:
        return int(struct.unpack("i", fcntl.ioctl(self.connection, termios.TIOCOUTQ, b"\0" * 4))[0])

    def _acknowledged(self) -> int:
        info = self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, BYTES_ACKED + 8)
        return int(struct.unpack_from("Q", info, BYTES_ACKED)[0])


class Datagrams:
    """Messages over UDP: nobody tells whether they arrive, only, at best, that nobody listens there."""

    def __init__(self, address: Address) -> None:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)[0]
        self.connection = socket.socket(found[0], socket.SOCK_DGRAM)
        self.connection.settimeout(TIMEOUT)
        self.connection.connect(found[4])

    def fileno(self) -> int:
        return self.connection.fileno()

    def send(self, messages: list[bytes]) -> int:
        for message in messages:
            self.connection.send(syslog.datagram(message))
        return 0

    def acknowledged(self, _mark: int) -> bool:
        return True

    def check(self) -> None:
        """Raise OSError if the far end has refused a datagram."""
        if error := self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, "nobody listens there")

    def close(self) -> None:
        self.connection.close()


Wire = Stream | Datagrams


def connect(address: Address, authorities: str) -> Wire:
    """Connect to a service; raise OSError if that does not work.

    Its certificate is checked against `authorities` (PEM), or the system's where that is empty (RFC 5425, 5).
    """
    if address.transport == "udp":
        return Datagrams(address)
    if address.transport == "tcp":
        return Stream(address, None)
    import ssl

    tls = ssl.create_default_context(cadata=authorities or None)
    if authorities:
        # An operator's own authority is trusted as it is: few that people make have every extension of RFC 5280.
        tls.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
    return Stream(address, tls)
