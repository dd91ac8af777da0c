"""Config vars: `config*`. A change makes a release; values go to the app and nowhere else."""

import json as json_module
import re
from collections.abc import Callable

from mooring.access.actor import actor
from mooring.app import apps, link, variables
from mooring.app.apps import App
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show
from mooring.commands.stdin import read
from mooring.host import dialects, env_file, files
from mooring.host.refusal import die
from mooring.pipeline import choice
from mooring.telling import audit

BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
Edit = Callable[[dict[str, str]], dict[str, str]]
FORMATS = ("env", "shell", "json")
DIALECTS = (*dialects.READERS, *dialects.OTHER_NAMES)
NO_RESTART = argument("--no-restart", action="store_true", help="keep it for the next release")


@command(
    "config", "mooring config my-app", APP, JSON, argument("--shell", action="store_true", help="one line for a shell")
)
def config(app: str, json: bool, shell: bool) -> None:
    """Show the config vars of an app."""
    pairs = link.merged(apps.find(app))
    if shell or json:
        print(rendered(pairs, "shell" if shell else "json"))
        return
    rows = [{"name": name, "value": value} for name, value in sorted(pairs.items())]
    show(rows, as_json=False, empty=f"{app} has no config var")


@command("config:get", "mooring config:get my-app GREETING", APP, argument("name", metavar="NAME"))
def get(app: str, name: str) -> None:
    """Print the value of one config var."""
    pairs = link.merged(apps.find(app))
    if name not in pairs:
        die(f"{app} has no config var {name[:60]!r}", f"`mooring config {app}` shows what it has")
    print(pairs[name])


@command(
    "config:set",
    "mooring config:set my-app GREETING=Ahoy",
    NO_RESTART,
    argument("--encoded", action="store_true", help="the values are in base64"),
    APP,
    argument("pairs", metavar="NAME=VALUE", nargs="+"),
)
def set_(app: str, pairs: list[str], encoded: bool, no_restart: bool) -> int:
    """Set config vars and release them."""
    target = apps.find(app)
    given = decoded(pairs) if encoded else env_file.parse_pairs(pairs)
    return add(target, given, no_restart=no_restart)


def decoded(words: list[str]) -> dict[str, str]:
    """The pairs of words whose values are in base64; raise Refusal for one that is not.

    `base64` breaks its lines (at 76 letters), and ssh makes words of them.
    """
    import base64

    joined: list[str] = []
    for word in words:
        if joined and len(joined[-1].rpartition("=")[2].rpartition("\n")[2]) == 76 and BASE64.fullmatch(word):
            joined[-1] += f"\n{word}"
        else:
            joined.append(word)
    pairs = {}
    for name, value in env_file.parse_pairs(joined).items():
        try:
            pairs[name] = base64.b64decode("".join(value.split()), validate=True).decode()
        except ValueError:
            die(f"the value of {name} is no text in base64", f'config:set --encoded APP {name}="$(base64 -w0 < FILE)"')
    return pairs


@command(
    "config:unset",
    "mooring config:unset my-app GREETING",
    NO_RESTART,
    APP,
    argument("names", metavar="NAME", nargs="+"),
)
def unset(app: str, names: list[str], no_restart: bool) -> int:
    """Remove config vars and release that."""
    target = apps.find(app)
    for name in names:
        env_file.check_name(name)
    return change(
        target,
        lambda config: {name: value for name, value in config.items() if name not in names},
        no_restart=no_restart,
    )


@command(
    "config:import",
    "mooring config:import my-app < .env",
    NO_RESTART,
    APP,
    argument(
        "--format", choices=DIALECTS, default="auto", metavar="FORMAT", help=f"who wrote it: {', '.join(DIALECTS)}"
    ),
)
def import_(app: str, format: str, no_restart: bool) -> int:
    """Set the config vars on standard input: an env file, or what Dokku, Heroku or a shell exports."""
    target = apps.find(app)
    pairs = dialects.read(read("paste NAME=VALUE lines, then Ctrl-D"), format)
    return add(target, pairs, no_restart=no_restart)


@command(
    "config:export",
    "mooring config:export my-app > .env",
    APP,
    argument("--format", choices=FORMATS, default="env", help="env (the default: config:import reads it), shell, json"),
)
def export(app: str, format: str) -> None:
    """Print the config vars as a file that config:import reads, or in another format."""
    text = rendered(apps.find(app).config(), format)
    print(text, end="\n" if text and not text.endswith("\n") else "")


def rendered(pairs: dict[str, str], format: str) -> str:
    if format == "json":
        return json_module.dumps(pairs, indent=1, sort_keys=True, ensure_ascii=False)
    if format == "shell":
        quoted = {name: value.replace("'", "'\\''") for name, value in pairs.items()}
        return " ".join(f"{name}='{value}'" for name, value in sorted(quoted.items()))
    return env_file.render(pairs)


def add(app: App, pairs: dict[str, str], *, no_restart: bool) -> int:
    """`change` to a config with these vars too; raise Refusal for one that is Mooring's own or cannot be."""
    linked = link.config(app)
    for name, value in pairs.items():
        if name in linked:
            die(f"{name} comes of a service that {app.name} links", f"`mooring services {app.name}` shows which")
        variables.check(name, value)
    return change(app, lambda config: {**config, **pairs}, no_restart=no_restart)


def change(app: App, edit: Edit, *, no_restart: bool) -> int:
    """Write the config that `edit` makes of the one before and, unless told otherwise, release it.

    Returns the exit status.
    """
    with files.locked(app.folder):
        before = app.config()
        config = edit(before)
        changed = sorted(name for name in {*before, *config} if before.get(name) != config.get(name))
        if changed:
            app.write_config(config)
    if not changed:
        audit.nothing_changed()
        print(f"nothing changed: {app.name} has it so already, and no release is made")
        return 0
    audit.note(keys=changed)
    live = app.live
    print(f"-----> {', '.join(changed)} changed", flush=True)
    if later := "the next release" if no_restart and live else choice.when(app, app.choices()):
        print(f"       Kept for {later}.")
        return 0
    assert live
    status = release_it(app)
    if status:
        new = not any(name in before for name in changed)
        back = f"config:unset {app.name} {' '.join(changed)}" if new else f"rollback {app.name} {live.number}"
        print(f" !     The change is kept for the next release; `mooring {back}` takes it back.", flush=True)
    return status


def release_it(app: App) -> int:
    from mooring.pipeline import deployment

    try:
        return deployment.launch(app, "config", actor())
    except KeyboardInterrupt as interrupt:
        # Before the release was made there is nothing that goes on.
        raise interrupt if interrupt.args else KeyboardInterrupt("the change is kept for the next release") from None
