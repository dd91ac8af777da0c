"""Readiness and liveness: when a process may get requests, and when it is restarted. Read from app.json."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from mooring.host.refusal import die
from mooring.host.text import printable


class Check(NamedTuple):
    """How a process is asked whether it is ready, or alive still (app.json `healthchecks`, type `startup` and
    `liveness`). Times in seconds.

    kind: "path" (GET answers 2xx or 3xx, and has `content` where that is set), "listening" (TCP connects),
    "command" (run in its container, ends with 0), "image" (the image's HEALTHCHECK), "uptime" (alive for `uptime`),
    or "" where nothing was said: any answer to GET / where requests go to it, listening at another port, else uptime.
    A wrong answer uses up one of `attempts` and the next comes `wait` later; a refused connection is tried again
    at once until `budget` is over: attempts x wait, or 0 for the host's `checks.timeout` where neither was said.
    `others` are asked after it, one by one: it is ready when all have passed.
    """

    kind: str = ""
    path: str = "/"
    command: tuple[str, ...] = ()
    content: str = ""
    port: int | None = None
    headers: Mapping[str, str] = {}
    initial_delay: float = 0
    attempts: int = 3
    wait: float = 5
    timeout: float = 5
    uptime: float = 3
    budget: float = 0
    others: tuple["Check", ...] = ()


NUMBERS = {"attempts": int, "wait": float, "timeout": float, "initialDelay": float, "uptime": float}
WORDS = {"path": str, "content": str}
PATH = re.compile(r"/[!-~]*")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A header's name (RFC 9110, 5.6.2)."""
PORTS = range(1, 65536)
KINDS = ("startup", "readiness", "liveness")
OTHERS = {"type", "name", "description", "listening", "httpHeaders", "warn", "scheme", "command", "onFailure"}
DISABLED = Check(kind="uptime", uptime=0)
"""Asks nothing: what has been started is ready, and alive until it ends."""


def of_liveness(check: Check) -> Check:
    """The check as it is asked again and again: where nothing was said of its kind it only connects."""
    return check._replace(kind=check.kind or "listening")


def parse(healthchecks: Any, kind: str = "startup") -> dict[str, Check]:
    """The check of this kind (startup or liveness) of each process named in app.json's `healthchecks`.

    Raises Refusal for what is wrong in it.
    """
    if not isinstance(healthchecks, dict):
        die("app.json: healthchecks is not an object", '{"web": [{"type": "startup", "path": "/"}]}')
    checks = {}
    for process, entries in healthchecks.items():
        at = f"app.json: healthchecks.{printable(process)}"
        if not isinstance(entries, list):
            die(f"{at} is not a list", '[{"type": "startup", "path": "/"}]')
        for place, entry in enumerate(entries):
            where = f"{at}[{place}]"
            if not isinstance(entry, dict):
                die(f"{where} is {entry!r:.80}", '{"type": "startup", "path": "/"}')
            if entry.get("type", "startup") not in KINDS:
                die(f"{where}.type is {entry['type']!r:.80}", ", ".join(KINDS))
        found = {place: each for place, each in enumerate(entries) if each.get("type", "startup") == kind}
        if len(found) > 1 and kind == "liveness":
            die(f"{at} has {len(found)} liveness checks", "keep one")
        if found:
            first, *others = (parse_one(f"{at}[{place}]", each) for place, each in found.items())
            checks[process] = first._replace(others=tuple(others))
            if kind == "liveness" and checks[process].kind == "uptime":
                die(f"{at} has a liveness check of uptime", "a path, listening or a command")
    return checks


def parse_one(where: str, entry: dict[str, Any]) -> Check:
    """One entry of `healthchecks`; raise Refusal, which says `where`, for what is wrong in it."""
    for key, value in entry.items():
        if key in NUMBERS:
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
                die(f"{where}.{key} is {value!r}", "a number of seconds (or attempts) from 0 to 3600")
        elif key == "port":
            if isinstance(value, bool) or not isinstance(value, int) or value not in PORTS:
                die(f"{where}.port is {value!r}", "a number from 1 to 65535")
        elif key == "listening":
            if not isinstance(value, bool):
                die(f"{where}.listening is {value!r:.80}", "true or false")
        elif key in WORDS:
            if not isinstance(value, str) or any(ord(c) < 32 for c in value):
                die(f"{where}.{key} is {value!r}", "a line of text")
        elif key not in OTHERS:
            die(
                f"{where} has an unknown key {key!r}",
                f"known: {', '.join(sorted({*NUMBERS, *WORDS, 'port'}))}, listening",
            )
    path = entry.get("path", "")
    if path and not PATH.fullmatch(path):
        die(f"{where}.path is {path!r}", "it begins with a slash; spaces and the like as %20")
    command = entry.get("command", [])
    command = [command] if isinstance(command, str) else command
    if not isinstance(command, list) or not all(isinstance(w, str) and w and "\0" not in w for w in command):
        die(f"{where}.command is {command!r:.80}", '["pg_isready", "-q"]')
    headers = entry.get("httpHeaders", [])
    if not isinstance(headers, list) or not all(map(_is_header, headers)):
        die(f"{where}.httpHeaders is wrong", '[{"name": "Host", "value": "example.com"}]')
    attempts, wait = int(entry.get("attempts", 3)), float(entry.get("wait", 5))
    return Check(
        kind=_kind(entry),
        path=path or "/",
        command=tuple(command),
        content=entry.get("content", ""),
        port=entry.get("port"),
        headers={h["name"]: h["value"] for h in headers},
        initial_delay=float(entry.get("initialDelay", 0)),
        attempts=max(1, attempts),
        wait=wait,
        timeout=float(entry.get("timeout", 5)) or 5,
        uptime=float(entry.get("uptime", 3)),
        budget=attempts * wait if {"attempts", "wait"} & entry.keys() else 0,
    )


def _kind(entry: dict[str, Any]) -> str:
    asked = ("path", "command", "listening")
    return next((key for key in asked if entry.get(key)), "uptime" if "uptime" in entry else "")


def _is_header(header: Any) -> bool:
    """Whether it can be sent as it is: a name and one line of Latin-1 (http.client sends no other)."""
    if not isinstance(header, dict):
        return False
    name, value = header.get("name"), header.get("value")
    if not isinstance(name, str) or not isinstance(value, str):
        return False
    return bool(HEADER.fullmatch(name)) and all(31 < ord(c) < 256 for c in value)
