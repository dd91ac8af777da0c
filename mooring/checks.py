"""Readiness: when a process of a new release may get requests. Read from app.json, decided per process."""

import re
from dataclasses import dataclass, field
from typing import Any

from mooring.refusal import die


@dataclass(frozen=True)
class Check:
    """How a process is asked whether it is ready (app.json `healthchecks`, type `startup`). Times in seconds.

    kind: "path" (GET answers 2xx or 3xx, and has `content` where that is set), "listening" (TCP connects),
    "image" (the image's HEALTHCHECK), "uptime" (alive for `uptime`), or "" where nothing was said: listening
    where there is a port, else uptime.
    A wrong answer uses up one of `attempts` and the next comes `wait` later; a refused connection is tried again
    at once until `budget` is over: attempts x wait, or 0 for the host's `checks.timeout` where neither was said.
    """

    kind: str = ""
    path: str = "/"
    content: str = ""
    port: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    initial_delay: float = 0
    attempts: int = 3
    wait: float = 5
    timeout: float = 5
    uptime: float = 3
    budget: float = 0


NUMBERS = {"attempts": int, "wait": float, "timeout": float, "initialDelay": float, "uptime": float}
WORDS = {"path": str, "content": str}
PATH = re.compile(r"/[!-~]*")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A header's name (RFC 9110, 5.6.2)."""
PORTS = range(1, 65536)
KINDS = ("startup", "readiness", "liveness")
OTHERS = {"type", "name", "description", "listening", "httpHeaders", "warn", "scheme", "command", "onFailure"}


def parse(healthchecks: Any) -> dict[str, Check]:
    """The startup check of each process named in app.json's `healthchecks`; raise Refusal for what is wrong in it."""
    if not isinstance(healthchecks, dict):
        die("app.json: healthchecks is not an object", '{"web": [{"type": "startup", "path": "/"}]}')
    checks = {}
    for process, entries in healthchecks.items():
        if not isinstance(entries, list):
            die(f"app.json: healthchecks.{process} is not a list", '[{"type": "startup", "path": "/"}]')
        for entry in entries:
            if not isinstance(entry, dict) or entry.get("type", "startup") not in KINDS:
                die(f"app.json: healthchecks.{process} has {entry!r:.80}", f"an object with a type: {', '.join(KINDS)}")
        startup = [each for each in entries if each.get("type", "startup") == "startup"]
        if len(startup) > 1:
            die(f"app.json: healthchecks.{process} has {len(startup)} startup checks", "keep one")
        if startup:
            checks[process] = _parse_one(f"healthchecks.{process}", startup[0])
    return checks


def _parse_one(where: str, entry: dict[str, Any]) -> Check:
    for key, value in entry.items():
        if key in NUMBERS:
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
                die(f"app.json: {where}.{key} is {value!r}", "a number of seconds (or attempts) from 0 to 3600")
        elif key == "port":
            if isinstance(value, bool) or not isinstance(value, int) or value not in PORTS:
                die(f"app.json: {where}.port is {value!r}", "a number from 1 to 65535")
        elif key in WORDS:
            if not isinstance(value, str) or any(ord(c) < 32 for c in value):
                die(f"app.json: {where}.{key} is {value!r}", "a line of text")
        elif key not in OTHERS:
            die(
                f"app.json: {where} has an unknown key {key!r}",
                f"known: {', '.join(sorted({*NUMBERS, *WORDS, 'port'}))}, listening",
            )
    path = entry.get("path", "")
    if path and not PATH.fullmatch(path):
        die(f"app.json: {where}.path is {path!r}", "it begins with a slash; spaces and the like as %20")
    if "command" in entry:
        die(
            f"app.json: {where} has a command",
            "path, listening and uptime are supported; or a HEALTHCHECK in the image",
        )
    headers = entry.get("httpHeaders", [])
    if not isinstance(headers, list) or not all(map(_is_header, headers)):
        die(f"app.json: {where}.httpHeaders is wrong", '[{"name": "Host", "value": "example.com"}]')
    attempts, wait = int(entry.get("attempts", 3)), float(entry.get("wait", 5))
    return Check(
        kind="path" if path else "listening" if entry.get("listening") else "uptime" if "uptime" in entry else "",
        path=path or "/",
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


def _is_header(header: Any) -> bool:
    """Whether it can be sent as it is: a name and one line of Latin-1 (http.client sends no other)."""
    if not isinstance(header, dict):
        return False
    name, value = header.get("name"), header.get("value")
    if not isinstance(name, str) or not isinstance(value, str):
        return False
    return bool(HEADER.fullmatch(name)) and all(31 < ord(c) < 256 for c in value)
