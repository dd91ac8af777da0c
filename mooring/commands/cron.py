"""Jobs that run on time: `cron*`."""

import argparse
import shlex
import sys
import time
from typing import Any

from mooring.app import apps, crontab, job
from mooring.app.apps import App
from mooring.app.job import Job
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import FOLLOW, LINES, moment, show
from mooring.commands.logs import logs as logs_of
from mooring.cron import history, jobs, oncalendar, runs, timers
from mooring.host import systemd
from mooring.host.refusal import die
from mooring.telling import audit, tail

ID = argument("job", metavar="ID", help="as `mooring cron APP` shows it")
SOME = argument("job", metavar="ID", nargs="?", default="", help="all jobs without it")
KEYS = ("timezone",)


@command("cron", "mooring cron my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the jobs of an app: when they run next, and how they last ended."""
    target = apps.find(app)
    choices = target.choices()
    following = timers.following(app)
    rows = []
    for each in jobs.now(target).values():
        last = next(iter(history.running(target, each.id)), None) or history.last(target, each.id)
        coming = following.get(each.id)
        rows.append(
            {
                "id": each.id,
                "schedule": each.schedule,
                "timezone": choices.cron_timezone or "the server's",
                "next": when(target, each, moment(coming)),
                "last": moment(last.began) if last else "",
                "ended": how(last) if last else "",
                "seconds": last.seconds if last else "",
                "from": "cron:add" if each.id in choices.cron else "app.json",
                "command": each.command,
            }
        )
    if json:
        rows = [row | details(each) for row, each in zip(rows, jobs.now(target).values(), strict=True)]
    show(rows, as_json=json, empty=f'{app} has no job: `mooring cron:add {app} "0 7 * * *" COMMAND` adds one')


def details(each: Job) -> dict[str, Any]:
    return {key: getattr(each, key) for key in ("concurrency_policy", "maintenance", "timeout", "persistent")}


def when(app: App, each: Job, coming: str) -> str:
    """When a job runs next, for people; or why not."""
    choices = app.choices()
    if jobs.is_suspended(choices, each.id):
        return "suspended"
    if why := jobs.passes(choices, each):
        return f"not while {app.name} {why}"
    return "at the next boot" if crontab.parse(each.schedule) is None else coming


def how(run: history.Run) -> str:
    """How a run ended, for people."""
    if not run.result:
        return "runs"
    return f"{run.result}: {run.why}" if run.why else run.result


@command(
    "cron:add",
    'mooring cron:add my-app "0 7 * * mon-fri" bin/report --daily',
    APP,
    argument("--id", default="", metavar="ID", help="what it is called; else after the command's first word"),
    argument("--timeout", default="0", metavar="TIME", help="end a run that takes longer, e.g. 90s, 10m, 2h"),
    argument("--concurrency", default="forbid", metavar="POLICY", help="while a run goes on: forbid, allow or replace"),
    argument("--persistent", action="store_true", help="make up once for what the server slept through"),
    argument("--maintenance", action="store_true", help="run also while the app is in maintenance"),
    argument("schedule", metavar="SCHEDULE", help='as in a crontab, in quotes: "0 7 * * 1-5", @daily, @reboot'),
    argument("words", metavar="COMMAND", nargs=argparse.REMAINDER, help="words, or in quotes a line for a shell"),
)
def add(
    app: str,
    id: str,
    timeout: str,
    concurrency: str,
    persistent: bool,
    maintenance: bool,
    schedule: str,
    words: list[str],
) -> None:
    """Run a command on time, in a container of its own out of the live release."""
    target = apps.find(app)
    words = words[1:] if words[:1] == ["--"] else words
    if not any(each.strip() for each in words):
        die("there is no command to run", f'`mooring cron:add {app} "0 7 * * *" COMMAND`')
    new = Job(
        job.check_id(id) if id else "",
        job.check_command("the command", words[0] if len(words) == 1 else shlex.join(words)),
        job.check_schedule("the schedule", schedule),
        job.check_policy("--concurrency", concurrency),
        maintenance,
        job.check_timeout("--timeout", timeout),
        persistent,
    )
    jobs.deployed(target)
    there = jobs.now(target)
    if new.id in there:
        die(f"{app} has a job {new.id} already", f"`mooring cron:remove {app} {new.id}` first, or another --id")
    if len(there) >= job.MOST:
        die(f"{app} has {job.MOST} jobs, which is the most", f"`mooring cron {app}` lists them")
    name = new.id or job.free_id(new.command, set(there))
    table = {
        key: value for key, value in new._asdict().items() if key != "id" and value != Job._field_defaults.get(key)
    }
    target.choose(cron=lambda now: {**now, name: table})
    timers.apply(target)
    audit.note(job=name)
    print(f"{name} runs {when_for_people(target, new._replace(id=name))}: `mooring cron:run {app} {name}` runs it now")


def when_for_people(app: App, each: Job) -> str:
    coming = moment(timers.following(app.name).get(each.id))
    said = when(app, each, coming)
    return f"next at {coming}" if said == coming else said


@command("cron:remove", "mooring cron:remove my-app report", APP, ID)
def remove(app: str, job: str) -> None:
    """Remove a job that was added; a run of it that goes on ends by itself."""
    target = apps.find(app)
    jobs.pick(target, job)
    if job not in target.choices().cron:
        die(f"{job} is in app.json of {app}", f"take it out there, or `mooring cron:suspend {app} {job}`")
    target.choose(cron=lambda now: {name: each for name, each in now.items() if name != job} or None)
    suspended(target, lambda now: now - {job})
    history.forget(target, job)
    timers.apply(target)
    audit.note(job=job)
    print(f"{job} is removed")


@command(
    "cron:run",
    "mooring cron:run my-app report",
    APP,
    ID,
    argument("--detach", action="store_true", help="do not follow it"),
)
def run(app: str, job: str, detach: bool) -> int:
    """Run a job now, and follow it to its end; its exit status is the command's."""
    target = apps.find(app)
    wanted = jobs.pick(target, job)
    apps.refuse_disabled(target)
    going_on = history.running(target, job)
    if going_on and wanted.concurrency_policy == "forbid":
        die(
            f"{job} runs already, since {moment(going_on[0].began)}",
            f"`mooring cron:logs {app} {job} -f` follows it, `systemctl stop {runs.unit(app, job)}` ends it",
        )
    unit = runs.unit(app, job) if wanted.concurrency_policy == "replace" else runs.free(app, job)
    if not unit:
        die(f"{runs.MOST} runs of {job} go on", f"`systemctl stop 'mooring-cron@{app}.{job}.*'` ends them")
    audit.note(job=job)
    began = time.time()
    if not systemd.start([unit], verb="restart" if going_on and unit == runs.unit(app, job) else "start"):
        die(f"{job} did not start", f"`journalctl -u {unit}` says why")
    if detach:
        print(f"{job} runs: `mooring cron:logs {app} {job} -f`, `systemctl status {unit}`")
        return 0
    return followed(target, unit, began)


def followed(app: App, unit: str, began: float) -> int:
    """Print what a run prints until it has ended; return its exit status."""
    instance = unit.partition("@")[2].removesuffix(".service")
    job = instance.split(".")[1]

    lines: tail.Match = {"MOORING_APP": app.name, "OBJECT_SYSTEMD_UNIT": unit, "_SYSTEMD_UNIT": "docker.service"}
    for entry in tail.following([lines], since=began, ended=lambda: systemd.state_of(unit) in ("inactive", "failed")):
        aside = str(entry.get("PRIORITY", "6")) == "3"
        print(tail.text(entry, "MESSAGE").rstrip(), file=sys.stderr if aside else sys.stdout, flush=True)
    last = history.last(app, job)
    if last is None or last.ended < began:
        print(f" !     {job} goes on: `mooring cron:logs {app.name} {job} -f`", file=sys.stderr)
        return 1
    if last.why:
        print(f" !     {job} {last.why}", file=sys.stderr)
    return last.status or int(last.result == "failed")


@command("cron:logs", "mooring cron:logs my-app report -f", APP, ID, FOLLOW, LINES, JSON)
def logs(app: str, job: str, follow: bool, lines: int, json: bool) -> None:
    """Show the lines that a job's runs printed."""
    target = apps.find(app)
    if job not in {each.job for each in history.every(target)}:
        jobs.pick(target, job)
    logs_of(app=app, follow=follow, lines=lines, process=f"cron.{job}", build=False, json=json)


@command("cron:suspend", "mooring cron:suspend my-app report", APP, SOME)
def suspend(app: str, job: str) -> None:
    """Let a job, or all of an app, not run by itself until `cron:resume`."""
    target = apps.find(app)
    if job:
        jobs.pick(target, job)
    suspended(target, lambda now: now | {job or jobs.ALL})
    timers.apply(target)
    print(f"{job or f'every job of {app}'} is suspended until `mooring cron:resume {app}{f' {job}' if job else ''}`")


@command("cron:resume", "mooring cron:resume my-app report", APP, SOME)
def resume(app: str, job: str) -> None:
    """Let a job, or all of an app, run by itself again."""
    target = apps.find(app)
    if job:
        jobs.pick(target, job)
        if jobs.ALL in target.choices().cron_suspended:
            die(f"all jobs of {app} are suspended", f"`mooring cron:resume {app}` resumes them")
    suspended(target, lambda now: now - {job} if job else set())
    timers.apply(target)
    print(f"{job or f'every job of {app}'} runs by itself again")


def suspended(app: App, change: Any) -> None:
    app.choose(cron_suspended=lambda now: sorted(change(set(now))) or None)


@command(
    "cron:set",
    "mooring cron:set my-app timezone Europe/Berlin",
    APP,
    argument("key", metavar="|".join(KEYS), choices=KEYS),
    argument("value", metavar="ZONE", nargs="?", default="", help="of the IANA; without one, the server's own"),
)
def set_(app: str, key: str, value: str) -> None:
    """Choose the time zone of an app's schedules."""
    target = apps.find(app)
    oncalendar.load(value)
    target.choose(cron_timezone=value or None)
    timers.apply(target)
    print(f"the jobs of {app} run in {value or 'the time zone of the server'}")
