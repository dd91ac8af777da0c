"""Answers entries: those that nobody has answered when it starts, then each that comes through the queue.

It waits for a service that is away (a restart, an upgrade): what came meanwhile is in the book without an answer.
"""

import time

import book
import psycopg
import redis


def work() -> None:
    queue = book.queue()
    for entry in book.unanswered():
        book.answer(entry)
    print("worker: waiting for entries", flush=True)
    while True:
        if taken := queue.blpop([book.QUEUE], timeout=30):
            book.answer(int(taken[1]))
            print(f"worker: answered entry {int(taken[1])}", flush=True)


while True:
    try:
        work()
    except (psycopg.OperationalError, redis.ConnectionError) as error:
        print(f"worker: {error}".splitlines()[0], flush=True)
        time.sleep(1)
