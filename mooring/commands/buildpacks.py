"""The buildpacks of apps: `buildpacks*`."""

from collections.abc import Callable

from mooring.access.actor import is_admin
from mooring.app import apps, buildpack
from mooring.app.apps import App
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show
from mooring.host.refusal import die

BUILDPACK = argument("buildpack", metavar="BUILDPACK", help="a name of ours, a git URL with #REF, or a folder here")
INDEX = argument("--index", type=int, metavar="N", help="its place in the order, from 1")


@command("buildpacks", "mooring buildpacks my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the buildpacks that were chosen for an app, in order."""
    show_chosen(apps.find(app), json)


@command(
    "buildpacks:list",
    "mooring buildpacks:list",
    argument("app", metavar="APP", nargs="?", default="", help="none: the buildpacks that Mooring brings"),
    JSON,
    for_all=True,
)
def list_all(app: str, json: bool) -> None:
    """List the buildpacks of an app, or those that Mooring brings."""
    if app:
        show_chosen(apps.find(app), json)
        return
    rows = [{"buildpack": each.name, "looks for": ", ".join(each.looks_for)} for each in buildpack.catalogue()]
    show(rows, as_json=json, empty="")


@command(
    "buildpacks:add", "mooring buildpacks:add my-app https://github.com/me/pack#v2 --index 1", APP, BUILDPACK, INDEX
)
def add(app: str, buildpack: str, index: int | None) -> None:
    """Add a buildpack to those of an app, at the end or at a place."""
    target = apps.find(app)
    check(buildpack)

    def more(chosen: tuple[str, ...]) -> list[str]:
        if label(buildpack) in map(label, chosen):
            die(f"{buildpack} is one of {app}'s buildpacks already", f"`mooring buildpacks {app}` lists them")
        place = check_index(index, len(chosen) + 1)
        return [*chosen[: place - 1], buildpack, *chosen[place - 1 :]]

    choose(target, more)


@command("buildpacks:set", "mooring buildpacks:set my-app node python", APP,
         argument("buildpacks", metavar="BUILDPACK", nargs="+"))  # fmt: skip
def set_(app: str, buildpacks: list[str]) -> None:
    """Choose the buildpacks of an app, in this order, in place of those it had."""
    target = apps.find(app)
    for each in buildpacks:
        check(each)
    if len(set(map(label, buildpacks))) < len(buildpacks):
        die("a buildpack is named twice", "name each once")
    choose(target, lambda _: buildpacks)


@command("buildpacks:remove", "mooring buildpacks:remove my-app node", APP,
         argument("buildpack", metavar="BUILDPACK|N", help="as `mooring buildpacks` lists it"))  # fmt: skip
def remove(app: str, buildpack: str) -> None:
    """Remove a buildpack from those of an app."""

    def fewer(chosen: tuple[str, ...]) -> list[str]:
        by_place = buildpack.isdigit() and 1 <= int(buildpack) <= len(chosen)
        unwanted = chosen[int(buildpack) - 1] if by_place else buildpack
        kept = [each for each in chosen if unwanted not in (each, label(each))]
        if len(kept) == len(chosen):
            die(f"{buildpack[:80]} is none of {app}'s buildpacks", f"`mooring buildpacks {app}` lists them")
        return kept

    choose(apps.find(app), fewer)


@command("buildpacks:clear", "mooring buildpacks:clear my-app", APP)
def clear(app: str) -> None:
    """Forget the chosen buildpacks: `.buildpacks` decides again, else what is found in the repository."""
    choose(apps.find(app), lambda _: [])


def check(text: str) -> None:
    # A developer has no business in the server's folders.
    buildpack.parse(text, operator=is_admin())


def label(text: str) -> str:
    """What people see of a chosen buildpack: heroku/nodejs is our node."""
    return buildpack.parse(text, operator=True).label


def check_index(index: int | None, last: int) -> int:
    if index is None:
        return last
    if not 1 <= index <= last:
        die(f"{index} is no place among {last - 1} buildpacks", f"from 1 to {last}")
    return index


def choose(app: App, chosen: Callable[[tuple[str, ...]], list[str]]) -> None:
    """Let the app have the buildpacks that `chosen` makes of those that it has."""
    app.choose(buildpacks=lambda now: tuple(chosen(now)) or None)
    said = ", ".join(map(label, app.choices().buildpacks))
    print(f"{app.name} is built by {said or 'the buildpack that takes it'} from the next push on")


def show_chosen(app: App, json: bool) -> None:
    rows = [{"place": place, "buildpack": label(each)} for place, each in enumerate(app.choices().buildpacks, 1)]
    show(rows, as_json=json, empty=f"none is chosen for {app.name}: .buildpacks decides, else what is found in it")
