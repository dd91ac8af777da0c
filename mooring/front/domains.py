"""Which host names an app answers to."""

import re

from mooring.app import apps, routing
from mooring.app.apps import App
from mooring.app.choices import Choices
from mooring.host import settings
from mooring.host.refusal import die

LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = re.compile(rf"(?:\*\.)?{LABEL}(?:\.{LABEL})*")


def check(domain: str) -> str:
    """Return the host name in lower case if it is one (RFC 1123, a leading `*.` allowed); raise Refusal otherwise."""
    lower = domain.lower().removesuffix(".")
    if len(lower) > 253 or not DOMAIN.fullmatch(lower) or (lower.startswith("*.") and "." not in lower[2:]):
        die(f"{domain[:80]!r} is not a host name", "e.g. www.example.com; an international name in its xn-- form")
    return lower


def default(app: App) -> str:
    """The app's own name under the host's domain."""
    return f"{app.name}.{settings.load().domain}"


def of(app: App) -> tuple[str, ...]:
    """The host names of an app: those that were chosen, else the default one."""
    return among(app, app.choices())


def among(app: App, choices: Choices) -> tuple[str, ...]:
    """`of`, by choices that need not be in force."""
    return (default(app),) if choices.domains is None else choices.domains


def primary(app: App, choices: Choices) -> str:
    """The host name for people, to which others are redirected: the first of `web`'s, else of any; else empty."""
    names = [name for name in among(app, choices) if not name.startswith("*.")]
    return next((name for name in names if routing.of_domain(choices, name) == routing.WEB), names[0] if names else "")


def of_process(app: App, choices: Choices, process: str) -> str:
    """A host name that a process answers to: the first of its own, else of the app's, else the app's default one."""
    names = [name for name in among(app, choices) if not name.startswith("*.")]
    own = [name for name in names if routing.of_domain(choices, name) == process]
    return next(iter(own or names), default(app))


def refuse_taken(domains: list[str], app: App) -> None:
    """Raise Refusal if one of the domains, or one redirected, belongs to another app."""
    for other in apps.every():
        if other.name != app.name:
            own = of(other)
            for domain in {*own, *other.choices().redirects}.intersection(domains):
                # The only one of an app cannot be removed, only replaced.
                way_out = f"set {other.name} DOMAIN" if own == (domain,) else f"remove {other.name} {domain}"
                die(f"{domain} belongs to the app {other.name}", f"`mooring domains:{way_out}` first")
