"""app.json of a repository (devcenter.heroku.com/articles/app-json-schema, and Dokku's additions to it)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mooring.app import job
from mooring.host import files, jsonc
from mooring.host.refusal import die

READ = {"formation", "healthchecks", "buildpacks", "cron"}
TELLING = {"$schema", "name", "description", "keywords", "website", "repository", "logo", "success_url"}
"""What is there for people alone."""
UNREAD_OF_CHECKS = {"warn", "scheme", "onFailure"}


def read(folder: Path, tree: Path) -> dict[str, Any]:
    """app.json as an object, empty where there is none; raise Refusal naming the line that is wrong.

    `tree` is the repository, of which `folder` is built.
    """
    try:
        table = jsonc.loads(files.read_of_tree(folder / "app.json", tree))
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        die(f"app.json line {error.lineno} is not JSON: {error.msg}", "mend that line")
    except RecursionError:
        die("app.json nests too deep to be read", "mend it")
    if not isinstance(table, dict):
        die("app.json is not an object", '{"healthchecks": {…}}')
    return table


def notes(table: Mapping[str, Any], app: str, config: Mapping[str, str]) -> list[str]:
    """What is said of the keys that do nothing yet, one line each, with what does it instead.

    `config` are the config vars that the app has.
    """
    said = []
    if scripts := _names(table.get("scripts")):
        said.append(
            f"scripts do nothing yet ({scripts}): the line `release:` of the Procfile is run before each release, "
            f"`mooring run {app} COMMAND` once"
        )
    said += job.notes(table.get("cron"))
    if missing := _missing(table.get("env"), config):
        said.append(
            f"env sets nothing yet, and {app} has no {', '.join(missing)}: "
            f"`mooring config:set {app} {missing[0].split()[0]}=…`"
        )
    if addons := _names(table.get("addons")):
        said.append(
            f"addons bring nothing yet ({addons}): give {app} the address of each, "
            f"`mooring config:set {app} DATABASE_URL=…`"
        )
    formation = table.get("formation")
    entries = formation.values() if isinstance(formation, dict) else ()
    if sizes := {key for each in entries if isinstance(each, dict) for key in each} - {"quantity"}:
        said.append(f"of formation, {some(sizes)} does nothing: `mooring ps:limit {app} web --memory 512m` sets limits")
    if unread := _unread(table.get("healthchecks")):
        said.append(f"of healthchecks, {some(unread)} does nothing: startup and liveness checks are asked")
    if "stack" in table:
        said.append(f"stack does nothing: `mooring stack:set {app} IMAGE BUILD-IMAGE` chooses what {app} runs on")
    if unknown := table.keys() - READ - TELLING - {"scripts", "env", "addons", "stack"}:
        said.append(f"{some(unknown)} does nothing here")
    return [f"app.json: {each}" for each in said]


def _names(value: Any) -> str:
    """The names of what a key has, for people; empty where it has nothing."""
    if isinstance(value, dict):
        inner = {name for each in value.values() if isinstance(each, dict) for name in each}
        return some(inner | {name for name, each in value.items() if not isinstance(each, dict)})
    if isinstance(value, list):
        return some({str(each.get("plan", "?")) if isinstance(each, dict) else str(each) for each in value})
    return some({str(value)}) if value else ""


def _missing(env: Any, config: Mapping[str, str]) -> list[str]:
    """The config vars that app.json's `env` would set or wants, and the app has not; as people are told of them."""
    if not isinstance(env, dict):
        return []
    found = []
    for name, entry in env.items():
        is_given = not isinstance(entry, dict) or "value" in entry or "generator" in entry
        is_required = not is_given and entry.get("required", True) is not False
        if name not in config and (is_given or is_required):
            found.append(_shown(name) + (" (required)" if is_required else ""))
    return found


def _unread(healthchecks: Any) -> set[str]:
    lists = healthchecks.values() if isinstance(healthchecks, dict) else ()
    entries = [each for entries in lists if isinstance(entries, list) for each in entries if isinstance(each, dict)]
    keys = {key for each in entries for key in each.keys() & UNREAD_OF_CHECKS}
    return keys | {"the type readiness" for each in entries if each.get("type") == "readiness"}


def some(names: set[str]) -> str:
    """Names of app.json's, for people: ten of them at most, and nothing that is not printable."""
    return ", ".join(map(_shown, sorted(names)[:10])) + (" and more" if len(names) > 10 else "")


def _shown(name: str) -> str:
    return "".join(each for each in str(name) if each.isprintable())[:60]
