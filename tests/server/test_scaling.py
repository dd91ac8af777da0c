"""More than one of a process: scaled, limited, watched, restarted, switched off; and what `doctor` finds.

One server of this module's own, and one app that the tests hand on.
"""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import apps
from tests.server.test_survival import Load, settled
from tests.server.throwaway import Server
from tests.server.user import User
from tests.server.user import admin as administrator

DOMAIN = "apps.test"
APP = "many"
PROBE = """
import http.server, os, signal, subprocess, sys, threading, time
state = {}
def spin():
    while True: pass
def fork():
    sleeping = []
    try:
        for _ in range(60): sleeping.append(subprocess.Popen(["sleep", "1"]))
    except OSError as error:
        print("no more:", error.strerror, flush=True)
    for each in sleeping: each.wait()
deeds = {
    "/hog": lambda: subprocess.run([sys.executable, "-c", "bytearray(200 << 20)"]),
    "/eat": lambda: state.update(eaten=bytearray(200 << 20)),
    "/hang": lambda: state.update(hangs=True),
    "/spin": lambda: threading.Thread(target=spin, daemon=True).start(),
    "/fork": fork,
}
class Probe(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        deeds.get(self.path, lambda: None)()
        if self.path == "/alive" and "hangs" in state: time.sleep(60)
        body = (os.environ["MOORING_PROCESS"] + " " + os.environ["MOORING_RELEASE"]).encode()
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Probe)
server.daemon_threads = True
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.socket.listen(512)
server.serve_forever()
server.server_close()
"""
APP_JSON = {
    "formation": {"web": {"quantity": 2}, "worker": 1},
    "healthchecks": {
        "web": [
            {"type": "startup", "path": "/"},
            {"type": "liveness", "path": "/alive", "wait": 1, "timeout": 1, "attempts": 2},
        ],
        "worker": [{"type": "startup", "command": ["test", "-e", "/app/app.py"]}],
    },
}


@pytest.fixture(scope="module")
def owner(module_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """The administrator, whose app has two web processes and a worker since its first push."""
    user = administrator(module_server, tmp_path_factory.mktemp("owner"))
    files = apps.python(PROBE, Procfile="web: exec python3 -u app.py\nworker: exec sleep 1d\n")
    pushed = user.repo(APP, {**files, "app.json": json.dumps(APP_JSON)}).push(APP)
    assert pushed.ok, pushed.output
    assert "Starting web x2" in pushed.output
    yield user


def did(user: User, *words: str) -> str:
    done = at_the_server(user, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def at_the_server(user: User, *words: str) -> "subprocess.CompletedProcess[str]":
    return user.server.run(["mooring", *words], check=False)


def refused(user: User, *words: str) -> str:
    """The one line that a command is refused with."""
    done = at_the_server(user, *words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("mooring: ")
    return done.stderr


def shown(user: User, *words: str) -> Any:
    return json.loads(did(user, *words, "--json"))


def process(user: User, name: str, app: str = APP) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in shown(user, "ps", app) if row["process"] == name)
    return found


def wait_for_note(user: User, name: str, words: str, app: str = APP) -> None:
    user.server.wait_for(["sh", "-c", f"mooring ps {app} --json | grep -A9 '\"{name}\"' | grep -q '{words}'"])


def wait_for_log(user: User, words: str) -> None:
    user.server.wait_for(["sh", "-c", f"mooring logs {APP} | grep -q '{words}'"])


def served_by(user: User, app: str = APP, requests: int = 12) -> set[str]:
    return {user.curl(f"{app}.{DOMAIN}").body.split()[0] for _ in range(requests)}


def address(user: User, name: str) -> tuple[str, int]:
    host, _, port = process(user, name)["address"].partition(":")
    return host, int(port)


def ask(user: User, name: str, path: str) -> None:
    """Ask one process itself, whatever becomes of it."""
    host, port = address(user, name)
    user.server.run(["curl", "-s", "-m", "20", f"http://{host}:{port}{path}"], check=False)


def live(user: User) -> int:
    return int(process(user, "web.1")["release"].removeprefix("v"))


def releases(user: User) -> int:
    return len(shown(user, "releases", APP))


def test_a_first_deploy_runs_what_app_json_says_and_a_scale_under_load_loses_no_request(
    owner: User, module_server: Server, tmp_path: Any
) -> None:
    assert [row["process"] for row in shown(owner, "ps", APP)] == ["web.1", "web.2", "worker.1"]
    assert served_by(owner) == {"web.1", "web.2"}
    loads = [Load(module_server, f"{APP}.{DOMAIN}", tmp_path, keep_alive=keep) for keep in (True, False)]
    assert "v2 is live" in owner.ssh("ps:scale", APP, "web=4").stdout
    assert served_by(owner, requests=40) == {"web.1", "web.2", "web.3", "web.4"}
    site = module_server.read(f"/var/lib/mooring/apps/{APP}/live/nginx.conf")
    assert "least_conn;" in site
    assert len(re.findall(r"server \d+\.\d+\.\d+\.\d+:", site)) == 4
    assert "v3 is live" in did(owner, "ps:scale", APP, "web=1", "worker=0")
    settled(module_server)
    for good, others in [load.stop() for load in loads]:
        assert others == ""
        assert good > 100
    assert [row["process"] for row in shown(owner, "ps", APP)] == ["web.1"]
    assert shown(owner, "ps:scale", APP)[0] == {"process": "web", "count": 1, "chosen-by": "ps:scale"}
    assert "nothing changed" in did(owner, "ps:scale", APP, "web=1")


def test_what_cannot_be_is_refused_in_one_line_and_changes_nothing(owner: User, module_server: Server) -> None:
    before, file = releases(owner), f"/var/lib/mooring/apps/{APP}/app.toml"
    choices = module_server.read(file)
    assert "it has web, worker" in refused(owner, "ps:scale", APP, "wbe=2")
    for words in (["web"], ["web=-1"], ["web=x"], ["web=51"], ["web=1", "web=2"], ["=1"], ["release=1"]):
        refused(owner, "ps:scale", APP, *words)
    for words in (["--memory", "1g"], ["web", "--memory", "5m"], ["web", "--memory", "lots"], ["web", "--cpu", "nan"],
                  ["web", "--cpu", "999"], ["web", "--pids", "1"], ["api", "--pids", "9"]):  # fmt: skip
        refused(owner, "ps:limit", APP, *words)
    for words in (["web", "path=up"], ["web", "attempts=many"], ["web", "pth=/"], ["api", "path=/"],
                  ["worker", "listening=true", "--liveness"], ["web", "uptime=1", "--liveness"]):  # fmt: skip
        refused(owner, "checks:set", APP, *words)
    assert "no app nowhere" in refused(owner, "top", "nowhere")
    assert releases(owner) == before
    assert module_server.read(file) == choices


def test_what_happens_at_a_limit_is_in_ps_and_in_the_log(owner: User, module_server: Server) -> None:
    did(owner, "ps:limit", APP, "web", "--memory", "100m", "--cpu", "0.25", "--pids", "40")
    limits = shown(owner, "ps:limit", APP, "web")[0]
    assert limits == {"process": "web", "memory": 100 << 20, "cpu": 0.25, "pids": 40}
    assert process(owner, "web.1")["limits"] == "100 MiB, 0.25 cpu, 40 pids"

    host = json.loads(module_server.run(["docker", "inspect", f"{APP}.4.web.1"]).stdout)[0]["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"], host["PidsLimit"]) == (100 << 20, 100 << 20, 25e7, 40)

    ask(owner, "web.1", "/hog")
    wait_for_note(owner, "web.1", "1 of its processes killed at its 100 MiB")
    assert process(owner, "web.1")["restarts"] == 0
    wait_for_log(owner, "web.1: a process of web.1 was killed at its 100 MiB; the others run on")

    ask(owner, "web.1", "/eat")
    wait_for_note(owner, "web.1", "was killed.* at its 100 MiB (")
    wait_for_log(owner, "web.1: web.1 was killed.* at its 100 MiB")
    module_server.wait_for(["systemctl", "is-active", f"mooring-app@{APP}.4.web.1"])
    assert served_by(owner) == {"web.1"}
    assert re.search(rf"{APP} web.1: it was killed.* at its 100 MiB", at_the_server(owner, "doctor").stdout)

    ask(owner, "web.1", "/spin")
    used = [shown(owner, "top", APP)[0] for _ in range(4)]
    assert 1 < sum(each["cpu"] for each in used) / 4 < 60
    assert used[0]["limit"] == 100 << 20
    assert 2 << 20 < used[0]["memory"] < 100 << 20

    ask(owner, "web.1", "/fork")
    wait_for_note(owner, "web.1", "at its limit of 40")
    wait_for_log(owner, "web.1: web.1 was refused a process or thread")


def test_a_limit_that_is_too_low_to_start_is_said_and_taken_back(owner: User) -> None:
    done = at_the_server(owner, "ps:limit", APP, "web", "--memory", "6m")
    assert done.returncode == 1
    assert re.search(r"it was killed\b.* at its 6 MiB .*before it was ready", done.stdout)
    assert "taken back" in done.stdout
    assert served_by(owner) == {"web.1"}
    assert shown(owner, "ps:limit", APP, "web")[0]["memory"] == 100 << 20
    did(owner, "ps:limit", APP, "web", "--memory", "0", "--cpu", "0", "--pids", "0")
    assert process(owner, "web.1")["limits"] == ""


def test_a_process_that_stops_answering_its_liveness_check_is_restarted_by_systemd(
    owner: User, module_server: Server
) -> None:
    unit = f"mooring-app@{APP}.{live(owner)}.web.1"
    module_server.wait_for(["sh", "-c", f"systemctl show -p WatchdogUSec {unit} | grep -q '=34s'"])
    begin = time.monotonic()
    ask(owner, "web.1", "/hang")
    wait_for_note(owner, "web.1", "did not answer its liveness check")
    module_server.wait_for(["systemctl", "is-active", unit])
    assert time.monotonic() - begin < 20
    assert served_by(owner) == {"web.1"}
    log = did(owner, "logs", APP)
    assert "web.1 is not alive: GET http://" in log
    assert "got no answer: timed out (2 of 2)" in log
    assert "Watchdog" in module_server.run(["journalctl", "-u", unit, "--no-pager"]).stdout


def test_a_waiter_that_hangs_is_ended_by_systemd_and_its_process_started_anew(
    owner: User, module_server: Server
) -> None:
    unit = f"mooring-app@{APP}.{live(owner)}.web.1"
    module_server.wait_for(["sh", "-c", f"systemctl show -p WatchdogUSec {unit} | grep -q '=34s'"])
    before = module_server.run(["systemctl", "show", "-p", "MainPID", "--value", unit]).stdout.strip()
    module_server.run(["kill", "-STOP", before])
    changed = f'pid=$(systemctl show -p MainPID --value {unit}); test "$pid" != 0 && test "$pid" != {before}'
    module_server.wait_for(["sh", "-c", f"{changed} && systemctl is-active {unit}"], timeout=90)
    assert served_by(owner) == {"web.1"}
    assert "Watchdog timeout" in module_server.run(["journalctl", "-u", unit, "--no-pager"]).stdout


def test_more_containers_than_an_app_has_addresses_for_are_refused(owner: User) -> None:
    before = releases(owner)
    for words in (["web=48"], ["web=30", "worker=18"]):
        assert "47" in refused(owner, "ps:scale", APP, *words)
    assert releases(owner) == before


def test_a_restart_in_place_goes_one_by_one_and_the_others_serve(
    owner: User, module_server: Server, tmp_path: Path
) -> None:
    did(owner, "ps:scale", APP, "web=2", "worker=1")
    before = releases(owner)
    load = Load(module_server, f"{APP}.{DOMAIN}", tmp_path, keep_alive=False)
    assert did(owner, "ps:restart", APP, "web").split("\n")[:2] == ["web.1 restarted", "web.2 restarted"]
    good, wrong = load.stop()
    assert wrong == ""
    assert good > 20
    assert releases(owner) == before
    assert served_by(owner) == {"web.1", "web.2"}
    did(owner, "ps:stop", APP, "web.2")
    assert f"web.2 of {APP} does not run" in refused(owner, "enter", APP, "web.2", "ls")
    assert process(owner, "web.2")["state"].startswith("inactive")
    assert served_by(owner, requests=4) == {"web.1"}
    assert f"{APP} web.2: it does not run" in at_the_server(owner, "doctor").stdout
    did(owner, "ps:start", APP, "web.2")
    assert served_by(owner) == {"web.1", "web.2"}


def test_what_is_chosen_for_a_stopped_app_is_in_force_when_it_is_started(owner: User) -> None:
    did(owner, "ps:stop", APP)
    assert owner.curl(f"{APP}.{DOMAIN}").status in (502, 504)
    assert {row["note"] for row in shown(owner, "ps", APP)} == {"stopped"}
    before = releases(owner)
    assert f"ps:start {APP}" in did(owner, "ps:scale", APP, "web=1", "worker=0")
    assert f"ps:start {APP}" in did(owner, "config:set", APP, "STOPPED=yes")
    assert releases(owner) == before
    assert {row["note"] for row in shown(owner, "ps", APP)} == {"stopped"}
    did(owner, "ps:start", APP)
    assert did(owner, "exec", APP, "printenv", "STOPPED") == "yes\n"
    assert [row["process"] for row in shown(owner, "ps", APP)] == ["web.1"]
    assert served_by(owner) == {"web.1"}


def test_a_disabled_app_serves_nothing_takes_nothing_and_is_not_started(owner: User, module_server: Server) -> None:
    did(owner, "run:detached", APP, "sleep", "1d")
    did(owner, "apps:disable", APP)
    assert owner.curl(f"{APP}.{DOMAIN}").status == 404
    assert next(row for row in shown(owner, "apps") if row["name"] == APP)["state"] == "disabled"
    repo = owner.repo("again", apps.site("again"))
    pushed = repo.push(APP, "main:main", "--force")
    assert not pushed.ok
    assert f"{APP} is disabled: it takes no pushes (`mooring apps:enable {APP}`)" in pushed.output
    for words in (["ps:start", APP], ["ps:restart", APP], ["ps:restart", APP, "web"], ["rebuild", APP],
                  ["rollback", APP], ["run", APP, "ls"],
                  ["run:detached", APP, "ls"], ["git:from-image", APP, "busybox"], ["git:from-archive", APP],
                  ["git:sync", APP, "https://git.example/a.git"]):  # fmt: skip
        assert f"{APP} is disabled" in refused(owner, *words)
    assert "Kept for when it is enabled" in did(owner, "config:set", APP, "KEPT=1")
    module_server.run(["systemctl", "restart", "mooring.target"])
    settled(module_server)
    assert module_server.run(["docker", "ps", "-q", "--filter", f"label=mooring.app={APP}"]).stdout == ""
    assert APP not in at_the_server(owner, "doctor").stdout
    assert f"{APP} is enabled" in did(owner, "apps:enable", APP)
    assert served_by(owner) == {"web.1"}


def test_a_check_is_shown_set_disabled_and_taken_back(owner: User) -> None:
    rows = {(row["process"], row["type"]): row for row in shown(owner, "checks", APP)}
    assert rows["web", "startup"]["asks"] == "GET / on port 8080"
    assert rows["web", "liveness"]["asks"] == "GET /alive on port 8080"
    assert rows["worker", "startup"]["asks"] == "runs test -e /app/app.py"
    did(owner, "checks:set", APP, "web", "path=/missing", "attempts=1")
    row = shown(owner, "checks", APP)[0]
    assert (row["asks"], row["attempts"], row["chosen-by"]) == ("GET /missing on port 8080", 1, "checks:set")
    done = at_the_server(owner, "ps:restart", APP)
    assert done.returncode == 1
    assert "/missing answered 404" in done.stdout
    did(owner, "checks:disable", APP, "web")
    assert shown(owner, "checks", APP)[0]["asks"] == "nothing: disabled"
    did(owner, "checks:disable", APP, "--liveness")
    did(owner, "ps:restart", APP)
    unit = f"mooring-app@{APP}.{live(owner)}.web.1"
    assert owner.server.run(["systemctl", "show", "-p", "WatchdogUSec", unit]).stdout == "WatchdogUSec=0\n"
    did(owner, "checks:enable", APP, "--liveness")
    did(owner, "checks:unset", APP, "web")
    assert shown(owner, "checks", APP)[0]["asks"] == "GET / on port 8080"


def test_a_crash_loop_slows_down_never_ends_and_is_in_ps_and_doctor(owner: User, module_server: Server) -> None:
    crashing = {
        "Dockerfile": 'FROM busybox\nEXPOSE 8080\nCOPY run.sh /\nCMD ["/run.sh"]\n',
        "run.sh": "#!/bin/sh\nhttpd -p 8080 -h /tmp\nsleep 1\nexit 3\n",
    }
    assert owner.repo("crashing", crashing).push("crashing").ok
    wait_for_note(owner, "web.1", "crash loop: ended with status 3", "crashing")
    unit = "mooring-app@crashing.1.web.1"
    module_server.wait_for(
        ["sh", "-c", f"systemctl show -p RestartUSecNext --value {unit} | grep -qE '^[1-9][0-9.]*s'"]
    )
    row = process(owner, "web.1", "crashing")
    assert row["restarts"] >= 3
    assert "crashing web.1: crash loop: it ended with status 3" in at_the_server(owner, "doctor").stdout
    shown_of = module_server.run(
        ["systemctl", "show", "-p", "Restart", "-p", "StartLimitIntervalUSec", "-p", "RestartMaxDelayUSec", unit]
    ).stdout
    assert sorted(shown_of.split()) == ["Restart=always", "RestartMaxDelayUSec=1min", "StartLimitIntervalUSec=0"]
    assert "web.1 ended with status 3" in did(owner, "logs", "crashing")
    did(owner, "apps:destroy", "crashing", "--force")
    assert module_server.run(["sh", "-c", "ls /run/mooring/ends"]).stdout.count("crashing") == 0


BREAK = f"""
set -e
touch /var/spool/mooring/run/build/{APP}.999
systemctl stop mooring-retire.path
echo 'nonsense;' >/etc/nginx/conf.d/broken.conf
echo 'Nonsense yes' >/etc/ssh/sshd_config.d/zz-broken.conf
sed -i 's/"live-restore": true/"live-restore": false/' /etc/docker/daemon.json
systemctl reload docker
systemd-run --quiet --unit=mooring-broken false || true
mount -t tmpfs -o size=1m none /var/lib/mooring/builds
head -c 1000000 /dev/zero >/var/lib/mooring/builds/full
systemctl stop 'mooring-app@{APP}.*.web.1.service'
for each in twin-a twin-b; do
    mooring apps:create $each
    echo 'domains = ["twin.test"]' >>/var/lib/mooring/apps/$each/app.toml
done
echo 'nonsense = 1' >>/etc/mooring/mooring.toml
"""
MEND = f"""
set -e
rm /var/spool/mooring/run/build/{APP}.999 /etc/nginx/conf.d/broken.conf /etc/ssh/sshd_config.d/zz-broken.conf
sed -i 's/"live-restore": false/"live-restore": true/' /etc/docker/daemon.json
systemctl reload docker
umount /var/lib/mooring/builds
sed -i '/nonsense/d' /etc/mooring/mooring.toml
systemctl start mooring-retire.path
systemctl reset-failed mooring-broken
mooring ps:start {APP}
mooring apps:destroy twin-a --force
mooring apps:destroy twin-b --force
rm -f /run/mooring/ends/*
"""


def test_doctor_is_content_with_a_healthy_server_and_finds_what_is_broken(owner: User, module_server: Server) -> None:
    module_server.run(["sh", "-c", "rm -f /run/mooring/ends/*"])
    settled(module_server)
    done = owner.ssh("doctor")
    assert (done.returncode, done.stdout) == (0, "everything is well\n")
    module_server.run(["bash", "-c", BREAK])
    module_server.wait_for(["sh", "-c", f"mooring doctor | grep -q '^{APP}.999: .* is stuck'"])
    done = owner.ssh("doctor")
    module_server.run(["bash", "-c", MEND])
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    for where, problem in (
        (f"{APP}.999", "is stuck: mooring-build@"),
        ("mooring-retire.path", "it is inactive: releases wait for it (`systemctl"),
        ("nginx", "its configuration is broken: unknown directive"),
        ("sshd", "its configuration is broken"),
        ("docker", "live-restore is off"),
        ("mooring-broken.service", "it failed (`journalctl -u"),
        ("/var/lib/mooring/builds", "the disk is nearly full: 0.0 GiB are free"),
        (f"{APP} web.1", "it does not run (inactive)"),
        ("settings", "nonsense"),
        ("twin.test", "it belongs to twin-a and twin-b"),
    ):
        assert any(line.startswith(f"{where}: ") and problem in line for line in lines), (where, done.stdout)
    assert len(lines) == 10
    module_server.wait_for(["mooring", "doctor"])
