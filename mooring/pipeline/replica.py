"""Making an app out of another one."""

from pathlib import Path

from mooring.access.actor import actor
from mooring.app import apps, sync
from mooring.app.apps import App
from mooring.certificate import hoster
from mooring.cron import history
from mooring.front import domains
from mooring.host import names
from mooring.host.names import ReleaseName
from mooring.host.program import as_git_user, run
from mooring.host.refusal import die
from mooring.pipeline import deployment, link_change, removal
from mooring.pipeline.source import as_far_as_it_goes, environment, object_format
from mooring.release import releases, tag
from mooring.runtime import engine

MADE_ANEW = {"app.toml", "cron", "env", "links", "live", "releases", "repo.git", "sources", "ssh", "sync.json", "tags"}
"""What an app has of its own, and `copy` makes; everything else in its folder belongs to its choices."""
OWN_ADDRESSES = ("domains", "redirects", "domain_processes", "certificate", "hsts", "certs_dns")
NOT_GIVEN = {hoster.FILE}
"""The secrets of host names, which a copy does not have."""
NOT_SHARED = ("volumes",)
"""What a copy would write into beside the app that it was made from."""
STATES = ("stopped", "disabled")
"""Choices by which an app does not run: a new one does, at first."""


def copy(source: App, new: str, *, renaming: bool) -> int:
    """Make `new` like `source` and wait until it is live; else nothing of it is left. Returns the exit status.

    One that takes the other's place gets its domains and its history too.
    """
    if source.live is None and releases.every(source):
        die(f"{source.name} has no live release to copy", f"deploy it, or `mooring apps:create {new}` and push")
    default = domains.default(App(names.check_app(new)))
    if not (renaming and default in (*domains.of(source), *source.choices().redirects)):
        domains.refuse_taken([default], App(new))
    target = apps.create(new)
    try:
        copy_choices(source, target, renaming=renaming)
        copy_commits(source, target, renaming=renaming)
        if renaming:
            copy_history(source, target)
        link_change.copy(source, target)
        status = deployment.launch_image(target, releases.load(source.live), actor()) if source.live else 0
    except KeyboardInterrupt:
        removal.remove(target, f"{new} was not wanted any more")
        raise KeyboardInterrupt(f"{new} was not made; {source.name} is as it was") from None
    except BaseException:
        removal.remove(target, f"{new} could not be made")
        raise
    if status:
        removal.remove(target, f"{new} did not become live")
        print(f" !     {new} was not made; {source.name} is as it was", flush=True)
    return status


def copy_choices(source: App, target: App, *, renaming: bool) -> None:
    """What the operator chose, the config vars, the key, and the files that belong to any of them."""
    run("cp", "-a", str(source.folder / "app.toml"), str(target.folder / "app.toml"))
    choices = source.choices()
    if renaming:
        # What did not serve shows nothing of itself until it is as before.
        shut = choices.disabled or choices.stopped or choices.maintenance
        target.choose(**dict.fromkeys(STATES), created=choices.created, maintenance=shut or None)
    else:
        target.choose(
            **dict.fromkeys((*STATES, *OWN_ADDRESSES, *NOT_SHARED)), created=apps.now(), locked=None, maintenance=None
        )
    target.write_config(source.config())
    left_out = MADE_ANEW if renaming else MADE_ANEW | NOT_GIVEN
    extra = [each for each in source.folder.iterdir() if each.name not in left_out and not each.name.startswith(".")]
    for each in [*extra, *([source.ssh] if source.ssh.is_dir() else [])]:
        run("cp", "-a", "--no-target-directory", str(each), str(target.folder / each.name))


def copy_commits(source: App, target: App, *, renaming: bool) -> None:
    """Its branches and tags, and the commits that its releases were made of."""
    if (kind := object_format(source.repository)) != object_format(target.repository):
        apps.init_anew(target, kind)
    # Those are kept under their release's number, and a clone has numbers of its own.
    kept = "+refs/mooring/*:refs/mooring/*" if renaming else f"+refs/mooring/*:refs/mooring/copied/{source.name}/*"
    refs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", kept)
    git = ("git", "-C", str(target.repository), "fetch", "--quiet", "--no-write-fetch-head", as_far_as_it_goes(target))
    environ = {**environment(target), "GIT_ALLOW_PROTOCOL": "file"}
    run(*as_git_user((*git, str(source.repository), *refs)), env=environ, cwd=Path("/"))


def copy_history(source: App, target: App) -> None:
    """The releases before the live one, to roll back to: their records, configs and images, and the tags."""
    for record in releases.every(source):
        if record.name == source.live:
            continue
        name = ReleaseName(target.name, record.name.number)
        releases.save(record.changed(name=name, status="retired" if record.status == "live" else record.status))
        if (releases.folder(record.name) / "env").exists():
            releases.freeze_config(name, releases.own_config(record.name))
        if record.image:
            engine.request("POST", f"/images/{record.name.image}/tag?repo=mooring/{target.name}&tag={name.number}")
    if history.place(source).is_dir():
        run("cp", "-a", "--no-target-directory", str(history.place(source)), str(history.place(target)))
    for word, name in tag.every(source).items():
        if name != source.live:
            tag.add(target, word, ReleaseName(target.name, name.number))


def take_place(source: App, target: App) -> None:
    """Let `target`, which is live, follow what `source` followed, with the tags of its live release."""
    if target.live:
        for word, name in tag.every(source).items():
            if name == source.live:
                tag.add(target, word, target.live)
    if followed := sync.load(source):
        sync.stop(source)
        sync.save(target, followed)
