"""Processes: `ps*`."""

import time

from mooring import app as apps
from mooring import release
from mooring.actor import actor
from mooring.app import App
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import moment, show
from mooring.names import ContainerName
from mooring.refusal import die

PROCESS = argument("process", metavar="PROCESS", nargs="?", default="", help="web, or web.1; all without it")
SHOWN = ("Id", "ActiveState", "SubState", "NRestarts", "StateChangeTimestampMonotonic")


@command("ps", "mooring ps my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the processes of an app's live release."""
    target = apps.find(app)
    containers = chosen(target, "")
    states = state_of([each.unit for each in containers])
    record = release.load(target.live) if target.live else None
    rows = []
    for container in containers:
        state = states.get(container.unit, {})
        assert record is not None
        port = record.process(container.process).port
        rows.append(
            {
                "process": f"{container.process}.{container.index}",
                "state": f"{state.get('ActiveState', 'unknown')} ({state.get('SubState', '')})",
                "since": since(state),
                "restarts": int(state.get("NRestarts") or 0),
                "release": f"v{container.release.number}",
                "address": record.address(container) + (f":{port}" if port else ""),
            }
        )
    show(rows, as_json=json, empty=f"{app} runs nothing: it was never deployed")


@command("ps:restart", "mooring ps:restart my-app", APP, PROCESS)
def restart(app: str, process: str) -> int:
    """Restart an app, as a release of its own so that no request is lost; or one process, in place."""
    target = apps.find(app)
    if not process:
        from mooring import deploying

        return deploying.launch(target, "restart", actor())
    return run_units("restart", target, running(target, process))


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
    """Start what was stopped."""
    target = apps.find(app)
    units = running(target, process)
    if not process:
        target.choose(stopped=None)
    return run_units("start", target, units)


def chosen(app: App, process: str) -> list[ContainerName]:
    """The live release's containers that PROCESS names; raise Refusal if it names none."""
    containers = release.load(app.live).containers if app.live else []
    if not process:
        return containers
    found = [each for each in containers if process in (each.process, f"{each.process}.{each.index}")]
    if not found:
        there = ", ".join(f"{each.process}.{each.index}" for each in containers) or "nothing"
        die(f"{app.name} runs no {process[:60]!r}", f"it runs {there}")
    return found


def running(app: App, process: str) -> list[ContainerName]:
    """`chosen`, of an app that was deployed; raise Refusal for one that was not."""
    if app.live is None:
        die(f"{app.name} was never deployed", f"`git push mooring@HOST:{app.name} main`")
    found = chosen(app, process)
    if not found:
        die(f"{app.name} v{app.live.number} has no process", "its app.json scales every process to 0")
    return found


def run_units(verb: str, app: App, containers: list[ContainerName]) -> int:
    """systemctl VERB on the units of the processes; return the exit status."""
    from mooring.program import ProgramError, run

    try:
        run("systemctl", verb, *[each.unit for each in containers])
    except ProgramError:
        die(f"{app.name} did not {verb}", f"`mooring logs {app.name}`, `systemctl status 'mooring-app@{app.name}.*'`")
    done = {"restart": "restarted", "stop": "stopped", "start": "started"}[verb]
    print(f"{', '.join(f'{each.process}.{each.index}' for each in containers)} {done}")
    return 0


def since(state: dict[str, str]) -> str:
    """When the unit's state last changed; systemd's own way to write a time depends on its version."""
    monotonic = int(state.get("StateChangeTimestampMonotonic") or 0) / 1e6
    return moment(time.time() - time.monotonic() + monotonic) if monotonic else ""


def state_of(units: list[str]) -> dict[str, dict[str, str]]:
    """What systemd says of each unit (systemctl(1), show)."""
    import subprocess

    if not units:
        return {}
    text = subprocess.run(
        ["systemctl", "show", f"--property={','.join(SHOWN)}", *units], capture_output=True, text=True, check=False
    ).stdout
    blocks = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in text.split("\n\n")]
    return {block["Id"]: block for block in blocks if "Id" in block}
