"""Announcing an event: one entry of the journal, and what webhooks tell of.

Fields: MOORING_EVENT (`config:set`, `deploy:live`), MOORING_ACTOR, MOORING_APP, MOORING_RESULT, MOORING_DETAILS (JSON).
"""

import json
import time
from typing import TYPE_CHECKING

from mooring.telling.event import Event

if TYPE_CHECKING:
    from mooring.release.releases import Release

IDENTIFIER = "mooring/event"


def announce(event: Event) -> None:
    """Put the event into the journal, and hand it to the webhooks of its app."""
    from systemd import journal

    event = event._replace(time=event.time or time.time())
    optional = {"MOORING_APP": event.app, "MOORING_RELEASE": f"{event.app}.{event.release}" if event.release else ""}
    journal.send(
        event.text,
        SYSLOG_IDENTIFIER=IDENTIFIER,
        MOORING_EVENT=event.name,
        MOORING_ACTOR=event.actor,
        MOORING_RESULT=event.status,
        MOORING_DETAILS=json.dumps(event.details, ensure_ascii=False),
        **{name: value for name, value in optional.items() if value},
    )
    try:
        from mooring.telling import webhook

        webhook.tell(event)
    except OSError as error:
        # What happened has happened: a full disk that keeps a webhook from being told does not undo it.
        journal.send(f"the webhooks of {event.app} are not told: {error}", SYSLOG_IDENTIFIER=IDENTIFIER, PRIORITY="4")


def ended(record: "Release") -> None:
    """Tell how a release ended."""
    ended = record.times.get("ended", time.time())
    details = {
        "kind": record.kind,
        "commit": record.commit,
        "branch": record.branch,
        "reason": record.reason,
        "seconds": round(ended - record.created, 1),
    }
    name = record.name
    announce(Event(f"deploy:{record.status}", record.actor, name.app, name.number, record.status, details, ended))
