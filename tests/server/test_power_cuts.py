"""Power cuts: one app each, `v1` serves, `v2` is at the stage when the plug is pulled.

One server of this module's own; every test leaves it running.
"""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.server import apps
from tests.server.pipeline import check_whole, served, settled
from tests.server.pushing import begin_push
from tests.server.throwaway import Server
from tests.server.timeline import ran_at_once
from tests.server.user import User, new_key
from tests.server.user import admin as administrator

pytestmark = pytest.mark.long

DOMAIN = "apps.test"


@pytest.fixture
def owner(module_server: Server, tmp_path: Path) -> User:
    return administrator(module_server, tmp_path)


def cut_power(server: Server, push: "subprocess.Popen[bytes] | None") -> None:
    server.power_cut()
    if push:
        os.killpg(push.pid, signal.SIGKILL)
        push.wait()
    server.boot()


def test_a_power_cut_while_an_app_is_destroyed_leaves_nothing_of_it(
    owner: User, module_server: Server, tmp_path: Path
) -> None:
    assert owner.repo("doomed", apps.site("x")).push("doomed").ok
    for words in (
        ["hooks:add", "doomed", "http://127.0.0.1:9/x"],
        ["logs:drain", "doomed", "syslog+udp://127.0.0.1:9"],
    ):
        assert owner.ssh(*words).returncode == 0
    assert (
        owner.ssh("deploy:allow", "doomed", input=new_key(tmp_path, "ci").with_suffix(".pub").read_text()).returncode
        == 0
    )
    destroy = module_server.popen(["mooring", "apps:destroy", "doomed", "--force"])
    module_server.wait_for(["test", "-d", "/var/lib/mooring/apps/.gone-doomed"])
    cut_power(module_server, None)
    destroy.wait()
    settled(module_server)
    left = r"""
        find /var/lib/mooring /var/spool/mooring /etc/systemd -name '*doomed*'
        grep -l doomed /etc/mooring/keys.toml /etc/mooring/authorized_keys
        docker images -q mooring/doomed; docker ps -aq --filter label=mooring.app=doomed
        docker network ls -q --filter name=mooring.doomed
        systemctl list-units --all --plain --no-legend '*@doomed.*'; true
    """
    assert module_server.run(["sh", "-c", left]).stdout == ""


def test_a_power_cut_while_building(owner: User, module_server: Server) -> None:
    repo = owner.repo("cut-build", apps.site("one"))
    assert repo.push("cut-build").ok
    files = apps.site("two")
    repo.commit(
        {**files, "Dockerfile": str(files["Dockerfile"]).replace("EXPOSE", "RUN echo slow part && sleep 4\nEXPOSE")}
    )
    cut_power(module_server, begin_push(repo, "cut-build", "slow part"))
    check_whole(owner, module_server, "cut-build", {1: "one", 2: "two"})


def test_a_power_cut_while_launching(owner: User, module_server: Server) -> None:
    repo = owner.repo("cut-launch", apps.site("one"))
    assert repo.push("cut-launch").ok
    repo.commit({"index.html": "two", "Dockerfile": "FROM busybox\nCOPY index.html /www/\nEXPOSE 8080\n"
                 "CMD sleep 3; exec httpd -f -p 8080 -h /www\n"})  # fmt: skip
    push = begin_push(repo, "cut-launch", "Starting web")
    module_server.wait_for(["sh", "-c", "docker ps --format '{{.Names}}' | grep -qx cut-launch.2.web.1"])
    cut_power(module_server, push)
    check_whole(owner, module_server, "cut-launch", {1: "one", 2: "two"})


def test_a_power_cut_while_routing(owner: User, module_server: Server) -> None:
    repo = owner.repo("cut-route", apps.site("one"))
    assert repo.push("cut-route").ok
    settled(module_server)
    repo.commit({"index.html": "two"})
    # nginx's master sleeps, so that the stage is found waiting for its new workers.
    module_server.run(["sh", "-c", 'kill -STOP "$(cat /run/nginx.pid)"'])
    push = begin_push(repo, "cut-route", "Starting web")
    module_server.wait_for(["sh", "-c", "test -e /var/spool/mooring/run/route/cut-route.2"])
    module_server.wait_for(["sh", "-c", "readlink /var/lib/mooring/apps/cut-route/live | grep -q 2"])
    cut_power(module_server, push)
    check_whole(owner, module_server, "cut-route", {1: "one", 2: "two"})


def test_a_power_cut_while_retiring(owner: User, module_server: Server) -> None:
    slow = apps.python(
        "import http.server, os, time\n"
        "class Slow(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers()\n"
        "        time.sleep(60 if self.path == '/slow' else 0)\n"
        "        self.wfile.write(b'one')\n"
        "http.server.ThreadingHTTPServer(('', 8080), Slow).serve_forever()\n"
    )
    repo = owner.repo("cut-retire", slow)
    assert repo.push("cut-retire").ok
    request = subprocess.Popen(
        ["curl", "-s", "-H", f"Host: cut-retire.{DOMAIN}", f"http://{module_server.address}/slow"],
        stdout=subprocess.DEVNULL,
    )
    module_server.wait_for(
        ["sh", "-c", "grep -q ' 01 ' /proc/net/tcp && ss -Htn state established dport = :8080 | grep -q ."]
    )
    repo.commit(apps.site("two"))
    assert repo.push("cut-retire").ok
    module_server.wait_for(["test", "-e", "/var/spool/mooring/run/retire/cut-retire.2"])
    assert "cut-retire.1.web.1" in module_server.run(["docker", "ps", "--format", "{{.Names}}"]).stdout
    cut_power(module_server, None)
    request.wait(timeout=30)
    check_whole(owner, module_server, "cut-retire", {2: "two"})


def test_a_power_cut_while_something_runs_once_or_may_run_only_once(owner: User, module_server: Server) -> None:
    def begun(app: str, said: object, line: str, **more: str) -> "subprocess.Popen[bytes]":
        repo = owner.repo(app, apps.site("one", **{"app.json": json.dumps(said), **more}))
        assert repo.push(app).ok
        repo.commit({"index.html": "two"})
        return begin_push(repo, app, line)

    slow = 'if test "$MOORING_RELEASE" = v2; then echo begun; sleep 60; fi'
    pushes = [
        begun("cut-pre", {"scripts": {"dokku": {"predeploy": slow}}}, "       begun"),
        begun("cut-post", {"scripts": {"dokku": {"postdeploy": slow}}}, "       begun"),
        begun(
            "cut-once",
            {"formation": {"web": {"overlap": False}}},
            "Stopping web of v1",
            Procfile='web: test "$MOORING_RELEASE" = v1 || sleep 4; exec httpd -f -p 8080 -h /www\n',
        ),
    ]
    module_server.wait_for(["sh", "-c", "docker ps --format '{{.Names}}' | grep -qx cut-once.2.web.1"])
    for push in pushes[1:]:
        os.killpg(push.pid, signal.SIGKILL)
        push.wait()
    cut_power(module_server, pushes[0])
    check_whole(owner, module_server, "cut-pre", {1: "one"})
    check_whole(owner, module_server, "cut-post", {2: "two"})
    check_whole(owner, module_server, "cut-once", {1: "one", 2: "two"})
    assert ran_at_once(module_server, "cut-once", "web", "0") == []
    assert "predeploy was interrupted (it is not run twice" in owner.ssh("releases", "cut-pre").stdout
    # It may have heard of the end of systemd before its own.
    assert re.search("postdeploy (was interrupted|failed)", owner.ssh("logs", "cut-post", "--build").stdout)
    said = module_server.run(["journalctl", "-o", "cat", "-u", "mooring-release@cut-*"]).stdout
    assert said.splitlines().count("begun") == 2


def test_a_power_cut_right_after_the_push_was_sent(owner: User, module_server: Server) -> None:
    repo = owner.repo("cut-early", apps.site("one"))
    assert repo.push("cut-early").ok
    repo.commit({"index.html": "two"})
    cut_power(module_server, begin_push(repo, "cut-early", "Building"))
    check_whole(owner, module_server, "cut-early", {1: "one", 2: "two"})
    repo.commit({"index.html": "three"})
    assert repo.push("cut-early", "HEAD:main").ok
    assert served(owner, "cut-early") == "three"
