"""Volumes: `volume:*`; what is in them is in `volume_content.py`."""

import sys
import time
from typing import Any

from mooring.access.actor import is_admin, may_see
from mooring.app import apps, mount
from mooring.app.apps import App
from mooring.app.mount import Mount
from mooring.commands import APP, JSON, argument, command, volume_content
from mooring.commands.listing import moment, show, show_one
from mooring.host import files, names, paths
from mooring.host.names import JOB, ONE_OFF, RELEASE_PHASE
from mooring.host.refusal import die
from mooring.release import formation, releases
from mooring.volume import quota, volumes
from mooring.volume.volumes import Volume

VOLUME = volume_content.VOLUME
DRAINING = 20.0
"""Seconds that a volume's last users have to end, after it was unlinked."""


@command(
    "volume:create",
    "mooring volume:create uploads --size 5g",
    VOLUME,
    argument("--size", metavar="SIZE", default="", help="the most that it may hold, e.g. 500m or 5g"),
    argument("--host-dir", metavar="FOLDER", default="", help="a folder of the server, for root on it only"),
)
def create(volume: str, size: str, host_dir: str) -> None:
    """Make a volume: a folder that keeps what apps write there."""
    limit = parse_size(size) if size else 0
    if host_dir:
        from mooring.volume import host_folder

        if limit:
            die("--size does not go with --host-dir", "the folder is as large as whoever owns it lets it be")
        host_dir = host_folder.check(names.check_volume(volume), host_dir)
    made = volumes.create(volume, limit, host_dir)
    print(f"{volume} is made: `mooring volume:link APP {volume} /data` links it to an app")
    if limit and not quota.holds(made.folder):
        print(f" !     --size is not enforced here: {NOT_ENFORCED}")


NOT_ENFORCED = f"{paths.VOLUMES} is on no ext4 or xfs with project quotas (mount option prjquota)"


def parse_size(word: str) -> int:
    size = formation.SIZE.fullmatch(word)
    number = int(size[1]) * formation.UNITS[size[2].lower()] if size else 0
    if not 1 << 20 <= number < 1 << 60:
        die(f"--size is {word[:20]!r}", "1m or more, e.g. 500m or 5g")
    return number


@command("volume:list", "mooring volume:list", JSON, for_all=True)
def list_(json: bool) -> None:
    """List the volumes, and where they are linked (for a developer, those of the own apps)."""
    rows = []
    linked = volumes.links()
    for volume in volumes.every():
        seen = [(app, each) for app, each in linked.get(volume.name, []) if may_see(app.name)]
        if seen or is_admin():
            rows.append(
                {
                    "name": volume.name,
                    "links": [f"{app.name}:{each.path}" for app, each in seen],
                    "size": formation.size(volume.size) if volume.size else "",
                    "host-dir": volume.host_folder if is_admin() else "",
                }
            )
    show(rows, as_json=json, empty="no volume yet: `mooring volume:create uploads` makes one")


@command("volume:info", "mooring volume:info uploads", VOLUME, JSON)
def info(volume: str, json: bool) -> None:
    """Show what is known of a volume: what it uses, whose it is, which apps have it."""
    target = volumes.find(volume)
    status = target.standing.stat()
    used = usage(target)
    facts: dict[str, Any] = {
        "name": target.name,
        "created": moment(target.created),
        "folder": str(target.folder),
        "used": used if json else formation.size(used),
        "size": target.size if json else formation.size(target.size) if target.size else "",
        "size-enforced": bool(target.size) and quota.project_of(target.folder) >= quota.FIRST,
        "owner": f"{status.st_uid}:{status.st_gid}",
        "mode": f"{status.st_mode & 0o7777:04o}",
        "links": [f"{app.name}:{each.text.partition(':')[2]}" for app, each in volumes.links().get(volume, [])],
    }
    show_one(facts, as_json=json)


def usage(volume: Volume) -> int:
    """The bytes that its files take on the disk."""
    from mooring.host.program import run

    counted = quota.used(volume.folder)
    if counted is not None:
        return counted
    return int(run("du", "--summarize", "--block-size=1", "--one-file-system", str(volume.folder)).split()[0])


@command(
    "volume:destroy", "mooring volume:destroy uploads", VOLUME,
    argument("--force", action="store_true", help="do not ask"),
)  # fmt: skip
def destroy(volume: str, force: bool) -> None:
    """Remove a volume with everything in it; refused while an app has it."""
    target = volumes.find(volume)
    refuse_linked(target)
    if not force:
        what = f"This removes {volume}" + ("" if target.host_folder else " and everything in it") + " for good."
        print(f"{what} Type its name to go on: ", end="", file=sys.stderr, flush=True)
        if not sys.stdin or sys.stdin.readline().strip() != volume:
            die(f"{volume} was not removed", "type its name, or use --force")
    with files.locked(paths.VOLUMES):
        target = volumes.find(volume)
        refuse_linked(target)
        volumes.destroy(target)
    print(f"{volume} is removed" + (f"; {target.host_folder} is as it was" if target.host_folder else ""))


def refuse_linked(volume: Volume) -> None:
    """Raise Refusal where an app has the volume linked, or still runs with it; what drains is waited for."""
    from mooring.runtime import mounts

    linked = [app.name for app, _ in volumes.links().get(volume.name, [])]
    if linked:
        die(
            f"{volume.name} is linked to {', '.join(linked)}",
            f"`mooring volume:unlink {linked[0]} {volume.name}` first",
        )
    until = time.monotonic() + DRAINING
    while (used := mounts.used(volume, apps.every())) and time.monotonic() < until:
        time.sleep(0.2)
    if used:
        die(f"{volume.name} is still in use by {', '.join(used)}", "stop that, or restart the app, and try again")


@command(
    "volume:link",
    "mooring volume:link my-app uploads /data",
    APP,
    VOLUME,
    argument("path", metavar="PATH", nargs="?", default="", help="where the app's containers see it, e.g. /data"),
    argument("--process", dest="processes", metavar="PROCESS", action="append", default=[],
             help="only those of this process; may be given again"),
    argument("--read-only", action="store_true", help="the app cannot write to it"),
    for_admins=True,
)  # fmt: skip
def link(app: str, volume: str, path: str, processes: list[str], read_only: bool) -> int:
    """Let an app's containers see a volume, from a release of its own on."""
    from mooring.pipeline import choice

    target = apps.find(app)
    if not path and ":" in volume:
        volume, _, path = volume.partition(":")
    if volume.startswith("/"):
        die(
            f"{volume[:60]!r} is a folder of the server",
            f"`sudo mooring volume:create NAME --host-dir {volume[:60]}` there, then link NAME",
        )
    if not path:
        die("no path is named", f"`mooring volume:link {app} {volume[:60]} /data`")
    found = volumes.find(volume)
    wanted = Mount(found.name, mount.check_path(path), tuple(sorted({*processes})), read_only)
    check_processes(target, wanted.processes)
    others = mount.of(target.choices())
    mount.refuse_taken(wanted, others, app)
    if any(each.volume == volume and each != wanted for each in others):
        die(
            f"{volume} is linked to {app} already",
            f"`mooring volume:unlink {app} {volume}` first, then link it otherwise",
        )
    status = choice.choose(target, "volumes", {volume: wanted.table}, "link")
    if status == 0 and target.live and wanted in releases.load(target.live).mounts and not read_only:
        warn_of_owner(target, found)
    return status


def warn_of_owner(app: App, volume: Volume) -> None:
    """Say so where the app runs as somebody who cannot write to the volume."""
    from mooring.runtime import first_content

    assert app.live
    user, group = first_content.runs_as(app.live.image)
    if not volumes.lets_write(volume, user, group):
        owner = volume.folder.stat()
        print(
            f" !     {volume.name} belongs to {owner.st_uid}:{owner.st_gid}, and {app.name} runs as {user}:{group}: "
            f"it cannot write there (`chown {user}:{group} {volume.folder}` on the server lets it)"
        )


def check_processes(app: App, wanted: tuple[str, ...]) -> None:
    """Raise Refusal for a process that the app has not; before the first release, any may come."""
    known = {each.name for each in releases.load(app.live).processes} if app.live else set()
    for name in wanted:
        if not names.PROCESS.fullmatch(name) or (known and name not in {*known, ONE_OFF, RELEASE_PHASE, JOB}):
            die(f"{app.name} has no process {name[:60]!r}", f"it has {', '.join(sorted({*known, ONE_OFF}))}")


@command("volume:unlink", "mooring volume:unlink my-app uploads", APP, VOLUME)
def unlink(app: str, volume: str) -> int:
    """Let an app see a volume no more, from a release of its own on; what is in it stays."""
    from mooring.pipeline import choice

    target = apps.find(app)
    volume = volume.partition(":")[0]
    if volume not in target.choices().volumes:
        linked = ", ".join(target.choices().volumes) or "none"
        die(f"{volume[:60]!r} is not linked to {app}", f"linked are: {linked}")
    return choice.choose(target, "volumes", {volume: None}, "link")
