"""A release comes back, one on its way is cancelled, one is built again, another branch deploys."""

import json
import subprocess
import time

import pytest

from tests.server import apps
from tests.server.answers import DOMAIN, body, deployed, does, environment, listed, refuses
from tests.server.pushing import until_says
from tests.server.throwaway import Server
from tests.server.user import User


def test_a_rollback_brings_back_image_and_config_of_then(admin: User, app_name: str) -> None:
    repo = deployed(admin, app_name, apps.python(apps.ECHO))
    does(admin, "config:set", app_name, "COLOUR=blue", "TOKEN=hush")
    repo.commit({"Dockerfile": (repo.folder / "Dockerfile").read_text().replace("EXPOSE", "ENV NEW=yes\nEXPOSE")})
    assert repo.push(app_name).ok
    does(admin, "config:set", app_name, "COLOUR=red")
    repo.commit({"Dockerfile": "FROM busybox\nRUN false\n"})
    assert not repo.push(app_name).ok
    rows = listed(admin, "releases", app_name)
    assert [(row["number"], row["kind"], row["status"]) for row in rows] == [
        (5, "push", "failed"), (4, "config", "live"), (3, "push", "retired"), (2, "config", "retired"),
        (1, "push", "retired"),
    ]  # fmt: skip
    assert "does not build" in str(rows[0]["reason"])
    assert {row["by"] for row in rows} == {listed(admin, "access:list")[0]["name"]}
    facts = json.loads(does(admin, "releases:info", app_name, "v4", "--json"))
    assert facts["config-vars"] == ["COLOUR", "TOKEN"]
    text = does(admin, "releases:info", app_name, "4")
    assert "hush" not in text
    assert "red" not in text

    assert "v6 is live" in does(admin, "rollback", app_name, "2")
    seen = environment(admin, app_name)
    assert (seen["COLOUR"], seen.get("NEW"), seen["MOORING_RELEASE"]) == ("blue", None, "v6")
    assert does(admin, "config:get", app_name, "COLOUR") == "blue\n"
    does(admin, "rollback", app_name)
    seen = environment(admin, app_name)
    assert (seen["COLOUR"], seen["NEW"]) == ("red", "yes")

    before = len(listed(admin, "releases", app_name))
    assert "failed" in refuses(admin, "rollback", app_name, "5")
    for number in ("99", "0", "-1", "x", "../2", "2 3", "v"):
        refuses(admin, "rollback", app_name, "--", number)
        refuses(admin, "releases:info", app_name, "--", number)
    assert len(listed(admin, "releases", app_name)) == before


def test_a_rollback_that_does_not_start_leaves_release_and_config(admin: User, app_name: str) -> None:
    deployed(admin, app_name, apps.python(apps.FRAIL))
    does(admin, "config:set", app_name, "A=1")
    # What the first release needed is gone: its image does not start with the config of then.
    admin.server.run(["sh", "-c", f"echo 'FAIL=\"1\"' >>/var/lib/mooring/apps/{app_name}/releases/1/env"])
    answer = admin.ssh("rollback", app_name, "1")
    assert answer.returncode == 1
    assert f"{app_name} v2 serves on" in answer.stdout
    assert environment(admin, app_name)["MOORING_RELEASE"] == "v2"
    assert does(admin, "config:export", app_name) == 'A="1"\n'


@pytest.mark.parametrize("stage", ["build", "launch"])
def test_a_deploy_that_is_cancelled_ends_rejected_and_the_old_release_serves_on(
    admin: User, server: Server, app_name: str, stage: str
) -> None:
    repo = deployed(admin, app_name)
    assert "nothing of" in refuses(admin, "deploys:cancel", app_name)
    if stage == "build":
        repo.commit({"Dockerfile": "FROM busybox\nRUN echo slow part && sleep 300\n"})
    else:
        checks = {"web": [{"type": "startup", "listening": True, "attempts": 60, "wait": 5}]}
        repo.commit(
            {
                "Dockerfile": "FROM busybox\nEXPOSE 8080\nCMD exec sleep 300\n",
                "app.json": json.dumps({"healthchecks": checks}),
            }
        )
    push = repo.pushing(app_name)
    until_says(push, "slow part" if stage == "build" else "Starting web")
    begin = time.monotonic()
    assert f"{app_name} v2 is cancelled" in does(admin, "deploys:cancel", app_name)
    output, _ = push.communicate(timeout=20)
    assert time.monotonic() - begin < 15
    assert push.returncode != 0
    assert "was cancelled by" in output.decode()
    assert "rejected" in output.decode()
    assert listed(admin, "releases", app_name)[0]["status"] == "cancelled"
    assert body(admin, app_name) == app_name
    left = (
        "docker ps -aq --filter name=^{0}.2; find /var/spool/mooring /var/lib/mooring/apps/{0}/sources -name '{0}.2*'"
    )
    assert server.run(["sh", "-c", left.format(app_name)]).stdout == ""
    assert server.run(["sh", "-c", "pgrep -af '[s]leep 300'"], check=False).stdout == ""
    assert "nothing of" in refuses(admin, "deploys:cancel", app_name)
    repo.commit(apps.site("mended"))
    assert repo.push(app_name).ok
    assert body(admin, app_name) == "mended"


def test_a_config_change_that_is_cancelled_while_its_processes_start_leaves_nothing_of_them(
    admin: User, server: Server, app_name: str
) -> None:
    checks = {"web": [{"type": "startup", "listening": True, "attempts": 60, "wait": 5}]}
    files = apps.python("import os, time\nif 'LATE' in os.environ:\n    time.sleep(300)\n" + apps.ECHO)
    deployed(admin, app_name, {**files, "app.json": json.dumps({"healthchecks": checks})})
    change = server.popen(["mooring", "config:set", app_name, "LATE=1"], stdout=subprocess.PIPE)
    server.wait_for(["sh", "-c", f"docker ps -q --filter name=^{app_name}.2.web.1$ | grep -q ."])
    assert f"{app_name} v2 is cancelled" in does(admin, "deploys:cancel", app_name)
    output, _ = change.communicate(timeout=20)
    assert change.returncode == 1
    assert "was cancelled by" in output.decode()
    assert environment(admin, app_name)["MOORING_RELEASE"] == "v1"
    left = (
        f"docker ps -aq --filter name=^{app_name}.2; systemctl list-units --all --plain --no-legend '*@{app_name}.2*'"
    )
    server.wait_for(["sh", "-c", f'test -z "$({left})"'])
    does(admin, "config:unset", app_name, "LATE")
    assert environment(admin, app_name)["MOORING_RELEASE"] == "v3"


def test_a_rollback_waits_for_the_build_before_it_and_what_it_asked_for_is_live_in_the_end(
    admin: User, server: Server, app_name: str
) -> None:
    repo = deployed(admin, app_name, apps.python(apps.ECHO))
    does(admin, "config:set", app_name, "A=2")
    repo.commit({"Dockerfile": str(apps.python("")["Dockerfile"]) + "RUN echo slow part && sleep 5\n"})
    push = repo.pushing(app_name)
    until_says(push, "slow part")
    said = does(admin, "rollback", app_name, "1")
    assert "v3 is on its way; v4 comes after it" in said
    assert push.wait(timeout=60) == 0
    seen = environment(admin, app_name)
    assert (seen["MOORING_RELEASE"], seen.get("A")) == ("v4", None)
    assert "A" not in json.loads(does(admin, "config", app_name, "--json"))
    statuses = [row["status"] for row in listed(admin, "releases", app_name)]
    assert statuses[0] == "live"
    assert statuses[1] in ("draining", "retired")


def test_a_rebuild_uses_cached_layers_and_a_forced_one_does_not(admin: User, app_name: str) -> None:
    files = apps.site("x")
    files["Dockerfile"] = str(files["Dockerfile"]).replace(
        "EXPOSE", "RUN head -c 16 /dev/urandom | md5sum >/www/random\nEXPOSE"
    )
    deployed(admin, app_name, files)
    host = f"{app_name}.{DOMAIN}"
    first = admin.curl(host, "/random").body
    said = does(admin, "rebuild", app_name)
    assert "(cached)" in said
    assert "v2 is live" in said
    assert admin.curl(host, "/random").body == first
    assert "v3 is live" in does(admin, "rebuild:force", app_name)
    assert admin.curl(host, "/random").body != first
    assert [row["kind"] for row in listed(admin, "releases", app_name)] == ["rebuild", "rebuild", "push"]


def test_the_deploy_branch_is_chosen_and_forgotten_and_nonsense_is_refused(admin: User, app_name: str) -> None:
    repo = deployed(admin, app_name)
    does(admin, "git:set", app_name, "deploy-branch", "team/production")
    repo.commit({"index.html": "production"})
    assert "stored, not deployed" in repo.push(app_name).output
    assert repo.push(app_name, "HEAD:refs/heads/team/production").ok
    assert body(admin, app_name) == "production"
    for name in ("a b", "../x", "-x", "a..b", "x.lock", "@{x", "refs/\nx", "x~1", "a:b", "/x", "x/"):
        assert "cannot name a branch" in refuses(admin, "git:set", app_name, "deploy-branch", "--", name)
    refuses(admin, "git:set", app_name, "nonsense", "x", usage=True)
    assert json.loads(does(admin, "apps:info", app_name, "--json"))["deploy-branch"] == "team/production"
    does(admin, "git:set", app_name, "deploy-branch")
    repo.commit({"index.html": "main again"})
    assert repo.push(app_name).ok
    assert body(admin, app_name) == "main again"
