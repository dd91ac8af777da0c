"""Commands in containers of their own, and in what runs: streams, exit status, a real terminal, and nothing left."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator

import pytest

from tests.server import apps
from tests.server.ssh import ssh_command
from tests.server.throwaway import Server
from tests.server.user import User
from tests.server.user import admin as administrator

APP = "one-off"


@pytest.fixture(scope="module")
def owner(server: Server, tmp_path_factory: pytest.TempPathFactory) -> User:
    """The administrator, with an app that is live."""
    user = administrator(server, tmp_path_factory.mktemp("owner"))
    assert user.ssh("apps:create", APP).returncode == 0
    assert user.ssh("config:set", "--no-restart", APP, "GREETING=hello").returncode == 0
    assert user.repo(APP, apps.PLAIN).push(APP).ok
    return user


def one_offs(server: Server) -> str:
    return server.run(["docker", "ps", "-aq", "--filter", f"name=^{APP}.*.run."]).stdout


class Terminal:
    """`ssh -t mooring@server words…` in a terminal of so many rows and columns."""

    def __init__(self, user: User, *words: str, rows: int = 40, columns: int = 100) -> None:
        self.master, slave = pty.openpty()
        self.resize(rows, columns, quiet=True)
        self.process = subprocess.Popen(
            [*ssh_command(user.key), "-tt", f"mooring@{user.server.address}", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.said = ""

    def resize(self, rows: int, columns: int, *, quiet: bool = False) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if not quiet:
            self.process.send_signal(signal.SIGWINCH)

    def types(self, text: str) -> None:
        os.write(self.master, text.encode())

    def shows(self, text: str, timeout: float = 60) -> bool:
        """Wait until the terminal has shown the text, after what it had shown when last asked."""
        until = time.monotonic() + timeout
        os.set_blocking(self.master, False)
        while text not in self.said:
            if time.monotonic() > until:
                raise AssertionError(f"the terminal does not show {text!r} but {self.said!r}")
            try:
                self.said += os.read(self.master, 65536).decode(errors="replace")
            except BlockingIOError:
                time.sleep(0.02)
            except OSError:
                raise AssertionError(f"the terminal is gone before it shows {text!r}: {self.said!r}") from None
        self.said = self.said.partition(text)[2]
        return True


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.process.kill()
        terminal.process.wait()
        os.close(terminal.master)


def test_a_one_off_command_has_config_and_network_and_its_streams_and_status_come_through(
    owner: User, server: Server
) -> None:
    assert owner.ssh("config:set", "--no-restart", APP, "LATER=yes").returncode == 0
    done = owner.ssh(
        "run", APP, "sh", "-c", "'echo $GREETING $LATER; cat; echo aside >&2; exit 7'", input="from stdin\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (7, "hello\nfrom stdin\n", "aside\n")
    web = server.run(["docker", "inspect", "-f", "{{json .NetworkSettings.Networks}}", f"{APP}.1.web.1"]).stdout
    assert f"mooring.{APP}" in web
    probe = "'print IO::Socket::INET->new(q(web:5000)) ? q(reached) : $@'"
    assert owner.ssh("run", APP, "perl", "-MIO::Socket::INET", "-e", probe).stdout == "reached"
    large = bytes(range(256)) * 4096
    echoed = server.ssh("mooring", owner.key, "run", APP, "base64", input=large)
    assert len("".join(echoed.stdout.split())) == (len(large) + 2) // 3 * 4
    assert one_offs(server) == ""
    assert owner.ssh("run", APP).returncode == 1
    assert owner.ssh("run", APP, "no-such-program").returncode in (1, 126, 127)
    assert one_offs(server) == ""
    refused = owner.ssh("run", "no-such-app", "ls")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1


def test_a_one_off_command_has_a_real_terminal_that_follows_its_size(
    owner: User, server: Server, terminals: list[Terminal]
) -> None:
    at_once = Terminal(owner, "run", APP, "stty", "size", rows=33, columns=77)
    terminals.append(at_once)
    assert at_once.shows("33 77")
    terminal = Terminal(owner, "run", APP, "bash", rows=33, columns=77)
    terminals.append(terminal)
    assert terminal.shows("$ ")
    terminal.types("stty size; echo $TERM; test -t 0 && echo it is a terminal\r")
    assert terminal.shows("33 77")
    assert terminal.shows("\nit is a terminal")
    terminal.resize(22, 66)
    terminal.types("sleep 0.2; stty size\r")
    assert terminal.shows("22 66")
    terminal.types("cat\r")
    assert terminal.shows("cat\r\n")
    terminal.types("\x03")
    assert terminal.shows("^C")
    assert terminal.shows("$ ")
    terminal.types("echo still $((40 + 2))\r")
    assert terminal.shows("still 42")
    terminal.types("exit 5\r")
    assert terminal.process.wait(timeout=30) == 5
    assert one_offs(server) == ""


@pytest.mark.parametrize("tty", [True, False], ids=["with a terminal", "without one"])
def test_a_one_off_container_is_removed_when_the_connection_drops(
    owner: User, server: Server, terminals: list[Terminal], tty: bool
) -> None:
    words = ("run", APP, "sh", "-c", "'echo begun; sleep 1000'")
    if tty:
        terminal = Terminal(owner, *words)
        terminals.append(terminal)
        assert terminal.shows("begun")
        terminal.process.kill()
    else:
        process = subprocess.Popen(
            [*ssh_command(owner.key), f"mooring@{server.address}", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdout
        assert process.stdout.readline() == b"begun\n"
        process.kill()
        process.wait()
    assert server.wait_for(["sh", "-c", f'test -z "$(docker ps -aq --filter name=^{APP}.*.run.)"'], timeout=30) is None


def test_a_detached_one_is_a_unit_whose_lines_are_in_the_log_and_lives_through_a_deploy(
    owner: User, server: Server
) -> None:
    started = owner.ssh("run:detached", APP, "sh", "-c", "'echo working with $GREETING; sleep 1000'")
    assert started.returncode == 0
    name = started.stdout.split()[0]
    server.wait_for(["sh", "-c", f"mooring logs {APP} -p {name} | grep -q 'working with hello'"])
    assert server.run(["systemctl", "is-active", f"mooring-run@{APP}.1.{name}"]).stdout == "active\n"
    assert "sleep 1000" not in server.run(["systemctl", "show", f"mooring-run@{APP}.1.{name}"]).stdout
    assert owner.ssh("ps:restart", APP).returncode == 0
    server.wait_for(["sh", "-c", f"! docker ps --format '{{{{.Names}}}}' | grep -q '^{APP}.1.web.1'"])
    assert name in owner.ssh("run:list", APP).stdout
    assert owner.ssh("run:stop", APP, name).returncode == 0
    assert one_offs(server) == ""
    assert server.run(["sh", "-c", "ls /run/mooring/runs"]).stdout == ""
    assert owner.ssh("run:stop", APP, name).returncode == 1
    ended = owner.ssh("run:detached", APP, "true")
    server.wait_for(["sh", "-c", f'test -z "$(docker ps -aq --filter name=^{APP}.*.run.)"'])
    assert ended.returncode == 0


def test_a_person_enters_what_runs_and_leaves_nothing_behind(
    owner: User, server: Server, terminals: list[Terminal]
) -> None:
    done = owner.ssh("exec", APP, "sh", "-c", "'echo $MOORING_PROCESS; pwd; exit 4'")
    assert (done.returncode, done.stdout) == (4, "web.1\n/app\n")
    assert owner.ssh("enter", APP, "web.1", "cat", "Procfile").stdout == apps.PLAIN["Procfile"]
    terminal = Terminal(owner, "enter", APP)
    terminals.append(terminal)
    terminal.types("echo shell of $((40 + 2)); sleep 1234\r")
    assert terminal.shows("shell of 42")
    server.wait_for(["pgrep", "-fx", "sleep 1234"])
    terminal.process.kill()
    server.wait_for(["sh", "-c", "! pgrep -fx 'sleep 1234'"], timeout=30)
    assert owner.ssh("ps:stop", APP).returncode == 0
    nothing = owner.ssh("exec", APP, "ls")
    assert nothing.returncode == 1
    assert "runs nothing" in nothing.stderr
    assert owner.ssh("ps:start", APP).returncode == 0


def test_a_one_off_command_has_the_limits_that_are_chosen_for_it(owner: User) -> None:
    assert owner.ssh("ps:limit", APP, "run", "--memory", "64m").returncode == 0
    files = "/sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes"
    assert owner.ssh("run", APP, "sh", "-c", f"'cat {files} 2>/dev/null'").stdout == f"{64 << 20}\n"
    assert owner.ssh("ps:limit", APP, "run", "--memory", "0").returncode == 0
