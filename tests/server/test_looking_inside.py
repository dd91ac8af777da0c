"""What `systemctl` and `journalctl` alone show of an app: each claim of docs/looking-inside.md."""

import json
import re
import time
from pathlib import Path

import pytest

from tests.server import apps
from tests.server.throwaway import Server
from tests.server.user import Repo, User

DOMAIN = "apps.test"

TALKER = '\nprint("the app says hello", flush=True)\n' + apps.ECHO


@pytest.fixture
def repo(admin: User, app_name: str) -> Repo:
    """The repository of this test's app, which has one release."""
    repo = admin.repo(app_name, apps.python(TALKER))
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    return repo


def shown(server: Server, *argv: str) -> str:
    return server.run([*argv, "--no-pager"]).stdout


def test_systemctl_shows_the_processes_of_one_app(repo: Repo, server: Server, app_name: str) -> None:
    server.wait_for(["systemctl", "status", f"mooring-*@{app_name}.*"])
    status = shown(server, "systemctl", "status", f"mooring-*@{app_name}.*")
    assert f"mooring-app@{app_name}.1.web.1.service" in status
    assert "active (running)" in status
    assert "the app says hello" in status
    units = shown(server, "systemctl", "list-units", "mooring-*", "--plain", "--no-legend")
    line = next(line for line in units.splitlines() if line.startswith(f"mooring-app@{app_name}.1.web.1.service"))
    assert " active running " in " ".join(line.split())
    for unit in ("mooring-build.path", "mooring-retire.path", "mooring-recover.service"):
        assert unit in units
    assert server.run(["systemctl", "is-active", "mooring.target"]).stdout == "active\n"


def test_the_journal_has_an_apps_lines_and_its_builds_by_unit_by_app_and_by_tag(
    repo: Repo, admin: User, server: Server, app_name: str
) -> None:
    repo.commit(
        {"Dockerfile": (repo.folder / "Dockerfile").read_text().replace("EXPOSE", "RUN echo build two\nEXPOSE")}
    )
    assert repo.push(app_name).ok
    assert admin.ssh("ps:restart", app_name).returncode == 0

    every = shown(server, "journalctl", "-o", "cat", "-u", f"mooring-app@{app_name}.*")
    assert every.count("the app says hello") == 3
    exact = shown(server, "journalctl", "-o", "cat", "-u", f"mooring-app@{app_name}.2.web.1")
    assert exact.count("the app says hello") == 1
    build = shown(server, "journalctl", "-o", "cat", "-u", f"mooring-build@{app_name}.2")
    assert f"-----> Building {app_name} v2 from main" in build
    assert "build two" in build
    assert "the app says hello" not in build
    both = shown(server, "journalctl", "-o", "cat", f"MOORING_APP={app_name}")
    assert both.index(f"Building {app_name} v1") < both.index("the app says hello") < both.index("build two")
    assert f"=====> {app_name} v3 is live" in both
    release = shown(server, "journalctl", "-o", "cat", f"MOORING_RELEASE={app_name}.2")
    assert "build two" in release
    assert release.count("the app says hello") == 1
    assert f"{app_name} v3" not in release
    tag = shown(server, "journalctl", "-t", f"{app_name}/web.1")
    assert re.search(rf" {app_name}/web\.1\[\d+\]: the app says hello", tag)
    assert "Building" not in tag
    launch = shown(server, "journalctl", "-o", "cat", f"MOORING_APP={app_name}", "MOORING_STAGE=launch")
    assert "Starting web" in launch
    assert "the app says hello" not in launch


def test_lines_of_an_app_survive_its_deploys(repo: Repo, admin: User, server: Server, app_name: str) -> None:
    assert admin.ssh("config:set", app_name, "A=1").returncode == 0
    server.wait_for(["sh", "-c", f"! docker ps -a --format '{{{{.Names}}}}' | grep -q '^{app_name}.1.'"])
    assert "the app says hello" in shown(server, "journalctl", "-u", f"mooring-app@{app_name}.1.web.1")


def test_an_apps_processes_are_in_a_slice_of_its_own(repo: Repo, server: Server, app_name: str) -> None:
    name = f"mooring-{app_name.replace('-', '_')}.slice"
    tree = shown(server, "systemd-cgls", "-l", "/mooring.slice")
    begin = tree.index(name)
    following = re.compile(r"mooring-\w+\.slice").search(tree, begin + len(name))
    assert "python3 -u app.py" in tree[begin : following.start() if following else None]
    assert f"{name} " in shown(server, "systemctl", "status", name)


def test_every_unit_has_a_description_that_a_person_understands(repo: Repo, server: Server) -> None:
    rows = json.loads(shown(server, "systemctl", "list-units", "--all", "--output=json", "mooring*"))
    plain = r"mooring(_services)?-\w+\.slice"
    ours = [row for row in rows if row["load"] == "loaded" and not re.fullmatch(plain, row["unit"])]
    assert len(ours) > 8
    for row in ours:
        said = row["description"]
        assert said != row["unit"]
        assert re.match(r"Mooring\b.* .* ", said), row
    files = server.run(["sh", "-c", "ls /etc/systemd/system/mooring* /usr/lib/systemd/system/mooring* 2>/dev/null"],
                       check=False).stdout.split()  # fmt: skip
    names = {Path(each).name for each in files if re.search(r"\.(service|path|slice|target)$", each)}
    assert {"mooring-app@.service", "mooring-build@.service", "mooring.target"} <= names
    for each in files:
        if Path(each).name in names:
            text = server.read(each)
            assert re.search(r"^Description=Mooring\b.* .* ", text, re.MULTILINE), each


def test_systemd_finds_nothing_wrong_with_any_of_our_units(server: Server) -> None:
    listing = server.run(["find", "/etc/systemd/system", "-maxdepth", "1", "-type", "f", "-name", "mooring*"]).stdout
    units = [Path(each).name.replace("@.", "@x.1.") for each in listing.split()]
    assert len(units) > 20
    done = server.run(["systemd-analyze", "verify", *units], check=False)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


def test_systemd_says_how_exposed_each_of_our_services_is(server: Server) -> None:
    for unit in ("mooring-build@x.1.service", "mooring-app@x.1.web.1.service", "mooring-route@x.1.service",
                 "mooring-recover.service"):  # fmt: skip
        said = shown(server, "systemd-analyze", "security", unit)
        level = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
        assert level, said
        assert float(level[1]) < 9.6, f"{unit}: no sandbox at all"


def test_containers_gain_no_privileges_and_have_an_init_and_a_limit_of_processes(
    repo: Repo, server: Server, app_name: str
) -> None:
    found = json.loads(server.run(["docker", "inspect", f"{app_name}.1.web.1"]).stdout)[0]
    host = found["HostConfig"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["Init"] is True
    assert host["PidsLimit"] == 4096
    assert not host["Privileged"]
    assert host["CgroupParent"] == f"mooring-{app_name.replace('-', '_')}.slice"
    assert not host["PortBindings"]
    assert "NoNewPrivs:\t1" in server.run(["docker", "exec", f"{app_name}.1.web.1", "cat", "/proc/1/status"]).stdout


def test_an_app_that_ignores_sigterm_is_killed_after_the_stop_timeout(
    admin: User, server: Server, app_name: str
) -> None:
    settings = server.read("/etc/mooring/mooring.toml")
    stubborn = "import signal\nsignal.signal(signal.SIGTERM, lambda *_: print('I heard you', flush=True))\n" + apps.ECHO
    server.put("/etc/mooring/mooring.toml", settings.replace("[stop]", "[stop]\ntimeout = 2"))
    try:
        assert admin.repo("stubborn", apps.python(stubborn)).push(app_name).ok
        begin = time.monotonic()
        assert admin.ssh("ps:stop", app_name).returncode == 0
        assert 2 <= time.monotonic() - begin < 10
    finally:
        server.put("/etc/mooring/mooring.toml", settings)
    assert "I heard you" in shown(server, "journalctl", "-u", f"mooring-app@{app_name}.*")
    assert server.run(["docker", "ps", "-q", "--filter", f"name=^{app_name}."]).stdout == ""
    assert admin.curl(f"{app_name}.{DOMAIN}").status == 502
