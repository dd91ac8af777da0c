"""https for an app: which certificate its host names are served with, and what nginx is told of it."""

import contextlib
import functools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from mooring.app import apps
from mooring.app.apps import App
from mooring.app.choices import Choices
from mooring.certificate import automatic, store
from mooring.certificate.store import Stored
from mooring.front import domains, nginx, vhost
from mooring.host import files, paths, program
from mooring.host.refusal import die
from mooring.host.settings import Settings

OURS = paths.CODE / "nginx/https.conf"
LINK = paths.CERTIFICATES / "nginx/https.conf"
"""What nginx includes from the first certificate on: the server of names that have none."""
HSTS_AGE = 31536000
"""Seconds for which browsers remember that a host speaks https, where nothing else was chosen: a year."""
SECTION_OF_HTTP2 = (1, 25, 1)
"""nginx's version from which on `http2` is a directive of its own."""
ROTATES_TICKETS = (1, 23, 2)
"""The version from which on nginx changes the keys of session tickets by itself."""


class Part(NamedTuple):
    """Some of an app's host names, and how they are served, as in `site.Site`."""

    domains: tuple[str, ...]
    certificate: str = ""
    plain: bool = True


class Served(Protocol):
    """A part, or a site."""

    @property
    def certificate(self) -> str: ...


def candidates(domain: str, choices: Choices) -> list[Stored]:
    """The certificates that are for a host name: the app's own, those that came by themselves, those of all apps."""
    own = store.find(choices.certificate)
    found = [*([own] if own else []), *automatic.certificates(domain), *store.for_every_app()]
    return [each for each in found if each.covers(domain)]


def chosen(domain: str, choices: Choices) -> Stored | None:
    """The certificate that a host name is served with: the first that works, else any; None where there is none."""
    found = candidates(domain, choices)
    return next((each for each in found if each.works), next(iter(found), None))


def is_safe(domain: str, choices: Choices) -> bool:
    """Whether people are sent to a host name by https: a certificate works there."""
    found = chosen(domain, choices)
    return bool(found and found.works)


def url(app: App) -> str | None:
    """The address of an app for people; None where it has no host name."""
    choices = app.choices()
    name = domains.primary(app, choices)
    return f"{'https' if is_safe(name, choices) else 'http'}://{name}" if name else None


def redirects(certificate: Stored, choices: Choices) -> bool:
    """Whether http is sent on to https: as chosen; else where that works, and no proxy before us does it."""
    if choices.https_redirect:
        return choices.https_redirect == "on"
    proxied = any(choices.nginx.get(key) for key in ("trusted-proxies", "x-forwarded-proto"))
    return certificate.works and not proxied


def parts(hosts: Iterable[str], choices: Choices) -> list[Part]:
    """The host names by the certificate that they are served with; those without one first."""
    by_id: dict[str, list[str]] = {"": []}
    known: dict[str, Stored] = {}
    for domain in hosts:
        found = chosen(domain, choices)
        if found:
            known[found.id] = found
        by_id.setdefault(found.id if found else "", []).append(domain)
    return [
        Part(tuple(names), str(known[id_].folder), not redirects(known[id_], choices)) if id_ else Part(tuple(names))
        for id_, names in by_id.items()
        if names
    ]


def told(served: Sequence[Served], elsewhere: Sequence[Served], choices: Choices) -> dict[str, Any]:
    """What the site's template needs of TLS."""
    if not any(each.certificate for each in (*served, *elsewhere)):
        return {"http2": "", "lines": [], "hsts": ""}
    version = nginx_version()
    lines = [f"include {paths.CODE}/nginx/tls.conf;"]
    if version >= SECTION_OF_HTTP2:
        lines.insert(0, "http2 on;")
    if version < ROTATES_TICKETS:
        lines.append("ssl_session_tickets off;")
    return {"http2": "" if version >= SECTION_OF_HTTP2 else " http2", "lines": lines, "hsts": hsts(choices)}


def hsts(choices: Choices) -> str:
    """The header Strict-Transport-Security (RFC 6797); empty where it was not asked for."""
    if not choices.hsts:
        return ""
    words = [f"max-age={choices.hsts.get('max-age', HSTS_AGE)}"]
    words += ["includeSubDomains"] if choices.hsts.get("subdomains") else []
    words += ["preload"] if choices.hsts.get("preload") else []
    return "; ".join(words)


@functools.cache
def nginx_version() -> tuple[int, ...]:
    """nginx's version, e.g. (1, 26, 3)."""
    import subprocess

    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False).stderr
    found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else (0,)


def inputs(app: App) -> list[Path]:
    """The files beside app.toml that decide which certificates the app's site names."""
    choices = app.choices()
    names = {*domains.among(app, choices), *choices.redirects}
    wide = {f"*.{each.partition('.')[2]}" for each in names}
    return [store.GLOBAL, *(automatic.place(each) for each in sorted(names | wide))]


def wanted(app: App, choices: Choices, host: Settings) -> list[str]:
    """The host names of an app that are to have certificates by themselves: not those that a person gave one for.

    A wildcard can have one by DNS only (RFC 8555, 8.3).
    """
    if choices.disabled or not automatic.is_on(choices, host):
        return []
    names = dict.fromkeys((*domains.among(app, choices), *choices.redirects))
    return [
        each
        for each in names
        if (choices.certs_dns or not each.startswith("*.")) and automatic.is_needed(each, choices)
    ]


def challenges(choices: Choices, host: Settings, snippet: str) -> str:
    """The folder that answers an authority's challenges to an app; empty where there are none, or a snippet does."""
    return str(paths.CHALLENGES) if automatic.is_on(choices, host) and "acme-challenge" not in snippet else ""


def is_stale(app: App, choices: Choices, host: Settings) -> bool:
    """Whether nginx serves an app with other certificates than it should, or does not answer challenges to it yet."""
    try:
        text = (app.live_link / "nginx.conf").read_text()
    except FileNotFoundError:
        return False
    names = (*domains.among(app, choices), *choices.redirects)
    now = {found.id for each in names if f" {each}" in text and (found := chosen(each, choices))}
    answers = bool(challenges(choices, host, vhost.read(app, vhost.SNIPPET) or ""))
    return not choices.disabled and (
        now != set(re.findall(rf"^ *ssl_certificate {store.FOLDER}/([0-9a-f]+)/", text, re.MULTILINE))
        or answers is not (f"root {paths.CHALLENGES};" in text)
    )


def listen() -> None:
    """Let nginx have port 443, from its next reload on; raise Refusal where that is another program's or server's."""
    if LINK.is_symlink():
        return
    if other := on_port(443):
        die(f"port 443 of this server is {other}'s", f"stop {other}, then try again")
    with nginx.locked():
        store.make(LINK.parent)
        files.point(LINK, str(OURS))
        try:
            program.run("nginx", "-q", "-t")
        except program.ProgramError as error:
            # Nobody else's change is to meet it.
            LINK.unlink()
            reason = nginx.PREFIX.sub("", (error.output.splitlines() or ["it did not say why"])[0])
            die(f"nginx refuses to speak https: {reason[:300]}",
                "a server of yours that is default_server on port 443 must give that up")  # fmt: skip


def on_port(port: int) -> str:
    """The program, other than nginx, that listens on a port; empty if none does."""
    import subprocess

    argv = ["ss", "-Hltnp", f"sport = :{port}"]
    said = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    found = [name for name in re.findall(r'users:\(\("([^"]*)"', said) if name != "nginx"]
    return found[0] if found else ""


def in_use() -> set[str]:
    """The ids of the certificates that an app has, or that nginx reads when it starts; those for all are left out."""
    found = {each.certificate for each in automatic.every()}
    for app in apps.every():
        found.add(app.choices().certificate)
        with contextlib.suppress(FileNotFoundError):
            found.update(store.ID.findall((app.live_link / "nginx.conf").read_text()))
    return found
