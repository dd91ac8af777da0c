"""Releases: `releases*`, `rollback`."""

from mooring.access.actor import actor
from mooring.app import apps
from mooring.app.apps import App
from mooring.commands import APP, JSON, argument, command
from mooring.commands.apps import parse_release
from mooring.commands.listing import moment, show, show_one
from mooring.host import files
from mooring.host.names import ReleaseName
from mooring.host.refusal import die
from mooring.release import history, releases, tag
from mooring.release.releases import WERE_LIVE, Release
from mooring.runtime import engine


@command("releases", "mooring releases my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the releases of an app, the newest first."""
    target = apps.find(app)
    live = target.live
    tags: dict[ReleaseName, list[str]] = {}
    for word, name in tag.every(target).items():
        tags.setdefault(name, []).append(word)
    rows = [
        {
            "number": record.name.number,
            "status": standing(record, live),
            "kind": record.kind,
            "commit": record.commit[:7] or record.from_image,
            "tags": tags.get(record.name, []),
            "by": record.actor,
            "created": moment(record.created),
            "reason": record.reason,
        }
        for record in releases.every(target)
    ]
    show(rows, as_json=json, empty=f"{app} has no release: `git push mooring@HOST:{app} main` makes one")


@command("releases:info", "mooring releases:info my-app 42", APP, argument("number", metavar="N"), JSON)
def info(app: str, number: str, json: bool) -> None:
    """Show what is known of a release: who, what, how long each stage took, which config vars it changed."""
    target = apps.find(app)
    record = releases.load(parse_release(target, number))
    every = releases.every(target)
    took = history.took(record, every)
    changes = history.changes(record, every)
    facts = {
        "release": str(record.name),
        "status": standing(record, target.live),
        "reason": record.reason,
        "kind": record.kind,
        "by": record.actor,
        "created": moment(record.created),
        "ended": moment(record.times.get("ended")),
        "took": took,
        "commit": record.commit,
        "branch": record.branch,
        "builder": record.builder,
        "from": f"v{record.base}" if record.base else record.from_image,
        "image": record.image,
        "tags": [word for word, name in tag.every(target).items() if name == record.name],
        "processes": [f"{each.name}={each.quantity}" for each in record.processes],
        "volumes": [each.text for each in record.mounts],
        "config-vars": sorted(releases.config(record.name)) if history.has_config(record) else [],
        "config-added": changes.added,
        "config-changed": changes.changed,
        "config-removed": changes.removed,
    }
    if not json:
        facts["took"] = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in took.items())
    show_one(facts, as_json=json)


def standing(record: Release, live: ReleaseName | None) -> str:
    """What people are told of a release: what was live counts as that until its last connection is closed."""
    return "draining" if record.status == "live" and record.name != live else record.status


@command("rollback", "mooring rollback my-app 41", APP, argument("number", metavar="N", nargs="?", default=""))
def rollback(app: str, number: str) -> int:
    """Release an earlier image and its config again; without a number, what was live before."""
    from mooring.pipeline import deployment

    target = apps.find(app)
    if target.live is None:
        die(f"{app} has no live release", "`git push` first")
    name = chosen(target, number) if number else earlier(target, target.live)
    apps.refuse_disabled(target)
    config = releases.own_config(name)
    before = change_config(target, config)
    try:
        status = deployment.launch(target, "rollback", actor(), config=config, base=name.number, to_the_end=True)
    except BaseException:
        change_config(target, before, only_if=config)
        raise
    if status:
        change_config(target, before, only_if=config)
    return status


def change_config(app: App, config: dict[str, str], only_if: dict[str, str] | None = None) -> dict[str, str]:
    """Replace the config vars of an app, unless they are others than `only_if`; return what they were."""
    with files.locked(app.folder):
        before = app.config()
        if only_if is None or before == only_if:
            app.write_config(config)
        return before


def chosen(app: App, number: str) -> ReleaseName:
    """The release that a person named; raise Refusal if it cannot be run again."""
    record = releases.load(parse_release(app, number))
    named = f"v{record.name.number}"
    if record.status not in WERE_LIVE:
        die(f"{named} was never live: it is {record.status}", f"`mooring releases {app.name}` lists those that were")
    if not has_image(record.name):
        die(f"the image of {named} is not kept any more", "push or rebuild that commit")
    return record.name


def earlier(app: App, live: ReleaseName) -> ReleaseName:
    """The newest release before the live one that can be run again; it may be draining still."""
    for record in releases.every(app):
        if record.name < live and record.status in WERE_LIVE and has_image(record.name):
            return record.name
    die(f"{app.name} has no earlier release to go back to", f"`mooring releases {app.name}` lists them")


def has_image(name: ReleaseName) -> bool:
    return engine.request("GET", f"/images/{name.image}/json")[0] == 200
