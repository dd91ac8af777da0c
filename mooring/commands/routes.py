"""Routes: which paths go to which process: `routes*`."""

from mooring.app import apps, routing
from mooring.app.routing import Route
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show
from mooring.host.refusal import die
from mooring.pipeline import site_change

STRIP = argument("--strip", action="store_true", help="the process sees the path without the prefix")


@command("routes", "mooring routes my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the routes of an app: paths that go to another process than web."""
    rows = [
        {"prefix": route.prefix, "process": route.process, "strip": route.strip}
        for route in routing.routes(apps.find(app).choices())
    ]
    show(rows, as_json=json, empty=f"{app} has no route: web answers every path")


@command(
    "routes:add",
    "mooring routes:add my-app /api api",
    APP,
    argument("prefix", metavar="PREFIX"),
    argument("process", metavar="PROCESS"),
    STRIP,
)
def add(app: str, prefix: str, process: str, strip: bool) -> int:
    """Send the paths below a prefix, on the domains of web, to another process of the app."""
    target = apps.find(app)
    route = Route(routing.check_prefix(prefix), routing.check_process(process), strip)
    site_change.refuse_missing(target, process)
    return site_change.change(
        target,
        f"the routes of {app}",
        f"{route.prefix} of {app} goes to {process}{', without the prefix' if strip else ''}",
        routes=lambda routes: {**routes, route.prefix: route.choice()},
    )


@command("routes:remove", "mooring routes:remove my-app /api", APP, argument("prefix", metavar="PREFIX", nargs="+"))
def remove(app: str, prefix: list[str]) -> int:
    """Let web answer these paths again."""
    target = apps.find(app)
    given = [routing.check_prefix(each) for each in prefix]
    for each in given:
        if each not in target.choices().routes:
            die(f"{app} has no route {each}", f"`mooring routes {app}` lists them")
    return site_change.change(
        target,
        f"the routes of {app}",
        f"web answers {', '.join(given)} of {app}",
        routes=lambda routes: {name: each for name, each in routes.items() if name not in given} or None,
    )
