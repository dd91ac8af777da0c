"""What app.json's `scripts` run: Dokku's predeploy and postdeploy, and Heroku's postdeploy, which is for once."""

from collections.abc import Mapping
from typing import Any

from mooring.host.names import POSTDEPLOY, PREDEPLOY, SETUP
from mooring.host.refusal import die

GROUPS = ("dokku", "mooring")
"""Who has both; where both say something, it is what the last says."""
PHASES = {"predeploy": PREDEPLOY, "postdeploy": POSTDEPLOY}
ONCE = "postdeploy"


def parse(scripts: Any) -> dict[str, str]:
    """The command line of each of a release's phases that app.json has; raise Refusal naming what is wrong."""
    if scripts is None:
        return {}
    if not isinstance(scripts, dict):
        die(f"app.json: scripts is {scripts!r:.60}", '{"dokku": {"predeploy": "bin/prepare"}}')
    found: dict[str, str] = {}
    for group in GROUPS:
        table = scripts.get(group) or {}
        if not isinstance(table, dict):
            die(f"app.json: scripts.{group} is {table!r:.60}", '{"predeploy": "bin/prepare"}')
        for key, phase in PHASES.items():
            if line := _line(f"app.json: scripts.{group}.{key}", table.get(key)):
                found[phase] = line
    if line := _line(f"app.json: scripts.{ONCE}", scripts.get(ONCE)):
        found[SETUP] = line
    return found


def _line(where: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or "\0" in value:
        die(f"{where} is {value!r:.60}", 'a command line, e.g. "bin/prepare"')
    return value.strip()


def unread(scripts: Any) -> set[str]:
    """The keys of `scripts` that run nothing here."""
    if not isinstance(scripts, Mapping):
        return set()
    tables = [table for group in GROUPS if isinstance(table := scripts.get(group), Mapping)]
    return (scripts.keys() - {*GROUPS, ONCE}) | {key for table in tables for key in table.keys() - PHASES}
