"""A service from `KIND:create` to `KIND:destroy`."""

import os
import sys
import time

from mooring.access.actor import may_see
from mooring.app import link
from mooring.backup import outcome, timers
from mooring.commands import JSON, argument
from mooring.commands.listing import moment, show, show_one
from mooring.commands.service import NAME, word
from mooring.host import names, systemd
from mooring.host.names import ServiceName
from mooring.host.refusal import die
from mooring.release import formation
from mooring.service import creation, elsewhere, image, services, setting, trial, upgrade
from mooring.service.kind import Kind
from mooring.service.services import Service

VERSION = argument("--version", default="", metavar="V", help="which version of the server; else the newest known")
MEMORY = argument(
    "--memory", default="0", metavar="SIZE", help="the most memory that it gets, e.g. 512m; else no limit"
)


SET = argument(
    "--set",
    dest="pairs",
    action="append",
    default=[],
    metavar="KEY=VALUE",
    help="a setting of the server; several times",
)


@word("create", "orders", VERSION, MEMORY, SET, NAME)
def create(kind: Kind, name: str, version: str, memory: str, pairs: list[str]) -> None:
    """Make a service, and start it."""
    wanted = names.check_service(kind.name, name)
    creation.refuse_taken(wanted)
    creation.refuse_reserved(kind, wanted)
    if pairs and not kind.settings.line:
        die(f"a {kind.name} has no settings", "leave --set out")
    if not kind.is_tried:
        print(f" !     {kind.title} was defined by its documentation, and never run by Mooring's tests.", flush=True)
    record = creation.create(
        kind,
        wanted,
        image.check_version(kind, version),
        formation.memory("--memory", memory),
        lambda line: print(line, flush=True),
        settings=setting.parse(kind, pairs, {}),
    )
    print(
        f"{name} is made: {kind.title} {record.version} (`mooring {kind.name}:link {name} my-app` lets an app use it)"
    )


@word("list", "", JSON)
def list_(kind: Kind, json: bool) -> None:
    """List the services of the kind."""
    rows = [row(each) for each in services.every(kind.name)] + [
        row_elsewhere(each) for each in elsewhere.every(kind.name)
    ]
    show(rows, as_json=json, empty=f"no {kind.name} yet: `mooring {kind.name}:create NAME` makes one")


def row(service: Service) -> dict[str, object]:
    """What listings say of a service."""
    return {
        "name": service.name.name,
        "version": service.version,
        "state": systemd.state_of(service.name.unit),
        "memory": formation.size(service.memory) if service.memory else "",
        "exposed": service.expose,
        "apps": [each.app for each in link.of_service(service.name) if may_see(each.app)],
    }


def row_elsewhere(name: ServiceName) -> dict[str, object]:
    """The same of one of which only its links are known."""
    return {**row(Service(name, "", "", 0, 0, "", "")), "state": "elsewhere"}


@word("info", "orders", NAME, JSON, for_users=True)
def info(kind: Kind, name: str, json: bool) -> None:
    """Show what is known of a service."""
    service = services.find(kind.name, name)
    links = [each for each in link.of_service(service.name) if may_see(each.app)]
    facts = {
        **row(service),
        "created": moment(service.created),
        "size": size_of(service),
        "connections": connections(service, kind),
        "cpu": service.cpu or "",
        "settings": dict(service.settings),
        "host": service.name.host,
        "port": kind.port,
        "data": str(service.data),
        "unit": service.name.unit,
        "kept": upgrade.kept_of(service.name),
        "backup": outcome.told(str(service.name)),
    }
    if not json:
        facts["size"] = formation.size(size_of(service))
        facts["settings"] = [f"{key}={value}" for key, value in service.settings.items()]
    show_one(facts, as_json=json)
    if links and not json:
        print()
        print("\n".join(f"{each.app}: {each.url}" for each in links))


def size_of(service: Service) -> int:
    """The bytes that its data takes on the disk."""
    total = 0
    for folder, _, found in os.walk(service.data):
        for each in found:
            try:
                total += os.lstat(os.path.join(folder, each)).st_blocks * 512  # noqa: PTH118
            except FileNotFoundError:
                continue
    return total


def connections(service: Service, kind: Kind) -> int:
    """How many connections its server has now."""
    from mooring.runtime import containers, sockets

    started = containers.started(service.name)
    return sockets.connected(started["pid"], kind.port) if started else 0


@word("start", "orders", NAME)
def start(kind: Kind, name: str) -> None:
    """Start a service that was stopped; it starts at boot again."""
    service = services.find(kind.name, name)
    services.change(service.name, stopped=False)
    _start(service)
    print(f"{name} runs")


@word("stop", "orders", NAME)
def stop(kind: Kind, name: str) -> None:
    """Stop a service; it stays stopped at boot too."""
    service = services.find(kind.name, name)
    services.change(service.name, stopped=True)
    systemd.stop([service.name.unit])
    print(f"{name} is stopped: `mooring {kind.name}:start {name}` starts it again")


@word("restart", "orders", NAME)
def restart(kind: Kind, name: str) -> None:
    """Stop a service, and start it again."""
    service = services.find(kind.name, name)
    services.change(service.name, stopped=False)
    systemd.stop([service.name.unit])
    _start(service)
    print(f"{name} runs")


def _start(service: Service) -> None:
    began, was = time.time(), trial.read(service.name)
    if not systemd.start([service.name.unit]):
        logs = f"`mooring {service.name.kind}:logs {service.name.name}` has more"
        hint = f"its {' and '.join(was)} are as before" if was else logs
        why = trial.said(service.name, began)
        die(f"{service.name.name} did not start: {why}", f"{hint}; systemd goes on trying")


@word("destroy", "orders", NAME, argument("--force", action="store_true", help="do not ask"))
def destroy(kind: Kind, name: str, force: bool) -> None:
    """Remove a service with its data."""
    service = services.find(kind.name, name)
    creation.refuse_linked(service)
    if not force:
        print(
            f"This removes {name} and its data for good. Type its name to go on: ", end="", file=sys.stderr, flush=True
        )
        if not sys.stdin or sys.stdin.readline().strip() != name:
            die(f"{name} was not removed", "type its name, or use --force")
        creation.refuse_linked(service)
    creation.remove(service.name)
    timers.forget(str(service.name))
    print(f"{name} is removed")
