"""`config:set` until the change answers, against the same done by hand: what tests/bench/config prints.

By hand is `floor-config`: docker run, wait until it answers, nginx reload. Both at the server's shell, in turn; another
thread asks nginx meanwhile, and says when the first answer with the change came.
"""

import http.client
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.bench.bench import quiet
from tests.server import apps
from tests.server.cache import CHECKOUT, Failure
from tests.server.throwaway import Server
from tests.server.user import User

APP = "bench-config"
PAUSE = 0.02
"""Seconds between two questions."""
PROGRAM = """
import http.server, os
class Number(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ.get("NUMBER", "").encode())
http.server.ThreadingHTTPServer(("", 8080), Number).serve_forever()
"""


def timed(server: Server, host: str, port: int, number: int, *argv: str) -> tuple[float, float]:
    """Seconds until nginx answers with the number, and until the command that makes it so has returned."""
    begin = time.monotonic()
    with ThreadPoolExecutor(1) as other:
        command = other.submit(server.run, argv)
        while answer(server, host, port) != str(number):
            if command.done() and command.exception():
                break
            time.sleep(PAUSE)
        answered = time.monotonic() - begin
        command.result()
    return answered, time.monotonic() - begin


def answer(server: Server, host: str, port: int) -> str:
    connection = http.client.HTTPConnection(server.address, port, timeout=10)
    try:
        connection.request("GET", "/", headers={"Host": host})
        return connection.getresponse().read().decode()
    except OSError:
        return ""
    finally:
        connection.close()


def prepare(user: User) -> None:
    """Deploy the app, and keep its image for what is done by hand."""
    server = user.server
    pushed = user.repo(APP, apps.python(PROGRAM)).push(APP)
    if not pushed.ok:
        raise Failure(pushed.output)
    # The images of Mooring's own releases are kept for a while only.
    server.run(["docker", "tag", f"mooring/{APP}:1", "floor"])
    server.put("/root/floor-config", (CHECKOUT / "tests/bench/floor-config").read_text(), mode=0o755)


def compare(
    server: Server, changes: int, *, first: int = 1, say: Callable[[str], None] = lambda _: None
) -> dict[str, list[float]]:
    """Seconds of so many changes: until the answer, by hand and by Mooring, and until `config:set` returned.

    `first` is the number that the first change sets.
    """
    seconds: dict[str, list[float]] = {"by hand": [], "mooring": [], "returned": []}
    for number in range(first, first + changes):
        by_hand = ["/root/floor-config", "floor", str(number)]
        seconds["by hand"].append(timed(server, "floor", 8081, number, *by_hand)[0])
        if number > 1:
            server.run(["docker", "rm", "-f", f"floor.{number - 1}"])
        ours = ["mooring", "config:set", APP, f"NUMBER={number}"]
        answered, returned = timed(server, f"{APP}.apps.test", 80, number, *ours)
        seconds["mooring"].append(answered)
        seconds["returned"].append(returned)
        quiet(server, APP)
        for kind, values in seconds.items():
            say(f"{kind:8} {number:3}  {values[-1]:.2f} s")
    return seconds
