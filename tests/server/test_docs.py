"""The manual: every command in its blocks is typed, in order, as it is written there, and goes well."""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.server import apps
from tests.server.authority import Authority, tar
from tests.server.cache import CHECKOUT
from tests.server.pushing import until_says
from tests.server.ssh import ssh_command
from tests.server.throwaway import Server
from tests.server.user import Repo, User, new_key

pytestmark = pytest.mark.long

APP = "my-app"
DOMAIN = "apps.test"
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"git |ssh mooring@|cat \S+\.pub \| ssh |echo '[^']*' \| ssh ")
"""What is typed at the user's own machine; the rest is typed at the server's shell."""

SEVERAL = "web: httpd -f -p $PORT -h /www\napi: httpd -f -p $PORT -h /www\nbackend: httpd -f -p $PORT -h /www\n"
"""The Procfile of an app whose domains and routes go to several processes."""

EXEMPT = {
    "sudo ./install.sh": "tests/server/test_install.py does",
    "sudo ./tests/run": "it runs this very test",
    "ssh mooring@HOST git:from-archive my-app https://": "tests/server/test_releases.py does",
    "ssh mooring@HOST git:sync my-app git@": "tests/server/test_releases.py does",
    "ssh mooring@HOST postgres:upgrade orders --": "tests/server/test_service_upgrade.py does",
    "ssh mooring@HOST certs:auto my-app --email": "tests/server/test_certs_automatic.py does",
    "ssh mooring@HOST certs:auto-global on": "tests/server/test_certs_automatic.py does",
    "sudo mooring buildpacks:set my-app /root/": "tests/server/test_buildpacks.py does",
    "ssh mooring@HOST backup:to sftp:": "tests/server/test_backups.py does",
    "ssh mooring@HOST backup:to s3:": "there is no such server",
}

DOCUMENTS = [
    "README.md",
    "docs/quick-start.md",
    "docs/deploying.md",
    "docs/app-json.md",
    "docs/config.md",
    "docs/domains.md",
    "docs/https.md",
    "docs/buildpacks.md",
    "docs/one-off.md",
    "docs/cron.md",
    "docs/services.md",
    "docs/backups.md",
    "docs/access.md",
    "docs/logs.md",
    "docs/looking-inside.md",
    "docs/releases.md",
    "docs/scaling.md",
    "docs/troubleshooting.md",
    "docs/volumes.md",
]


def commands(document: str) -> list[str]:
    """The lines of the blocks that name no language: those with one (text, json, toml) show output or files."""
    found = []
    for language, block in FENCE.findall((CHECKOUT / document).read_text()):
        if not language:
            found += [line.strip() for line in block.splitlines() if line.strip()]
    return found


@dataclass(frozen=True)
class Reader:
    """A person who follows a page: an admin, in a repository, with HOST and apps.example.com being the server."""

    user: User
    repo: Repo
    bin: Path

    @property
    def environment(self) -> dict[str, str]:
        found = {**self.repo._environment(), "GIT_SSH_COMMAND": str(self.bin / "ssh")}
        return {**found, "PATH": f"{self.bin}:{found['PATH']}"}

    def types(self, line: str) -> None:
        if line.startswith("ssh -t "):
            self._at_a_terminal(line)
        elif OURS.match(line):
            done = subprocess.run(
                ["sh", "-c", line], cwd=self.repo.folder, env=self.environment, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
            # What doctor finds is of other tests' apps.
            well = (0, 1) if line.endswith(" doctor") else (0,)
            assert done.returncode in well, f"$ {line}\n{done.stdout}{done.stderr}"
        elif line.endswith(" -f"):
            self._follows(line)
        else:
            done = self.user.server.run(["bash", "-c", line], check=False, timeout=60)
            assert done.returncode == 0, f"# {line}\n{done.stdout}{done.stderr}"

    def _at_a_terminal(self, line: str) -> None:
        """What opens a shell is told to end."""
        master, terminal = os.openpty()
        opened = subprocess.Popen(
            ["sh", "-c", line], cwd=self.repo.folder, env=self.environment,
            stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
        )  # fmt: skip
        os.close(terminal)
        os.write(master, b"exit\r")
        said = b""
        try:
            while part := os.read(master, 4096):
                said += part
        except OSError:
            # The other end is closed.
            pass
        os.close(master)
        assert opened.wait(timeout=60) == 0, f"$ {line}\n{said.decode(errors='replace')}"

    def _follows(self, line: str) -> None:
        """What never ends has begun when it says something."""
        looking = self.user.server.popen(
            ["timeout", "20", *shlex.split(line)], stdout=subprocess.PIPE, start_new_session=True
        )
        try:
            assert looking.stdout
            assert looking.stdout.readline().strip(), f"# {line}: it says nothing"
        finally:
            os.killpg(looking.pid, signal.SIGKILL)
            looking.wait()


@pytest.fixture
def reader(admin: User, server: Server, tmp_path: Path) -> Iterator[Reader]:
    """With a repository that has a Dockerfile and no Procfile, and the files that the pages name."""
    repo = admin.repo(APP, apps.site("one"))
    for name in ("ci", "alice", "bob"):
        new_key(repo.folder, name)
    repo.write(
        {".env": "FROM_A_FILE=1\n", "page.html": "<h1>Sorry</h1>\n", "password": "correct horse\n", "token": "t0k\n"}
    )
    repo.write({"server.tar": whole_of(f"{APP}.{DOMAIN}"), "wildcard.tar": whole_of("*.apps.example.com")})
    repo.write({"cloudflare.env": "CF_DNS_API_TOKEN=t0k\n"})
    repo.write({"snippet.conf": "add_header X-Frame-Options DENY always;\n"})
    folder = tmp_path / "bin"
    folder.mkdir()
    options = "\n".join(f"  {o.replace('=', ' ', 1)}" for o in ssh_command(admin.key) if "=" in o)
    (folder / "config").write_text(
        f"Host HOST host apps.example.com\n  HostName {server.address}\n  IdentityFile {admin.key}\n{options}\n"
    )
    (folder / "ssh").write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {folder}/config "$@"\n')
    (folder / "ssh").chmod(0o755)
    yield Reader(admin, repo, folder)
    admin.ssh("apps:destroy", APP, "--force")
    admin.ssh("postgres:destroy", "orders", "--force")
    admin.ssh("access:remove", "alice")


def whole_of(name: str) -> bytes:
    """A certificate for a host name as a person has it: a tar with the key and the chain."""
    ca = Authority()
    leaf = ca.issue(name)
    return tar(server_crt=leaf.pem, server_key=leaf.key_pem(), chain_crt=ca.intermediate.pem + ca.root.pem)


def slow_push(reader: Reader) -> "subprocess.Popen[bytes]":
    """A deploy that is on its way."""
    reader.repo.commit({"Dockerfile": "FROM busybox\nRUN echo slow part && sleep 100\n"})
    push = reader.repo.pushing(APP, "HEAD:production")
    until_says(push, "slow part")
    return push


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_of_the_page_goes_well_as_it_is_written(
    document: str, reader: Reader, make_live: Callable[[], None]
) -> None:
    lines = [line for line in commands(document) if not line.startswith(tuple(EXEMPT))]
    assert lines
    if document == "docs/domains.md":
        reader.repo.commit({"Procfile": SEVERAL})
    if not any(line.startswith("git remote add deploy") for line in lines):
        make_live()
    try:
        follow(reader, lines)
    finally:
        if any("domains:set-global" in line for line in lines):
            # The other tests' apps answer below it.
            assert reader.user.ssh("domains:set-global", DOMAIN).returncode == 0


def follow(reader: Reader, lines: list[str]) -> None:
    """Type the lines of a page, in order."""
    pushing = None
    for line in lines:
        if "deploys:cancel" in line:
            pushing = slow_push(reader)
        reader.types(line)
        if pushing:
            output, _ = pushing.communicate(timeout=30)
            assert "cancelled" in output.decode()
            pushing = None


@pytest.fixture
def make_live(reader: Reader) -> Callable[[], None]:
    """What a reader who comes from the quick start has: an app of three releases, a remote, two more keys."""

    def make() -> None:
        reader.types(f"git remote add deploy mooring@HOST:{APP}")
        reader.types("git push deploy main")
        reader.types(f"ssh mooring@HOST config:set {APP} GREETING=Ahoy")
        reader.repo.commit({"index.html": "three"})
        reader.types("git push deploy main")
        reader.types(f"cat ci.pub | ssh mooring@HOST deploy:allow {APP} --name ci")
        reader.types("cat alice.pub | ssh mooring@HOST access:add alice")
        retiring = f"systemctl list-units --plain --no-legend 'mooring-retire@{APP}.*' | grep -q ."
        reader.user.server.wait_for(["sh", "-c", f"! {retiring}"])

    return make


def test_every_exempt_command_is_still_in_the_manual() -> None:
    written = [line for document in DOCUMENTS for line in commands(document)]
    for command in EXEMPT:
        assert any(line.startswith(command) for line in written)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_command_hides_among_what_is_only_shown(document: str) -> None:
    shown = [block for language, block in FENCE.findall((CHECKOUT / document).read_text()) if language == "text"]
    assert [line for block in shown for line in block.splitlines() if re.match(r"(ssh|sudo|git|cat) ", line)] == []
