"""Make and start the container of one process of a release; ExecStartPre of what is not waited for to be ready.

python -m units.app.start my-app.42.run.1234
"""

import os
import sys
from typing import NoReturn

from mooring.app import link
from mooring.app.apps import App
from mooring.host import settings
from mooring.host.names import ONE_OFF, ContainerName
from mooring.host.refusal import Refusal, die
from mooring.release import releases
from mooring.release.process import Process
from mooring.release.releases import Release
from mooring.runtime import containers, engine, environment, mounts, networks, one_off, shell


def start(container: ContainerName) -> None:
    record = releases.load(container.release)
    if record.status not in releases.ACTIVE:
        die(
            f"{container.release} is {record.status}",
            f"`mooring rollback {record.name.app} {record.name.number}` runs it again",
        )
    if any(each.name == container.process and not each.overlaps for each in record.processes):
        refuse_second(container)
    await_services(App(record.name.app))
    try:
        identity, pid = run(record, container)
    except engine.EngineError as error:
        if error.status != engine.NOT_FOUND:
            raise
        # The app's network is gone (or the image is: then the second try says so).
        networks.ensure(record.name.app, settings.load().network_pool, record.subnet)
        identity, pid = run(record, container)
    watched = {"once": "yes"} if container.runs_once else to_watch(record.process(container.process), pid)
    containers.remember(container, identity, pid, **watched)


def refuse_second(container: ContainerName) -> None:
    """Raise Refusal where the process runs in another release: it may run only once at a time."""
    for each in map(ContainerName.parse, engine.running(container.release.app)):
        if each.process == container.process and each.release != container.release:
            die(f"{each.label} of v{each.release.number} runs still, and {each.process} may run only once at a time")


def await_services(app: App) -> None:
    """Wait until the services that an app links answer: at boot they start along with it.

    One that does not, or was told to stop, is none of its concern: it starts without.
    """
    for each in link.of_app(app).values():
        # Imported where it is used: most apps link nothing, and each start pays for imports.
        from mooring.host import systemd
        from mooring.service import services

        started = containers.started(each.service)
        if not (started and "ready" in started) and (service := services.look(each.service)) and not service.stopped:
            systemd.start([each.service.unit])


def to_watch(process: Process, pid: int) -> dict[str, str]:
    """What the waiter looks at: the files in which the kernel counts hits of a limit, and for a liveness check."""
    if not (process.watch or process.limits.memory or process.limits.pids):
        return {}
    from mooring.release.formation import size
    from mooring.runtime import cgroup

    try:
        of = cgroup.folders(pid)
    except FileNotFoundError:
        return {}
    return {
        **({"liveness": "units.app.alive"} if process.watch else {}),
        **(
            {"memory": str(cgroup.kills(of).path), "size": size(process.limits.memory)} if process.limits.memory else {}
        ),
        **({"pids": str(cgroup.refusals(of).path)} if process.limits.pids else {}),
    }


def pace(container: ContainerName) -> None:
    """Slow a crash loop down where systemd does not: install.sh says so, before its version 254 has RestartSteps=."""
    if containers.last_end(container):
        pace_unit(container.unit)


def pace_unit(unit: str) -> None:
    if "MOORING_PACE" not in os.environ:
        return
    import subprocess
    import time

    argv = ["systemctl", "show", "--property=NRestarts", "--value", unit]
    restarts = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()
    time.sleep(pause(int(restarts or 0)))


def pause(restarts: int) -> int:
    """Seconds before so-many-th restart in a row: none before the first, then 1, 2, 4 … 60."""
    return min(60, 1 << min(restarts - 2, 6)) if restarts > 1 else 0


def run(record: Release, container: ContainerName) -> tuple[str, int]:
    """Make and start the container; return its id and the process id of its first process."""
    if container.process == ONE_OFF:
        process = one_off.process_of(container)
        command: list[str] | None = one_off.argv(record, one_off.command_of(container))
        address = one_off.free_address(record)
    elif container.job:
        process = one_off.process_of(container)
        command = command_of_job(record, container, environment.of(record, container, process))
        address = one_off.free_address(record)
    else:
        process = record.process(container.process)
        command = command_of(record, process, environment.of(record, container, process))
        address = record.address(container)
    identity = engine.create(
        container,
        image=record.name.image,
        command=command,
        environment=environment.of(record, container, process),
        address=address,
        stop_timeout=settings.load().stop_timeout,
        limits=process.limits,
        mounts=mounts.of(record, container.process),
    )
    return identity, engine.start(identity)


def command_of(record: Release, process: Process, environment: dict[str, str]) -> list[str] | None:
    """What a process is started by: its line of the Procfile; None for the image's own CMD."""
    if process.command is None:
        return None
    if not record.entrypoint:
        return shell.argv(record.shell, process.command)
    if "$" in process.command:
        image = engine.ask("GET", f"/images/{record.name.image}/json")["Config"].get("Env") or []
        environment = dict(each.split("=", 1) for each in image if "=" in each) | environment
    return shell.for_entrypoint(record.entrypoint, record.shell, process.command, environment)


def command_of_job(record: Release, container: ContainerName, environment: dict[str, str]) -> list[str] | None:
    """What a job's run is started by: its command as a line of the Procfile, or the line that it names.

    Where it takes no shell it is given none: the image may have none.
    """
    from mooring.cron import jobs

    line = jobs.pick(App(container.release.app), container.job).command
    line = next((each.command for each in record.processes if each.name == line and each.command), line)
    if not record.entrypoint and "$" not in line and (words := shell.words(line, {})):
        return words
    return command_of(record, Process(container.process, command=line), environment)


def start_or_say_why(container: ContainerName) -> None:
    """Start it, or end with the reason why not."""
    try:
        start(container)
    except Refusal as refusal:
        leave_reason(container, str(refusal))
    except Exception as error:
        from units.app import ending

        said = str(error) or type(error).__name__
        leave_reason(container, ending.no_room(said, "ps:limit") or f"Docker could not start it: {said}")


def leave_reason(container: ContainerName, reason: str) -> NoReturn:
    """End with the reason: in the journal, and where the launch stage finds it."""
    containers.REASONS.mkdir(parents=True, exist_ok=True)
    containers.reason_of(container).write_text(reason + "\n")
    sys.exit(reason)


if __name__ == "__main__":
    os.umask(0o022)
    start_or_say_why(ContainerName.parse(sys.argv[1]))
