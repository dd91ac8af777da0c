"""Processes: `ps*`."""

import re
from typing import Any

from mooring.access.actor import actor
from mooring.app import apps, link, mount
from mooring.app.apps import App
from mooring.commands import APP, JSON, argument, command, limits
from mooring.commands.listing import moment, show
from mooring.host import names
from mooring.host.names import JOB, ONE_OFF, RELEASE_PHASE, ContainerName
from mooring.host.refusal import die
from mooring.pipeline import choice
from mooring.release import formation, releases
from mooring.release.process import Process
from mooring.runtime import processes

PROCESS = argument("process", metavar="PROCESS", nargs="?", default="", help="web, or web.1; all without it")
SWITCH = {"no": False, "false": False, "off": False, "yes": True, "true": True, "on": True, "": None}
COUNT = re.compile(r"([^=]*)=([0-9]{1,4})")


@command("ps", "mooring ps my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the processes of an app's live release, and what happened to them."""
    target = apps.find(app)
    containers = chosen(target, "")
    states = processes.states(containers)
    choices = target.choices()
    switched = "disabled" if choices.disabled else "stopped" if choices.stopped else ""
    record = releases.load(target.live) if target.live else None
    rows = []
    for container in containers:
        state = states[container]
        assert record is not None
        process = record.process(container.process)
        note = processes.note(container, state, process.limits)
        rows.append(
            {
                "process": container.label,
                "state": f"{state.active} ({state.sub})",
                "since": moment(state.since),
                "restarts": state.restarts,
                "release": f"v{container.release.number}",
                "address": record.address(container) + (f":{process.port}" if process.port else ""),
                "limits": processes.limits_for_people(process.limits),
                "overlap": process.overlaps,
                "note": switched if state.active == "inactive" and switched else loop_note(state, note),
            }
        )
    show(rows, as_json=json, empty=f"{app} runs nothing: it {'is scaled to 0' if record else 'was never deployed'}")


def loop_note(state: processes.State, note: str) -> str:
    return f"crash loop: {note}" if state.loops else note


@command(
    "ps:scale",
    "mooring ps:scale my-app web=2 worker=1",
    APP,
    argument("counts", metavar="PROCESS=COUNT", nargs="*", help="without any, show what runs"),
    JSON,
)
def scale(app: str, counts: list[str], json: bool) -> int:
    """Run so many of each process, as a release of its own so that no request is lost."""
    target = apps.find(app)
    known = processes_of(target)
    if not counts:
        rows = [
            {"process": each.name, "count": each.quantity, "chosen-by": chooser(target, each)}
            for each in known
            if each.name != RELEASE_PHASE
        ]
        show(rows, as_json=json, empty=f"{app} was never deployed: its first release runs one web")
        return 0
    wanted: dict[str, Any] = {}
    for word in counts:
        match = COUNT.fullmatch(word)
        if not match or match[1] in wanted:
            die(f"{word[:60]!r} is no count of a process", "PROCESS=COUNT, each once, e.g. web=2 worker=1")
        check_process(target, known, match[1], {RELEASE_PHASE, ONE_OFF, JOB})
        wanted[match[1]] = formation.quantity(match[1], int(match[2]))
    formation.check_total({each.name: each.quantity for each in known} | wanted)
    return choice.choose(target, "scale", wanted, "scale")


def chooser(app: App, process: Process) -> str:
    return "ps:scale" if process.name in app.choices().scale else "its source"


@command(
    "ps:limit",
    "mooring ps:limit my-app web --memory 256m --cpu 0.5",
    APP,
    argument("process", metavar="PROCESS", nargs="?", default="", help="web, worker, …; release, run and cron too"),
    argument("--memory", metavar="SIZE", default="", help="of each container, e.g. 256m or 2g; 0 for no limit"),
    argument("--cpu", metavar="CORES", default="", help="e.g. 0.5; 0 for no limit"),
    argument("--pids", metavar="N", default="", help="processes and threads; 0 for that of every container"),
    JSON,
)  # fmt: skip
def limit(app: str, process: str, memory: str, cpu: str, pids: str, json: bool) -> int:
    """Limit what each container of a process may use; without limits, show them."""
    target = apps.find(app)
    known = processes_of(target)
    given = {"memory": memory, "cpu": cpu, "pids": pids}
    if not any(given.values()):
        if process:
            check_process(target, known, process, set())
        limits.show(target, known, process, json)
        return 0
    if not process:
        die("no process is named", f"`mooring ps:limit {app} web --memory 256m`")
    check_process(target, known, process, set())
    changes = {kind: limits.parse(kind, word) for kind, word in given.items() if word}
    return choice.choose(target, "limits", {process: lambda now: choice.merged(now or {}, changes)}, "limit")


@command(
    "ps:set",
    "mooring ps:set my-app web overlap=no",
    APP,
    argument("process", metavar="PROCESS", help="e.g. web"),
    argument("pair", metavar="overlap=no|yes", help="whether it may run beside that of the release before it; "
             "`overlap=` is as app.json says"),
)  # fmt: skip
def set_(app: str, process: str, pair: str) -> None:
    """Say whether a process may run beside that of the release before it, from the next release on."""
    target = apps.find(app)
    check_process(target, processes_of(target), process, {RELEASE_PHASE, ONE_OFF, JOB})
    key, equals, word = pair.partition("=")
    if key != "overlap" or not equals or word.lower() not in SWITCH:
        die(f"{pair[:60]!r} is nothing that can be set", f"`mooring ps:set {app} {process} overlap=no`, or yes")
    target.choose(overlap=lambda now: choice.merged(now, {process: SWITCH[word.lower()]}))
    does = {
        False: f"{process} may run only once at a time: it is stopped before that of the next release is started",
        True: f"{process} is started beside that of the release before it",
        None: f"{process} is as app.json says",
    }
    print(f"{does[SWITCH[word.lower()]]}, from the next release on")


@command("ps:restart", "mooring ps:restart my-app", APP, PROCESS)
def restart(app: str, process: str) -> int:
    """Restart an app, as a release of its own so that no request is lost; or some of it, one by one, in place."""
    target = apps.find(app)
    if not process:
        from mooring.pipeline import deployment

        return deployment.launch(target, "restart", actor())
    apps.refuse_disabled(target)
    for container in running(target, process):
        run_units("restart", target, [container])
    return 0


@command("ps:stop", "mooring ps:stop my-app", APP, PROCESS)
def stop(app: str, process: str) -> int:
    """Stop an app until `ps:start` or the next deploy; or one process until it is started again."""
    target = apps.find(app)
    units = running(target, process)
    if not process:
        target.choose(stopped=True)
    return run_units("stop", target, units)


@command("ps:start", "mooring ps:start my-app", APP, PROCESS)
def start(app: str, process: str) -> int:
    """Start what was stopped, with what was chosen for it meanwhile."""
    target = apps.find(app)
    apps.refuse_disabled(target)
    units = running(target, process)
    if process:
        return run_units("start", target, units)
    assert target.live is not None
    record = releases.load(target.live)
    configured = releases.config(record.name) != link.merged(target)
    if configured or processes_of(target) != record.processes or mount.of(target.choices()) != record.mounts:
        from mooring.pipeline import deployment

        return deployment.launch(target, "config" if configured else "scale", actor())
    target.choose(stopped=None)
    return run_units("start", target, units)


def processes_of(app: App) -> tuple[Process, ...]:
    """The live release's processes, as the next release has them; none of an app that was never deployed."""
    if app.live is None:
        return ()
    return formation.applied(releases.load(app.live).processes, app.choices(), formation.chosen_port(app.config()))


def check_process(app: App, known: tuple[Process, ...], name: str, refused: set[str]) -> None:
    """Raise Refusal for a name that no process of the app has; before the first release, any may come."""
    there = ", ".join(each.name for each in known if each.name not in refused) or "nothing"
    if name in refused or not names.PROCESS.fullmatch(name):
        die(f"{name[:60]!r} is no process that can be scaled", f"{app.name} has {there}, e.g. web=2")
    if known and name not in {ONE_OFF, JOB, *(each.name for each in known)}:
        die(f"{app.name} has no process {name[:60]!r}", f"it has {there}")


def chosen(app: App, process: str) -> list[ContainerName]:
    """The live release's containers that PROCESS names; raise Refusal if it names none."""
    containers = releases.load(app.live).containers if app.live else []
    if not process:
        return containers
    found = [each for each in containers if process in (each.process, each.label)]
    if not found:
        there = ", ".join(each.label for each in containers) or "nothing"
        die(f"{app.name} runs no {process[:60]!r}", f"it runs {there}")
    return found


def running(app: App, process: str) -> list[ContainerName]:
    """`chosen`, of an app that was deployed; raise Refusal for one that was not."""
    if app.live is None:
        die(f"{app.name} was never deployed", f"`git push mooring@HOST:{app.name} main`")
    found = chosen(app, process)
    if not found:
        die(f"{app.name} v{app.live.number} has no process", f"`mooring ps:scale {app.name} web=1` runs one")
    return found


def run_units(verb: str, app: App, containers: list[ContainerName]) -> int:
    """systemctl VERB on the units of the processes; return the exit status."""
    from mooring.front import nginx
    from mooring.host.program import ProgramError, run

    try:
        run("systemctl", verb, *[each.unit for each in containers])
    except ProgramError:
        die(f"{app.name} did not {verb}", f"`mooring logs {app.name}`, `systemctl status 'mooring-app@{app.name}.*'`")
    if verb == "restart":
        # nginx passes over for seconds what did not answer it; the next one's turn must not come meanwhile.
        with nginx.locked():
            nginx.reload()
    done = {"restart": "restarted", "stop": "stopped", "start": "started"}[verb]
    print(f"{', '.join(each.label for each in containers)} {done}", flush=True)
    return 0
