"""Certificates: what is taken, what is refused and why, and which of them a host name is served with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mooring.app.choices import Choices
from mooring.certificate import name, pair, pem, selfsigned, store
from mooring.front import site, tls
from mooring.host.refusal import Refusal
from tests.server.authority import Authority, issue, tar
from tests.unit.test_routing import record

CA = Authority()
ROOT, BETWEEN = CA.root, CA.intermediate
LEAF = CA.issue("a.test", "*.b.test")
ORDER = [LEAF.pem, BETWEEN.pem]


def made(*contents: bytes) -> pair.Pair:
    return pair.made(pem.read(*contents))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The certificates of a server of its own, where nothing is trusted but what is given."""
    monkeypatch.setattr(store.paths, "CERTIFICATES", tmp_path / "certificates")
    monkeypatch.setattr(store, "FOLDER", tmp_path / "certificates/store")
    monkeypatch.setattr(store, "GLOBAL", tmp_path / "certificates/global.json")
    monkeypatch.setattr(pair, "TRUSTED", tmp_path / "trusted.crt")
    (tmp_path / "trusted.crt").write_bytes(ROOT.pem)
    monkeypatch.setattr(tls, "nginx_version", lambda: (1, 26, 3))
    yield


@pytest.mark.parametrize(
    "contents",
    [
        (LEAF.pem + BETWEEN.pem + LEAF.key_pem(),),
        (b"Subject: x\n" + ROOT.pem + BETWEEN.pem.replace(b"\n", b"\r\n"), LEAF.key_pem() + LEAF.pem),
        (tar(server_crt=LEAF.pem, ca_crt=BETWEEN.pem, server_key=LEAF.key_pem(), _hidden=b"x", readme=b"x"),),
        (LEAF.pem, BETWEEN.pem, LEAF.key_pem()),
    ],
)
def test_a_chain_is_put_in_order_however_it_is_given(contents: tuple[bytes, ...]) -> None:
    found = made(*contents)
    assert found.chain.encode() == b"".join(ORDER)
    assert (found.names, found.issuer, found.kind) == (("a.test", "*.b.test"), "Test Authority 1", "ECDSA P-256")
    assert (found.self_signed, found.left_out) == (False, 0)
    assert abs(found.ends - LEAF.certificate.not_valid_after.timestamp()) < 86400


def test_an_rsa_key_an_own_root_and_a_certificate_too_many_are_taken(tmp_path: Path) -> None:
    other = Authority("Company")
    leaf = other.issue("c.test", kind="rsa")
    found = made(leaf.pem + leaf.key_pem() + other.root.pem + BETWEEN.pem + other.intermediate.pem)
    assert (found.kind, found.left_out, found.chain.count("BEGIN")) == ("RSA 2048", 1, 2)


REFUSED = {
    "neither": ((b"hello",), "neither a certificate nor a key"),
    "nothing": ((b"",), "neither"),
    "zeros": ((b"\0" * 20480,), "neither"),
    "a tar of nothing of it": ((tar(a_txt=b"x"),), "neither"),
    "half a tar": ((tar(a_crt=LEAF.pem)[:700],), "broken|neither"),
    "DER of something": ((b"\x30\x03\x02\x01\x01",), "neither"),
    "a broken block": ((LEAF.pem.replace(b"M", b"!", 1) + LEAF.key_pem(),), "is broken"),
    "no key": ((LEAF.pem,), "no key"),
    "no certificate": ((LEAF.key_pem(),), "no certificate"),
    "another key": ((LEAF.pem + BETWEEN.pem + ROOT.key_pem(),), "the key is not that of the certificate for a.test"),
    "a password": ((LEAF.pem + BETWEEN.pem + LEAF.key_pem(b"secret"),), "has a password"),
    "no chain": ((LEAF.pem + LEAF.key_pem(),), "the certificate of Test Authority 1 is missing"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_certificate_with_its_key_is_refused_with_its_reason(case: str) -> None:
    contents, why = REFUSED[case]
    with pytest.raises(Refusal, match=why) as raised:
        made(*contents)
    assert raised.value.hint


def test_one_that_is_out_of_date_or_weak_is_refused() -> None:
    for leaf, why in (
        (CA.issue("a.test", ends=-0.5), "has expired"),
        (CA.issue("a.test", begins=2), "valid only from"),
        (CA.issue("a.test", kind="rsa1024"), "1024 bits"),
    ):
        with pytest.raises(Refusal, match=why):
            made(leaf.pem + BETWEEN.pem + leaf.key_pem())


def test_a_request_for_a_certificate_is_named() -> None:
    request = LEAF.pem.replace(b"CERTIFICATE", b"CERTIFICATE REQUEST")
    with pytest.raises(Refusal, match="the request for"):
        made(request)


@pytest.mark.parametrize(
    ("names", "domain", "covered"),
    [("a.test", "a.test", True), ("*.a.test", "x.a.test", True), ("*.a.test", "a.test", False),
     ("*.a.test", "x.y.a.test", False), ("*.a.test", "*.a.test", True), ("x.a.test", "*.a.test", False)],
)  # fmt: skip
def test_a_wildcard_is_for_one_label(names: str, domain: str, covered: bool) -> None:
    assert name.covers([names], domain) is covered


def test_a_self_signed_one_is_known_as_that() -> None:
    found = store.save(selfsigned.make(["a.test", "*.b.test"]))
    assert (found.names, found.self_signed, found.works) == (("a.test", "*.b.test"), True, False)


def test_a_stored_one_is_roots_alone_found_again_and_goes_when_nothing_uses_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = store.save(made(*ORDER, LEAF.key_pem())), store.save(selfsigned.make(["x.test"]))
    assert store.find(first.id) == first == store.save(made(*ORDER, LEAF.key_pem()))
    assert store.find("../../etc") is store.find("0" * 24) is None
    assert (first.folder / "key.pem").stat().st_mode & 0o777 == 0o600
    assert store.FOLDER.stat().st_mode & 0o777 == 0o711
    store.collect(set())
    assert store.find(first.id)
    monkeypatch.setattr(store, "RECENT", -1.0)
    store.set_global([second.id])
    store.collect(set())
    assert (store.find(first.id), store.find(second.id)) == (None, second)


def site_of(choices: Choices) -> str:
    return site.render(record(), choices, "")


def test_names_with_a_certificate_speak_https_and_others_stay_as_they_are() -> None:
    own = store.save(made(*ORDER, LEAF.key_pem()))
    choices = Choices(
        domains=("a.test", "x.b.test", "plain.test"), redirects=("y.b.test", "z.test"), certificate=own.id
    )
    text = site_of(choices)
    by_names = [(b.split("server_name ")[1].split(";")[0], "listen 443 ssl;" in b, "listen 80;" in b)
                for b in text.split("server {")[1:]]  # fmt: skip
    assert by_names == [
        ("plain.test", False, True),
        ("a.test x.b.test", True, False),
        ("a.test x.b.test", False, True),
        ("y.b.test", False, True),
        ("z.test", False, True),
        ("y.b.test", True, False),
    ]
    assert "return 301 https://$host$request_uri;" in text
    assert "return 301 https://a.test$request_uri;" in text
    assert f"ssl_certificate {own.folder}/chain.pem;" in text
    assert "Strict-Transport-Security" not in text
    assert "ssl" not in site_of(Choices(domains=("plain.test",), certificate=own.id))
    assert "ssl" not in site_of(Choices(domains=("a.test",), certificate="0" * 24))


@pytest.mark.parametrize(
    ("chosen", "plain"),
    [({}, False), ({"https_redirect": "off"}, True), ({"nginx": {"trusted-proxies": "10.0.0.0/8"}}, True),
     ({"nginx": {"x-forwarded-proto": "https"}, "https_redirect": "on"}, False)],
)  # fmt: skip
def test_http_is_sent_on_where_that_works_and_no_proxy_is_before_us(chosen: dict[str, object], plain: bool) -> None:
    own = store.save(made(*ORDER, LEAF.key_pem()))
    choices = Choices(domains=("a.test",), certificate=own.id)._replace(**chosen)
    assert tls.parts(["a.test"], choices)[0].plain is plain
    assert ("return 301 https" in site_of(choices)) is not plain


def test_hsts_is_said_by_https_only() -> None:
    own = store.save(made(*ORDER, LEAF.key_pem()))
    choices = Choices(domains=("a.test",), certificate=own.id, hsts={"max-age": 5, "subdomains": True})
    assert site_of(choices).count('Strict-Transport-Security "max-age=5; includeSubDomains" always') == 1
    both = site_of(choices._replace(https_redirect="off"))
    assert 'if ($https) {\n        set $mooring_hsts "max-age=5; includeSubDomains";' in both
    assert "Strict-Transport-Security $mooring_hsts always" in both


def test_an_older_nginx_is_told_of_http2_and_tickets_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    own = store.save(made(*ORDER, LEAF.key_pem()))
    choices = Choices(domains=("a.test",), certificate=own.id)
    assert "    http2 on;\n" in site_of(choices)
    monkeypatch.setattr(tls, "nginx_version", lambda: (1, 22, 1))
    text = site_of(choices)
    assert "listen 443 ssl http2;" in text
    assert "ssl_session_tickets off;" in text
    assert "http2 on" not in text


def test_one_that_works_goes_before_one_that_does_not_and_the_own_before_that_of_all() -> None:
    shared = store.save(made(*ORDER, LEAF.key_pem()))
    store.set_global([shared.id])
    assert tls.chosen("x.b.test", Choices()) == shared
    own = store.save(selfsigned.make(["x.b.test"]))
    assert tls.chosen("x.b.test", Choices(certificate=own.id)) == shared
    leaf = CA.issue("x.b.test")
    real = store.save(made(leaf.pem, BETWEEN.pem, leaf.key_pem()))
    assert tls.chosen("x.b.test", Choices(certificate=real.id)) == real
    assert tls.is_safe("x.b.test", Choices(certificate=real.id))
    assert tls.chosen("c.test", Choices(certificate=real.id)) is None


def test_an_issuer_by_name_alone_is_none() -> None:
    impostor = issue(None, "Test Authority 1", is_ca=True)
    assert not pair.is_issued(LEAF.certificate, impostor.certificate)
