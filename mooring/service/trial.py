"""Changes that a service runs with on trial: what it was is kept until its server answers, and back where it does not.

The unit itself decides (`keep`, `take_back`), so it is the same whatever ends the command that asked for it.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mooring.host import files, interrupt, paths, systemd
from mooring.host.names import ServiceName
from mooring.host.refusal import die
from mooring.runtime import server
from mooring.service import instance, services, setting
from mooring.service.kind import MOUNTED, Kind
from mooring.service.services import Service
from mooring.telling import tail

BEFORE = "before.json"
"""The fields of the record that are on trial, as they were."""
CHECKED = ".tmp-check"
LINES = 200
ROOM = 256 << 20
"""Bytes that a check may take at least: whether the server itself has enough shows when it starts."""


def run_with(service: Service, kind: Kind, change: Callable[[Service], Mapping[str, Any]]) -> bool:
    """Let a service run with a changed record; whether it does (one that is stopped will, when it is started).

    `change` says which fields are others, of the record as it is. Raises Refusal, in the server's own words, where that
    would not take it, or does not come up: then the service is as it was.
    """
    interrupt.ignore()
    name = service.name
    with files.locked(service.files):
        service = services.load(name)
        changes = change(service)
        check(service.changed(**changes), kind)
        if kind.settings.before and "settings" in changes:
            refuse_down(service)
            # As they are now, whatever Mooring was when it began.
            instance.write_files(service, kind)
            server.ask(name, kind.words(kind.settings.before), "")
        begin(name, **changes)
        if service.stopped:
            return False
        systemd.stop([name.unit])
        began = time.time()
        if systemd.start([name.unit]):
            return True
        why = said(name, began)
        take_back(name)
        again = "runs as before" if systemd.start([name.unit]) else "does not start as it was either"
        die(f"{name.name} did not come up with that, and {again}: {why}")


def refuse_down(service: Service) -> None:
    if not server.is_running(service.name):
        name = service.name
        die(f"{name.name} does not run", f"`mooring {name.kind}:start {name.name}`, `systemctl status {name.unit}`")


def check(service: Service, kind: Kind, at: Path | None = None) -> None:
    """Raise Refusal where the server would not take its settings, as a second one without a network says.

    `at` is where its folder is for now.
    """
    if not kind.settings.check:
        return
    folder = at or service.folder
    place = folder / CHECKED
    files.remove_tree(place)
    place.mkdir(mode=0o700)
    try:
        instance.write_files(service, kind, place)
        spec = instance.spec(service, kind, kind.settings.check, place)
        seen = {kind.data: (folder / "data", True)} if kind.data else {}
        memory = service.memory and max(service.memory, ROOM)
        mounts = {MOUNTED: spec.mounts[MOUNTED], **seen}
        status, output = server.run_once(service.name, spec._replace(mounts=mounts, memory=memory))
    finally:
        files.remove_tree(place)
    if status:
        die(f"{kind.title} does not take that: {setting.why(output) or f'status {status}'}")


def left() -> list[Path]:
    """What checks have left that the power cut."""
    return list(paths.SERVICES.glob(f"*/*/{CHECKED}"))


def begin(name: ServiceName, **changes: Any) -> None:
    """Change the record for the next start, and keep what it was: at the first of several changes that no start saw."""
    with files.locked(services.folder(name)):
        record = services.load(name)
        was = {field: getattr(record, field) for field in changes} | read(name)
        files.write(record.folder / BEFORE, json.dumps(was) + "\n", mode=0o600)
        services.save(record.changed(**changes))


def read(name: ServiceName) -> dict[str, Any]:
    """What is on trial, as it was; empty where nothing is."""
    try:
        table: dict[str, Any] = json.loads((services.folder(name) / BEFORE).read_text())
    except FileNotFoundError:
        return {}
    return table


def keep(name: ServiceName) -> None:
    """The server answers: what was on trial holds."""
    (services.folder(name) / BEFORE).unlink(missing_ok=True)


def take_back(name: ServiceName) -> bool:
    """The server does not come up: what was on trial is as it was. Whether anything was."""
    was = read(name)
    if was:
        services.change(name, **was)
        keep(name)
    return bool(was)


def said(name: ServiceName, since: float) -> str:
    """Why a server did not come up, in its own words, else in those of what started it."""
    said: tail.Match = {"MOORING_SERVICE": str(name), "_SYSTEMD_UNIT": "docker.service"}
    happened: tail.Match = {"MOORING_SERVICE": str(name), "MOORING_EVENT": "process", "_UID": "0"}
    heard, seen = ([str(each.get("MESSAGE", "")) for each in lines(match, since)] for match in (said, happened))
    if killed := next((each for each in seen if "killed" in each), ""):
        return killed.removeprefix("was not ready: ")
    return setting.why("\n".join(heard)) or setting.why("\n".join(seen)) or f"`journalctl -u {name.unit}` says why"


def lines(match: tail.Match, since: float) -> list[tail.Entry]:
    return tail.last([match], LINES, lambda _: True, since=since)[0]
