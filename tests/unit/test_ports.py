"""On which port a process answers: what the kernel says, what is asked, and who may not pass for nginx."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mooring.app.checks import Check
from mooring.commands import ports
from mooring.front import site, vhost
from mooring.host.refusal import Refusal
from mooring.runtime import sockets
from mooring.runtime.sockets import Socket
from units.app import port, question
from units.app.answers import NotYet

HERE = "127.0.0.1"


@contextmanager
def answering(words: bytes) -> Iterator[int]:
    """A server that says these words to everybody."""
    with socket.create_server((HERE, 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1000)
                    connection.sendall(words)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_of_several_ports_the_first_that_answers_http_is_taken() -> None:
    with answering(b"SSH-2.0-x\r\n") as other, answering(b"HTTP/1.0 500 no\r\n\r\n") as web:
        several = port.Several((other, web), HERE, "a.test", lambda found: None)
        several()
        assert several.found == web
        assert port.speaks_http(HERE, other, "a.test") is False


def test_while_nothing_listens_or_answers_http_no_port_is_taken() -> None:
    with answering(b"SSH-2.0-x\r\n") as other, socket.socket() as closed:
        closed.bind((HERE, 0))
        with pytest.raises(NotYet, match="nothing answers HTTP"):
            port.Several((closed.getsockname()[1], other), HERE, "a.test", lambda found: None)()


def test_what_is_listened_on_is_seen_and_whether_others_reach_it() -> None:
    with socket.create_server((HERE, 0)) as own, socket.create_server(("", 0)) as all_:
        found = sockets.listening(os.getpid())
        assert Socket(own.getsockname()[1], False) in found
        assert Socket(all_.getsockname()[1], True) in found
    assert sockets.parse("00000000000000000000000001000000:1F90") == Socket(8080, False)
    assert sockets.parse("0000000000000000FFFF00000100007F:0050") == Socket(80, False)
    assert sockets.parse("00000000000000000000000000000000:0050") == Socket(80, True)


@pytest.mark.parametrize(("mapping", "number"), [("3000", 3000), ("http:80:3000", 3000), ("https:443:3000", 3000)])
def test_a_port_is_chosen_as_dokku_writes_it(mapping: str, number: int) -> None:
    assert ports.parse(mapping) == number


@pytest.mark.parametrize(
    "mapping", ["", "0", "65536", "x", "80:3000", "http:8080:3000", "tcp:80:3000", "http:80:", "-1"]
)
def test_what_is_no_port_is_refused(mapping: str) -> None:
    with pytest.raises(Refusal):
        ports.parse(mapping)


def test_a_question_is_asked_by_the_apps_name_unless_the_check_has_another() -> None:
    assert question.headers_of(Check(), "a.test") == {"User-Agent": "Mooring", "Host": "a.test"}
    assert question.headers_of(Check(headers={"host": "b.test"}), "a.test") == {
        "User-Agent": "Mooring",
        "host": "b.test",
    }


def test_no_header_of_nginx_can_be_written_otherwise_by_a_client() -> None:
    found = site.disguises()
    assert {"X_Forwarded_For", "X-Forwarded_For", "X_Forwarded-For", "X_Real_IP", "X_Request-Id"} <= set(found)
    assert not set(site.SET_BY_NGINX) & set(found)


@pytest.mark.parametrize(
    ("chosen", "snippet", "passes"),
    [({}, "", True), ({"trusted-proxies": "10.0.0.0/8"}, "", False), ({}, "proxy_set_header X-User $u;", False),
     ({"underscores-in-headers": "off"}, "", False),
     ({"underscores-in-headers": "on", "trusted-proxies": "10.0.0.0/8"}, "proxy_set_header X-User $u;", True)],
)  # fmt: skip
def test_underscores_pass_where_nobody_else_speaks_in_headers(
    chosen: dict[str, str], snippet: str, passes: bool
) -> None:
    assert site.passes_underscores(vhost.settings(chosen), snippet) is passes
