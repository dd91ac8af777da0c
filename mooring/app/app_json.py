"""app.json of a repository (devcenter.heroku.com/articles/app-json-schema, and Dokku's additions to it)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mooring.app import addons, job, scripts, variables
from mooring.host import files, jsonc
from mooring.host.refusal import die
from mooring.host.text import printable

PATH = "app.json"
READ = {"formation", "healthchecks", "buildpacks", "env", "scripts", "cron", "addons", "stack"}
TELLING = {"$schema", "name", "description", "keywords", "website", "repository", "logo", "success_url"}
"""What is there for people alone."""
UNREAD_OF_CHECKS = {"warn", "scheme", "onFailure"}
CONTAINER = "container"
"""Heroku's word for an app whose Dockerfile builds it."""


def read(folder: Path, tree: Path, path: str = "") -> dict[str, Any]:
    """app.json as an object, empty where there is none; raise Refusal naming the line that is wrong.

    `tree` is the repository, of which `folder` is built; `path` is where in that folder it is, if one was chosen.
    """
    try:
        table = jsonc.loads(files.read_of_tree(folder / (path or PATH), tree))
    except FileNotFoundError:
        if path:
            die(
                f"there is no {path}, which was chosen for app.json",
                "add it, or `mooring app-json:set APP appjson-path`",
            )
        return {}
    except json.JSONDecodeError as error:
        die(f"app.json line {error.lineno} is not JSON: {error.msg}", "mend that line")
    except RecursionError:
        die("app.json nests too deep to be read", "mend it")
    if not isinstance(table, dict):
        die("app.json is not an object", '{"healthchecks": {…}}')
    if not isinstance(stack := table.get("stack") or "", str):
        die(f"app.json: stack is {stack!r:.60}", '"heroku-24"')
    return table


def notes(table: Mapping[str, Any], app: str, config: Mapping[str, str]) -> list[str]:
    """What is said of the keys that do nothing, one line each, with what does it instead.

    `config` are the config vars that the app has. Raises Refusal naming the place of what is wrong.
    """
    said = []
    if unread := scripts.unread(table.get("scripts")):
        said.append(f"of scripts, {some(unread)} is not run: predeploy and postdeploy are")
    said += job.notes(table.get("cron"))
    if unset := variables.unset(variables.parse(table.get("env")), config):
        said.append(
            f"env is set at the first deploy only, and {app} has no {some(set(unset))}: "
            f"`mooring config:set {app} {printable(unset[0])}=…`"
        )
    said += [_of_addon(each, app) for each in addons.lacking(addons.parse(table.get("addons")), config)]
    formation = table.get("formation")
    entries = formation.values() if isinstance(formation, dict) else ()
    keys = {key for each in entries if isinstance(each, dict) for key in each} - {"quantity", "overlap"}
    if "max_parallel" in keys:
        said.append("of formation, max_parallel does nothing: all containers of a release are started at once")
    if sizes := keys - {"max_parallel"}:
        said.append(f"of formation, {some(sizes)} does nothing: `mooring ps:limit {app} web --memory 512m` sets limits")
    if unread := _unread(table.get("healthchecks")):
        said.append(f"of healthchecks, {some(unread)} does nothing: startup and liveness checks are asked")
    if table.get("stack", CONTAINER) != CONTAINER:
        said.append(f"stack does nothing: `mooring stack:set {app} IMAGE BUILD-IMAGE` chooses what {app} runs on")
    if unknown := table.keys() - READ - TELLING:
        said.append(f"{some(unknown)} does nothing here")
    return [f"app.json: {each}" for each in said]


def _of_addon(addon: addons.Addon, app: str) -> str:
    """Who brings what an add-on asks for."""
    variable = addon.variable or "NAME"
    own = f"`mooring config:set {app} {variable}=…`"
    if not addon.kind:
        return f"addons: {printable(addon.plan)} is made by nobody here: {own} says where it is"
    # Every kind has a prefix of its own; only for another one is a word needed.
    prefix = "" if (addon.kind, variable) in addons.KINDS.values() else f" --as {variable.removesuffix('_URL')}"
    make = f"`mooring {addon.kind}:create NAME` and `mooring {addon.kind}:link NAME {app}{prefix}` make it"
    return f"addons: {printable(addon.plan)} is not made by itself: {make}, or {own} says where it is"


def _unread(healthchecks: Any) -> set[str]:
    lists = healthchecks.values() if isinstance(healthchecks, dict) else ()
    entries = [each for entries in lists if isinstance(entries, list) for each in entries if isinstance(each, dict)]
    keys = {key for each in entries for key in each.keys() & UNREAD_OF_CHECKS}
    return keys | {"the type readiness" for each in entries if each.get("type") == "readiness"}


def some(names: set[str]) -> str:
    """Names of app.json's, for people: ten of them at most, and nothing that is not printable."""
    return ", ".join(map(printable, sorted(names)[:10])) + (" and more" if len(names) > 10 else "")
