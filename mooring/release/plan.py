"""What a source tree says of how its image is run: Procfile, app.json, EXPOSE."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mooring.app import app_json, checks, job, procfile, scripts, variables
from mooring.app.apps import App
from mooring.app.checks import Check
from mooring.app.job import Job
from mooring.app.routing import WEB
from mooring.app.variables import Variable
from mooring.host import files
from mooring.host.names import RELEASE_PHASE
from mooring.host.refusal import die
from mooring.host.text import printable
from mooring.release import releases
from mooring.release.formation import IMAGES_OWN, MOST, check_total, chosen_port
from mooring.release.process import DEFAULT_PORT, Process

NO_CHECK = Check()
PREFERRED_PORTS = (80, 8080, 5000)
OTHER_PROTOCOLS = frozenset([
    20, 21, 22, 23, 25, 53, 110, 143, 389, 443, 465, 587, 636, 993, 995, 1433, 1521, 1883, 2181, 3306, 4369, 5005, 5432,
    5672, 6379, 8443, 8883, 9042, 9092, 9229, 9443, 11211, 27017,
])  # fmt: skip
"""Ports by convention of what is no plain HTTP: only where nothing else is exposed are they taken for it."""


class Results(NamedTuple):
    """What buildpacks say: the processes where there is no Procfile, and config vars for where the app sets none."""

    buildpacks: tuple[str, ...] = ()
    processes: Mapping[str, str] = {}
    config: Mapping[str, str] = {}


class Said(NamedTuple):
    """What a source tree says: the Procfile's commands, checks by process, how many of each process, and jobs.

    `overlap` says which processes may run beside those of the release before, where app.json speaks of that;
    `variables` are the config vars of its `env`, `scripts` the command line of each phase of a release.
    """

    commands: Mapping[str, str] = {}
    startup: Mapping[str, Check] = {}
    formation: Mapping[str, int] = {}
    liveness: Mapping[str, Check] = {}
    overlap: Mapping[str, bool] = {}
    variables: tuple[Variable, ...] = ()
    scripts: Mapping[str, str] = {}
    cron: tuple[Job, ...] = ()


def ports_of(exposed: list[str]) -> list[int]:
    """The TCP ports of an image's ExposedPorts ("80/tcp"), the likeliest for HTTP first: 80, 8080, 5000, the lowest."""
    ports = [int(number) for number, _, kind in (each.partition("/") for each in exposed) if kind != "udp"]
    known = {port: order for order, port in enumerate(PREFERRED_PORTS)}
    return sorted(ports, key=lambda port: (known.get(port, len(known)), port in OTHER_PROTOCOLS, port))


def port_of(exposed: list[str]) -> int | None:
    """The port that requests go to: 80, 8080 or 5000, else the lowest that is not known to be for something else."""
    return next(iter(ports_of(exposed)), None)


def processes(
    commands: Mapping[str, str],
    exposed: list[str],
    startup: Mapping[str, Check],
    formation: Mapping[str, int],
    default: Check,
    *,
    runs: bool = True,
    unexposed: int | None = None,
    heard: bool = False,
) -> tuple[Process, ...]:
    """The processes of a release.

    `commands` are the Procfile's; without one the image's CMD is the process: `web` where a port is exposed,
    else `worker`, which nothing connects to. One `web` runs, and of the others as many as `formation` says:
    none, or one where there is no web. Of `release` none runs: it is the release phase. `default`, the image's own
    check, is that of its CMD and of `web` where `startup` does not name them: it says nothing of the Procfile's other
    commands. `runs` says whether the image has a CMD of its own. `unexposed` is the port of a CMD that is web although
    nothing is exposed, and `heard` whether it was found by asking. Of several ports, without one of the usual, which it
    is is asked of what runs.
    """
    ports = ports_of(exposed)
    port = ports[0] if ports else None
    several = tuple(ports) if len(ports) > 1 and port not in PREFERRED_PORTS else ()
    found: dict[str, str | None] = {name: command for name, command in commands.items() if name != RELEASE_PHASE}
    phase = [Process(RELEASE_PHASE, 0, commands[RELEASE_PHASE])] if RELEASE_PHASE in commands else []
    is_web = port is not None or (not found and unexposed is not None)
    if runs and (not found or ("web" not in found and is_web)):
        found = {(WEB if is_web else IMAGES_OWN): None, **found}
    idle = 0 if "web" in found else 1
    return tuple(
        Process(
            name,
            quantity=formation.get(name, 1 if name == "web" else idle),
            command=command,
            port=(port or unexposed or DEFAULT_PORT) if name == WEB else None,
            ports=several if name == WEB else (),
            heard=heard and command is None,
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


def unexposed(app: App, said: Said) -> tuple[int | None, bool]:
    """The port of an image's CMD that is web though the image exposes none, and whether it was found by asking.

    It is web where a person chose a port or a domain, where app.json speaks of a web, or where what serves was found to
    answer HTTP.
    """
    live = releases.load(app.live).processes if app.live else ()
    heard = next((each.port for each in live if each.heard), None)
    named = WEB in said.startup or WEB in said.liveness or WEB in said.formation or app.choices().domains
    port = chosen_port(app.config()) or heard or (DEFAULT_PORT if named else None)
    return port, port is not None and port == heard


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


def overlapping(processes: tuple[Process, ...], overlap: Mapping[str, bool]) -> tuple[Process, ...]:
    """The processes, each knowing whether it may run beside that of the release before it."""
    return tuple(each._replace(overlap=overlap.get(each.name, True)) for each in processes)


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
    counts = {}
    for name, entry in _formation(said).items():
        where, quantity = f"app.json: formation.{printable(name)}", entry
        if isinstance(entry, dict):
            where, quantity = f"{where}.quantity", entry.get("quantity", 1)
        if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 <= quantity <= MOST:
            die(f"{where} is {quantity!r:.60}", f'{{"quantity": 1}}, from 0 to {MOST}')
        counts[name] = quantity
    check_total(counts)
    return counts


def overlap_of(said: Mapping[str, Any]) -> dict[str, bool]:
    """Which processes app.json's `formation` lets run beside those of the release before, where it says so."""
    found = {}
    for name, entry in _formation(said).items():
        table = entry if isinstance(entry, dict) else {}
        if "overlap" in table:
            if not isinstance(table["overlap"], bool):
                die(f"app.json: formation.{printable(name)}.overlap is {table['overlap']!r:.60}", "true or false")
            found[name] = table["overlap"]
        parallel = table.get("max_parallel", 1)
        if isinstance(parallel, bool) or not isinstance(parallel, int):
            die(f"app.json: formation.{printable(name)}.max_parallel is {parallel!r:.60}", "a number")
    return found


def _formation(said: Mapping[str, Any]) -> dict[str, Any]:
    table = said.get("formation")
    if table is not None and not isinstance(table, dict):
        die(f"app.json: formation is {table!r:.60}", '{"web": {"quantity": 1}}')
    return table or {}


def read(folder: Path, tree: Path | None = None, path: str = "") -> Said:
    """What the folder that is built, of a repository `tree`, says; raise Refusal for a file that is wrong.

    `path` is where in that folder app.json is, if one was chosen.
    """
    tree = tree or folder
    try:
        commands = procfile.parse(files.read_of_tree(folder / "Procfile", tree))
    except FileNotFoundError:
        commands = {}
    table = app_json.read(folder, tree, path)
    healthchecks = table.get("healthchecks") or {}
    return Said(
        commands,
        checks.parse(healthchecks),
        formation_of(table),
        checks.parse(healthchecks, "liveness"),
        overlap_of(table),
        variables.parse(table.get("env")),
        scripts.parse(table.get("scripts")),
        job.of_app_json(table.get("cron")),
    )


def jobs(app: App, said: Said) -> tuple[Job, ...]:
    """Its jobs, each called as in what is live; and none like one of `cron:add`."""
    if not said.cron:
        return ()
    return job.named(said.cron, releases.load(app.live).cron if app.live else (), app.choices().cron)
