"""Docker's settings, /etc/docker/daemon.json: what is there stays, what Mooring needs is added, and noted."""

import json
import stat
from collections.abc import Callable
from typing import Any, TypedDict

from mooring.host.refusal import die
from mooring.setup import NOTES, network
from mooring.setup.file import kept, place, remove
from mooring.setup.network import DAEMON_JSON
from mooring.setup.program import heard
from mooring.setup.terminal import detail, step, warn

NOTE = NOTES / "daemon.json"
POOLS = [f"10.{number}.0.0/16" for number in range(96, 104)] + [f"172.{number}.0.0/16" for number in range(24, 28)]
"""What Docker may take for networks that are not the apps': its own choice could be a range of theirs."""

Settings = dict[str, Any]


class Note(TypedDict):
    """Whether the file is Mooring's, and what Mooring has added to it."""

    created: bool
    added: Settings


def set_up() -> Callable[[], None] | None:
    """Add what is missing; returns what takes it back, or None where nothing was."""
    swarm = heard("docker", "info", "-f", "{{.Swarm.LocalNodeState}}") not in ("inactive", "unknown", "")
    if swarm:
        warn("Docker is in swarm mode, which excludes live-restore: apps are interrupted when Docker restarts")
    there = DAEMON_JSON.exists()
    settings = current()
    added = missing(settings, swarm=swarm, pool=network.free(POOLS))
    if not added:
        return None
    note: Note = json.loads(NOTE.read_text()) if NOTE.exists() else {"created": not there, "added": {}}
    before = kept(NOTE), kept(DAEMON_JSON)
    place(NOTE, written({**note, "added": {**note["added"], **added}}))
    place(DAEMON_JSON, written(merged(settings, added)), stat.S_IMODE(DAEMON_JSON.stat().st_mode) if there else 0o644)

    def take_back() -> None:
        for restore in before:
            restore()

    return take_back


def take_down() -> None:
    """Take out what was added, where nobody has changed it since."""
    if not NOTE.exists():
        return
    step("Removing Docker's settings")
    try:
        note: Note = json.loads(NOTE.read_text())
        left = without(parse(DAEMON_JSON.read_text()), note["added"])
        if left or not note["created"]:
            place(DAEMON_JSON, written(left), stat.S_IMODE(DAEMON_JSON.stat().st_mode))
        else:
            remove(DAEMON_JSON)
    except (OSError, ValueError, KeyError):
        warn(f"{DAEMON_JSON} is left as it is")
    remove(NOTE)
    detail("other containers run on; Docker takes it all in with its next restart")


def current() -> Settings:
    """The settings that there are; raise Refusal where the file is no JSON."""
    try:
        return parse(DAEMON_JSON.read_text() if DAEMON_JSON.exists() else "")
    except ValueError as error:
        die(f"{DAEMON_JSON} is not valid JSON: {error}", "mend it, then run this again")


def parse(text: str) -> Settings:
    """The settings in the file's text, none if it is empty; raise ValueError where it is not a JSON object."""
    settings = json.loads(text) if text.strip() else {}
    if not isinstance(settings, dict):
        raise ValueError("it is not an object")
    return settings


def written(settings: Settings) -> str:
    return json.dumps(settings, indent=4) + "\n"


def missing(settings: Settings, *, swarm: bool, pool: str) -> Settings:
    """What Mooring needs of Docker and the settings do not say; `pool` may be empty where no range is free."""
    added: Settings = {}
    if "live-restore" not in settings and not swarm:
        added["live-restore"] = True
    if not any(option.startswith("native.cgroupdriver=") for option in settings.get("exec-opts", [])):
        added["exec-opts"] = ["native.cgroupdriver=systemd"]
    if "default-address-pools" not in settings and pool:
        added["default-address-pools"] = [{"base": pool, "size": 24}]
    return added


def merged(settings: Settings, added: Settings) -> Settings:
    """The settings with what is added: a list goes on, anything else is new."""
    lists = {key: settings.get(key, []) + value for key, value in added.items() if isinstance(value, list)}
    return {**settings, **added, **lists}


def without(settings: Settings, added: Settings) -> Settings:
    """The settings without what was added: a value that is still the same goes, and so does each part of a list."""
    left = {}
    for key, value in settings.items():
        if key in added and value == added[key]:
            continue
        if key in added and isinstance(value, list) and isinstance(added[key], list):
            value = [each for each in value if each not in added[key]]
        left[key] = value
    return left
