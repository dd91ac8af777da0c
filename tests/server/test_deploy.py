"""A push puts an app behind its URL, or says why not and leaves what served."""

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path

from tests.server import apps
from tests.server.cache import CHECKOUT
from tests.server.pushing import until_says
from tests.server.throwaway import Server
from tests.server.user import User

DOMAIN = "apps.test"


def test_the_first_push_makes_the_app_and_ends_with_its_release_and_url(admin: User, app_name: str) -> None:
    repo = admin.repo("first", apps.site("one"))
    pushed = repo.push(app_name)
    assert pushed.ok
    lines = [line.removeprefix("remote: ").rstrip() for line in pushed.output.splitlines()]
    assert f"-----> Building {app_name} v1 from main {repo.git('rev-parse', '--short=7', 'HEAD').strip()}" in lines
    assert any(re.fullmatch(rf"=====> {app_name} v1 is live \(\d+\.\d s\)", line) for line in lines)
    assert f"       http://{app_name}.{DOMAIN}" in lines
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "one"


def test_the_next_push_replaces_what_serves_and_its_container(admin: User, server: Server, app_name: str) -> None:
    repo = admin.repo("next", apps.site("one"))
    assert repo.push(app_name).ok
    repo.commit({"index.html": "two"})
    assert "v2 is live" in repo.push(app_name).output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "two"
    server.wait_for(["sh", "-c", f"! docker ps -a --format '{{{{.Names}}}}' | grep -q '^{app_name}.1.'"])
    assert server.run(["systemctl", "list-units", "--plain", "--no-legend", f"mooring-app@{app_name}.1.*"]).stdout == ""


def test_a_dockerfile_that_fails_rejects_the_push_with_its_reason_and_the_old_release_serves_on(
    admin: User, app_name: str
) -> None:
    repo = admin.repo("broken", apps.site("good"))
    assert repo.push(app_name).ok
    repo.commit({"Dockerfile": "FROM busybox\nRUN echo about to fail && exit 7\n"})
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "about to fail" in pushed.output
    assert re.search(r"!     the Dockerfile does not build: .*exit code: 7.*mend it and push again", pushed.output)
    assert f"{app_name} v2 failed; {app_name} v1 serves on." in pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "good"


def test_an_app_that_never_listens_rejects_the_push_and_shows_its_last_lines(
    admin: User, server: Server, app_name: str
) -> None:
    checks = json.dumps({"healthchecks": {"web": [{"type": "startup", "listening": True, "attempts": 2, "wait": 1}]}})
    repo = admin.repo("deaf", apps.site("good"))
    assert repo.push(app_name).ok
    repo.commit(
        {
            "Dockerfile": "FROM busybox\nEXPOSE 8080\nCMD echo I do not listen; exec sleep 1000\n",
            "app.json": checks,
        }
    )
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "web.1: nothing listens on port 8080" in pushed.output
    assert "I do not listen" in pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "good"
    assert server.run(["docker", "ps", "-aq", "--filter", f"name=^{app_name}.2"]).stdout == ""


LATE = """
import http.server, time
class Late(http.server.BaseHTTPRequestHandler):
    answered = 0
    def do_GET(self):
        self.send_response(404)
        self.end_headers()
        self.wfile.write(str(Late.answered).encode())
        Late.answered += 1
server = http.server.HTTPServer(("", 8080), Late)
time.sleep(2)
server.serve_forever()
"""
"""Listens at once and answers later; says how many questions were answered before."""


def test_a_release_is_live_when_it_has_answered_and_not_when_its_port_is_open(admin: User, app_name: str) -> None:
    assert admin.repo("late", apps.python(LATE)).push(app_name).ok
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "1"


def test_an_app_that_listens_and_answers_nothing_is_live_only_where_listening_is_all_it_is_asked(
    admin: User, app_name: str
) -> None:
    mute = "import socket, time\nlistener = socket.create_server(('', 8080))\ntime.sleep(1000)\n"
    check: dict[str, object] = {"type": "startup", "attempts": 2, "wait": 1, "timeout": 1}
    repo = admin.repo("mute", apps.python(mute, **{"app.json": json.dumps({"healthchecks": {"web": [check]}})}))
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "web.1: port 8080 listens, and GET / has got no answer" in pushed.output
    repo.commit({"app.json": json.dumps({"healthchecks": {"web": [{**check, "listening": True}]}})})
    assert repo.push(app_name).ok


def test_apps_that_are_deployed_first_at_the_same_time_get_a_network_each(server: Server, app_name: str) -> None:
    clones = "\n".join(f"{app_name}-{number}" for number in range(4))
    server.run(["xargs", "-P", "4", "-n", "1", "mooring", "apps:clone", "hello"], input=clones)
    shown = server.run(["mooring", "apps"]).stdout
    assert all(name in shown for name in clones.splitlines())


def test_an_app_that_exits_at_once_rejects_the_push_and_shows_its_last_lines(admin: User, app_name: str) -> None:
    repo = admin.repo("mayfly", {"Dockerfile": "FROM busybox\nEXPOSE 8080\nCMD echo goodbye world; exit 0\n"})
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "web.1: it ended before it was ready" in pushed.output
    assert "goodbye world" in pushed.output
    assert "nothing ran before" in pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").status == 404


def test_a_push_that_failed_can_be_mended_and_pushed_again(admin: User, app_name: str) -> None:
    repo = admin.repo("mended", {"Dockerfile": "FROM busybox\nRUN false\n"})
    assert not repo.push(app_name).ok
    repo.commit(apps.site("mended"))
    assert repo.push(app_name).ok
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "mended"


def test_a_startup_check_that_answers_wrong_says_url_status_body_and_time(admin: User, app_name: str) -> None:
    checks = {"web": [{"type": "startup", "path": "/status/500", "attempts": 2, "wait": 1, "timeout": 2}]}
    repo = admin.repo("ill", apps.python(apps.ECHO, **{"app.json": json.dumps({"healthchecks": checks})}))
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert re.search(
        r"web\.1: GET http://[0-9.]+:8080/status/500 answered 500: .*/status/500.* \(2 times in \d+ s\)", pushed.output
    )


def test_a_startup_check_that_passes_lets_the_release_through(admin: User, app_name: str) -> None:
    checks = {"web": [{"type": "startup", "path": "/status/204", "attempts": 2, "wait": 1}]}
    repo = admin.repo("well", apps.python(apps.ECHO, **{"app.json": json.dumps({"healthchecks": checks})}))
    assert repo.push(app_name).ok


def test_a_broken_app_json_is_refused_naming_what_is_wrong(admin: User, app_name: str) -> None:
    repo = admin.repo("json", apps.site("x", **{"app.json": '{"healthchecks": {"web": [{"path": "no-slash"}]}}'}))
    assert "app.json: healthchecks.web.path is 'no-slash'" in repo.push(app_name).output
    repo.commit({"app.json": "{\n nonsense"})
    assert "app.json line 2 is not JSON" in repo.push(app_name).output
    repo.commit({"app.json": None, "Procfile": "web: true\nnonsense\n"})
    assert "Procfile line 2 is not `name: command`" in repo.push(app_name).output


def test_the_images_healthcheck_decides_where_app_json_says_nothing(admin: User, app_name: str) -> None:
    files = apps.site("checked")
    check = "HEALTHCHECK --interval=200ms --retries=1 --start-period=0s"
    files["Dockerfile"] = f"{files['Dockerfile']}{check} CMD test -e /www/index.html\n"
    repo = admin.repo("health", files)
    assert repo.push(app_name).ok
    repo.commit(
        {"Dockerfile": str(files["Dockerfile"]).replace("/www/index.html\n", "/missing || { echo no file; exit 1; }\n")}
    )
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "its HEALTHCHECK fails: no file" in pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "checked"


def test_an_exposed_port_is_the_one_that_is_reached_and_PORT_says_so(admin: User, app_name: str) -> None:  # noqa: N802
    files = apps.python(apps.ECHO)
    files["Dockerfile"] = str(files["Dockerfile"]).replace("EXPOSE 8080", "EXPOSE 9000 5000 7000/udp")
    assert admin.repo("ports", files).push(app_name).ok
    assert json.loads(admin.curl(f"{app_name}.{DOMAIN}").body)["env"]["PORT"] == "5000"


def test_a_procfile_web_without_an_exposed_port_listens_on_PORT(admin: User, app_name: str) -> None:  # noqa: N802
    files = apps.python(apps.ECHO, Procfile="web: exec python3 app.py\nworker: sleep 1000\n")
    files["Dockerfile"] = str(files["Dockerfile"]).replace("EXPOSE 8080\n", "")
    assert admin.repo("procfile", files).push(app_name).ok
    assert admin.curl(f"{app_name}.{DOMAIN}").status == 200


def test_an_app_without_port_and_web_gets_no_url_and_is_told_so(admin: User, server: Server, app_name: str) -> None:
    repo = admin.repo("service", {"Dockerfile": 'FROM busybox\nCMD ["sleep", "1000"]\n'})
    pushed = repo.push(app_name)
    assert pushed.ok
    assert "a service-only app, it gets no URL" in pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").status == 404
    assert server.run(["systemctl", "is-active", f"mooring-app@{app_name}.1.worker.1"]).stdout == "active\n"


def test_only_the_deploy_branch_deploys_and_the_user_is_told(admin: User, app_name: str) -> None:
    repo = admin.repo("branches", apps.site("main"))
    assert repo.push(app_name).ok
    repo.git("switch", "-q", "-c", "feature")
    repo.commit({"index.html": "feature"})
    pushed = repo.push(app_name, "feature")
    assert pushed.ok
    assert "feature is stored, not deployed: main is the branch that deploys." in pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "main"
    assert admin.ssh("git:set", app_name, "deploy-branch", "feature").returncode == 0
    repo.commit({"index.html": "feature 2"})
    assert repo.push(app_name, "feature").ok
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "feature 2"


def test_master_deploys_where_there_is_no_main(admin: User, app_name: str) -> None:
    repo = admin.repo("old", apps.site("master"), branch="master")
    assert repo.push(app_name, "master").ok
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "master"


def test_the_deploy_branch_is_not_deleted(admin: User, app_name: str) -> None:
    repo = admin.repo("kept", apps.site("x"))
    assert repo.push(app_name).ok
    pushed = repo.push(app_name, ":main")
    assert not pushed.ok
    assert "main deploys" in pushed.output


def test_the_same_commit_again_is_live_at_once_without_a_new_release(admin: User, app_name: str) -> None:
    repo = admin.repo("again", apps.site("x"))
    assert repo.push(app_name).ok
    repo.git("commit", "-q", "--allow-empty", "-m", "aside")
    aside = repo.git("rev-parse", "HEAD").strip()
    assert repo.push(app_name, f"{aside}:refs/heads/other").ok
    assert repo.push(app_name, ":refs/heads/other").ok
    first = repo.git("rev-parse", "HEAD~1").strip()
    # The live commit under another name: deploying it is nothing new.
    assert admin.ssh("git:set", app_name, "deploy-branch", "again").returncode == 0
    pushed = repo.push(app_name, f"{first}:refs/heads/again")
    assert pushed.ok
    assert f"{app_name} v1 of this commit is live already" in pushed.output


def test_a_release_goes_on_when_the_client_goes_away_and_pushing_again_follows_it(
    admin: User, server: Server, app_name: str
) -> None:
    files = apps.site("patient")
    files["Dockerfile"] = str(files["Dockerfile"]).replace("EXPOSE", "RUN echo slow part && sleep 4\nEXPOSE")
    repo = admin.repo("gone", files)
    push = repo.pushing(app_name)
    until_says(push, "slow part")
    push.kill()
    push.wait()
    again = repo.push(app_name)
    assert again.ok
    assert "v1 is of this commit already and on its way; following it" in again.output
    assert f"{app_name} v1 is live" in again.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "patient"


def test_two_pushes_of_one_commit_at_once_both_end_well(admin: User, app_name: str) -> None:
    files = apps.site("twice")
    files["Dockerfile"] = str(files["Dockerfile"]).replace("EXPOSE", "RUN echo slow part && sleep 2\nEXPOSE")
    repo = admin.repo("twice", files)
    first = repo.pushing(app_name)
    until_says(first, "slow part")
    second = repo.push(app_name)
    assert second.ok
    assert first.wait() == 0
    assert admin.ssh("releases", app_name).stdout.count("live") == 1


def test_a_waiting_push_is_superseded_by_a_newer_one_and_both_clients_hear_it(admin: User, app_name: str) -> None:
    slow = apps.site("one")
    slow["Dockerfile"] = str(slow["Dockerfile"]).replace("EXPOSE", "RUN echo slow part && sleep 5\nEXPOSE")
    repo = admin.repo("queue", slow)
    first = repo.pushing(app_name)
    until_says(first, "slow part")
    repo.commit(apps.site("two"))
    second = repo.pushing(app_name, "HEAD:main")
    while admin.ssh("releases", app_name).returncode == 0 and second.poll() is None:
        queued = admin.server.run(["ls", "/var/spool/mooring/queue/build"]).stdout
        if f"{app_name}.2" in queued:
            break
    repo.commit(apps.site("three"))
    third = repo.push(app_name, "HEAD:main", "--force")
    output, _ = second.communicate(timeout=60)
    first.communicate(timeout=60)
    assert "superseded by v3" in output.decode()
    assert second.returncode != 0
    assert third.ok
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "three"


def test_submodules_are_checked_out_recursively(admin: User, server: Server, app_name: str, tmp_path: Path) -> None:
    inner = admin.repo("inner", {"inner.txt": "innermost"})
    middle = admin.repo("middle", {"middle.txt": "middle"})
    server.run(["mkdir", "-p", "/srv/git"])
    daemon = server.popen(["git", "daemon", "--reuseaddr", "--export-all", "--base-path=/srv/git", "--port=9418"])
    try:
        for repo, name in ((inner, "inner"), (middle, "middle")):
            if name == "middle":
                repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.folder), "lib/inner")
                repo.git("config", "-f", ".gitmodules", "submodule.lib/inner.url", "git://127.0.0.1/inner")
                repo.commit({})
            packed = repo.folder.parent / f"{name}.bundle"
            repo.git("bundle", "create", "-q", str(packed), "--all")
            server.put(f"/srv/git/{name}.bundle", packed.read_bytes())
            server.run(["git", "clone", "-q", "--bare", f"/srv/git/{name}.bundle", f"/srv/git/{name}"])
        outer = admin.repo("outer", apps.site("", **{"index.html": "outer"}))
        outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(middle.folder), "middle")
        outer.git("config", "-f", ".gitmodules", "submodule.middle.url", "git://127.0.0.1/middle")
        dockerfile = (outer.folder / "Dockerfile").read_text()
        outer.commit({"Dockerfile": dockerfile.replace("EXPOSE", "COPY middle/lib/inner/inner.txt /www/\nEXPOSE")})
        pushed = outer.push(app_name)
        assert pushed.ok, pushed.output
        assert admin.curl(f"{app_name}.{DOMAIN}", "/inner.txt").body == "innermost"
    finally:
        daemon.terminate()
        daemon.wait()


def test_a_submodule_cannot_read_another_repository_of_the_server(admin: User, app_name: str) -> None:
    repo = admin.repo("thief", apps.site("x"))
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repo.folder), "loot")
    repo.git("config", "-f", ".gitmodules", "submodule.loot.url", "/var/lib/mooring/apps/hello/repo.git")
    repo.commit({})
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "git could not lay the commit out" in pushed.output


def test_requests_arrive_with_an_id_and_what_the_proxy_knows(admin: User, app_name: str) -> None:
    assert admin.repo("echo", apps.python(apps.ECHO)).push(app_name).ok
    answer = admin.curl(f"{app_name}.{DOMAIN}", "/a?b=c")
    seen = json.loads(answer.body)
    assert seen["path"] == "/a?b=c"
    headers = {name.lower(): value for name, value in seen["headers"].items()}
    assert headers["host"] == headers["x-forwarded-host"] == f"{app_name}.{DOMAIN}"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-port"] == "80"
    assert headers["x-forwarded-for"] == headers["x-real-ip"] == admin.server.network.gateway
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-request-id"])
    assert answer.headers["x-request-id"] == headers["x-request-id"]
    given = admin.curl(f"{app_name}.{DOMAIN}", headers={"X-Request-Id": "from-a-proxy-before-us"})
    assert given.headers["x-request-id"] == "from-a-proxy-before-us"


def test_the_apps_own_error_pages_are_left_alone(admin: User, app_name: str) -> None:
    assert admin.repo("errors", apps.python(apps.ECHO)).push(app_name).ok
    answer = admin.curl(f"{app_name}.{DOMAIN}", "/status/503")
    assert answer.status == 503
    assert json.loads(answer.body)["path"] == "/status/503"


def test_a_websocket_passes_through(admin: User, app_name: str) -> None:
    program = """
import base64, hashlib, os, socketserver
class Socket(socketserver.StreamRequestHandler):
    def handle(self):
        headers = {}
        while line := self.rfile.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        if headers.get("upgrade") != "websocket":
            return
        key = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.wfile.write(("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n"
                          f"Connection: Upgrade\\r\\nSec-WebSocket-Accept: {accept}\\r\\n\\r\\n").encode())
        self.wfile.write(self.rfile.read(4)[::-1])
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("", int(os.environ["PORT"])), Socket).serve_forever()
"""
    assert admin.repo("websocket", apps.python(program)).push(app_name).ok
    with socket.create_connection((admin.server.address, 80), timeout=10) as connection:
        connection.sendall(
            f"GET / HTTP/1.1\r\nHost: {app_name}.{DOMAIN}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        stream = connection.makefile("rb")
        assert b"101" in stream.readline()
        lines = set()
        while line := stream.readline().strip():
            lines.add(line)
        assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in lines
        connection.sendall(b"abcd")
        assert b"dcba" in stream.read(4)


def test_a_host_that_no_app_has_is_answered_404_with_our_page(admin: User) -> None:
    answer = admin.curl("nobody.example")
    assert answer.status == 404
    assert "No app answers to this name" in answer.body
    assert "nginx" not in answer.body + answer.headers["server"].replace("nginx", "", 1)


def test_an_app_that_does_not_answer_gets_a_page_that_tells_nothing_of_the_inside(admin: User, app_name: str) -> None:
    assert admin.repo("down", apps.site("x")).push(app_name).ok
    assert admin.ssh("ps:stop", app_name).returncode == 0
    answer = admin.curl(f"{app_name}.{DOMAIN}")
    assert answer.status == 502
    assert "not available right now" in answer.body
    assert not re.search(r"nginx|10\.\d+\.\d+\.\d+|upstream", answer.body)
    assert admin.ssh("ps:start", app_name).returncode == 0
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "x"


def test_the_seeds_example_runs_run_sh_at_start_with_config_that_the_build_did_not_have(
    admin: User, server: Server, app_name: str
) -> None:
    repo = admin.repo_of(CHECKOUT / "examples/apache-php")
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body.startswith("Hello from v1\nrun.sh ran at ")
    assert admin.ssh("config:set", app_name, "GREETING=Ahoy").returncode == 0
    assert admin.curl(f"{app_name}.{DOMAIN}").body.startswith("Ahoy from v2\n")
    history = server.run(["docker", "history", "--no-trunc", f"mooring/{app_name}:2"]).stdout
    assert "Ahoy" not in history
    assert "run.sh: starting v2" in admin.ssh("logs", app_name).stdout


def test_a_deploy_key_pushes_the_app_that_it_was_allowed_before_there_was_one(
    admin: User, newcomer: Callable[..., User], app_name: str
) -> None:
    ada = newcomer("ada")
    repo = ada.repo("hers", apps.site("hers"))
    assert "Permission denied" in repo.push(app_name).output
    assert admin.ssh("deploy:allow", app_name, input=ada.public_key).returncode == 0
    assert repo.push(app_name).ok
    assert ada.curl(f"{app_name}.{DOMAIN}").body == "hers"


def test_where_nginx_refuses_the_push_is_rejected_with_its_reason_and_nothing_has_changed(
    admin: User, server: Server, app_name: str
) -> None:
    repo = admin.repo("refused", apps.site("good"))
    assert repo.push(app_name).ok
    server.put("/etc/nginx/conf.d/broken.conf", "server { listen 80; frobnicate on; }\n")
    try:
        repo.commit({"index.html": "better"})
        pushed = repo.push(app_name)
        assert not pushed.ok
        assert 'nginx refuses the configuration: unknown directive "frobnicate"' in pushed.output
        assert "broken.conf:1" in pushed.output
        assert f"{app_name} v1 serves on" in pushed.output
        assert admin.curl(f"{app_name}.{DOMAIN}").body == "good"
        assert server.run(["docker", "ps", "-aq", "--filter", f"name=^{app_name}.2"]).stdout == ""
        added = admin.ssh("domains:add", app_name, "refused.example")
        assert added.returncode == 1
        assert "refused.example" not in admin.ssh("domains", app_name).stdout
    finally:
        server.run(["rm", "/etc/nginx/conf.d/broken.conf"])
    assert repo.push(app_name).ok
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "better"


def test_apps_build_side_by_side(admin: User, app_name: str) -> None:
    def endless(text: str) -> apps.Files:
        files = apps.site(text)
        # A step of its own for each app, so that BuildKit does not make them one.
        step = f"RUN echo slow part of {text} && sleep 1000"
        return {**files, "Dockerfile": str(files["Dockerfile"]).replace("EXPOSE", f"{step}\nEXPOSE")}

    names = {text: f"{app_name}-{text}" for text in ("one", "other")}
    pushes = {text: admin.repo(text, endless(text)).pushing(name) for text, name in names.items()}
    for text, push in pushes.items():
        assert push.stdout
        while f"slow part of {text}".encode() not in (line := push.stdout.readline()):
            assert line, "the push ended early"
    for text, push in pushes.items():
        assert admin.ssh("deploys:cancel", names[text]).returncode == 0
        output, _ = push.communicate(timeout=60)
        assert push.returncode != 0
        assert b"cancelled by" in output


def test_a_request_that_is_being_answered_when_a_release_is_replaced_is_answered_to_its_end(
    admin: User, app_name: str
) -> None:
    program = apps.ECHO.replace("body = ", "import time; time.sleep(6 if self.path == '/slow' else 0); body = ")
    repo = admin.repo("draining", apps.python(program))
    assert repo.push(app_name).ok
    host = f"{app_name}.{DOMAIN}"
    with socket.create_connection((admin.server.address, 80), timeout=30) as connection:
        connection.sendall(f"GET /slow HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        repo.commit({"note": "two"})
        assert repo.push(app_name).ok
        assert json.loads(admin.curl(host).body)["env"]["MOORING_RELEASE"] == "v2"
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert answer.startswith("HTTP/1.1 200")
    assert json.loads(answer.partition("\r\n\r\n")[2])["env"]["MOORING_RELEASE"] == "v1"
