"""A repository elsewhere that an app follows: which, and how often it is looked at."""

import json
import re
from pathlib import Path
from typing import NamedTuple

from mooring.app.apps import App
from mooring.app.buildpack import REF, URL
from mooring.host import address, files, systemd
from mooring.host.program import run
from mooring.host.refusal import die

INTERVAL = re.compile(r"([1-9][0-9]{0,5})([smhd])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
SHORTEST, LONGEST = 10, 7 * 86400
UNITS = Path("/etc/systemd/system")


class Sync(NamedTuple):
    """`ref` is a branch, a tag or a commit, empty for the repository's HEAD; `every` seconds, 0 for when asked only.

    `url` may hold a password: it is shown as `label`, and its file is root's alone.
    """

    url: str
    ref: str = ""
    every: int = 0

    @property
    def label(self) -> str:
        return address.shown(self.url)


def parse(url: str, ref: str) -> Sync:
    """What a person typed; raise Refusal for no address of a git repository, or no ref."""
    if not URL.fullmatch(url) or url.startswith("-"):
        die(f"{url[:80]!r} is no address of a git repository", "https://HOST/REPOSITORY.git or git@HOST:REPOSITORY.git")
    if ref and (not REF.fullmatch(ref) or ref.startswith("-") or ".." in ref):
        die(f"{ref[:80]!r} is no branch, tag or commit", "e.g. main")
    return Sync(url, ref)


def interval(text: str) -> int:
    """The seconds of "30s", "5m", "2h" or "1d"; raise Refusal for anything else."""
    found = INTERVAL.fullmatch(text)
    seconds = int(found[1]) * SECONDS[found[2]] if found else 0
    if not SHORTEST <= seconds <= LONGEST:
        die(f"{text[:20]!r} is no interval", "from 10s to 7d, e.g. 5m")
    return seconds


def load(app: App) -> Sync | None:
    """What the app follows; None if it follows nothing."""
    try:
        return Sync(**json.loads((app.folder / "sync.json").read_text()))
    except FileNotFoundError:
        return None


def save(app: App, sync: Sync) -> None:
    """Follow it, from now on, and after a reboot."""
    files.write(app.folder / "sync.json", json.dumps(sync._asdict()) + "\n", mode=0o600)
    if sync.every:
        start_timer(app, sync.every)


def stop(app: App) -> None:
    """Follow nothing any more."""
    stop_timer(app)
    (app.folder / "sync.json").unlink(missing_ok=True)


def start_timer(app: App, every: int) -> None:
    """Look `every` seconds, by the app's timer; a file beside it (systemd.unit(5)) has the interval."""
    folder = UNITS / f"{timer(app)}.d"
    folder.mkdir(exist_ok=True)
    files.write(
        folder / "every.conf", f"[Timer]\nOnUnitInactiveSec=\nOnActiveSec={every}s\nOnUnitInactiveSec={every}s\n"
    )
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "--quiet", timer(app))
    run("systemctl", "restart", timer(app))


def stop_timer(app: App) -> None:
    if (UNITS / f"{timer(app)}.d").exists():
        run("systemctl", "disable", "--quiet", "--now", timer(app))
        files.remove_tree(UNITS / f"{timer(app)}.d")
        run("systemctl", "daemon-reload")
        systemd.forget([f"mooring-sync@{app.name}.*"])


def timer(app: App) -> str:
    return f"mooring-sync@{app.name}.timer"
