"""Where backups go, and how they fare: `backup*`."""

from mooring.backup import destination, outcome, overdue, repository, retention, schedule, secret, timers
from mooring.backup.destination import SERVER, Destination
from mooring.commands import JSON, argument, command
from mooring.commands.listing import moment, show
from mooring.commands.stdin import read
from mooring.host.names import ServiceName
from mooring.host.refusal import die
from mooring.service import services

SERVICE = argument("--service", default="", metavar="KIND.NAME", help="for this service alone, e.g. postgres.orders")
PASTE = "paste NAME=VALUE lines, then Ctrl-D; e.g. AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…"


@command("backup", "mooring backup", JSON)
def list_(json: bool) -> None:
    """List the services: where each is backed up to, when, and how the last backup ended."""
    following = timers.following()
    rows = []
    for each in services.every():
        subject = str(each.name)
        to = destination.look(subject) or destination.look(SERVER)
        plan, last = schedule.look(subject), outcome.look(subject)
        proof = outcome.look(subject, outcome.PROOF)
        late = bool(plan and overdue.since(subject, plan))
        rows.append(
            {
                "service": subject,
                "to": to.url if to else "",
                "schedule": plan.schedule if plan else "",
                "keep": retention.written(plan.keep) if plan else "",
                "next": moment(following.get(subject)),
                "last": moment(last.began) if last else "",
                "ended": "overdue" if late else how(last),
                "proven": moment(proof.succeeded) if proof else "",
            }
        )
    show(rows, as_json=json, empty="no service yet: `mooring postgres:create NAME` makes one")


def how(last: outcome.Outcome | None) -> str:
    """How the last one ended, for people."""
    if last is None:
        return ""
    return ": ".join(filter(None, (last.result or "at work", last.why)))


@command(
    "backup:to",
    "mooring backup:to /mnt/backups",
    argument("url", metavar="URL", help="a folder, or e.g. s3:https://s3.example.com/bucket/folder; sftp:, b2:, rest:"),
    SERVICE,
    argument("--credentials", action="store_true", help="read NAME=VALUE lines, restic's names, on standard input"),
)
def to(url: str, service: str, credentials: bool) -> None:
    """Say where backups go; it is tried first, and a repository is made there where there is none."""
    owner = owner_of(service)
    new = Destination(destination.parse(url), destination.parse_credentials(read(PASTE)) if credentials else {})
    was_there = repository.meet(new)
    destination.save(owner, new)
    print(f"{service or 'every service'} is backed up to {new.url}" + (", where backups are already" * was_there))
    if "RESTIC_PASSWORD" not in new.environment:
        print(f" !     Keep a copy of {secret.PASSWORD} elsewhere: without it nobody can read them, you neither")


@command("backup:unset", "mooring backup:unset --service postgres.orders", SERVICE)
def unset(service: str) -> None:
    """Forget where backups go; the ones that are there stay."""
    owner = owner_of(service)
    if destination.look(owner) is None:
        die(f"{service or 'the server'} has no destination of its own", "`mooring backup:to URL` gives it one")
    general = destination.look(SERVER) if service else None
    planned = [subject for subject, _ in schedule.every()]
    stranded = [each for each in planned if (each == service if service else destination.look(each) is None)]
    if stranded and not general:
        kind, _, name = stranded[0].partition(".")
        die(f"{stranded[0]} is backed up there on time", f"`mooring {kind}:backup:unschedule {name}` first")
    destination.forget(owner)
    print(
        f"{service or 'a service without a place of its own'} is backed up to {general.url if general else 'nowhere'}"
    )


@command("backup:public", "mooring backup:public")
def public() -> None:
    """Print the public half of the key by which this server comes to sftp."""
    print(secret.public_key(), end="")


def owner_of(service: str) -> str:
    return str(services.load(ServiceName.parse(service)).name) if service else SERVER
