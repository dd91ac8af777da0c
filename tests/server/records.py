"""What is said of an app's releases, and what is there of them."""

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from tests.server import apps
from tests.server.answers import does
from tests.server.throwaway import Server
from tests.server.user import Repo, User

DOMAIN = "apps.test"


def refuses(user: User, *words: str, input: str | bytes | None = None, usage: bool = False) -> str:
    """The one line on stderr that a refusal is; what is printed before it, at most, is what it was about to do."""
    answer = user.ssh(*map(shlex.quote, words), input=input)
    assert answer.returncode == (2 if usage else 1), f"{words}: {answer}"
    lines = [line for line in answer.stderr.splitlines() if "known hosts" not in line]
    assert len(lines) == 1, f"{words}: {answer.stderr}"
    assert "that broke" not in lines[0]
    assert re.search(r"[(;].+", lines[0]), f"{words}: no way out in {lines[0]!r}"
    return lines[0]


def facts(user: User, *words: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(does(user, *words, "--json"))
    return found


def numbers(user: User, app: str) -> list[int]:
    return [row["number"] for row in json.loads(does(user, "releases", app, "--json"))]


def body(user: User, app: str) -> str:
    return user.curl(f"{app}.{DOMAIN}").body.strip()


def deployed(user: User, app: str, files: apps.Files) -> Repo:
    repo = user.repo(app, files)
    pushed = repo.push(app)
    assert pushed.ok, pushed.output
    return repo


def images(server: Server, app: str) -> set[int]:
    listing = server.run(["docker", "images", "--format", "{{.Tag}}", f"mooring/{app}"]).stdout
    return set(map(int, listing.split()))


def until_retired(server: Server, app: str) -> None:
    retiring = f"systemctl list-units --plain --no-legend 'mooring-retire@{app}.*' | grep -q ."
    server.wait_for(["sh", "-c", f"! {retiring}"])


@contextmanager
def settings(server: Server, text: str) -> Iterator[None]:
    """The host's settings with these at their end."""
    before = server.read("/etc/mooring/mooring.toml")
    own = re.sub(r"^\[(releases|builds)\]$", "", before, flags=re.MULTILINE)
    server.put("/etc/mooring/mooring.toml", own + text)
    try:
        yield
    finally:
        server.put("/etc/mooring/mooring.toml", before)
