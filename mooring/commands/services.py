"""All services: `services`."""

from mooring.access.actor import is_admin
from mooring.app import apps, link
from mooring.commands import JSON, argument, command
from mooring.commands.listing import show
from mooring.commands.service.life import row, row_elsewhere
from mooring.service import elsewhere
from mooring.service import services as every_service


@command("services", "mooring services", argument("app", metavar="APP", nargs="?", default=""), JSON, for_all=True)
def services(app: str, json: bool) -> None:
    """List the databases and caches, of all kinds (for a developer, those of the own apps), or of one app."""
    wanted = {each.service for each in link.of_app(apps.find(app)).values()} if app else None
    rows = []
    known = [(each.name, row(each)) for each in every_service.every()]
    known += [(each, row_elsewhere(each)) for each in elsewhere.every()]
    for name, shown in known:
        if (wanted is None or name in wanted) and (is_admin() or shown["apps"]):
            rows.append({"kind": name.kind, **shown})
    show(rows, as_json=json, empty="no service yet: `mooring postgres:create NAME` makes one")
