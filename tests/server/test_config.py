"""Config vars: they come back as they were given, reach the app alone, and make releases."""

import base64
import json
import subprocess
import threading
import uuid

from tests.server import apps
from tests.server.answers import DOMAIN, deployed, does, environment, listed, refuses
from tests.server.throwaway import Server
from tests.server.user import User


def test_config_comes_back_as_it_was_given(admin: User, app_name: str) -> None:
    deployed(admin, app_name, apps.python(apps.ECHO))
    key = "-----BEGIN KEY-----\nab\"c'd\\n\t$HOME `id`\n\n-----END KEY-----\n"
    said = does(admin, "config:set", app_name, "PLAIN=x", "EMPTY=", f"KEY={key}")
    assert "EMPTY, KEY, PLAIN changed" in said
    assert "v2 is live" in said
    assert "BEGIN KEY" not in said
    seen = environment(admin, app_name)
    assert (seen["PLAIN"], seen["EMPTY"], seen["KEY"]) == ("x", "", key)
    assert does(admin, "config:get", app_name, "KEY") == key + "\n"
    assert json.loads(does(admin, "config", app_name, "--json")) == {"PLAIN": "x", "EMPTY": "", "KEY": key}
    assert {"PLAIN", "EMPTY", "KEY"} <= {line.split()[0] for line in does(admin, "config", app_name).splitlines()}
    line = does(admin, "config", app_name, "--shell").rstrip("\n")
    taken = subprocess.run(["sh", "-c", f'{line}; printf %s "$KEY"'], capture_output=True, text=True, check=True)
    assert taken.stdout == key

    exported = does(admin, "config:export", app_name)
    copy = f"{app_name}-copy"
    does(admin, "apps:create", copy)
    does(admin, "config:import", copy, input=exported)
    assert does(admin, "config:export", copy) == exported
    does(admin, "config:import", copy, input="# a comment\nexport ONE=1\nTWO=\"2 two\"\nTHREE='3'\n\nPLAIN=y\n")
    found = json.loads(does(admin, "config", copy, "--json"))
    assert found == {"PLAIN": "y", "EMPTY": "", "KEY": key, "ONE": "1", "TWO": "2 two", "THREE": "3"}
    from_dokku = 'ONE="p\\$a\\!x\\n"\nTWO="2"\n'.encode("utf-16")
    assert admin.ssh("config:import", copy, input=from_dokku).returncode == 0
    does(admin, "config:import", "--format=docker", copy, input='THREE="3" # three\n')
    # As Dokku's manual has it: the lines that base64 breaks are words of their own to ssh.
    encoded = base64.encodebytes(key.encode() * 2).decode()
    assert admin.ssh("config:set", "--encoded", copy, f"PLAIN={encoded}").returncode == 0
    found = json.loads(does(admin, "config", copy, "--json"))
    assert (found["ONE"], found["THREE"], found["PLAIN"]) == ("p$a!x\n", '"3" # three', key * 2)

    does(admin, "config:unset", app_name, "PLAIN", "KEY")
    assert not {"PLAIN", "KEY"} & environment(admin, app_name).keys()


def test_a_change_of_config_makes_a_release_unless_nothing_changes_or_it_is_to_wait(admin: User, app_name: str) -> None:
    deployed(admin, app_name, apps.python(apps.ECHO))
    does(admin, "config:set", app_name, "A=1")
    assert "nothing changed" in does(admin, "config:set", app_name, "A=1")
    assert "nothing changed" in does(admin, "config:unset", app_name, "B")
    assert len(listed(admin, "releases", app_name)) == 2
    does(admin, "config:set", "--no-restart", app_name, "A=2")
    assert len(listed(admin, "releases", app_name)) == 2
    assert environment(admin, app_name)["A"] == "1"
    does(admin, "ps:restart", app_name)
    assert environment(admin, app_name)["A"] == "2"


def test_config_that_cannot_be_is_refused_and_nothing_changes(admin: User, app_name: str) -> None:
    does(admin, "apps:create", app_name)
    does(admin, "config:set", app_name, "A=1")
    before = does(admin, "config:export", app_name)
    for words in (["A"], ["=x"], ["1A=x"], ["A-B=x"], ["$(id)=x"], ["A B=x"], ["B=2", "nonsense"], ["é=x"]):
        refuses(admin, "config:set", app_name, *words)
    for name in ("SOURCE_VERSION", "MOORING_APP"):
        assert "set by Mooring itself" in refuses(admin, "config:set", app_name, f"{name}=x")
    for port in ("x", "0", "65536", "http"):
        assert "a number from 1 to 65535" in refuses(admin, "config:set", app_name, f"PORT={port}")
    refuses(admin, "config:set", app_name, usage=True)
    refuses(admin, "config:unset", app_name, "not a name")
    assert "no config var" in refuses(admin, "config:get", app_name, "NOT_THERE")
    assert "line 2" in refuses(admin, "config:import", app_name, input="B=2\nnonsense\n")
    assert "does not end" in refuses(admin, "config:import", app_name, input='B="2\n')
    assert "is not text" in one_refusal_of_bytes(admin, ["config:import", app_name], b"A=\xff\xfe\n")
    assert "--format heroku" in refuses(admin, "config:import", app_name, input="C=1\nA='C:\\\\x'\n")
    assert "base64" in refuses(admin, "config:set", "--encoded", app_name, "B=eA==", "A=Ahoy!")
    assert does(admin, "config:export", app_name) == before


def test_a_command_that_is_too_long_is_refused_in_one_line(admin: User, app_name: str) -> None:
    does(admin, "apps:create", app_name)
    does(admin, "config:set", app_name, f"A={'é' * 45_000}")
    assert "config:import" in refuses(admin, "config:set", app_name, "A=" + '"' * 70_000)
    does(admin, "config:import", app_name, input=f"A={'x' * 135_000}\n")
    assert len(does(admin, "config:get", app_name, "A")) == 135_001
    assert "is not text" in one_refusal_of_bytes(admin, ["http-auth:add", app_name, "ada"], b"caf\xe9\n")


def one_refusal_of_bytes(admin: User, words: list[str], input: bytes) -> str:
    answer = admin.ssh(*words, input=input)
    assert answer.returncode == 1
    assert len(answer.stderr.splitlines()) == 1
    return answer.stderr


def test_a_config_value_reaches_the_apps_own_container_and_nothing_else(
    admin: User, server: Server, app_name: str
) -> None:
    secrets = [f"hush{uuid.uuid4().hex}" for _ in range(2)]
    other = f"{app_name}-other"
    repo = deployed(admin, app_name, apps.python(apps.ECHO))
    deployed(admin, other, apps.python(apps.ECHO))
    end = f"/run/{app_name}.end"
    watch = server.popen(
        ["sh", "-c", f"while [ ! -e {end} ]; do ps -eww -o args; sleep 0.01; done"], stdout=subprocess.PIPE
    )
    seen: list[bytes] = []
    reader = threading.Thread(target=lambda: seen.extend(watch.stdout or []))
    reader.start()
    try:
        does(admin, "config:set", app_name, f"FIRST={secrets[0]}")
        does(admin, "config:import", app_name, input=f"SECOND={secrets[1]}\n")
        repo.commit({"more": "x"})
        assert repo.push(app_name).ok
        does(admin, "apps:clone", app_name, f"{app_name}-copy")
        does(admin, "ps:restart", app_name)
    finally:
        server.run(["touch", end])
        reader.join()
        watch.wait()
        server.run(["rm", end])
    processes = b"".join(seen).decode(errors="replace")
    assert "config:import" in processes or "units.pipeline.launch" in processes
    mine = environment(admin, app_name)
    assert [mine["FIRST"], mine["SECOND"]] == secrets

    for secret in secrets:
        public = {
            "the process list": "\n".join({line for line in processes.splitlines() if secret in line}),
            "the image": server.run(
                ["sh", "-c", "docker history --no-trunc $0; docker image inspect $0", f"mooring/{app_name}:4"]
            ).stdout,
            "the journal": server.run(
                ["sh", "-c", f"journalctl -o export --no-pager | grep -a {secret}"], check=False
            ).stdout,
            "the releases": does(admin, "releases:info", app_name, "3") + does(admin, "apps:info", app_name),
            "another app": admin.curl(f"{other}.{DOMAIN}").body,
            "another app's container": server.run(
                ["sh", "-c", f"docker inspect $(docker ps -q --filter label=mooring.app={other})"]
            ).stdout,
            "the web server's log": server.run(["sh", "-c", "cat /var/log/nginx/*.log"], check=False).stdout,
            "the units": server.run(["systemctl", "show", f"mooring-*@{app_name}.*"]).stdout,
        }
        assert {where: text[:1000] for where, text in public.items() if secret in text} == {}
        for user, group in (("mooring", "mooring"), ("nobody", "nogroup")):
            found = server.run(
                ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--",
                 "grep", "-rsla", "-D", "skip", secret, "/var/lib/mooring", "/var/spool/mooring", "/etc", "/run",
                 "/tmp", "/opt/mooring", "/var/log"], check=False,
            ).stdout  # fmt: skip
            assert found == "", user
    assert "FIRST SECOND" in does(admin, "releases:info", app_name, "3")


def test_a_config_that_the_app_fails_with_leaves_the_old_release_serving_and_says_what_to_do(
    admin: User, app_name: str
) -> None:
    deployed(admin, app_name, apps.python(apps.FRAIL))
    answer = admin.ssh("config:set", app_name, "FAIL=1")
    assert answer.returncode == 1
    assert "I will not start" in answer.stdout
    assert f"{app_name} v1 serves on" in answer.stdout
    assert f"`mooring config:unset {app_name} FAIL`" in answer.stdout
    assert environment(admin, app_name)["MOORING_RELEASE"] == "v1"
    does(admin, "config:unset", app_name, "FAIL")
    assert environment(admin, app_name)["MOORING_RELEASE"] == "v3"
