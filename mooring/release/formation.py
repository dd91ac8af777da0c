"""The formation of an app: how many of each process run, with which limits and checks, where the operator chose."""

import re
from collections.abc import Mapping
from typing import Any

from mooring.app import checks, routing
from mooring.app.checks import Check
from mooring.app.choices import Choices
from mooring.app.routing import WEB
from mooring.host.names import RELEASE_PHASE
from mooring.host.refusal import die
from mooring.release.process import DEFAULT_PORT, Limits, Process

IMAGES_OWN = "worker"
"""What the CMD of an image is called that exposes no port."""
MOST = 47
"""Containers of an app: its network has addresses for twice as many, as in a deploy, and for what runs once."""
SIZE = re.compile(r"([1-9][0-9]{0,11})([bkmg]?)", re.IGNORECASE)
UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
LEAST_MEMORY = 6 << 20
"""Docker starts no container with less."""


def applied(processes: tuple[Process, ...], choices: Choices, port: int | None = None) -> tuple[Process, ...]:
    """The processes as the operator chose them; raise Refusal for a choice in app.toml that is none.

    One that a domain or a route names is reached on a port, and runs unless it was scaled to 0. `port` is that of `web`
    where one was chosen, whatever the source says; then the CMD of an image that names no port is `web`.
    """
    if port and not any(each.name == WEB for each in processes):
        processes = tuple(each._replace(name=WEB) if is_own(each) else each for each in processes)
    routed = routing.processes(choices)
    own = {each.name: each.quantity if each.own_quantity is None else each.own_quantity for each in processes}
    return tuple(
        process._replace(
            quantity=quantity(
                f"app.toml: scale.{process.name}",
                choices.scale.get(process.name, max(own[process.name], int(process.name in routed))),
            ),
            own_quantity=own[process.name],
            **(
                of_web(process, port)
                if process.name == WEB
                else {"port": DEFAULT_PORT if process.name in routed else None}
            ),
            limits=limits(f"app.toml: limits.{process.name}", choices.limits.get(process.name, {})),
            chosen_check=check(f"app.toml: checks.{process.name}", choices.checks.get(process.name)),
            chosen_liveness=check(f"app.toml: liveness.{process.name}", choices.liveness.get(process.name)),
            chosen_overlap=switch(f"app.toml: overlap.{process.name}", choices.overlap.get(process.name)),
        )
        for process in processes
    )


def limited(scripts: tuple[Process, ...], choices: Choices) -> tuple[Process, ...]:
    """What is run once for a release, with the limits of the release phase; raise Refusal for such that are none."""
    of_phase = limits(f"app.toml: limits.{RELEASE_PHASE}", choices.limits.get(RELEASE_PHASE, {}))
    return tuple(each._replace(limits=of_phase) for each in scripts)


def chosen_port(config: Mapping[str, str]) -> int | None:
    """The port that was chosen for `web`: the config var PORT."""
    text = config.get("PORT", "")
    return int(text) if text.isascii() and text.isdigit() and int(text) in checks.PORTS else None


def is_own(process: Process) -> bool:
    """Whether it is the CMD of an image, which no line of a Procfile has named."""
    return process.name == IMAGES_OWN and process.command is None


def of_web(process: Process, chosen: int | None) -> dict[str, Any]:
    """On which port `web` is reached: as chosen, else as its source says."""
    source = process.port if process.own_port is None else process.own_port or None
    if chosen is None:
        return {"port": source, "own_port": None}
    return {"port": chosen, "own_port": source or 0, "ports": (), "heard": False}


def quantity(where: str, value: Any) -> int:
    """How many containers of a process; raise Refusal for what is no such number."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        die(f"{where} is {value!r:.60}", f"a number from 0 to {MOST}")
    return value


def check_total(quantities: Mapping[str, int]) -> None:
    """Raise Refusal for more containers than an app's network has addresses for."""
    total = sum(quantities.values())
    if total > MOST:
        die(f"these are {total} containers", f"an app has {MOST} at most, of all its processes together")


def limits(where: str, table: Any) -> Limits:
    """A process's limits, as app.toml has them: `memory` like "256m", `cpu` like 0.5, `pids` like 100.

    Raises Refusal for anything else.
    """
    if not isinstance(table, dict) or not table.keys() <= {"memory", "cpu", "pids"}:
        die(f"{where} is {table!r:.60}", '{ memory = "256m", cpu = 0.5, pids = 100 }')
    return Limits(
        memory=memory(f"{where}.memory", table.get("memory", 0)),
        cpu=cpu(f"{where}.cpu", table.get("cpu", 0)),
        pids=pids(f"{where}.pids", table.get("pids", 0)),
    )


def memory(where: str, value: Any) -> int:
    """Bytes, of a size like "256m"; 0 is no limit. Raises Refusal for what Docker would not take."""
    if value in (0, "0"):
        return 0
    size = SIZE.fullmatch(str(value))
    number = int(size[1]) * UNITS[size[2].lower()] if size and not isinstance(value, bool | float) else 0
    if not LEAST_MEMORY <= number < 1 << 50:
        die(f"{where} is {value!r:.60}", "a size of 6m or more, e.g. 256m or 2g; 0 for no limit")
    return number


def cpu(where: str, value: Any) -> float:
    """Processor cores; 0 is no limit. Raises Refusal for what Docker would not take."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not (value == 0 or 0.01 <= value <= 4096):
        die(f"{where} is {value!r:.60}", "a number of cores, 0.01 or more, e.g. 0.5; 0 for no limit")
    return value


def pids(where: str, value: Any) -> int:
    """Processes and threads; 0 is the limit of every container. Raises Refusal for what is no such number."""
    if isinstance(value, bool) or not isinstance(value, int) or not (value == 0 or 2 <= value <= 1 << 22):
        die(f"{where} is {value!r:.60}", "a number of processes and threads, 2 or more; 0 for that of every container")
    return value


def check(where: str, entry: Any) -> Check | None:
    """The check that was chosen instead of the source's, None where none was; raise Refusal for what is none."""
    if entry is None:
        return None
    if not isinstance(entry, dict):
        die(f"{where} is {entry!r:.60}", '{ path = "/up" }')
    if entry.get("disabled"):
        return checks.DISABLED
    return checks.parse_one(where, entry)


def switch(where: str, value: Any) -> bool | None:
    """Yes or no, None where nothing was chosen; raise Refusal for anything else."""
    if value is None or isinstance(value, bool):
        return value
    die(f"{where} is {value!r:.60}", "true or false")


def size(number: int) -> str:
    """A number of bytes for people: `256 MiB`."""
    value, unit = float(number), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f}".removesuffix(".0") + f" {unit}"
