"""What serves goes on serving: through deploys under load, a Docker restart, a crash, a reboot and power cuts.

One server of this module's own; every test leaves it running.
"""

import json
import os
import re
import signal
import statistics
import subprocess
import time
from pathlib import Path

import pytest

from tests.bench import changing
from tests.server import apps
from tests.server.throwaway import Server
from tests.server.user import Repo, User, new_key
from tests.server.user import admin as administrator

DOMAIN = "apps.test"

STAMPED = """
import http.server, os, signal, sys
class Stamp(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = (os.environ["MOORING_RELEASE"] + " " + open("index.html").read()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Stamp)
server.daemon_threads = True
def stop(*signals):
    import threading
    threading.Thread(target=server.shutdown).start()
signal.signal(signal.SIGTERM, stop)
server.request_queue_size = 512
server.socket.listen(512)
server.serve_forever()
server.server_close()
"""


@pytest.fixture
def owner(module_server: Server, tmp_path: Path) -> User:
    return administrator(module_server, tmp_path)


class Load:
    """Requests to an app over `connections` connections until `stop`, by hey: kept alive, or a new one for each."""

    def __init__(self, server: Server, host: str, folder: Path, *, keep_alive: bool, connections: int = 10) -> None:
        self.file = folder / f"hey-{keep_alive}"
        with self.file.open("w") as output:
            self.process = subprocess.Popen(
                ["hey", "-z", "240s", "-c", str(connections), "-q", "10", "-t", "20", "-host", host,
                 *([] if keep_alive else ["-disable-keepalive"]), f"http://{server.address}/"],
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def stop(self) -> tuple[int, str]:
        """(answers with 200, everything else that happened)."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)
        report = self.file.read_text()
        good = sum(int(n) for n in re.findall(r"\[200\]\s+(\d+) responses", report))
        others = re.findall(r"\[(?!200)\d+\]\s+\d+ responses", report)
        errors = report.partition("Error distribution:")[2].strip()
        return good, "\n".join([*others, errors]).strip()


def served(user: User, app: str) -> str:
    return user.curl(f"{app}.{DOMAIN}").body


def settled(server: Server) -> None:
    """Return when nothing is in the pipeline and systemd has no job left."""
    server.wait_for(
        ["sh", "-c", 'test -z "$(find /var/spool/mooring -type f ! -name .lock ! -path "*/failed/*")" && '
         'test -z "$(systemctl list-jobs --plain --no-legend)"'],
        timeout=90,
    )  # fmt: skip


def leftovers(server: Server, app: str, release: int) -> dict[str, str]:
    """What is there beyond the app's live release; empty where there is nothing."""
    own, mine = f"^{app}.{release}.web.1$", f"mooring-app@{app}.{release}.web.1"
    containers = f"docker ps -a --filter label=mooring.app={app} --format '{{{{.Names}}}}'"
    units = f"systemctl list-units --plain --no-legend --state=active,activating 'mooring-*@{app}.*'"
    looks = {
        "containers": f"{containers} | grep -v '{own}'",
        "units": f"{units} | grep -v {mine}",
        "networks": "docker network ls --filter label=mooring.app --format '{{.Name}}' | sort | uniq -d",
        "sources": f"ls -A /var/lib/mooring/apps/{app}/sources",
        "workspaces": "ls -A /var/lib/mooring/builds",
        "markers": "find /var/spool/mooring -type f ! -name .lock",
        "temporary": "find /var/lib/mooring /var/spool/mooring -name '.tmp-*' -o -name 'tmp_objdir*'",
    }
    found = {name: server.run(["sh", "-c", look], check=False).stdout.strip() for name, look in looks.items()}
    return {name: text for name, text in found.items() if text}


@pytest.mark.alone
def test_twenty_deploys_under_load_lose_no_request_and_none_is_answered_by_an_old_release(
    owner: User, module_server: Server, tmp_path: Path
) -> None:
    repo = owner.repo("steady", apps.python(STAMPED, **{"index.html": "0"}))
    assert repo.push("steady").ok
    host = f"steady.{DOMAIN}"
    loads = [Load(module_server, host, tmp_path, keep_alive=keep) for keep in (True, False)]
    wrong = []
    for number in range(1, 21):
        repo.commit({"index.html": str(number)})
        pushed = repo.push("steady")
        assert pushed.ok, pushed.output
        wrong += [body for body in (served(owner, "steady") for _ in range(10)) if body != f"v{number + 1} {number}"]
    results = [load.stop() for load in loads]
    assert wrong == []
    for good, others in results:
        assert others == ""
        assert good > 500


@pytest.mark.alone
def test_a_restart_of_docker_loses_no_request(owner: User, module_server: Server, tmp_path: Path) -> None:
    assert owner.repo("docker", apps.python(STAMPED, **{"index.html": ""})).push("docker").ok
    before = module_server.run(["docker", "ps", "-q", "--filter", "label=mooring.app=docker"]).stdout
    loads = [Load(module_server, f"docker.{DOMAIN}", tmp_path, keep_alive=keep) for keep in (True, False)]
    for _ in range(2):
        module_server.run(["systemctl", "restart", "docker"])
        module_server.run(["docker", "ps"])
    for good, others in [load.stop() for load in loads]:
        assert others == ""
        assert good > 50
    assert module_server.run(["docker", "ps", "-q", "--filter", "label=mooring.app=docker"]).stdout == before
    assert module_server.run(["systemctl", "is-active", "mooring-app@docker.1.web.1"]).stdout == "active\n"


@pytest.mark.alone
def test_a_killed_process_is_back_within_two_seconds_at_the_same_address(owner: User, module_server: Server) -> None:
    assert owner.repo("killed", apps.site("alive")).push("killed").ok
    settled(module_server)
    inspect = [
        "docker",
        "inspect",
        "-f",
        '{{.State.Pid}} {{(index .NetworkSettings.Networks "mooring.killed").IPAddress}}',
    ]
    pid, address = module_server.run([*inspect, "killed.1.web.1"]).stdout.split()
    took = []
    for _ in range(3):
        module_server.run(["sh", "-c", 'kill -9 "$(pgrep -P "$1")"', "kill", pid])
        begin = time.monotonic()
        while (answer := owner.curl(f"killed.{DOMAIN}")).status == 200 and time.monotonic() - begin < 1:
            pass
        while answer.status != 200 and time.monotonic() - begin < 10:
            answer = owner.curl(f"killed.{DOMAIN}")
        took.append(time.monotonic() - begin)
        assert answer.body == "alive"
        module_server.wait_for(["systemctl", "is-active", "mooring-app@killed.1.web.1"])
        pid, now = module_server.run([*inspect, "killed.1.web.1"]).stdout.split()
        assert now == address
    assert sorted(took)[1] <= 2.0, took


@pytest.mark.alone
def test_an_idle_server_runs_nothing_of_mooring_but_a_small_waiter_for_each_process(
    owner: User, module_server: Server
) -> None:
    assert owner.repo("idle", apps.site("x")).push("idle").ok
    settled(module_server)
    processes = module_server.run(["ps", "-eo", "rss=,args="]).stdout.splitlines()
    ours = [line.split(None, 1) for line in processes if "/opt/mooring" in line]
    apps_running = module_server.run(
        ["sh", "-c", "systemctl list-units --plain --no-legend --state=active 'mooring-app@*' | wc -l"]
    ).stdout
    assert len(ours) == int(apps_running)
    for rss, command in ours:
        assert "units/wait.py" in command
        assert int(rss) <= 10 * 1024


def slowest_reading(server: Server, app: str) -> float:
    """The median of three runs of the slowest of the commands that only read, in seconds."""
    medians = []
    for words in (
        ["apps"],
        ["apps:info", app],
        ["ps", app],
        ["config", app],
        ["releases", app],
        ["domains", app],
        ["releases:info", app, "1"],
        ["logs", app],
        ["logs:failed", app],
        ["events", app],
        ["checks", app],
        ["ps:scale", app],
        ["ps:limit", app],
        ["routes", app],
        ["nginx:show", app],
        ["tag:list", app],
        ["hooks", app],
        ["http-auth", app],
        ["url", app],
        ["git:info", app],
        ["access:list"],
        ["help"],
    ):
        times = []
        for _ in range(3):
            begin = time.monotonic()
            server.run(["mooring", *words])
            times.append(time.monotonic() - begin)
        medians.append(sorted(times)[1])
    return max(medians)


@pytest.mark.alone
def test_a_change_of_config_is_live_in_little_more_than_docker_run_and_a_reload_take(
    owner: User, module_server: Server
) -> None:
    changing.prepare(owner)
    seconds = changing.compare(module_server, 7)
    ratio = statistics.median(seconds["mooring"]) / statistics.median(seconds["by hand"])
    # tests/bench/config measures it more exactly, on a machine that does nothing else: 1.3 at most is what is wanted.
    assert ratio < 1.6
    assert owner.ssh("apps:destroy", changing.APP, "--force").returncode == 0


@pytest.mark.alone
def test_commands_that_read_answer_within_a_quarter_of_a_second_and_half_a_second_with_300_apps(
    owner: User, module_server: Server
) -> None:
    assert owner.repo("one", apps.site("one")).push("one").ok
    assert slowest_reading(module_server, "one") <= 0.25
    module_server.run(["sh", "-c", "seq -f crowd-%g 300 | xargs -P 2 -n 1 mooring apps:create"], timeout=300)
    # Each with the records of an app that was deployed.
    each = "cp -a /var/lib/mooring/apps/one/releases $0/ && rm -f $0/releases/*/nginx.conf && ln -s releases/1 $0/live"
    crowd = "printf '%s\\n' /var/lib/mooring/apps/crowd-*"
    module_server.run(["sh", "-c", f"{crowd} | xargs -I @ sh -c '{each}' @"])
    assert slowest_reading(module_server, "one") <= 0.5
    module_server.run(["sh", "-c", f"{crowd} | xargs -I @ sh -c 'rm -r $0/live $0/releases/*' @"])
    assert len(owner.ssh("apps").stdout.splitlines()) > 300
    # A deploy costs what it costs at one app.
    assert owner.ssh("ps:restart", "one").returncode == 0


def test_after_a_reboot_every_app_serves_the_same_image_and_run_sh_ran_once_more(
    owner: User, module_server: Server
) -> None:
    files = apps.python(apps.ECHO)
    files["run.sh"] = "#!/bin/sh\necho run.sh runs with GREETING=$GREETING\nexec python3 -u app.py\n"
    files["Dockerfile"] = str(files["Dockerfile"]).replace('["python3", "-u", "app.py"]', '["/app/run.sh"]')
    assert owner.repo("boots", files).push("boots").ok
    assert owner.ssh("config:set", "boots", "GREETING=hi").returncode == 0
    assert owner.repo("boots-too", apps.site("too", Procfile="release: echo migrated\n")).push("boots-too").ok
    settled(module_server)
    image = module_server.run(["docker", "inspect", "-f", "{{.Image}}", "boots.2.web.1"]).stdout
    runs = owner.ssh("logs", "boots", "-n", "1000").stdout.count("run.sh runs with GREETING=hi")
    module_server.reboot()
    module_server.wait_for(["systemctl", "is-active", "mooring-app@boots.2.web.1", "mooring-app@boots-too.1.web.1"])
    assert json.loads(served(owner, "boots"))["env"]["GREETING"] == "hi"
    assert served(owner, "boots-too") == "too"
    assert module_server.run(["docker", "inspect", "-f", "{{.Image}}", "boots.2.web.1"]).stdout == image
    assert owner.ssh("logs", "boots", "-n", "1000").stdout.count("run.sh runs with GREETING=hi") == runs + 1
    said = module_server.run(["journalctl", "-o", "cat", "-u", "mooring-release@*"]).stdout.splitlines()
    assert said.count("migrated") == 1
    assert "Building" not in module_server.run(["journalctl", "-b", "-u", "mooring-build@*"]).stdout


def test_stopping_and_starting_the_target_stops_and_starts_every_app(owner: User, module_server: Server) -> None:
    repo = owner.repo("target", apps.site("one"))
    assert repo.push("target").ok
    repo.commit({"index.html": "two"})
    assert repo.push("target").ok
    settled(module_server)
    module_server.run(["systemctl", "stop", "mooring.target"])
    assert module_server.run(["docker", "ps", "-q", "--filter", "label=mooring.app"]).stdout == ""
    module_server.run(["systemctl", "start", "mooring.target"])
    module_server.wait_for(["systemctl", "is-active", "mooring-app@target.2.web.1"])
    assert served(owner, "target") == "two"


def test_an_app_that_was_stopped_stays_stopped_after_a_reboot(owner: User, module_server: Server) -> None:
    assert owner.repo("halted", apps.site("x")).push("halted").ok
    assert owner.ssh("ps:stop", "halted").returncode == 0
    module_server.reboot()
    settled(module_server)
    assert (
        module_server.run(["systemctl", "is-active", "mooring-app@halted.1.web.1"], check=False).stdout == "inactive\n"
    )
    assert owner.curl(f"halted.{DOMAIN}").status == 502
    assert owner.ssh("ps:start", "halted").returncode == 0
    assert served(owner, "halted") == "x"


# -- power cuts: one app each, `v1` serves, `v2` is at the stage when the plug is pulled


def begin_push(repo: Repo, app: str, until: bytes) -> "subprocess.Popen[bytes]":
    """Push, and return as soon as the line is printed."""
    push = repo.pushing(app, "HEAD:main")
    assert push.stdout
    while until not in (line := push.stdout.readline()):
        assert line, "the push ended early"
    return push


def cut_power(server: Server, push: "subprocess.Popen[bytes] | None") -> None:
    server.power_cut()
    if push:
        os.killpg(push.pid, signal.SIGKILL)
        push.wait()
    server.boot()


def check_whole(owner: User, server: Server, app: str, bodies: dict[int, str]) -> None:
    """The app serves one of its releases whole, the other is settled, and nothing is left over."""
    settled(server)
    releases = json.loads(owner.ssh("releases", app, "--json").stdout)
    live = [each for each in releases if each["status"] == "live"]
    assert len(live) == 1
    number = int(live[0]["number"])
    server.wait_for(["systemctl", "is-active", f"mooring-app@{app}.{number}.web.1"])
    assert served(owner, app) == bodies[number]
    for each in releases:
        assert each["status"] in ("live", "retired", "failed")
        assert each["status"] != "failed" or each["reason"]
    assert leftovers(server, app, number) == {}


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
    cut_power(module_server, begin_push(repo, "cut-build", b"slow part"))
    check_whole(owner, module_server, "cut-build", {1: "one", 2: "two"})


def test_a_power_cut_while_launching(owner: User, module_server: Server) -> None:
    repo = owner.repo("cut-launch", apps.site("one"))
    assert repo.push("cut-launch").ok
    repo.commit({"index.html": "two", "Dockerfile": "FROM busybox\nCOPY index.html /www/\nEXPOSE 8080\n"
                 "CMD sleep 3; exec httpd -f -p 8080 -h /www\n"})  # fmt: skip
    push = begin_push(repo, "cut-launch", b"Starting web")
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
    push = begin_push(repo, "cut-route", b"Starting web")
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


def test_a_power_cut_right_after_the_push_was_sent(owner: User, module_server: Server) -> None:
    repo = owner.repo("cut-early", apps.site("one"))
    assert repo.push("cut-early").ok
    repo.commit({"index.html": "two"})
    cut_power(module_server, begin_push(repo, "cut-early", b"Building"))
    check_whole(owner, module_server, "cut-early", {1: "one", 2: "two"})
    repo.commit({"index.html": "three"})
    assert repo.push("cut-early", "HEAD:main").ok
    assert served(owner, "cut-early") == "three"


@pytest.mark.parametrize("stage", ["build", "launch"])
def test_a_stage_that_is_killed_is_run_again_and_the_push_succeeds(
    owner: User, module_server: Server, stage: str
) -> None:
    app = f"killed-{stage}"
    files = apps.site("done")
    files["Dockerfile"] = (
        "FROM busybox\nCOPY index.html /www/\nRUN echo slow part && sleep 2\nEXPOSE 8080\n"
        "CMD sleep 2; exec httpd -f -p 8080 -h /www\n"
    )
    push = begin_push(owner.repo(app, files), app, b"slow part" if stage == "build" else b"Starting web")
    module_server.run(["systemctl", "kill", "--signal=KILL", f"mooring-{stage}@{app}.1"])
    output, _ = push.communicate(timeout=120)
    assert push.returncode == 0, output.decode()
    assert served(owner, app) == "done"


def test_a_flood_of_markers_is_worked_off_and_the_bad_ones_are_put_aside_with_a_reason(
    owner: User, module_server: Server
) -> None:
    """A marker is a file: whoever is root can drop one, and an interrupted upgrade might."""
    floods = [f"flood-{letter}" for letter in "abc"]
    for app in floods:
        assert owner.repo(app, apps.site(app)).push(app).ok
    settled(module_server)
    script = """
set -e
cd /var/spool/mooring
mkdir /var/spool/mooring/.flood && cd /var/spool/mooring/.flood
for app in flood-a flood-b flood-c; do : >$app.1; done
for n in $(seq 150); do : >"flood-a.9$n"; echo rubbish >"flood-b.8$n"; : >"misnamed $n"; done
: >unknown-app.1; : >flood-a; : >flood-a.0; : >FLOOD-A.1; : >'$(reboot)'; mkdir flood-c.7
ln -s /etc/shadow flood-c.8
for n in $(seq 40); do : >"x.$n"; done
mv * ../retire/
rmdir /var/spool/mooring/.flood
"""
    module_server.run(["bash", "-c", script])
    settled(module_server)
    module_server.wait_for(["sh", "-c", 'test -z "$(ls /var/spool/mooring/retire)"'])
    failed = module_server.run(["ls", "/var/spool/mooring/failed"]).stdout.splitlines()
    reasons = [name for name in failed if name.endswith(".reason")]
    assert len(reasons) == len(failed) / 2 == 3 * 150 + 7 + 40
    assert (
        "names no release" in module_server.run(["sh", "-c", "cat /var/spool/mooring/failed/*misnamed*.reason"]).stdout
    )
    assert "no release flood-a.9" in module_server.run(["sh", "-c", "cat /var/spool/mooring/failed/*.reason"]).stdout
    for stage in ("build", "launch", "route", "retire"):
        assert module_server.run(["systemctl", "is-active", f"mooring-{stage}.path"]).stdout == "active\n"
    for app in floods:
        assert served(owner, app) == app
    module_server.run(["find", "/var/spool/mooring/failed", "-mindepth", "1", "-delete"])


def test_a_flood_of_pushes_markers_in_the_build_spool_builds_only_the_newest(
    owner: User, module_server: Server
) -> None:
    repo = owner.repo("flooded", apps.site("one"))
    assert repo.push("flooded").ok
    commit = repo.git("rev-parse", "HEAD").strip()
    settled(module_server)
    order = json.dumps(
        {"kind": "push", "commit": commit, "branch": "main", "actor": "flood", "created": 1, "fresh": False}
    )
    script = f"""
set -e
mkdir /var/spool/mooring/.flood && cd /var/spool/mooring/.flood
for n in $(seq 2 450); do
  echo '{order}' >flooded.$n
done
for n in $(seq 451 500); do echo rubbish >flooded.$n; done
mv * ../build/
rmdir /var/spool/mooring/.flood
"""
    module_server.run(["bash", "-c", script])
    settled(module_server)
    releases = json.loads(owner.ssh("releases", "flooded", "--json").stdout)
    status = {int(each["number"]): each["status"] for each in releases}
    assert {status[n] for n in range(2, 450)} <= {"superseded", "failed"}
    assert status[450] == "failed"
    assert "the source is gone" in next(each["reason"] for each in releases if int(each["number"]) == 450)
    assert status[1] == "live"
    assert served(owner, "flooded") == "one"
    assert module_server.run(["systemctl", "is-active", "mooring-build.path"]).stdout == "active\n"
    assert repo.push("flooded", "HEAD:again").ok
    module_server.run(["find", "/var/spool/mooring/failed", "-mindepth", "1", "-delete"])
