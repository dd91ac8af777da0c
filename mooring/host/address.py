"""Addresses of things elsewhere: what of a URL may be shown, and what the resolver takes for a host."""

import re

LABEL = re.compile(r"[^.]{1,63}")


def shown(url: str) -> str:
    """The URL without what may be a secret: user and password (of ssh the password), and the query."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    rest, mark, fragment = rest.partition("#")
    place, slash, path = rest.partition("?")[0].partition("/")
    user, at, host = place.rpartition("@")
    if at and scheme == "ssh" and ":" not in user:
        host = place
    return f"{scheme}://{host}{slash}{path}{mark}{fragment}"


def is_host(name: str) -> bool:
    """Whether the resolver takes it for a host's name or address: labels of 1 to 63 characters (RFC 1035, 2.3.4)."""
    return len(name) <= 253 and all(map(LABEL.fullmatch, name.removesuffix(".").split(".")))
