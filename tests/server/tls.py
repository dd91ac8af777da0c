"""Looking at a server's TLS from the outside: by curl, openssl s_client and sslscan."""

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.server.throwaway import Server


@dataclass(frozen=True)
class Browser:
    """Who trusts one authority and asks a server by https; `ca` is a file with its root."""

    server: Server
    ca: Path

    def curl(self, host: str, path: str = "/", *options: str, port: int = 443) -> subprocess.CompletedProcess[str]:
        """curl(1) as if the host resolved to the server."""
        to = ["--resolve", f"{host}:{port}:{self.server.address}", "--cacert", str(self.ca)]
        scheme = "https" if port == 443 else "http"
        argv = ["curl", "-sS", "--max-time", "10", *to, *options, f"{scheme}://{host}{path}"]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    def sees(self, host: str, path: str = "/", *options: str) -> str:
        """What the host answers; it has to, without a warning."""
        answer = self.curl(host, path, "-f", *options)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def headers(self, host: str, path: str = "/", *options: str) -> dict[str, str]:
        """What the app was sent."""
        found: dict[str, str] = json.loads(self.sees(host, path, *options))["headers"]
        return found

    def answer_headers(self, host: str) -> dict[str, str]:
        """The headers of an answer, by lower-case name."""
        lines = self.curl(host, "/", "-D", "-", "-o", "/dev/null").stdout.lower().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def location(self, host: str, path: str = "/") -> tuple[int, str]:
        """The status of an answer to http, and where it leads."""
        said = self.curl(host, path, "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", port=80).stdout
        status, _, where = said.partition(" ")
        return int(status), where

    def s_client(self, *options: str, host: str = "", input: str = "") -> str:
        """What openssl-s_client(1) prints of a connection."""
        name = ["-servername", host, "-verify_hostname", host] if host else ["-noservername"]
        argv = ["openssl", "s_client", "-connect", f"{self.server.address}:443", *name, "-CAfile", str(self.ca)]
        done = subprocess.run([*argv, *options], input=input, capture_output=True, text=True, check=False, timeout=20)
        return done.stdout + done.stderr

    def certificate(self, host: str) -> str:
        """The certificate that a host is served with, as PEM."""
        return self.s_client("-showcerts", host=host).partition("END CERTIFICATE")[0]

    def resumes(self, host: str, version: str) -> bool:
        """Whether a second connection goes on with the session of the first."""
        ask = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        with tempfile.TemporaryDirectory() as folder:
            session = f"{folder}/session"
            self.s_client(version, "-ign_eof", "-sess_out", session, host=host, input=ask)
            return "Reused, TLSv1" in self.s_client(version, "-ign_eof", "-sess_in", session, host=host, input=ask)

    def scan(self, host: str) -> str:
        """What sslscan(1) finds."""
        argv = ["sslscan", "--no-colour", f"--sni-name={host}", f"{self.server.address}:443"]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def protocols(scan: str) -> dict[str, bool]:
    return {name: state == "enabled" for name, state in re.findall(r"^(SSLv\d|TLSv1\.\d) +(\w+)$", scan, re.MULTILINE)}


def ciphers(scan: str) -> set[str]:
    return set(re.findall(r"^(?:Preferred|Accepted) +TLSv1\.\d +\d+ bits +(\S+)", scan, re.MULTILINE))
