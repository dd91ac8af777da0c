"""Services that are elsewhere: all that is known of one are its links, each with the URL that a person gave."""

import contextlib
import re
from collections.abc import Iterator
from typing import NoReturn
from urllib.parse import quote, unquote

from mooring.app import link
from mooring.app.link import Link
from mooring.host import names, paths
from mooring.host.names import ServiceName
from mooring.host.refusal import die
from mooring.service import services
from mooring.service.kind import Kind, filled

PLAIN = r"A-Za-z0-9._~!$&'()*+,;=\-"
HEX = r"%[0-9A-Fa-f]{2}"
HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
URL = re.compile(
    rf"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:(?P<user>(?:[{PLAIN}]|{HEX})*)(?::(?P<password>(?:[{PLAIN}:]|{HEX})*))?@)?"
    rf"(?P<hosts>{HOST}(?:,{HOST})*)(?:/(?P<path>(?:[{PLAIN}:/]|{HEX})*))?(?:\?(?P<query>(?:[{PLAIN}:/?@]|{HEX})*))?"
)
"""RFC 3986; with more than one host, as some servers have it."""
BAD = re.compile(rf"(?:[{PLAIN}:]|{HEX})*")


def parse(kind: Kind, url: str) -> dict[str, str]:
    """What is in a URL: user, password, host, port, database; raise Refusal for what is none of this kind.

    Nothing of it is told: it has a password.
    """
    example = filled(
        kind.link.url,
        {"user": "USER", "password": "PASSWORD", "host": "HOST", "port": kind.port, "database": "DATABASE"},
    )
    scheme, colon, rest = url.partition("://")
    usual = {example.partition("://")[0], *kind.link.schemes}
    if not colon or not any(re.fullmatch(rf"{re.escape(each)}(s|\+[a-z0-9]+)?", scheme) for each in usual):
        die(f"that is no URL of a {kind.name}", example)
    found = URL.fullmatch(url)
    # Without a user, what looks like a host may be one, and the rest a password.
    if found is None or (found["user"] is None and "@" in rest):
        refuse_unencoded(rest.rpartition("@")[0], example)
    host, _, port = found["hosts"].partition(",")[0].rpartition(":")
    if not port.isdigit() or (host.startswith("[") and not host.endswith("]")):
        host, port = found["hosts"].partition(",")[0], str(kind.port)
    if not 0 < int(port) < 65536:
        die(f"{port} is no port", example)
    return {
        "user": unquote(found["user"] or ""),
        "password": unquote(found["password"] or ""),
        "host": host.strip("[]"),
        "port": port,
        "database": unquote(found["path"] or ""),
    }


def refuse_unencoded(user_and_password: str, example: str) -> NoReturn:
    """Say which letters of a password have to be encoded, and how."""
    bad: list[str] = []
    left = user_and_password
    while left := left[len(good[0]) if (good := BAD.match(left)) else 0 :]:
        bad += [left[0]] if left[0] not in bad else []
        left = left[1:]
    if not bad:
        die("that is no whole URL", f"{example}; what is special in a password is encoded: %40 for @")
    shown = [each if each.isprintable() and not each.isspace() else repr(each) for each in bad]
    encoded = ", ".join(f"{quote(each, safe='')} for {name}" for each, name in zip(bad, shown, strict=True))
    die(f"the user or password in that URL has {' '.join(shown)}, which is not encoded", f"write {encoded}")


def link_of(kind: Kind, name: ServiceName, app: str, url: str) -> Link:
    """The record of a link to what a URL says; raise Refusal for one that is none."""
    known = parse(kind, url)
    parts = {
        key: url if value == kind.link.url else kind.words((value,), **known)[0]
        for key, value in kind.link.config.items()
    }
    return Link(app, name, "", known["user"], "", known["database"], kind.link.prefix, url, parts, host=known["host"])


def forget(made: Link) -> None:
    """Remove the record of a link, and with the last one all that is known of the service."""
    made.place.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        made.place.parent.rmdir()
        services.folder(made.service).rmdir()


def every(kind: str = "") -> Iterator[ServiceName]:
    """All of them, or those of a kind, by name."""
    for place in sorted(paths.SERVICES.glob(f"{kind or '*'}/*/links")):
        kind_of, name = place.parts[-3:-1]
        if names.KIND.fullmatch(kind_of) and names.APP.fullmatch(name) and is_one(ServiceName(kind_of, name)):
            yield ServiceName(kind_of, name)


def is_one(name: ServiceName) -> bool:
    return not services.folder(name).is_symlink() and services.look(name) is None and bool(link.of_service(name))


def clean() -> None:
    """Remove what was begun, or ended, when the power went."""
    for place in paths.SERVICES.glob("*/[!.]*"):
        name = ServiceName(*place.parts[-2:])
        if services.look(name) is None:
            for made in link.unheld(name):
                forget(made)
            with contextlib.suppress(OSError):
                (place / "links").rmdir()
                place.rmdir()
