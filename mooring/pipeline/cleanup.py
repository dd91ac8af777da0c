"""Removing what no release needs any more: every night, and by `mooring cleanup`.

Everything that it looks at may be in use, or become so meanwhile: what is on its way is left alone, and what cannot
be removed now is removed in another night.
"""

import fcntl
import os
import time
from pathlib import Path

from mooring.app import apps
from mooring.app.apps import App
from mooring.certificate import store
from mooring.front import tls
from mooring.host import files, names, paths, program, settings, systemd
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal, die
from mooring.pipeline import retention, source, spool
from mooring.release import releases
from mooring.release.releases import Release
from mooring.runtime import leftovers
from mooring.runtime.leftovers import Say

DAY = 86400.0
REJECTED_FOR = 30 * DAY
"""Seconds that what was no marker stays in failed/."""


def work(say: Say) -> None:
    """Remove it all, and say what; raise Refusal where another cleanup is at work."""
    host = settings.load()
    tags = leftovers.image_tags()
    for app in apps.every():
        try:
            clean_app(app, tags.pop(app.name, []), host, say)
        except (OSError, program.ProgramError):
            # One that is destroyed or renamed meanwhile needs no cleaning.
            if app.exists():
                raise
    for app_name, left in tags.items():
        if not App(app_name).exists():
            leftovers.remove_images(app_name, left, say)
    leftovers.remove_dangling_images(say)
    leftovers.trim_build_cache(host.builds_cache, say)
    remove_workspaces(say)
    remove_rejected(say)
    store.collect(tls.in_use())
    forget_failed_units(say)


def clean_app(app: App, tags: list[int], host: settings.Settings, say: Say) -> None:
    """Remove the images, records, sources and commits of the app that no kept release has."""
    remove_sources(app)
    newest_first = releases.every(app)
    with_image = retention.images(app, newest_first, host.releases_keep)
    known = {each.name: each for each in newest_first}
    unwanted = [number for number in tags if is_unwanted(ReleaseName(app.name, number), known, with_image)]
    leftovers.remove_images(app.name, unwanted, say)
    kept = retention.records(app, newest_first, host.releases_records, with_image)
    remove_records(app, [each for each in newest_first if each.name not in kept], say)
    remove_commits(app, say)


def is_unwanted(name: ReleaseName, known: dict[ReleaseName, Release], kept: set[ReleaseName]) -> bool:
    """Whether the image of that name is no kept release's, and nobody makes one out of it."""
    if name in kept or retention.on_its_way(name, spool.markers()):
        return False
    record = releases.find(name) if name not in known else known[name]
    # Without a record it is an earlier one's, or of a release that is being made at this moment.
    return record.status in releases.ENDED if record else any(name < each for each in known)


def remove_records(app: App, records: list[Release], say: Say) -> None:
    """Remove releases' folders: each is gone at once, or stays whole."""
    for record in records:
        gone = app.releases / f".gone-{record.name.number}"
        releases.folder(record.name).rename(gone)
    for gone in app.releases.glob(".gone-*"):
        files.remove_tree(gone)
    if records:
        say(f"{app.name}: the records of {leftovers.listed(sorted(each.name.number for each in records))}")


def remove_sources(app: App) -> None:
    """Remove the source folders that a killed git or command left, and what killed pushes brought."""
    left = [*app.sources.iterdir(), *(app.repository / "objects").glob("tmp_objdir-*")]
    for folder in left:
        if not names.NUMBER.fullmatch(folder.name) or not any(
            each.release == ReleaseName(app.name, int(folder.name)) for each in spool.markers()
        ):
            remove_if_old(folder, DAY)


def remove_if_old(path: Path, age: float) -> bool:
    """Remove a file or a folder that nobody has changed for `age` seconds; whether it was so."""
    try:
        if path.lstat().st_mtime > time.time() - age:
            return False
        if path.is_dir() and not path.is_symlink():
            files.remove_tree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        return False
    return True


def remove_commits(app: App, say: Say) -> None:
    """Let git forget the commits that were kept for releases that are not, and put in order what it keeps."""
    environment = source.environment(app)

    def git(*words: str, stdin: str | None = None) -> str:
        argv = program.as_git_user(("git", "-C", str(app.repository), *words))
        return program.run(*argv, stdin=stdin, env=environment, cwd=Path("/"))

    try:
        listing = git("for-each-ref", "--format=%(objectname) %(refname)", "refs/mooring/")
        kept = {record.commit for record in releases.every(app)}
        forgotten = [
            ref
            for commit, ref in (line.split(" ", 1) for line in listing.splitlines())
            if commit not in kept and not in_use(app, ref)
        ]
        git("update-ref", "--stdin", stdin="".join(f"delete {ref}\n" for ref in forgotten))
        # Two days: what a push or a build reads at this moment is younger.
        git("gc", "--quiet", "--prune=2.days.ago", *([] if forgotten else ["--auto"]))
    except program.ProgramError as error:
        say(f" !     {app.name}: git could not clean up: {error.output[-300:]}")
        return
    if forgotten:
        say(f"{app.name}: {len(forgotten)} commits that were kept for releases")


def in_use(app: App, ref: str) -> bool:
    """Whether a ref below refs/mooring/ is of a release on its way, or the one that `git:sync` fetches into."""
    number = ref.removeprefix("refs/mooring/")
    if not names.NUMBER.fullmatch(number):
        return number == "sync"
    name = ReleaseName(app.name, int(number))
    return retention.on_its_way(name, spool.markers()) or releases.exists(name)


def remove_workspaces(say: Say) -> None:
    """Remove the folders that were built in, where no build is at work in them."""
    found = list(paths.BUILDS.iterdir()) if paths.BUILDS.exists() else []
    # Looked for after the folders: a build has its marker before its folder.
    under_way = {str(each.release) for each in spool.markers()}
    gone = [each.name for each in found if each.name not in under_way and remove_if_old(each, 3600)]
    if gone:
        say(f"what was left of building {', '.join(sorted(gone))}")


def remove_rejected(say: Say) -> None:
    """Remove what was no marker, a month after it was found."""
    gone = [path for path in (paths.SPOOL / "failed").iterdir() if remove_if_old(path, REJECTED_FOR)]
    if gone:
        say(f"{len(gone)} files of {paths.SPOOL / 'failed'}")


def forget_failed_units(say: Say) -> None:
    """Take the units of releases that have ended a day ago, or are not there, out of systemd's list of failed ones."""
    if gone := [unit for unit in systemd.loaded("mooring-*@*", "--state=failed") if is_long_over(unit)]:
        systemd.forget(gone)
        say(f"{len(gone)} failed units of releases that are long over")


def is_long_over(unit: str) -> bool:
    """Whether a unit's release ended a day ago without being live, or is not there."""
    instance = unit.partition("@")[2].rpartition(".")[0]
    try:
        name = ReleaseName.parse(".".join(instance.split(".")[:2]))
    except Refusal:
        return False
    if any(each.release == name for each in spool.markers()):
        return False
    record = releases.find(name)
    return record is None or (
        record.status in releases.ENDED - {"live"} and record.times.get("ended", 0) < time.time() - DAY
    )


def alone(say: Say) -> None:
    """Do it all, one at a time; raise Refusal where another is at work."""
    paths.RUN.mkdir(exist_ok=True)
    descriptor = os.open(paths.RUN / "cleanup.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            die("another cleanup is at work", "`journalctl -fu mooring-cleanup` follows the nightly one")
        work(say)
    finally:
        os.close(descriptor)
