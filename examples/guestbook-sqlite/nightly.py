"""Every night: a copy of the database, and no picture that no entry has."""

import time

import book

copy = book.DATA / "guestbook.yesterday.sqlite"
copy.unlink(missing_ok=True)
with book.opened() as database:
    database.execute("VACUUM INTO ?", (str(copy),))

entries = book.entries()
kept = {entry["picture"] for entry in entries}
# One that has just been sent may have its entry in a moment.
an_hour_ago = time.time() - 3600
stray = [path for path in book.PICTURES.iterdir() if path.name not in kept and path.stat().st_mtime < an_hour_ago]
for path in stray:
    path.unlink()
print(f"copied {len(entries)} entries, removed {len(stray)} pictures")
