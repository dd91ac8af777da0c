"""A process that may run only once at a time: never two of it, and the old one is back where the new one fails."""

import json
import re

from tests.server import apps
from tests.server.answers import does
from tests.server.pushing import until_says
from tests.server.records import refuses
from tests.server.throwaway import Server
from tests.server.timeline import now, ran_at_once
from tests.server.user import Repo, User

DOMAIN = "apps.test"
PROGRAM = (
    """
import os, sys, time
if "FAIL" in os.environ:
    sys.exit("FAIL is set: I will not start")
time.sleep(float(os.environ.get("SLOW", 0)))
"""
    + apps.STATELY
)
STOOD = r"web stood still for \d+\.\d s"


def pushed(admin: User, app: str) -> Repo:
    """The repository of an app whose `web` may run only once at a time, and whose `bot` may overlap; it is live."""
    said = {
        "formation": {"web": {"overlap": False}, "bot": {"quantity": 1}},
        "healthchecks": {"bot": [{"type": "startup", "uptime": 1}]},
    }
    files = apps.python(PROGRAM, Procfile="web: python3 -u app.py\nbot: sleep 1000\n", **{"app.json": json.dumps(said)})
    repo = admin.repo("once", files)
    first = repo.push(app)
    assert first.ok, first.output
    assert "only once" not in first.output
    return repo


def served(admin: User, app: str) -> str:
    return admin.curl(f"{app}.{DOMAIN}").body


def test_the_old_one_ends_before_the_new_one_begins_and_is_back_when_that_fails(
    admin: User, server: Server, app_name: str
) -> None:
    since = now(server)
    repo = pushed(admin, app_name)
    rows = json.loads(does(admin, "ps", app_name, "--json"))
    assert {row["process"]: row["overlap"] for row in rows} == {"web.1": False, "bot.1": True}
    assert re.search(r"^only-once: +web$", does(admin, "apps:info", app_name), re.MULTILINE)

    repo.commit({"note": "changed"})
    again = repo.push(app_name)
    assert again.ok, again.output
    assert "-----> Stopping web of v1: it may run only once at a time" in again.output
    assert re.search(r"web served nothing for \d+\.\d s: it may run only once at a time", again.output)
    assert served(admin, app_name) == "v2"

    # It does not become ready, by a push or by a command.
    failed = admin.ssh("config:set", app_name, "FAIL=1")
    assert failed.returncode == 1
    assert "FAIL is set: I will not start" in failed.stdout
    assert "-----> Starting web of v2 again" in failed.stdout
    assert re.search(STOOD, failed.stdout)
    assert f"{app_name} v3 failed; {app_name} v2 serves on." in failed.stdout
    assert served(admin, app_name) == "v2"
    assert server.run(["docker", "ps", "-aq", "--filter", f"name=^{app_name}.3"]).stdout == ""
    does(admin, "config:unset", "--no-restart", app_name, "FAIL")

    # Another process fails: then it was never stopped.
    repo.commit({"Procfile": "web: python3 -u app.py\nbot: false\n"})
    failed_beside = repo.push(app_name)
    assert not failed_beside.ok
    assert "Stopping web" not in failed_beside.output
    assert served(admin, app_name) == "v2"

    # Whoever changes their mind in the middle has the old one back.
    slow = server.popen(["mooring", "config:set", app_name, "SLOW=60"], stdout=-1)
    until_says(slow, "-----> Stopping web of v2")
    server.wait_for(["sh", "-c", f"docker ps --format '{{{{.Names}}}}' | grep -qx {app_name}.5.web.1"])
    assert admin.ssh("ps:start", app_name, "web").returncode == 1
    said = server.run(["journalctl", "-o", "cat", "-u", f"mooring-app@{app_name}.2.web.1"]).stdout
    assert "web.1 of v5 runs still, and web may run only once at a time" in said
    does(admin, "deploys:cancel", app_name)
    output, _ = slow.communicate(timeout=60)
    assert re.search(STOOD, output.decode())
    assert served(admin, app_name) == "v2"
    does(admin, "config:unset", "--no-restart", app_name, "SLOW")
    assert ran_at_once(server, app_name, "web", since) == []

    assert "may run only once at a time" in refuses(admin, "apps:rename", app_name, f"{app_name}-x")

    # As the operator has it, it may overlap: then nothing of that is said.
    for words in (["web"], ["web", "overlap"], ["web", "overlap=maybe"], ["web", "size=2"], ["wbe", "overlap=no"]):
        refuses(admin, "ps:set", app_name, *words, usage=len(words) < 2)
    since = now(server)
    assert "is started beside" in does(admin, "ps:set", app_name, "web", "overlap=yes")
    assert "only once" not in does(admin, "ps:restart", app_name)
    assert ran_at_once(server, app_name, "web", since) != []
    assert "it is stopped before" in does(admin, "ps:set", app_name, "web", "overlap=no")
    assert "Stopping web of v6" in does(admin, "ps:restart", app_name)
    assert "Stopping web of v7" in does(admin, "rollback", app_name)
    assert served(admin, app_name) == "v8"
