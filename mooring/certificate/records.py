"""Whether an authority that is given a host name finds this server: looked at before it is asked."""

import http.client
import ipaddress
import secrets
import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from mooring.host import paths

PATH = "/.well-known/acme-challenge/"
PATIENCE = 5.0


def problem(domain: str, known: Collection[str] = ()) -> str:
    """Why this server is not found, and what is to be done; empty where it is.

    `known` are addresses of this server that it does not know of itself, as behind a router.
    """
    try:
        found = addresses(domain)
    except socket.gaierror as error:
        if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)):
            return f"{domain} has no record: make one of kind A, {wanted(4, known)}"
        return f"the records of {domain} cannot be looked up: {error.strerror}"
    with token() as (name, text):
        for address in found:
            answer = ask(domain, address, f"{PATH}{name}")
            if answer == text or (answer is None and address in known):
                continue
            if is_here(address) or address in known:
                return f"nginx does not answer for {domain} at {address}: `mooring nginx:show` shows what it does"
            version = ipaddress.ip_address(address).version
            kind, other = ("A", "") if version == 4 else ("AAAA", ", or remove it")
            return f"{domain} leads to {address}, not here: its {kind} record should be {wanted(version, known)}{other}"
    return ""


def addresses(domain: str) -> list[str]:
    """Where a host name leads; raise socket.gaierror where it leads nowhere."""
    found = socket.getaddrinfo(domain, 80, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@contextmanager
def token() -> Iterator[tuple[str, str]]:
    """A challenge of our own, as an authority would have it answered: its name, and what it says."""
    name, text = f"mooring-{secrets.token_hex(16)}", secrets.token_hex(16)
    folder = paths.CHALLENGES / PATH.strip("/")
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    file = folder / name
    file.write_text(text)
    file.chmod(0o644)
    try:
        yield name, text
    finally:
        file.unlink(missing_ok=True)


def ask(domain: str, address: str, path: str) -> str | None:
    """What is answered for a host name at an address; None where nobody answers."""
    connection = http.client.HTTPConnection(address, 80, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Host": domain, "Connection": "close"})
        return connection.getresponse().read(256).decode(errors="replace")
    except http.client.HTTPException:
        return ""
    except OSError:
        return None
    finally:
        connection.close()


def is_here(address: str) -> bool:
    """Whether this server has the address."""
    family = socket.AF_INET if ipaddress.ip_address(address).version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def wanted(version: int, known: Collection[str]) -> str:
    """The address that a record should have, as far as it can be told."""
    told = [each for each in known if ipaddress.ip_address(each).version == version]
    family, far = (socket.AF_INET, "192.0.2.1") if version == 4 else (socket.AF_INET6, "2001:db8::1")
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))
            own = str(probe.getsockname()[0])
    except OSError:
        own = ""
    found = [*told, *([own] if own and (ipaddress.ip_address(own).is_global or not told) else [])]
    return found[0] if found else "this server's address"
