"""The processes of an app, as `ps` and `logs` show them."""

import re
import subprocess

from tests.server import apps
from tests.server.answers import DOMAIN, body, deployed, does, listed, refuses
from tests.server.load import asked_all_the_time
from tests.server.pushing import until_says
from tests.server.ssh import ssh_command
from tests.server.throwaway import Server
from tests.server.user import User


def test_ps_lists_restarts_stops_and_starts_processes(admin: User, server: Server, app_name: str) -> None:
    files = apps.python(apps.STATELY, Procfile="web: exec python3 -u app.py\nworker: exec sleep 1000\n")
    files["app.json"] = '{"formation": {"worker": {"quantity": 2}}}'
    deployed(admin, app_name, files)
    rows = listed(admin, "ps", app_name)
    assert [row["process"] for row in rows] == ["web.1", "worker.1", "worker.2"]
    assert all(str(row["state"]).startswith("active") for row in rows)
    assert "web.1" in does(admin, "ps", app_name)

    def process_of(name: str, release: int) -> str:
        return server.run(["docker", "inspect", "-f", "{{.State.Pid}}", f"{app_name}.{release}.{name}"]).stdout

    with asked_all_the_time(admin, f"{app_name}.{DOMAIN}", {200}) as wrong:
        assert "v2 is live" in does(admin, "ps:restart", app_name)
    assert wrong == []
    assert body(admin, app_name) == "v2"

    web, worker = process_of("web.1", 2), process_of("worker.1", 2)
    assert "web.1 restarted" in does(admin, "ps:restart", app_name, "web.1")
    assert process_of("web.1", 2) != web
    assert process_of("worker.1", 2) == worker
    assert body(admin, app_name) == "v2"
    assert len(listed(admin, "releases", app_name)) == 2

    assert "worker.1, worker.2 stopped" in does(admin, "ps:stop", app_name, "worker").replace("\n", " ")
    states = {row["process"]: str(row["state"]) for row in listed(admin, "ps", app_name)}
    assert states["web.1"].startswith("active")
    assert states["worker.2"].startswith("inactive")
    does(admin, "ps:stop", app_name)
    assert admin.curl(f"{app_name}.{DOMAIN}").status == 502
    assert next(row for row in listed(admin, "apps") if row["name"] == app_name)["state"] == "stopped"
    does(admin, "ps:start", app_name)
    assert body(admin, app_name) == "v2"
    assert all(str(row["state"]).startswith("active") for row in listed(admin, "ps", app_name))
    for verb, name in (("ps:restart", "clock"), ("ps:stop", "web.2"), ("ps:start", "*"), ("ps:restart", "$(id)")):
        assert "it runs web.1, worker.1, worker.2" in refuses(admin, verb, app_name, name)
    assert body(admin, app_name) == "v2"


def test_an_app_that_was_never_deployed_runs_nothing_and_says_so(admin: User, app_name: str) -> None:
    does(admin, "apps:create", app_name)
    assert "never deployed" in does(admin, "ps", app_name)
    assert listed(admin, "ps", app_name) == listed(admin, "releases", app_name) == []
    for words in (["ps:restart"], ["rollback"], ["rebuild"], ["rebuild:force"], ["deploys:cancel"]):
        refuses(admin, *words, app_name)


def test_logs_shows_what_processes_printed_and_follows(admin: User, server: Server, app_name: str) -> None:
    files = apps.python(apps.STATELY, Procfile="web: exec python3 -u app.py\nworker: echo I work; exec sleep 1000\n")
    files["app.json"] = '{"formation": {"worker": {"quantity": 1}}}'
    deployed(admin, app_name, files)
    for number in range(5):
        assert admin.curl(f"{app_name}.{DOMAIN}", f"/number-{number}").status == 200
    shown = does(admin, "logs", app_name)
    assert re.search(r"^\d{4}-\d\d-\d\dT\S+ web\.1: asked for /number-4$", shown, re.MULTILINE)
    assert re.search(r" worker\.1: I work$", shown, re.MULTILINE)
    assert "-----> Building" not in shown
    assert [line.partition(": ")[2] for line in does(admin, "logs", app_name, "-p", "web", "-n", "2").splitlines()] == [
        "asked for /number-3",
        "asked for /number-4",
    ]
    for process in ("worker", "worker.1"):
        assert "asked for" not in (lines := does(admin, "logs", app_name, "-p", process))
        assert "I work" in lines
    assert does(admin, "logs", app_name, "-n", "0") == ""
    refuses(admin, "logs", app_name, "-n", "-1")
    refuses(admin, "logs", app_name, "-n", "many", usage=True)

    following = subprocess.Popen(
        [*ssh_command(admin.key), f"mooring@{server.address}", "logs", app_name, "-f", "-n", "1"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        until_says(following, "asked for /number-4")
        admin.curl(f"{app_name}.{DOMAIN}", "/while-you-look")
        said = until_says(following, "asked for /while-you-look")
        assert "number" not in said
        does(admin, "ps:restart", app_name)
        admin.curl(f"{app_name}.{DOMAIN}", "/after-a-release")
        until_says(following, "asked for /after-a-release")
    finally:
        following.kill()
        following.wait()
    server.wait_for(["sh", "-c", f"! pgrep -f '[l]ogs {app_name}'"], timeout=15)
