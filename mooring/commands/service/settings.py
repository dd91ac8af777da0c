"""What a server is told, may use, and is called: `KIND:set`, `KIND:limit`, `KIND:rename`."""

from collections.abc import Mapping

from mooring.backup import timers
from mooring.commands import JSON, argument
from mooring.commands.limits import parse as parse_limit
from mooring.commands.listing import show, show_one
from mooring.commands.service import NAME, word
from mooring.host import names
from mooring.release import formation
from mooring.service import creation, rename, services, setting, trial
from mooring.service.kind import Kind
from mooring.service.services import Service
from mooring.telling import audit

PAIRS = argument("pairs", metavar="KEY=VALUE", nargs="*", help="KEY= for what it is by itself; without any, show them")


@word("set", "orders KEY=VALUE", NAME, PAIRS, JSON, wants="settings.line")
def set_(kind: Kind, name: str, pairs: list[str], json: bool) -> None:
    """Set what the server of a service is told, and restart it with that; without KEY=VALUE, show the settings."""
    service = services.find(kind.name, name)
    if not pairs:
        audit.nothing_changed()
        rows: list[dict[str, object]] = [
            {"key": key, "value": value, "chosen-by": f"{kind.name}:set" if key in service.settings else "Mooring"}
            for key, value in sorted(setting.in_force(kind, service.settings).items())
            if "{" not in value or key in service.settings
        ]
        show(rows, as_json=json, empty=f"{name} has no setting but what {kind.title} has by itself")
        return
    wanted = setting.parse(kind, pairs, service.settings)
    if wanted == service.settings:
        audit.nothing_changed()
        print(f"nothing changed: {name} is set so already")
        return
    keys = sorted(key for key in {*wanted, *service.settings} if wanted.get(key) != service.settings.get(key))
    audit.note(settings=keys)
    runs = trial.run_with(service, kind, lambda now: {"settings": setting.parse(kind, pairs, now.settings)})
    told(service, runs, pairs_of(services.load(service.name).settings) or "no setting of its own")


@word(
    "limit", "orders --memory 512m --cpu 0.5", NAME,
    argument("--memory", metavar="SIZE", default="", help="e.g. 512m or 2g; 0 for no limit"),
    argument("--cpu", metavar="CORES", default="", help="e.g. 0.5; 0 for no limit"),
    JSON,
)  # fmt: skip
def limit(kind: Kind, name: str, memory: str, cpu: str, json: bool) -> None:
    """Limit what a service may use, and restart it so; without limits, show them."""
    service = services.find(kind.name, name)
    if not (memory or cpu):
        audit.nothing_changed()
        show_one({"memory": service.memory, "cpu": service.cpu} if json else limits_of(service), as_json=json)
        return
    changes: dict[str, float] = {}
    if memory:
        changes["memory"] = formation.memory("--memory", memory)
    if cpu:
        changes["cpu"] = float(parse_limit("cpu", cpu) or 0)
    if service.changed(**changes) == service:
        audit.nothing_changed()
        print(f"nothing changed: {name} is limited so already")
        return
    runs = trial.run_with(service, kind, lambda _: changes)
    told(service, runs, ", ".join(f"{key} {value}" for key, value in limits_of(services.load(service.name)).items()))


@word("rename", "orders sales", NAME, argument("new", metavar="NEW"))
def rename_(kind: Kind, name: str, new: str) -> None:
    """Give a service another name; the apps that link it find it by the old one until they link it anew."""
    service = services.find(kind.name, name)
    wanted = names.check_service(kind.name, new)
    creation.refuse_taken(wanted)
    rename.rename(service, wanted)
    timers.rename(str(service.name), str(wanted))
    print(f"{name} is {new} now")


def told(service: Service, runs: bool, what: str) -> None:
    print(f"{service.name.name} {'runs' if runs else 'will run, once it is started,'} with {what}")


def limits_of(service: Service) -> dict[str, object]:
    """Its limits as people read them."""
    return {
        "memory": formation.size(service.memory) if service.memory else "no limit",
        "cpu": service.cpu or "no limit",
    }


def pairs_of(chosen: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in chosen.items())
