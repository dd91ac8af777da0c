"""Certificates: those that end soon, have ended, or are not there."""

import contextlib
import time
from collections.abc import Iterator

from mooring.app import apps
from mooring.certificate import pair, store
from mooring.certificate.store import Stored
from mooring.doctor import Finding
from mooring.host.refusal import Refusal

SOON = 14 * 86400.0
"""Seconds before its end from which on a certificate that nobody renews is worth a word."""


def certificates() -> Iterator[Finding]:
    for stored in store.for_every_app():
        yield from about(stored, ", ".join(stored.names), "`mooring certs:add-global < wildcard.tar`")
    for app in apps.every():
        with contextlib.suppress(Refusal):
            id_ = app.choices().certificate
            own, remedy = store.find(id_), f"`mooring certs:add {app.name} < server.tar`"
            if own:
                yield from about(own, app.name, remedy)
            elif id_:
                yield Finding(app.name, "its certificate is not there any more: it is served by http only", remedy)


def about(stored: Stored, where: str, remedy: str) -> Iterator[Finding]:
    if stored.ends <= time.time():
        yield Finding(where, f"its certificate has expired on {pair.day(stored.ends)}", remedy)
    elif stored.ends - time.time() < SOON:
        yield Finding(where, f"its certificate is good until {pair.day(stored.ends)}, and is not renewed", remedy)


EXAMINATIONS = (certificates,)
