"""What serves goes on serving: after a reboot, a stop, a stage that is killed, a flood of markers.

One server of this module's own; every test leaves it running.
"""

import json
from pathlib import Path

import pytest

from tests.server import apps
from tests.server.pipeline import served, settled
from tests.server.pushing import begin_push
from tests.server.throwaway import Server
from tests.server.user import User
from tests.server.user import admin as administrator

pytestmark = pytest.mark.long

DOMAIN = "apps.test"


@pytest.fixture
def owner(module_server: Server, tmp_path: Path) -> User:
    return administrator(module_server, tmp_path)


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
    assert owner.ssh("ps:scale", "target", "web=4").returncode == 0
    settled(module_server)
    module_server.run(["systemctl", "stop", "mooring.target"])
    assert module_server.run(["docker", "ps", "-q", "--filter", "label=mooring.app"]).stdout == ""
    # Its network is made again by one of four processes that start at the same time.
    module_server.run(["docker", "network", "rm", "mooring.target"])
    module_server.run(["systemctl", "start", "mooring.target"])
    units = [f"mooring-app@target.3.web.{ordinal}" for ordinal in range(1, 5)]
    module_server.wait_for(["sh", "-c", 'test "$(systemctl is-active "$@" | grep -cx active)" = 4', "-", *units])
    listed = ["docker", "network", "ls", "--format", "{{.Name}}", "--filter", "name=mooring.target"]
    assert module_server.run(listed).stdout.split() == ["mooring.target"]
    restarts = module_server.run(["systemctl", "show", "--property=NRestarts", "--value", *units]).stdout
    assert restarts.split() == ["0"] * 4
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
    push = begin_push(owner.repo(app, files), app, "slow part" if stage == "build" else "Starting web")
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
