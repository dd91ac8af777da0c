"""What a person does inside of a service: `KIND:connect`, `KIND:enter`, `KIND:logs`."""

import argparse

from mooring.access.actor import is_admin, may_see
from mooring.app import link
from mooring.app.link import Link
from mooring.commands import argument
from mooring.commands.listing import FOLLOW, LINES, check_lines
from mooring.commands.service import NAME, word
from mooring.host import paths, systemd
from mooring.host.refusal import die
from mooring.runtime import server
from mooring.service import exposure, instance, services
from mooring.service.kind import Kind
from mooring.service.services import Service
from mooring.telling import audit

NOBODY = "65534:65534"
SHELL = ("sh", "-c", "command -v bash >/dev/null && exec bash || exec sh")


DATABASE = argument("--database", default="", metavar="D", help="another database than the one that all links share")


@word("connect", "orders", DATABASE, NAME, for_users=True, wants="console.command")
def connect(kind: Kind, name: str, database: str) -> int:
    """Open the console of a service (for a developer, as the own app's user); what comes by a pipe is given to it."""
    from mooring.commands import run

    service = running(kind, name)
    if is_admin():
        words = kind.words(kind.console.command, database=database or service.database)
        return run.in_container(service.name.key, words)
    made = next(each for each in link.of_service(service.name) if may_see(each.app))
    if database or not kind.console.user_command:
        die("that is for admins", f"`mooring {kind.name}:links {name}` shows by what your app comes in")
    return as_user(service, kind, made)


def as_user(service: Service, kind: Kind, made: Link) -> int:
    """Open the console as the user of a link. Its password goes by a file, which docker reads."""
    import tempfile

    from mooring.commands import run

    known = {"user": made.user, "password": made.password, "database": made.database}
    with tempfile.NamedTemporaryFile("w", prefix="mooring-", dir=paths.RUN) as file:
        for key, value in kind.console.user_environment.items():
            file.write(f"{key}={kind.words((value,), **known)[0]}\n")
        file.flush()
        # A console may run programs: as the server's own user they would be let in to everything.
        options = [f"--env-file={file.name}", f"--user={NOBODY}"]
        return run.in_container(service.name.key, kind.words(kind.console.user_command, **known), options)


@word("enter", "orders", NAME, argument("words", metavar="[COMMAND]", nargs=argparse.REMAINDER))
def enter(kind: Kind, name: str, words: list[str]) -> int:
    """Open a shell, or run a command, in the container of a service."""
    from mooring.commands import run

    return run.in_container(running(kind, name).name.key, run.strip(words) or list(SHELL))


@word("logs", "orders -f", FOLLOW, LINES, NAME, for_users=True)
def logs(kind: Kind, name: str, follow: bool, lines: int) -> None:
    """Show the lines that a service printed, and what happened to it."""
    from mooring.telling import tail

    service = services.find(kind.name, name)
    check_lines(lines)
    said: tail.Match = {"MOORING_SERVICE": str(service.name), "_SYSTEMD_UNIT": "docker.service"}
    happened: tail.Match = {"MOORING_SERVICE": str(service.name), "MOORING_EVENT": "process", "_UID": "0"}
    matches = [said, happened]
    found, cursor = tail.last(matches, lines, lambda _: True, since=service.created)
    for entry in found:
        print(line_of(entry), flush=True)
    for entry in tail.following(matches, cursor) if follow else ():
        print(line_of(entry), flush=True)


@word("expose", "orders 15432", NAME, argument("place", metavar="[ADDRESS:]PORT", nargs="?", default=""))
def expose(kind: Kind, name: str, place: str) -> None:
    """Let programs of this server reach a service, or those that reach an ADDRESS of it."""
    service = services.find(kind.name, name)
    wanted = exposure.parse(place or str(kind.port))
    if str(wanted) == service.expose:
        audit.nothing_changed()
        print(f"{name} is reached at {wanted} already")
        return
    exposure.refuse_taken(wanted)
    services.change(service.name, expose=str(wanted))
    systemd.stop([exposure.unit(service.name)])
    if not systemd.start([exposure.unit(service.name)]):
        services.change(service.name, expose="")
        die(f"{name} cannot be reached at {wanted}", f"`journalctl -u {exposure.unit(service.name)}` says why")
    print(f"{name} is reached at {wanted}, by the user and the password of a link")


@word("unexpose", "orders", NAME)
def unexpose(kind: Kind, name: str) -> None:
    """Let nothing but the apps that link it reach a service."""
    service = services.find(kind.name, name)
    if not service.expose:
        audit.nothing_changed()
    services.change(service.name, expose="")
    systemd.stop([exposure.unit(service.name)])
    print(f"{name} is reached by the apps that link it, and by nothing else")


def line_of(entry: dict[str, object]) -> str:
    from mooring.commands.logs import row_of

    row = row_of(entry)
    return f"{row['time']} {row['line']}"


def running(kind: Kind, name: str) -> Service:
    """The service; raise Refusal where it does not run."""
    service = services.find(kind.name, name)
    if not server.is_running(service.name):
        die(f"{name} does not run", f"`mooring {kind.name}:start {name}`, `systemctl status {service.name.unit}`")
    # As they are now, whatever Mooring was when it began.
    instance.write_files(service, kind)
    return service
