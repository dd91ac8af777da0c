"""Which copies are a service's own: by a word that it keeps when it is called otherwise, and no other ever has."""

import secrets

from mooring.backup import destination
from mooring.host import files

FILE = "id"


def of(subject: str) -> str:
    """That word; it is made with the first backup."""
    place = destination.folder(subject) / FILE
    if not place.exists():
        destination.make_folder(subject)
        files.write(place, secrets.token_hex(8), mode=0o600)
    return look(subject)


def look(subject: str) -> str:
    """The same; empty where none was made."""
    try:
        return (destination.folder(subject) / FILE).read_text().strip()
    except FileNotFoundError:
        return ""


def forget(subject: str) -> None:
    """What is called so next is another one, and its copies are not this one's."""
    (destination.folder(subject) / FILE).unlink(missing_ok=True)
