"""Deploys that no push brings: an image, an archive, a repository that the app follows."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from mooring.app import apps, branches, mount
from mooring.app.apps import App
from mooring.app.sync import Sync
from mooring.host import paths, proxy, settings
from mooring.host.program import ProgramError, as_git_user, run
from mooring.host.refusal import die, die_as
from mooring.pipeline import deployment, source, spool
from mooring.pipeline.order import Order
from mooring.release import releases
from mooring.release.releases import Release

CURL_WRITES_TO_NOBODY = 23
DOWNLOAD_TIMEOUT = 900
"""Seconds until an archive must have come."""


def say(line: str) -> None:
    print(line, flush=True)


def refuse_shut(app: App) -> None:
    """Raise Refusal for an app that takes no deploy."""
    apps.refuse_disabled(app)
    if app.choices().locked:
        die(f"{app.name} is locked: nothing is deployed", f"`mooring apps:unlock {app.name}`")


def image(app: App, reference: str, actor: str) -> int:
    """Make a release out of an image, wait for its end, return the exit status; raise Refusal where there is none."""
    from mooring.runtime import images

    refuse_shut(app)
    created = time.time()
    images.refuse_foreign(reference, app.name)
    found, came_now = images.get(reference, say)
    processes = images.processes(found, reference, app)
    for note in mount.unkept(found["Config"].get("Volumes") or {}, mount.of(app.choices()), app.name):
        say(f" !     {note}")
    name = app.claim_number()
    images.keep(found, name)
    record = Release(
        name, kind="image", actor=actor, created=created, builder="image", image=str(found["Id"]),
        from_image=reference, processes=processes, times={"building": created},
    )  # fmt: skip
    releases.save(record.at("built"))
    if came_now:
        images.forget(reference)
    source.remove(name)
    return deployment.hand_over("launch", name, created)


def archive(app: App, url: str, actor: str) -> int:
    """Make a commit out of an archive (from `url`, else standard input), and deploy it as a push is.

    Returns the exit status. Raises Refusal where it cannot be had, or is none that git could have made.
    """
    refuse_shut(app)
    created = time.time()
    branch = deploy_branch(app)
    name = app.claim_number()
    origin = Sync(url).label if url else "an archive"
    words = (str(paths.PYTHON), "-I", "-m", "hooks.take_archive", str(name), branch, actor, origin)
    try:
        commit = take(words, url)
    except BaseException:
        source.remove(name)
        raise
    order = Order("archive", commit, branch, actor, created)
    status = deployment.hand_over("build", name, created, order.render())
    return status or advance(app, branch, commit)


def take(words: tuple[str, ...], url: str) -> str:
    """Give the archive to the program that takes it, as the git user; return the commit that it made."""
    proxy.use()
    download = downloading(url) if url else None
    taking = subprocess.Popen(
        as_git_user(words), stdin=download.stdout if download else sys.stdin, cwd="/",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    if download and download.stdout:
        download.stdout.close()
    commit, refusal = taking.communicate()
    if download:
        assert download.stderr
        said = download.stderr.read().decode(errors="replace").strip()
        if download.wait() and download.returncode != CURL_WRITES_TO_NOBODY:
            die(f"{Sync(url).label} cannot be had: {said.removeprefix('curl: ')[:200]}", "is the address right?")
    if taking.returncode:
        die_as(refusal, "the archive could not be taken")
    return commit.strip()


def downloading(url: str) -> "subprocess.Popen[bytes]":
    """curl at work on an address, as the git user. It reads the address, which may hold a password, from a pipe."""
    if not url.startswith(("http://", "https://")) or not url.isprintable() or any(c in url for c in ' "\\'):
        die(f"{url[:80]!r} is no address of an archive", "https://HOST/FOLDER/app.tar.gz, or - for standard input")
    most = settings.size(settings.load().git_max_pack_size)
    words = (
        "curl", "--silent", "--show-error", "--fail", "--location", "--proto", "=http,https",
        "--max-time", str(DOWNLOAD_TIMEOUT), "--max-filesize", str(most), "--config", "-",
    )  # fmt: skip
    process = subprocess.Popen(
        as_git_user(words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/"
    )
    address: IO[bytes] | None = process.stdin
    assert address
    with address:
        address.write(f'url = "{url}"\n'.encode())
    return process


def sync(app: App, followed: Sync, actor: str, *, polled: bool = False) -> int:
    """Fetch what the app follows and deploy it if it is not live; return the exit status.

    One that is `polled` deploys no commit twice: what failed, or was rolled back, is not tried again and again.
    Raises Refusal where it cannot be fetched.
    """
    if polled and app.choices().locked:
        say(f"{app.name} is locked: nothing is deployed")
        return 0
    if polled and app.choices().disabled:
        say(f"{app.name} is disabled: nothing is deployed")
        return 0
    refuse_shut(app)
    commit = fetch(app, followed)
    return deploy_fetched(app, followed, commit, actor, polled=polled)


def deploy_fetched(app: App, followed: Sync, commit: str, actor: str, *, polled: bool = False) -> int:
    """Deploy a commit that was fetched, if it is new; return the exit status."""
    live = app.live
    if live and releases.load(live).commit == commit and not spool.deploying(app.name):
        say(f"=====> {app.name} v{live.number} of {commit[:7]} is live already")
        return 0
    synced = next((each for each in releases.every(app) if each.kind == "sync"), None)
    if polled and (spool.deploying(app.name) or (synced and synced.commit == commit)):
        why = f"v{synced.name.number} of {commit[:7]} is {synced.status}" if synced else "a release is on its way"
        say(f"{app.name} has nothing new: {why}")
        return 0
    branch = deploy_branch(app)
    status = deployment.build(app, Order("sync", commit, followed.ref or branch, actor, time.time()))
    return status or advance(app, branch, commit)


def fetch(app: App, followed: Sync) -> str:
    """Fetch what the app follows into its repository, as the git user; return the commit's id."""
    proxy.use()
    say(f"-----> Fetching {followed.ref or 'HEAD'} of {followed.label}")
    wanted = json.dumps({"url": followed.url, "ref": followed.ref})
    try:
        words = as_git_user((str(paths.PYTHON), "-I", "-m", "hooks.fetch", app.name))
        return run(*words, stdin=wanted, cwd=Path("/")).strip()
    except ProgramError as error:
        die_as(error.output, "it could not be fetched")


def deploy_branch(app: App) -> str:
    """The branch that deploys the app."""
    return branches.deploying(app.choices().deploy_branch, [], branches.stored(app.repository))


def advance(app: App, branch: str, commit: str) -> int:
    """Move the branch that deploys to what is live now; return 0."""
    words = ("git", "-C", str(app.repository), "update-ref", f"refs/heads/{branch}", commit)
    run(*as_git_user(words), env=source.environment(app), cwd=Path("/"))
    return 0
