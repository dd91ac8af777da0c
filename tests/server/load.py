"""Load on an app, and an app that answers with its release."""

import http.client
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.server.throwaway import Server
from tests.server.user import User

STAMPED = """
import http.server, os, signal, sys
class Stamp(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = (os.environ["MOORING_RELEASE"] + " " + open("index.html").read()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Stamp)
server.daemon_threads = True
def stop(*signals):
    import threading
    threading.Thread(target=server.shutdown).start()
signal.signal(signal.SIGTERM, stop)
server.request_queue_size = 512
server.socket.listen(512)
server.serve_forever()
server.server_close()
"""


class Load:
    """Requests to an app over `connections` connections until `stop`, by hey: kept alive, or a new one for each."""

    def __init__(self, server: Server, host: str, folder: Path, *, keep_alive: bool, connections: int = 10) -> None:
        self.file = folder / f"hey-{keep_alive}"
        with self.file.open("w") as output:
            self.process = subprocess.Popen(
                ["hey", "-z", "240s", "-c", str(connections), "-q", "10", "-t", "20", "-host", host,
                 *([] if keep_alive else ["-disable-keepalive"]), f"http://{server.address}/"],
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def stop(self) -> tuple[int, str]:
        """(answers with 200, everything else that happened)."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)
        report = self.file.read_text()
        good = sum(int(n) for n in re.findall(r"\[200\]\s+(\d+) responses", report))
        others = re.findall(r"\[(?!200)\d+\]\s+\d+ responses", report)
        errors = report.partition("Error distribution:")[2].strip()
        return good, "\n".join([*others, errors]).strip()


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
