"""A process of which nothing was said is ready when it answers: asked once, and believed if it will not speak HTTP."""

import socket
from collections.abc import Iterator

import pytest

from mooring.app.checks import Check
from units.app import question


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        yield server


def asking(listener: socket.socket) -> question.Answering:
    return question.Answering("127.0.0.1", listener.getsockname()[1], Check(timeout=0.01), "my-app.example")


def test_it_is_asked_once_however_long_the_answer_takes(listener: socket.socket) -> None:
    asked = asking(listener)
    for _ in range(3):
        with pytest.raises(question.NotYet, match="no answer"):
            asked()
    with listener.accept()[0] as connection:
        assert b"\r\nHost: my-app.example\r\n" in connection.recv(4096)
        connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\n\r\nnot my day")
    asked()
    listener.settimeout(0)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_what_hangs_up_is_asked_again_and_then_believed(listener: socket.socket) -> None:
    asked = asking(listener)
    with pytest.raises(question.NotYet, match="no answer"):
        asked()
    listener.accept()[0].close()
    with pytest.raises(question.NotYet, match="hung up"):
        asked()
    with pytest.raises(question.NotYet, match="no answer"):
        asked()
    listener.accept()[0].close()
    asked()


@pytest.mark.parametrize(
    ("answer", "sends_on"),
    [
        (b"HTTP/1.1 301 Moved Permanently\r\nServer: x\r\nLocation: https://my-app.example/\r\n\r\n", True),
        (b"HTTP/1.0 308 \r\nlocation:https://x\r\n\r\n", True),
        (b"HTTP/1.1 302 Found\r\nLocation: /login?next=https://x\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nLocation: https://x\r\n\r\n", False),
        (b"hello", False),
    ],
)
def test_who_sends_everybody_on_to_https_is_noticed(listener: socket.socket, answer: bytes, sends_on: bool) -> None:
    asked = asking(listener)
    with pytest.raises(question.NotYet, match="no answer"):
        asked()
    with listener.accept()[0] as connection:
        connection.recv(4096)
        connection.sendall(answer)
    asked()
    assert asked.sends_on is sends_on


def test_where_nothing_listens_there_is_nothing_to_ask(listener: socket.socket) -> None:
    asked = asking(listener)
    listener.close()
    with pytest.raises(question.NotYet, match="nothing listens"):
        asked()


def test_only_the_port_of_requests_is_asked_for_an_answer() -> None:
    def kind(check: Check, port: int | None) -> type:
        return type(question.probe_of(check, port, "127.0.0.1", "0"))

    assert kind(Check(), 5000) is question.Answering
    assert kind(Check(port=9000), 5000) is not question.Answering
    assert kind(Check(kind="listening"), 5000) is not question.Answering
    assert question.probe_of(Check(), None, "127.0.0.1", "0") is None
