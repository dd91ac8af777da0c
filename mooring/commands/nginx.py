"""What nginx does for an app: `nginx*`."""

import os
import sys

from mooring.app import apps
from mooring.app.apps import App
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import FOLLOW, LINES, check_lines
from mooring.commands.listing import show as show_rows
from mooring.commands.stdin import read
from mooring.front import snippet as snippets
from mooring.front import vhost
from mooring.host.refusal import die
from mooring.pipeline import choice, site_change
from mooring.release import releases


@command("nginx", "mooring nginx my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List what can be set of nginx for an app, and how it is."""
    chosen = apps.find(app).choices().nginx
    rows = [
        {"key": key, "value": value, "default": key not in chosen, "meaning": vhost.SETTINGS[key].meaning}
        for key, value in vhost.settings(chosen).items()
    ]
    show_rows(rows, as_json=json)


@command("nginx:show", "mooring nginx:show my-app", APP)
def show(app: str) -> None:
    """Print the nginx file of an app that is in force."""
    target = apps.find(app)
    if target.live is None:
        die(f"{app} was never deployed", f"`git push mooring@HOST:{app} main`")
    print((releases.folder(target.live) / "nginx.conf").read_text(), end="")


@command(
    "nginx:set",
    "mooring nginx:set my-app client-max-body-size 500m",
    APP,
    argument("key", metavar="KEY"),
    argument("value", metavar="VALUE", nargs="?", default=""),
)
def set_(app: str, key: str, value: str) -> int:
    """Set what nginx does for an app; without a value it is as it comes."""
    target = apps.find(app)
    checked = vhost.check(key, value) if value or key not in vhost.SETTINGS else ""
    done = f"{key} of {app} is {checked or vhost.SETTINGS[key].default or 'not set'}"
    change = {key: checked or None}
    return site_change.change(target, f"{key} of {app}", done, nginx=lambda now: choice.merged(now, change))


@command(
    "nginx:include",
    "mooring nginx:include my-app < snippet.conf",
    APP,
    argument("--remove", action="store_true", help="take the snippet out again"),
    for_admins=True,
)
def include(app: str, remove: bool) -> int:
    """Put the snippet on standard input into the app's server blocks, if nginx takes it."""
    target = apps.find(app)
    text = None if remove else snippets.check(read("paste nginx directives, then Ctrl-D"))
    if text is not None:
        if not snippets.read(text):
            die("the snippet is empty", f"`mooring nginx:include {app} --remove` takes out the one before")
        try_out(target, text)
    done = f"{app} has {'no snippet' if text is None else 'the snippet'}"
    return site_change.change(target, f"the snippet of {app}", done, texts={vhost.SNIPPET: text})


def try_out(app: App, text: str) -> None:
    """Raise Refusal, with its reason, if nginx would not take the snippet: asked in isolation, nothing is written."""
    from mooring.front import nginx, site

    if app.live is not None:
        record = releases.load(app.live)
        with nginx.locked():
            nginx.check(app, site.render(record, app.choices(), text), "mend the snippet")


@command(
    "nginx:logs",
    "mooring nginx:logs my-app -f",
    APP,
    FOLLOW,
    LINES,
)
def logs(app: str, follow: bool, lines: int) -> None:
    """Show the requests to an app, as nginx logged them."""
    target = apps.find(app)
    check_lines(lines)
    kind = vhost.settings(target.choices().nginx)["access-log"]
    if kind == "off":
        die(f"the requests to {app} are not logged", f"`mooring nginx:set {app} access-log file`")
    count = ["-n", str(lines)]
    if kind == "file":
        path = vhost.access_log(target)
        if not path.exists():
            die(f"{app} was never deployed", f"`git push mooring@HOST:{app} main`")
        become("tail", *count, *(["-F"] if follow else []), "--", str(path))
    whole = ["-t", vhost.tag(target), "_SYSTEMD_UNIT=nginx.service", "-o", "short-iso", "--no-hostname", "--no-pager"]
    become("journalctl", "-q", f"--since=@{target.made():.0f}", *count, *whole, *(["-f"] if follow else []))


def become(*argv: str) -> None:
    """Be that program from now on."""
    sys.stdout.flush()
    os.execvp(argv[0], argv)  # noqa: S606
