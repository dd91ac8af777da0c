"""How a new process is asked whether it is ready: by real sockets and real processes."""

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mooring.app.checks import Check
from mooring.release.process import Process
from units.app import question, wait
from units.pipeline import retire

HERE = "127.0.0.1"


class App(BaseHTTPRequestHandler):
    """Answers with the status that the path names; /forever and /silent never end."""

    over = threading.Event()

    def do_GET(self) -> None:
        word = self.path.strip("/")
        status = int(word) if word.isdigit() else 200
        self.send_response(status)
        self.send_header("X-Host", self.headers["Host"])
        self.end_headers()
        self.wfile.write(f"hello {self.headers['Host']} {self.headers['User-Agent']}\n".encode())
        while word == "forever" and not self.over.wait(0.01):
            self.wfile.write(b".")
        if word == "silent":
            self.over.wait(10)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer((HERE, 0), App) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        App.over.set()
        server.shutdown()


@pytest.fixture
def closed() -> int:
    with socket.socket() as listener:
        listener.bind((HERE, 0))
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("status", [200, 204, 301, 302])
def test_2xx_and_3xx_are_ready_and_no_redirect_is_followed(port: int, status: int) -> None:
    question.path(HERE, port, Check(path=f"/{status}"))


@pytest.mark.parametrize("status", [404, 500, 503])
def test_any_other_answer_is_wrong_and_is_said_with_its_url_status_and_text(port: int, status: int) -> None:
    with pytest.raises(question.Wrong, match=rf"GET http://{HERE}:{port}/{status} answered {status}: hello"):
        question.path(HERE, port, Check(path=f"/{status}"))


def test_the_wanted_text_must_be_in_the_answer(port: int) -> None:
    question.path(HERE, port, Check(content="hello"))
    with pytest.raises(question.Wrong, match="answered 200 without 'bye': hello"):
        question.path(HERE, port, Check(content="bye"))


def test_headers_are_sent_with_the_question(port: int) -> None:
    question.path(HERE, port, Check(headers={"Host": "a.example"}, content="hello a.example Mooring"))


@pytest.mark.parametrize("path", ["/forever", "/silent"])
def test_an_answer_that_never_ends_is_read_for_the_time_of_one_answer(port: int, path: str) -> None:
    question.path(HERE, port, Check(path=path, content="hello", timeout=0.2))


def test_a_port_that_nothing_listens_on_is_asked_again(closed: int) -> None:
    for probe in (question.path, question.listening):
        with pytest.raises(question.NotYet, match=f"nothing listens on port {closed}"):
            probe(HERE, closed, Check(timeout=1))


def test_what_accepts_and_never_answers_is_wrong_not_ready() -> None:
    with socket.create_server((HERE, 0)) as listener:
        number = listener.getsockname()[1]
        question.listening(HERE, number, Check(timeout=1))
        with pytest.raises(question.Wrong, match="got no answer: timed out"):
            question.path(HERE, number, Check(timeout=0.1))


def probe(process: Process) -> Callable[[], None] | None:
    return question.probe_of(process.check, process.port, HERE, "id")


def test_a_process_is_asked_by_its_check_and_a_port_that_is_said_comes_before_its_own(port: int, closed: int) -> None:
    found = probe(Process("web", port=closed, check=Check(kind="path", path="/404", port=port)))
    assert found
    with pytest.raises(question.Wrong, match="404"):
        found()
    found = probe(Process("web", port=closed, check=Check()))
    assert found
    with pytest.raises(question.NotYet):
        found()


def test_a_process_without_port_or_with_an_uptime_is_not_asked() -> None:
    assert probe(Process("worker")) is None
    assert probe(Process("web", port=80, check=Check(kind="uptime"))) is None


# -- what runs


def cgroup() -> str:
    with open("/proc/self/cgroup") as file:  # noqa: PTH123
        return file.read().strip()


def test_a_process_number_is_taken_only_where_it_still_is_the_containers() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        descriptor = wait.open_process(cgroup(), child.pid)
        assert descriptor is not None
        os.close(descriptor)
        assert wait.open_process("0123456789abcdef", child.pid) is None
    assert wait.open_process(cgroup(), child.pid) is None


def test_an_open_connection_is_seen_until_it_is_closed() -> None:
    def count() -> int:
        with open("/proc/net/tcp") as table:  # noqa: PTH123
            return retire.open_connections(table.read(), {"127.0.0.77"})

    with socket.create_server(("127.0.0.77", 0)) as listener:
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            assert count() == 1
            accepted.close()
        assert count() == 0
