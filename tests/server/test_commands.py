"""The commands, as an admin types them over ssh: what they do, what they refuse, and what stays as it was."""

import http.client
import json
import re
import shlex
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.server import apps
from tests.server.throwaway import Server, ssh_command
from tests.server.user import Repo, User

DOMAIN = "apps.test"

FRAIL = (
    """
import os, sys
if "FAIL" in os.environ:
    sys.exit("FAIL is set: I will not start")
"""
    + apps.ECHO
)

STATELY = """
import http.server, os, signal, sys, threading
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("asked for", self.path, flush=True)
        body = os.environ["MOORING_RELEASE"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Page)
server.daemon_threads = False
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
server.server_close()
"""
"""Answers with its release, and logs each request; ends when told to, after what it has begun."""


def does(user: User, *words: str, input: str | None = None) -> str:
    """What a command that goes well prints; the words are quoted for the far side."""
    answer = user.ssh(*map(shlex.quote, words), input=input)
    assert answer.returncode == 0, f"{words}: {answer.stdout}{answer.stderr}"
    return answer.stdout


def refuses(user: User, *words: str, input: str | None = None, usage: bool = False) -> str:
    """The one line that a refusal is, on stderr; `usage`: it is the words that are wrong (exit status 2)."""
    answer = user.ssh(*map(shlex.quote, words), input=input)
    assert answer.returncode == (2 if usage else 1), f"{words}: {answer}"
    lines = answer.stderr.strip().splitlines()
    assert len(lines) == 1, f"{words}: {answer.stderr}"
    assert "Traceback" not in lines[0]
    assert "that broke" not in lines[0]
    assert re.search(r"[(;].+", lines[0]), f"{words}: no way out in {lines[0]!r}"
    return lines[0]


def listed(user: User, *words: str) -> list[dict[str, object]]:
    rows = json.loads(does(user, *words, "--json"))
    assert isinstance(rows, list)
    return rows


def environment(user: User, app: str) -> dict[str, str]:
    """What an app that echoes has in its environment."""
    found: dict[str, str] = json.loads(user.curl(f"{app}.{DOMAIN}").body)["env"]
    return found


def body(user: User, app: str) -> str:
    return user.curl(f"{app}.{DOMAIN}").body


def deployed(user: User, app: str, files: apps.Files | None = None) -> Repo:
    repo = user.repo(app, files or apps.site(app))
    pushed = repo.push(app)
    assert pushed.ok, pushed.output
    return repo


@contextmanager
def asked_all_the_time(user: User, host: str, known: set[int], *, least: int = 10) -> Iterator[list[str]]:
    """Ask `host` again and again, on a new connection each, more than `least` times; what was not one of `known`."""
    wrong: list[str] = []
    end = threading.Event()
    count = 0

    def ask() -> None:
        nonlocal count
        while not end.is_set():
            try:
                answer = user.curl(host)
                if answer.status not in known:
                    wrong.append(f"{answer.status} {answer.body[:100]}")
            except (OSError, http.client.HTTPException) as error:
                wrong.append(repr(error))
            count += 1
            end.wait(0.02)

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        yield wrong
    finally:
        end.set()
        asker.join()
    assert count > least


def until_said(process: "subprocess.Popen[bytes]", words: str) -> str:
    """What a process prints up to the line with these words."""
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line.decode(errors="replace")
        if words in said:
            return said
    raise AssertionError(f"it ended without {words!r}:\n{said}")


# ---- apps


def test_an_app_is_made_shown_locked_and_unlocked(admin: User, app_name: str) -> None:
    assert f"git push mooring@HOST:{app_name} main" in does(admin, "apps:create", app_name)
    assert "there is an app" in refuses(admin, "apps:create", app_name)
    row = next(each for each in listed(admin, "apps") if each["name"] == app_name)
    assert row["state"] == "never deployed"
    assert app_name in does(admin, "apps")
    repo = deployed(admin, app_name)
    facts = json.loads(does(admin, "apps:info", app_name, "--json"))
    assert facts["release"] == "v1"
    assert facts["url"] == f"http://{app_name}.{DOMAIN}"
    assert facts["commit"] == repo.git("rev-parse", "HEAD").strip()
    assert facts["processes"] == ["web=1"]
    assert re.search(r"^release: +v1$", does(admin, "apps:info", app_name), re.MULTILINE)

    does(admin, "apps:lock", app_name)
    repo.commit({"index.html": "locked out"})
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "it takes no pushes" in pushed.output
    assert "apps:unlock" in pushed.output
    assert body(admin, app_name) == app_name
    does(admin, "apps:unlock", app_name)
    assert repo.push(app_name).ok
    assert body(admin, app_name) == "locked out"


def test_dokku_alts_words_make_and_remove_an_app(admin: User, app_name: str) -> None:
    does(admin, "create", app_name)
    does(admin, "delete", app_name, "--force")
    assert app_name not in does(admin, "apps")


def test_a_clone_serves_the_same_under_its_own_name_and_is_another_app(admin: User, app_name: str) -> None:
    repo = deployed(admin, app_name, apps.python(apps.ECHO))
    does(admin, "config:set", app_name, "COLOUR=blue")
    copy = f"{app_name}-copy"
    does(admin, "apps:clone", app_name, copy)
    assert environment(admin, copy)["COLOUR"] == "blue"
    assert environment(admin, copy)["MOORING_APP"] == copy
    does(admin, "config:set", copy, "COLOUR=red")
    assert environment(admin, app_name)["COLOUR"] == "blue"
    repo.commit({"more": "x"})
    assert repo.push(copy).ok
    does(admin, "rebuild", copy)
    assert environment(admin, copy)["COLOUR"] == "red"
    assert "there is an app" in refuses(admin, "apps:clone", app_name, copy)
    assert "there is no app" in refuses(admin, "apps:clone", "nobodys-app", f"{app_name}-c")
    assert "cannot name an app" in refuses(admin, "apps:clone", app_name, "../x")


def test_a_rename_keeps_serving_and_moves_domains_config_and_deploy_keys(
    admin: User, newcomer: Callable[..., User], app_name: str
) -> None:
    deployed(admin, app_name, apps.python(STATELY))
    own = f"www.{app_name}.test"
    does(admin, "domains:add", app_name, own)
    does(admin, "config:set", app_name, "COLOUR=blue")
    ada = newcomer("ada")
    does(admin, "deploy:allow", app_name, input=ada.public_key)
    new = f"{app_name}-new"
    with asked_all_the_time(admin, own, {200}) as wrong:
        does(admin, "apps:rename", app_name, new)
    assert wrong == []
    assert admin.curl(own).status == 200
    assert does(admin, "config:get", new, "COLOUR") == "blue\n"
    assert "ada@example.org" in does(admin, "deploy:list", new)
    assert ada.repo("hers", apps.site("hers")).push(new, "main", "--force").ok
    assert "may not push" in ada.repo("old", apps.site("x")).push(app_name).output
    assert "there is no app" in refuses(admin, "apps:info", app_name)


@pytest.mark.parametrize("state", ["disabled", "stopped", "maintenance"])
def test_an_app_that_does_not_serve_shows_nothing_of_itself_while_it_is_renamed(
    admin: User, app_name: str, state: str
) -> None:
    deployed(admin, app_name)
    own, new = f"www.{app_name}.test", f"a-{app_name}"
    does(admin, "domains:add", app_name, own)
    words = {"disabled": "apps:disable", "stopped": "ps:stop", "maintenance": "maintenance:on"}
    does(admin, words[state], app_name)
    answer = admin.curl(own).status
    # nginx takes seconds to give a stopped process up.
    with asked_all_the_time(admin, own, {404, 502, 503}, least=0) as wrong:
        does(admin, "apps:rename", app_name, new)
    assert [each for each in wrong if "timed out" not in each] == []
    assert admin.curl(own).status == answer
    back = {"disabled": "apps:enable", "stopped": "ps:start", "maintenance": "maintenance:off"}
    does(admin, back[state], new)
    assert admin.curl(own).body == app_name


def test_domains_that_are_added_at_once_are_all_kept(admin: User, app_name: str) -> None:
    deployed(admin, app_name)
    names = [f"{word}.{app_name}.test" for word in ("one", "two", "three", "four")]
    with ThreadPoolExecutor(len(names)) as pool:
        assert [done.returncode for done in pool.map(lambda name: admin.ssh("domains:add", app_name, name), names)] == [
            0
        ] * len(names)
    assert {row["domain"] for row in listed(admin, "domains", app_name)} == {f"{app_name}.{DOMAIN}", *names}
    assert [body(admin, app_name), *(admin.curl(name).body for name in names)] == [app_name] * 5


def test_an_app_sees_nothing_of_an_earlier_one_of_its_name(admin: User, app_name: str) -> None:
    failing: apps.Files = {"Dockerfile": "FROM busybox\nRUN echo of the first && false\n"}
    admin.repo("first", failing).push(app_name)
    assert "of the first" in does(admin, "logs:failed", app_name)
    does(admin, "apps:destroy", app_name, "--force")
    admin.repo("second", {"Dockerfile": "FROM busybox\nRUN echo of the second && false\n"}).push(app_name)
    said = does(admin, "logs:failed", app_name)
    assert "of the second" in said
    assert "of the first" not in said
    events = [row["event"] for row in listed(admin, "events", app_name)]
    assert events.count("apps:create") == 1
    assert "apps:destroy" not in events


def test_destroying_asks_for_the_name_and_leaves_nothing(
    admin: User, newcomer: Callable[..., User], server: Server, app_name: str
) -> None:
    deployed(admin, app_name)
    own = f"www.{app_name}.test"
    does(admin, "domains:add", app_name, own)
    does(admin, "deploy:allow", app_name, input=newcomer("ada").public_key)
    for typed in ("", "no\n", f"{app_name}-x\n"):
        answer = admin.ssh("apps:destroy", app_name, input=typed)
        assert answer.returncode == 1
        assert f"Type its name to go on: mooring: {app_name} was not removed" in answer.stderr
    assert body(admin, app_name) == app_name
    does(admin, "apps:destroy", app_name, input=f"{app_name}\n")
    looks = {
        "containers": "docker ps -a --format '{{.Names}}'",
        "networks": "docker network ls --format '{{.Name}}'",
        "images": "docker image ls --format '{{.Repository}}:{{.Tag}}'",
        "units": "systemctl list-units --all --plain --no-legend --full | grep -v '[.]slice'",
        "processes": "ps -eww -o args",
        "nginx": "nginx -T 2>&1",
        "keys": "cat /etc/mooring/keys.toml /etc/mooring/authorized_keys",
        "files": "find /var/lib/mooring /var/spool/mooring /run/mooring",
        "slices": "systemctl list-units --plain --no-legend --type=slice",
    }
    words = (f"{app_name}.", f"{app_name}/", f"{app_name}:", f"{app_name}\n", f'"{app_name}"', own,
             f"mooring-{app_name.replace('-', '_')}.slice")  # fmt: skip
    for what, look in looks.items():
        text = server.run(["sh", "-c", look], check=False).stdout
        assert text or what == "slices", what
        assert [word for word in words if word in text] == [], what
    assert "ada@example.org" not in server.read("/etc/mooring/keys.toml").partition(app_name)[2]
    assert admin.curl(own).status == 404
    assert "there is no app" in refuses(admin, "apps:destroy", app_name, "--force")


# ---- config


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
    deployed(admin, app_name, apps.python(FRAIL))
    answer = admin.ssh("config:set", app_name, "FAIL=1")
    assert answer.returncode == 1
    assert "I will not start" in answer.stdout
    assert f"{app_name} v1 serves on" in answer.stdout
    assert f"`mooring config:unset {app_name} FAIL`" in answer.stdout
    assert environment(admin, app_name)["MOORING_RELEASE"] == "v1"
    does(admin, "config:unset", app_name, "FAIL")
    assert environment(admin, app_name)["MOORING_RELEASE"] == "v3"


# ---- domains


def test_domains_are_added_removed_set_and_redirected(admin: User, app_name: str) -> None:
    deployed(admin, app_name, apps.python(apps.ECHO))
    default, www, bare = f"{app_name}.{DOMAIN}", f"www.{app_name}.test", f"{app_name}.test"
    assert does(admin, "url", app_name) == f"http://{default}\n"
    does(admin, "domains:add", app_name, www.upper())
    for host in (www, default):
        assert json.loads(admin.curl(host).body)["headers"]["Host"] == host
    assert does(admin, "url", app_name) == f"http://{www}\n"
    does(admin, "domains:redirect", app_name, bare)
    answer = admin.curl(bare, "/a/b%20c?d=e&f")
    assert (answer.status, answer.headers["location"]) == (301, f"http://{www}/a/b%20c?d=e&f")
    assert {(row["domain"], row["kind"]) for row in listed(admin, "domains", app_name)} == {
        (www, "added"), (default, "default"), (bare, "redirects"),
    }  # fmt: skip
    does(admin, "domains:add", app_name, f"*.wild.{app_name}.test")
    assert admin.curl(f"any.wild.{app_name}.test").status == 200
    does(admin, "domains:remove", app_name, www, bare)
    assert admin.curl(www).status == admin.curl(bare).status == 404
    assert admin.curl(default).status == 200
    does(admin, "domains:set", app_name, bare)
    assert admin.curl(bare).status == 200
    assert admin.curl(default).status == 404
    does(admin, "domains:remove", app_name, bare)
    assert does(admin, "url", app_name) == f"http://{default}\n"
    assert admin.curl(default).status == 200


def test_a_domain_of_another_app_and_nonsense_are_refused_and_nothing_changes(admin: User, app_name: str) -> None:
    other = f"{app_name}-other"
    deployed(admin, app_name)
    deployed(admin, other)
    www, old = f"www.{app_name}.test", f"old.{app_name}.test"
    does(admin, "domains:add", app_name, www)
    does(admin, "domains:redirect", app_name, old)
    for verb in ("domains:add", "domains:set", "domains:redirect"):
        for domain in (www, old, f"{app_name}.{DOMAIN}"):
            assert f"belongs to the app {app_name}" in refuses(admin, verb, other, f"free.{app_name}.test", domain)
    for domain in ("a b", "-x-.test", "a..b", "http://x.test", "x.test;", "$(id).test", "a_b.test", "x\ny.test", "*",
                   "*.test", "", "a." * 130 + "test", "é.test", "${host}"):  # fmt: skip
        assert "is not a host name" in refuses(admin, "domains:add", other, "--", domain)
    assert f"is not {other}'s" in refuses(admin, "domains:remove", other, www)
    refuses(admin, "domains:add", other, usage=True)
    assert does(admin, "domains", other, "--json") == json.dumps(
        [{"domain": f"{other}.{DOMAIN}", "kind": "default", "process": "web"}], indent=1
    ) + "\n"  # fmt: skip
    assert body(admin, other) == other
    assert admin.curl(www).body == app_name

    default, coming = f"{app_name}.{DOMAIN}", f"{app_name}-new"
    does(admin, "domains:set", app_name, www)
    does(admin, "domains:add", other, default, f"{coming}.{DOMAIN}")
    assert f"belongs to the app {other}" in refuses(admin, "domains:remove", app_name, www)
    assert admin.curl(www).body == app_name
    pushed = admin.repo(coming, apps.site("")).push(coming)
    assert not pushed.ok
    assert f"{coming}.{DOMAIN} belongs to the app {other}" in pushed.output
    # Other tests give the server another domain and this one again, which it must not find taken.
    does(admin, "apps:destroy", other, "--force")


# ---- processes


def test_ps_lists_restarts_stops_and_starts_processes(admin: User, server: Server, app_name: str) -> None:
    files = apps.python(STATELY, Procfile="web: exec python3 -u app.py\nworker: exec sleep 1000\n")
    files["app.json"] = '{"formation": {"worker": {"quantity": 2}}}'
    deployed(admin, app_name, files)
    rows = listed(admin, "ps", app_name)
    assert [row["process"] for row in rows] == ["web.1", "worker.1", "worker.2"]
    assert all(str(row["state"]).startswith("active") for row in rows)
    assert "web.1" in does(admin, "ps", app_name)

    def process_of(name: str, release: int) -> str:
        return server.run(["docker", "inspect", "-f", "{{.State.Pid}}", f"{app_name}.{release}.{name}"]).stdout

    with asked_all_the_time(admin, f"{app_name}.{DOMAIN}", {200}) as wrong:
        assert "v2 is live" in does(admin, "ps:restart", app_name)
    assert wrong == []
    assert body(admin, app_name) == "v2"

    web, worker = process_of("web.1", 2), process_of("worker.1", 2)
    assert "web.1 restarted" in does(admin, "ps:restart", app_name, "web.1")
    assert process_of("web.1", 2) != web
    assert process_of("worker.1", 2) == worker
    assert body(admin, app_name) == "v2"
    assert len(listed(admin, "releases", app_name)) == 2

    assert "worker.1, worker.2 stopped" in does(admin, "ps:stop", app_name, "worker").replace("\n", " ")
    states = {row["process"]: str(row["state"]) for row in listed(admin, "ps", app_name)}
    assert states["web.1"].startswith("active")
    assert states["worker.2"].startswith("inactive")
    does(admin, "ps:stop", app_name)
    assert admin.curl(f"{app_name}.{DOMAIN}").status == 502
    assert next(row for row in listed(admin, "apps") if row["name"] == app_name)["state"] == "stopped"
    does(admin, "ps:start", app_name)
    assert body(admin, app_name) == "v2"
    assert all(str(row["state"]).startswith("active") for row in listed(admin, "ps", app_name))
    for verb, name in (("ps:restart", "clock"), ("ps:stop", "web.2"), ("ps:start", "*"), ("ps:restart", "$(id)")):
        assert "it runs web.1, worker.1, worker.2" in refuses(admin, verb, app_name, name)
    assert body(admin, app_name) == "v2"


def test_an_app_that_was_never_deployed_runs_nothing_and_says_so(admin: User, app_name: str) -> None:
    does(admin, "apps:create", app_name)
    assert "never deployed" in does(admin, "ps", app_name)
    assert listed(admin, "ps", app_name) == listed(admin, "releases", app_name) == []
    for words in (["ps:restart"], ["rollback"], ["rebuild"], ["rebuild:force"], ["deploys:cancel"]):
        refuses(admin, *words, app_name)


# ---- logs


def test_logs_shows_what_processes_printed_and_follows(admin: User, server: Server, app_name: str) -> None:
    files = apps.python(STATELY, Procfile="web: exec python3 -u app.py\nworker: echo I work; exec sleep 1000\n")
    files["app.json"] = '{"formation": {"worker": {"quantity": 1}}}'
    deployed(admin, app_name, files)
    for number in range(5):
        assert admin.curl(f"{app_name}.{DOMAIN}", f"/number-{number}").status == 200
    shown = does(admin, "logs", app_name)
    assert re.search(r"^\d{4}-\d\d-\d\dT\S+ web\.1: asked for /number-4$", shown, re.MULTILINE)
    assert re.search(r" worker\.1: I work$", shown, re.MULTILINE)
    assert "-----> Building" not in shown
    assert [line.partition(": ")[2] for line in does(admin, "logs", app_name, "-p", "web", "-n", "2").splitlines()] == [
        "asked for /number-3",
        "asked for /number-4",
    ]
    for process in ("worker", "worker.1"):
        assert "asked for" not in (lines := does(admin, "logs", app_name, "-p", process))
        assert "I work" in lines
    assert does(admin, "logs", app_name, "-n", "0") == ""
    refuses(admin, "logs", app_name, "-n", "-1")
    refuses(admin, "logs", app_name, "-n", "many", usage=True)

    following = subprocess.Popen(
        [*ssh_command(admin.key), f"mooring@{server.address}", "logs", app_name, "-f", "-n", "1"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        until_said(following, "asked for /number-4")
        admin.curl(f"{app_name}.{DOMAIN}", "/while-you-look")
        said = until_said(following, "asked for /while-you-look")
        assert "number" not in said
        does(admin, "ps:restart", app_name)
        admin.curl(f"{app_name}.{DOMAIN}", "/after-a-release")
        until_said(following, "asked for /after-a-release")
    finally:
        following.kill()
        following.wait()
    server.wait_for(["sh", "-c", f"! pgrep -f '[l]ogs {app_name}'"], timeout=15)


# ---- releases


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
    deployed(admin, app_name, apps.python(FRAIL))
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
    until_said(push, "slow part" if stage == "build" else "Starting web")
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
    until_said(push, "slow part")
    said = does(admin, "rollback", app_name, "1")
    assert "v3 is on its way; v4 comes after it" in said
    assert push.wait(timeout=60) == 0
    seen = environment(admin, app_name)
    assert (seen["MOORING_RELEASE"], seen.get("A")) == ("v4", None)
    assert "A" not in json.loads(does(admin, "config", app_name, "--json"))
    statuses = [row["status"] for row in listed(admin, "releases", app_name)]
    assert statuses[0] == "live"
    assert statuses[1] in ("draining", "retired")


@pytest.mark.parametrize(
    "moment",
    [
        "test -d /var/lib/mooring/apps/{new}",
        "docker ps -q --filter name=^{new}.[0-9]*.web.1 | grep -q .",
        "test -e /var/lib/mooring/apps/{new}/live",
        "! test -e /var/lib/mooring/apps/{old}/live",
    ],
    ids=["made", "starting", "live", "taking the place"],
)
def test_a_rename_that_is_interrupted_leaves_one_app_that_serves(
    admin: User, server: Server, app_name: str, moment: str
) -> None:
    deployed(admin, app_name)
    new = f"{app_name}-new"
    rename = server.popen(["mooring", "apps:rename", app_name, new], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    server.wait_for(["sh", "-c", moment.format(old=app_name, new=new)])
    server.run(["pkill", "-HUP", "-f", f"mooring apps:rename {app_name} "], check=False)
    output, _ = rename.communicate(timeout=60)
    assert b"Traceback" not in output
    named = [row["name"] for row in listed(admin, "apps") if row["name"] in (app_name, new)]
    assert len(named) == 1
    assert body(admin, named[0]) == app_name
    gone = new if named == [app_name] else app_name
    left = f"ls -d /var/lib/mooring/apps/{gone}; docker ps -aq --filter label=mooring.app={gone}"
    assert server.run(["sh", "-c", f"{left} 2>/dev/null; true"]).stdout == ""
    does(admin, "apps:destroy", named[0], "--force")


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


# ---- the whole server


def test_another_domain_for_the_server_and_rebuilding_all_apps(
    own_server: Server, admin_of: Callable[[Server], User]
) -> None:
    owner = admin_of(own_server)
    deployed(owner, "one")
    deployed(owner, "two")
    does(owner, "domains:set", "two", "www.two.test")
    assert "apps.example.org" in does(owner, "domains:set-global", "apps.example.org")
    assert owner.curl("one.apps.example.org").body == "one"
    assert does(owner, "url", "one") == "http://one.apps.example.org\n"
    assert owner.curl("www.two.test").body == "two"
    assert owner.curl(f"one.{DOMAIN}").status == owner.curl("two.apps.example.org").status == 404
    for domain in ("*.example.org", "a b", "http://x", ""):
        refuses(owner, "domains:set-global", domain)
    assert owner.curl("one.apps.example.org").body == "one"

    said = does(owner, "rebuild:all")
    for app in ("one", "two", "hello"):
        assert f"{app} v2 is live" in said
    # One that cannot be built any more is named, and the others are built all the same.
    own_server.run(["sh", "-c", "rm -rf /var/lib/mooring/apps/one/repo.git/objects/*"])
    answer = owner.ssh("rebuild:all")
    assert answer.returncode == 1
    assert "two v3 is live" in answer.stdout
    assert re.search(r"not rebuilt: one\b", answer.stdout + answer.stderr, re.IGNORECASE)
    assert owner.curl("one.apps.example.org").body == "one"


def test_version_help_and_the_help_of_every_command_with_an_example(admin: User, server: Server) -> None:
    assert re.fullmatch(r"mooring \d+\.\d+\.\d+\S*\n", does(admin, "version"))
    text = does(admin, "help")
    assert does(admin) == text
    names = [line.split()[0] for line in text.splitlines() if line.startswith("  ")]
    assert {"apps", "config:set", "domains:add", "logs", "ps:restart", "rollback", "deploys:cancel"} <= set(names)
    assert "example: mooring config:set" in (explained := does(admin, "config:set", "--help"))
    assert does(admin, "help", "config:set") == explained
    refuses(admin, "config:set", "--no-such-option", usage=True)
    # The rest at the server's own shell, in one go: each of them takes as long as logging in.
    loop = 'for name; do echo "=== $name"; mooring "$name" --help || echo failed; done'
    each = server.run(["sh", "-c", loop, "loop", *names]).stdout.split("=== ")[1:]
    assert len(each) == len(names)
    for name, said in zip(names, each, strict=True):
        assert f"example: mooring {name}" in said, said
        assert "failed" not in said.splitlines()
    loop = 'for name; do mooring "$name" --no-such-option 2>&1 >/dev/null; echo $?; done'
    lines = server.run(["sh", "-c", loop, "loop", *names]).stdout.splitlines()
    assert lines[1::2] == ["2"] * len(names)
    assert all(line.startswith("mooring: ") for line in lines[::2])
    for words in (["help", "appz"], ["appz"], ["apps:nonsense"], ["a b"], ["../x"], ["a\nb"], ["__init__"], ["stdin"]):
        answer = admin.ssh(*map(shlex.quote, words))
        assert answer.returncode in (1, 2)
        assert len(answer.stderr.splitlines()) == 1
        assert "there is no command" in answer.stderr


def test_every_listing_is_json_too(admin: User, app_name: str) -> None:
    deployed(admin, app_name)
    whole = ("apps", "access:list")
    of_app = ("config", "domains", "ps", "releases", "deploy:list", "apps:info")
    for name in (*whole, *of_app):
        json.loads(does(admin, name, *([] if name in whole else [app_name]), "--json"))
    json.loads(does(admin, "releases:info", app_name, "1", "--json"))


def test_every_command_on_an_app_that_is_not_there_says_so_and_makes_none(admin: User) -> None:
    before = does(admin, "apps")
    more = {
        "apps:clone": ["x-copy"], "apps:rename": ["x-new"], "config:get": ["A"], "config:set": ["A=1"],
        "config:unset": ["A"], "domains:add": ["x.test"], "domains:remove": ["x.test"], "domains:set": ["x.test"],
        "domains:redirect": ["x.test"], "git:set": ["deploy-branch", "x"], "releases:info": ["1"],
    }  # fmt: skip
    rest = ("apps:info", "apps:lock", "apps:unlock", "apps:destroy", "config", "config:import", "config:export",
            "domains", "url", "ps", "ps:restart", "ps:stop", "ps:start", "logs", "releases", "rollback",
            "deploys:cancel", "rebuild", "rebuild:force")  # fmt: skip
    for name in (*more, *rest):
        assert "there is no app nobodys" in refuses(admin, name, "nobodys", *more.get(name, [])), name
    assert does(admin, "apps") == before


def test_a_build_that_fills_the_disk_says_so_and_what_served_serves_on(
    make_server: Callable[..., Server], admin_of: Callable[[Server], User]
) -> None:
    server = make_server(small_docker_root="1500M")
    owner = admin_of(server)
    repo = deployed(owner, "full")
    repo.commit({"Dockerfile": "FROM busybox\nRUN dd if=/dev/zero of=/big bs=1M count=1600\nEXPOSE 8080\n"})
    pushed = repo.push("full")
    assert not pushed.ok
    assert re.search(r"!     the disk is full: .*free space", pushed.output)
    assert "full v1 serves on" in pushed.output
    assert body(owner, "full") == "full"
    assert owner.curl(f"hello.{DOMAIN}").status == 200
    repo.commit(apps.site("small again"))
    pushed = repo.push("full")
    assert pushed.ok, pushed.output
    assert body(owner, "full") == "small again"
