"""A job: a command that runs on time. Those of app.json are in the release's record, others in app.toml."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mooring.host.refusal import die

ID = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")
RESERVED = frozenset({"next", "all"})
MOST = 100
"""Jobs of an app."""
LONGEST_COMMAND = 4000
POLICIES = ("forbid", "allow", "replace")
KEYS = frozenset({"command", "schedule", "concurrency_policy", "maintenance", "timeout", "persistent"})
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION = re.compile(r"([1-9][0-9]{0,6})([smhd]?)")
LONGEST = 30 * 86400


class Job(NamedTuple):
    """What runs when. `timeout` is in seconds, 0 for none.

    `concurrency_policy` says what comes of a run whose time has come while the one before it goes on: forbid (it is
    passed over), allow (both run), replace (the one before it is ended). One that is `persistent` makes up, once, for
    the runs that the server slept through. One for `maintenance` runs also while its app is in maintenance.
    """

    id: str
    command: str
    schedule: str
    concurrency_policy: str = "forbid"
    maintenance: bool = False
    timeout: int = 0
    persistent: bool = False


def check_id(word: str) -> str:
    """Return `word` if it may name a job; raise Refusal otherwise."""
    if not ID.fullmatch(word) or word in RESERVED:
        die(f"{word[:60]!r} cannot name a job", "1 to 40 lower-case letters, digits and dashes, e.g. nightly")
    return word


def of_app_json(value: Any) -> tuple[Job, ...]:
    """The jobs of app.json's `cron`, without IDs; raise Refusal that names the key and its place."""
    if value is None:
        return ()
    if not isinstance(value, list):
        die(f"app.json: cron is {value!r:.60}", '[{"command": "bin/report", "schedule": "0 7 * * *"}]')
    if len(value) > MOST:
        die(f"app.json: cron has {len(value)} jobs", f"{MOST} at most")
    return tuple(read(f"app.json: cron[{number}]", each) for number, each in enumerate(value))


def of_choices(table: Mapping[str, Any]) -> tuple[Job, ...]:
    """The jobs of app.toml's `cron`; raise Refusal for what a person broke."""
    return tuple(read(f"app.toml: cron.{name}", each)._replace(id=check_id(name)) for name, each in table.items())


def read(where: str, entry: Any) -> Job:
    """One job as a file has it; raise Refusal that names the key. Keys that are not known are left alone."""
    if not isinstance(entry, dict):
        die(f"{where} is {entry!r:.60}", '{"command": "bin/report", "schedule": "0 7 * * *"}')
    return Job(
        "",
        check_command(f"{where}.command", entry.get("command")),
        check_schedule(f"{where}.schedule", entry.get("schedule")),
        check_policy(f"{where}.concurrency_policy", entry.get("concurrency_policy", "forbid")),
        check_flag(f"{where}.maintenance", entry.get("maintenance", False)),
        check_timeout(f"{where}.timeout", entry.get("timeout", 0)),
        check_flag(f"{where}.persistent", entry.get("persistent", False)),
    )


def check_command(where: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        die(f"{where} is {value!r:.60}" if value else f"{where} is missing", 'e.g. "bin/report --daily"')
    if len(value) > LONGEST_COMMAND or "\n" in value or "\0" in value:
        die(f"{where} is too long, or more than one line", f"one line of {LONGEST_COMMAND} letters at most: a script")
    return value.strip()


def check_schedule(where: str, value: Any) -> str:
    from mooring.app import crontab

    if not isinstance(value, str) or not value.strip():
        die(f"{where} is {value!r:.60}" if value else f"{where} is missing", crontab.EXAMPLE)
    crontab.parse(value, where=where)
    return " ".join(value.split())


def check_policy(where: str, value: Any) -> str:
    if value not in POLICIES:
        die(f"{where} is {value!r:.60}", f"one of {', '.join(POLICIES)}")
    return str(value)


def check_flag(where: str, value: Any) -> bool:
    if not isinstance(value, bool):
        die(f"{where} is {value!r:.60}", "true or false")
    return value


def check_timeout(where: str, value: Any) -> int:
    """Seconds, of a number of them or of "10m"; raise Refusal for anything else."""
    found = None if isinstance(value, bool | float) else DURATION.fullmatch(str(value))
    seconds = int(found[1]) * SECONDS[found[2]] if found else 0
    if value not in (0, "0") and not 0 < seconds <= LONGEST:
        die(f"{where} is {value!r:.60}", "seconds, or e.g. 90s, 10m, 2h; 30d at most")
    return seconds


def notes(value: Any) -> list[str]:
    """What is said of jobs in app.json that are not quite as elsewhere, one line each."""
    entries = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    said = []
    if any(each.get("maintenance") is True for each in entries):
        said.append(
            "cron: with maintenance, a job runs also while its app is in maintenance (with Dokku it never does)"
        )
    if unknown := {str(key) for each in entries for key in each} - KEYS:
        names = ", ".join("".join(c for c in each if c.isprintable())[:60] for each in sorted(unknown)[:10])
        said.append(f"of cron, {names} does nothing")
    return said


def named(jobs: Iterable[Job], before: Iterable[Job], taken: Iterable[str] = ()) -> tuple[Job, ...]:
    """The jobs with IDs: that which the same one had `before`, else a new one that nobody has."""
    jobs, known, used = list(jobs), list(before), set(taken)
    found: dict[int, str] = {}
    for is_same in (_is_same, _does_same):
        for index, job in enumerate(jobs):
            mine = next((each for each in known if each.id not in used and is_same(each, job)), None)
            if index not in found and mine:
                found[index] = mine.id
                used.add(mine.id)
    kept = {each.id for each in known}
    for index, job in enumerate(jobs):
        if index not in found:
            found[index] = free_id(job.command, used | kept)
            used.add(found[index])
    return tuple(job._replace(id=found[index]) for index, job in enumerate(jobs))


def _is_same(one: Job, other: Job) -> bool:
    return one._replace(id=other.id) == other


def _does_same(one: Job, other: Job) -> bool:
    return one.command == other.command


def free_id(command: str, taken: set[str]) -> str:
    """An ID after the command's first word: report, else report-2."""
    word = re.split(r"[/\\]", command.split()[0].rstrip("/\\"))[-1].lower()
    word = re.sub(r"[^a-z0-9]+", "-", word).strip("-0123456789")[:30].strip("-") or "job"
    number, name = 1, word
    while name in taken or name in RESERVED:
        number += 1
        name = f"{word}-{number}"
    return name
