"""A release: the record of everything decided about one number of an app, and when."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from mooring.app.apps import App
from mooring.app.checks import Check
from mooring.app.job import Job
from mooring.app.mount import Mount
from mooring.host import env_file, files
from mooring.host.names import PHASES, ContainerName, ReleaseName
from mooring.host.refusal import die
from mooring.release.process import Limits, Placement, Process

Status = Literal["queued", "live", "retired", "failed", "superseded", "cancelled"]
RUNS_PHASES = ("push", "archive", "sync", "rebuild", "config", "link", "clone")
CHECKS = ("check", "liveness", "chosen_check", "chosen_liveness")
ACTIVE: tuple[Status, ...] = ("queued", "live")
"""Of what is on its way, of what is live, and of what drains still."""
EARLIER_NAMES = {"count": "quantity", "index": "ordinal"}
"""What records of Mooring's first servers call some fields."""
WERE_LIVE = ("live", "retired")
ENDED: frozenset[Status] = frozenset({"live", "retired", "failed", "superseded", "cancelled"})


class Release(NamedTuple):
    """A release's record. Times are seconds since the epoch.

    `kind` says what made it: push, archive, sync, image, rebuild, config, restart, scale, limit, link, enable,
    rollback, deploy or clone. `base` is the release whose image it runs, where it did not build one; 0 for the one live
    when its turn comes. `from_image` is the name of the image that it was made from, where nothing was built.
    `defaults` are config vars that its buildpack gives where the app sets none. `entrypoint` is that of a Dockerfile's
    image: it is given what the Procfile says. `scripts` are what app.json has to be run once, each called by its phase,
    `cron` its jobs. `mounts` are the volumes that its containers see.
    """

    name: ReleaseName
    kind: str
    actor: str
    created: float
    status: Status = "queued"
    reason: str = ""
    commit: str = ""
    branch: str = ""
    builder: str = ""
    base: int = 0
    buildpacks: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    image: str = ""
    from_image: str = ""
    defaults: Mapping[str, str] = {}
    subnet: str = ""
    processes: tuple[Process, ...] = ()
    scripts: tuple[Process, ...] = ()
    placements: tuple[Placement, ...] = ()
    mounts: tuple[Mount, ...] = ()
    times: Mapping[str, float] = {}
    cron: tuple[Job, ...] = ()

    @property
    def shell(self) -> list[str]:
        """What a command line is given to: the one that buildpacks are written for, or that every image has."""
        return ["/bin/bash" if self.builder == "buildpack" else "/bin/sh", "-c"]

    @property
    def containers(self) -> list[ContainerName]:
        return [ContainerName(self.name, each.process, each.ordinal) for each in self.placements]

    def process(self, name: str) -> Process:
        return next(each for each in (*self.processes, *self.scripts) if each.name == name)

    def phases(self, *names: str) -> list[Process]:
        """Which of these phases it has: they are run for new code or config. A restart brings back what had them."""
        found = {each.name: each for each in (*self.processes, *self.scripts)}
        return [found[name] for name in names if name in found] if self.kind in RUNS_PHASES else []

    def running(self, origin: "Release") -> "Release":
        """With the image of `origin`, what is known of it, and its processes where this one has none of its own."""
        return self.changed(
            commit=origin.commit,
            branch=origin.branch,
            builder=origin.builder,
            buildpacks=origin.buildpacks,
            entrypoint=origin.entrypoint,
            image=origin.image,
            from_image=origin.from_image,
            defaults=origin.defaults,
            processes=self.processes or origin.processes,
            scripts=origin.scripts,
            cron=origin.cron,
        )

    def address(self, container: ContainerName) -> str:
        """Where a container is reached; that of a phase is the network's last, for they run one after the other."""
        if container.process in PHASES:
            return one_off_addresses(self.subnet)[-1]
        return next(
            each.address
            for each in self.placements
            if (each.process, each.ordinal) == (container.process, container.ordinal)
        )

    def changed(self, **changes: Any) -> "Release":
        return self._replace(**changes)

    def at(self, moment: str) -> "Release":
        """With the time of `moment` (e.g. "built") set to now."""
        return self.changed(times={**self.times, moment: round(time.time(), 3)})


def one_off_addresses(subnet: str) -> list[str]:
    """The last quarter of an app's network: none of them is a process's, so they are free for what runs once."""
    import ipaddress

    hosts = list(ipaddress.ip_network(subnet).hosts())
    return [str(address) for address in hosts[-(len(hosts) // 4) :]]


def folder(name: ReleaseName) -> Path:
    return App(name.app).releases / str(name.number)


def exists(name: ReleaseName) -> bool:
    return (folder(name) / "release.json").exists()


def load(name: ReleaseName) -> Release:
    """The record of a release; raise Refusal if there is none."""
    record = find(name)
    if record is None:
        die(f"there is no release {name}", f"`mooring releases {name.app}` lists them")
    return record


def find(name: ReleaseName) -> Release | None:
    """The record of a release; None if there is none."""
    text = _read(name)
    return None if text is None else _parse(name, text)


def _read(name: ReleaseName) -> str | None:
    try:
        return (folder(name) / "release.json").read_text()
    except FileNotFoundError:
        return None


def _parse(name: ReleaseName, text: str) -> Release:
    table = json.loads(text)
    return Release(
        **{
            **table,
            "name": name,
            "buildpacks": tuple(table.get("buildpacks", ())),
            "entrypoint": tuple(table.get("entrypoint", ())),
            "processes": tuple(_process(_renamed(each)) for each in table["processes"]),
            "scripts": tuple(_process(each) for each in table.get("scripts", ())),
            "placements": tuple(Placement(**_renamed(each)) for each in table["placements"]),
            "mounts": tuple(
                Mount(**{**each, "processes": tuple(each["processes"])}) for each in table.get("mounts", ())
            ),
            "cron": tuple(Job(**each) for each in table.get("cron", ())),
        }
    )


def _renamed(table: dict[str, Any]) -> dict[str, Any]:
    return {EARLIER_NAMES.get(name, name): value for name, value in table.items()}


def _process(table: dict[str, Any]) -> Process:
    checks = {name: _check(check) for name in CHECKS if (check := table.get(name)) is not None}
    ports = tuple(table.get("ports", ()))
    return Process(**{**table, "limits": Limits(**table.get("limits", {})), "ports": ports, **checks})


def _check(table: dict[str, Any]) -> Check:
    others = tuple(_check(each) for each in table.get("others", ()))
    return Check(**{**table, "command": tuple(table.get("command", ())), "others": others})


def save(record: Release) -> Release:
    """Write the record and return it."""
    place = folder(record.name)
    place.mkdir(exist_ok=True)
    table = {**_table(record), "name": str(record.name)}
    files.write(place / "release.json", json.dumps(table, indent=1) + "\n")
    return record


def _table(value: Any) -> Any:
    """What JSON has for a record, and for the records in it."""
    if hasattr(value, "_asdict"):
        return {name: _table(each) for name, each in value._asdict().items()}
    return [_table(each) for each in value] if isinstance(value, tuple) else value


def config(name: ReleaseName) -> dict[str, str]:
    """The config vars that the release runs with: those of the app's links then, and its own."""
    try:
        linked = env_file.parse((folder(name) / "env.links").read_text())
    except FileNotFoundError:
        linked = {}
    return {**linked, **own_config(name)}


def own_config(name: ReleaseName) -> dict[str, str]:
    """Its config vars without those of links: what a later release may have again."""
    return env_file.parse((folder(name) / "env").read_text())


def freeze_config(name: ReleaseName, config: dict[str, str]) -> None:
    """Decide the config vars that the release runs with: in its own file, readable by root only."""
    folder(name).mkdir(exist_ok=True)
    files.write(folder(name) / "env", env_file.render(config), mode=0o600)


def freeze_links(name: ReleaseName, config: dict[str, str]) -> None:
    """Decide what the app's links bring it, where they bring anything."""
    if config:
        files.write(folder(name) / "env.links", env_file.render(config), mode=0o600)


def every(app: App) -> list[Release]:
    """All releases of an app, the newest first."""
    return [record for number in app.release_numbers() if (record := find(ReleaseName(app.name, number)))]


def active(app: App) -> list[Release]:
    """The releases of an app that have containers or may get some, the newest first: on their way, live, draining.

    A start waits for this, and an app has a hundred records: only those that may be are parsed.
    """
    live = app.live
    names = [ReleaseName(app.name, number) for number in app.release_numbers()]
    texts = {name: _read(name) for name in names}
    maybe = [
        _parse(name, text)
        for name, text in texts.items()
        if text and (name == live or any(f'"status": "{status}"' in text for status in ACTIVE))
    ]
    return [record for record in maybe if record.name == live or record.status in ACTIVE]
