"""What an app said, and where its lines go.

One server of this module's own, with one app that says what it is asked to.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.server.answers import does
from tests.server.receivers import LogService, certificate
from tests.server.ssh import ssh_command
from tests.server.talker import APP, MESSAGE, lines, push_talker, refuses, says
from tests.server.throwaway import Server
from tests.server.user import Repo, User
from tests.server.user import admin as administrator


@pytest.fixture(scope="module")
def owner(module_server: Server, tmp_path_factory: pytest.TempPathFactory) -> User:
    return administrator(module_server, tmp_path_factory.mktemp("owner"))


@pytest.fixture(scope="module")
def repo(owner: User) -> Repo:
    """The repository of the app, which is live."""
    return push_talker(owner)


@pytest.fixture
def gateway(module_server: Server) -> str:
    """The address at which the server reaches receivers of this machine."""
    return module_server.network.gateway


def test_logs_go_across_releases_and_restarts_and_show_builds_when_asked(repo: Repo, owner: User) -> None:
    assert "no release of talker has failed" in does(owner, "logs:failed", APP)
    says(owner, "first")
    does(owner, "ps:restart", APP)
    says(owner, "second")
    does(owner, "ps:restart", APP, "web")
    says(owner, "third")
    shown = does(owner, "logs", APP)
    found = re.findall(r"^\d{4}-\d\d-\d\dT\S+ web\.1: (\w+)$", shown, re.MULTILINE)
    assert found == ["first", "second", "third"]
    assert "worker.1: I work" in shown
    assert "Building" not in shown
    assert "Starting web" not in shown
    for process in ("web", "web.1"):
        last = does(owner, "logs", APP, "-p", process, "-n", "2").splitlines()
        assert [line.partition(": ")[2] for line in last] == ["second", "third"]
    assert does(owner, "logs", APP, "-p", "nothing") == ""
    rows = json.loads(does(owner, "logs", APP, "-p", "web", "--json"))
    assert [(row["line"], row["release"]) for row in rows] == [("first", "1"), ("second", "2"), ("third", "2")]
    everything = does(owner, "logs", APP, "--build", "-n", "1000")
    assert re.search(r" build: -----> Building talker v1", everything)
    assert everything.index("talker v1 is live") < everything.index("first") < everything.index("talker v2 is live")
    refuses(owner, "logs", APP, "-p", "WEB!")
    refuses(owner, "logs", APP, "-p", "web", "--build")

    following = subprocess.Popen(
        [*ssh_command(owner.key), f"mooring@{owner.server.address}", "logs", APP, "-f", "-n", "1", "-p", "web"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert following.stdout
        assert b"third" in following.stdout.readline()
        says(owner, "fourth")
        assert b"fourth" in following.stdout.readline()
    finally:
        following.kill()
        following.wait()


def test_the_last_release_that_failed_is_explained_by_all_that_was_said_of_it(repo: Repo, owner: User) -> None:
    repo.commit({"Procfile": "web: echo I break; exit 3\n"})
    assert not repo.push(APP).ok
    repo.commit({"Procfile": "web: exec python3 -u app.py\nworker: echo I work; exec sleep 1000\n"})
    said = does(owner, "logs:failed", APP)
    assert re.search(r" build: -----> Building talker v\d+", said)
    assert re.search(r" web\.1: I break$", said, re.MULTILINE)
    assert "did not become ready" in said
    assert "third" not in said
    assert any(row["line"] == "I break" for row in json.loads(does(owner, "logs:failed", APP, "--json")))


def test_a_drain_forwards_every_line_and_loses_none_while_the_service_is_away(
    repo: Repo, owner: User, module_server: Server, gateway: str
) -> None:
    assert "forwards its lines nowhere" in does(owner, "logs:drain", APP)
    says(owner, "before there is a drain")
    with LogService(gateway) as service:
        assert "goes to" in does(owner, "logs:drain", APP, service.url, "--data", 'TOKEN@41058 tag="a b"')
        says(owner, "héllo ☃ N", count=300)
        says(owner, "")
        says(owner, "it went wrong", what="err")
        got = service.heard.until(lambda found: len(found) == 302)
        # Docker reads the two streams side by side.
        got.sort(key=lambda each: "it went wrong" in each)
        assert lines(got) == [*(f"héllo ☃ {number}" for number in range(300)), "", "it went wrong"]
        first, last = MESSAGE.fullmatch(got[0]), MESSAGE.fullmatch(got[-1])
        assert first
        assert last
        hostname = module_server.run(["uname", "-n"]).stdout.strip()
        assert (first["app"], first["process"], first["host"]) == (APP, "web.1", hostname)
        assert first["data"] == '[TOKEN@41058 tag="a b"]'
        assert (first["priority"], last["priority"]) == ("14", "11")
        assert re.search(rf"1 +{re.escape(service.url)} +forwarding", does(owner, "logs:drain", APP))

        service.stop()
        says(owner, "away N", count=500)
        module_server.wait_for(["sh", "-c", f"systemctl show -P StatusText mooring-drain@{APP}.1 | grep ^waiting"])
        # Restarted, killed: it goes on where it was.
        module_server.run(["systemctl", "restart", f"mooring-drain@{APP}.1"])
        says(owner, "still away N", count=500)
        module_server.run(["systemctl", "kill", "-s", "KILL", f"mooring-drain@{APP}.1"])
        begin = len(service.heard.items)
        service.start()
        every = {*(f"away {n}" for n in range(500)), *(f"still away {n}" for n in range(500))}
        service.heard.until(lambda found: every <= set(lines(found[begin:])), timeout=40)
        assert not any("before there is a drain" in each for each in service.heard.items)
        module_server.wait_for(["grep", "^s=", f"/var/lib/mooring-drain/{APP}.1/cursor"])
        assert "already" in refuses(owner, "logs:drain", APP, service.url)
        does(owner, "logs:drain", APP, "--remove", service.url)
    gone = module_server.run(["sh", "-c", "ls -A /var/lib/mooring/drains /var/lib/private/mooring-drain"]).stdout
    assert APP not in gone
    assert module_server.run(["systemctl", "is-active", f"mooring-drain@{APP}.1"], check=False).stdout == "inactive\n"


def test_a_drain_checks_the_certificate_of_the_service(
    repo: Repo, owner: User, module_server: Server, gateway: str, tmp_path: Path
) -> None:
    made = certificate(gateway, tmp_path)
    with LogService(gateway, transport="tls", certificate=made) as service:
        said = does(owner, "logs:drain", APP, service.url)
        assert "its certificate is refused" in said
        says(owner, "not for everybody")
        does(owner, "logs:drain", APP, "--remove", "1")
        assert service.heard.items == []
        refuses(owner, "logs:drain", APP, service.url, "--ca", input="no certificate\n")
        said = does(owner, "logs:drain", APP, service.url, "--ca", input=made.authority.read_text())
        assert "goes to" in said, said
        says(owner, "for the service alone")
        service.heard.until(lambda found: lines(found) == ["for the service alone"])
        service.stop()
        says(owner, "while it is away")
        service.start()
        service.heard.until(lambda found: "while it is away" in lines(found))
        # What it needs is little, and it is nobody.
        unit = f"mooring-drain@{APP}.1"
        pid = module_server.run(["systemctl", "show", "-P", "MainPID", unit]).stdout.strip()
        anonymous = re.search(r"RssAnon:\s+(\d+) kB", module_server.read(f"/proc/{pid}/status"))
        assert anonymous
        assert int(anonymous[1]) < 20_000, f"{anonymous[1]} kB of its own"
        assert int(module_server.run(["stat", "-c", "%u", f"/proc/{pid}"]).stdout) > 60000
        does(owner, "logs:drain", APP, "--remove", "1")


def test_a_drain_sends_datagrams_too_and_a_bad_address_is_refused(repo: Repo, owner: User, gateway: str) -> None:
    with LogService(gateway, transport="udp") as service:
        does(owner, "logs:drain", APP, service.url)
        says(owner, "in a datagram")
        says(owner, "x" * 12000 + "ü")
        got = service.heard.until(lambda found: len(found) == 2)
        assert lines(got)[0] == "in a datagram"
        assert len(got[1].encode()) == 8192
        does(owner, "logs:drain", APP, "--remove", service.url)
    for url in ("logs.example.com:6514", "https://logs.example.com", "syslog+tls://", "syslog+tcp://host:99999",
                "syslog+tls://user:secret@host", "syslog+tls://host/path", "syslog+tls://ho st:1"):  # fmt: skip
        assert "e.g. syslog+tls://" in refuses(owner, "logs:drain", APP, url), url
    refuses(owner, "logs:drain", APP, "syslog+tls://host", "--data", "no element at all")
    refuses(owner, "logs:drain", APP, "--remove", "7")
    refuses(owner, "logs:drain", APP, "--ca")
    refuses(owner, "logs:drain", "no-such-app", "syslog+tls://host")
    assert json.loads(does(owner, "logs:drain", APP, "--json")) == []
