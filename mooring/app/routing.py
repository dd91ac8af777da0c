"""Which process of an app answers a request: by its host name, then by the beginning of its path."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from mooring.app.choices import Choices
from mooring.host.names import PROCESS, RELEASE_PHASE
from mooring.host.refusal import die

WEB = "web"
"""The process that answers where nothing else was chosen."""
PREFIX = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
RESERVED = ("/.mooring", "/.well-known/acme-challenge")


class Route(NamedTuple):
    """Requests whose path is `prefix`, or begins with it and a slash, go to `process`.

    `strip`: the process sees the path without the prefix.
    """

    prefix: str
    process: str
    strip: bool = False

    @property
    def pattern(self) -> str:
        """The prefix as a regular expression."""
        return self.prefix.replace(".", "[.]")

    def choice(self) -> dict[str, Any]:
        """The route as app.toml has it, without its prefix."""
        return {"process": self.process, **({"strip": True} if self.strip else {})}


def check_prefix(prefix: str) -> str:
    """Return the prefix without a slash at its end; raise Refusal where it is none."""
    clean = prefix.rstrip("/")
    if not clean:
        die("every path is no prefix", "`mooring domains:add APP DOMAIN --process PROCESS` sends a whole domain")
    if len(clean) > 200 or not PREFIX.fullmatch(clean):
        die(f"{prefix[:80]!r} is no prefix of a path", "e.g. /api: letters, digits and . _ ~ - between slashes")
    if any(clean == each or clean.startswith(f"{each}/") for each in RESERVED):
        die(f"{clean} is Mooring's own", "choose another prefix, e.g. /api")
    return clean


def check_process(name: str) -> str:
    """Return `name` if a process that answers requests may be called so; raise Refusal otherwise."""
    if not PROCESS.fullmatch(name) or name == RELEASE_PHASE:
        die(f"{name[:60]!r} cannot answer requests", "a process of the Procfile, e.g. web or api")
    return name


def of_domain(choices: Choices, domain: str) -> str:
    """The process that answers to a host name of the app."""
    return str(choices.domain_processes.get(domain, WEB))


def routes(choices: Choices) -> list[Route]:
    """The app's routes, by prefix."""
    return [
        Route(prefix, str(each.get("process", WEB)), bool(each.get("strip", False)))
        for prefix, each in sorted(choices.routes.items())
        if isinstance(each, Mapping)
    ]


def processes(choices: Choices) -> set[str]:
    """The processes beside `web` that a domain or a route names."""
    return {*map(str, choices.domain_processes.values()), *(route.process for route in routes(choices))} - {WEB}
