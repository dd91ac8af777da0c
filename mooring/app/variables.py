"""The config vars that app.json's `env` speaks of: what is set at an app's first deploy, and what has to be there.

As Heroku (devcenter.heroku.com/articles/app-json-schema) and Dokku read it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mooring.app import checks
from mooring.app.apps import App
from mooring.host import env_file, files
from mooring.host.refusal import Refusal, die
from mooring.host.text import printable

SECRET = "secret"  # noqa: S105
"""The one generator that there is."""
WORDS = {"description", "value", "generator"}
SWITCHES = {"required", "sync"}
OWN = ("SOURCE_VERSION",)
"""Beside MOORING_…, what Mooring sets itself."""


class Variable(NamedTuple):
    """One config var of `env`.

    `value` is set at the first deploy where the app has none, with `sync` at each deploy; None where it has no value of
    its own. `is_secret`: what it is set to is made then. One that is `required` and has neither must be there.
    """

    name: str
    value: str | None = None
    is_secret: bool = False
    required: bool = True
    sync: bool = False
    description: str = ""


class Settled(NamedTuple):
    """The names of the config vars that were set to a value of app.json's, and of those that were made."""

    set: tuple[str, ...] = ()
    made: tuple[str, ...] = ()


def check(name: str, value: str) -> None:
    """Raise Refusal for a config var that is Mooring's own or cannot be."""
    if name in OWN or name.startswith("MOORING_"):
        die(f"{name} is set by Mooring itself", "the app finds it in its environment; choose another name")
    if "\0" in value:
        die(f"the value of {name} has a NUL byte", "an environment cannot hold one")
    if name == "PORT" and not (value.isascii() and value.isdigit() and int(value) in checks.PORTS):
        die(f"PORT is {value[:20]!r}, which is no port", "web is reached on it: a number from 1 to 65535")


def parse(env: Any) -> tuple[Variable, ...]:
    """Read `env` of app.json; raise Refusal naming the place of what is wrong."""
    if env is None:
        return ()
    if not isinstance(env, dict):
        die(f"app.json: env is {env!r:.60}", '{"NAME": {"value": "…"}}')
    return tuple(_one(name, entry) for name, entry in env.items())


def _one(name: str, entry: Any) -> Variable:
    where = f"app.json: env.{printable(name)}"
    entry = {"value": entry} if isinstance(entry, str) else entry
    if not isinstance(entry, dict):
        die(f"{where} is {entry!r:.60}", 'a text, or {"value": "…"}, {"generator": "secret"}, {"required": false}')
    for key, value in entry.items():
        if key in WORDS and not isinstance(value, str):
            die(f"{where}.{key} is {value!r:.60}", f'a text, e.g. "{value}"' if isinstance(value, int) else "a text")
        if key in SWITCHES and not isinstance(value, bool):
            die(f"{where}.{key} is {value!r:.60}", "true or false")
    if entry.get("generator", SECRET) != SECRET:
        die(f"{where}.generator is {entry['generator']!r:.60}", f'there is one: "{SECRET}"')
    try:
        env_file.check_name(name)
        if "value" in entry or "generator" in entry:
            check(name, entry.get("value", "1"))
    except Refusal as refusal:
        die(f"{where}: {refusal.message}", refusal.hint)
    return Variable(
        name,
        entry.get("value"),
        is_secret="generator" in entry,
        required=entry.get("required", True),
        sync=entry.get("sync", False),
        description=entry.get("description", ""),
    )


def missing(wanted: tuple[Variable, ...], config: Mapping[str, str]) -> list[Variable]:
    """Those that have to be there and are not."""
    return [
        each
        for each in wanted
        if each.required and each.value is None and not each.is_secret and each.name not in config
    ]


def edited(wanted: tuple[Variable, ...], config: Mapping[str, str], *, first: bool) -> tuple[dict[str, str], Settled]:
    """The config vars of an app with what `env` sets, and what that is; `first` says whether it was never live.

    What the app has stays as it is, but for values with `sync`.
    """
    import secrets

    given = {
        each.name: each.value
        for each in wanted
        if each.value is not None
        and not each.is_secret
        and (config.get(each.name) != each.value if each.sync else first and each.name not in config)
    }
    made = {each.name: secrets.token_hex(32) for each in wanted if each.is_secret and first and each.name not in config}
    return {**config, **given, **made}, Settled(tuple(given), tuple(made))


def settle(app: App, wanted: tuple[Variable, ...]) -> Settled:
    """Set what `env` sets of an app that is about to be built; raise Refusal where a required one is missing."""
    if not wanted:
        return Settled()
    with files.locked(app.folder):
        config = app.config()
        if lacking := missing(wanted, config):
            names = ", ".join(each.name for each in lacking)
            why = f": {printable(lacking[0].description, 100)}" if len(lacking) == 1 and lacking[0].description else ""
            pairs = " ".join(f"{each.name}=…" for each in lacking)
            die(
                f"app.json: env requires {names}, and {app.name} has none{why}",
                f"`mooring config:set {app.name} {pairs}`",
            )
        changed, settled = edited(wanted, config, first=app.live is None)
        if changed != config:
            app.write_config(changed)
    return settled


def unset(wanted: tuple[Variable, ...], config: Mapping[str, str]) -> list[str]:
    """The names of those that `env` would have set, had it had them when the app was deployed first."""
    return [each.name for each in wanted if each.name not in config and (each.value is not None or each.is_secret)]
