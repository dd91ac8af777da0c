"""Bringing what an operator chose of an app's routing into force, or leaving all as it was."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mooring.access.actor import actor
from mooring.app import routing
from mooring.app.apps import App
from mooring.front import domains, vhost
from mooring.host import files, paths
from mooring.host.refusal import die
from mooring.release import releases

Text = str | None | Callable[[str | None], str]
"""A file's text, None to remove it, or what makes it of the one that is there."""


def refuse_missing(app: App, process: str) -> None:
    """Raise Refusal if requests cannot be sent to the process: the live release has none, or it is scaled to 0."""
    if process == routing.WEB or app.live is None:
        return
    names = [each.name for each in releases.load(app.live).processes]
    if process not in names:
        die(
            f"{app.name} v{app.live.number} has no process {process}",
            f"it has {', '.join(names)}; a line of the Procfile makes one, then push",
        )
    if app.choices().scale.get(process) == 0:
        die(f"{process} of {app.name} is scaled to 0", f"`mooring ps:scale {app.name} {process}=1` first")


def change(
    app: App,
    what: str,
    done: str = "",
    *,
    claimed: Sequence[str] = (),
    texts: Mapping[str, Text] | None = None,
    **choices: Any,
) -> int:
    """Write choices, and files for nginx, and bring them into force; return the exit status.

    `done` is said where that goes well. Where it does not, they are as they were, which is said of `what`. Raises
    Refusal, before anything is written, if one of the host names in `claimed` is another app's.
    """
    # One change of an app at a time: each is told how its own ended.
    with files.locked(app.releases):
        status = _change(app, what, claimed, texts or {}, choices)
    if done and not status:
        print(done, flush=True)
    return status


def _change(app: App, what: str, claimed: Sequence[str], texts: Mapping[str, Text], choices: Mapping[str, Any]) -> int:
    before = app.choices()
    chosen = {name: getattr(before, name) or None for name in choices}
    kept = {name: vhost.read(app, name) for name in texts}
    with files.locked(paths.APPS):
        if claimed:
            domains.refuse_taken(list(claimed), app)
        write(app, {name: text(kept[name]) if callable(text) else text for name, text in texts.items()}, choices)
    try:
        status = bring(app)
    except BaseException:
        write(app, kept, chosen)
        raise
    if status:
        write(app, kept, chosen)
        print(f" !     As before: {what}.", flush=True)
    elif app.live is None:
        print(f"-----> Kept for the first deploy of {app.name}", flush=True)
    return status


def write(app: App, texts: Mapping[str, str | None], choices: Mapping[str, Any]) -> None:
    for name, text in texts.items():
        vhost.write(app, name, text)
    if choices:
        app.choose(**choices)


def bring(app: App) -> int:
    """Let nginx go by the choices; with a release of its own where a process is not reached yet that now has to be.

    Returns the exit status.
    """
    from mooring.pipeline import deployment

    choices = app.choices()
    if app.live is None:
        return 0
    record = releases.load(app.live)
    running = {each.process for each in record.placements}
    starting = [
        each.name
        for each in record.processes
        if each.name in routing.processes(choices)
        and not (each.port and each.name in running)
        and choices.scale.get(each.name) != 0
    ]
    if not starting or choices.stopped or choices.disabled:
        return deployment.reroute(app)
    print(f"-----> {', '.join(starting)} has to listen on PORT from now on: releasing that", flush=True)
    return deployment.launch(app, "routing", actor(), to_the_end=True)
