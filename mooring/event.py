"""Who did what when: each change is one entry of the journal, and what webhooks tell of.

Fields: MOORING_EVENT (`config:set`, `deploy:live`), MOORING_ACTOR, MOORING_APP, MOORING_RESULT, MOORING_DETAILS (JSON).
Never a config var's value, nor anything else that may be secret: a command notes by itself what may be told.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mooring.release import Release

IDENTIFIER = "mooring/event"
READING = frozenset({"info", "get", "list", "show", "export", "report", "logs", "failed", "public", "test", "keys"})
"""The verbs of commands that change nothing: `config:get`."""
DOING = frozenset({"rebuild", "rollback", "deploy", "run", "enter", "exec", "cleanup"})
"""The words without a verb that do something."""
TELLABLE = ("process", "counts", "wanted", "number", "name", "who", "new", "tag", "branch", "user", "domain", "path")
"""The arguments that may be told as they were typed: none of them can be secret."""
GROUPS = {
    **dict.fromkeys(("deploy:allow", "deploy:revoke", "developer:allow", "developer:revoke"), "access"),
    "deploys:cancel": "deploy",
}
"""The groups of those that are not called by them."""


class Event(NamedTuple):
    """One change. `status` is ok or failed; of a release how it ended. `time` is in seconds since the epoch."""

    name: str
    actor: str
    app: str = ""
    release: int = 0
    status: str = "ok"
    details: Mapping[str, Any] = {}
    time: float = 0

    @property
    def group(self) -> str:
        """What `hooks:add --events` names: the event's first word, but `access` for who may do what."""
        return GROUPS.get(self.name, self.name.partition(":")[0])

    @property
    def text(self) -> str:
        """The event as a line for people."""
        what = " ".join(filter(None, (self.name, self.app, f"v{self.release}" if self.release else "")))
        details = ", ".join(f"{key} {_word(value)}" for key, value in self.details.items() if value not in ("", [], {}))
        end = " failed" if self.status == "failed" and not self.name.startswith("deploy:") else ""
        return f"{self.actor}: {what}{end}" + (f" ({details})" if details else "")


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={each}" for key, each in value.items())
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def write(event: Event) -> None:
    """Put the event into the journal, and hand it to the webhooks of its app."""
    from systemd import journal

    event = event._replace(time=event.time or time.time())
    optional = {"MOORING_APP": event.app, "MOORING_RELEASE": f"{event.app}.{event.release}" if event.release else ""}
    journal.send(
        event.text,
        SYSLOG_IDENTIFIER=IDENTIFIER,
        MOORING_EVENT=event.name,
        MOORING_ACTOR=event.actor,
        MOORING_RESULT=event.status,
        MOORING_DETAILS=json.dumps(event.details, ensure_ascii=False),
        **{name: value for name, value in optional.items() if value},
    )
    try:
        from mooring import hook

        hook.tell(event)
    except OSError as error:
        # What happened has happened: a full disk that keeps a webhook from being told does not undo it.
        journal.send(f"the webhooks of {event.app} are not told: {error}", SYSLOG_IDENTIFIER=IDENTIFIER, PRIORITY="4")


def ended(record: "Release") -> None:
    """Tell how a release ended."""
    ended = record.times.get("ended", time.time())
    details = {
        "kind": record.kind,
        "commit": record.commit,
        "branch": record.branch,
        "reason": record.reason,
        "seconds": round(ended - record.created, 1),
    }
    name = record.name
    write(Event(f"deploy:{record.status}", record.actor, name.app, name.number, record.status, details, ended))


class UnderWay:
    """The command that this process runs, and what it has noted so far."""

    def __init__(self, name: str, apps: list[str], details: dict[str, Any]) -> None:
        self.name = name
        self.apps = apps
        self.details = details
        self.noted = False
        self.told = False

    def tell(self, status: str) -> None:
        from mooring.actor import actor

        if not self.told:
            self.told = True
            for app in self.apps or [""]:
                write(Event(self.name, actor(), app, status=status, details=self.details))


_under_way: UnderWay | None = None


def note(*, app: str = "", **details: Any) -> None:
    """A command has made its change: these details may be told. `app` is what the app is called now."""
    if _under_way:
        _under_way.noted = True
        _under_way.details.update(details)
        _under_way.apps = [app] if app else _under_way.apps


def nothing_changed() -> None:
    """The command that runs turned out to change nothing: there is nothing to tell."""
    if _under_way:
        _under_way.told = True


def tell_now() -> None:
    """Tell of the command that runs before it does what takes its app's webhooks away."""
    if _under_way:
        _under_way.tell("ok")


def changes(command: str, arguments: dict[str, Any]) -> bool:
    """Whether a command changes something: by its verb, or because more is said than whose list to print."""
    group, colon, verb = command.partition(":")
    if verb in READING or not (colon or group in DOING):
        return False
    return "json" not in arguments or any(value for name, value in arguments.items() if name not in ("app", "json"))


def observed(command: str, arguments: dict[str, Any], run: Callable[..., int | None]) -> int:
    """Run a command and, if it changes something, tell of it: how it ended, or that it was stopped half-way."""
    global _under_way
    if not changes(command, arguments):
        return run(**arguments) or 0
    app = arguments.get("app")
    apps = [app] if isinstance(app, str) else arguments.get("apps") or []
    details = {name: arguments[name] for name in TELLABLE if arguments.get(name)}
    _under_way = UnderWay(command, [each for each in apps if isinstance(each, str)], details)
    try:
        status = run(**arguments) or 0
    except BaseException:
        # Refused before anything changed, unless it has noted a change.
        if _under_way.noted:
            _under_way.tell("failed")
        raise
    _under_way.tell("failed" if status else "ok")
    return status
