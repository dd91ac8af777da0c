"""The guestbook: entries in a SQLite database, and the pictures of some of them beside it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

DATA = Path(os.environ["DATA"])
PICTURES = DATA / "pictures"


@contextmanager
def opened() -> Iterator[sqlite3.Connection]:
    """The database, in one transaction."""
    with closing(sqlite3.connect(DATA / "guestbook.sqlite")) as database, database:
        database.row_factory = sqlite3.Row
        yield database


def prepare() -> None:
    """Make what is not there yet."""
    PICTURES.mkdir(exist_ok=True)
    with opened() as database:
        database.execute("CREATE TABLE IF NOT EXISTS entries (name TEXT, text TEXT, picture TEXT)")


def entries() -> list[sqlite3.Row]:
    """The newest first."""
    with opened() as database:
        return database.execute("SELECT * FROM entries ORDER BY rowid DESC").fetchall()


def add(name: str, text: str, picture: str) -> None:
    with opened() as database:
        database.execute("INSERT INTO entries VALUES (?, ?, ?)", (name, text, picture))


if __name__ == "__main__":
    prepare()
    print(f"the guestbook has {len(entries())} entries")
