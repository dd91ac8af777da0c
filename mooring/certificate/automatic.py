"""Certificates that an authority gives by itself (ACME, RFC 8555): what is known of each host name's.

Every host name has a certificate of its own: one whose records are wrong holds up no other, and a certificate goes
with its host name, whichever app has that.
"""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mooring.app.choices import Choices
from mooring.certificate import store
from mooring.certificate.store import Stored
from mooring.host import files, paths
from mooring.host.settings import Settings

FOLDER = paths.CERTIFICATES / "auto"
WANTED = paths.RUN / "certs-wanted"
"""A path unit looks for it: where it is, host names may be without their certificate."""
WHEN_TO_RENEW = 2 / 3
"""The part of its lifetime after which a certificate is renewed, whatever that is."""
RECORDS = (60, 60, 120, 240, 480, 900, 1800, 3600)
"""Seconds until the records of a host name are looked at again: the first looks find who is just making them."""
AUTHORITY = (60, 600, 1800, 7200, 21600, 43200, 86400)
"""Seconds until an authority that has refused is asked again. Let's Encrypt counts five refusals an hour."""
CUT_OFF = "the last attempt was cut off"
"""What is the matter while an authority is asked, and stays so where the power goes."""
HELD = 3600
"""Seconds to wait where an authority counts too many requests, and does not say how long."""


class State(NamedTuple):
    """What is known of a host name. Times are in seconds since the epoch.

    `certificate` is the id of the one that it got, `due` is when something is done for it next. `problem` is why the
    last of `failures` attempts in a row failed, `held` until when the authority wants to hear nothing.
    """

    domain: str
    certificate: str = ""
    due: float = 0
    failures: int = 0
    problem: str = ""
    held: float = 0

    @property
    def stored(self) -> Stored | None:
        return store.find(self.certificate) if self.certificate else None

    def got(self, certificate: Stored) -> "State":
        """With a new certificate."""
        return State(self.domain, certificate.id, renewal(certificate))

    def failed(self, problem: str, pauses: tuple[int, ...], until: float = 0) -> "State":
        """After an attempt that failed: tried again after a pause that grows, and not before `until`."""
        pause = pauses[min(self.failures, len(pauses) - 1)]
        due = max(time.time() + pause, until)
        return self._replace(failures=self.failures + 1, problem=problem, due=due, held=until)


def renewal(certificate: Stored) -> float:
    """When a certificate is renewed."""
    return certificate.begins + (certificate.ends - certificate.begins) * WHEN_TO_RENEW


def place(domain: str) -> Path:
    return FOLDER / f"{domain.replace('*', '_')}.json"


def load(domain: str) -> State:
    """What is known of a host name; of one that nothing was done for, that it is due."""
    try:
        return State(**json.loads(place(domain).read_text()))
    except FileNotFoundError:
        return State(domain)


def save(state: State) -> None:
    store.make(FOLDER)
    files.write(place(state.domain), json.dumps(state._asdict()))


def every() -> list[State]:
    if not FOLDER.is_dir():
        return []
    return [State(**json.loads(each.read_text())) for each in sorted(FOLDER.glob("[!.]*.json"))]


def certificates(domain: str) -> list[Stored]:
    """The automatic certificates that are for a host name: its own, and that of a wildcard."""
    found = (load(each).stored for each in (domain, f"*.{domain.partition('.')[2]}"))
    return [each for each in found if each and each.covers(domain)]


def is_on(choices: Choices, settings: Settings) -> bool:
    """Whether an app's host names get certificates by themselves."""
    return choices.certs_auto == "on" or (not choices.certs_auto and settings.certs_auto)


def is_needed(domain: str, choices: Choices) -> bool:
    """Whether no certificate that a person gave works for a host name, nor the automatic one of its wildcard."""
    own = store.find(choices.certificate)
    given = [*([own] if own else []), *store.for_every_app()]
    if any(each.works and each.covers(domain) for each in given):
        return False
    return not any(each.works and domain not in each.names for each in certificates(domain))


def wake() -> None:
    """Have the host names looked through that may need something, by mooring-certs.service."""
    if WANTED.parent.is_dir():
        WANTED.touch()


def forget(needed: Iterable[str]) -> None:
    """Forget host names that no app has any more, but not their certificates while these are good.

    Who takes a domain away and gives it again does not ask anew, which authorities count.
    """
    needed = set(needed)
    for state in every():
        found = state.stored
        if state.domain not in needed and not (found and found.works) and state.held < time.time():
            place(state.domain).unlink(missing_ok=True)
