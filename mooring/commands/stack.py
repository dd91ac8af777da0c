"""The images that buildpack apps are built in and run on: `stack*`."""

from mooring.app import apps, stack
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show_one
from mooring.host import names, paths, program
from mooring.host.refusal import die_as


@command("stack", "mooring stack my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """Show the stack images of an app."""
    run, build = stack.images(apps.find(app).choices())
    show_one({"runs on": run, "built in": build}, as_json=json)


@command(
    "stack:set",
    "mooring stack:set my-app heroku/heroku:24 heroku/heroku:24-build",
    APP,
    argument("image", metavar="IMAGE", nargs="?", default="", help="what the app runs on; none: Mooring's own again"),
    argument("build_image", metavar="BUILD-IMAGE", nargs="?", default="", help="what it is built in, if another"),
)
def set_(app: str, image: str, build_image: str) -> None:
    """Choose the stack images of a buildpack app's next builds."""
    from mooring.runtime import images

    target = apps.find(app)
    for each in filter(None, (image, build_image)):
        images.refuse_foreign(names.check_image(each), app)
    target.choose(stack=image or None, stack_build=build_image or None)
    print(f"{app} runs on {image or 'the stack image of Mooring'} from the next push on")


@command("stack:update", "mooring stack:update")
def update() -> None:
    """Make Mooring's stack images again, with today's packages; `mooring rebuild:all` brings apps onto them."""
    said: list[str] = []

    def take(line: str) -> None:
        said.append(line)
        if not line.startswith(" !"):
            print(f"       {line}", flush=True)

    if program.follow(str(paths.PYTHON), "-I", "-m", "builders.stack", "--fresh", line=take):
        die_as("\n".join(said), "the stack images could not be made")
    print("The stack images are new; `mooring rebuild:all` brings the apps onto them")
