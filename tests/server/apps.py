"""Small apps that tests push: each builds in no time from an image of the run's registry."""

Files = dict[str, str | bytes | None]


def site(text: str, **more: str) -> Files:
    """A web server that answers every path of its own with `text`; `more` are files of the repository."""
    return {
        "Dockerfile": "FROM busybox\nCOPY index.html /www/\nEXPOSE 8080\n"
        'CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]\n',
        "index.html": text,
        **more,
    }


def python(program: str, **more: str) -> Files:
    """An app that runs `program`, on port 8080."""
    return {
        "Dockerfile": 'FROM python:3-slim\nCOPY . /app\nWORKDIR /app\nEXPOSE 8080\nCMD ["python3", "-u", "app.py"]\n',
        "app.py": program,
        **more,
    }


ECHO = """
import http.server, json, os
class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"path": self.path, "headers": dict(self.headers), "env": dict(os.environ)}).encode()
        self.send_response(int(self.path.rsplit("/", 1)[-1]) if self.path.startswith("/status/") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Echo).serve_forever()
"""
"""Answers with what it sees: path, headers, environment; /status/503 with that status."""

PLAIN: Files = {
    "Procfile": "web: perl web.pl\n",
    "web.pl": """
use IO::Socket::INET;
my $listener = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die;
while (my $client = $listener->accept) {
    while (<$client>) { last if /^\\r?$/ }
    print $client "HTTP/1.0 200 OK\\r\\n\\r\\nplain\\n";
    close $client;
}
""",
}
"""The least that a buildpack builds: a Procfile and what it starts."""

FRAIL = (
    """
import os, sys
if "FAIL" in os.environ:
    sys.exit("FAIL is set: I will not start")
"""
    + ECHO
)
"""Does not start where FAIL is set; else it is the one above."""

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
