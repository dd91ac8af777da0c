"""Where certificates are kept: a folder for each, called by what is in it and never changed.

A site names such a folder. So a new certificate is a new folder, checked like everything else of a site before it is
in force, and a certificate never stands beside the key of another.
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mooring.certificate import name
from mooring.host import files, paths

if TYPE_CHECKING:
    from mooring.certificate.pair import Pair

FOLDER = paths.CERTIFICATES / "store"
GLOBAL = paths.CERTIFICATES / "global.json"
"""The ids of those that are for every app."""
ID = re.compile(r"[0-9a-f]{24}")
RECENT = 3600.0
"""Seconds for which one that nothing names yet is left alone."""


class Stored(NamedTuple):
    """What is known of a certificate without reading it. Times are in seconds since the epoch."""

    id: str
    names: tuple[str, ...]
    issuer: str
    begins: float
    ends: float
    self_signed: bool
    kind: str

    @property
    def folder(self) -> Path:
        return FOLDER / self.id

    @property
    def works(self) -> bool:
        """Whether a browser has no reason to warn, as far as its times and its issuer say."""
        return not self.self_signed and self.begins - 3600 <= time.time() < self.ends

    def covers(self, domain: str) -> bool:
        return name.covers(self.names, domain)


def make(folder: Path) -> Path:
    """Make a folder of certificates if it is not there. Nobody but root lists it: a key is 0600 all the same.

    What is known of one may be read by who knows its name: the git user says where an app answers.
    """
    for each in (paths.CERTIFICATES, folder):
        each.mkdir(mode=0o711, exist_ok=True)
    return folder


def save(pair: "Pair") -> Stored:
    """Keep a pair; the same one twice is one."""
    id_ = hashlib.sha256((pair.chain + pair.key).encode()).hexdigest()[:24]
    facts = {each: getattr(pair, each) for each in Stored._fields if each != "id"}
    make(FOLDER)
    if not (FOLDER / id_).is_dir():
        draft = FOLDER / f".tmp-{id_}.{os.getpid()}"
        draft.mkdir(mode=0o711)
        files.write(draft / "chain.pem", pair.chain)
        files.write(draft / "key.pem", pair.key, mode=0o600)
        files.write(draft / "facts.json", json.dumps(facts))
        files.sync_directory(draft)
        draft.rename(FOLDER / id_)
        files.sync_directory(FOLDER)
    else:
        os.utime(FOLDER / id_)
    return Stored(id=id_, **facts)


def find(id_: str) -> Stored | None:
    """The certificate of that id; None where there is none (any more)."""
    try:
        facts = json.loads((FOLDER / id_ / "facts.json").read_text()) if ID.fullmatch(id_) else None
    except FileNotFoundError:
        return None
    return Stored(id=id_, **{**facts, "names": tuple(facts["names"])}) if facts else None


def for_every_app() -> list[Stored]:
    """The certificates that were given for all apps, the latest first."""
    return [found for each in global_ids() if (found := find(each))]


def global_ids() -> list[str]:
    try:
        return [str(each) for each in json.loads(GLOBAL.read_text())]
    except FileNotFoundError:
        return []


def set_global(ids: Iterable[str]) -> None:
    make(GLOBAL.parent)
    files.write(GLOBAL, json.dumps(list(ids)))


def collect(used: set[str]) -> None:
    """Remove the certificates that nothing uses."""
    used = used | set(global_ids())
    for folder in FOLDER.iterdir() if FOLDER.is_dir() else ():
        if folder.name not in used and time.time() - folder.stat().st_mtime > RECENT:
            files.remove_tree(folder)
