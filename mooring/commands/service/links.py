"""Which app uses a service: `KIND:link`, `KIND:unlink`, `KIND:links`, `KIND:promote`."""

from mooring.access.actor import may_see
from mooring.app import apps, link
from mooring.commands import APP, JSON, argument, stdin
from mooring.commands.listing import show
from mooring.commands.service import NAME, word
from mooring.host import names
from mooring.host.names import ServiceName
from mooring.host.refusal import die
from mooring.pipeline import link_change
from mooring.service import elsewhere, services
from mooring.service.kind import Kind

AS = argument("--as", dest="prefix", default="", metavar="VAR", help="REPORTS for REPORTS_URL, of a second one")
DATABASE = argument("--database", default="", metavar="D", help="a database of this name; else the one that all share")
READ_ONLY = argument("--read-only", action="store_true", help="its user may change nothing")
URL = argument(
    "--url", default="", metavar="URL", help="of one that is elsewhere, which is NAME from now on; - reads it"
)


@word("link", "orders my-app", AS, DATABASE, READ_ONLY, URL, NAME, APP, for_admins=True)
def link_(kind: Kind, name: str, app: str, prefix: str, database: str, read_only: bool, url: str) -> int:
    """Let an app use a service: a user of its own there, and its URL in the app's config."""
    target = apps.find(app)
    prefix = link_change.check_prefix(prefix) if prefix else kind.link.prefix
    if url:
        from mooring.pipeline import external_link

        if database or read_only:
            die("what is elsewhere has its users and databases already", "--url alone says which it is")
        url = stdin.read("paste the URL, then Ctrl-D").strip() if url == "-" else url
        return external_link.make(names.check_service(kind.name, name), kind, target, prefix, url)
    service = services.find(kind.name, name)
    database = link_change.check_database(kind, database) if database else service.database
    if read_only:
        link_change.check_read_only(kind)
    return link_change.make(service, kind, target, prefix, database if kind.link.database else "", read_only=read_only)


@word("unlink", "orders my-app", NAME, APP)
def unlink(kind: Kind, name: str, app: str) -> int:
    """Take a service from an app: its user is gone, and what it was connected by; the data stays."""
    target = apps.find(app)
    return link_change.take(known(kind, name), kind, target)


@word("promote", "orders my-app", NAME, APP)
def promote(kind: Kind, name: str, app: str) -> int:
    """Let a service be the one of several that an app finds by the usual name, e.g. DATABASE_URL."""
    target = apps.find(app)
    return link_change.promote(known(kind, name), kind, target)


@word("links", "orders", NAME, JSON, for_users=True)
def links(kind: Kind, name: str, json: bool) -> None:
    """List the apps that use a service, and how each finds it."""
    rows = [
        {
            "app": each.app,
            "variable": f"{prefix}_URL",
            "user": each.user,
            "database": each.database,
            "read-only": each.read_only,
            "url": each.url,
        }
        for each in link.of_service(known(kind, name))
        if may_see(each.app)
        for prefix in [link_change.prefix_of(each)]
    ]
    show(rows, as_json=json, empty=f"no app uses {name}: `mooring {kind.name}:link {name} APP` lets one")


def known(kind: Kind, name: str) -> ServiceName:
    """The name of a service, of this server or elsewhere; raise Refusal where there is none."""
    wanted = names.check_service(kind.name, name)
    return wanted if elsewhere.is_one(wanted) else services.load(wanted).name
