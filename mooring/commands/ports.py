"""On which port an app is reached: `ports*`, in Dokku's words. The choice is the config var PORT."""

from mooring.app import apps
from mooring.app.checks import PORTS
from mooring.app.routing import WEB
from mooring.commands import APP, JSON, argument, command, config, ps
from mooring.commands.listing import show
from mooring.host.refusal import die
from mooring.release import formation

MAPPING = argument("mappings", metavar="PORT", nargs="+", help="3000, or as Dokku has it: http:80:3000")
OUTSIDE = {"http": "80", "https": "443"}


@command("ports", "mooring ports my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """Show on which port each process of an app is reached, and who says so."""
    target = apps.find(app)
    chosen = formation.chosen_port(target.config())
    rows = [
        {
            "process": each.name,
            "port": each.port,
            "chosen-by": "ports:set" if each.name == WEB and chosen else "found" if each.heard else "its source",
        }
        for each in ps.processes_of(target)
        if each.port
    ]
    if not rows and chosen:
        rows = [{"process": WEB, "port": chosen, "chosen-by": "ports:set"}]
    show(
        rows, as_json=json, empty=f"no process of {app} is reached: `mooring ports:set {app} 3000` if web listens there"
    )


@command("ports:set", "mooring ports:set my-app 3000", APP, MAPPING)
def set_(app: str, mappings: list[str]) -> int:
    """Choose the port on which web is reached, and release that: it is $PORT, and requests go there."""
    target = apps.find(app)
    ports = {parse(each) for each in mappings}
    if len(ports) > 1:
        die(f"web is reached on one port, and these are {len(ports)}", f"`mooring ports:set {app} {max(ports)}`")
    known = ps.processes_of(target)
    if known and not any(each.name == WEB or formation.is_own(each) for each in known):
        die(f"{app} has no process web", "a line `web: …` of the Procfile makes one, then push")
    return config.add(target, {"PORT": str(ports.pop())}, no_restart=False)


@command("ports:clear", "mooring ports:clear my-app", APP)
def clear(app: str) -> int | None:
    """Reach web on the port that its source says, and release that."""
    return config.unset(app, ["PORT"], no_restart=False)


@command("ports:remove", "mooring ports:remove my-app 3000", APP, MAPPING)
def remove(app: str, mappings: list[str]) -> int | None:
    """Take back a port that was chosen, and release that."""
    chosen = formation.chosen_port(apps.find(app).config())
    for each in mappings:
        if chosen is None or (each not in OUTSIDE.values() and parse(each) != chosen):
            die(f"{each[:40]} was not chosen for {app}", f"`mooring ports {app}` shows what was")
    return clear(app)


def parse(mapping: str) -> int:
    """The port of the container in a mapping; raise Refusal for what this server cannot do."""
    *outside, port = mapping.split(":")
    if not (port.isascii() and port.isdigit() and int(port) in PORTS) or len(outside) not in (0, 2):
        die(f"{mapping[:40]!r} is no port", "a number from 1 to 65535, e.g. 3000 or http:80:3000")
    if outside and OUTSIDE.get(outside[0]) != outside[1]:
        die(f"requests do not come by {':'.join(outside)[:40]}", f"http:80:{port} or https:443:{port}")
    return int(port)
