"""On which port an app is reached, where only what runs says so."""

from mooring.app.apps import App
from mooring.app.routing import WEB
from mooring.front import domains, tls
from mooring.host import systemd
from mooring.pipeline.journal import Log
from mooring.release import formation, releases
from mooring.release.formation import is_own
from mooring.release.process import Process
from mooring.release.releases import Release
from mooring.runtime import containers, preparation


def decided(record: Release, log: Log) -> Release:
    """With the port of each process that was found by asking; with a `web` that has yet to be started, where the CMD of
    an image that names no port answers HTTP."""
    for process in record.processes:
        port = found(record, process)
        if port is None:
            continue
        if is_own(process):
            record = as_web(record, process, port, log)
        elif process.ports:
            log.line(f"{process.name} answers HTTP on port {port}: that is where requests go")
            processes = tuple(
                each._replace(port=port, ports=()) if each.name == process.name else each for each in record.processes
            )
            record = releases.save(record.changed(processes=processes))
    return record


def found(record: Release, process: Process) -> int | None:
    """The port on which the first of a process was found to answer HTTP."""
    said = told(record, process, "port")
    return int(said) if said else None


def told(record: Release, process: Process, what: str) -> str:
    """What was found by asking the first of a process; empty where it was not."""
    first = next((each for each in record.containers if each.process == process.name), None)
    return str((containers.started(first) or {}).get(what, "")) if first else ""


def warn_of_https(record: Release, log: Log) -> None:
    """Say of a new app that sends everybody on to https that it has no certificate yet."""
    app = App(record.name.app)
    choices = app.choices()
    if (
        app.live is not None
        or "x-forwarded-proto" in choices.nginx
        or tls.is_safe(domains.primary(app, choices), choices)
    ):
        return
    remedy = (
        f"`mooring certs:auto {app.name} --email E` gets one, "
        f"or put a proxy with TLS before it (`mooring nginx:set {app.name} x-forwarded-proto https` says there is one)"
    )
    for process in record.processes:
        if told(record, process, "https"):
            log.warn(
                f"{process.name} sends on to https whoever asks by http, and {app.name} has no certificate: {remedy}"
            )


def as_web(record: Release, own: Process, port: int, log: Log) -> Release:
    """With the image's CMD as `web`, its containers stopped.

    Not where the app was a service before, or a person has spoken of its process: then nobody expects it on the web.
    """
    app = App(record.name.app)
    choices = app.choices()
    spoken = any(own.name in table for table in (choices.scale, choices.limits, choices.checks, choices.liveness))
    if app.live is not None or spoken:
        log.line(f"{own.name} answers HTTP on port {port}: `mooring ports:set {app.name} {port}` puts it on the web")
        return record
    log.line(f"no port is exposed, and it answers HTTP on port {port}: it is started again, as web")
    systemd.stop([each.unit for each in record.containers if each.process == own.name])
    processes = tuple(
        each._replace(name=WEB, port=port, heard=True) if each is own else each for each in record.processes
    )
    return preparation.place(record.changed(processes=formation.applied(processes, choices), placements=()))
