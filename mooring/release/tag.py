"""Tags: names for releases, which are kept for as long as they have one. A link in the app's folder each."""

import re

from mooring.app.apps import App
from mooring.host import files, names
from mooring.host.names import ReleaseName
from mooring.host.refusal import die

TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
NUMBERED = re.compile(r"v?[0-9]+")


def check(tag: str) -> str:
    """Return `tag` if it may be one; raise Refusal otherwise."""
    if not TAG.fullmatch(tag):
        die(f"{tag[:60]!r} cannot be a tag", "up to 63 letters, digits and ._-, e.g. stable or 2024-05")
    if NUMBERED.fullmatch(tag):
        die(f"{tag!r} is a release's own name", f"e.g. stable-{tag}")
    return tag


def every(app: App) -> dict[str, ReleaseName]:
    """The app's tags and their releases."""
    if not app.tags.is_dir():
        return {}
    found = {}
    for link in sorted(app.tags.iterdir()):
        if TAG.fullmatch(link.name) and link.is_symlink() and names.NUMBER.fullmatch(link.readlink().name):
            found[link.name] = ReleaseName(app.name, int(link.readlink().name))
    return found


def add(app: App, tag: str, name: ReleaseName) -> None:
    """Give the tag to a release, whichever had it before."""
    app.tags.mkdir(mode=0o755, exist_ok=True)
    files.point(app.tags / tag, f"../releases/{name.number}")


def remove(app: App, tag: str) -> None:
    (app.tags / tag).unlink(missing_ok=True)
