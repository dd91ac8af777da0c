"""A service that starts in another version: its data are made for that first, and it is taken back if need be."""

from collections.abc import Callable
from pathlib import Path

from mooring.host.names import ServiceName
from mooring.host.refusal import Refusal
from mooring.runtime import containers, engine
from mooring.service import grant, services, upgrade
from mooring.service.kind import of as kind_of
from mooring.service.services import Service
from mooring.service.upgrade import Side


def start(name: ServiceName, start_it: Callable[[ServiceName], None]) -> None:
    """Start it, in another version where that was asked for; what does not come up is taken back."""
    upgrade.go_on(services.load(name), make)
    try:
        start_it(name)
        settle(name)
    except (Refusal, engine.EngineError, OSError) as error:
        if not upgrade.is_unproven(name):
            raise
        containers.say(name, f"does not come up in another version: {error}")
        engine.remove(name.key)
        upgrade.take_back(name, str(error))
        start_it(name)
        settle(name)
    upgrade.proven(name)


def settle(name: ServiceName) -> None:
    """Finish the data that it has got, and let in who is linked now, and nobody else."""
    found = upgrade.read(name)
    if found is None or found.state != upgrade.UNPROVEN:
        return
    service, kind = services.load(name), kind_of(name.kind)
    if not (found.back or found.taken_back):
        grant.ask(service, kind, kind.upgrade.after)
    grant.renew(service, kind, found.stale)


def make(service: Service, wanted: Side, place: Path) -> None:
    # What no other start waits for.
    from units.service import conversion

    containers.say(service.name, f"is made {wanted.version}")
    conversion.make(service, wanted, place)
