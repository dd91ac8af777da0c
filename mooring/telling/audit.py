"""Who did what: the command that this process runs is an event, if it changes something.

Never a config var's value, nor anything else that may be secret: a command notes by itself what may be told.
"""

from collections.abc import Callable
from typing import Any

from mooring.telling import announcement
from mooring.telling.event import Event

READING = frozenset(
    {
        "info",
        "get",
        "list",
        "show",
        "export",
        "report",
        "logs",
        "failed",
        "public",
        "test",
        "keys",
        "links",
        "backup:list",
    }
)
"""The verbs of commands that change nothing: `config:get`."""
DOING = frozenset({"rebuild", "rollback", "deploy", "run", "enter", "exec", "cleanup"})
"""The words without a verb that do something."""
TELLABLE = (
    "process",
    "counts",
    "wanted",
    "number",
    "name",
    "who",
    "new",
    "tag",
    "branch",
    "user",
    "domain",
    "path",
    "volume",
)
"""The arguments that may be told as they were typed: none of them can be secret."""


class UnderWay:
    """The command that this process runs, and what it has noted so far."""

    def __init__(self, name: str, apps: list[str], details: dict[str, Any]) -> None:
        self.name = name
        self.apps = apps
        self.details = details
        self.noted = False
        self.told = False

    def tell(self, status: str) -> None:
        from mooring.access.actor import actor

        if not self.told:
            self.told = True
            for app in self.apps or [""]:
                announcement.announce(Event(self.name, actor(), app, status=status, details=self.details))


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
