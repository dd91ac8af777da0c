"""A process is limited and watched: what happens at a limit, without an answer, in a crash; and what `doctor` finds.

One server of this module's own, and one app of one process that the tests hand on.
"""

import json
import re
import time

import pytest

from tests.server.many import (
    APP,
    ask,
    at_the_server,
    did,
    live,
    process,
    push_many,
    served_by,
    shown,
    wait_for_log,
    wait_for_note,
)
from tests.server.pipeline import settled
from tests.server.throwaway import Server
from tests.server.user import User
from tests.server.user import admin as administrator

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def owner(module_server: Server, tmp_path_factory: pytest.TempPathFactory) -> User:
    """The administrator, whose app has one web process."""
    user = administrator(module_server, tmp_path_factory.mktemp("owner"))
    push_many(user)
    did(user, "ps:scale", APP, "web=1", "worker=0")
    return user


def test_what_happens_at_a_limit_is_in_ps_and_in_the_log(owner: User, module_server: Server) -> None:
    did(owner, "ps:limit", APP, "web", "--memory", "100m", "--cpu", "0.25", "--pids", "40")
    limits = shown(owner, "ps:limit", APP, "web")[0]
    assert limits == {"process": "web", "memory": 100 << 20, "cpu": 0.25, "pids": 40}
    assert process(owner, "web.1")["limits"] == "100 MiB, 0.25 cpu, 40 pids"

    host = json.loads(module_server.run(["docker", "inspect", f"{APP}.{live(owner)}.web.1"]).stdout)[0]["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"], host["PidsLimit"]) == (100 << 20, 100 << 20, 25e7, 40)

    ask(owner, "web.1", "/hog")
    wait_for_note(owner, "web.1", "1 of its processes killed at its 100 MiB")
    assert process(owner, "web.1")["restarts"] == 0
    wait_for_log(owner, "web.1: a process of web.1 was killed at its 100 MiB; the others run on")

    ask(owner, "web.1", "/eat")
    wait_for_note(owner, "web.1", "was killed.* at its 100 MiB (")
    wait_for_log(owner, "web.1: web.1 was killed.* at its 100 MiB")
    module_server.wait_for(["systemctl", "is-active", f"mooring-app@{APP}.{live(owner)}.web.1"])
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
