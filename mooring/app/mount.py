"""Which volumes an app's containers see, and where: what the operator linked, `volumes` in app.toml."""

import posixpath
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from mooring.app.choices import Choices
from mooring.host import names
from mooring.host.refusal import die

OF_THE_SYSTEM = frozenset({
    "/", "/app", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/proc",
    "/root", "/run", "/sbin", "/start", "/sys", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/sbin",
    "/usr/share", "/var", "/var/lib", "/var/log", "/var/run",
})  # fmt: skip
"""Folders of an image that a volume would hide, and with them the app."""
KERNELS = ("/dev", "/proc", "/sys")
LONGEST = 255


class Mount(NamedTuple):
    """A volume at a path of an app's containers: of those of some `processes`, where any are named, else of all."""

    volume: str
    path: str
    processes: tuple[str, ...] = ()
    read_only: bool = False

    def is_of(self, process: str) -> bool:
        """Whether containers of a process have it: a script of app.json counts as `release`, a job as `cron`."""
        kind = names.RELEASE_PHASE if process in names.PHASES else process.partition(".")[0]
        return not self.processes or kind in self.processes

    def meets(self, other: "Mount") -> bool:
        """Whether some container would have both."""
        return not (self.processes and other.processes) or bool({*self.processes} & {*other.processes})

    @property
    def text(self) -> str:
        """For people: `uploads:/data (web, read-only)`."""
        words = ", ".join([*self.processes, *(["read-only"] if self.read_only else [])])
        return f"{self.volume}:{self.path}" + (f" ({words})" if words else "")

    @property
    def table(self) -> dict[str, Any]:
        """What app.toml has of it."""
        return {
            "path": self.path,
            **({"processes": list(self.processes)} if self.processes else {}),
            **({"read-only": True} if self.read_only else {}),
        }


def of(choices: Choices) -> tuple[Mount, ...]:
    """The mounts that were chosen; raise Refusal for what app.toml has and is none."""
    return tuple(_parse(name, table) for name, table in sorted(choices.volumes.items()))


def _parse(name: str, table: Any) -> Mount:
    where = f"app.toml: volumes.{name}"
    names.check_volume(name)
    if not isinstance(table, dict) or not table.keys() <= {"path", "processes", "read-only"} or "path" not in table:
        die(f"{where} is {table!r:.60}", '{ path = "/data", processes = ["web"], read-only = true }')
    processes = table.get("processes", [])
    if not isinstance(processes, list) or not all(isinstance(each, str) for each in processes):
        die(f"{where}.processes is {processes!r:.60}", '["web"]')
    if not isinstance(table["path"], str):
        die(f"{where}.path is {table['path']!r:.60}", '"/data"')
    return Mount(name, check_path(table["path"]), tuple(processes), table.get("read-only") is True)


def check_path(path: str) -> str:
    """The path, made plain, if a volume may be there in a container; raise Refusal otherwise."""
    shown = repr(path if len(path) <= 60 else f"{path[:60]}…")
    hint = "an absolute path of its own, e.g. /data or /app/uploads"
    if not path.startswith("/"):
        die(f"{shown} is no absolute path", hint)
    if len(path) > LONGEST or not path.isprintable():
        die(f"{shown} is too long, or has characters that cannot be seen", hint)
    if ".." in path.split("/"):
        die(f"{shown} has .. in it", hint)
    plain = "/" + posixpath.normpath(path).lstrip("/")
    if plain in OF_THE_SYSTEM or plain.startswith(tuple(f"{each}/" for each in KERNELS)):
        die(f"a volume at {plain} would hide what the app needs to run", hint)
    return plain


def unkept(declared: Iterable[str], mounts: tuple[Mount, ...], app: str) -> list[str]:
    """What is told of an image's VOLUMEs that no volume is linked to: a line, or none."""
    kept = {each.path for each in mounts}
    lost = [path for path in sorted(map(posixpath.normpath, declared)) if path not in kept]
    if not lost:
        return []
    word = re.sub(r"[^a-z0-9]+", "-", posixpath.basename(lost[0]).lower()).strip("-")
    name = f"{app}-{word or 'data'}"[:63].rstrip("-")
    return [
        f"VOLUME {', '.join(lost)}: what is written there is gone with the next release. "
        f"`mooring volume:create {name}` and `mooring volume:link {app} {name} {lost[0]}` keep it"
    ]


def refuse_taken(wanted: Mount, others: tuple[Mount, ...], app: str) -> None:
    """Raise Refusal where another volume is at its path."""
    for other in others:
        if other.path == wanted.path and other.volume != wanted.volume and wanted.meets(other):
            die(
                f"{other.volume} is linked to {app} at {other.path} already",
                f"choose another path, or `mooring volume:unlink {app} {other.volume}` first",
            )
