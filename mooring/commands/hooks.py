"""Webhooks: `hooks*`."""

import json as json_module
import time
from typing import Any

from mooring import commands
from mooring.access.actor import actor
from mooring.app import apps, attachment
from mooring.app.attachment import Attachment
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show
from mooring.host import systemd
from mooring.host.refusal import die
from mooring.telling import audit, webhook
from mooring.telling.event import Event

WHICH = argument("which", metavar="URL|N")


@command("hooks", "mooring hooks my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the webhooks of an app: what they are told of, what waits, how the last delivery went."""
    apps.find(app)
    every = attachment.of(webhook.KIND, app)
    said = systemd.status_texts([webhook.service(each) for each in every])
    rows = []
    for each in every:
        table = attachment.read(webhook.KIND, each)
        rows.append(
            {
                "n": each.number,
                "url": table["url"],
                "events": table["events"] or ["all"],
                "waiting": len(webhook.waiting(each)),
                "last": said.get(webhook.service(each), ""),
            }
        )
    show(rows, as_json=json, empty=f"{app} has no webhook: `mooring hooks:add {app} https://ci.example.com/hook`")


@command(
    "hooks:add",
    "mooring hooks:add my-app https://ci.example.com/hook --events deploy,config",
    APP,
    argument("url", metavar="URL"),
    argument("--events", default="", metavar="EVENT,…", help="deploy, deploy:failed, config, access, …; all without"),
)
def add(app: str, url: str, events: str) -> None:
    """Tell a URL of an app's events: JSON, signed with the secret that this prints."""
    target = apps.find(app)
    words = webhook.check_words(events)
    refuse_unknown(words)
    new, secret = webhook.add(target.name, webhook.check_url(url), words)
    audit.note(webhook=new.number, events=words)
    print(f"{app} tells {', '.join(words) or 'all events'} to {url}")
    print(f"secret: {secret}")
    print("It signs every delivery (X-Mooring-Signature) and is not shown again.")


@command("hooks:remove", "mooring hooks:remove my-app 1", APP, WHICH)
def remove(app: str, which: str) -> None:
    """Tell a URL no more; what waits for it is forgotten."""
    apps.find(app)
    gone = attachment.pick(webhook.KIND, app, which, "hooks")
    webhook.remove(gone)
    audit.note(webhook=gone.number)
    print(f"webhook {gone.number} of {app} is removed")


@command(
    "hooks:test",
    "mooring hooks:test my-app",
    APP,
    argument("which", metavar="URL|N", nargs="?", default="", help="one of them; all without"),
)
def test(app: str, which: str) -> int:
    """Deliver a test event now, and say what came back."""
    apps.find(app)
    every = [attachment.pick(webhook.KIND, app, which, "hooks")] if which else attachment.of(webhook.KIND, app)
    if not every:
        die(f"{app} has no webhook", f"`mooring hooks:add {app} https://ci.example.com/hook`")
    return 0 if all([goes_well(each) for each in every]) else 1


def goes_well(each: Attachment) -> bool:
    from mooring.host import proxy
    from mooring.telling import delivery

    table: dict[str, Any] = attachment.read(webhook.KIND, each)
    told = Event("hooks:test", actor(), each.app, time=time.time())
    proxy.use()
    begin = time.monotonic()
    wrong = delivery.send(table, json_module.dumps(webhook.body(told)).encode())
    took = f"{time.monotonic() - begin:.2f} s"
    print(f" !     {table['url']}: {wrong} ({took})" if wrong else f"{table['url']} took it ({took})", flush=True)
    return not wrong


def refuse_unknown(words: list[str]) -> None:
    """Raise Refusal for a word that no event will ever have: its webhook would be told nothing."""
    ends = [f"deploy:{each}" for each in ("live", "failed", "cancelled", "superseded")]
    names = [each.name for each in commands.every() if audit.changes(each.name, {})]
    known = {*ends, *names, *(Event(name, "").group for name in (*ends, *names))}
    for word in words:
        if word not in known:
            die(f"there is no event {word}", "deploy, deploy:live, deploy:failed, config, ps, domains, access, apps, …")
