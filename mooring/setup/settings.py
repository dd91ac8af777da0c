"""The host's settings, /etc/mooring/mooring.toml: written once, then a person's. They stay until the data goes."""

import re
import socket
from collections.abc import Iterable
from pathlib import Path
from string import Template

from mooring.host.paths import SETTINGS
from mooring.host.refusal import die
from mooring.setup import network
from mooring.setup.code import LAUNCHER
from mooring.setup.file import place
from mooring.setup.program import heard, indented
from mooring.setup.terminal import detail, step

TEMPLATE = Path(__file__).parent / "mooring.toml"
POOLS = [f"10.{number}.0.0/16" for number in range(90, 96)] + [f"172.{number}.0.0/16" for number in range(28, 31)]
"""What the apps' networks may come out of."""


def set_up(domain: str, called: str) -> None:
    """Write the settings where there are none. `domain` may be empty; `called` is what the person typed."""
    step("Writing settings")
    if SETTINGS.exists():
        detail(f"{SETTINGS} is kept")
        return
    domain = domain or own_domain(called)
    pool = network.free(POOLS)
    if not pool:
        die(
            "every range that apps' networks could have is in use here",
            f'write `domain = "{domain}"`, `[network]`, `pool = "A.B.0.0/16"` into {SETTINGS} and run this again',
        )
    place(SETTINGS, written(domain, pool))
    detail(f"domain {domain}, network {pool}")


def written(domain: str, pool: str) -> str:
    return Template(TEMPLATE.read_text()).substitute(domain=domain, pool=pool)


def own_domain(called: str) -> str:
    """The host's full name if others can reach it by that, else its address as a name."""
    name = socket.getfqdn().lower().rstrip(".")
    if reaches_here(name, heard("getent", "ahosts", name).splitlines()):
        return name
    address = source(heard("ip", "-o", "route", "get", "192.0.2.1"))
    address = address or source(heard("ip", "-o", "-6", "route", "get", "2001:db8::1"))
    if not address:
        die("this server has no address and no full name", f"sudo {called} --domain apps.example.com")
    return f"{address.replace(':', '-')}.sslip.io"


def reaches_here(name: str, answers: Iterable[str]) -> bool:
    """Whether a name is a full one with an address that others can use, by the lines of `getent ahosts`."""
    return "." in name and any(not line.startswith(("127.", "::1 ")) for line in answers)


def source(route: str) -> str:
    """The address that this server would use for a route, as `ip route get` shows it."""
    found = re.search(r"\bsrc (\S+)", route)
    return found[1] if found else ""


def change_domain(domain: str) -> None:
    """Move the apps to another domain. Those that run move too, so this comes when Mooring runs."""
    if not domain or domain == current_domain():
        return
    step("Changing the domain")
    if not indented(str(LAUNCHER), "domains:set-global", domain):
        die(
            f"not every app answers below {domain}",
            f"what is wrong is above; `mooring domains:set-global {domain}` tries again",
        )


def current_domain() -> str:
    return domain_in(SETTINGS.read_text())


def domain_in(text: str) -> str:
    """The domain in the settings' text, "" where there is none. A person's mistake elsewhere in it does no harm."""
    found = re.search(r'^domain *= *"(.*)".*$', text, re.MULTILINE)
    return found[1] if found else ""
