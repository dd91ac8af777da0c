"""Domains and routing: which process of an app answers what, and what nginx does before it."""

import base64
import json
import os
import pty
import select
import shlex
import subprocess
import threading
import time

from tests.server import apps
from tests.server.answers import DOMAIN, deployed, does, listed, refuses
from tests.server.ssh import ssh_command
from tests.server.throwaway import Server
from tests.server.user import Response, User

SHOP = """
import http.server, json, os, signal, sys, threading, time
class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.endswith("/slow"):
            print("slow begins", flush=True)
            time.sleep(2)
        answer = {"name": sys.argv[1], "path": self.path, "release": os.environ["MOORING_RELEASE"],
                  "prefix": self.headers["X-Forwarded-Prefix"]}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Shop)
server.daemon_threads = False
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
server.server_close()
"""

PROCFILE = "".join(f"{name}: exec python3 -u app.py {name}\n" for name in ("web", "api", "backend"))


def answer(user: User, host: str, path: str = "/") -> dict[str, str]:
    response = user.curl(host, path)
    assert response.status == 200, response
    found: dict[str, str] = json.loads(response.body)
    return found


def test_one_repository_serves_frontend_backend_and_api_and_all_of_them_change_at_once(
    admin: User, app_name: str
) -> None:
    repo = deployed(admin, app_name, apps.python(SHOP, Procfile=PROCFILE))
    www, api = f"{app_name}.{DOMAIN}", f"api.{app_name}.test"
    assert "has no process admin (it has web, api, backend" in refuses(
        admin, "domains:add", app_name, f"x.{app_name}.test", "--process", "admin"
    )
    # Nothing listens there yet: the domain makes a release in which it does.
    assert "v2 is live" in does(admin, "domains:add", app_name, api, f"*.{api}", "--process", "api")
    does(admin, "routes:add", app_name, "/api", "api")
    assert "v3 is live" in does(admin, "routes:add", app_name, "/backend/", "backend", "--strip")
    asked = {
        (www, "/a"): ("web", "/a"), (www, "/apiary"): ("web", "/apiary"), (www, "/backends"): ("web", "/backends"),
        (api, "/a"): ("api", "/a"), (f"v2.{api}", "/api/b"): ("api", "/api/b"), (www, "/api"): ("api", "/api"),
        (www, "/api/a%2Fb?c=%2F"): ("api", "/api/a%2Fb?c=%2F"), (www, "/backend"): ("backend", "/"),
        (www, "/backend?a=b"): ("backend", "/?a=b"), (www, "/backend/a%2Fb/?c=%2F&d"): ("backend", "/a%2Fb/?c=%2F&d"),
    }  # fmt: skip
    for (host, path), (name, path_there) in asked.items():
        got = answer(admin, host, path)
        assert (got["name"], got["path"]) == (name, path_there)
        assert got["prefix"] == ("/backend" if name == "backend" else None)
    assert listed(admin, "domains", app_name) == [
        {"domain": api, "kind": "added", "process": "api"}, {"domain": f"*.{api}", "kind": "added", "process": "api"},
        {"domain": www, "kind": "default", "process": "web"},
    ]  # fmt: skip
    # The domains of an app's other processes stay.
    does(admin, "domains:set", app_name, api, f"*.{api}", "--process", "api")
    assert www in {row["domain"] for row in listed(admin, "domains", app_name)}
    assert listed(admin, "routes", app_name)[1] == {"prefix": "/backend", "process": "backend", "strip": True}
    assert does(admin, "url", app_name) == f"http://{www}\n"
    other = f"{app_name}-other"
    does(admin, "apps:create", other)
    assert f"{api} belongs to the app {app_name}" in refuses(admin, "domains:add", other, api)

    # A push changes all of them at once; what a process has begun it ends.
    ways = [(www, "/"), (api, "/"), (www, "/backend/")]
    rounds: list[list[str]] = []
    wrong: list[str] = []
    end = threading.Event()

    def ask() -> None:
        while not end.is_set():
            try:
                rounds.append([answer(admin, *way)["release"] for way in ways])
            except (OSError, AssertionError) as error:
                wrong.append(repr(error))

    slow: list[dict[str, str]] = []
    threads = [
        threading.Thread(target=ask),
        *(threading.Thread(target=lambda way=way: slow.append(answer(admin, way[0], f"{way[1]}slow"))) for way in ways),
    ]
    repo.commit({"more": "x"})
    for thread in threads:
        thread.start()
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert {answer(admin, *way)["release"] for way in ways * 5} == {"v4"}
    end.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert {each["release"] for each in slow} == {"v3"}
    assert {release for each in rounds for release in each} == {"v3", "v4"}

    # One that does not become ready keeps all of the new ones from being live, and its routes as they are.
    repo.commit({"Procfile": PROCFILE.replace("app.py backend", "nothing.py"), "app.json": json.dumps(
        {"healthchecks": {"backend": [{"listening": True, "attempts": 1, "wait": 1}]}})})  # fmt: skip
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "backend.1" in pushed.output
    assert {answer(admin, *way)["release"] for way in ways} == {"v4"}
    # One that is gone or scaled to 0 is said to be, and unavailable; the rest serves.
    repo.commit({"Procfile": "".join(PROCFILE.splitlines(keepends=True)[:2])})
    pushed = repo.push(app_name)
    assert "has a domain or a route for backend, and v6 has no such process" in pushed.output
    assert admin.curl(www, "/backend/x").status == 503
    assert answer(admin, www)["release"] == answer(admin, api)["release"] == "v6"
    does(admin, "routes:remove", app_name, "/backend")
    assert answer(admin, www, "/backend/x")["name"] == "web"
    does(admin, "domains:remove", app_name, f"*.{api}")
    does(admin, "ps:scale", app_name, "api=0")
    assert "is scaled to 0" in refuses(admin, "routes:add", app_name, "/x", "api")
    assert admin.curl(api).status == 503
    for prefix in ("/", "api", "/a;b", "/../x", "/.mooring"):
        refuses(admin, "routes:add", app_name, prefix, "web")
    for process in ("release", "../x", "a+b"):
        assert "cannot answer requests" in refuses(admin, "routes:add", app_name, "/x", process)
    assert "has no route /x" in refuses(admin, "routes:remove", app_name, "/x")
    assert [each["prefix"] for each in listed(admin, "routes", app_name)] == ["/api"]


def with_password(user: User, host: str, name: str, password: str) -> Response:
    word = base64.b64encode(f"{name}:{password}".encode()).decode()
    return user.curl(host, headers={"Authorization": f"Basic {word}"})


def typed(user: User, words: list[str], lines: list[tuple[str, str]]) -> str:
    """What is shown at a terminal where each of `lines` is typed once its prompt is there; the end is waited for."""
    ours, theirs = pty.openpty()
    command = [*ssh_command(user.key), "-tt", f"mooring@{user.server.address}", shlex.join(words)]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    said, waiting, until = "", list(lines), time.monotonic() + 30
    while time.monotonic() < until:
        if not select.select([ours], [], [], 0.5)[0]:
            continue
        try:
            part = os.read(ours, 4096).decode(errors="replace")
        except OSError:
            break
        said += part
        if waiting and waiting[0][0] in said:
            os.write(ours, waiting.pop(0)[1].encode() + b"\n")
    process.wait(timeout=10)
    os.close(ours)
    assert process.returncode == 0, said
    return said


def test_a_password_a_maintenance_page_and_error_pages_are_put_before_an_app(
    admin: User, server: Server, app_name: str
) -> None:
    deployed(admin, app_name, apps.python(apps.ECHO))
    host = f"{app_name}.{DOMAIN}"
    files = f"/var/lib/mooring/apps/{app_name}/nginx"
    for password in ("", "x" * 73, "a\tb"):
        refuses(admin, "http-auth:add", app_name, "ada", input=password)
    for name in ("", "a:b", "a b", "../x"):
        assert "cannot name a user" in refuses(admin, "http-auth:add", app_name, "--", name, input="secret")
    assert admin.curl(host).status == 200
    does(admin, "http-auth:add", app_name, "ada", input="correct horse\n")
    assert admin.curl(host).headers["www-authenticate"].startswith("Basic")
    assert with_password(admin, host, "ada", "correct horse").status == 200
    assert with_password(admin, host, "ada", "wrong").status == 401
    assert with_password(admin, host, "bob", "correct horse").status == 401
    assert server.run(["stat", "-c", "%U:%G %a", f"{files}/htpasswd"]).stdout == "root:www-data 640\n"
    assert server.read(f"{files}/htpasswd").startswith("ada:$2b$")
    said = typed(admin, ["http-auth:add", app_name, "bob"], [("password of bob", "battery"), ("Once more", "battery")])
    assert "battery" not in said
    assert with_password(admin, host, "bob", "battery").status == 200
    assert listed(admin, "http-auth", app_name) == [{"user": "ada", "asked": True}, {"user": "bob", "asked": True}]
    # A copy of what is behind a password is behind it too.
    does(admin, "apps:clone", app_name, f"{app_name}-c")
    assert admin.curl(f"{app_name}-c.{DOMAIN}").status == 401
    does(admin, "htpasswd:remove", app_name, "ada")
    assert with_password(admin, host, "ada", "correct horse").status == 401
    assert "is the only one" in refuses(admin, "http-auth:remove", app_name, "bob")
    assert "correct horse" not in server.run(["journalctl", "-b", "--no-pager"]).stdout

    # Maintenance is for everybody to see.
    does(admin, "maintenance:on", app_name)
    answer = admin.curl(host, "/any", method="POST", body="x")
    assert (answer.status, int(answer.headers["retry-after"]) > 0) == (503, True)
    assert "maintenance" in answer.body
    does(admin, "maintenance:on", app_name, input="<h1>Gone fishing, à bientôt: back soon</h1>")
    answer = admin.curl(host)
    assert (answer.status, answer.body) == (503, "<h1>Gone fishing, à bientôt: back soon</h1>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert json.loads(does(admin, "maintenance", app_name, "--json"))["page"] == "your own"
    does(admin, "ps:restart", app_name)
    assert admin.curl(host).status == 503
    does(admin, "maintenance:off", app_name)
    assert admin.curl(host).status == 401
    does(admin, "http-auth:disable", app_name)
    assert admin.curl(host).status == 200
    does(admin, "http-auth:remove", app_name, "bob")
    assert "has no user" in refuses(admin, "http-auth:enable", app_name)

    # Pages for errors: the app's own 404, and a 502 that only nginx knows of; others are left to the app.
    does(admin, "error-pages:set", app_name, "404", input="<h1>Nothing here</h1>")
    does(admin, "error-pages:set", app_name, "502", input="<h1>Out to lunch</h1>")
    answer = admin.curl(host, "/status/404")
    assert (answer.status, answer.body) == (404, "<h1>Nothing here</h1>")
    assert '"path"' in admin.curl(host, "/status/500").body
    does(admin, "ps:stop", app_name)
    assert admin.curl(host).body == "<h1>Out to lunch</h1>"
    does(admin, "ps:start", app_name)
    assert [each["status"] for each in listed(admin, "error-pages", app_name)] == [404, 502]
    does(admin, "error-pages:unset", app_name, "404", "502")
    assert '"path"' in admin.curl(host, "/status/404").body
    for status in ("200", "499", "x", "4040"):
        assert "no error that can have a page" in refuses(admin, "error-pages:set", app_name, status, input="x")
    assert "the page is empty" in refuses(admin, "error-pages:set", app_name, "404", input="\n")
