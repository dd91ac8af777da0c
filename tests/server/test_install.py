"""install.sh makes a server that has nothing of ours into a working one, and takes it all away again."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server import apps
from tests.server.cache import CHECKOUT
from tests.server.installed import SOURCE, install
from tests.server.throwaway import Server
from tests.server.user import User

OPTIONS = ["--domain", "fresh.test", "--admin-key", "/root/admin.pub"]
STEPS = ("Checking this server", "Installing packages", "Setting up Docker", "Installing units", "Setting up nginx")


@pytest.mark.parametrize("suite", ["trixie", "bookworm"])
def test_a_bare_server_becomes_one_that_can_be_pushed_to_and_is_upgraded_in_place(
    suite: str, bare_server: Callable[..., Server], admin_of: Callable[[Server], User]
) -> None:
    server = bare_server(suite)
    output = install(server, OPTIONS)
    for step in STEPS:
        assert f"-----> {step}" in output
    assert "=====> hello v1 is live" in output
    assert "http://hello.fresh.test" in output
    owner = admin_of(server)
    assert owner.curl("hello.fresh.test").body == "Hello from Mooring, release v1\n"

    # A push, a config change, a crash: on the oldest Docker and systemd too.
    repo = owner.repo_of(CHECKOUT / "examples/hello")
    program = (repo.folder / "hello.pl").read_text()
    repo.commit({"hello.pl": program.replace("release $release", "A is $ENV{A}")})
    pushed = repo.push("mine")
    assert pushed.ok, pushed.output
    assert owner.ssh("config:set", "mine", "A=1").returncode == 0
    assert owner.curl("mine.fresh.test").body == "Hello from Mooring, A is 1\n"
    server.wait_for(["sh", "-c", "! docker ps -a --format '{{.Names}}' | grep -q '^mine.1.'"])
    before = server.run(["docker", "inspect", "-f", "{{.Id}} {{.State.StartedAt}}", "mine.2.web.1"]).stdout
    rss = server.run(["sh", "-c", "ps -eo rss=,args= | grep units/app/wait.py | grep -v grep"]).stdout
    for line in rss.splitlines():
        assert int(line.split()[0]) <= 10 * 1024

    # Again: an upgrade in place. What serves is left alone, and the sample is not pushed twice.
    again = install(server, OPTIONS)
    assert "hello v2" not in again
    assert server.run(["docker", "inspect", "-f", "{{.Id}} {{.State.StartedAt}}", "mine.2.web.1"]).stdout == before
    assert repo.push("mine", "HEAD:main").ok
    assert owner.repo("plain", apps.PLAIN).push("plain").ok
    assert owner.curl("plain.fresh.test").body == "plain\n"
    if suite == "bookworm":
        crashing_slows_down(owner, server)
    server.reboot()
    server.wait_for(["systemctl", "is-active", "mooring-app@mine.2.web.1", "mooring-app@hello.1.web.1"])
    assert owner.curl("hello.fresh.test").status == 200
    assert owner.curl("mine.fresh.test").body == "Hello from Mooring, A is 1\n"


def crashing_slows_down(owner: User, server: Server) -> None:
    """Where systemd is too old to do so by itself."""
    pushed = owner.repo("crashing", {**apps.PLAIN, "Procfile": "web: timeout 1 perl web.pl\n"}).push("crashing")
    assert pushed.ok, pushed.output
    unit = "mooring-app@crashing.1.web.1"
    server.wait_for(["sh", "-c", f"test $(systemctl show -p NRestarts --value {unit}) -ge 4"])
    lines = server.run(["journalctl", "-u", unit, "-o", "short-unix", "--no-pager"]).stdout.splitlines()
    ends = [float(line.split()[0]) for line in lines if "Main process exited" in line]
    assert ends[-1] - ends[-2] > ends[1] - ends[0] + 1
    assert "crash loop" in owner.ssh("ps", "crashing").stdout
    assert owner.ssh("apps:destroy", "crashing", "--force").returncode == 0


def test_what_was_there_before_stays_and_uninstalling_takes_away_only_what_is_ours(
    bare_server: Callable[..., Server], admin_of: Callable[[Server], User]
) -> None:
    server = bare_server("trixie")
    apt = ["apt-get", "-qq", "-y", "--no-install-recommends"]
    server.run(["apt-get", "-qq", "update"])
    server.run([*apt, "install", "docker.io", "docker-cli", "nginx"], env={"DEBIAN_FRONTEND": "noninteractive"})
    settings = json.loads(server.read("/etc/docker/daemon.json"))
    server.put("/etc/docker/daemon.json", json.dumps({**settings, "log-level": "warn"}))
    server.run(["systemctl", "restart", "docker"])
    server.run(["docker", "run", "--detach", "--name", "theirs", "busybox", "sleep", "100000"])
    started = server.run(["docker", "inspect", "-f", "{{.State.StartedAt}}", "theirs"]).stdout

    install(server, [*OPTIONS, "--no-stack"])
    assert server.run(["docker", "inspect", "-f", "{{.State.StartedAt}}", "theirs"]).stdout == started
    merged = json.loads(server.read("/etc/docker/daemon.json"))
    assert merged["log-level"] == "warn"
    assert merged["registry-mirrors"] == settings["registry-mirrors"]
    assert merged["live-restore"] is True
    owner = admin_of(server)
    assert owner.curl("hello.fresh.test").status == 200
    server.run(["mooring", "volume:create", "kept"])
    server.run(["mooring", "volume:link", "hello", "kept", "/data"])
    server.run(["mooring", "exec", "hello", "sh", "-c", "echo kept > /data/file"])

    refused = server.run(["sh", "-c", f"cd {SOURCE} && ./install.sh --uninstall"], check=False)
    assert refused.returncode != 0
    assert owner.curl("hello.fresh.test").status == 200
    server.run(["sh", "-c", f"cd {SOURCE} && ./install.sh --uninstall --yes"])
    for path in ("/opt/mooring", "/usr/local/bin/mooring", "/etc/sudoers.d/mooring", "/etc/nginx/conf.d/mooring.conf"):
        assert server.run(["test", "-e", path], check=False).returncode == 1
    assert server.run(["systemctl", "list-unit-files", "--no-legend", "mooring*"], check=False).stdout == ""
    assert server.run(["docker", "ps", "-a", "--format", "{{.Names}}"]).stdout == "theirs\n"
    assert server.run(["docker", "inspect", "-f", "{{.State.StartedAt}}", "theirs"]).stdout == started
    assert server.run(["test", "-d", "/var/lib/mooring/apps/hello"]).returncode == 0
    assert server.read("/var/lib/mooring/volumes/kept/file") == "kept\n"
    assert owner.curl("hello.fresh.test").body.startswith("<!DOCTYPE html>")

    # Installed again, the apps that were kept serve again.
    install(server, [*OPTIONS, "--no-stack"])
    server.wait_for(["systemctl", "is-active", "mooring-app@hello.2.web.1"])
    assert owner.curl("hello.fresh.test").status == 200
    assert server.run(["mooring", "exec", "hello", "cat", "/data/file"]).stdout == "kept\n"
    server.run(["sh", "-c", f"cd {SOURCE} && ./install.sh --uninstall --purge --yes"])
    for path in ("/var/lib/mooring", "/etc/mooring", "/var/spool/mooring"):
        assert server.run(["test", "-e", path], check=False).returncode == 1
    assert server.run(["id", "mooring"], check=False).returncode == 1


def test_what_install_cannot_do_is_one_line_and_nothing_is_changed(server: Server, tmp_path: Path) -> None:
    def refused(*words: str, before: str = "") -> str:
        done = server.run(["sh", "-c", f'cd {SOURCE} && {before} ./install.sh "$@"', "install", *words], check=False)
        assert done.returncode != 0
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        assert len(lines) == 1, done.stderr
        return lines[0]

    assert "--frobnicate" in refused("--frobnicate")
    assert "is not a domain" in refused("--domain", "not a domain")
    assert "is not an e-mail address" in refused("--email", "nobody")
    assert "no-such-file" in refused("--admin-key", "no-such-file")
    server.put("/root/nonsense.pub", "nonsense\n")
    assert "nonsense.pub" in refused("--admin-key", "/root/nonsense.pub")
    assert "root" in refused(before="setpriv --reuid nobody --clear-groups --")
    assert "--throwaway" in refused(before="unshare --fork --pid --mount-proc")
