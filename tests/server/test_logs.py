"""What an app said, where its lines go, who did what when, and whom events are told.

One server of this module's own, with one app that says what it is asked to; the last test reboots it.
"""

import hashlib
import hmac
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import apps
from tests.server.receivers import HookReceiver, LogService, Request, certificate
from tests.server.ssh import ssh_command
from tests.server.throwaway import Server
from tests.server.user import Repo, User
from tests.server.user import admin as administrator

DOMAIN = "apps.test"
APP = "talker"
MESSAGE = re.compile(
    r"<(?P<priority>\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z (?P<host>\S+) (?P<app>\S+) (?P<process>\S+)"
    r" (?P<release>v\d+) (?P<data>-|\[.*?\]) (?P<line>.*)",
    re.DOTALL,
)
"""RFC 5424, 6."""

TALKER = """
import http.server, os, sys
class Say(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        what, count = self.path.split("/")[1:]
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        out = sys.stderr if what == "err" else sys.stdout
        for number in range(int(count)):
            print(text.replace("N", str(number)), file=out)
        out.flush()
        self.send_response(204)
        self.end_headers()
    def log_message(self, *words): pass
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Say).serve_forever()
"""


@pytest.fixture(scope="module")
def owner(module_server: Server, tmp_path_factory: pytest.TempPathFactory) -> User:
    return administrator(module_server, tmp_path_factory.mktemp("owner"))


@pytest.fixture(scope="module")
def repo(owner: User) -> Repo:
    """The repository of the app, which is live."""
    files = apps.python(TALKER, Procfile="web: exec python3 -u app.py\nworker: echo I work; exec sleep 1000\n")
    files["app.json"] = '{"formation": {"worker": {"quantity": 1}}}'
    repo = owner.repo(APP, files)
    pushed = repo.push(APP)
    assert pushed.ok, pushed.output
    return repo


@pytest.fixture
def gateway(module_server: Server) -> str:
    """The address at which the server reaches receivers of this machine."""
    return module_server.network.gateway


def does(user: User, *words: str, input: str | None = None) -> str:
    answer = user.ssh(*map(shlex.quote, words), input=input)
    assert answer.returncode == 0, f"{words}: {answer.stdout}{answer.stderr}"
    return answer.stdout


def refuses(user: User, *words: str, input: str | None = None) -> str:
    answer = user.ssh(*map(shlex.quote, words), input=input)
    assert answer.returncode == 1, f"{words}: {answer}"
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    return answer.stderr


def says(user: User, text: str, *, count: int = 1, what: str = "out") -> None:
    """Let the app print a line, `count` times; N in it is which."""
    assert user.curl(f"{APP}.{DOMAIN}", f"/{what}/{count}", method="POST", body=text.encode()).status == 204


def lines(messages: list[str]) -> list[str]:
    """What the app had printed, from messages that all are as RFC 5424 wants them."""
    parsed = [MESSAGE.fullmatch(each) for each in messages]
    assert all(parsed), messages
    return [each["line"] for each in parsed if each]


# ---- logs


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


# ---- drains


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


# ---- events


def test_events_say_who_did_what_when_and_never_a_value(repo: Repo, owner: User, module_server: Server) -> None:
    following = subprocess.Popen(
        [*ssh_command(owner.key), f"mooring@{module_server.address}", "events", APP, "-f", "-n", "0", "--json"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        module_server.wait_for(["pgrep", "-f", f"[m]ooring --key|events {APP}"])
        does(owner, "config:set", APP, "TOKEN=hush-hush", "COLOUR=blue")
        does(owner, "ps:scale", APP, "worker=2")
        does(owner, "domains:add", APP, "talker.example.com")
        does(owner, "config:set", APP, "COLOUR=blue")
        does(owner, "config", APP)
        refuses(owner, "domains:add", APP, "not a domain")
        does(owner, "apps:lock", APP)
        does(owner, "apps:unlock", APP)
        assert following.stdout
        told = [json.loads(following.stdout.readline()) for _ in range(7)]
    finally:
        following.kill()
        following.wait()
    names = [each["event"] for each in told]
    assert sorted(names) == sorted(
        ["deploy:live", "config:set", "deploy:live", "ps:scale", "domains:add", "apps:lock", "apps:unlock"]
    )
    by_name = {each["event"]: each for each in told}
    assert by_name["config:set"]["details"]["keys"] == ["COLOUR", "TOKEN"]
    assert "web" not in json.dumps(by_name["ps:scale"]["details"])
    assert "worker=2" in by_name["ps:scale"]["text"]
    assert "talker.example.com" in by_name["domains:add"]["text"]
    assert {each["actor"] for each in told} == {actor := told[0]["actor"]}
    assert {each["app"] for each in told} == {APP}
    every = json.loads(does(owner, "events", "--json", "-n", "1000"))
    failed = [each for each in every if each["event"] == "deploy:failed"]
    assert "did not become ready" in failed[0]["details"]["reason"]
    assert any(each["event"] == "apps:create" and each["app"] == APP for each in every)
    assert f"{actor}: config:set {APP} (keys COLOUR TOKEN)" in does(owner, "events", APP)
    assert module_server.run(["journalctl", "MOORING_EVENT=config:set", "-o", "cat"]).stdout.count("keys") == 1
    assert "hush-hush" not in module_server.run(["journalctl", "--no-pager", "-o", "json"]).stdout
    refuses(owner, "events", "no-such-app")
    refuses(owner, "events", "-n", "-1")


# ---- webhooks


def told(found: list[Request]) -> list[str]:
    return [json.loads(each.body)["event"] for each in found]


def test_a_webhook_is_told_signed_and_again_until_it_takes_it(
    repo: Repo, owner: User, module_server: Server, gateway: str
) -> None:
    with HookReceiver(gateway) as receiver, HookReceiver(gateway) as other:
        added = does(owner, "hooks:add", APP, receiver.url)
        secret = re.search(r"secret: ([0-9a-f]{64})", added)
        assert secret
        does(owner, "hooks:add", APP, other.url, "--events", "config,deploy:failed")
        # That there is another is told too, to whom it may concern.
        assert told(receiver.heard.until(lambda found: len(found) == 2)) == ["hooks:add", "hooks:add"]

        receiver.answers += [500, 302]
        begin = len(receiver.heard.items)
        does(owner, "config:set", APP, "COLOUR=green")
        waiting = next(row for row in json.loads(does(owner, "hooks", APP, "--json")) if row["n"] == 1)
        assert waiting["waiting"] >= 1
        found = receiver.heard.until(lambda found: len(found) == begin + 4)[begin:]
        # Both were refused once, and came again, the same, after a pause.
        assert sorted(told(found)) == ["config:set", "config:set", "deploy:live", "deploy:live"]
        assert len({each.headers["x-mooring-delivery"] for each in found}) == 2
        assert found[2].at - found[0].at > 4
        assert found[0].body in (found[2].body, found[3].body)
        for each in found:
            expected = hmac.new(secret[1].encode(), each.body, hashlib.sha256).hexdigest()
            assert each.headers["x-mooring-signature"] == f"sha256={expected}"
            assert each.headers["content-type"] == "application/json"
            body = json.loads(each.body)
            assert each.headers["x-mooring-event"] == body["event"]
            assert body["app"] == APP
            assert body["actor"]
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["time"])
        live = next(json.loads(each.body) for each in found if told([each]) == ["deploy:live"])
        assert live["status"] == "live"
        assert live["release"] > 1
        assert live["details"]["kind"] == "config"
        module_server.wait_for(["sh", "-c", f'! systemctl is-active -q "mooring-hook@{APP}.1.service"'])
        assert told(other.heard.until(lambda found: found)) == ["config:set"]

        assert "took it" in does(owner, "hooks:test", APP, "1")
        other.answers = [301]
        answer = owner.ssh("hooks:test", APP)
        assert answer.returncode == 1
        assert "301, and redirects are not followed" in answer.stdout
        assert "green" not in "".join(each.body.decode() for each in receiver.heard.items)
        assert secret[1] not in does(owner, "hooks", APP)
        assert module_server.run(["stat", "-c", "%a %U", f"/var/lib/mooring/hooks/{APP}.1"]).stdout == "600 root\n"
        assert secret[1] not in module_server.run(["journalctl", "--no-pager"]).stdout
        does(owner, "hooks:remove", APP, "2")
        does(owner, "hooks:remove", APP, receiver.url)
    assert json.loads(does(owner, "hooks", APP, "--json")) == []
    for url in (
        "ftp://host/",
        "https://",
        "not-a-url",
        "http://user:password@host/",
        "https://host:99999/",
        "file:///etc/passwd",
    ):
        assert "https://ci.example.com" in refuses(owner, "hooks:add", APP, url), url
    refuses(owner, "hooks:add", APP, "https://host/", "--events", "deploys")
    refuses(owner, "hooks:remove", APP, "3")
    refuses(owner, "hooks:test", APP)


# ---- what comes and goes with the app


def test_drains_and_webhooks_are_renamed_and_removed_with_their_app(
    repo: Repo, owner: User, module_server: Server, gateway: str
) -> None:
    with LogService(gateway) as service, HookReceiver(gateway) as receiver:
        pushed = owner.repo("old-name", apps.python('print("started", flush=True)\n' + apps.ECHO)).push("old-name")
        assert pushed.ok, pushed.output
        does(owner, "logs:drain", "old-name", service.url)
        does(owner, "hooks:add", "old-name", receiver.url)
        does(owner, "apps:rename", "old-name", "new-name")
        receiver.heard.until(lambda found: "apps:rename" in told(found))
        service.heard.until(lambda found: any(" new-name web.1 " in each for each in found))
        assert [row["url"] for row in json.loads(does(owner, "logs:drain", "new-name", "--json"))] == [service.url]
        assert [row["url"] for row in json.loads(does(owner, "hooks", "new-name", "--json"))] == [receiver.url]
        does(owner, "apps:destroy", "new-name", "--force")
        found = receiver.heard.until(lambda found: "apps:destroy" in told(found))
        assert json.loads(found[-1].body)["app"] == "new-name"
    left = module_server.run(
        ["sh", "-c", "ls -A /var/lib/mooring/drains /var/lib/mooring/hooks /var/lib/private/mooring-drain"
         " /var/lib/mooring-drain /var/spool/mooring/hooks; systemctl list-units --all --plain 'mooring-drain@*'"
         " 'mooring-hook@*'"]
    ).stdout  # fmt: skip
    assert not re.search(r"(old|new)-name", left), left


@pytest.fixture
def attached(repo: Repo, owner: User, gateway: str) -> Iterator[tuple[LogService, HookReceiver]]:
    """A drain and a webhook of the app, which go away again."""
    with LogService(gateway) as service, HookReceiver(gateway) as receiver:
        does(owner, "logs:drain", APP, service.url)
        does(owner, "hooks:add", APP, receiver.url)
        receiver.heard.until(lambda found: found)
        yield service, receiver


def test_after_a_reboot_what_was_said_and_done_before_it_is_told(
    attached: tuple[LogService, HookReceiver], owner: User, module_server: Server
) -> None:
    service, receiver = attached
    service.stop()
    receiver.answers = [503]
    says(owner, "said before the reboot")
    does(owner, "apps:lock", APP)
    does(owner, "apps:unlock", APP)
    receiver.heard.until(lambda found: "apps:lock" in told(found))
    module_server.reboot()
    service.start()
    service.heard.until(lambda found: "said before the reboot" in lines(found), timeout=60)
    receiver.heard.until(lambda found: told(found).count("apps:lock") == 2 and "apps:unlock" in told(found), timeout=60)
