"""A service in another version: `KIND:upgrade`."""

import contextlib
from typing import NoReturn

from mooring.commands import argument
from mooring.commands.service import NAME, word
from mooring.commands.service.access import running
from mooring.host import files, interrupt, systemd
from mooring.host.refusal import die
from mooring.runtime import server
from mooring.service import image, services, upgrade
from mooring.service.kind import Kind
from mooring.service.services import Service
from mooring.service.upgrade import Side, Upgrade
from mooring.telling import audit

VERSION = argument("--version", default="", metavar="V", help="the newer version")
CONFIRM = argument("--confirm", action="store_true", help="remove what was kept of the version before")
REVERT = argument("--revert", action="store_true", help="go back to the version before, and to its data")


@word("upgrade", "orders --version 17", VERSION, CONFIRM, REVERT, NAME)
def upgrade_(kind: Kind, name: str, version: str, confirm: bool, revert: bool) -> None:
    """Bring a service to a newer version; the data of the one before are kept until that is confirmed."""
    service = services.find(kind.name, name)
    if bool(version) + confirm + revert != 1:
        newer = [each for each in kind.versions if upgrade.is_older(service.version, each)]
        there = f"--version {newer[0]}" if newer else f"there is nothing newer than {kind.versions[0]}"
        die(f"{name} is {kind.title} {service.version}: to what?", f"{there}; or one of --confirm, --revert")
    if confirm:
        remove_kept(kind, service)
    elif revert:
        go_back(kind, service)
    else:
        go_on(kind, name, version)


def go_on(kind: Kind, name: str, version: str) -> None:
    service = running(kind, name)
    upgrade_to = image.check_version(kind, version)
    if upgrade.is_older(upgrade_to, service.version):
        die(f"{name} is {kind.title} {service.version}, which is newer", "--revert goes back after an upgrade")
    refuse_busy(kind, service)
    identity = image.get(kind, upgrade_to, lambda line: print(line, flush=True))
    if identity == service.image:
        audit.nothing_changed()
        print(f"nothing changed: {name} is {kind.title} {service.version} already")
        return
    wanted = Side(upgrade_to, identity, *image.owner(identity, kind.user))
    with files.locked(service.folder):
        service = running(kind, name)
        refuse_busy(kind, service)
        for_old(kind, service)
        # It goes on when who asked for it goes away: the service is in the middle of it.
        interrupt.ignore()
        upgrade.ask(service, wanted)
    say(f"-----> {name} goes from {service.version} to {upgrade_to}: its apps are without it meanwhile")
    restart(service)
    outcome(kind, service, upgrade_to)
    back = f"`mooring {kind.name}:upgrade {name}"
    print(f"{name} is {kind.title} {upgrade_to}. What {service.version} had is kept: {back} --confirm` removes it,")
    print(f"{back} --revert` goes back to it")


def say(line: str) -> None:
    """Tell the person, who may be gone: what was begun is ended."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def for_old(kind: Kind, service: Service) -> None:
    if kind.upgrade.before:
        server.ask(service.name, kind.words(kind.upgrade.before), "")


def restart(service: Service) -> None:
    """Stop it, and return when it answers again, also where what was at work on it was killed meanwhile."""
    services.change(service.name, stopped=False)
    if not systemd.start([service.name.unit], verb="restart"):
        systemd.start([service.name.unit])


def outcome(kind: Kind, service: Service, version: str) -> None:
    """Raise Refusal, with the reason, unless it runs in this version."""
    failed = upgrade.failure_of(service.name)
    if failed.exists():
        why = failed.read_text()
        failed.unlink()
        die(f"{service.name.name} is as it was, {kind.title} {services.load(service.name).version}: {why}")
    if services.load(service.name).version != version or systemd.state_of(service.name.unit) != "active":
        why = f"`journalctl MOORING_SERVICE={service.name}` says why"
        die(f"{service.name.name} is not {kind.title} {version} yet", why)


def refuse_busy(kind: Kind, service: Service) -> None:
    found = upgrade.read(service.name)
    if found and found.state == upgrade.KEPT:
        ways = f"`mooring {kind.name}:upgrade {service.name.name} --confirm` removes that, --revert goes back to it"
        die(f"{service.name.name} keeps what {found.left.version} had", ways)
    if found:
        refuse_unfinished(kind, found)


def refuse_unfinished(kind: Kind, found: Upgrade) -> NoReturn:
    again = f"wait for its end; where it was killed, `mooring {kind.name}:restart {found.name.name}` ends it"
    die(f"{found.name.name} is on its way to {found.wanted.version}", again)


def kept(kind: Kind, service: Service) -> Upgrade:
    """What there is to go back to; raise Refusal where there is nothing."""
    found = upgrade.read(service.name)
    if found is None:
        command = f"mooring {kind.name}:upgrade {service.name.name}"
        die(f"{service.name.name} keeps nothing of another version", f"`{command} --version V` does")
    if found.state != upgrade.KEPT:
        refuse_unfinished(kind, found)
    return found


def remove_kept(kind: Kind, service: Service) -> None:
    with files.locked(service.folder):
        found = kept(kind, service)
        upgrade.forget(service.name)
    print(f"{service.name.name} is {kind.title} {service.version}; what {found.left.version} had is removed")


def go_back(kind: Kind, service: Service) -> None:
    """Change the data that are kept for those in use, which are kept then: nothing is lost by it either."""
    with files.locked(service.folder):
        found = kept(kind, service)
        interrupt.ignore()
        systemd.stop([service.name.unit])
        upgrade.ask_back(found)
    restart(service)
    outcome(kind, service, found.left.version)
    name = service.name.name
    print(f"{name} is {kind.title} {found.left.version}, and has what it had then. What {service.version} has since")
    print(f"is kept: `mooring {kind.name}:upgrade {name} --confirm` removes it, --revert goes to it again")
