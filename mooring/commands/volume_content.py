"""What is in volumes: `volume:export`, `volume:import`, `volume:clone`. (Found by `volume.py`.)"""

import contextlib
import sys
import time
from io import BufferedReader
from typing import cast

from mooring.access.actor import actor
from mooring.app import apps
from mooring.app.apps import App
from mooring.commands import argument, command
from mooring.host import files, interrupt, paths
from mooring.host.refusal import Refusal, die
from mooring.release import formation, releases
from mooring.volume import content, volumes
from mooring.volume.volumes import Volume

VOLUME = argument("volume", metavar="VOLUME")


@command("volume:export", "mooring volume:export uploads > uploads.tar", VOLUME)
def export(volume: str) -> None:
    """Write a tar of a volume to standard output."""
    target = volumes.find(volume)
    if sys.stdout.isatty():
        die("a tar is nothing for a terminal", f"`mooring volume:export {volume} > {volume}.tar`")
    if note := content.export(target.standing):
        print(f" !     {note}", file=sys.stderr)


@command(
    "volume:import",
    "mooring volume:import uploads < uploads.tar",
    VOLUME,
    argument("--chown", action="store_true", help="give all of it to the owner of the volume as it is now"),
)
def import_(volume: str, chown: bool) -> int:
    """Replace what is in a volume by the tar on standard input, and restart the apps that have it."""
    target = volumes.find(volume)
    if target.host_folder:
        die(f"{volume} is the server's folder {target.host_folder}", f"there: `tar -x -C {target.host_folder}`")
    if not sys.stdin or sys.stdin.isatty():
        die("there is no tar on standard input", f"ssh mooring@HOST volume:import {volume} < {volume}.tar")
    with volumes.alone(target):
        try:
            before = target.standing.stat()
            draft = volumes.open_draft(target)
            draft.chmod(before.st_mode & 0o7777)
            content.give(draft, before.st_uid, before.st_gid)
            done = content.unpack(cast(BufferedReader, sys.stdin.buffer), draft, target.size)
            owner = draft.stat()
            if chown:
                content.give(draft, before.st_uid, before.st_gid)
            content.reach_disk(draft)
            return replace(target, done, chown or (before.st_uid, before.st_gid) == (owner.st_uid, owner.st_gid))
        finally:
            volumes.drop_draft(target)


def replace(volume: Volume, done: content.Unpacked, same_owner: bool) -> int:
    """Let the draft take the place of the data; where an app does not become ready with it, take that back."""
    wait_for_releases(volume)
    interrupt.ignore()
    volumes.exchange(volume)
    say(f"{volume.name} has {done.files} files, {formation.size(done.size)}")
    if not same_owner:
        say(" !     They belong to others than the volume did: can the apps write? `--chown` keeps its owner")
    restarted = []
    for app in running(volume):
        restarted.append(app)
        if not restart(app):
            volumes.exchange(volume)
            for each in restarted[:-1]:
                restart(each)
            say(f" !     {volume.name} has what it had before: {app.name} does not start with the new")
            return 1
    return 0


def say(line: str) -> None:
    """Tell the person, who may be gone: what was begun is ended."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def wait_for_releases(volume: Volume) -> None:
    """Wait until no release is on its way that could start with what is about to be gone."""
    from mooring.pipeline import spool

    for app, _ in volumes.links().get(volume.name, []):
        if spool.deploying(app.name):
            say(f"-----> A release of {app.name} is on its way: this waits for its end")
        while spool.deploying(app.name):
            time.sleep(0.5)


def restart(app: App) -> bool:
    """Let the app see the folder that is there now; whether it does."""
    from mooring.pipeline import deployment

    say(f"-----> Restarting {app.name}, which has it")
    try:
        return deployment.launch(app, "restart", actor(), to_the_end=True) == 0
    except Refusal as refusal:
        say(f" !     {refusal}")
        return False


def running(volume: Volume) -> list[App]:
    """The apps that run with the volume."""
    return [
        app
        for app in apps.every()
        if app.live
        and any(each.volume == volume.name for each in releases.load(app.live).mounts)
        and not (app.choices().stopped or app.choices().disabled)
    ]


@command("volume:clone", "mooring volume:clone uploads uploads-copy", VOLUME, argument("new", metavar="NEW"))
def clone(volume: str, new: str) -> None:
    """Make a volume that has what another one has now."""
    source = volumes.find(volume)
    made = volumes.create(new, source.size)
    try:
        with volumes.alone(made):
            draft = volumes.open_draft(made)
            content.copy(source.standing, draft)
            content.reach_disk(draft)
            volumes.exchange(made)
    except BaseException:
        with files.locked(paths.VOLUMES):
            volumes.destroy(made)
        raise
    volumes.drop_draft(made)
    print(f"{new} has what {volume} has; it is linked to no app")
