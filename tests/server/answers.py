"""What an admin types over ssh, and what it is answered with."""

import json
import re
import shlex

from tests.server import apps
from tests.server.user import Repo, User

DOMAIN = "apps.test"


def does(user: User, *words: str, input: str | bytes | None = None) -> str:
    """What a command that goes well prints; the words are quoted for the far side."""
    answer = user.ssh(*map(shlex.quote, words), input=input)
    assert answer.returncode == 0, f"{words}: {answer.stdout}{answer.stderr}"
    return answer.stdout


def refuses(user: User, *words: str, input: str | bytes | None = None, usage: bool = False) -> str:
    """The one line that a refusal is, on stderr; `usage`: it is the words that are wrong (exit status 2)."""
    answer = user.ssh(*map(shlex.quote, words), input=input)
    assert answer.returncode == (2 if usage else 1), f"{words}: {answer}"
    lines = answer.stderr.strip().splitlines()
    assert len(lines) == 1, f"{words}: {answer.stderr}"
    assert "Traceback" not in lines[0]
    assert "that broke" not in lines[0]
    assert re.search(r"[(;].+", lines[0]), f"{words}: no way out in {lines[0]!r}"
    return lines[0]


def listed(user: User, *words: str) -> list[dict[str, object]]:
    rows = json.loads(does(user, *words, "--json"))
    assert isinstance(rows, list)
    return rows


def environment(user: User, app: str) -> dict[str, str]:
    """What an app that echoes has in its environment."""
    found: dict[str, str] = json.loads(user.curl(f"{app}.{DOMAIN}").body)["env"]
    return found


def body(user: User, app: str) -> str:
    return user.curl(f"{app}.{DOMAIN}").body


def deployed(user: User, app: str, files: apps.Files | None = None) -> Repo:
    repo = user.repo(app, files or apps.site(app))
    pushed = repo.push(app)
    assert pushed.ok, pushed.output
    return repo
