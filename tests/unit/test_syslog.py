"""Syslog messages, and the addresses of log services."""

import pytest

from mooring.host.refusal import Refusal
from mooring.telling import syslog
from mooring.telling.syslog import Address


def message(line: bytes, **other: str) -> bytes:
    return syslog.message(
        line,
        microseconds=1_700_000_000_000_042,
        host="server",
        app="my-app",
        process="web.1",
        release="v42",
        severity=6,
        element=other.get("element", ""),
    )


def test_a_line_becomes_a_message_of_rfc_5424_with_its_bytes_as_they_are() -> None:
    head = b"<14>1 2023-11-14T22:13:20.000042Z server my-app web.1 v42"
    assert message(b"hello") == head + b" - hello"
    assert message(b"") == head + b" - "
    assert message(b"\xff\xfe \n x") == head + b" - \xff\xfe \n x"
    assert message(b"x", element='T@1 a="b"') == head + b' [T@1 a="b"] x'


def test_in_a_stream_the_octets_are_counted_and_a_datagram_is_cut_between_characters() -> None:
    assert syslog.framed("é\n".encode()) == b"3 \xc3\xa9\n"
    assert syslog.datagram(b"x" * 8192) == b"x" * 8192
    assert syslog.datagram(b"x" * 8191 + "é".encode()) == b"x" * 8191
    assert syslog.datagram(b"x" * 9000) == b"x" * 8192
    assert syslog.datagram(b"\x80" * 9000) == b"\x80" * 8188


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("syslog+tls://logs.example.com", Address("tls", "logs.example.com", 6514)),
        ("syslog+tcp://10.0.0.1:601", Address("tcp", "10.0.0.1", 601)),
        ("syslog+udp://[fd00::1]/", Address("udp", "fd00::1", 514)),
    ],
)
def test_the_address_of_a_service_is_read(url: str, address: Address) -> None:
    assert syslog.parse(url) == address


@pytest.mark.parametrize(
    "url",
    ["", "logs:6514", "tls://x:1", "syslog+tls://", "syslog+tls://x:0", "syslog+tls://x:x", "syslog+tls://a@x",
     "syslog+tls://x/y", "syslog+tls://x?y", "syslog+tls://x#y", "syslog+tls://x y", "syslog+tls://-x",
     "syslog+tls://x:1\nDATA", "syslog+tls://x\n", "syslog+tls://[fd00"],
)  # fmt: skip
def test_what_is_no_address_of_a_service_is_refused(url: str) -> None:
    with pytest.raises(Refusal):
        syslog.parse(url)


def test_structured_data_is_one_whole_element() -> None:
    assert syslog.check_element('[TOKEN@41058 tag="a b" x="\\""]') == 'TOKEN@41058 tag="a b" x="\\""'
    for text in ("", "a b", 'a b="c"d"', 'a b="]"', 'a] [b c="d"', 'a b="c\n"', "[]"):
        with pytest.raises(Refusal):
            syslog.check_element(text)
