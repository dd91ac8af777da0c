"""The log drains of an app: each forwards every line to a log service, as `mooring-drain@my-app.1.service`."""

import time
from pathlib import Path

from mooring.app import attachment
from mooring.app.attachment import Attachment, Kind
from mooring.host import files, paths, systemd
from mooring.host.refusal import Refusal, die
from mooring.telling import syslog, tail

KIND = Kind(paths.DRAINS, "drain")
STATE = Path("/var/lib/mooring-drain")
"""Where each has its place in the journal: StateDirectory= of its unit."""
CURSOR_LIMIT = 500


def unit(each: Attachment) -> str:
    return f"mooring-drain@{each}.service"


def add(app: str, url: str, authorities: str, element: str) -> Attachment:
    """Begin to forward the lines that the app prints from now on; raise Refusal for what cannot be.

    `authorities` (PEM) are those that may sign the service's certificate, the system's where it is empty; `element`
    is structured data of each message.
    """
    syslog.parse(url)
    if authorities:
        check_authorities(authorities)
    cursor = tail.last([], 0, lambda _: True)[1]
    data = syslog.check_element(element) if element else ""
    table = {"url": url, "ca": authorities, "data": data, "cursor": cursor, "was": {}}
    new = attachment.add(KIND, app, table)
    systemd.start([unit(new)])
    return new


def check_authorities(pem: str) -> None:
    import ssl

    try:
        ssl.create_default_context(cadata=pem)
    except (ssl.SSLError, ValueError):
        die("the authority's certificate is none", "a PEM file: -----BEGIN CERTIFICATE----- …")


def remove(each: Attachment) -> None:
    """Forward what is left, as far as a few seconds allow, and forget the drain."""
    systemd.stop([unit(each)])
    forget_state(each)
    attachment.remove(KIND, each)


def remove_all(app: str) -> None:
    for each in attachment.of(KIND, app):
        remove(each)


def park(app: str, new: str) -> list[Attachment]:
    """Stop the drains of an app that gets another name, and keep them under that one, each at its place."""
    parked = []
    for each in attachment.of(KIND, app):
        systemd.stop([unit(each)])
        table = attachment.read(KIND, each)
        cursor = place(each) or table["cursor"]
        moved = Attachment(new, each.number)
        attachment.write(KIND, moved, {**table, "cursor": cursor, "was": {**table["was"], app: time.time()}})
        forget_state(each)
        attachment.remove(KIND, each)
        parked.append(moved)
    return parked


def resume(parked: list[Attachment], app: str) -> None:
    """Go on with drains that were parked: with the last lines of the app under its earlier name too."""
    for each in parked:
        table = attachment.read(KIND, each)
        attachment.write(KIND, each, {**table, "was": {**table["was"], app: time.time()}})
        systemd.start([unit(each)])


def place(each: Attachment) -> str:
    """The drain's place in the journal; empty where it has none of its own yet."""
    try:
        return files.read_untrusted(STATE / str(each) / "cursor", CURSOR_LIMIT)
    except (FileNotFoundError, NotADirectoryError, Refusal):
        return ""


def forget_state(each: Attachment) -> None:
    """Remove what systemd keeps for the unit (systemctl(1), clean)."""
    from mooring.host.program import ProgramError, run

    try:
        run("systemctl", "clean", "--what=state", unit(each))
    except ProgramError:
        files.remove_tree(STATE / str(each))
