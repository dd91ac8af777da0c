"""What links an app to a service: a user of its own there, and the config vars that it brings.

The service has the record, below its folder; the app has a symbolic link to it, called as the config var begins:
`DATABASE` for DATABASE_URL. That one is what makes it hold.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mooring.app.apps import App
from mooring.host import files, names, paths
from mooring.host.names import ServiceName

OVER = ".over-"


class Link(NamedTuple):
    """A record. `url` goes into PREFIX_URL; `parts` are more config vars, for the link that is called `default`.

    `address` is the service's in the network of the app; none is that of one which is elsewhere. `read_only` says
    whether the user may change nothing, `host` is the name by which the app finds it: that it had when it was linked.
    """

    app: str
    service: ServiceName
    address: str
    user: str
    password: str
    database: str
    default: str
    url: str
    parts: Mapping[str, str]
    read_only: bool = False
    host: str = ""

    @property
    def is_elsewhere(self) -> bool:
        return not self.address

    @property
    def place(self) -> Path:
        return record_of(self.service, self.app)


def folder_of(app: App) -> Path:
    return app.folder / "links"


def records_of(service: ServiceName) -> Path:
    return paths.SERVICES / service.kind / service.name / "links"


def record_of(service: ServiceName, app: str) -> Path:
    return records_of(service) / app


def save(link: Link) -> None:
    """Write the record; root's alone, as it has the password."""
    table = {**link._asdict(), "service": str(link.service)}
    link.place.parent.mkdir(mode=0o700, exist_ok=True)
    files.write(link.place, json.dumps(table, indent=1) + "\n", mode=0o600)


def read(place: Path) -> Link | None:
    """The record at a path; None where there is none."""
    try:
        table = json.loads(place.read_text())
    except FileNotFoundError:
        return None
    host = table.get("host") or ServiceName.parse(table["service"]).host
    # It may have another name now.
    return Link(**{**table, "host": host, "service": ServiceName(*place.resolve().parts[-4:-2])})


def leave_behind(link: Link) -> None:
    """Keep the record of a link that is over for when its service runs: then what is left of it there is removed."""
    link.place.rename(link.place.with_name(f"{OVER}{link.app}"))


def left_behind(service: ServiceName) -> list[Path]:
    return sorted(records_of(service).glob(f"{OVER}*"))


def unheld(service: ServiceName) -> list[Link]:
    """The links to a service that were begun, or ended, when the power went: no app has them."""
    found = [link for each in records_of(service).glob("[!.]*") if (link := read(each))]
    return [link for link in found if link not in of_app(App(link.app)).values()]


def attach(app: App, prefix: str, link: Link) -> None:
    """Let the app have it by this prefix: its next release does."""
    folder_of(app).mkdir(mode=0o700, exist_ok=True)
    files.point(folder_of(app) / prefix, str(link.place))


def detach(app: App, prefix: str) -> None:
    (folder_of(app) / prefix).unlink(missing_ok=True)


def swap(app: App, prefix: str, other: str) -> None:
    """Let two links of the app have each other's prefix; or one, where nothing has the other."""
    there = of_app(app)
    if other in there:
        attach(app, prefix, there[other])
    else:
        detach(app, prefix)
    attach(app, other, there[prefix])


def of_app(app: App) -> dict[str, Link]:
    """The links of an app, by their prefix."""
    try:
        entries = sorted(folder_of(app).iterdir())
    except FileNotFoundError:
        return {}
    return {each.name: link for each in entries if not each.name.startswith(".") and (link := read(each))}


def of_service(service: ServiceName) -> list[Link]:
    """The links to a service that hold, by app."""
    try:
        entries = sorted(records_of(service).iterdir())
    except FileNotFoundError:
        return []
    found = [link for each in entries if names.APP.fullmatch(each.name) and (link := read(each))]
    return [link for link in found if link in of_app(App(link.app)).values()]


def brought(prefix: str, link: Link) -> dict[str, str]:
    """The config vars that a link brings by this prefix."""
    return {f"{prefix}_URL": link.url, **(link.parts if prefix == link.default else {})}


def config(app: App) -> dict[str, str]:
    """The config vars that the links of an app bring."""
    found: dict[str, str] = {}
    for prefix, link in of_app(app).items():
        found |= brought(prefix, link)
    return found


def merged(app: App) -> dict[str, str]:
    """The config vars that the next release of an app runs with: those of its links, and its own."""
    return {**config(app), **app.config()}
