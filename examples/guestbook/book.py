"""The guestbook: entries in PostgreSQL, and in Redis the queue of those that wait for an answer."""

import os
from typing import Any

import psycopg
import redis
from psycopg.rows import dict_row

QUEUE = "entries"


def opened() -> psycopg.Connection[dict[str, Any]]:
    """The database, in one transaction."""
    return psycopg.connect(os.environ["DATABASE_URL"], row_factory=dict_row)


def queue() -> redis.Redis:
    return redis.Redis.from_url(os.environ["REDIS_URL"])


def prepare() -> None:
    """Make what is not there yet."""
    with opened() as database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS entries (id bigserial PRIMARY KEY, name text, text text, answer text)"
        )


def entries() -> list[dict[str, Any]]:
    """The newest first."""
    with opened() as database:
        return database.execute("SELECT * FROM entries ORDER BY id DESC").fetchall()


def add(name: str, text: str) -> None:
    """Keep an entry, then wake the worker: what is not in the queue yet is at least in the book."""
    with opened() as database:
        row = database.execute("INSERT INTO entries (name, text) VALUES (%s, %s) RETURNING id", (name, text)).fetchone()
    queue().rpush(QUEUE, row["id"])


def unanswered() -> list[int]:
    with opened() as database:
        found = database.execute("SELECT id FROM entries WHERE answer IS NULL ORDER BY id").fetchall()
    return [row["id"] for row in found]


def answer(entry: int) -> None:
    with opened() as database:
        database.execute(
            "UPDATE entries SET answer = 'Thank you, ' || name || '!' WHERE id = %s AND answer IS NULL", (entry,)
        )


if __name__ == "__main__":
    prepare()
    print(f"the guestbook has {len(entries())} entries")
