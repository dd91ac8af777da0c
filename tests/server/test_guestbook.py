"""examples/guestbook-sqlite: an app that keeps what it is given, on a volume, and does something every night."""

import json
import re
import subprocess
from pathlib import Path

from tests.server.answers import does
from tests.server.cache import CHECKOUT
from tests.server.throwaway import Server
from tests.server.timeline import now, ran_at_once
from tests.server.user import User

DOMAIN = "apps.test"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def curl(server: Server, app: str, path: str, *words: str) -> bytes:
    argv = ["curl", "-sSf", "-H", f"Host: {app}.{DOMAIN}", *words, f"http://{server.address}{path}"]
    return subprocess.run(argv, capture_output=True, check=True).stdout


def test_the_guestbook_keeps_entries_and_pictures_and_has_a_nightly_job(
    admin: User, server: Server, app_name: str, tmp_path: Path
) -> None:
    since = now(server)
    for words in (
        ("apps:create", app_name), ("volume:create", app_name), ("volume:link", app_name, app_name, "/data")
    ):  # fmt: skip
        does(admin, *words)
    repo = admin.repo_of(CHECKOUT / "examples/guestbook-sqlite")
    first = repo.push(app_name)
    assert first.ok, first.output
    assert "the guestbook has 0 entries" in first.output
    secret = does(admin, "config:get", app_name, "SECRET_KEY")
    (tmp_path / "picture.png").write_bytes(PICTURE)
    sent = f"picture=@{tmp_path}/picture.png;type=image/png"
    curl(server, app_name, "/", "-F", "name=Ada", "-F", "text=I was here", "-F", sent)

    repo.commit({"note": "changed"})
    second = repo.push(app_name)
    assert second.ok, second.output
    assert "the guestbook has 1 entries" in second.output
    assert re.search(r"web served nothing for \d+\.\d s: it may run only once at a time", second.output)
    assert ran_at_once(server, app_name, "web", since) == []
    page = curl(server, app_name, "/").decode()
    assert "<b>Ada</b>: I was here" in page
    address = re.search(r'src="(/pictures/\w+\.png)"', page)
    assert address
    assert curl(server, app_name, address[1]) == PICTURE
    assert does(admin, "config:get", app_name, "SECRET_KEY") == secret

    (job,) = json.loads(does(admin, "cron", app_name, "--json"))
    assert "copied 1 entries, removed 0 pictures" in does(admin, "cron:run", app_name, job["id"])
    assert "guestbook.yesterday.sqlite" in does(admin, "run", app_name, "ls", "/data")
