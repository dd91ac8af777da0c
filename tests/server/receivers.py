"""What apps' lines and events are sent to: a log service and a webhook's receiver at the tests' own machine."""

import contextlib
import http.server
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Certificate:
    """An authority, and what it has signed for one address (PEM files)."""

    authority: Path
    chain: Path
    key: Path


def certificate(address: str, folder: Path) -> Certificate:
    """A new authority and a certificate of it for an IP address, by openssl(1)."""
    made = Certificate(folder / "authority.pem", folder / "cert.pem", folder / "key.pem")
    names = folder / "names"
    names.write_text(f"subjectAltName=IP:{address}\n")
    request, authority_key = folder / "request.pem", folder / "authority-key.pem"
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj"]
    for argv in (
        ["req", "-x509", *new, "/CN=test authority", "-days", "2", "-keyout", authority_key, "-out", made.authority],
        ["req", *new, f"/CN={address}", "-keyout", made.key, "-out", request],
        ["x509", "-req", "-in", request, "-CA", made.authority, "-CAkey", authority_key, "-CAcreateserial",
         "-days", "2", "-extfile", names, "-out", made.chain],
    ):  # fmt: skip
        subprocess.run(["openssl", *map(str, argv)], check=True, capture_output=True)
    return made


class Heard(Generic[T]):
    """What a receiver got, in order, by threads of its own; whoever waits for some of it is woken."""

    def __init__(self) -> None:
        self.items: list[T] = []
        self.news = threading.Condition()

    def add(self, item: T) -> None:
        with self.news:
            self.items.append(item)
            self.news.notify_all()

    def until(self, condition: Callable[[list[T]], Any], timeout: float = 30) -> list[T]:
        """All of it, as soon as the condition holds for it; AssertionError with the last of it if it never does."""
        with self.news:
            assert self.news.wait_for(lambda: condition(self.items), timeout), self.items[-20:]
            return list(self.items)


class LogService:
    """Takes syslog over TCP or TLS (octet counting) or UDP; stopped and started again, it has the same address."""

    def __init__(self, address: str, *, transport: str = "tcp", certificate: Certificate | None = None) -> None:
        self.transport = transport
        self.tls: ssl.SSLContext | None = None
        if certificate:
            self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.tls.load_cert_chain(certificate.chain, certificate.key)
        self.address = (address, 0)
        self.heard: Heard[str] = Heard()
        self.connections: list[socket.socket] = []
        self.start()

    @property
    def url(self) -> str:
        return f"syslog+{self.transport}://{self.address[0]}:{self.address[1]}"

    def start(self) -> None:
        if self.transport == "udp":
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.bind(self.address)
        else:
            self.socket = socket.create_server(self.address)
        self.address = self.socket.getsockname()[:2]
        target = self._take_datagrams if self.transport == "udp" else self._accept
        threading.Thread(target=target, args=(self.socket,), daemon=True).start()

    def stop(self) -> None:
        """End it as a crash would: connections are cut."""
        for each in (self.socket, *self.connections):
            # Whoever waits in accept(2) or read(2) is woken by this, not by close(2).
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self.connections.clear()

    def __enter__(self) -> "LogService":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = listening.accept()[0]
                self.connections.append(connection)
                threading.Thread(target=self._take, args=(connection,), daemon=True).start()

    def _take(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self.connections.append(connection)
            with connection.makefile("rb") as stream:
                while length := b"".join(iter(lambda: stream.read(1).strip(), b"")):
                    message = stream.read(int(length))
                    if len(message) == int(length):
                        self.heard.add(message.decode())

    def _take_datagrams(self, bound: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.heard.add(bound.recv(65536).decode())


@dataclass(frozen=True)
class Request:
    headers: dict[str, str]
    body: bytes
    at: float


class HookReceiver:
    """Takes a webhook's deliveries; `answers` are the statuses of the next ones, then 204."""

    def __init__(self, address: str, *, port: int = 0) -> None:
        self.heard: Heard[Request] = Heard()
        self.answers: list[int] = []
        receiver = self

        class Take(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answers.pop(0) if receiver.answers else 204
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                receiver.heard.add(Request({n.lower(): v for n, v in self.headers.items()}, content, time.monotonic()))

            def log_message(self, *_: object) -> None: ...

        self.server = http.server.ThreadingHTTPServer((address, port), Take)
        self.port = self.server.server_address[1]
        self.url = f"http://{address}:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> "HookReceiver":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
