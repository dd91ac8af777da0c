"""The apps: processes that do not run, crash loops, limits that were hit, files that cannot be read."""

import contextlib
import time
from collections.abc import Iterator

from mooring.app import apps as every_app
from mooring.app.apps import App
from mooring.doctor import Finding
from mooring.front import domains
from mooring.host.names import ContainerName
from mooring.host.refusal import Refusal
from mooring.release import releases
from mooring.runtime import containers, processes
from mooring.runtime.processes import State

RECENT = 3600.0
"""Seconds for which a kill at a memory limit is worth a word."""


def apps() -> Iterator[Finding]:
    wanted: list[ContainerName] = []
    for app in every_app.every():
        try:
            wanted += expected(app)
        except (Refusal, ValueError, KeyError) as error:
            yield Finding(app.name, f"its files cannot be read: {error}", f"mend what is in {app.folder}")
    states = processes.states(wanted)
    for container in wanted:
        yield from about(container, states[container])


def expected(app: App) -> list[ContainerName]:
    """The containers that should run; none of an app that is stopped or disabled."""
    choices = app.choices()
    if app.live is None or choices.stopped or choices.disabled:
        return []
    return releases.load(app.live).containers


def about(container: ContainerName, state: State) -> Iterator[Finding]:
    app, process = container.release.app, container.label
    where = f"{app} {process}"
    end = containers.last_end(container)
    why = f": it {end.why}" if end else ""
    logs = f"`mooring logs {app} -p {process}` has its last lines"
    if state.loops:
        pause = f", and again after {state.pause}" if state.waits and state.pause else ""
        yield Finding(
            where, f"crash loop{why}; started {state.restarts} times{pause}", f"{logs}; `mooring rollback {app}`"
        )
    elif state.active in ("inactive", "failed", "deactivating", "unknown"):
        yield Finding(where, f"it does not run ({state.active}){why}", f"`mooring ps:start {app} {process}`; {logs}")
    elif end and "killed" in end.why and "at its" in end.why and time.time() - end.at < RECENT:
        more = f"`mooring ps:limit {app} {container.process} --memory …` gives it more"
        yield Finding(where, f"it {end.why} ({(time.time() - end.at) / 60:.0f} minutes ago)", more)


def host_names() -> Iterator[Finding]:
    """Those of two apps: no command gives one to a second, but a power cut can leave both of a rename."""
    owners: dict[str, list[str]] = {}
    for app in every_app.every():
        with contextlib.suppress(Refusal):
            choices = app.choices()
            for name in (*domains.among(app, choices), *choices.redirects):
                owners.setdefault(name, []).append(app.name)
    for name, found in owners.items():
        if len(found) > 1:
            remedy = "`mooring domains:remove` takes it from one, `mooring apps:destroy` removes one"
            yield Finding(name, f"it belongs to {' and '.join(found)}", remedy)


EXAMINATIONS = (apps, host_names)
