"""An app with several processes that do what they are asked to, and what is shown of them."""

import json
import subprocess
from typing import Any

from tests.server import apps
from tests.server.user import User

DOMAIN = "apps.test"

APP = "many"

PROBE = """
import http.server, os, signal, subprocess, sys, threading, time
state = {}
def spin():
    while True: pass
def fork():
    sleeping = []
    try:
        for _ in range(60): sleeping.append(subprocess.Popen(["sleep", "1"]))
    except OSError as error:
        print("no more:", error.strerror, flush=True)
    for each in sleeping: each.wait()
deeds = {
    "/hog": lambda: subprocess.run([sys.executable, "-c", "bytearray(200 << 20)"]),
    "/eat": lambda: state.update(eaten=bytearray(200 << 20)),
    "/hang": lambda: state.update(hangs=True),
    "/spin": lambda: threading.Thread(target=spin, daemon=True).start(),
    "/fork": fork,
}
class Probe(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        deeds.get(self.path, lambda: None)()
        if self.path == "/alive" and "hangs" in state: time.sleep(60)
        body = (os.environ["MOORING_PROCESS"] + " " + os.environ["MOORING_RELEASE"]).encode()
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Probe)
server.daemon_threads = True
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.socket.listen(512)
server.serve_forever()
server.server_close()
"""

APP_JSON = {
    "formation": {"web": {"quantity": 2}, "worker": 1},
    "healthchecks": {
        "web": [
            {"type": "startup", "path": "/"},
            {"type": "liveness", "path": "/alive", "wait": 1, "timeout": 1, "attempts": 2},
        ],
        "worker": [{"type": "startup", "command": ["test", "-e", "/app/app.py"]}],
    },
}


def push_many(user: User) -> None:
    """Deploy the app: two web processes and a worker."""
    files = apps.python(PROBE, Procfile="web: exec python3 -u app.py\nworker: exec sleep 1d\n")
    pushed = user.repo(APP, {**files, "app.json": json.dumps(APP_JSON)}).push(APP)
    assert pushed.ok, pushed.output
    assert "Starting web x2" in pushed.output


def did(user: User, *words: str) -> str:
    done = at_the_server(user, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def at_the_server(user: User, *words: str) -> "subprocess.CompletedProcess[str]":
    return user.server.run(["mooring", *words], check=False)


def refused(user: User, *words: str) -> str:
    """The one line that a command is refused with."""
    done = at_the_server(user, *words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("mooring: ")
    return done.stderr


def shown(user: User, *words: str) -> Any:
    return json.loads(did(user, *words, "--json"))


def process(user: User, name: str, app: str = APP) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in shown(user, "ps", app) if row["process"] == name)
    return found


def wait_for_note(user: User, name: str, words: str, app: str = APP) -> None:
    user.server.wait_for(["sh", "-c", f"mooring ps {app} --json | grep -A9 '\"{name}\"' | grep -q '{words}'"])


def wait_for_log(user: User, words: str) -> None:
    user.server.wait_for(["sh", "-c", f"mooring logs {APP} | grep -q '{words}'"])


def served_by(user: User, app: str = APP, requests: int = 12) -> set[str]:
    return {user.curl(f"{app}.{DOMAIN}").body.split()[0] for _ in range(requests)}


def address(user: User, name: str) -> tuple[str, int]:
    host, _, port = process(user, name)["address"].partition(":")
    return host, int(port)


def ask(user: User, name: str, path: str) -> None:
    """Ask one process itself, whatever becomes of it."""
    host, port = address(user, name)
    user.server.run(["curl", "-s", "-m", "20", f"http://{host}:{port}{path}"], check=False)


def live(user: User) -> int:
    return int(process(user, "web.1")["release"].removeprefix("v"))


def releases(user: User) -> int:
    return len(shown(user, "releases", APP))
