"""Certificates: those that end soon, have ended, or are not there."""

import contextlib
import time
from collections.abc import Iterator

from mooring.app import apps
from mooring.app.apps import App
from mooring.certificate import automatic, pair, store
from mooring.certificate.automatic import State
from mooring.certificate.store import Stored
from mooring.doctor import Finding
from mooring.front import tls
from mooring.host import settings
from mooring.host.refusal import Refusal

SOON = 14 * 86400.0
"""Seconds before its end from which on a certificate that nobody renews is worth a word."""


def certificates() -> Iterator[Finding]:
    for stored in store.for_every_app():
        yield from about(stored, ", ".join(stored.names), "`mooring certs:add-global < wildcard.tar`")
    host = None
    with contextlib.suppress(Refusal):
        # Settings that cannot be read are a finding of their own.
        host = settings.load()
    for app in apps.every():
        with contextlib.suppress(Refusal):
            id_ = app.choices().certificate
            own, remedy = store.find(id_), f"`mooring certs:add {app.name} < server.tar`"
            if own:
                yield from about(own, app.name, remedy)
            elif id_:
                yield Finding(app.name, "its certificate is not there any more: it is served by http only", remedy)
            for name in tls.wanted(app, app.choices(), host) if host else ():
                yield from waiting(app, automatic.load(name))


def about(stored: Stored, where: str, remedy: str) -> Iterator[Finding]:
    if stored.ends <= time.time():
        yield Finding(where, f"its certificate has expired on {pair.day(stored.ends)}", remedy)
    elif stored.ends - time.time() < SOON:
        yield Finding(where, f"its certificate is good until {pair.day(stored.ends)}, and is not renewed", remedy)


def waiting(app: App, state: State) -> Iterator[Finding]:
    """A host name that should have got a certificate by itself, or a new one."""
    if state.problem:
        stored = state.stored
        what = f"its certificate (until {pair.day(stored.ends)}) is not renewed" if stored else "it has no certificate"
        again = time.strftime("%H:%M", time.localtime(state.due))
        remedy = f"it is tried again at {again}; `mooring certs:auto {app.name}` tries now"
        yield Finding(state.domain, f"{what}: {state.problem}", remedy)


EXAMINATIONS = (certificates,)
