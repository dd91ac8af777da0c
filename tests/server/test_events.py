"""Who did what when, and whom events are told; and what a rename or a reboot does to drains and webhooks.

One server of this module's own, with one app that says what it is asked to; the last test reboots it.
"""

import hashlib
import hmac
import json
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.server import apps
from tests.server.answers import does
from tests.server.receivers import HookReceiver, LogService, Request
from tests.server.ssh import ssh_command
from tests.server.talker import APP, lines, push_talker, refuses, says
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


def test_events_say_who_did_what_when_and_never_a_value(repo: Repo, owner: User, module_server: Server) -> None:
    repo.commit({"Procfile": "web: echo I break; exit 3\n"})
    assert not repo.push(APP).ok
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
