"""How apps are built: `builder*`."""

import re

from mooring.app import apps
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show_one
from mooring.host.refusal import die

BUILDERS = ("auto", "dockerfile", "buildpack")
FOLDER = re.compile(r"(?!\.\.?(?:/|$))[A-Za-z0-9._ -]+(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._ -]+)*")


@command("builder", "mooring builder my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """Show how an app is built."""
    choices = apps.find(app).choices()
    row = {"builder": choices.builder, "build-dir": choices.build_dir or ".", "build-context": choices.build_context}
    show_one(row, as_json=json)


@command(
    "builder:set",
    "mooring builder:set my-app build-dir backend --whole",
    APP,
    argument("key", metavar="auto|dockerfile|buildpack|build-dir", choices=[*BUILDERS, "build-dir"]),
    argument("folder", metavar="FOLDER", nargs="?", default="", help="for build-dir; none: the whole repository"),
    argument("--whole", action="store_true", help="the folder sees the rest of the repository too"),
)
def set_(app: str, key: str, folder: str, whole: bool) -> None:
    """Choose the builder of an app's next builds, or the folder of the repository that they build."""
    target = apps.find(app)
    if key != "build-dir":
        if folder or whole:
            die(f"{key} takes no folder", f"`mooring builder:set {app} build-dir {folder or 'FOLDER'}`")
        target.choose(builder=None if key == "auto" else key)
        print(
            f"{app} is built by {'its Dockerfile, else by buildpacks' if key == 'auto' else key} from the next push on"
        )
        return
    folder = folder.strip("/")
    if folder in ("", "."):
        target.choose(build_dir=None, build_context=None)
        print(f"{app} is built from its whole repository from the next push on")
        return
    if not FOLDER.fullmatch(folder) or len(folder) > 200:
        die(f"{folder[:60]!r} is no folder of a repository", "e.g. backend or services/api, without ..")
    target.choose(build_dir=folder, build_context="repository" if whole else None)
    print(f"{app} is built from {folder} from the next push on{', which sees the whole repository' if whole else ''}")
