"""pebble(1), an authority (ACME) to test against, at the bridge beside the servers, and the DNS that it asks."""

import contextlib
import http.client
import http.server
import ipaddress
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.server.answers import listed
from tests.server.authority import DAY, NOW, Issued, key_of
from tests.server.network import Network
from tests.server.throwaway import Server
from tests.server.user import User


class Pebble:
    """One authority. Its names are looked up in a DNS server of its own, where every name leads to `address`."""

    def __init__(self, network: Network, folder: Path, address: str) -> None:
        self.gateway = network.gateway
        self.folder = folder
        self.address = address
        self.port = free_port(self.gateway)
        self.management = free_port(self.gateway)
        self.dns = free_port(self.gateway)
        self.dns_management = free_port(self.gateway)
        own = with_address(self.gateway)
        self.ca = own.pem.decode()
        (folder / "own.pem").write_bytes(own.pem)
        (folder / "own.key").write_bytes(own.key_pem())
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def directory(self) -> str:
        return f"https://{self.gateway}:{self.port}/dir"

    def start(self, *, lifetime: int = 7776000, customers: Mapping[str, str] | None = None,
              variables: Mapping[str, str] | None = None) -> None:  # fmt: skip
        """`lifetime` is that of what it issues, in seconds; with `customers`, keys by name, it serves only those."""
        config = {
            "pebble": {
                "listenAddress": f"{self.gateway}:{self.port}",
                "managementListenAddress": f"{self.gateway}:{self.management}",
                "certificate": str(self.folder / "own.pem"),
                "privateKey": str(self.folder / "own.key"),
                "httpPort": 80,
                "tlsPort": 443,
                "certificateValidityPeriod": lifetime,
                "externalAccountBindingRequired": bool(customers),
                "externalAccountMACKeys": dict(customers or {}),
            }
        }
        (self.folder / "config.json").write_text(json.dumps(config))
        known = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "5", "PEBBLE_AUTHZREUSE": "0"}
        self._run(["pebble", "-config", str(self.folder / "config.json"), "-dnsserver", f"{self.gateway}:{self.dns}"],
                  {**known, **(variables or {})})  # fmt: skip
        wait_for(self.gateway, self.port)

    def start_dns(self) -> None:
        known = subprocess.run(["pebble-challtestsrv", "-help"], capture_output=True, text=True, check=False).stderr
        others = [flag for flag in ("-http01", "-https01", "-tlsalpn01", "-doh") if f"  {flag} " in known]
        none = [word for flag in others for word in (flag, "")]
        here = ["-dns01", f"{self.gateway}:{self.dns}", "-management", f"{self.gateway}:{self.dns_management}"]
        self._run(["pebble-challtestsrv", *none, *here, "-defaultIPv4", self.address, "-defaultIPv6", ""], {})
        wait_for(self.gateway, self.dns_management)

    def stop(self) -> None:
        """The authority, not its DNS."""
        end(self.processes.pop())

    def root(self) -> bytes:
        """The root of what it issues, another one each time that it starts."""
        blind = ssl.create_default_context()
        blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(self.gateway, self.management, timeout=10, context=blind)
        connection.request("GET", "/roots/0")
        return connection.getresponse().read()

    def _run(self, argv: list[str], variables: Mapping[str, str]) -> None:
        with (self.folder / f"{argv[0]}.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(argv, env={"PATH": "/usr/bin", **variables}, stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=log, start_new_session=True)
            )  # fmt: skip

    def asked(self) -> int:
        """How many orders it has had."""
        return (self.folder / "pebble.log").read_text().count('Added order "')


def record(server: Server, *names: str, address: str = "") -> None:
    """Let names lead to the server, or to another address, for the server itself."""
    line = f"{address or server.address} {' '.join(names)}"
    server.run(["sh", "-c", f"sed -i '/ {names[0]}/d' /etc/hosts; echo '{line}' >> /etc/hosts"])


def row(user: User, name: str) -> dict[str, object]:
    """What `certs` lists of a host name."""
    return next(each for each in listed(user, "certs") if each["names"] == [name])


def with_address(address: str) -> Issued:
    """A self-signed certificate for an address."""
    key = key_of("ec")
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pebble")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW - DAY).not_valid_after(NOW + 90 * DAY)
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return Issued(builder.sign(key, hashes.SHA256()), key)


class Counting(http.server.BaseHTTPRequestHandler):
    """An authority that has counted too many requests: it makes accounts, and refuses every order (RFC 8555, 6.6)."""

    orders = 0
    until = "2099-01-02 03:04:05 UTC"

    def do_GET(self) -> None:
        names = {"newNonce": "nonce", "newAccount": "account", "newOrder": "order", "revokeCert": "x", "keyChange": "x"}
        own = f"https://{self.headers['Host']}"
        self._say(200, {name: f"{own}/{path}" for name, path in names.items()})

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/account":
            self._say(201, {"status": "valid"})
            return
        type(self).orders += 1
        kind = "urn:ietf:params:acme:error:rateLimited"
        why = f"too many certificates (5) already issued, retry after {self.until}: see the documentation"
        self._say(429, {"type": kind, "detail": why, "status": 429})

    def _say(self, status: int, body: dict[str, object]) -> None:
        text = json.dumps(body).encode()
        kind = "application/problem+json" if status >= 400 else "application/json"
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(text)), "Replay-Nonce": f"n{time.time()}",
                            "Location": f"https://{self.headers['Host']}/account/1"}.items():  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def log_message(self, *words: object) -> None:
        pass


@contextlib.contextmanager
def counting(pebble: Pebble) -> Iterator[str]:
    """The directory of an authority that refuses every order, with the certificate of the other one."""
    server = http.server.ThreadingHTTPServer((pebble.gateway, 0), Counting)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pebble.folder / "own.pem", pebble.folder / "own.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://{pebble.gateway}:{server.server_address[1]}/dir"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def hoster(pebble: Pebble) -> Iterator[str]:
    """The address of a hoster, as lego's `httpreq` has it, whose DNS is the one that the authority asks."""

    class Hoster(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            verb = {"/present": "set-txt", "/cleanup": "clear-txt"}[self.path]
            connection = http.client.HTTPConnection(pebble.gateway, pebble.dns_management, timeout=10)
            connection.request("POST", f"/{verb}", json.dumps({"host": told["fqdn"], "value": told["value"]}))
            self.send_response(connection.getresponse().status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer((pebble.gateway, 0), Hoster)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{pebble.gateway}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def running(network: Network, folder: Path, address: str) -> Iterator[Pebble]:
    """An authority that finds the server at `address` under every name."""
    pebble = Pebble(network, folder, address)
    try:
        pebble.start_dns()
        pebble.start()
        yield pebble
    finally:
        for process in pebble.processes:
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(timeout=20)


def free_port(address: str) -> int:
    with socket.socket() as free:
        free.bind((address, 0))
        return int(free.getsockname()[1])


def wait_for(address: str, port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection((address, port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens at {address}:{port}")
