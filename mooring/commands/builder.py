"""How apps are built: `builder*`."""

import re
from typing import Any

from mooring.app import apps
from mooring.app.apps import App
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show_one
from mooring.host import names
from mooring.host.refusal import die
from mooring.pipeline import choice

BUILDERS = ("auto", "dockerfile", "buildpack")
KEYS = ("build-dir", "dockerfile-path", "target", "build-arg")
FOLDER = re.compile(r"(?!\.\.?(?:/|$))[A-Za-z0-9._ -]+(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._ -]+)*")
STAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,100}")
MOST = 8192
LATER = "from the next push on"


@command("builder", "mooring builder my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """Show how an app is built."""
    choices = apps.find(app).choices()
    row: dict[str, Any] = {
        "builder": choices.builder,
        "build-dir": choices.build_dir or ".",
        "build-context": choices.build_context,
        "dockerfile-path": choices.dockerfile_path or "Dockerfile",
        "target": choices.build_target,
        "build-args": choices.build_args if json else [f"{name}={value}" for name, value in choices.build_args.items()],
    }
    show_one(row, as_json=json)


@command(
    "builder:set",
    "mooring builder:set my-app build-dir backend --whole",
    APP,
    argument("key", metavar=f"{'|'.join((*BUILDERS, *KEYS))}", choices=[*BUILDERS, *KEYS]),
    argument("value", metavar="VALUE", nargs="?", default="", help="none: as it is where nothing is chosen"),
    argument("--whole", action="store_true", help="the build-dir sees the rest of the repository too"),
)
def set_(app: str, key: str, value: str, whole: bool) -> None:
    """Choose the builder of an app's next builds, the folder that they build, or what a Dockerfile is built with."""
    target = apps.find(app)
    if key == "dockerfile" and value:
        key = "dockerfile-path"
    if whole and key != "build-dir":
        die(f"{key} takes no folder", f"`mooring builder:set {app} build-dir {value or 'FOLDER'} --whole`")
    if key in BUILDERS:
        set_builder(target, key, value)
    elif key == "build-dir":
        set_folder(target, value, whole=whole)
    elif key == "dockerfile-path":
        set_dockerfile(target, value)
    elif key == "target":
        set_target(target, value)
    else:
        set_argument(target, value)


def set_builder(app: App, builder: str, value: str) -> None:
    if value:
        die(f"{builder} takes no folder", f"`mooring builder:set {app.name} build-dir {value}`")
    app.choose(builder=None if builder == "auto" else builder)
    print(f"{app.name} is built by {'its Dockerfile, else by buildpacks' if builder == 'auto' else builder} {LATER}")


def set_folder(app: App, folder: str, *, whole: bool) -> None:
    folder = folder.strip("/")
    if folder in ("", "."):
        app.choose(build_dir=None, build_context=None)
        print(f"{app.name} is built from its whole repository {LATER}")
        return
    check_path(folder, "no folder of a repository", "e.g. backend or services/api, without ..")
    app.choose(build_dir=folder, build_context="repository" if whole else None)
    print(f"{app.name} is built from {folder} {LATER}{', which sees the whole repository' if whole else ''}")


def set_dockerfile(app: App, path: str) -> None:
    path = path.removeprefix("./")
    if path:
        check_path(path, "no file of a repository", "e.g. Dockerfile.production or docker/Dockerfile, without ..")
    app.choose(dockerfile_path=path or None)
    print(f"{app.name} is built by {path or 'its Dockerfile'} {LATER}")


def set_target(app: App, stage: str) -> None:
    if stage and not STAGE.fullmatch(stage):
        die(f"{stage[:60]!r} names no stage of a Dockerfile", "what stands behind AS, e.g. runtime")
    app.choose(build_target=stage or None)
    print(f"{app.name} is {f'the stage {stage}' if stage else 'the last stage'} of its Dockerfile {LATER}")


def set_argument(app: App, pair: str) -> None:
    """Set a build argument (NAME=VALUE), take one away (NAME), or all of them."""
    if not pair:
        app.choose(build_args=None)
        print(f"{app.name} is built without build arguments {LATER}")
        return
    name, equals, value = pair.partition("=")
    if not names.VARIABLE.fullmatch(name) or len(name) > 200:
        die(f"{name[:60]!r} cannot name a build argument", f"`mooring builder:set {app.name} build-arg NAME=VALUE`")
    if len(value) > MOST:
        die(f"the value of {name} has more than {MOST} characters", "put it into a file of the repository")
    if not equals and name not in app.choices().build_args:
        die(f"{app.name} has no build argument {name}", f"`mooring builder {app.name}` lists them")
    app.choose(build_args=lambda now: choice.merged(now, {name: value if equals else None}))
    print(f"{app.name} is built with{'' if equals else 'out'} {name} {LATER}")
    if equals:
        print("       Its value is seen in the image by who gets it: what is secret belongs into `config:set`.")


def check_path(path: str, what: str, hint: str) -> None:
    if not FOLDER.fullmatch(path) or len(path) > 200:
        die(f"{path[:60]!r} is {what}", hint)
