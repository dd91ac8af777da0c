"""lego(1), the distribution's ACME client: one host name, one certificate, or why not.

lego and no other: one program that asks every authority (external accounts too), answers by a file or by the DNS of
a hundred hosters, and leaves the deciding (when, how often, which certificate nginx gets) to who calls it.
"""

import datetime
import os
import re
import shutil
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from mooring.certificate import store
from mooring.host import files, paths
from mooring.host.settings import Settings

FOLDER = paths.CERTIFICATES / "acme"
"""Its accounts."""
LIMIT = 300.0
"""Seconds for one certificate; for one by DNS, whose records have to get around, four times that."""
ERROR = re.compile(r"urn:ietf:params:acme:error:(\w+) :: (.*)")
LATER = re.compile(r"retry after (\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)")
UNREACHABLE = ("get directory at", "could not create client", "Could not create client", "dial tcp", "i/o timeout",
               "Client.Timeout", "no such host")  # fmt: skip


class Failure(Exception):
    """No certificate: why, the kind of error (RFC 8555, 6.7) where the authority said it, whether that could not be
    reached at all, and until when it wants no more."""

    def __init__(self, problem: str, kind: str = "", *, unreachable: bool = False, until: float = 0) -> None:
        super().__init__(problem)
        self.problem = problem
        self.kind = kind
        self.unreachable = unreachable
        self.limited = kind == "rateLimited"
        self.until = until


class Dns(NamedTuple):
    """The hoster whose DNS answers the challenge, and what it has to be told."""

    provider: str
    variables: Mapping[str, str]


def obtain(domain: str, email: str, settings: Settings, dns: Dns | None = None) -> list[bytes]:
    """Ask the authority for a certificate; what it gave, and the key. Raises Failure."""
    try:
        return _obtain(domain, email, settings, dns)
    except Failure as failure:
        if failure.kind != "accountDoesNotExist":
            raise
    # It knows nothing of our account any more: another one is as good.
    files.remove_tree(FOLDER / "accounts" / urlsplit(settings.certs_directory).netloc.replace(":", "_"))
    return _obtain(domain, email, settings, dns)


def _obtain(domain: str, email: str, settings: Settings, dns: Dns | None) -> list[bytes]:
    from mooring.host import program

    if not shutil.which("lego"):
        raise Failure("lego is not installed: `apt-get install lego`", unreachable=True)
    store.make(FOLDER).chmod(0o700)
    said: list[str] = []
    try:
        status = program.follow(
            *words(domain, email, settings, dns),
            line=said.append,
            env=environment(settings, dns),
            timeout=LIMIT * (4 if dns else 1),
        )
    except TimeoutError:
        raise Failure(f"{settings.certs_directory} takes too long to answer", unreachable=True) from None
    try:
        made = [FOLDER / "certificates" / f"{domain.replace('*', '_')}.{kind}" for kind in ("crt", "key")]
        if status or not all(each.exists() for each in made):
            raise understood(said)
        return [each.read_bytes() for each in made]
    finally:
        # The store has them: nothing else keeps a key.
        files.remove_tree(FOLDER / "certificates")


def words(domain: str, email: str, settings: Settings, dns: Dns | None) -> list[str]:
    answered = ["--http", "--http.webroot", str(paths.CHALLENGES)]
    if dns:
        answered = ["--dns", dns.provider, *([] if settings.certs_dns_check else ["--dns.disable-cp"])]
    if settings.certs_eab_kid:
        # It insists on them, and needs them for nothing: there is an account already, and no secret among them.
        answered += ["--eab", "--kid", settings.certs_eab_kid, "--hmac", "none"]
    return ["lego", "--accept-tos", "--email", email, "--server", settings.certs_directory, "--path", str(FOLDER),
            "--domains", domain, "--http-timeout", "30", *answered, "run"]  # fmt: skip


def environment(settings: Settings, dns: Dns | None) -> dict[str, str]:
    """What lego is told beside its arguments: who vouches for the authority's own https, and the hoster's secrets."""
    own = {"LEGO_CA_CERTIFICATES": settings.certs_ca} if settings.certs_ca else {}
    return {**os.environ, **own, **(dns.variables if dns else {})}


def understood(said: list[str]) -> Failure:
    """Why lego gave up, by what it printed."""
    text = "\n".join(said)
    found = list(ERROR.finditer(text))
    if found:
        kind, reason = found[-1][1], re.sub(r",? url: *$", "", found[-1][2].strip()).strip(" ,:")
        return Failure(f"{reason[:300]} ({kind})", kind, until=later(text) if kind == "rateLimited" else 0)
    last = next((line for line in reversed(said) if line.strip()), "lego said nothing")
    last = re.sub(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", "", last.strip())
    return Failure(last[:300], unreachable=any(word in text for word in UNREACHABLE))


def later(text: str) -> float:
    """When an authority wants to be asked again, in seconds since the epoch; 0 where it does not say."""
    found = LATER.search(text)
    if not found:
        return 0
    return datetime.datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00").timestamp()
