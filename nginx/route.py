"""The route stage: requests reach the new release. The rename of `live` is where it becomes the truth.

    python -m nginx.route my-app.42

Run for the release that is live already, it brings a change of the app's domains, routes or settings into force.
"""

import time

from mooring.app import routing
from mooring.app.apps import App
from mooring.certificate import automatic
from mooring.cron import jobs
from mooring.front import domains, nginx, site, tls
from mooring.host import files, settings, systemd
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal
from mooring.pipeline import phase, stage, standstill
from mooring.pipeline.journal import Log
from mooring.release import releases
from mooring.release.formation import is_own
from mooring.release.releases import Release
from mooring.telling import announcement

PATIENCE = 20.0
"""Seconds that the first release of an app may wait for its certificate, where nothing is known to be wrong with it."""


def work(name: ReleaseName, log: Log) -> None:
    app = App(name.app)
    if app.live is None:
        wait_for_certificate(app)
    with nginx.locked():
        record = releases.load(name)
        # One that was interrupted when it was live already goes on.
        under_way = "ended" not in record.times
        if not under_way and app.live:
            # A change of domains, while a later release may have become live.
            record = releases.load(app.live)
        text = site.checked(record)
        swap(app, record.name, text)
    if under_way:
        record = record.changed(status="live").at("routed")
        if app.choices().stopped:
            app.choose(stopped=None)
        if record.phases(*phase.AFTER):
            record = phase.run_after(releases.save(record), log)
        record = releases.save(record.at("ended"))
        log.end("live", *announce(app, record))
        # Whoever pushed knows by now.
        announcement.ended(record)
        if jobs.concern(app, record):
            systemd.start([f"mooring-timers@{app.name}.service"], "--no-block", verb="restart")
    else:
        log.end("live", f"-----> {app.name} v{name.number} is routed again")
    if any(automatic.load(each).due <= time.time() for each in tls.wanted(app, app.choices(), settings.load())):
        automatic.wake()


def wait_for_certificate(app: App) -> None:
    """Give the first certificate of a new app a moment: it was asked for when the app was made."""
    choices = app.choices()
    first = domains.primary(app, choices)
    if first not in tls.wanted(app, choices, settings.load()):
        return
    automatic.wake()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        state = automatic.load(first)
        if state.stored or state.problem not in ("", automatic.CUT_OFF):
            return
        time.sleep(0.1)


def swap(app: App, name: ReleaseName, text: str) -> None:
    """Make the release live with `text` as its site; everything is as it was if nginx does not go along."""
    file = releases.folder(name) / "nginx.conf"
    before, served = app.live, file.read_text() if file.exists() else None
    files.write(file, text, mode=0o600)
    files.point(app.live_link, f"releases/{name.number}")
    try:
        nginx.reload()
    except Refusal:
        if served is not None:
            files.write(file, served, mode=0o600)
        if before is None:
            app.live_link.unlink()
        elif before != name:
            files.point(app.live_link, f"releases/{before.number}")
        raise


def announce(app: App, record: Release) -> list[str]:
    """The last lines of a deploy: the release, how long it took, and where it answers."""
    lines = [
        f"=====> {app.name} v{record.name.number} is live ({time.time() - record.created:.1f} s)",
        *standstill.told(record),
    ]
    runs = {each.process for each in record.placements}
    lines[:0] = [
        f" !     {app.name} has a domain or a route for {name}, and v{record.name.number} "
        + ("runs none of it" if any(each.name == name for each in record.processes) else "has no such process")
        for name in sorted(routing.processes(app.choices()) - runs)
    ]
    if any(process.port for process in record.processes) and not any(p.port and p.quantity for p in record.processes):
        return [*lines, f"       No web process runs: `mooring ps:scale {app.name} web=1` runs one."]
    if not any(process.port and process.quantity for process in record.processes):
        lines.append("       It has no process web: a service-only app, it gets no URL.")
        remedy = f"`mooring ports:set {app.name} PORT`" if any(map(is_own, record.processes)) else "a line `web:`"
        return [*lines, f"       If it answers HTTP: EXPOSE its port, let it listen on $PORT, or {remedy}."]
    url = tls.url(app)
    return [*lines, f"       {url}" if url else "       It has no domain: `mooring domains:add` gives it one."]


if __name__ == "__main__":
    stage.main("route", "retire", work, after="launch")
