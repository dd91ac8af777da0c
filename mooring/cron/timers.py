"""The timers of an app's jobs: `mooring-cron@my-app.report.timer`, with a drop-in that says when.

The drop-ins are in /run: what they say follows from the live release and app.toml, and is written anew at each boot. A
unit that systemd has not loaded is read when it is started, with its drop-ins (systemd.unit(5)); so a timer that is
stopped before it changes takes no daemon-reload, whose cost grows with everything on the server.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from mooring.app import apps, crontab
from mooring.app.apps import App
from mooring.app.job import Job
from mooring.cron import jobs, oncalendar, runs
from mooring.host import files, systemd
from mooring.host.program import run
from mooring.host.refusal import Refusal, die

STAMPS = Path("/var/lib/systemd/timers")
"""When timers that are persistent last elapsed."""
DROP_IN = "job.conf"
LONGEST_DESCRIPTION = 120

Texts = Mapping[str, str]
"""The drop-ins, by the names of their units."""


def apply(app: App) -> None:
    """Bring an app's timers in line with its live release and app.toml; safe to run again."""
    with files.locked(app.folder):
        texts = wanted(app)
        fresh, changed = settle(app.name, texts)
        forget_stamps(fresh)
    start(timers(texts), changed | set(timers(fresh)))


def apply_all(say: Callable[[str], None]) -> None:
    """Bring the timers of every app in line, at boot and every night; `say` is told of an app whose jobs are unclear.

    Here what is persistent makes up for what the server slept through.
    """
    wanted_timers: list[str] = []
    changed: set[str] = set()
    for app in apps.every():
        try:
            with files.locked(app.folder):
                texts = wanted(app)
                changed |= settle(app.name, texts)[1]
            wanted_timers += timers(texts)
        except (Refusal, OSError) as error:
            if app.exists():
                say(f"{app.name}: {error}")
    start(wanted_timers, changed)


def remove_all(app: str) -> None:
    """Remove an app's timers, and what is known of when they last elapsed; a run that goes on is not touched."""
    settle(app, {})
    for stamp in STAMPS.glob(f"stamp-mooring-cron@{app}.*.timer"):
        stamp.unlink(missing_ok=True)


def settle(app: str, texts: Texts) -> tuple[set[str], set[str]]:
    """Let these be the drop-ins of an app's jobs; the timers of those that change are stopped.

    Returns the units whose drop-ins are new, and among them those that had another before.
    """
    before = present(app)
    gone = before.keys() - texts.keys()
    fresh = {unit for unit in texts if texts[unit] != before.get(unit)}
    # A timer keeps its service loaded.
    if stopped := timers({*gone, *fresh, *map(timer_of, fresh)} & before.keys()):
        run("systemctl", "stop", *stopped)
    systemd.forget([*gone, *(fresh & before.keys())])
    for unit in gone:
        files.remove_tree(folder(unit))
    forget_stamps(gone)
    for unit in fresh:
        folder(unit).mkdir(parents=True, exist_ok=True)
        files.write(folder(unit) / DROP_IN, texts[unit])
    return fresh, fresh & before.keys()


def forget_stamps(units: Iterable[str]) -> None:
    """Let timers begin anew: what passed while there was none is not made up for."""
    for unit in timers(units):
        (STAMPS / f"stamp-{unit}").unlink(missing_ok=True)


def start(units: list[str], read: Iterable[str]) -> None:
    """Start timers; raise Refusal where systemd does not. `read` are the units whose drop-ins are looked for.

    systemd looks for new drop-ins where the time of a folder has changed, and does not read again what it still has
    loaded, e.g. the service of a run that goes on: then it is told to.
    """
    if not units or (systemd.start(units) and not is_stale(sorted(read))):
        return
    run("systemctl", "daemon-reload")
    if not systemd.start(units):
        die(f"{units[0]} does not start", f"`systemctl status {units[0]}` says why")


def is_stale(units: list[str]) -> bool:
    """Whether systemd does not know the drop-in of a unit, or another than there is."""
    shown = run("systemctl", "show", "--property=NeedDaemonReload,DropInPaths", *units) if units else ""
    return any(line in ("NeedDaemonReload=yes", "DropInPaths=") for line in shown.splitlines())


def wanted(app: App) -> Texts:
    """The drop-ins that an app's jobs take."""
    choices, now = app.choices(), datetime.now(UTC)
    found = {}
    for job in jobs.every(app, choices, jobs.live(app)).values():
        schedule = crontab.parse(job.schedule)
        found[runs.unit(app.name, job.id)] = text_of_service(app.name, job)
        if schedule and not jobs.is_suspended(choices, job.id):
            lines = oncalendar.lines(schedule, choices.cron_timezone, now)
            found[timer(app.name, job.id)] = text_of_timer(app.name, job, lines)
    return found


def text_of_timer(app: str, job: Job, lines: list[str]) -> str:
    """When; and, where several may run at a time, that the one whose time comes finds out by itself what to do."""
    unit = [] if job.concurrency_policy == "forbid" else [f"Unit=mooring-cron@{app}.{job.id}.next.service"]
    return "\n".join([
        "[Unit]",
        f"Description={description('Mooring will run', app, job)}",
        "[Timer]",
        # What the unit file has.
        "OnCalendar=",
        *(f"OnCalendar={line}" for line in lines),
        *(["Persistent=yes"] if job.persistent else []),
        *unit,
        "",
    ])  # fmt: skip


def text_of_service(app: str, job: Job) -> str:
    limit = ["[Service]", f"RuntimeMaxSec={job.timeout}"] if job.timeout else []
    return "\n".join(["[Unit]", f"Description={description('Mooring runs', app, job)}", *limit, ""])


def description(verb: str, app: str, job: Job) -> str:
    """`Mooring runs bin/report --daily of my-app`; a percent sign is a specifier to systemd."""
    command = "".join(each if each.isprintable() else " " for each in job.command)
    if len(command) > LONGEST_DESCRIPTION:
        command = command[: LONGEST_DESCRIPTION - 1] + "…"
    return f"{verb} {command} of {app}".replace("%", "%%")


def present(app: str) -> dict[str, str]:
    """The drop-ins that there are of an app's jobs."""
    names = [name.removesuffix(".d") for name in jobs.drop_ins(app)]
    return {name: read(folder(name) / DROP_IN) for name in names}


def drop_ins() -> list[Path]:
    """The folders of the drop-ins of every job, and of every backup."""
    return [each for kind in ("cron", "backup") for each in jobs.UNITS.glob(f"mooring-{kind}@*.d")]


def read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def folder(unit: str) -> Path:
    return jobs.UNITS / f"{unit}.d"


def timers(units: Iterable[str]) -> list[str]:
    return sorted(unit for unit in units if unit.endswith(".timer"))


def timer_of(unit: str) -> str:
    return unit.removesuffix(".service").removesuffix(".timer") + ".timer"


def timer(app: str, job: str) -> str:
    return f"mooring-cron@{app}.{job}.timer"


def following(app: str) -> dict[str, float]:
    """When the jobs of an app run next (seconds since the epoch), by their IDs; but for those that run now."""
    import json

    prefix = f"mooring-cron@{app}."
    listing = json.loads(run("systemctl", "list-timers", "--all", "--output=json", f"{prefix}*") or "[]")
    return {
        each["unit"].removeprefix(prefix).removesuffix(".timer"): each["next"] / 1e6
        for each in listing
        if each.get("next")
    }
