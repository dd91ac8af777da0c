"""Syslog, as log services take it: messages (RFC 5424), and the address of a service."""

import datetime
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from mooring.host.address import is_host
from mooring.host.refusal import die

USER = 1
"""The facility of what user processes say (RFC 5424, 6.2.1)."""
INFORMATIONAL = 6
DATAGRAM = 8192
"""Bytes of a message that go into one datagram; what is longer is cut (RFC 5426, 3.2)."""
PORTS = {"syslog+tls": 6514, "syslog+tcp": 514, "syslog+udp": 514}
EXAMPLE = "e.g. syslog+tls://logs.example.com:6514; also syslog+tcp:// and syslog+udp://"
HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]+")
ELEMENT = re.compile(
    r'[!#-<>-\\^-~]{1,32}(?: [!#-<>-\\^-~]{1,32}="(?:[^"\\\]\x00-\x1f\x7f]|\\["\\\]])*")*',
)
"""One element of structured data, without its brackets (RFC 5424, 6.3)."""


class Address(NamedTuple):
    """Where a drain goes: `transport` is tls, tcp or udp."""

    transport: str
    host: str
    port: int


def parse(url: str) -> Address:
    """Read the URL of a drain; raise Refusal for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        die(f"{url[:80]!r} is no address of a log service", EXAMPLE)
    # urlsplit takes line breaks out without a word.
    if parts.scheme not in PORTS or not url.isprintable():
        die(f"{url[:80]!r} is no address of a log service: a drain speaks syslog", EXAMPLE)
    if parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        die("a drain's URL is a host and a port, nothing else", f"{EXAMPLE}; a service's token goes into --data")
    if not HOST.fullmatch(parts.hostname or "") or not is_host(parts.hostname or "") or port == 0:
        die(f"{url[:80]!r} names no host and port", EXAMPLE)
    return Address(parts.scheme.removeprefix("syslog+"), parts.hostname or "", port or PORTS[parts.scheme])


def check_element(text: str) -> str:
    """Return `text` if it is one element of structured data, brackets or not; raise Refusal otherwise."""
    element = text.removeprefix("[").removesuffix("]")
    if len(element) > 1000 or not ELEMENT.fullmatch(element):
        die("that is no structured data of syslog", """e.g. --data 'TOKEN@41058 tag="my-app"'""")
    return element


def message(
    line: bytes, *, microseconds: int, host: str, app: str, process: str, release: str, severity: int, element: str
) -> bytes:
    """One message (RFC 5424, 6): the line as the process printed it, in the encoding that it chose.

    `microseconds` is when the journal took it, since the epoch; `element` is structured data or empty.
    """
    second, rest = divmod(microseconds, 1_000_000)
    when = datetime.datetime.fromtimestamp(second, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    data = f"[{element}]" if element else "-"
    head = f"<{USER * 8 + severity}>1 {when}.{rest:06}Z {host} {app} {process} {release} {data} "
    return head.encode() + line


def framed(content: bytes) -> bytes:
    """The message in a stream: its length before it, so that a line may hold anything (RFC 6587, 3.4.1; RFC 5425)."""
    return b"%d %s" % (len(content), content)


def datagram(content: bytes) -> bytes:
    """The message in a datagram, cut between two characters where it is too long (RFC 5426)."""
    if len(content) <= DATAGRAM:
        return content
    end = DATAGRAM
    while end > DATAGRAM - 4 and content[end] & 0xC0 == 0x80:
        end -= 1
    return content[:end]
