"""Certificates that come by themselves: when one is asked for, what of an authority's answer is understood."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mooring.app.apps import App
from mooring.app.choices import Choices
from mooring.certificate import account, automatic, hoster, lego, pair, pem, records, store
from mooring.certificate.automatic import State
from mooring.certificate.store import Stored
from mooring.front import tls
from mooring.host.refusal import Refusal
from mooring.host.settings import Settings
from tests.server.authority import Authority
from tests.unit.test_certificates import folder, site_of

ON = Settings(domain="apps.test", certs_auto=True, certs_email="a@b.test")
CA = Authority()
__all__ = ["folder"]


@pytest.fixture(autouse=True)
def states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: None) -> Iterator[None]:
    monkeypatch.setattr(automatic, "FOLDER", tmp_path / "certificates/auto")
    monkeypatch.setattr(automatic, "WANTED", tmp_path / "run/certs-wanted")
    monkeypatch.setattr(records.paths, "CHALLENGES", tmp_path / "challenges")
    yield


def stored(*names: str, ends: float = 90) -> Stored:
    leaf = CA.issue(*names, ends=ends)
    material = pem.read(leaf.pem + CA.intermediate.pem + leaf.key_pem())
    return store.save(pair.made(material, now=time.time() - 43200 if ends < 0 else None, has_to_lead_up=False))


@pytest.mark.parametrize("days", [6, 45, 90])
def test_a_renewal_is_at_two_thirds_of_the_lifetime_whatever_that_is(days: int) -> None:
    found = stored("a.test", ends=days)
    state = State("a.test", failures=4, problem="x").got(found)
    assert state.due == pytest.approx(found.begins + (days + 1) * 86400 * 2 / 3)
    assert (state.failures, state.problem, state.stored) == (0, "", found)


def test_pauses_grow_and_an_authority_that_says_when_is_heeded() -> None:
    state, pauses = State("a.test"), []
    for _ in range(len(automatic.AUTHORITY) + 2):
        state = state.failed("no", automatic.AUTHORITY)
        pauses.append(round(state.due - time.time()))
    assert pauses == [*automatic.AUTHORITY, automatic.AUTHORITY[-1], automatic.AUTHORITY[-1]]
    # Let's Encrypt counts five refusals of a host name an hour.
    assert sum(sum(automatic.AUTHORITY[:number]) < 3600 for number in range(len(automatic.AUTHORITY))) <= 4
    held = State("a.test").failed("no", automatic.AUTHORITY, time.time() + 9999)
    assert held.due == held.held == pytest.approx(time.time() + 9999, abs=5)


def test_what_is_known_of_a_host_name_is_kept_and_forgotten_when_no_app_has_it() -> None:
    found = stored("a.test")
    for state in (State("a.test").got(found), State("*.b.test").failed("x", (60,)), State("c.test").failed("x", (60,))):
        automatic.save(state)
        assert automatic.load(state.domain) == state
    assert automatic.load("nobody.test") == State("nobody.test")
    automatic.forget(["c.test"])
    # A good one stays: whoever takes a host name away and gives it again does not ask anew.
    assert [each.domain for each in automatic.every()] == ["a.test", "c.test"]


def test_who_gets_certificates_by_themselves() -> None:
    app = App("my-app")
    many = Choices(domains=("a.test", "*.w.test"), redirects=("b.test",))
    assert tls.wanted(app, many, ON) == ["a.test", "b.test"]
    assert tls.wanted(app, many._replace(certs_dns="route53"), ON) == ["a.test", "*.w.test", "b.test"]
    assert tls.wanted(app, many._replace(certs_auto="off"), ON) == []
    assert tls.wanted(app, many, Settings()) == []
    assert tls.wanted(app, many._replace(certs_auto="on"), Settings()) == ["a.test", "b.test"]
    assert tls.wanted(app, many._replace(disabled=True), ON) == []
    own = stored("a.test")
    assert tls.wanted(app, many._replace(certificate=own.id), ON) == ["b.test"]
    # One that came by itself is wanted still, to be renewed; one of the wildcard is enough for those below.
    automatic.save(State("b.test").got(stored("b.test")))
    assert tls.wanted(app, many, ON) == ["a.test", "b.test"]
    automatic.save(State("*.test").got(stored("*.test")))
    assert tls.wanted(app, many, ON) == []


def test_one_that_came_by_itself_is_served_and_an_own_one_that_has_expired_makes_way() -> None:
    automatic.save(State("a.test").got(came := stored("a.test")))
    assert tls.chosen("a.test", Choices()) == came
    old = stored("a.test", ends=-0.1)
    assert tls.chosen("a.test", Choices(certificate=old.id)) == came
    assert tls.wanted(App("my-app"), Choices(domains=("a.test",), certificate=old.id), ON) == ["a.test"]


def test_challenges_are_answered_by_http_where_they_may_come_and_by_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    automatic.save(State("a.test").got(stored("a.test")))
    choices = Choices(domains=("a.test", "new.test"), redirects=("old.test",), certs_auto="on", maintenance=True)
    blocks = site_of(choices).split("server {")[1:]
    answering = [f"root {records.paths.CHALLENGES};" in block for block in blocks]
    assert answering == ["listen 80;" in block for block in blocks] == [True, False, True, True]
    assert "acme" not in site_of(choices._replace(certs_auto="off"))
    assert tls.challenges(choices, ON, "location /.well-known/acme-challenge/ { }") == ""


REFUSED = [
    (
        "2026/11/27 10:00:00 [INFO] acme: Registering\n2026/11/27 10:00:01 Could not obtain certificates:\n"
        "\terror: one or more domains had a problem:\n[a.test] acme: error: 403 :: urn:ietf:params:acme:error:"
        "unauthorized :: 192.0.2.1: Invalid response from http://a.test/x: 404, url: \n",
        "192.0.2.1: Invalid response from http://a.test/x: 404 (unauthorized)",
        False,
        0,
    ),
    (
        "2026/11/27 10:00:01 Could not obtain certificates:\n\tacme: error: 429 :: POST :: https://x/new-order :: "
        "urn:ietf:params:acme:error:rateLimited :: too many certificates (5) already issued for this exact set of "
        "domains in the last 168h0m0s, retry after 2026-11-28 07:46:40 UTC: see https://letsencrypt.org/docs\n",
        "too many certificates (5) already issued",
        False,
        1795851999.0 + 1,
    ),
    (
        "2026/11/27 10:00:00 Could not create client: get directory at 'https://10.0.0.1:1/dir': Get "
        '"https://10.0.0.1:1/dir": dial tcp 10.0.0.1:1: connect: connection refused\n',
        "Could not create client: get directory at",
        True,
        0,
    ),
    ("", "lego said nothing", False, 0),
]


@pytest.mark.parametrize(("text", "problem", "unreachable", "until"), REFUSED)
def test_why_there_is_no_certificate_is_one_line(text: str, problem: str, unreachable: bool, until: float) -> None:
    found = lego.understood(text.splitlines())
    assert found.problem.startswith(problem)
    assert "\n" not in found.problem
    assert (found.unreachable, found.until, found.limited) == (unreachable, until, bool(until))


def test_nothing_of_a_secret_is_an_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    dns = lego.Dns("route53", {"AWS_SECRET_ACCESS_KEY": "s3cret"})
    words = lego.words("*.a.test", "a@b.test", ON._replace(certs_ca="/ca.pem"), dns)
    assert "s3cret" not in " ".join(words)
    assert words[words.index("--dns") + 1] == "route53"
    assert "--http" not in words
    words = lego.words("a.test", "a@b.test", ON._replace(certs_eab_kid="kid-1"), None)
    assert words[words.index("--kid") :] == ["--kid", "kid-1", "--hmac", "none", "run"]
    told = lego.environment(ON._replace(certs_ca="/ca.pem"), dns)
    assert (told["AWS_SECRET_ACCESS_KEY"], told["LEGO_CA_CERTIFICATES"]) == ("s3cret", "/ca.pem")


def test_a_customers_key_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "FOLDER", tmp_path / "acme")
    monkeypatch.setattr(account, "KEY", tmp_path / "eab.key")
    host = ON._replace(certs_eab_kid="kid-1", certs_directory="https://127.0.0.1:1/dir")
    for text, why in (("", "has not the key of the customer kid-1"), ("c2VjcmV0", "https://127.0.0.1:1/dir does not")):
        if text:
            account.KEY.write_text(text)
        with pytest.raises(lego.Failure, match=why):
            account.make("a@b.test", host)
    assert not (tmp_path / "acme").exists()


def lead(monkeypatch: pytest.MonkeyPatch, *addresses: str, here: str = "", answered: str = "") -> None:
    """Let every name lead to these addresses, of which the server has one, and answers the challenge at one."""

    def look_up(domain: str) -> list[str]:
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return list(addresses)

    def ask(domain: str, address: str, path: str) -> str | None:
        file = records.paths.CHALLENGES / path.lstrip("/")
        return file.read_text() if address == answered else "" if address == here else None

    monkeypatch.setattr(records, "addresses", look_up)
    monkeypatch.setattr(records, "ask", ask)
    monkeypatch.setattr(records, "is_here", lambda address: address == here)
    monkeypatch.setattr(records, "wanted", lambda version, known: f"<own {version}>")


@pytest.mark.parametrize(
    ("addresses", "here", "answered", "known", "problem"),
    [
        ([], "", "", [], "a.test has no record: make one of kind A, <own 4>"),
        (["192.0.2.1"], "192.0.2.1", "192.0.2.1", [], ""),
        (["198.51.100.1"], "", "198.51.100.1", [], ""),  # what leads here by a way of its own
        (["198.51.100.1"], "", "", ["198.51.100.1"], ""),  # behind a router that does not lead back
        (["198.51.100.1"], "", "", [], "a.test leads to 198.51.100.1, not here: its A record should be <own 4>"),
        (["192.0.2.1", "2001:db8::7"], "", "192.0.2.1", [],
         "a.test leads to 2001:db8::7, not here: its AAAA record should be <own 6>, or remove it"),
        (["192.0.2.1"], "192.0.2.1", "", [], "nginx does not answer for a.test at 192.0.2.1"),
    ],
)  # fmt: skip
def test_records_that_do_not_lead_here_are_named_with_what_they_should_be(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str], here: str, answered: str, known: list[str], problem: str
) -> None:
    lead(monkeypatch, *addresses, here=here, answered=answered)
    assert records.problem("a.test", known).startswith(problem)
    assert bool(records.problem("a.test", known)) is bool(problem)
    assert not [each for each in records.paths.CHALLENGES.rglob("*") if each.is_file()]


def test_a_hoster_is_told_what_it_wants_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        (): "All DNS codes:\n  acme-dns, exec, manual, route53\n\nMore information: https://x\n",
        ("-c", "route53"): "Credentials:\n  - \"AWS_REGION\":  x ('AWS_REGION_FILE' is not supported)\n\n"
        'Additional Configuration:\n  - "AWS_TTL":  The TTL\n',
    }
    monkeypatch.setattr(hoster, "_help", lambda *options: said[options])
    told = {"AWS_REGION": "x", "AWS_TTL": "9"}
    assert hoster.check("route53", told) == lego.Dns("route53", told)
    for provider, given, why in (
        ("route35", {"A": "b"}, "did you mean route53"),
        ("exec", {"EXEC_PATH": "/bin/sh"}, "knows no DNS"),
        ("route53", {"AWS_REGION_FILE": "/etc/shadow"}, "wants nothing called AWS_REGION_FILE"),
        ("route53", {}, "has to be told"),
    ):
        with pytest.raises(Refusal) as raised:
            hoster.check(provider, given)
        assert why in str(raised.value)
