"""What a source tree says of how its image is run: Procfile, app.json, EXPOSE."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mooring.app import app_json, checks, procfile
from mooring.app.checks import Check
from mooring.host import files
from mooring.host.names import RELEASE_PHASE
from mooring.host.refusal import die
from mooring.release.formation import MOST, check_total
from mooring.release.process import DEFAULT_PORT, Process

NO_CHECK = Check()
PREFERRED_PORTS = (80, 8080, 5000)


class Results(NamedTuple):
    """What buildpacks say: the processes where there is no Procfile, and config vars for where the app sets none."""

    buildpacks: tuple[str, ...] = ()
    processes: Mapping[str, str] = {}
    config: Mapping[str, str] = {}


class Said(NamedTuple):
    """What a source tree says: the Procfile's commands, checks by process, and how many of each process."""

    commands: dict[str, str]
    startup: dict[str, Check]
    formation: dict[str, int]
    liveness: Mapping[str, Check] = {}


def port_of(exposed: list[str]) -> int | None:
    """The port that requests go to, of an image's ExposedPorts ("80/tcp"): 80, 8080 or 5000, else the lowest."""
    ports = sorted(int(number) for number, _, kind in (each.partition("/") for each in exposed) if kind != "udp")
    return next((port for port in PREFERRED_PORTS if port in ports), ports[0] if ports else None)


def processes(
    commands: Mapping[str, str],
    exposed: list[str],
    startup: Mapping[str, Check],
    formation: Mapping[str, int],
    default: Check,
) -> tuple[Process, ...]:
    """The processes of a release.

    `commands` are the Procfile's; without one the image's CMD is the process: `web` where a port is exposed,
    else `worker`, which nothing connects to. One `web` runs, and of the others as many as `formation` says:
    none, or one where there is no web. Of `release` none runs: it is the release phase. `default`, the image's own
    check, is that of its CMD and of `web` where `startup` does not name them: it says nothing of the Procfile's other
    commands.
    """
    port = port_of(exposed)
    found: dict[str, str | None] = {name: command for name, command in commands.items() if name != RELEASE_PHASE}
    phase = [Process(RELEASE_PHASE, 0, commands[RELEASE_PHASE])] if RELEASE_PHASE in commands else []
    if not found or ("web" not in found and port is not None):
        found = {("web" if port is not None else "worker"): None, **found}
    idle = 0 if "web" in found else 1
    return tuple(
        Process(
            name,
            quantity=formation.get(name, 1 if name == "web" else idle),
            command=command,
            port=(port or DEFAULT_PORT) if name == "web" else None,
            check=startup.get(name, default if name == "web" or command is None else Check()),
        )
        for name, command in found.items()
    ) + tuple(phase)


def strangers(said: Said, processes: tuple[Process, ...]) -> list[str]:
    """What is told of processes that app.json names and the app has not, one line for each of its keys."""
    known = {each.name for each in processes}
    named = {"formation": {*said.formation}, "healthchecks": {*said.startup, *said.liveness}}
    return [
        f"app.json: {key} names {app_json.some(names - known)}, and the app has {', '.join(sorted(known))} only"
        for key, names in named.items()
        if names - known
    ]


def watched(processes: tuple[Process, ...], liveness: Mapping[str, Check]) -> tuple[Process, ...]:
    """The processes with their liveness checks; raise Refusal for one that would ask nothing."""
    for process in processes:
        check = liveness.get(process.name)
        if check and check.kind != "command" and not (check.port or process.port):
            die(
                f"app.json: the liveness check of {process.name} has no port to ask",
                'nothing connects to it: give it a "port" of its own, or a "command"',
            )
    return tuple(each._replace(liveness=liveness.get(each.name)) for each in processes)


def image_check(healthcheck: Mapping[str, Any]) -> Check:
    """The check that an image's HEALTHCHECK (Engine API, HealthConfig: nanoseconds, 0 for Docker's default) asks for.

    It has as long as Docker itself takes to call the container unhealthy.
    """
    if (healthcheck.get("Test") or ["NONE"])[0] == "NONE":
        return Check()
    interval = (healthcheck.get("Interval") or 30e9) / 1e9
    timeout = (healthcheck.get("Timeout") or 30e9) / 1e9
    start = healthcheck.get("StartPeriod", 0) / 1e9
    return Check(kind="image", budget=start + (healthcheck.get("Retries") or 3) * (interval + timeout))


def formation_of(said: Mapping[str, Any]) -> dict[str, int]:
    """How many of each process app.json's `formation` asks for; raise Refusal for what is no number."""
    table = said.get("formation", {})
    counts = {}
    for name, entry in table.items() if isinstance(table, dict) else ():
        quantity = entry.get("quantity", 1) if isinstance(entry, dict) else entry
        if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 <= quantity <= MOST:
            die(f"app.json: formation.{name} is {quantity!r}", f'{{"quantity": 1}}, from 0 to {MOST}')
        counts[name] = quantity
    check_total(counts)
    return counts


def read(folder: Path, tree: Path | None = None) -> Said:
    """What the folder that is built, of a repository `tree`, says; raise Refusal for a file that is wrong."""
    tree = tree or folder
    try:
        commands = procfile.parse(files.read_of_tree(folder / "Procfile", tree))
    except FileNotFoundError:
        commands = {}
    table = app_json.read(folder, tree)
    healthchecks = table.get("healthchecks", {})
    return Said(
        commands,
        checks.parse(healthchecks),
        formation_of(table),
        checks.parse(healthchecks, "liveness"),
    )
