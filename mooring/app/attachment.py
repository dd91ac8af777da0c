"""What is attached to an app beside it: its log drains, its webhooks.

Each is one file of root's alone, `my-app.1`, which also names the instance of its unit: the first of my-app.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

from mooring.host import files, names
from mooring.host.refusal import die

MOST = 20
"""How many of a kind an app may have."""


class Kind(NamedTuple):
    """One kind of attachment: the folder of its files, and what a person calls it."""

    folder: Path
    word: str


class Attachment(NamedTuple):
    """The `number`-th of an app; its unit's instance is its name."""

    app: str
    number: int

    def __str__(self) -> str:
        return f"{self.app}.{self.number}"


def of(kind: Kind, app: str | None = None) -> list[Attachment]:
    """Those of an app, or of all apps, in order."""
    if not kind.folder.is_dir():
        return []
    found = []
    for entry in kind.folder.iterdir():
        owner, _, number = entry.name.rpartition(".")
        if names.APP.fullmatch(owner) and names.NUMBER.fullmatch(number) and app in (None, owner):
            found.append(Attachment(owner, int(number)))
    return sorted(found)


def read(kind: Kind, each: Attachment) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((kind.folder / str(each)).read_text())
    return table


def write(kind: Kind, each: Attachment, table: dict[str, Any]) -> None:
    """Write one: it may hold a secret, so nobody but root reads it."""
    files.write(kind.folder / str(each), json.dumps(table, indent=1) + "\n", mode=0o600)


def add(kind: Kind, app: str, table: dict[str, Any]) -> Attachment:
    """Attach one more to an app; raise Refusal where it has one with this `url`, or too many."""
    kind.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    with files.locked(kind.folder):
        there = of(kind, app)
        if any(read(kind, each)["url"] == table["url"] for each in there):
            die(f"{app} has a {kind.word} to that URL already", "remove it first to change it")
        if len(there) >= MOST:
            die(f"{app} has {MOST} {kind.word}s, which is the most", "remove one first")
        new = Attachment(app, max((each.number for each in there), default=0) + 1)
        write(kind, new, table)
    return new


def remove(kind: Kind, each: Attachment) -> None:
    (kind.folder / str(each)).unlink(missing_ok=True)


def pick(kind: Kind, app: str, word: str, listing: str) -> Attachment:
    """The attachment of an app that `word` is the number or the URL of; raise Refusal if there is none."""
    for each in of(kind, app):
        if word in (str(each.number), read(kind, each)["url"]):
            return each
    die(f"{app} has no {kind.word} {word[:80]!r}", f"`mooring {listing} {app}` lists them by number")
