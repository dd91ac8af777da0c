"""https by certificates of one's own, seen from the outside: who is served, with what, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server import apps, tls
from tests.server.answers import DOMAIN, deployed, does, listed, refuses
from tests.server.authority import Authority, tar
from tests.server.load import asked_all_the_time
from tests.server.throwaway import Server
from tests.server.tls import Browser
from tests.server.user import User

INTERMEDIATE = {
    f"ECDHE-{key}-{cipher}"
    for key in ("RSA", "ECDSA")
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
} | {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
"""The suites of Mozilla's intermediate configuration, but for DHE."""


@pytest.fixture(scope="module")
def ca() -> Authority:
    return Authority()


@pytest.fixture
def browser(server: Server, ca: Authority, tmp_path: Path) -> Browser:
    (tmp_path / "root.pem").write_bytes(ca.root.pem)
    return Browser(server, tmp_path / "root.pem")


def given(ca: Authority, *names: str, kind: str = "ec") -> bytes:
    """A tar as people have it: the root and the intermediate are with it, in no order."""
    leaf = ca.issue(*names, kind=kind)
    return tar(a_ca=ca.root.pem, server_crt=leaf.pem, b_ca=ca.intermediate.pem, server_key=leaf.key_pem())


def test_an_app_with_a_certificate_is_served_by_https_and_http_leads_there(
    admin: User, server: Server, app_name: str, ca: Authority, browser: Browser
) -> None:
    deployed(admin, app_name, apps.python(apps.ECHO))
    host, bare, plain = f"{app_name}.{DOMAIN}", f"{app_name}.test", f"plain.{app_name}.test"
    does(admin, "domains:add", app_name, plain)
    does(admin, "domains:redirect", app_name, bare)
    with asked_all_the_time(admin, host, {200, 301}) as failed:
        said = does(admin, "certs:add", app_name, input=given(ca, host, bare))
        does(admin, "certs:remove", app_name)
        assert does(admin, "certs:add", app_name, input=given(ca, host, bare)) == said
    assert failed == []
    assert f"is served by https: {host}, {bare}, until 20" in said
    assert f"it is not for {plain}" in said

    told = browser.headers(host, "/x", "-H", "X-Forwarded-Proto: http")
    assert (told["X-Forwarded-Proto"], told["X-Forwarded-Port"], told["Host"]) == ("https", "443", host)
    assert browser.location(host, "/a%20b?c=d") == (301, f"https://{host}/a%20b?c=d")
    assert browser.location(plain, "/")[0] == 200
    assert browser.location(bare, "/a") == (301, f"https://{bare}/a")
    does(admin, "domains:set", app_name, host)
    does(admin, "domains:redirect", app_name, bare)
    assert does(admin, "url", app_name) == f"https://{host}\n"
    there = browser.curl(bare, "/a", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}")
    assert there.stdout == f"301 https://{host}/a"
    local = ["curl", "-skf", "--resolve", f"{host}:443:[::1]", f"https://{host}/"]
    assert '"path"' in server.run(local).stdout

    rows = {row["domain"]: row for row in listed(admin, "certs:show", app_name)}
    assert (rows[host]["https"], rows[host]["redirected"], rows[host]["issuer"]) == (True, True, "Test Authority 1")
    mine = [row for row in listed(admin, "certs") if row["app"] == app_name]
    assert [(row["kind"], row["names"]) for row in mine] == [("own", [host, bare])]

    does(admin, "https:redirect", app_name, "off")
    assert browser.location(host) == (200, "")
    assert browser.headers(host)["X-Forwarded-Proto"] == "https"
    does(admin, "hsts:set", app_name, "on", "--max-age", "60")
    assert "strict-transport-security: max-age=60\n" in browser.sees(
        host, "/", "-D", "-", "-o", "/dev/null"
    ).lower().replace("\r", "")
    assert "strict-transport-security" not in admin.curl(host).headers
    does(admin, "https:redirect", app_name, "auto")
    does(admin, "maintenance:on", app_name)
    assert browser.curl(host, "/", "-f").returncode == 22
    assert browser.answer_headers(host)["strict-transport-security"] == "max-age=60"
    does(admin, "maintenance:off", app_name)
    does(admin, "hsts:set", app_name, "off")
    assert "strict-transport-security" not in browser.answer_headers(host)
    for words in (("off", "--preload"), ("on", "--preload"), ("on", "--max-age", "-5")):
        refuses(admin, "hsts:set", app_name, *words)

    # A release later it is as before, and the push says so.
    assert "https" in does(admin, "ps:restart", app_name)
    browser.sees(host)
    does(admin, "certs:remove", app_name)
    assert browser.location(host) == (200, "")
    assert browser.curl(host).returncode == 35
    assert does(admin, "url", app_name) == f"http://{host}\n"
    refuses(admin, "certs:remove", app_name)


def test_tls_is_as_mozilla_has_it_and_a_name_that_nobody_has_gets_no_handshake(
    admin: User, app_name: str, ca: Authority, browser: Browser
) -> None:
    deployed(admin, app_name)
    one, two = f"{app_name}.{DOMAIN}", f"two.{app_name}.test"
    does(admin, "domains:add", app_name, two)
    does(admin, "certs:add", app_name, input=given(ca, one, two, kind="rsa"))
    for host in (one, two):
        said = browser.s_client("-alpn", "h2,http/1.1", "-showcerts", host=host)
        assert "Verify return code: 0 (ok)" in said
        assert "ALPN protocol: h2" in said
        assert said.count("BEGIN CERTIFICATE") == 2
    assert browser.sees(one, "/", "--http2", "-o", "/dev/null", "-w", "%{http_version}") == "2"
    scan = browser.scan(one)
    enabled = {name for name, on in tls.protocols(scan).items() if on}
    assert enabled == {"TLSv1.2", "TLSv1.3"}
    assert tls.ciphers(scan) <= INTERMEDIATE
    assert len(tls.ciphers(scan)) == 6
    for version in ("-tls1_2", "-tls1_3"):
        assert browser.resumes(one, version)
    for nobody in ("nobody.test", f"plain.{one}", ""):
        said = browser.s_client(host=nobody)
        assert "unrecognized name" in said or "unrecognized_name" in said
        assert "BEGIN CERTIFICATE" not in said
        assert app_name not in said.replace(f"plain.{one}", "")
    # Another host in the request than in the handshake.
    assert browser.curl(one, "/", "-H", "Host: nobody.test", "-o", "/dev/null", "-w", "%{http_code}").stdout in (
        "404",
        "421",
    )


def test_what_is_no_certificate_for_the_app_is_refused_in_one_line_and_nothing_changes(
    admin: User, server: Server, app_name: str, ca: Authority, browser: Browser, newcomer: Callable[..., User]
) -> None:
    deployed(admin, app_name)
    host = f"{app_name}.{DOMAIN}"
    leaf, other = ca.issue(host), ca.issue("other.test")
    old, far = ca.issue(host, ends=-0.1), ca.intermediate.pem
    does(admin, "certs:add", app_name, input=given(ca, host))
    before = (does(admin, "nginx:show", app_name), listed(admin, "certs"))
    for content, why in (
        (b"hello", "neither a certificate nor a key"),
        (b"", "neither"),
        (leaf.pem + far, "no key"),
        (leaf.key_pem(), "no certificate"),
        (leaf.pem + far + other.key_pem(), "is not that of the certificate"),
        (leaf.pem + leaf.key_pem(), "the certificate of Test Authority 1 is missing"),
        (leaf.pem + far + ca.root.pem + leaf.key_pem(b"secret"), "has a password"),
        (old.pem + far + ca.root.pem + old.key_pem(), "has expired"),
        (other.pem + far + ca.root.pem + other.key_pem(), "the certificate is for other.test"),
        (tar(a=b"x"), "neither"),
        (bytes(range(256)) * 5000, "more than a megabyte"),
    ):
        assert why in refuses(admin, "certs:add", app_name, input=content), content[:60]
    refuses(admin, "certs:add", app_name, "/nowhere.pem", "/etc/hostname")
    developer = newcomer("dev")
    does(admin, "developer:allow", app_name, input=developer.public_key)
    refuses(developer, "certs:add", app_name, "/etc/ssl/private/ssl-cert-snakeoil.key")
    assert (does(admin, "nginx:show", app_name), listed(admin, "certs")) == before
    assert [row["app"] for row in listed(developer, "certs")] == [app_name]
    does(developer, "certs:selfsigned", app_name)
    assert browser.curl(host, "/", "-k", "-f").returncode == 0
    assert browser.curl(host).returncode == 60
    assert browser.location(host) == (200, "")
    server.put("/root/s.pem", (leaf.pem + far + ca.root.pem).decode())
    server.put("/root/s.key", leaf.key_pem().decode())
    server.run(["mooring", "certs:add", app_name, "/root/s.pem", "/root/s.key"])
    browser.sees(host)
    find = ["find", "/var/lib/mooring/certificates", "-name", "key.pem", "-printf", "%u %m\\n"]
    assert set(server.run(find).stdout.split("\n")) == {"root 600", ""}
    assert server.run(["stat", "-c", "%a", "/var/lib/mooring/certificates"]).stdout == "711\n"


def test_a_wildcard_serves_every_app_without_one_of_its_own(
    admin: User, app_name: str, ca: Authority, browser: Browser
) -> None:
    first, second = f"{app_name}-1", f"{app_name}-2"
    names = [f"{each}.wild.{app_name}.test" for each in ("one", "two")]
    deployed(admin, first)
    deployed(admin, second)
    does(admin, "domains:add", first, names[0])
    assert "wild" in does(admin, "certs:add-global", input=given(ca, f"*.wild.{app_name}.test"))
    browser.sees(names[0])
    does(admin, "domains:add", second, names[1])
    assert browser.sees(names[1]) == second
    does(admin, "certs:add", second, input=given(ca, names[1]))
    assert any(row["kind"] == "global" for row in listed(admin, "certs"))
    refuses(admin, "certs:remove-global", "nothing.test")
    does(admin, "certs:remove-global", f"*.wild.{app_name}.test")
    assert browser.curl(names[0]).returncode == 35
    browser.sees(names[1])
    does(admin, "apps:rename", second, f"{second}-b")
    browser.sees(names[1])
