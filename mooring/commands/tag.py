"""Names for releases: `tag:*`."""

from mooring.app import apps
from mooring.commands import APP, JSON, argument, command
from mooring.commands.apps import parse_release
from mooring.commands.listing import moment, show
from mooring.commands.releases import has_image
from mooring.host.refusal import die
from mooring.release import releases, tag
from mooring.release.releases import WERE_LIVE

TAG = argument("name", metavar="TAG")


@command(
    "tag:add",
    "mooring tag:add my-app stable",
    APP,
    TAG,
    argument("number", metavar="N", nargs="?", default="", help="the release; none: the live one"),
)
def add(app: str, name: str, number: str) -> None:
    """Give a release a name, under which it is kept until that is removed."""
    target = apps.find(app)
    tag.check(name)
    chosen = parse_release(target, number) if number else target.live
    if chosen is None:
        die(f"{app} has no live release", "`git push` first")
    record = releases.load(chosen)
    if record.status not in WERE_LIVE:
        die(
            f"v{chosen.number} was never live: it is {record.status}", f"`mooring releases {app}` lists those that were"
        )
    if not has_image(chosen):
        die(f"the image of v{chosen.number} is not kept any more", "push or rebuild that commit")
    tag.add(target, name, chosen)
    print(f"v{chosen.number} of {app} is {name}; `mooring deploy {app} {name}` deploys it")


@command("tag:list", "mooring tag:list my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the tags of an app."""
    target = apps.find(app)
    rows = []
    for name, tagged in tag.every(target).items():
        record = releases.load(tagged)
        rows.append(
            {
                "tag": name,
                "release": f"v{tagged.number}",
                "commit": record.commit[:7] or record.from_image,
                "created": moment(record.created),
                "live": tagged == target.live,
            }
        )
    show(rows, as_json=json, empty=f"{app} has no tag: `mooring tag:add {app} stable` names the live release")


@command("tag:remove", "mooring tag:remove my-app stable", APP, TAG)
def remove(app: str, name: str) -> None:
    """Remove a tag; the release that had it is kept no longer than others."""
    target = apps.find(app)
    if name not in tag.every(target):
        die(f"{app} has no tag {name[:60]!r}", f"`mooring tag:list {app}` lists them")
    tag.remove(target, name)
    print(f"{app} has no tag {name} any more")
