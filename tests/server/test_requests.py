"""How requests reach an app: at which port, with which headers, and what nginx answers for it."""

import json
import re
import socket

from tests.server import apps
from tests.server.answers import DOMAIN
from tests.server.throwaway import Server
from tests.server.user import User


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
