"""The webhooks of an app: an HTTP address that is told of its events, signed and retried.

Each has a queue, a folder below the spool; `mooring-hook@my-app.1.path` sees what comes there, and
`mooring-hook@my-app.1.service` delivers it.
"""

import json
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mooring.app import attachment
from mooring.app.attachment import Attachment, Kind
from mooring.host import address, files, paths, systemd
from mooring.host.refusal import die

if TYPE_CHECKING:
    from mooring.telling.event import Event

KIND = Kind(paths.HOOKS, "webhook")
QUEUES = paths.SPOOL / "hooks"
MOST_WAITING = 1000
"""Deliveries that wait for one webhook; what comes beyond is in the journal alone."""
LAST_WORDS = 3.0
"""Seconds that deliveries get before their app's webhooks go."""
WORD = re.compile(r"[a-z][a-z-]*(?::[a-z-]+)?")
EXAMPLE = "e.g. https://ci.example.com/hooks/mooring"


def path_unit(each: Attachment) -> str:
    """It makes the queue; the setgid bit of the folder above gives it, and what is put there, to the group."""
    return f"mooring-hook@{each}.path"


def service(each: Attachment) -> str:
    return f"mooring-hook@{each}.service"


def queue(each: Attachment) -> Path:
    return QUEUES / str(each)


def check_url(url: str) -> str:
    """Return the URL if a webhook may have it; raise Refusal otherwise."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and address.is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        named = False
    if not named or parts.scheme not in ("http", "https") or not re.fullmatch(r"[!-~]{1,2000}", url):
        die(f"{url[:80]!r} is no http or https address", EXAMPLE)
    if parts.username is not None:
        die("a webhook's URL has no password in it", f"its deliveries are signed instead; {EXAMPLE}")
    return url


def check_words(words: str) -> list[str]:
    """The events that `--events` names, groups like deploy or names like deploy:live; raise Refusal for others."""
    found = [word.strip() for word in words.split(",") if word.strip()]
    for word in found:
        if not WORD.fullmatch(word):
            die(f"{word[:60]!r} names no event", "e.g. --events deploy,config or --events deploy:failed")
    return found


def add(app: str, url: str, words: list[str]) -> tuple[Attachment, str]:
    """Tell a URL of an app's events (all, where there are no words); return it and the secret of its signatures."""
    import secrets

    secret = secrets.token_hex(32)
    new = attachment.add(KIND, app, {"url": check_url(url), "events": words, "secret": secret})
    systemd.start([path_unit(new)])
    return new, secret


def remove(each: Attachment) -> None:
    """Forget a webhook, with what waits for it."""
    systemd.stop([path_unit(each), service(each)])
    attachment.remove(KIND, each)
    files.remove_tree(queue(each))


def remove_all(app: str) -> None:
    """Forget the webhooks of an app that goes; its last event gets a moment to be delivered."""
    every = attachment.of(KIND, app)
    until = time.monotonic() + LAST_WORDS
    while any(map(waiting, every)) and time.monotonic() < until:
        time.sleep(0.05)
    for each in every:
        remove(each)


def rename(app: str, new: str) -> None:
    """Let the webhooks of an app be those of its new name, with what waits for them."""
    for each in attachment.of(KIND, app):
        systemd.stop([path_unit(each), service(each)])
        moved = Attachment(new, each.number)
        attachment.write(KIND, moved, attachment.read(KIND, each))
        attachment.remove(KIND, each)
        queue(each).rename(queue(moved))
        systemd.start([path_unit(moved)])


def wants(words: list[str], event: "Event") -> bool:
    return not words or event.name in words or event.group in words


def tell(event: "Event") -> None:
    """Put the event into the queue of every webhook of its app that wants it. Raises OSError."""
    for each in attachment.of(KIND, event.app) if event.app else ():
        if wants(attachment.read(KIND, each)["events"], event) and len(waiting(each)) < MOST_WAITING:
            put(each, body(event))


def body(event: "Event") -> dict[str, Any]:
    """What is delivered. `id` is the same however often it is tried; `text` is what chats show."""
    return {
        "id": os.urandom(8).hex(),
        "event": event.name,
        "app": event.app,
        "release": event.release or None,
        "actor": event.actor,
        "status": event.status,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(event.time)),
        "details": event.details,
        "text": event.text,
    }


def put(each: Attachment, content: dict[str, Any]) -> None:
    """Put a delivery into a queue: it appears whole, under a name that the path unit does not see before."""
    name = f"{time.time_ns() // 1000}"
    draft = queue(each) / f".tmp-{name}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(content, ensure_ascii=False))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(queue(each) / name)


def waiting(each: Attachment) -> list[str]:
    """The deliveries in a queue, the oldest first."""
    try:
        return sorted(entry.name for entry in queue(each).iterdir() if not entry.name.startswith("."))
    except FileNotFoundError:
        return []


def signature(secret: str, content: bytes) -> str:
    """HMAC-SHA256 of the body, as GitHub writes it (RFC 2104)."""
    import hashlib
    import hmac

    return f"sha256={hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()}"
