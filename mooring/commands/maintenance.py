"""A page instead of the app while it is worked on: `maintenance*`."""

import select
import sys

from mooring.app import apps
from mooring.commands import APP, JSON, command
from mooring.commands.listing import show_one
from mooring.commands.stdin import read
from mooring.front import vhost
from mooring.pipeline import site_change

PATIENCE = 0.5
"""Seconds for a page to begin to come: who gives none has an open standard input all the same, over ssh."""


@command("maintenance", "mooring maintenance my-app", APP, JSON)
def show(app: str, json: bool) -> None:
    """Show whether an app is in maintenance."""
    target = apps.find(app)
    page = "your own" if vhost.read(target, vhost.MAINTENANCE) is not None else "Mooring's"
    on = target.choices().maintenance
    show_one({"app": app, "maintenance": on, "page": page if on else ""}, as_json=json)


@command("maintenance:on", "mooring maintenance:on my-app < page.html", APP)
def on(app: str) -> int:
    """Answer every request with 503 and a page: the one on standard input, else Mooring's."""
    target = apps.find(app)
    # One that is shown already stays where no other is given.
    page = given_page() or (vhost.read(target, vhost.MAINTENANCE) if target.choices().maintenance else None)
    whose = "your page" if page else "a page of Mooring's"
    done = f"{app} is in maintenance, with {whose}, until `mooring maintenance:off {app}`"
    texts = {vhost.MAINTENANCE: page}
    return site_change.change(target, f"{app} answers itself", done, texts=texts, maintenance=True)


@command("maintenance:off", "mooring maintenance:off my-app", APP)
def off(app: str) -> int:
    """Let the app answer again."""
    texts = {vhost.MAINTENANCE: None}
    done = f"{app} answers again"
    return site_change.change(apps.find(app), f"{app} is in maintenance", done, texts=texts, maintenance=None)


def given_page() -> str:
    """The page on standard input, where somebody gives one."""
    if not sys.stdin or sys.stdin.isatty():
        return ""
    ready, _, _ = select.select([sys.stdin], [], [], PATIENCE)
    return read("give an HTML page") if ready else ""
