"""What makes a link: a user in the service, the service in the app's network, and what the app is told of both."""

import ipaddress
import secrets
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from mooring.app import link
from mooring.app.apps import App
from mooring.app.link import Link
from mooring.host import names
from mooring.host.aside import Aside
from mooring.release import releases
from mooring.runtime import server
from mooring.service.kind import Kind, filled
from mooring.service.services import Service


def user_of(app: str) -> str:
    """The user of an app: by what comes first it is none of the server's own."""
    return f"app_{app.replace('-', '_')}"


def make(service: Service, kind: Kind, app: App, database: str, *, read_only: bool = False) -> Link:
    """Let an app in: make its user, and let the service into its network. Whatever was half made is made anew."""
    address = free_address(app, server.network_of(app.name))
    user, password = (user_of(app.name), secrets.token_hex(24)) if kind.link.grant else ("", "")
    values = {
        "user": user, "password": password, "database": database,
        "host": service.name.host, "port": str(kind.port),
    }  # fmt: skip
    made = Link(
        app.name,
        service.name,
        address,
        user,
        password,
        database,
        kind.link.prefix,
        url(kind, values),
        {key: kind.words((value,), **values)[0] for key, value in kind.link.config.items()},
        read_only,
        service.name.host,
    )
    # Before there is such a user: whatever ends this, it is known what to remove.
    link.save(made)
    try:
        # The one asks Docker, the other the service: neither is waited for twice.
        joining = Aside(lambda: server.join(service.name, server.joined(app.name, address)))
        try:
            if wanted := [kind.text(each, values) for each in (kind.link.database, granting(kind, made)) if each]:
                server.ask(service.name, kind.words(kind.link.run), "\n".join(wanted))
        finally:
            joining.end()
    except BaseException:
        link.leave_behind(made)
        raise
    return made


def granting(kind: Kind, made: Link) -> str:
    """The file that makes the user of a link."""
    return kind.link.read_only if made.read_only else kind.link.grant


def url(kind: Kind, values: Mapping[str, str]) -> str:
    """Where a link leads, with what is in it as a URL can hold it (RFC 3986, 2.1)."""
    return filled(kind.link.url, {key: quote(value, safe="") for key, value in values.items()})


def make_database(service: Service, kind: Kind, database: str) -> None:
    """Make a database where there is none of that name."""
    if kind.link.database:
        text = kind.text(kind.link.database, {"database": database})
        server.ask(service.name, kind.words(kind.link.run), text)


def ask(service: Service, kind: Kind, words: tuple[str, ...]) -> None:
    """Run a command of the definition in its container, where there is one, for as long as that takes."""
    if words:
        server.ask(service.name, kind.words(words), "", timeout=None)


def renew(service: Service, kind: Kind, stale: Iterable[tuple[str, str]]) -> None:
    """Make the users of its links again, as they are: its data are others. `stale` are users that those may have."""
    known = set()
    for made in link.of_service(service.name):
        values = {
            "user": made.user, "password": made.password, "database": made.database,
            "host": service.name.host, "port": str(kind.port),
        }  # fmt: skip
        known.add(made.user)
        if wanted := [kind.text(each, values) for each in (kind.link.database, granting(kind, made)) if each]:
            server.ask(service.name, kind.words(kind.link.run), "\n".join(wanted))
    for user, database in stale:
        if kind.link.revoke and user not in known:
            drop_user(service, kind, user, database)


def drop_user(service: Service, kind: Kind, user: str, database: str) -> None:
    text = kind.text(kind.link.revoke, {"user": user, "database": database})
    server.ask(service.name, kind.words(kind.link.run), text)


def revoke(service: Service, kind: Kind, made: Link) -> None:
    """Take an app's access away: its user, its connections, and the service out of its network."""
    if kind.link.revoke:
        drop_user(service, kind, made.user, made.database)
    server.leave(service.name, names.network_of(made.app))
    made.place.unlink(missing_ok=True)


def settle(service: Service, kind: Kind) -> None:
    """Remove what is left of links that are over, now that it can be."""
    for place in link.left_behind(service.name):
        made = link.read(place)
        # It may have been made anew meanwhile: then the user is that one's.
        if made and not made.place.exists():
            revoke(service, kind, made)
        place.unlink()


def free_address(app: App, subnet: str) -> str:
    """An address for a service in an app's network: below those for what runs once, where processes come last."""
    hosts = list(ipaddress.ip_network(subnet).hosts())
    taken = {each.address for each in link.of_app(app).values()}
    taken |= {placed.address for record in releases.active(app) for placed in record.placements}
    below = hosts[1 : -(len(hosts) // 4)]
    return next(str(host) for host in reversed(below) if str(host) not in taken)
