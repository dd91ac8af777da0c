"""Which releases of an app are kept: their images to go back to, and their records."""

from mooring.app.apps import App
from mooring.host.names import ReleaseName
from mooring.pipeline import source, spool
from mooring.release import releases, tag
from mooring.release.releases import Release


def images(app: App, newest_first: list[Release], keep: int) -> set[ReleaseName]:
    """The releases whose images are kept: the last `keep` that became live, what is live, tagged or on its way.

    What a release on its way is made from is kept for it.
    """
    kept = {each.name for each in [each for each in newest_first if each.status in releases.WERE_LIVE][: max(1, keep)]}
    kept |= {each.name for each in newest_first if each.status == "queued"}
    kept |= {ReleaseName(app.name, each.base) for each in newest_first if each.status == "queued" and each.base}
    kept |= set(tag.every(app).values())
    if live := app.live:
        kept.add(live)
    return kept


def records(app: App, newest_first: list[Release], keep: int, with_image: set[ReleaseName]) -> set[ReleaseName]:
    """The releases whose records are kept: the last `keep`, those whose images are, and those that run.

    One that drains still counts as live: where its containers are reached stays taken until they have ended.
    """
    running = {each.name for each in newest_first if each.status in releases.ACTIVE}
    return {each.name for each in newest_first[: max(1, keep)]} | with_image | running


def on_its_way(name: ReleaseName, markers: list[spool.Marker]) -> bool:
    """Whether something may be at work on the release: it has a marker, or a source folder, which claims its number."""
    return any(each.release == name for each in markers) or source.tree(name).parent.exists()
