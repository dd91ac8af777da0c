"""The pipeline's state: the directory that a release's marker is in.

    STAGE/          the inbox, watched by mooring-STAGE.path
    queue/STAGE/    waits for an earlier release of its app, or for a free place among the builds
    run/STAGE/      mooring-STAGE@APP.N.service is at work
    failed/         what could not be read, with the reason beside it

Every move is a rename(2). Dispatching, and putting back what waits, happens under one lock.
"""

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from mooring.host import paths
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal

Stage = Literal["build", "launch", "route", "retire"]
Place = Literal["inbox", "queue", "run"]
STAGES: tuple[Stage, ...] = ("build", "launch", "route", "retire")
DEPLOYING: tuple[Stage, ...] = ("build", "launch", "route")


class Marker(NamedTuple):
    """One release at one place of the pipeline."""

    release: ReleaseName
    stage: Stage
    place: Place


def inbox(stage: Stage) -> Path:
    return paths.SPOOL / stage


def queue(stage: Stage) -> Path:
    return paths.SPOOL / "queue" / stage


def at_work(stage: Stage) -> Path:
    return paths.SPOOL / "run" / stage


def put(stage: Stage, release: ReleaseName, content: str = "", *, place: Callable[[Stage], Path] = inbox) -> None:
    """Hand a release to a stage: its marker appears whole, under a name that path units do not see before.

    Into another `place` than the inbox only by who dispatches it as well.
    """
    temporary = place(stage) / f".tmp-{release}.{os.getpid()}"
    with temporary.open("w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(place(stage) / str(release))


def is_at_work(stage: Stage, release: ReleaseName) -> bool:
    return (at_work(stage) / str(release)).exists()


@contextmanager
def work_on(stage: Stage, release: ReleaseName) -> Iterator[bool]:
    """Hold the lock of a marker that a stage works on; whether there is one."""
    with _marker_locked(stage, release, fcntl.LOCK_EX) as there:
        yield there


def wait_until_worked_off(stage: Stage, release: ReleaseName) -> None:
    """Return when no program works on the release in this stage, however it ended (flock(2): the kernel lets go)."""
    with _marker_locked(stage, release, fcntl.LOCK_SH):
        return


@contextmanager
def _marker_locked(stage: Stage, release: ReleaseName, how: int) -> Iterator[bool]:
    try:
        descriptor = os.open(at_work(stage) / str(release), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(descriptor, how)
        yield is_at_work(stage, release)
    finally:
        os.close(descriptor)


def hand_over(release: ReleaseName, stage: Stage, following: Stage, begin: Callable[[], None] = lambda: None) -> bool:
    """Move the marker on to the following stage, which systemd starts next (OnSuccess=) where `begin` did not.

    False if it is gone, because the release was cancelled.
    """
    # Under the lock: whoever cancels a release takes its marker first, and stops what was begun after that.
    with locked():
        try:
            (at_work(stage) / str(release)).rename(at_work(following) / str(release))
        except FileNotFoundError:
            return False
        begin()
    wake()
    return True


def take_out(release: ReleaseName) -> list[Marker]:
    """Remove every marker of a release, so that no stage begins or hands over; return where they were."""
    return _remove(lambda marker: marker.release == release and marker.stage != "retire")


def forget(app: str) -> list[ReleaseName]:
    """Remove every marker of an app that goes away; return the releases that were on their way to being live."""
    found = _remove(lambda marker: marker.release.app == app)
    return sorted({marker.release for marker in found if marker.stage in DEPLOYING})


def _remove(unwanted: Callable[[Marker], bool]) -> list[Marker]:
    """Remove markers, also one that a stage hands over meanwhile."""
    removed: list[Marker] = []
    with locked():
        while found := [marker for marker in markers() if unwanted(marker)]:
            for marker in found:
                _path(marker).unlink(missing_ok=True)
            removed += found
    return removed


def finish(release: ReleaseName, stage: Stage) -> None:
    """End a release's way through the pipeline, and let those dispatch again that may have waited for it."""
    with locked():
        (at_work(stage) / str(release)).unlink(missing_ok=True)
    wake()


def wake() -> None:
    """Put what waits back into the inboxes: the dispatcher decides anew whose turn it is."""
    if not any(_listing(queue(stage)) for stage in STAGES):
        return
    with locked():
        for stage in STAGES:
            for entry in _listing(queue(stage)):
                (queue(stage) / entry).rename(inbox(stage) / entry)


def markers() -> list[Marker]:
    """Every release in the pipeline and where it is; names that no release has are passed over."""
    found = []
    for stage in STAGES:
        for place, folder in (("inbox", inbox(stage)), ("queue", queue(stage)), ("run", at_work(stage))):
            for entry in _listing(folder):
                try:
                    found.append(Marker(ReleaseName.parse(entry), stage, place))  # type: ignore[arg-type]
                except Refusal:
                    continue
    return found


def deploying(app: str) -> list[Marker]:
    """The markers of an app's releases that are on their way to being live, in order."""
    return sorted(each for each in markers() if each.release.app == app and each.stage in DEPLOYING)


def reject(path: Path, reason: str) -> None:
    """Move what cannot be a marker to failed/, with the reason beside it."""
    failed = paths.SPOOL / "failed"
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", path.name)[:100].lstrip(".") or "_"
    number = 0
    while (target := failed / f"{safe}.{number}").exists():
        number += 1
    path.rename(target)
    (failed / f"{safe}.{number}.reason").write_text(reason + "\n")


@contextmanager
def locked() -> Iterator[None]:
    """Hold the spool's lock (flock(2): the kernel lets go of it when the holder dies)."""
    descriptor = os.open(paths.SPOOL / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _path(marker: Marker) -> Path:
    folder = {"inbox": inbox, "queue": queue, "run": at_work}[marker.place]
    return folder(marker.stage) / str(marker.release)


def _listing(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return []
