"""Which app uses a service: `KIND:link`, `KIND:unlink`, `KIND:links`, `KIND:promote`."""

from mooring.access.actor import may_see
from mooring.app import apps, link
from mooring.commands import APP, JSON, argument
from mooring.commands.listing import show
from mooring.commands.service import NAME, word
from mooring.pipeline import link_change
from mooring.service import services
from mooring.service.kind import Kind

AS = argument("--as", dest="prefix", default="", metavar="VAR", help="REPORTS for REPORTS_URL, of a second one")
DATABASE = argument("--database", default="", metavar="D", help="a database of this name; else the one that all share")


@word("link", "orders my-app", AS, DATABASE, NAME, APP, for_admins=True)
def link_(kind: Kind, name: str, app: str, prefix: str, database: str) -> int:
    """Let an app use a service: a user of its own there, and its URL in the app's config."""
    target, service = apps.find(app), services.find(kind.name, name)
    prefix = link_change.check_prefix(prefix) if prefix else kind.link.prefix
    database = link_change.check_database(kind, database) if database else service.database
    return link_change.make(service, kind, target, prefix, database if kind.link.database else "")


@word("unlink", "orders my-app", NAME, APP)
def unlink(kind: Kind, name: str, app: str) -> int:
    """Take a service from an app: its user is gone, and what it was connected by; the data stays."""
    target = apps.find(app)
    return link_change.take(services.find(kind.name, name), kind, target)


@word("promote", "orders my-app", NAME, APP)
def promote(kind: Kind, name: str, app: str) -> int:
    """Let a service be the one of several that an app finds by the usual name, e.g. DATABASE_URL."""
    target = apps.find(app)
    return link_change.promote(services.find(kind.name, name), kind, target)


@word("links", "orders", NAME, JSON, for_users=True)
def links(kind: Kind, name: str, json: bool) -> None:
    """List the apps that use a service, and how each finds it."""
    service = services.find(kind.name, name)
    rows = [
        {"app": each.app, "variable": f"{prefix}_URL", "user": each.user, "database": each.database, "url": each.url}
        for each in link.of_service(service.name)
        if may_see(each.app)
        for prefix in [link_change.prefix_of(each)]
    ]
    show(rows, as_json=json, empty=f"no app uses {name}: `mooring {kind.name}:link {name} APP` lets one")
