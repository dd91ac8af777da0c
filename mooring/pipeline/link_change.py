"""An app begins to use a service, or ends it: the link, and the release that has it or does not."""

import re
import time
from collections.abc import Callable

from mooring.access.actor import actor
from mooring.app import link
from mooring.app.apps import App
from mooring.app.link import Link
from mooring.host import files, names, settings
from mooring.host.names import ServiceName
from mooring.host.refusal import Refusal, die
from mooring.pipeline import choice
from mooring.release import releases
from mooring.runtime import server
from mooring.service import elsewhere, grant, kind, services
from mooring.service.kind import Kind
from mooring.service.services import Service
from mooring.telling import audit

PREFIX = re.compile(r"[A-Z][A-Z0-9_]{0,40}")
PAUSE = 0.1
SLACK = 10
"""Seconds that an end may take longer than it should."""
DATABASE = re.compile(r"[a-z][a-z0-9_]{0,30}")


def check_prefix(word: str) -> str:
    if not PREFIX.fullmatch(word):
        die(f"{word[:60]!r} cannot begin a config var", "capital letters, digits and _: --as REPORTS for REPORTS_URL")
    return word.removesuffix("_URL")


def check_database(of: Kind, word: str) -> str:
    if not of.link.database:
        die(f"a {of.name} has no databases", "leave --database out")
    if not DATABASE.fullmatch(word) or word in of.link.reserved:
        die(f"{word[:60]!r} cannot name a database", "1 to 31 lower-case letters, digits and _, a letter first")
    return word


def prefix_of(made: Link) -> str:
    """By which prefix an app has a link; empty where it does not."""
    return next((prefix for prefix, each in link.of_app(App(made.app)).items() if each.service == made.service), "")


def check_read_only(of: Kind) -> None:
    if not of.link.read_only:
        can = [each.name for each in kind.every() if each.link.read_only]
        die(f"a {of.name} has no users who only read", f"these have: {', '.join(can)}")


def make(service: Service, of: Kind, app: App, prefix: str, database: str, *, read_only: bool = False) -> int:
    """Link an app to a service, and release that; what does not become live is taken back. Returns the exit status."""
    refuse_stopped(service)
    with files.locked(service.folder):
        refuse_taken(service.name, of, app, prefix)
        made = grant.make(service, of, app, database, read_only=read_only)
        link.attach(app, prefix, made)
    return release_made(of, app, prefix, made)


def release_made(of: Kind, app: App, prefix: str, made: Link) -> int:
    """Release an app with a link that it has got."""
    audit.note(name=made.service.name, variable=f"{prefix}_URL")
    print(f"-----> {app.name} gets {', '.join(link.brought(prefix, made))}", flush=True)
    if later := choice.when(app, app.choices()):
        print(f"       Kept for {later}.")
        return 0
    taken_back = f"The link is taken back: {app.name} is as it was."
    return release(app, lambda: unmake(of, app, prefix, made), taken_back)


def refuse_stopped(service: Service) -> None:
    if not server.is_running(service.name):
        name = service.name
        die(f"{name.name} does not run", f"`mooring {name.kind}:start {name.name}`, `systemctl status {name.unit}`")


def refuse_taken(name: ServiceName, of: Kind, app: App, prefix: str) -> None:
    """Raise Refusal for an app that has a link to the service, or something else by that name."""
    there = link.of_app(app)
    if had := next((each for each, made in there.items() if made.service == name), ""):
        die(f"{app.name} has {name.name} already, as {had}_URL", f"`mooring {of.name}:unlink` ends that")
    if named := next((made.service for made in there.values() if made.host == name.host), None):
        again = f"`mooring {of.name}:unlink {named.name} {app.name}`, and link it again"
        die(f"{app.name} finds {named.name} by the name {name.host}, which that had before", again)
    other = "--as gives it another name, e.g. --as REPORTS"
    if prefix in there:
        die(f"{prefix}_URL of {app.name} is {there[prefix].service.name}'s", other)
    wanted = {f"{prefix}_URL", *(of.link.config if prefix == of.link.prefix else ())}
    if taken := sorted(wanted & app.config().keys()):
        die(
            f"{app.name} has {taken[0]} in its config",
            f"`mooring config:unset {app.name} {taken[0]}` first; or {other}",
        )


def release(app: App, take_back: Callable[[], None], said: str) -> int:
    """Release an app with the links that it has now; what does not become live is taken back, and that is `said`.

    Returns the exit status.
    """
    from mooring.pipeline import deployment

    status = 1
    try:
        status = deployment.launch(app, "link", actor(), to_the_end=True)
    finally:
        if status:
            take_back()
    if status:
        print(f" !     {said}", flush=True)
    return status


def unmake(of: Kind, app: App, prefix: str, made: Link) -> None:
    link.detach(app, prefix)
    if made.is_elsewhere:
        elsewhere.forget(made)
    else:
        grant.revoke(services.load(made.service), of, made)


def take(name: ServiceName, of: Kind, app: App) -> int:
    """End a link: the app is released without it first. What does not become live is taken back."""
    prefix = held(name, app)
    made = link.of_app(app)[prefix]
    if not made.is_elsewhere:
        refuse_stopped(services.load(name))
    audit.note(name=name.name)
    later = choice.when(app, app.choices())
    print(f"-----> {app.name} loses {', '.join(link.brought(prefix, made))}", flush=True)
    if not later:
        link.detach(app, prefix)
        stays = f"The link stays: stop {app.name} (`mooring ps:stop {app.name}`) to end it all the same."
        if status := release(app, lambda: link.attach(app, prefix, made), stays):
            return status
        await_retirement(app)
    unmake(of, app, prefix, made)
    if not made.is_elsewhere:
        print(f"       {made.user or app.name} has no access to {name.name} any more.")
    return 0


def await_retirement(app: App) -> None:
    """Return when no process of an earlier release runs: until then what it is at work on has the link."""
    allowed = settings.load()
    until = time.monotonic() + allowed.drain_timeout + allowed.stop_timeout + SLACK
    while time.monotonic() < until and any(
        record.status == "live" and record.name != app.live for record in releases.active(app)
    ):
        time.sleep(PAUSE)


def held(name: ServiceName, app: App) -> str:
    """By which prefix the app has the service; raise Refusal where it does not."""
    for prefix, made in link.of_app(app).items():
        if made.service == name:
            return prefix
    die(f"{app.name} does not use {name.name}", f"`mooring {name.kind}:links {name.name}`")


def promote(name: ServiceName, of: Kind, app: App) -> int:
    """Let a link have the usual name, and the one that had it the other's. What does not become live is taken back."""
    prefix, usual = held(name, app), of.link.prefix
    if prefix == usual:
        audit.nothing_changed()
        print(f"nothing changed: {name.name} is {usual}_URL of {app.name} already")
        return 0
    if usual not in link.of_app(app):
        wanted = {f"{usual}_URL", *of.link.config}
        if taken := sorted(wanted & app.config().keys()):
            die(f"{app.name} has {taken[0]} in its config", f"`mooring config:unset {app.name} {taken[0]}` first")
    link.swap(app, prefix, usual)
    audit.note(name=name.name, variable=f"{usual}_URL")
    print(f"-----> {name.name} is {usual}_URL of {app.name}", flush=True)
    if later := choice.when(app, app.choices()):
        print(f"       Kept for {later}.")
        return 0
    return release(app, lambda: link.swap(app, usual, prefix), f"It is taken back: {app.name} is as it was.")


def copy(source: App, target: App) -> None:
    """Give an app links of its own to what another one uses, by the same names and to the same databases."""
    for prefix, made in link.of_app(source).items():
        if made.is_elsewhere:
            own = made._replace(app=target.name)
            link.save(own)
            link.attach(target, prefix, own)
            continue
        service, of = services.load(made.service), kind.of(made.service.kind)
        refuse_stopped(service)
        with files.locked(service.folder):
            link.attach(target, prefix, grant.make(service, of, target, made.database, read_only=made.read_only))


def end_all(app: str, links: list[Link]) -> None:
    """End the links of an app that is being removed; a service that does not run does so when it starts."""
    for made in links:
        if made.is_elsewhere:
            elsewhere.forget(made)
            continue
        try:
            grant.revoke(services.load(made.service), kind.of(made.service.kind), made)
        except Refusal:
            server.leave(made.service, names.network_of(app))
            link.leave_behind(made)
