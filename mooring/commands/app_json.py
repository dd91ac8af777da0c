"""Where an app's app.json is: `app-json*`."""

from mooring.app import app_json, apps
from mooring.commands import APP, JSON, argument, builder, command
from mooring.commands.listing import show_one
from mooring.host.refusal import die
from mooring.release import releases

KEY = "appjson-path"


@command("app-json", "mooring app-json my-app", APP, JSON)
def show(app: str, json: bool) -> None:
    """Show where an app's app.json is, and which of its scripts the live release has."""
    target = apps.find(app)
    record = releases.load(target.live) if target.live else None
    show_one(
        {
            KEY: target.choices().app_json_path or app_json.PATH,
            "scripts": {each.name.removeprefix("release-"): each.command for each in record.scripts} if record else {},
        },
        as_json=json,
    )


@command(
    "app-json:set",
    "mooring app-json:set my-app appjson-path backend/app.json",
    APP,
    argument("key", metavar=KEY, help="of the folder that is built"),
    argument("path", metavar="PATH", nargs="?", default="", help="none: app.json"),
)
def set_(app: str, key: str, path: str) -> None:
    """Choose where in the folder that is built app.json is, from the next push on."""
    target = apps.find(app)
    if key != KEY:
        die(f"{key[:60]!r} is nothing that can be set", f"`mooring app-json:set {app} {KEY} backend/app.json`")
    path = path.strip().removeprefix("./")
    if path:
        builder.check_path(path, "no file of a repository", "e.g. app.production.json or backend/app.json, without ..")
    target.choose(app_json_path=None if path in ("", app_json.PATH) else path)
    print(f"{app} reads {path or app_json.PATH} from the next push on")
