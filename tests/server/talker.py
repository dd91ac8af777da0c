"""An app that says what it is asked to, and the lines that come of it."""

import re
import shlex

from tests.server import apps
from tests.server.user import Repo, User

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


def push_talker(owner: User) -> Repo:
    """Deploy the app: its repository."""
    files = apps.python(TALKER, Procfile="web: exec python3 -u app.py\nworker: echo I work; exec sleep 1000\n")
    files["app.json"] = '{"formation": {"worker": {"quantity": 1}}}'
    repo = owner.repo(APP, files)
    pushed = repo.push(APP)
    assert pushed.ok, pushed.output
    return repo


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
