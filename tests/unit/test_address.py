"""Addresses: what of them is shown, and which hosts there can be."""

import pytest

from mooring.host import address
from mooring.host.refusal import Refusal
from mooring.telling import syslog, webhook


@pytest.mark.parametrize(
    ("url", "shown"),
    [("https://me:secret@h.test/a.git", "https://h.test/a.git"),
     ("https://me:p@ss@h.test/a.git#v1", "https://h.test/a.git#v1"),
     ("https://h.test/a.tgz?token=secret", "https://h.test/a.tgz"),
     ("https://token@h.test:8443", "https://h.test:8443"),
     ("https://h.test/@scope/a.git", "https://h.test/@scope/a.git"),
     ("ssh://git@h.test/a.git", "ssh://git@h.test/a.git"),
     ("ssh://git:secret@h.test/a.git", "ssh://h.test/a.git"),
     ("git@h.test:me/a.git", "git@h.test:me/a.git")],
)  # fmt: skip
def test_of_an_address_nothing_is_shown_that_may_be_a_secret(url: str, shown: str) -> None:
    assert address.shown(url) == shown


@pytest.mark.parametrize("host", ["ci..example.com", ".example.com", f"{'a' * 64}.example.com", f"{'a.' * 130}com"])
def test_a_host_that_the_resolver_cannot_take_is_refused(host: str) -> None:
    assert not address.is_host(host)
    with pytest.raises(Refusal):
        webhook.check_url(f"https://{host}/x")
    with pytest.raises(Refusal):
        syslog.parse(f"syslog+tcp://{host}:514")


@pytest.mark.parametrize("host", ["example.com", "example.com.", "10.0.0.1", "::1", "log_host", "a"])
def test_a_host_that_there_can_be_is_taken(host: str) -> None:
    assert address.is_host(host)
