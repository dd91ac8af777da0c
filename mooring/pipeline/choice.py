"""Bringing what an operator chose for an app into force: by a release, or later."""

from typing import Any

from mooring.access.actor import actor
from mooring.app.apps import App
from mooring.app.choices import Choices
from mooring.telling import audit


def merged(table: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any] | None:
    """A table of app.toml with these keys changed; None takes one out, and what is left empty is no choice.

    A function is given what the key has, and returns what it becomes.
    """
    changed = {key: change(table.get(key)) if callable(change) else change for key, change in changes.items()}
    return {key: value for key, value in {**table, **changed}.items() if value is not None} or None


def choose(app: App, name: str, changes: dict[str, Any], kind: str) -> int:
    """Change keys of one table of app.toml, and release that; what does not become live is taken back.

    `kind` is that of the release. Returns the exit status.
    """
    choices = app.choices()
    table: dict[str, Any] = getattr(choices, name)
    if merged(table, changes) == (table or None):
        audit.nothing_changed()
        print(f"nothing changed: {app.name} has it so already, and no release is made")
        return 0
    app.choose(**{name: lambda now: merged(now, changes)})
    if later := when(app, choices):
        print(f"{app.name} keeps it for {later}")
        return 0
    from mooring.pipeline import deployment

    before = {key: table.get(key) for key in changes}
    try:
        status = deployment.launch(app, kind, actor(), to_the_end=True)
    except BaseException:
        app.choose(**{name: lambda now: merged(now, before)})
        raise
    if status:
        app.choose(**{name: lambda now: merged(now, before)})
        print(f" !     The change is taken back: {app.name} is as it was.", flush=True)
    return status


def when(app: App, choices: Choices) -> str:
    """When a choice comes into force that cannot now; empty where it can."""
    if app.live is None:
        return "the first release"
    if choices.disabled:
        return f"when it is enabled: `mooring apps:enable {app.name}`"
    return f"when it is started: `mooring ps:start {app.name}`" if choices.stopped else ""
